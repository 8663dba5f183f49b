"""libiscsi's own test suite, iscsi-test-cu: 230 tests, each with the verdict expected of it.

`suite_expected.txt` has a line for each test: its name, `pass`, `skip` or `fail`, and for the last
two the reason. A verdict that differs, a test that is not listed, a line without a test: all fail.
The program counts skipped tests as passed and ends with 1 either way, so its lines are read.
"""

import pathlib
import re
import unittest

import clients
import servers
from scenario import Scenario
from servers import MIB, Lun

EXPECTED = pathlib.Path(__file__).parent / "suite_expected.txt"


def verdicts(output):
    """Test name to pass, skip or fail, and what the program said about it."""
    found, suite = {}, ""
    for part in re.split(r"^(?=Suite: |  Test: )", output, flags=re.MULTILINE):
        if match := re.match(r"Suite: (\S+)", part):
            suite = match[1]
        elif match := re.match(r"  Test: (\S+) \.\.\.", part):
            # What follows the verdict belongs to the end of the suite.
            words, ended, _ = re.split(r"(?:^|(?<=\.\.\.))(passed|FAILED)\b", part + "\nFAILED\n",
                                       maxsplit=1, flags=re.MULTILINE)
            verdict = ("fail" if ended == "FAILED" else "skip" if "[SKIPPED]" in words else "pass")
            found[f"{suite}.{match[1]}"] = (verdict, words)
    return found


def expectations(text):
    expected = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, verdict, *reason = line.split(None, 2)
            assert verdict in ("pass", "skip", "fail"), line
            assert verdict == "pass" or reason, f"without a reason: {line}"
            assert name not in expected, f"twice: {line}"
            expected[name] = verdict
    return expected


def differences(expected, found):
    """Each a line, with the program's last words about a test that should have passed."""
    lines = []
    for name in sorted(expected.keys() | found.keys()):
        wanted, (got, words) = expected.get(name, "unlisted"), found.get(name, ("not run", ""))
        if wanted != got:
            said = [line.strip() for line in words.splitlines()
                    if "[FAILED]" in line or "[SKIPPED]" in line]
            lines.append(f"{name}: expected {wanted}, found {got}; {' / '.join(said[:3])}")
    return lines


class TheReader(unittest.TestCase):
    """That the comparison itself can fail."""

    OUTPUT = ("\nSuite: One\n  Test: A ...    Send X\n    [OK] X\npassed    [SKIPPED] Y\n"
              "  Test: B ...    [SKIPPED] not there\npassed    Send PRIN\n"
              "  Test: C ...    [FAILED] X returned Y\nFAILED\n    1. a.c:1  - CU_FAIL\n"
              "Suite: Two\n  Test: A ...passed\n  Test: Crash ...    Send Z\n")

    def test_tells_the_verdicts_apart(self):
        self.assertEqual({name: verdict for name, (verdict, _) in verdicts(self.OUTPUT).items()},
                         {"One.A": "pass", "One.B": "skip", "One.C": "fail", "Two.A": "pass",
                          "Two.Crash": "fail"})

    def test_reports_every_difference(self):
        expected = expectations("# note\nOne.A skip why\nOne.B skip because\nGone.A pass\n"
                                "One.C fail known\nTwo.A pass\n")
        self.assertEqual(differences(expected, verdicts(self.OUTPUT)),
                         ["Gone.A: expected pass, found not run; ",
                          "One.A: expected skip, found pass; ",
                          "Two.Crash: expected unlisted, found fail; "])

    def test_wants_reasons(self):
        with self.assertRaises(AssertionError):
            expectations("One.A fail")


class Suite(Scenario):
    def run_suite(self, *urls, tests="ALL"):
        result = clients.run("iscsi-test-cu", "--dataloss", "-V", "-t", tests, *urls, seconds=300)
        self.assertIsNotNone(result.status, f"hangs:\n{result.output[-2000:]}")
        return verdicts(result.output)

    def test_all_verdicts_are_those_expected(self):
        server = self.serve()
        found = self.run_suite(server.url())
        self.assertGreater(len(found), 200)
        if servers.kind() is servers.ReferenceServer:
            different = differences(expectations(EXPECTED.read_text()), found)
            self.assertEqual(different, [], "\n" + "\n".join(different))

    def test_a_write_protected_unit(self):
        self.needs_reference("its verdict depends on the server")
        server = self.serve(luns=[Lun(4 * MIB, read_only=True)])
        _, words = self.run_suite(server.url(), tests="ALL.ReadOnly")["ReadOnly.ReadOnlySBC"]
        # The commands that we do not offer are skipped; each of the others is refused.
        self.assertEqual(words.count("DATA PROTECTION(0x07) WRITE_PROTECTED(0x2700)"), 6, words)
        self.assertNotIn("[FAILED]", words)

    def test_two_paths_to_one_unit(self):
        self.needs_reference("two portals")
        server = self.serve(extra=["--listen", f"127.0.0.1:{servers.free_port()}"])
        portals = re.findall(r"127\.0\.0\.1:\d+", self.succeed("iscsi-ls", server.portal_url()))
        second, = {server.url().replace(server.portal(), portal) for portal in portals
                   if portal != server.portal()}
        found = self.run_suite(server.url(), second, tests="ALL.MultipathIO")
        self.assertEqual({name: verdict for name, (verdict, _) in found.items()},
                         {"MultipathIO.Simple": "pass", "MultipathIO.Reset": "pass",
                          "MultipathIO.CompareAndWrite": "pass",
                          "MultipathIO.CompareAndWriteAsync": "skip"})


if __name__ == "__main__":
    unittest.main()
