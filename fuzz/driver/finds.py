"""What becomes of an input that broke something: one folder for each thing that is broken, with the
input as it came, the least that still breaks it, and what that is in words."""

import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

from driver.engines import TIMEOUT_SECONDS
from driver.state import write_whole

HANGS_AFTER_SECONDS = 3 * TIMEOUT_SECONDS  # of an input that runs beside other slices
MINIMISE_SECONDS = 60
REDUCE_SECONDS = 120
ONLY_ONCE = "only once: not repeatable alone"

# Whoever says something says what is broken: the judge its rule, a harness its law, a sanitizer its
# error and the function.
SIGNATURES = (
    (r"^record \d+, byte \d+: ([\w-]+)", "judge: {0}"),
    (r"^(?:.*/)?([\w.]+):\d+: broken: (.+)$", "{0}: {1}"),
    (r"^SUMMARY: \w+: ([\w-]+) .*? in ([\w:~]+)", "{0}: {1}"),
    (r"([\w.]+):\d+:\d+: runtime error: (.+)$", "{0}: {1}"),
    (r": ([\w./]+):\d+: .*Assertion `(.+)' failed", "{0}: {1}"),
    (r"^SUMMARY: \w+: ([\w-]+)", "{0}"),
)


def signature_of(output, status):
    """What a crash is known by, however its input looks; None: no crash."""
    if status == 0:
        return None
    for pattern, form in SIGNATURES:
        found = re.search(pattern, output, re.MULTILINE)
        if found:
            return form.format(*found.groups())
    return f"status {status}"


def slug_of(signature):
    return re.sub(r"[^a-z0-9]+", "-", re.sub(r"0x[0-9a-f]+|\d+", "", signature.lower())).strip("-")


class Finds:
    def __init__(self, engine, folder):
        self.root, self.engine, self.folder = engine.root, engine, folder
        self.show = engine.build / "fuzz_show"

    def run(self, harness, path, trace=False):
        environment = os.environ | {"ASAN_OPTIONS": "detect_leaks=1:allocator_may_return_null=1",
                                    "UBSAN_OPTIONS": "print_stacktrace=1"}
        if trace:
            environment["FUZZ_TRACE"] = "1"
        try:
            done = subprocess.run([self.engine.program(harness), path], cwd=self.root,
                                  env=environment, stdin=subprocess.DEVNULL, check=False,
                                  capture_output=True, timeout=HANGS_AFTER_SECONDS)
        except subprocess.TimeoutExpired:
            return "", "hang"
        output = (done.stderr + done.stdout).decode(errors="replace")
        return output, signature_of(output, done.returncode)

    def take(self, harness, crash):
        """The folder of a find that is new, else None. What takes long is left to `finish`: slices
        are running."""
        if crash.name.startswith("slow-unit-"):
            return None
        signature = self.run(harness, crash)[1]
        if signature is None and (crash.name.startswith("timeout-") or "hangs" in crash.parts):
            return None  # slow once, on a machine that had other things to do
        if signature is None:
            signature = ONLY_ONCE
        folder = self.folder / f"{harness.name}-{slug_of(signature)[:60]}"
        if folder.exists():
            facts = json.loads((folder / "facts.json").read_text())
            facts["times"] += 1
            write_whole(folder / "facts.json", facts)
            return None
        # Beside the finds first: a folder among them is whole.
        making = self.folder.with_suffix(".new")
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(parents=True)
        shutil.copy(crash, making / "as-found")
        facts = {"harness": harness.name, "signature": signature, "times": 1,
                 "bytes_as_found": crash.stat().st_size,
                 "found": time.strftime("%Y-%m-%d %H:%M:%S"), "engine": self.engine.name,
                 "finished": False}
        facts |= self.name_seed(harness, making, folder, making / "as-found")
        write_whole(making / "facts.json", facts)
        self.folder.mkdir(parents=True, exist_ok=True)
        making.rename(folder)
        return folder

    def name_seed(self, harness, into, folder, seed):
        """Copies a seed to where it has the name of what it breaks, and what there is to say."""
        digest = hashlib.sha256(seed.read_bytes()).hexdigest()[:8]
        name = f"{folder.name}-{digest}"
        shutil.copy(seed, into / name)
        program = self.engine.program(harness).relative_to(self.root)
        return {"bytes": seed.stat().st_size, "seed": name, "replay": f"{program} {folder / name}"}

    def unfinished(self, harnesses):
        """Harness and folder of each find that is still as it was taken."""
        named = {one.name: one for one in harnesses}
        for path in sorted(self.folder.glob("*/facts.json")):
            facts = json.loads(path.read_text())
            if facts["harness"] in named and not facts["finished"]:
                yield named[facts["harness"]], path.parent

    def finish(self, harness, folder, in_a_hurry):
        """The least that still breaks the same, and what that is in words. `in_a_hurry` is asked
        again and again: if it says so, all this is left to the next campaign."""
        facts = json.loads((folder / "facts.json").read_text())
        seed, old = folder / "as-found", folder / facts["seed"]
        if facts["signature"] != ONLY_ONCE:
            seed = self.least(harness, folder, facts["signature"], in_a_hurry)
        if in_a_hurry():
            return
        facts |= self.name_seed(harness, folder, folder, seed)
        named = folder / facts["seed"]
        self.write_transcript(harness, named, folder / "transcript.txt", facts["signature"])
        write_whole(folder / "facts.json", facts | {"finished": True})
        if old != named:
            old.unlink(missing_ok=True)

    def least(self, harness, folder, signature, in_a_hurry):
        """Fewer bytes by the engine's way, then fewer PDUs and fields by ours."""
        seed = folder / "as-found"
        smaller = folder / "smaller"
        self.engine.minimise(harness, seed, smaller, MINIMISE_SECONDS, in_a_hurry)
        if smaller.exists() and self.run(harness, smaller)[1] == signature:
            seed = smaller
        if harness.input == "pdu":
            seed = self.reduce(harness, seed, folder / "reduced", signature, in_a_hurry)
        return seed

    def reduce(self, harness, seed, into, signature, in_a_hurry):
        """Leaves out PDUs, data and fields one by one, as long as the same breaks: what is left is
        what it takes."""
        until = time.monotonic() + REDUCE_SECONDS
        shutil.copy(seed, into)
        first = 0
        while time.monotonic() < until and not in_a_hurry():
            with tempfile.TemporaryDirectory() as folder:
                # Where it fails, what there is so far has to do: no campaign ends for it.
                if subprocess.run([self.show, "--less", folder, into], check=False).returncode != 0:
                    return into
                simpler = sorted(pathlib.Path(folder).iterdir())
                for index in range(first, len(simpler)):
                    if self.run(harness, simpler[index])[1] == signature:
                        shutil.copy(simpler[index], into)
                        first = index
                        break
                    if time.monotonic() > until or in_a_hurry():
                        return into
                else:
                    if first == 0:
                        return into
                    first = 0  # once more from the beginning, for what has become possible
        return into

    def write_transcript(self, harness, seed, path, signature):
        parts = [f"{harness.name}: {signature}\n"]
        if harness.input == "pdu":
            shown = subprocess.run([self.show, seed], check=False, capture_output=True)
            parts += ["The input, PDU by PDU; each field that is not zero is needed:\n",
                      shown.stdout.decode(errors="replace")]
        else:
            parts += ["The input:\n", repr(seed.read_bytes()), "\n"]
        parts += ["\nWhat the harness says, every PDU that was sent and received included:\n",
                  self.run(harness, seed, trace=True)[0]]
        path.write_text("\n".join(parts))
