"""What became of each mutant, kept between runs, and the report of it."""

import collections
import dataclasses
import hashlib
import json

from driver.state import write_whole

NAMES = ("file", "function", "line", "original", "mutant")


def digest(*parts):
    found = hashlib.sha256()
    for part in parts:
        found.update(part if isinstance(part, bytes) else str(part).encode())
        found.update(b"\0")
    return found.hexdigest()


def digest_of(paths):
    return digest(*(part for path in sorted(paths) for part in (path, path.read_bytes())))


class Kept:
    """A JSON file of a dictionary."""

    def __init__(self, path):
        self.path = path
        self.values = json.loads(path.read_text()) if path.exists() else {}

    def save(self):
        write_whole(self.path, self.values)


def name_of(mutant):
    return json.dumps(mutant.key())


def sample(mutants, count):
    """`count` of them, always the same ones, spread over all by the digests of their names."""
    if not count or count >= len(mutants):
        return mutants
    return sorted(mutants, key=lambda m: digest(name_of(m)))[:count]


@dataclasses.dataclass
class Count:
    """The figures of one folder."""
    killed: int = 0
    explained: int = 0
    survived: int = 0
    not_reached: int = 0
    constant: int = 0
    stillborn: int = 0
    not_run: int = 0

    def run(self):
        return self.killed + self.explained + self.survived + self.not_reached

    def score(self):
        """In percent; of nothing there is none."""
        return f"{100 * self.killed / self.run():.1f}%" if self.run() else "-"


class Survivors:
    """The survivors that are known, each with the reason why no test could notice it."""

    def __init__(self, path):
        self.entries = json.loads(path.read_text()) if path.exists() else []
        self.by_key = {}
        for entry in self.entries:
            if not entry.get("reason"):
                raise ValueError(f"{path}: no reason for {entry}")
            key = (*(entry[name] for name in NAMES), entry.get("nth", 0))
            if key in self.by_key:
                raise ValueError(f"{path}: twice: {key}")
            self.by_key[key] = entry

    def reason(self, mutant):
        entry = self.by_key.get(mutant.key())
        return entry and entry["reason"]

    def stale(self, states, folders):
        """Entries of what is killed now, or is no mutant any more."""
        alive = {m.key() for m, state in states if state not in ("killed", "stillborn")}
        return [key for key in self.by_key
                if key[0].split("/")[1] in folders and key not in alive]


def states_of(mutants, stillborn, results, reached):
    """Pairs of a mutant and one of: stillborn, constant, not reached, not run, killed, survived."""
    for one in stillborn:
        yield one, "stillborn"
    for one in mutants:
        if one.constant or (one.constexpr and one.number not in reached):
            yield one, "constant"
        elif one.number not in reached:
            yield one, "not reached"
        else:
            found = results.get(name_of(one))
            yield one, "not run" if not found else "killed" if found["by"] else "survived"


def count(states, survivors):
    counts = collections.defaultdict(Count)
    for one, state in states:
        figures = counts[one.file.split("/")[1]]
        if state in ("survived", "not reached") and survivors.reason(one):
            state = "explained"
        name = state.replace(" ", "_")
        setattr(figures, name, getattr(figures, name) + 1)
    return counts


def table(counts):
    rows = [f"{'folder':<8} {'killed':>7} {'of':>6} {'':>7} {'alive':>6} {'explained':>10}"
            f" {'not reached':>12} {'not run':>8} {'constants':>10} {'no code':>8}"]
    for folder, one in counts.items():
        rows.append(f"{folder:<8} {one.killed:>7} {one.run():>6} {one.score():>7} {one.survived:>6}"
                    f" {one.explained:>10} {one.not_reached:>12} {one.not_run:>8}"
                    f" {one.constant:>10} {one.stillborn:>8}")
    return "\n".join(rows)


def survivor_line(one, state):
    changed = one.changed or "(left out)"
    return (f"{one.file}:{one.line}: {one.function}: {state}: {one.operator}\n"
            f"    {one.context}\n    {one.original}  ->  {changed}")


def entry_of(one):
    entry = dict(zip(NAMES, one.key()))
    if one.nth:
        entry["nth"] = one.nth
    return entry | {"reason": ""}
