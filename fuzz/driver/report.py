"""What a campaign leaves behind: candidates for the corpus, and how far the corpora reach."""

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


class Coverage:
    """llvm-cov-19 over the replay programs of the preset `fuzz-coverage`."""

    def __init__(self, root, folder):
        self.root, self.folder = root, folder
        self.build = root / "build" / "fuzz-coverage"
        self.rows = []

    def measure(self, harnesses, candidates):
        subprocess.run([self.root / "tests" / "build", "fuzz-coverage",
                        *(f"replay_{one.name}" for one in harnesses)], check=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        profiles = self.folder / "profiles"
        shutil.rmtree(profiles, ignore_errors=True)
        profiles.mkdir()
        for harness in harnesses:
            inputs = [self.root / harness.seeds, self.root / "corpus" / "regressions",
                      candidates / harness.name]
            subprocess.run([self.program(harness), *(path for path in inputs if path.is_dir())],
                           env=os.environ | {"LLVM_PROFILE_FILE": f"{profiles}/{harness.name}"},
                           check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        merged = self.folder / "merged.profdata"
        subprocess.run(["llvm-profdata-19", "merge", "-sparse", "-o", merged,
                        *sorted(profiles.iterdir())], check=True)
        shutil.rmtree(profiles)
        first, *others = [self.program(one) for one in harnesses]
        common = [first, *(word for one in others for word in ("-object", one)),
                  f"-instr-profile={merged}"]
        sources = [self.root / "reference" / part for part in PARTS] + [self.root / "conformance"]
        shutil.rmtree(self.folder / "html", ignore_errors=True)
        subprocess.run(["llvm-cov-19", "show", "-format=html", "-show-branches=count",
                        f"-output-dir={self.folder / 'html'}", *common, *sources],
                       check=True, stderr=subprocess.DEVNULL)
        exported = subprocess.run(["llvm-cov-19", "export", "-summary-only", *common, *sources],
                                  check=True, capture_output=True)
        self.read(json.loads(exported.stdout))

    def program(self, harness):
        return self.build / "fuzz" / f"replay_{harness.name}"

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
