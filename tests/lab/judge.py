"""What `iscsi-trace check` says of a capture: which rules of RFC 3720 either side broke."""

import json
import subprocess

# What Linux 6.1 does, each seen in the packets of a capture; docs/interop.md has the story. No file
# of expectations: whether it happens depends on when a packet comes, and an expectation that does
# not come true fails the check.
KNOWN = {
    "r2ts-are-answered-in-order": "a task that has just sent its data takes its next R2T before "
                                  "older ones of other tasks (10.8)",
    "commands-wait-for-logout": "commands go on until iscsid has acted on the request (10.9.1)",
}


class Judge:
    def __init__(self, program):
        self.program = program
        self.judged = 0

    def check(self, capture):
        """What it holds against this capture that nobody knows; leaves its report beside it."""
        report = capture.with_suffix(".json")
        done = subprocess.run([self.program, "check", "--json", report, capture],
                              stdin=subprocess.DEVNULL, timeout=600, capture_output=True, text=True,
                              check=False)
        capture.with_suffix(".check").write_text(done.stdout + done.stderr)
        if done.returncode not in (0, 1):  # 77, too: a scenario without iSCSI has captured nothing
            return [f"iscsi-trace check ends with {done.returncode}: {done.stderr.strip()}"]
        rows = json.loads(report.read_text())["rules"]
        if not any(row["looks"] for row in rows):
            return ["no rule could be judged"]
        self.judged += 1
        return [f"{row['side']}: {row['rule']} (RFC 3720 {row['section']}): {row['says']}"
                for row in rows if row["verdict"] == "fail" and not is_known(row)]


def is_known(row):
    return row["side"] == "initiator" and row["rule"] in KNOWN
