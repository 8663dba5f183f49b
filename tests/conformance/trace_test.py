#!/usr/bin/env python3
"""iscsi-trace, as its users call it: what it prints of captures, in whatever form they come.

  trace_test.py PATH/TO/iscsi-trace
"""

import gzip
import json
import lzma
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CAPTURED = ROOT / "traces/captured"
DISCOVERY = CAPTURED / "linux-6.1/discovery.pcap"
TRACE = None

# Held against `tshark -V` of the file by hand.
SHOWN = """\
0.000000 #1 -- 0 connection opened, 127.0.0.1:54074 -> 127.0.0.1:39095
0.005635 #6 -> 0 Login Request T=1 CSG=1 (LoginOperationalNegotiation) NSG=3 (FullFeaturePhase) \
ISID=0x23d000000 CmdSN=1 DataSegmentLength=236
0.074299 #8 <- 0 Login Response T=1 CSG=1 (LoginOperationalNegotiation) NSG=3 (FullFeaturePhase) \
ISID=0x23d000000 TSIH=1 ExpCmdSN=1 MaxCmdSN=0x80 Status=0 (success) DataSegmentLength=151
0.118187 #12 -> 0 Text Request F=1 InitiatorTaskTag=1 TargetTransferTag=0xffffffff CmdSN=1 \
ExpStatSN=1 DataSegmentLength=16
0.121662 #14 <- 0 Text Response F=1 InitiatorTaskTag=1 TargetTransferTag=0xffffffff StatSN=1 \
ExpCmdSN=2 MaxCmdSN=0x81 DataSegmentLength=75
0.205556 #16 -- 0 the initiator ended the connection
"""
# What --full says below the Text Request.
TEXT_REQUEST_IN_FULL = """\
    0       I=0
    1       F=1
    1       C=0
    8-15    LUN=0
    16-19   InitiatorTaskTag=1
    20-23   TargetTransferTag=0xffffffff
    24-27   CmdSN=1
    28-31   ExpStatSN=1
    5-7     DataSegmentLength=16
        SendTargets=All
"""


def run(*arguments):
    return subprocess.run([TRACE, *map(str, arguments)], capture_output=True, text=True,
                          timeout=120)


class Files(unittest.TestCase):
    """Files of a test's own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def file(self, name, content):
        path = self.folder / name
        path.write_bytes(content)
        return path

    def expect_shown(self, path, expected=SHOWN):
        shown = run("show", path)
        self.assertEqual(shown.stderr, "")
        self.assertEqual(shown.stdout, expected)
        self.assertEqual(shown.returncode, 0)


class Show(Files):
    def test_a_line_per_pdu(self):
        self.expect_shown(DISCOVERY)

    def test_quantities_are_decimal_codes_and_numbers_hexadecimal(self):
        shown = run("show", CAPTURED / "linux/chap.json").stdout
        self.assertIn(" ExpectedDataTransferLength=36 ", shown)
        self.assertIn(" Status=0x201 (authentication failure)", shown)
        self.assertIn(" CmdSN=0xa ", shown)

    def test_full_adds_every_field_and_the_text(self):
        shown = run("show", "--full", DISCOVERY)
        self.assertEqual(shown.returncode, 0)
        lines = shown.stdout.splitlines(keepends=True)
        self.assertEqual("".join(line for line in lines if not line.startswith("    ")), SHOWN)
        request = next(i for i, line in enumerate(lines) if "Text Request" in line)
        below = "".join(lines[request + 1:request + 1 + TEXT_REQUEST_IN_FULL.count("\n")])
        self.assertEqual(below, TEXT_REQUEST_IN_FULL)

    def test_full_shows_data_that_is_no_text_in_hexadecimal(self):
        shown = run("show", "--full", CAPTURED / "linux-6.1/pinged.pcap").stdout
        inquiry = shown[shown.index("<- 0 SCSI Data-In [INQUIRY"):]
        self.assertRegex(inquiry, r"\n        [0-9a-f]{32}\n")

    def test_a_page_has_the_ladder(self):
        page = self.folder / "page.html"
        self.assertEqual(run("show", "--html", page, DISCOVERY).returncode, 0)
        text = page.read_text()
        self.assertTrue(text.startswith("<!doctype html>"))
        self.assertEqual(text.count('<tr class="out"'), 2)
        self.assertEqual(text.count('<tr class="in"'), 2)
        self.assertEqual(text.count('<tr class="event"'), 2)
        self.assertIn("SendTargets=All", text)
        self.assertIn("127.0.0.1:54074 -&gt; 127.0.0.1:39095", text)
        self.assertTrue(text.endswith("</html>\n"))

    def test_what_cannot_be_read_is_an_error_in_one_line(self):
        for content in (b"", b"no capture", b"{}", b"[1]"):
            shown = run("show", self.file("strange", content))
            self.assertEqual(shown.returncode, 2, content)
            self.assertEqual(shown.stderr.count("\n"), 1, shown.stderr)

    def test_what_is_cut_is_shown_as_far_as_it_goes(self):
        shown = run("show", self.file("cut.pcap", DISCOVERY.read_bytes()[:-300]))
        self.assertEqual(shown.returncode, 2)
        self.assertTrue(shown.stdout.startswith("".join(SHOWN.splitlines(keepends=True)[:4])))
        self.assertIn("truncated", shown.stderr)


class Forms(Files):
    """One capture in all the forms in which it may come."""

    def test_compressed(self):
        plain = DISCOVERY.read_bytes()
        self.expect_shown(self.file("a.gz", gzip.compress(plain)))
        self.expect_shown(self.file("a.xz", lzma.compress(plain)))
        zstd = subprocess.run(["zstd", "-q", "-c"], input=plain, capture_output=True, check=True)
        self.expect_shown(self.file("a.zst", zstd.stdout))

    def test_compressed_twice_is_refused(self):
        twice = gzip.compress(gzip.compress(DISCOVERY.read_bytes()))
        shown = run("show", self.file("a.gz.gz", twice))
        self.assertEqual(shown.returncode, 2)
        self.assertIn("compressed more than once", shown.stderr)

    def test_json_of_wireshark(self):
        for name in ("linux-6.1/discovery.pcap", "linux-6.1/pinged.pcap"):
            written = subprocess.run(["tshark", "-r", CAPTURED / name, "-T", "json", "-x"],
                                     capture_output=True, check=True)
            expected = run("show", CAPTURED / name).stdout
            self.expect_shown(self.file("a.json", written.stdout), expected)
            self.expect_shown(self.file("a.json.gz", gzip.compress(written.stdout)), expected)

    def test_recordings(self):
        for name in ("linux-6.1/discovery.pcap", "linux-6.1/pinged.pcap", "linux/chap.pcap"):
            recording = self.folder / "a.json"
            self.assertEqual(run("convert", CAPTURED / name, recording).returncode, 0)
            self.expect_shown(recording, run("show", CAPTURED / name).stdout)
            written = recording.read_bytes()
            self.expect_shown(self.file("a.json.xz", lzma.compress(written)),
                              run("show", CAPTURED / name).stdout)

    def test_a_recording_may_have_no_packets(self):
        text = (ROOT / "traces/reconstructed/windows/discovery.json").read_text()
        shown = run("show", self.file("a.json", re.sub(r', "packet": \d+', "", text).encode()))
        self.assertEqual(shown.returncode, 0)
        self.assertNotIn("#", shown.stdout)
        self.assertIn("0.000000 -> 0 Login Request", shown.stdout)

    def test_a_story_that_did_not_take_place_is_refused_by_its_first_bytes(self):
        shown = run("show", ROOT / "traces/login/crc32c.json")
        self.assertEqual(shown.returncode, 2)
        self.assertIn("no recording", shown.stderr)


class Convert(Files):
    def test_the_ends_of_a_connection_that_is_found_out_about_late(self):
        """It was opened first, and is the second one to turn out to be iSCSI."""
        capture = DISCOVERY.read_bytes()
        header, packets, at = capture[:24], [], 24
        while at < len(capture):
            behind = at + 16 + int.from_bytes(capture[at + 8:at + 12], "little")
            packets.append(capture[at:behind])
            at = behind
        port = (54074).to_bytes(2, "big")
        others = [packet[:50] + packet[50:54].replace(port, b"\xc3\x50") + packet[54:]
                  for packet in packets]
        capture = self.file("two.pcap", b"".join([header, packets[0], *others, *packets[1:]]))
        recording = self.folder / "two.json"
        self.assertEqual(run("convert", capture, recording).returncode, 0)
        ends = json.loads(recording.read_text())["connections"]
        self.assertEqual([end["initiator"] for end in ends], ["127.0.0.1:50000", "127.0.0.1:54074"])


class Check(Files):
    def test_a_recording_is_judged_as_its_capture_is(self):
        for name in ("linux-6.1/discovery", "linux/chap", "libiscsi/tools"):
            recording = self.folder / "a.json"
            self.assertEqual(run("convert", CAPTURED / f"{name}.pcap", recording).returncode, 0)
            reports = []
            for number, file in enumerate((CAPTURED / f"{name}.pcap", recording)):
                report = self.folder / f"{number}.json"
                status = run("check", "--strict", "--json", report, file).returncode
                reports.append((status, [
                    (rule["side"], rule["rule"], rule["verdict"], rule["looks"])
                    for rule in json.loads(report.read_text())["rules"]]))
            self.assertGreater(sum(looks > 0 for *_, looks in reports[0][1]), 50, name)
            self.assertEqual(*reports)

    def test_every_shipped_recording_can_be_judged(self):
        files = [file for folder in ("captured", "reconstructed")
                 for file in sorted((ROOT / "traces" / folder).rglob("*.json"))]
        self.assertGreater(len(files), 30)
        for file in files:
            checked = run("check", file)
            self.assertIn(checked.returncode, (0, 1), f"{file}: {checked.stderr}")
            self.assertRegex(checked.stdout, r"\n[1-9]\d* rules judged")

    def test_what_is_before_the_end_of_a_cut_file_is_judged(self):
        whole = (CAPTURED / "linux-6.1/plain.pcap").read_bytes()
        cut = self.file("cut.pcap", whole[:len(whole) // 2])
        report = self.folder / "report.json"
        checked = run("check", "--json", report, cut)
        self.assertEqual(checked.returncode, 2)
        self.assertRegex(checked.stderr, r"cut.pcap: packet \d+: truncated")
        self.assertRegex(checked.stdout, r"note: cut.pcap: packet \d+: .* before it was judged")
        self.assertGreater(int(re.search(r"(\d+) rules judged", checked.stdout).group(1)), 50)
        self.assertIn("truncated", json.loads(report.read_text())["notes"][0])

    def test_a_file_that_cannot_be_read_leaves_the_others_to_be_judged(self):
        report = self.folder / "report.json"
        none = self.folder / "none.pcap"
        checked = run("check", "--json", report, none, DISCOVERY)
        self.assertEqual(checked.returncode, 2)
        self.assertRegex(checked.stderr, r"\Aiscsi-trace: [^\n]*none.pcap: [^\n]+\n\Z")
        self.assertRegex(checked.stdout, r"\n[1-9]\d* rules judged")
        self.assertRegex(checked.stdout, r"note: .*none.pcap: .*; it is not judged")
        self.assertIn("none.pcap", json.loads(report.read_text())["notes"][0])
        self.assertEqual(run("check", none, none).returncode, 2)


if __name__ == "__main__":
    TRACE = sys.argv.pop(1)
    unittest.main()
