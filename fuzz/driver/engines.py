"""The engines: how each is built, started, and read. A slice is one process of one of them."""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time
from typing import NamedTuple

from driver.state import Figures

# Executions are worth more than stacks of allocations, a long quarantine and a watch over frames
# that have returned: a find is replayed with all of that, and so is the corpus in every test run.
FAST_ASAN = ("allocator_may_return_null=1:malloc_context_size=0:quarantine_size_mb=1:"
             "thread_local_quarantine_size_kb=16:allocator_release_to_os_interval_ms=-1:"
             "max_malloc_fill_size=64:detect_stack_use_after_return=0")
TIMEOUT_SECONDS = 10  # of one input
MEMORY_MB = 2048
GRACE_SECONDS = 2 * TIMEOUT_SECONDS  # an engine looks at its clock between two inputs
LAST_SECONDS = 60  # for what an engine does after it has been told to end
WHOLE_BYTES = 4096  # a conversation from its login to its logout


class Harness(NamedTuple):
    """A row of fuzz/harnesses.txt."""
    name: str
    input: str
    longest: int
    seeds: str

    @property
    def is_canary(self):
        return self.name.startswith("canary")

    def at_length(self):
        """The same with room for whole conversations, which take their time."""
        return self._replace(longest=max(self.longest, WHOLE_BYTES))


def harnesses_of(table):
    rows = [line.split() for line in table.read_text().splitlines() if re.match("[a-z]", line)]
    return [Harness(name, kind, int(longest), seeds) for name, kind, longest, seeds in rows]


class LibFuzzer:
    name = "libfuzzer"
    preset = "asan"
    builds = (("asan", "fuzz/all"),)
    ends_by_itself = True  # when its time is up

    def __init__(self, root, more_options=()):
        self.root = root
        self.build = root / "build" / "asan" / "fuzz"
        self.more_options = list(more_options)

    def missing(self):
        return None

    def program(self, harness):
        return self.build / f"fuzz_{harness.name}"

    def seeds(self, harness):
        if harness.is_canary:  # its corpus holds the very input that is to be found
            return []
        return [folder for folder in (harness.seeds, "corpus/regressions")
                if (self.root / folder).is_dir()]

    def environment(self):
        return os.environ | {"ASAN_OPTIONS": f"detect_leaks=1:{FAST_ASAN}",
                             "UBSAN_OPTIONS": "print_stacktrace=1"}

    def command(self, harness, folder, number, length):
        """Where the finds go, and what is run; in the root of the repository."""
        corpus, crashes = folder / "corpus", folder / f"crashes{number}"
        corpus.mkdir(exist_ok=True)
        crashes.mkdir(exist_ok=True)
        options = [f"-max_total_time={length}", f"-max_len={harness.longest}",
                   f"-timeout={TIMEOUT_SECONDS}", f"-rss_limit_mb={MEMORY_MB}",
                   "-print_final_stats=1", "-print_funcs=0", f"-artifact_prefix={crashes}/"]
        # To weigh inputs by how rare what they reach is takes more time than a conversation does,
        # and reaches no more in the same time. Texts gain: short ones are preferred.
        if harness.input == "pdu":
            options.append("-entropic=0")
        dictionary = self.build / f"{harness.input}.dict"
        if dictionary.exists():
            options.append(f"-dict={dictionary}")
        options += self.more_options
        return [self.program(harness), *options, corpus, *self.seeds(harness)]

    def crashes(self, folder, number):
        return sorted((folder / f"crashes{number}").glob("*"))

    def corpora(self, folder):
        return [folder / "corpus"]

    def figures(self, slice_):
        """From the log: `#1234 NEW cov: 5 ft: 6 corp: 7/8b ...`."""
        text = tail(slice_.log)
        counts = re.findall(r"^#(\d+)\t.*?ft: (\d+) corp: (\d+)/", text, re.MULTILINE)
        executions, coverage, corpus = (int(word) for word in counts[-1]) if counts else (0, 0, 0)
        done = re.search(r"^stat::number_of_executed_units: *(\d+)", text, re.MULTILINE)
        if done:
            executions = int(done[1])
        return Figures(executions, slice_.seconds(), coverage, corpus)

    def minimise(self, harness, find, into, length, in_a_hurry):
        """The engine's own way: fewer bytes. Leaves `into` if it has got anywhere."""
        # Its own limit is that of one of the runs that it starts, one after the other.
        self.run_for(length, in_a_hurry,
                     [self.program(harness), "-minimize_crash=1", f"-max_total_time={length}",
                      f"-timeout={TIMEOUT_SECONDS}", f"-exact_artifact_path={into}", find])

    def run_for(self, length, in_a_hurry, command):
        """Runs it so many seconds at the most, or until somebody is in a hurry; then it ends, with
        all that it has started."""
        until = time.monotonic() + length
        process = subprocess.Popen(command, cwd=self.root, env=self.environment(),
                                   start_new_session=True, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while process.poll() is None and time.monotonic() < until and not in_a_hurry():
                time.sleep(0.1)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def merge(self, harness, into, folders):
        """Adds to `into` the inputs of `folders` that reach something new, short ones first."""
        subprocess.run([self.program(harness), "-merge=1",
                        f"-max_len={harness.at_length().longest}",
                        f"-timeout={TIMEOUT_SECONDS}", into, *folders],
                       cwd=self.root, env=self.environment(), check=False,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class AflPlusPlus(LibFuzzer):
    """The same harnesses, compiled by clang-19 for AFL++'s runtime (.presets/afl.cmake). For those
    of PDUs, afl-fuzz loads our mutator, which knows the layout tables."""

    name = "afl++"
    preset = "afl"
    builds = (("afl", "fuzz/all"), ("dev", "fuzz_afl_mutator"))
    ends_by_itself = False  # it looks at -V between two stages, of which one may take minutes

    def __init__(self, root):
        super().__init__(root)
        self.build = root / "build" / "afl" / "fuzz"
        self.mutator = root / "build" / "dev" / "fuzz" / "libfuzz_afl_mutator.so"

    def missing(self):
        if shutil.which("afl-fuzz") is None:
            return "afl-fuzz is not here: tests/setup fuzz installs it"
        return None

    def environment(self):
        return os.environ | {
            "AFL_NO_UI": "1", "AFL_SKIP_CPUFREQ": "1", "AFL_NO_AFFINITY": "1",
            "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES": "1", "AFL_AUTORESUME": "1",
            "AFL_FORKSRV_INIT_TMOUT": "60000", "AFL_IGNORE_PROBLEMS": "1",
            "ASAN_OPTIONS": f"abort_on_error=1:symbolize=0:detect_leaks=0:{FAST_ASAN}",
            "UBSAN_OPTIONS": "halt_on_error=1:abort_on_error=1:symbolize=0",
        }

    def command(self, harness, folder, number, length):
        seeds = folder / "seeds"
        if not seeds.exists():
            gather((self.root / one for one in self.seeds(harness)),
                   harness.at_length().longest, seeds)
        options = ["-i", seeds, "-o", folder / "afl",
                   "-m", "none", "-t", f"{TIMEOUT_SECONDS * 1000}+", "-G", str(harness.longest),
                   "-M" if number == 0 else "-S", f"job{number}"]
        dictionary = self.build / f"{harness.input}.dict"
        if dictionary.exists():
            options += ["-x", dictionary]
        prefix = ["env", f"AFL_CUSTOM_MUTATOR_LIBRARY={self.mutator}"]
        return [*(prefix if harness.input == "pdu" else []), "afl-fuzz", *options, "--",
                self.program(harness)]

    def crashes(self, folder, number):
        return sorted(path for kind in ("crashes", "hangs")
                      for path in (folder / "afl" / f"job{number}" / kind).glob("id:*"))

    def corpora(self, folder):
        return sorted((folder / "afl").glob("job*/queue"))

    def figures(self, slice_):
        stats = slice_.folder / "afl" / f"job{slice_.number}" / "fuzzer_stats"
        values = dict(re.findall(r"^(\w+) *: (\S+)", tail(stats), re.MULTILINE))
        total = int(values.get("execs_done", 0))
        # AFL++ counts on where it was resumed.
        begun = slice_.notes.setdefault("executions", 0 if slice_.is_first else total)
        return Figures(max(0, total - begun), slice_.seconds(), int(values.get("edges_found", 0)),
                       int(values.get("corpus_count", 0)))

    def minimise(self, harness, find, into, length, in_a_hurry):
        self.run_for(length, in_a_hurry,
                     ["afl-tmin", "-m", "none", "-t", str(TIMEOUT_SECONDS * 1000), "-i", find,
                      "-o", into, "--", self.program(harness)])

    def merge(self, harness, into, folders):
        names = {path.name for path in into.iterdir()}
        gathered = into.parent / f"{into.name}.all"
        shutil.rmtree(gathered, ignore_errors=True)
        shutil.copytree(into, gathered)
        for number, folder in enumerate(folders):
            for path in pathlib.Path(folder).glob("*"):
                if path.is_file():
                    shutil.copy(path, gathered / f"{number}-{path.name.replace(':', '_')}")
        least = into.parent / f"{into.name}.least"
        shutil.rmtree(least, ignore_errors=True)
        subprocess.run(["afl-cmin", "-m", "none", "-t", str(TIMEOUT_SECONDS * 1000), "-i",
                        gathered, "-o", least, "--", self.program(harness)],
                       cwd=self.root, env=self.environment(), check=False,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for path in least.glob("*") if least.exists() else []:
            if path.name not in names:
                shutil.copy(path, into)
        shutil.rmtree(gathered)
        shutil.rmtree(least, ignore_errors=True)


ENGINES = {engine.name: engine for engine in (LibFuzzer, AflPlusPlus)}


def gather(folders, longest, into):
    """afl-fuzz wants its seeds in one folder, different, and none of them longer than what it is
    ever to try: libFuzzer cuts them itself."""
    into.mkdir()
    seen = {b""}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if not path.is_file() or path.name == "README.md":
                continue
            seed = path.read_bytes()[:longest]
            if seed not in seen:
                seen.add(seed)
                (into / f"{path.parent.name}-{path.name}").write_bytes(seed)
    if not any(into.iterdir()):
        (into / "one-byte").write_bytes(b"0")


def tail(path, most=65536):
    """The end of a file that somebody may be writing."""
    try:
        with open(path, "rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - most))
            return file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""


class Slice:
    """One harness under one process of an engine, for a while."""

    def __init__(self, engine, harness, folder, number, length):
        self.engine, self.harness, self.folder, self.number = engine, harness, folder, number
        self.notes, self.told = {}, None
        self.overdue = False  # it did not stop by itself when its time was up
        self.length = length
        self.log = folder / f"log{number}"
        command = engine.command(harness, folder, number, length)
        self.is_first = not (folder / "afl" / f"job{number}").exists()
        self.before = self.artifacts()
        self.begun, self.end = time.monotonic(), None
        if not self.is_first:
            engine.figures(self)
        with open(self.log, "wb") as log:
            # A session of its own: Ctrl-C reaches the driver alone, which tells the engines.
            self.process = subprocess.Popen(command, cwd=engine.root, stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, env=engine.environment(),
                                            start_new_session=True)

    def interrupt(self):
        """Tells it to end, once."""
        if self.told is None and self.process.poll() is None:
            self.told = time.monotonic()
            os.killpg(self.process.pid, signal.SIGINT)

    def ended(self):
        """An engine that does not stop by itself is told to, then made to."""
        grace = GRACE_SECONDS if self.engine.ends_by_itself else 0
        if self.told is None and self.seconds() > self.length + grace:
            self.overdue = self.engine.ends_by_itself
            self.interrupt()
        if self.told is not None and time.monotonic() > self.told + LAST_SECONDS:
            self.end_now(0)
        if self.process.poll() is None:
            return False
        self.end = self.end or time.monotonic()
        return True

    def end_now(self, patience=None):
        """Does not return before it has ended."""
        patience = GRACE_SECONDS if patience is None else patience
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def seconds(self):
        return (self.end or time.monotonic()) - self.begun

    def status(self):
        return self.process.returncode

    def failed_to_run(self):
        """One that hangs is told to end, too: that excuses only those that had time left."""
        excused = self.told is not None and not self.overdue and self.status() != -signal.SIGKILL
        return not self.crashes() and (self.overdue or self.status() != 0) and not excused

    def figures(self):
        return self.engine.figures(self)

    def artifacts(self):
        """Path → when it was written: the same crash comes again under the same name."""
        return {path: path.stat().st_mtime_ns
                for path in self.engine.crashes(self.folder, self.number)}

    def crashes(self):
        return [path for path, written in self.artifacts().items()
                if self.before.get(path) != written]
