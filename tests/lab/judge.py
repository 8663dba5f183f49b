"""What `iscsi-trace check` says of a capture: which rules of RFC 3720 either side broke."""

import json
import os
import subprocess

# What Linux 6.1 does, each seen in the packets of a capture; docs/interop.md has the story.
KNOWN = {
    "r2ts-are-answered-in-order": "a task that has just sent its data takes its next R2T before "
                                  "older ones of other tasks (10.8)",
    "commands-wait-for-logout": "commands go on until iscsid has acted on the request (10.9.1)",
}


NOTHING_THERE = 77  # no iSCSI in the capture


class Judge:
    """Checks captures, if the program is there and can."""

    def __init__(self, program):
        self.program = program
        self.lack = None
        if not os.access(program, os.X_OK):
            self.lack = f"no {program}"
        elif "check" not in self.run("--help").stdout:
            self.lack = f"{program} has no command check"

    def run(self, *arguments):
        return subprocess.run([self.program, *arguments], stdin=subprocess.DEVNULL, timeout=600,
                              capture_output=True, text=True, check=False)

    def check(self, capture):
        """What it holds against this capture that nobody knows; leaves its report beside it."""
        if self.lack:
            return []
        report = capture.with_suffix(".json")
        done = self.run("check", "--json", str(report), str(capture))
        capture.with_suffix(".check").write_text(done.stdout + done.stderr)
        if done.returncode == NOTHING_THERE:
            return []
        if done.returncode not in (0, 1):
            return [f"iscsi-trace check ends with {done.returncode}: {done.stderr.strip()}"]
        rows = json.loads(report.read_text())["rules"]
        return [f"{row['side']}: {row['rule']} (RFC 3720 {row['section']}): {row['says']}"
                for row in rows if row["verdict"] == "fail" and not is_known(row)]


def is_known(row):
    return row["side"] == "initiator" and row["rule"] in KNOWN
