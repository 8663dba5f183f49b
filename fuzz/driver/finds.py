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

from driver.engines import SANITIZERS

MINIMISE_SECONDS = 60
REDUCE_SECONDS = 120


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
    def __init__(self, root, engine, folder):
        self.root, self.engine, self.folder = root, engine, folder
        self.show = engine.build / "fuzz_show"

    def run(self, harness, path, trace=False):
        environment = os.environ | SANITIZERS | ({"FUZZ_TRACE": "1"} if trace else {})
        try:
            done = subprocess.run([self.engine.program(harness), path], cwd=self.root,
                                  env=environment, stdin=subprocess.DEVNULL, check=False,
                                  capture_output=True, timeout=60)
        except subprocess.TimeoutExpired:
            return "", "hang"
        output = (done.stderr + done.stdout).decode(errors="replace")
        return output, signature_of(output, done.returncode)

    def take(self, harness, crash, in_a_hurry):
        """The folder of a find that is new, else None."""
        if crash.name.startswith("slow-unit-"):
            return None
        output, signature = self.run(harness, crash)
        if signature is None and (crash.name.startswith("timeout-") or "hangs" in crash.parts):
            return None  # slow once, on a machine that had other things to do
        if signature is None:
            signature = "only once: not repeatable alone"
        folder = self.folder / f"{harness.name}-{slug_of(signature)[:60]}"
        if folder.exists():
            facts = json.loads((folder / "facts.json").read_text())
            facts["times"] += 1
            (folder / "facts.json").write_text(json.dumps(facts, indent=1) + "\n")
            return None
        folder.mkdir(parents=True)
        shutil.copy(crash, folder / "as-found")
        seed = folder / "as-found"
        if not in_a_hurry and not signature.startswith("only once"):
            seed = self.least(harness, folder, signature)
        digest = hashlib.sha256(seed.read_bytes()).hexdigest()[:8]
        named = folder / f"{folder.name}-{digest}"
        shutil.copy(seed, named)
        program = self.engine.program(harness).relative_to(self.root)
        facts = {"harness": harness.name, "signature": signature, "times": 1,
                 "bytes": named.stat().st_size, "bytes_as_found": crash.stat().st_size,
                 "found": time.strftime("%Y-%m-%d %H:%M:%S"), "engine": self.engine.name,
                 "seed": named.name,
                 "replay": f"{program} {named}"}
        (folder / "facts.json").write_text(json.dumps(facts, indent=1) + "\n")
        self.write_transcript(harness, named, folder / "transcript.txt", signature)
        return folder

    def least(self, harness, folder, signature):
        """Fewer bytes by the engine's way, then fewer PDUs and fields by ours."""
        seed = folder / "as-found"
        smaller = folder / "smaller"
        self.engine.minimise(harness, seed, smaller, MINIMISE_SECONDS)
        if smaller.exists() and self.run(harness, smaller)[1] == signature:
            seed = smaller
        if harness.input == "pdu":
            seed = self.reduce(harness, seed, folder / "reduced", signature)
        return seed

    def reduce(self, harness, seed, into, signature):
        """Leaves out PDUs, data and fields one by one, as long as the same breaks: what is left is
        what it takes."""
        until = time.monotonic() + REDUCE_SECONDS
        shutil.copy(seed, into)
        first = 0
        while time.monotonic() < until:
            with tempfile.TemporaryDirectory() as folder:
                subprocess.run([self.show, "--less", folder, into], check=True)
                simpler = sorted(pathlib.Path(folder).iterdir())
                for index in range(first, len(simpler)):
                    if self.run(harness, simpler[index])[1] == signature:
                        shutil.copy(simpler[index], into)
                        first = index
                        break
                    if time.monotonic() > until:
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
