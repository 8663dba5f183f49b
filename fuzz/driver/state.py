"""What a campaign knows of each harness, from one run to the next: a JSON file, written whole."""

import dataclasses
import json
import os


@dataclasses.dataclass
class Figures:
    """Of one slice. `coverage` is what the engine counts: features, or edges for AFL++."""
    executions: int = 0
    seconds: float = 0
    coverage: int = 0
    corpus: int = 0  # inputs

    def rate(self):
        return self.executions / self.seconds if self.seconds > 0 else 0.0


@dataclasses.dataclass
class Known:
    """Of all slices."""
    seconds: float = 0
    executions: int = 0
    coverage: int = 0
    corpus: int = 0
    finds: int = 0
    slices: int = 0

    def add(self, seconds, figures):
        self.seconds += seconds
        self.executions += figures.executions
        self.coverage = max(self.coverage, figures.coverage)
        self.corpus = figures.corpus or self.corpus
        self.slices += 1


class State:
    def __init__(self, path):
        self.path = path
        self.harnesses = {}
        if path.exists():
            rows = json.loads(path.read_text())
            self.harnesses = {name: Known(**row) for name, row in rows.items()}

    def of(self, name):
        return self.harnesses.setdefault(name, Known())

    def save(self):
        write_whole(self.path, {name: dataclasses.asdict(row)
                                for name, row in sorted(self.harnesses.items())})


def write_whole(path, rows):
    """As JSON; beside it first: whoever is interrupted here leaves the old one whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(rows, indent=1) + "\n")
    os.replace(beside, path)
