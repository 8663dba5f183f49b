"""The programs that have to notice a mutant: which mutants each one comes past, and whether it
notices."""

import dataclasses
import os
import pathlib
import re
import resource
import signal
import subprocess
import tempfile
import threading
import time

# A run that takes this many times the processor time of the unmutated one, and this much more,
# does not end: its mutant is noticed.
LONGER, MORE_SECONDS = 5, 3
MEMORY = 4 << 30
PACES = (0.02, 0.1, 0.5)  # seconds, without the start of the program: the quick ones run first
# The session is tested through the target, but for its smallest parts.
OWN_TESTS = {"session": ("session", "target")}
LONGEST_FILTER = 100_000  # bytes; the system takes 128 KiB in one argument


@dataclasses.dataclass
class Step:
    """A command that passes without mutants: one case of a test program, or a whole program."""
    name: str
    command: list
    case: str = ""           # of a GoogleTest program
    seconds: float = 0       # of processor time
    reaches: set = dataclasses.field(default_factory=set)
    passes: bool = True
    pace: int = 0

    def killer(self):
        """The name that a kill is known by: a folder's tests, a replay, the stories."""
        return self.name.split()[0] if self.case else self.name


class Runner:
    """Runs commands one at a time, in a folder of its own: a worker."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)

    def run(self, command, mutant, seconds, reached=None):
        """How it ended ("passed", "failed", "signal N", "too long"), and its processor time."""
        environment = {**os.environ, "ISCSI_MUTANT": str(mutant), "GTEST_FAIL_FAST": "1",
                       "RC_PARAMS": "seed=1", "TMPDIR": str(self.folder)}
        if reached is not None:
            environment["ISCSI_MUTANT_REACHED"] = str(reached)

        def limit():
            whole = int(seconds) + 1
            resource.setrlimit(resource.RLIMIT_CPU, (whole, whole + 1))
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

        process = subprocess.Popen(command, cwd=self.folder, env=environment, preexec_fn=limit,
                                   start_new_session=True, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        # Who waits without working uses no processor time: the clock on the wall ends that.
        waited_long = threading.Event()

        def end():
            waited_long.set()
            os.killpg(process.pid, signal.SIGKILL)

        alarm = threading.Timer(10 * (seconds + 1), end)
        alarm.start()
        _, status, usage = os.wait4(process.pid, 0)
        alarm.cancel()
        process.returncode = code = os.waitstatus_to_exitcode(status)
        used = usage.ru_utime + usage.ru_stime
        if waited_long.is_set() or code in (-signal.SIGXCPU, -signal.SIGKILL):
            return "too long", used
        if code < 0:
            return f"signal {-code}", used
        return ("passed" if code == 0 else "failed"), used


def cases_of(program):
    """The names of a GoogleTest program's cases."""
    listed = subprocess.run([program, "--gtest_list_tests"], check=True, capture_output=True,
                            text=True).stdout
    suite, cases = "", []
    for line in listed.splitlines():
        name = line.split("#")[0].strip()
        if line.startswith("  "):
            cases.append(suite + name)
        elif name.endswith("."):
            suite = name
    # GoogleTest says that all is well where it runs nothing: nothing would be noticed.
    if not cases:
        raise ValueError(f"{program}: no cases")
    if disabled := [case for case in cases if "DISABLED_" in case]:
        raise ValueError(f"{program}: disabled: {', '.join(disabled)}")
    # The captures of others lie beside the real tree, not beside the copy.
    return [case for case in cases if not case.startswith("CapturesOfOthers.")]


def steps_of(build, tree, tests, harnesses):
    """Every case of every test program, the corpus through every harness, and the stories."""
    steps = []
    for name in tests:
        program = str(build / "tests" / f"test_{name}")
        steps += [Step(f"{name} {case}", [program, f"--gtest_filter={case}"], case)
                  for case in cases_of(program)]
    for name, kind, seeds in harnesses:
        program = str(build / "fuzz" / f"replay_{name}")
        steps.append(Step(f"replay {name}", [program, "--variants", "4", str(tree / seeds)]))
        steps.append(Step(f"replay regressions {name}",
                          [program, "--variants", "8", str(tree / "corpus/regressions")]))
        if kind == "pdu":
            steps.append(Step(f"replay mutants {name}",
                              [program, "--mutants", "200", str(tree / seeds)]))
    if harnesses:
        steps.append(Step("stories", [str(build / "conformance" / "iscsi-conform"), "run"]))
    return steps


def measure(runner, step, size):
    """Runs `step` without a mutant: whether it passes, how long it takes, what it reaches."""
    with tempfile.NamedTemporaryFile(dir=runner.folder) as file:
        file.truncate(size)
        ended, step.seconds = runner.run(step.command, 0, 300, file.name)
        step.reaches = {found.start() for found in re.finditer(rb"[^\0]", file.read())}
    step.passes = ended == "passed"


def set_paces(steps):
    """How slow each step is, from 0; the start of a program is no part of a case."""
    starts = {}
    for step in steps:
        starts[step.command[0]] = min(step.seconds, starts.get(step.command[0], step.seconds))
    for step in steps:
        seconds = step.seconds - (starts[step.command[0]] if step.case else 0)
        step.pace = sum(seconds > bound for bound in PACES)


def batches(steps):
    """Cases of one program and pace, one after the other in `steps`, become one command."""
    groups = []
    for step in steps:
        last = groups[-1] if groups else None
        if (step.case and last and last[0].case and last[0].command[0] == step.command[0]
                and last[0].pace == step.pace
                and sum(len(s.case) + 1 for s in last) + len(step.case) < LONGEST_FILTER):
            last.append(step)
        else:
            groups.append([step])
    return groups


def ordered(steps, folder):
    """The order in which a mutant of `folder` is noticed soonest: the folder's own tests, the
    corpus, the stories, other folders' tests; of each the quick ones first."""
    def rank(step):
        if step.name.split()[0] in OWN_TESTS.get(folder, (folder,)):
            return 0, step.pace, step.command[0]
        return (2 if step.case else 1), step.pace, step.command[0]
    return sorted(steps, key=rank)


def verdict(runner, steps, folder, number):
    """How mutant `number` is noticed: by which step, or by None, how that ended, seconds."""
    began = time.monotonic()
    used = 0
    for group in batches(ordered([s for s in steps if number in s.reaches], folder)):
        first = group[0]
        command = first.command if not first.case else [
            first.command[0], "--gtest_filter=" + ":".join(step.case for step in group)]
        # Each case was measured with the start of its program, which comes once here.
        start = min(step.seconds for step in group)
        limit = LONGER * (start + sum(step.seconds - start for step in group)) + MORE_SECONDS
        ended, seconds = runner.run(command, number, limit)
        used += seconds
        if ended != "passed":
            return {"by": first.killer(), "how": ended, "seconds": round(used, 2)}
    return {"by": None, "how": "survived", "seconds": round(used, 2),
            "wall": round(time.monotonic() - began, 1)}
