"""What a campaign leaves behind: candidates for the corpus, and how far the corpora reach."""

import concurrent.futures
import json
import os
import pathlib
import shutil
import subprocess
import time

LONGEST_CANDIDATE = 4096  # bytes; the corpus is small on purpose
PARTS = ("wire", "pdu", "text", "login", "scsi", "session", "target")


def write(root, engine, folder, harnesses, state, say):
    candidates = folder / "candidates"
    for harness in harnesses:
        corpora = [path for path in engine.corpora(folder / harness.name) if path.is_dir()]
        if corpora:
            found = merge(root, engine, harness, candidates / harness.name, corpora)
            say(f"candidates of {harness.name}: {found}")
    say("coverage: building and replaying")
    covered = Coverage(root, folder / "report")
    covered.measure(harnesses, candidates)
    page = folder / "report" / "SUMMARY.md"
    page.write_text(summary(engine, folder, harnesses, state, covered))
    say(f"{page}, {covered.folder / 'html' / 'index.html'}")


def merge(root, engine, harness, into, corpora):
    """`into` gets what reaches something that corpus/ does not; how many inputs that is."""
    both = into.parent / f"{harness.name}.both"
    shutil.rmtree(both, ignore_errors=True)
    shutil.rmtree(into, ignore_errors=True)
    both.mkdir(parents=True)
    for seeds in engine.seeds(harness):
        for path in (root / seeds).rglob("*"):
            if path.is_file() and path.name != "README.md":
                shutil.copy(path, both / f"{path.parent.name}-{path.name}")
    ours = {path.name for path in both.iterdir()}
    engine.merge(harness, both, corpora)
    into.mkdir()
    for path in both.iterdir():
        if path.name not in ours and path.stat().st_size <= LONGEST_CANDIDATE:
            shutil.move(path, into / path.name)
    shutil.rmtree(both)
    return sum(1 for _ in into.iterdir())


class Replays:
    """The replay programs of the preset `fuzz-coverage`, and what llvm-cov-19 counts in them."""

    def __init__(self, root, folder, harnesses):
        self.root, self.folder, self.harnesses = root, folder, harnesses
        self.profiles = folder / "profiles"
        self.merged = folder / "merged.profdata"

    def program(self, harness):
        return self.root / "build" / "fuzz-coverage" / "fuzz" / f"replay_{harness.name}"

    def build(self):
        subprocess.run([self.root / "tests" / "build", "fuzz-coverage",
                        *(f"replay_{one.name}" for one in self.harnesses)], check=True)

    def run(self, inputs_of, options=(), jobs=1):
        """Each on what `inputs_of` it says, as far as that is there. The names of those that
        failed."""
        shutil.rmtree(self.profiles, ignore_errors=True)
        self.profiles.mkdir(parents=True)

        def status(harness):
            inputs = [path for path in inputs_of(harness) if path.exists()]
            # Without a name of its own, each would write its counts where it is run.
            environment = os.environ | {"LLVM_PROFILE_FILE": f"{self.profiles}/{harness.name}"}
            return subprocess.run([self.program(harness), *options, *inputs], env=environment,
                                  check=False, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL).returncode
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            statuses = list(pool.map(status, self.harnesses))
        return [one.name for one, ended in zip(self.harnesses, statuses) if ended != 0]

    def merge(self):
        subprocess.run(["llvm-profdata-19", "merge", "-sparse", "-o", self.merged,
                        *sorted(self.profiles.iterdir())], check=True)
        shutil.rmtree(self.profiles)

    def llvm_cov(self, command, options, sources):
        first, *others = [self.program(one) for one in self.harnesses]
        objects = [first, *(word for one in others for word in ("-object", one))]
        return subprocess.run(["llvm-cov-19", command, *options, *objects,
                               f"-instr-profile={self.merged}", *sources],
                              check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout

    def export(self, sources, *options):
        return json.loads(self.llvm_cov("export", options, sources))


class Coverage:
    """Of the corpora and the candidates, as a page."""

    def __init__(self, root, folder):
        self.root, self.folder = root, folder
        self.rows = []

    def measure(self, harnesses, candidates):
        replays = Replays(self.root, self.folder, harnesses)
        replays.build()
        replays.run(lambda harness: [self.root / harness.seeds,
                                     self.root / "corpus" / "regressions",
                                     candidates / harness.name])
        replays.merge()
        sources = [self.root / "reference" / part for part in PARTS] + [self.root / "conformance"]
        shutil.rmtree(self.folder / "html", ignore_errors=True)
        replays.llvm_cov("show", ["-format=html", "-show-branches=count",
                                  f"-output-dir={self.folder / 'html'}"], sources)
        self.read(replays.export(sources, "-summary-only"))

    def read(self, exported):
        """Rows: folder, and covered and counted of lines and branches."""
        sums = {}
        for file in exported["data"][0]["files"]:
            part = str(pathlib.Path(file["filename"]).relative_to(self.root).parent)
            row = sums.setdefault(part, [0, 0, 0, 0])
            for place, kind in ((0, "lines"), (2, "branches")):
                row[place] += file["summary"][kind]["covered"]
                row[place + 1] += file["summary"][kind]["count"]
        self.rows = sorted((part, *row) for part, row in sums.items())


def share(covered, count):
    return f"{100 * covered / count:.1f}%" if count else "-"


def summary(engine, folder, harnesses, state, covered):
    known = [(one.name, state.of(one.name)) for one in harnesses]
    hours = sum(row.seconds for _, row in known) / 3600
    total = sum(row.executions for _, row in known)
    lines = [f"# Campaign with {engine.name}, {time.strftime('%Y-%m-%d %H:%M')}", "",
             f"{hours:.2f} hours, {total:,} executions, "
             f"{sum(row.finds for _, row in known)} finds.", "",
             "| harness | minutes | executions | in a second | coverage | corpus | candidates "
             "| finds |", "|---|--:|--:|--:|--:|--:|--:|--:|"]
    for name, row in known:
        candidates = folder / "candidates" / name
        count = sum(1 for _ in candidates.iterdir()) if candidates.is_dir() else 0
        rate = row.executions / row.seconds if row.seconds else 0
        lines.append(f"| {name} | {row.seconds / 60:.1f} | {row.executions:,} | {rate:,.0f} "
                     f"| {row.coverage:,} | {row.corpus:,} | {count} | {row.finds} |")
    lines += ["", "Coverage of the sources by corpus/ and the candidates together:", "",
              "| folder | lines | branches |", "|---|--:|--:|"]
    lines += [f"| {part} | {share(lines_hit, lines_all)} | {share(hit, count)} |"
              for part, lines_hit, lines_all, hit, count in covered.rows]
    found = sorted((folder / "finds").glob("*/facts.json"))
    lines += ["", "Finds:" if found else "No finds."]
    for path in found:
        facts = json.loads(path.read_text())
        lines.append(f"- {facts['signature']} ({facts['harness']}, {facts['times']} times, "
                     f"{facts['bytes']} bytes): `{facts['replay']}`")
    return "\n".join(lines) + "\n"
