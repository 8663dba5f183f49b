"""Which ways the sources have, which of them were taken, and why the others were not.

A branch has two sides, true and false, and is where it is written: a template, or a function that
is linked into several programs, counts once, and a side is taken if it was taken anywhere.
"""

import json
import pathlib
import re
from typing import NamedTuple

# What llvm-cov counts and nobody can take: told with the figures, not among them.
ASSERTION = "the failures of assertions"
COMPLETE_SWITCH = "defaults of switches that name every enumerator"
WRITTEN_BY_COMPILER = "comparisons that the compiler writes"
AT_COMPILE_TIME = "functions that only the compiler runs"
CONSTANT = "conditions that the compiler knows"
NOT_FUZZED = "files that no input comes to"


class Side(NamedTuple):
    """One way out of a condition."""
    file: str
    line: int
    column: int
    text: str  # of the line
    condition: str
    branch: str  # "true" or "false"
    taken: bool

    def is_meant_by(self, explanation):
        return (explanation["file"] == self.file
                and explanation.get("line", self.text) == self.text
                and explanation.get("condition", self.condition) == self.condition
                and explanation.get("branch", self.branch) == self.branch)

    def __str__(self):
        return f"{self.file}:{self.line}:{self.column}: never {self.branch}: {self.condition}"


class Counted(NamedTuple):
    sides: list
    left_out: dict  # how many sides, by reason


def sides_of(exported, root):
    """Of what `llvm-cov export` says: the sides in the order of the sources."""
    data = exported["data"][0]
    idle = idle_functions(data["functions"])
    sides, left_out = [], {}
    for file in sorted(data["files"], key=lambda one: one["filename"]):
        source = Source(pathlib.Path(file["filename"]), root)
        counts = {}
        for *place, true, false, _, _, _ in file["branches"]:
            one = counts.setdefault(tuple(place), [0, 0])
            one[0] += true
            one[1] += false
        for place, (true, false) in sorted(counts.items()):
            for branch, times in (("true", true), ("false", false)):
                reason = source.no_branch_of_ours(place, branch, file["segments"], counts[place],
                                                  idle)
                if reason:
                    left_out[reason] = left_out.get(reason, 0) + 1
                else:
                    sides.append(source.side(place, branch, times > 0))
    return Counted(sides, left_out)


def idle_functions(functions):
    """File → where the bodies begin and end of functions that no program has run."""
    runs = {}
    for one in functions:
        body = (one["filenames"][0], tuple(one["regions"][0][:4]))
        runs[body] = runs.get(body, 0) + one["count"]
    idle = {}
    for (file, body), times in runs.items():
        if times == 0:
            idle.setdefault(file, []).append((body[:2], body[2:]))
    return idle


class Source:
    def __init__(self, path, root):
        self.path = path
        self.name = str(path.relative_to(root))
        self.lines = path.read_text().splitlines()

    def side(self, place, branch, taken):
        line, column = place[:2]
        return Side(self.name, line, column, self.lines[line - 1].strip(), self.condition(place),
                    branch, taken)

    def condition(self, place):
        """Its text in one line; a macro's place is where its name begins."""
        line, column, last_line, last_column = place
        if (line, column) == (last_line, last_column):
            return self.lines[line - 1][column - 1:].strip()
        rows = self.lines[line - 1:last_line]
        rows[-1] = rows[-1][:last_column - 1]
        rows[0] = rows[0][column - 1:]
        return " ".join(" ".join(rows).split())

    def no_branch_of_ours(self, place, branch, segments, counts, idle):
        """The reason for which a side is not counted; none: it is."""
        line, column = place[:2]
        text = self.lines[line - 1]
        if re.match(r"assert\(", text[column - 1:]):
            return ASSERTION if branch == "false" else None
        if re.search(r"\boperator(==|<=>)\(.*\) *(const)? *= default;", text):
            return WRITTEN_BY_COMPILER
        if branch == "true" and self.is_complete_switch(line, column):
            return COMPLETE_SWITCH
        if counts != [0, 0]:
            return None
        if any(begin <= (line, column) < end and self.is_constexpr(*begin)
               for begin, end in idle.get(str(self.path), ())):
            return AT_COMPILE_TIME
        # The condition's own code was run, and it went neither way.
        return CONSTANT if times_at(segments, (line, column)) > 0 else None

    def is_complete_switch(self, line, column):
        """Whether this is what a `switch` is about, and names label its cases: compilers complain
        where an enumerator is missing, and of a `default` they count no other. Not if numbers do:
        there it is a case like the others."""
        if not re.search(r"\bswitch \($", self.lines[line - 1][:column - 1]):
            return False
        label = re.search(r"\bcase ([^:]|::)+:", "\n".join(self.lines[line - 1:]))
        return label is not None and not re.match(r"case ['\d]", label[0])

    def is_constexpr(self, line, column):
        """Whether the function whose body begins here may be run by the compiler."""
        declaration = self.lines[line - 1][:column]
        for before in reversed(self.lines[:line - 1]):
            if re.search(r"(^|[;{}:])$", before.strip()) or before.lstrip().startswith("//"):
                break
            declaration = before + declaration
        return re.search(r"\bconst(expr|eval)\b", declaration) is not None


def times_at(segments, place):
    """How often the code there was run; segments are [line, column, count, has a count, ...]."""
    times = 0
    for line, column, count, has_count, *_ in segments:
        if (line, column) > place:
            break
        times = count if has_count else 0
    return times


# ---- explanations --------------------------------------------------------------------------------


MEMBERS = {"file", "line", "condition", "branch", "reason"}


class BadExplanation(Exception):
    """It has not the members that it should have, or no reason."""


def read_explanations(path):
    """[{file, line, condition, branch, reason}]: `line` and `condition` are texts, so that they
    outlive changes elsewhere. What is left out is any. Without a line it is all of the file, which
    then is no part of what is fuzzed, and is not counted."""
    explanations = json.loads(path.read_text())
    for one in explanations:
        if set(one) - MEMBERS or "file" not in one or not one.get("reason", "").strip() \
                or one.get("branch", "true") not in ("true", "false"):
            raise BadExplanation(f"{path.name}: not as it should be: {one}")
    return explanations


class Verdict(NamedTuple):
    sides: list  # that count
    unexplained: list
    explained: list
    not_fuzzed: list  # sides of files that are explained as a whole
    stale: list  # what is wrong with explanations


def judge(sides, explanations):
    """Every side that was not taken wants a reason, and every reason a side that was not taken."""
    verdict = Verdict([], [], [], [], [])
    for one in explanations:
        meant = [side for side in sides if side.is_meant_by(one)]
        place = ": ".join(one[key] for key in ("file", "line", "condition", "branch") if key in one)
        if not meant:
            verdict.stale.append(f"gone: {place}")
        for side in meant:
            if side.taken:
                verdict.stale.append(
                    f"reached now, {side.line}:{side.column} {side.branch}: {place}")
    for side in sides:
        reasons = [one for one in explanations if side.is_meant_by(one)]
        if any("line" not in one for one in reasons):
            verdict.not_fuzzed.append(side)
            continue
        verdict.sides.append(side)
        if not side.taken:
            (verdict.explained if reasons else verdict.unexplained).append(side)
    return verdict


def drafts(sides):
    """Explanations that only want a reason."""
    return json.dumps([{"file": side.file, "line": side.text, "condition": side.condition,
                        "branch": side.branch, "reason": ""} for side in sides],
                      indent=1, ensure_ascii=False) + "\n"


def table(verdict):
    """One row for each folder."""
    rows = {}
    for side in verdict.sides:
        row = rows.setdefault(str(pathlib.PurePath(side.file).parent), [0, 0, 0])
        row[0] += 1
        row[1] += side.taken
    for side in verdict.explained:
        rows[str(pathlib.PurePath(side.file).parent)][2] += 1
    lines = [f"{'folder':<20} {'sides':>6} {'taken':>6} {'':>7} {'explained':>9} {'open':>5}"]
    for folder, (count, taken, explained) in sorted(rows.items()):
        lines.append(f"{folder:<20} {count:>6} {taken:>6} {100 * taken / count:>6.1f}% "
                     f"{explained:>9} {count - taken - explained:>5}")
    return "\n".join(lines)
