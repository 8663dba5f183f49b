"""The judge on targets of others: what it says of tgt and istgt is exactly what is known.

A verdict on a target that is used everywhere is a claim that somebody may be asked to answer for,
so every failure stands in `conformance/expectations/` with its reason, and in `docs/findings.md`
with its bytes. A failure that is not known, and one that is gone, both fail this test.
"""

import json
import os
import pathlib
import shutil
import unittest

import clients
from servers import IQN, MIB, Account, IstgtServer, Lun, Setup, TgtServer

EXPECTATIONS = (pathlib.Path(__file__).resolve().parents[2] / "conformance" / "expectations")
DISK = 64 * MIB
WRITABLE = "0:65536"  # blocks of 512 bytes: the first half of the disk
# istgt sleeps for a second in every login; a busy machine needs room on top of that.
ANSWER_MS = 4000
SECONDS = 1500
# What istgt is judged on: the areas in which the same bytes always get the same answer. In the
# full feature phase its threads race for a StatSN: a run breaks `stat-sn-advances-by-one` or not.
# login/first-pdu-is-no-login kills its process a little later, in the middle of what comes next.
ISTGT_AREAS = ["discovery/*", "nop-out/*", "text/*",
               *(f"login/{first}*" for first in "abcehiklmnorstuv")]


class Peers(unittest.TestCase):
    def judge(self, server, *options, status=0):
        program = os.environ.get("INTEROP_JUDGE")
        if not program:
            self.skipTest("SKIPPED: no judge: give run.py --judge")
        result = clients.run(program, "run", "--target", server.url(), "--allow-writes", WRITABLE,
                             "--timeout", ANSWER_MS, *options, seconds=SECONDS)
        self.assertEqual(result.status, status, f"{result}")

    def serve(self, kind, program, **setup):
        if not shutil.which(program):
            self.skipTest(f"SKIPPED: {program} is not installed; tests/setup peers installs it")
        server = kind(Setup(luns=[Lun(size=DISK)], **setup))
        self.addCleanup(server.remove)
        return server.start()

    def test_tgt_breaks_the_rules_that_it_is_known_to_break(self):
        server = self.serve(TgtServer, "tgtd")
        self.judge(server, "--expect", EXPECTATIONS / "tgt.json")

    def test_tgt_with_chap_breaks_the_rules_that_it_is_known_to_break(self):
        server = self.serve(TgtServer, "tgtd", chap=Account("judge", "a secret of 16 b"),
                            mutual=Account("tgt", "another of 16 by"))
        self.judge(server, "--expect", EXPECTATIONS / "tgt-chap.json", "--select", "chap/*")

    def test_tgt_fails_where_nothing_is_known_of_it(self):
        server = self.serve(TgtServer, "tgtd")
        self.judge(server, "--select", "text/*", status=1)

    def test_istgt_breaks_no_rule_that_it_is_not_known_to_break(self):
        """Its threads race, and its process dies now and then: which of the known failures a run
        shows is chance. One that is not known would be an accusation to answer for."""
        server = self.serve(IstgtServer, "istgt")
        server.keep_running()
        report = server.folder / "report.json"
        # The watcher starts it again; the judge only has to wait for it.
        self.judge(server, "--restart", "true", "--json", report,
                   *(word for area in ISTGT_AREAS for word in ("--select", area)), status=1)
        known = {entry.get("rule") for entry in
                 json.loads((EXPECTATIONS / "istgt.json").read_text())["known"]}
        broken = {rule["rule"] for rule in json.loads(report.read_text())["rules"]
                  if rule["verdict"] == "fail"}
        self.assertIn("repeated-key-fails-login", broken)
        self.assertEqual(broken - known, set())


class TheFiles(unittest.TestCase):
    def test_every_known_failure_has_its_reason(self):
        files = sorted(EXPECTATIONS.glob("*.json"))
        self.assertTrue(files)
        for file in files:
            for entry in json.loads(file.read_text())["known"]:
                self.assertGreater(len(entry["reason"]), 20, f"{file}: {entry}")
                self.assertNotIn("not yet explained", entry["reason"], f"{file}: {entry}")
