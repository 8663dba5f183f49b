"""The judge as a program: its command line, its reports as others read them, bad targets.

What the reports hold is tested in tests/conformance; here tshark, a JSON Schema validator and an
XML parser read them, and targets that misbehave in ways that could hang or crash a client are
judged over TCP. Every run has a deadline: a judge that hangs fails.
"""

import contextlib
import html.parser
import importlib.util
import json
import os
import pathlib
import re
import shutil
import socket
import stat
import subprocess
import tempfile
import threading
import unittest
import xml.etree.ElementTree as ElementTree

import clients
import servers
from servers import MIB, Account, Lun, ReferenceServer, Setup

ROOT = pathlib.Path(__file__).resolve().parents[2]
REPORT_SCHEMA = ROOT / "conformance" / "report" / "report.schema.json"
LIST_SCHEMA = ROOT / "conformance" / "command" / "list.schema.json"
SECONDS = 120


class Judge(unittest.TestCase):
    longMessage = True

    def setUp(self):
        self.program = os.environ.get("INTEROP_JUDGE")
        if not self.program:
            self.skipTest("SKIPPED: no judge: give run.py --judge")
        folder = tempfile.TemporaryDirectory(prefix="iscsi-judge-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_judge(self, *arguments, status=0, env=None, seconds=SECONDS):
        result = subprocess.run([self.program, *map(str, arguments)], capture_output=True,
                                stdin=subprocess.DEVNULL, timeout=seconds,
                                env={**os.environ, **(env or {})})
        result.output = result.stdout.decode() + result.stderr.decode()
        self.assertEqual(result.returncode, status, f"{arguments}: {result.output}")
        return result

    def refused(self, *arguments, env=None):
        """The one line that a run with bad input ends with."""
        result = self.run_judge(*arguments, status=2, env=env)
        lines = result.stderr.decode().splitlines()
        self.assertEqual(len(lines), 1, result.output)
        self.assertEqual(result.stdout, b"")
        self.assertTrue(lines[0].startswith("iscsi-conform: "), lines)
        return lines[0].removeprefix("iscsi-conform: ")

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path


class BadInput(Judge):
    def test_a_wrong_command_line_is_refused_in_one_line(self):
        self.refused()
        self.refused("judge")
        self.assertIn("--colour", self.refused("run", "--colour"))
        self.assertIn("--profile", self.refused("run", "--profile", "everything"))
        self.assertIn("timeout", self.refused("run", "--timeout", "0ms"))
        self.assertIn("--timeout", self.refused("run", "--timeout", "soon"))
        self.assertIn("no rule is called no-such-rule", self.refused("explain", "no-such-rule"))
        self.assertIn("no case fits no/such/*", self.refused("run", "--select", "no/such/*"))
        self.assertIn("--allow-writes", self.refused("run", "--allow-writes", "everything"))
        self.assertIn("--fix goes with --expect", self.refused("run", "--fix"))

    def test_a_url_that_is_none_is_refused(self):
        self.assertIn("begins with iscsi://", self.refused("run", "--target", "http://x/y"))
        self.assertIn("a target's name", self.refused("run", "--target", "iscsi://127.0.0.1"))
        self.assertIn("a LUN", self.refused("run", "--target", "iscsi://127.0.0.1/x/y"))

    def test_a_secret_is_not_repeated_in_the_complaint(self):
        line = self.refused("run", "--target", "iscsi://me%swordfish@127.0.0.1:99999/t")
        self.assertNotIn("swordfish", line)

    def test_a_target_that_is_not_there_is_named(self):
        port = servers.free_port()
        line = self.refused("run", "--target", f"iscsi://127.0.0.1:{port}/iqn.2003-01.example:t")
        self.assertIn(f"127.0.0.1:{port}", line)
        self.assertIn("Connection refused", line)
        line = self.refused("run", "--target", "iscsi://no-such-host.invalid/iqn.2003-01.example:t")
        self.assertIn("no-such-host.invalid", line)

    def test_a_story_that_is_wrong_is_named_with_the_place(self):
        self.write("bad.json", '{"version": 1, "claim": 5, "rules": [], "steps": []}')
        self.assertIn("bad.json: claim: expected a string",
                      self.refused("--stories", self.folder, "run"))
        self.write("bad.json", "{")
        self.assertIn("bad.json: line 1", self.refused("--stories", self.folder, "run"))
        self.assertIn("nowhere", self.refused("--stories", self.folder / "nowhere", "list"))

    def test_expectations_that_are_wrong_are_refused_before_anything_is_run(self):
        self.assertIn("cannot be read", self.refused("run", "--expect", self.folder / "none.json"))
        self.assertIn("cannot be read", self.refused("run", "--expect", self.folder))
        bare = self.write("bare.json", '{"version": 1, "known": [{"rule": "padding-is-zero"}]}')
        self.assertIn('known[0]: expected a member "reason"', self.refused("run", "--expect", bare))
        blank = self.write("blank.json",
                           '{"version": 1, "known": [{"rule": "padding-is-zero", "reason": ""}]}')
        self.assertIn("known[0].reason: expected a reason", self.refused("run", "--expect", blank))

    def test_a_report_that_cannot_be_written_is_refused_before_anything_is_run(self):
        file = self.folder / "no" / "such" / "folder"
        self.assertIn("cannot be written", self.refused("run", "--html", file))


class Expectations(Judge):
    def test_an_entry_that_nothing_fails_for_fails_the_run(self):
        file = self.write("stale.json", json.dumps({"version": 1, "known": [
            {"rule": "nop-out-is-answered", "reason": "it was once"}]}))
        self.assertIn("is expected to fail, and nothing fails for it",
                      self.run_judge("run", "--expect", file, status=1).output)

    def test_a_file_is_made_by_fix_and_holds_nothing_for_a_target_without_fault(self):
        file = self.folder / "fresh.json"
        self.run_judge("run", "--expect", file, "--fix")
        self.assertEqual(json.loads(file.read_text())["known"], [])
        self.run_judge("run", "--expect", file)


class Selection(Judge):
    def names(self, *arguments):
        listing = json.loads(self.run_judge("list", "--json", *arguments).stdout)
        return {case["name"] for case in listing["cases"]}

    def test_the_profiles_share_the_suite_among_them(self):
        parts = [self.names("--profile", name) for name in ("discovery", "login", "full-feature")]
        self.assertTrue(all(parts))
        self.assertEqual(sum(map(len, parts)), len(self.names()))
        self.assertEqual(set.union(*parts), self.names())

    def test_cases_are_chosen_by_pattern_section_and_rule(self):
        login = self.names("--select", "login/*")
        self.assertEqual({name.split("/")[0] for name in login}, {"login"})
        section = self.names("--select", "10.18")
        self.assertIn("nop-out/long-ping-is-cut[immediate=0]",
                      self.names("--select", "ping-data-is-returned"))
        self.assertTrue(section < self.names())
        self.assertEqual(self.names("--select", "login/*", "--select", "10.18"),
                         login | section)

    def test_a_profile_without_the_cases_selected_runs_nothing(self):
        self.run_judge("run", "--profile", "discovery", "--select", "login/*", status=77)

    def test_what_is_not_supported_alone_is_nothing_run(self):
        self.run_judge("run", "--select", "chap/login", status=77)


class Reports(Judge):
    _both = None  # a run has all reports: two runs serve every test

    @classmethod
    def setUpClass(cls):
        cls.bad = BadTarget(lets_in_without_a_session)
        cls.bad.__enter__()
        cls.addClassCleanup(cls.bad.__exit__, None, None, None)

    def report(self, option, *arguments, target=None, status=0):
        file = self.folder / "report"
        where = ("--target", target) if target else ()
        self.run_judge("run", *where, option, file, *arguments, status=status)
        return file.read_text()

    def both(self, form):
        """The report on a target without fault, and on one with many."""
        if Reports._both is None:
            Reports._both = [self.every_report(),
                             self.every_report("--select", "login/*", "--timeout", "500ms",
                                               "--target", self.bad.url, status=1)]
        return (reports[form] for reports in Reports._both)

    def every_report(self, *arguments, status=0):
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        files = {form: folder / form for form in ("json", "junit", "html", "markdown")}
        options = [word for form, file in files.items() for word in (f"--{form}", file)]
        self.run_judge("run", *options, *arguments, status=status)
        return {form: file.read_text() for form, file in files.items()}

    def check_schema(self, value, schema):
        if importlib.util.find_spec("jsonschema") is None:
            self.skipTest("SKIPPED: python3-jsonschema is not installed")
        import jsonschema
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.Draft202012Validator(schema).validate(value)

    def test_json_keeps_its_schema(self):
        schema = json.loads(REPORT_SCHEMA.read_text())
        for text in self.both("json"):
            report = json.loads(text)
            self.check_schema(report, schema)
            self.assertEqual(sum(report["figures"]["cases"].values()), len(report["cases"]))
            self.assertEqual(sum(report["figures"]["rules"].values()), len(report["rules"]))
        self.assertTrue(any(case["verdict"] == "fail" for case in report["cases"]))

    def test_the_list_keeps_its_schema(self):
        self.check_schema(json.loads(self.run_judge("list", "--json").stdout),
                          json.loads(LIST_SCHEMA.read_text()))

    def test_junit_has_the_shape_that_ci_systems_agree_on(self):
        for text in self.both("junit"):
            check_junit(self, ElementTree.fromstring(text))

    def test_html_needs_nothing_but_itself(self):
        for text in self.both("html"):
            page = Page()
            page.feed(text)
            page.close()
            self.assertEqual(page.open, [], "elements that are not closed")
            self.assertEqual(page.resources, [])
            self.assertEqual({link for link in page.links if not link.startswith("#")} - {
                link for link in page.links if link.startswith("https://www.rfc-editor.org/rfc/")},
                set())
            self.assertEqual(len(page.ids), len(set(page.ids)), "anchors are unique")
            for link in page.links:
                if link.startswith("#"):
                    self.assertIn(link[1:], page.ids)

    def test_markdown_has_a_table_of_the_broken_rules(self):
        good, bad = self.both("markdown")
        self.assertIn("were kept", good)
        self.assertRegex(bad, r"\*\*\d+ (rules? broken|stor)")

    def test_secrets_stay_out_of_every_report(self):
        with self.bad.logged_as("swordfish") as url:
            for option in ("--json", "--junit", "--html", "--markdown"):
                self.assertNotIn("swordfish", self.report(
                    option, "--select", "chap/login", target=url, status=1))

    def test_the_same_run_gives_the_same_evidence(self):
        first, second = self.folder / "a", self.folder / "b"
        for folder in (first, second):
            self.run_judge("run", "--evidence", folder)
        names = sorted(path.name for path in first.iterdir())
        self.assertGreater(len(names), 400)
        self.assertEqual(names, sorted(path.name for path in second.iterdir()))
        for name in names:
            self.assertEqual((first / name).read_bytes(), (second / name).read_bytes(), name)

    def tshark(self, file, *fields):
        if not shutil.which("tshark"):
            self.skipTest("SKIPPED: tshark is not installed")
        command = ["tshark", "-r", file, "-o", "tcp.check_checksum:TRUE",
                   "-o", "ip.check_checksum:TRUE", "-T", "fields"]
        for field in fields:
            command += ["-e", field]
        result = subprocess.run(command, capture_output=True, timeout=SECONDS)
        self.assertEqual(result.returncode, 0, result.stderr)
        return [line.split("\t") for line in result.stdout.decode().splitlines()]

    def test_wireshark_reads_captures_as_iscsi_and_finds_them_in_order(self):
        self.run_judge("run", "--select", "nop-out/*", "--evidence", self.folder)
        captures = sorted(self.folder.glob("*.pcapng"))
        self.assertGreater(len(captures), 5)
        for capture in captures[:6]:
            rows = self.tshark(capture, "iscsi.opcode", "tcp.analysis.flags", "ip.checksum.status",
                               "tcp.checksum.status", "_ws.malformed", "tcp.len")
            opcodes = [row[0] for row in rows if row[0]]
            self.assertEqual(opcodes[:4], ["0x03", "0x23", "0x03", "0x23"], capture.name)
            for opcode, analysis, ip, tcp, malformed, length in rows:
                self.assertEqual((analysis, ip, tcp, malformed), ("", "1", "1", ""), capture.name)
                self.assertEqual(bool(opcode), length != "0", capture.name)

    def test_captures_name_the_broken_rule_at_its_packet(self):
        self.run_judge("run", "--target", self.bad.url, "--select", "login/byte-by-byte",
                       "--evidence", self.folder, status=1)
        capture, = self.folder.glob("*.pcapng")
        rows = self.tshark(capture, "iscsi.opcode", "frame.comment")
        told = [row for row in rows if "tsih-comes-with-final-login-response" in row[1]]
        self.assertTrue(told, rows)
        self.assertEqual({row[0] for row in told}, {"0x23"})
        self.assertIn("RFC 3720 10.13.3), byte 14", told[0][1])


class Secrets(Judge):
    def serve(self):
        if not ReferenceServer.binary:
            self.skipTest("SKIPPED: needs the reference target")
        server = ReferenceServer(Setup(chap=Account("me", "a secret of 16 b"),
                                       mutual=Account("you", "another of 16 by")))
        self.addCleanup(server.remove)
        server.start()
        return server.url(account=False)

    def test_come_from_a_file_or_the_environment(self):
        url = self.serve()
        lines = ("me%a secret of 16 b", "you%another of 16 by")
        file = self.write("secrets", "\n".join(lines) + "\n")
        file.chmod(stat.S_IRUSR | stat.S_IWUSR)
        chap = ("run", "--target", url, "--select", "chap/login")
        self.run_judge(*chap, "--chap", file)
        self.run_judge(*chap, env={"ISCSI_CONFORM_CHAP": lines[0],
                                   "ISCSI_CONFORM_CHAP_TARGET": lines[1]})
        self.run_judge(*chap, status=77)

    def test_are_refused_without_being_repeated(self):
        file = self.write("secrets", "swordfish\n")
        url = "iscsi://127.0.0.1:1/t"
        line = self.refused("run", "--target", url, "--chap", file)
        self.assertIn("expected user%secret", line)
        self.assertNotIn("swordfish", line)
        line = self.refused("run", "--target", url, env={"ISCSI_CONFORM_CHAP": "swordfish"})
        self.assertIn("ISCSI_CONFORM_CHAP: expected user%secret", line)
        self.assertNotIn("swordfish", line)


class OverTcp(Judge):
    def test_the_reference_passes_stories_and_recordings(self):
        """A recording was made with another target, which had agreed to other values."""
        if not ReferenceServer.binary:
            self.skipTest("SKIPPED: needs the reference target")
        server = ReferenceServer(Setup(luns=[Lun(size=64 * MIB)]))
        self.addCleanup(server.remove)
        server.start()
        file = self.folder / "report.json"
        self.run_judge("run", "--target", server.url(), "--allow-writes", "0:65536", "--json", file)
        passed = [case["name"].split("/")[0] for case in json.loads(file.read_text())["cases"]
                  if case["verdict"] == "pass"]
        self.assertGreaterEqual(sum(name in ("captured", "reconstructed") for name in passed), 34)
        self.assertGreaterEqual(len(passed), 440)


# Targets that do no good. Each is a function that gets a connection, and returns to close it.


def closes_at_once(_):
    pass


def says_nothing(connection):
    while connection.recv(65536):
        pass


def sends_garbage(connection):
    while connection.recv(65536):
        connection.sendall(bytes((i * 37 + 11) % 256 for i in range(512)))


def sends_garbage_unasked(connection):
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 100)
    says_nothing(connection)


def sends_endless_zeros(connection):
    while True:
        connection.sendall(bytes(65536))


def sends_endless_pings(connection):
    ping = bytes([0x20, 0x80]) + bytes(14) + b"\xff" * 4 + b"\xff" * 4 + bytes(24)
    while True:
        connection.sendall(ping * 1000)


def promises_a_huge_segment(connection):
    connection.recv(48)
    connection.sendall(bytes([0x23, 0x87, 0, 0, 0, 0xff, 0xff, 0xff]) + bytes(40))
    while True:
        connection.sendall(bytes(65536))


def never_finishes_a_pdu(connection):
    connection.recv(48)
    connection.sendall(bytes([0x23, 0x87, 0]))
    says_nothing(connection)


def resets(connection):
    connection.recv(48)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def lets_in_without_a_session(connection):
    """Accepts each request like a login, with a TSIH of zero throughout."""
    stream = b""
    stat_sn = 0
    while data := connection.recv(65536):
        stream += data
        while len(stream) >= 48:
            length = 48 + (int.from_bytes(stream[5:8], "big") + 3) // 4 * 4
            if len(stream) < length:
                break
            request, stream = stream[:length], stream[length:]
            answer = bytearray(48)
            answer[0] = 0x23
            answer[1] = request[1] & 0x8f
            answer[8:20] = request[8:20]
            answer[24:28] = stat_sn.to_bytes(4, "big")
            answer[28:36] = request[24:28] * 2
            stat_sn += 1
            connection.sendall(answer)


class BadTarget:
    """A listener on loopback; every connection is a thread with `behave`."""

    def __init__(self, behave):
        self.behave = behave

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"iscsi://127.0.0.1:{self.port}/iqn.2003-01.example:bad"
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    @contextlib.contextmanager
    def logged_as(self, secret):
        yield self.url.replace("iscsi://", f"iscsi://me%{secret}@")

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection, contextlib.suppress(OSError):
            self.behave(connection)


class BadTargets(Judge):
    def judge(self, behave, *arguments):
        """A verdict on each case that was run, and none of them a pass."""
        with BadTarget(behave) as target:
            file = self.folder / "report.json"
            result = self.run_judge("run", "--target", target.url, "--timeout", "100ms", "--json",
                                    file, *arguments, status=1)
        report = json.loads(file.read_text())
        self.assertTrue(report["cases"])
        for case in report["cases"]:
            self.assertIn(case["verdict"], ("fail", "unsupported"), case)
        self.assertIn("fail", [case["verdict"] for case in report["cases"]])
        return report, result

    def test_one_that_closes_every_connection_passes_nothing(self):
        self.judge(closes_at_once)

    def test_one_that_resets_every_connection_passes_nothing(self):
        self.judge(resets, "--profile", "login")

    def test_one_that_says_nothing_is_given_up_soon(self):
        report, _ = self.judge(says_nothing)
        self.assertTrue(any("said nothing" in note for note in report["notes"]), report["notes"])
        self.assertLess(report["microseconds"], 10_000_000)

    def test_one_that_says_nothing_to_replays_is_given_up_too(self):
        report, _ = self.judge(says_nothing, "--select", "captured/*")
        self.assertTrue(any("said nothing" in note for note in report["notes"]), report["notes"])

    def test_one_that_sends_garbage_passes_nothing(self):
        self.judge(sends_garbage)
        self.judge(sends_garbage_unasked, "--profile", "login")

    def test_one_that_never_stops_sending_passes_nothing(self):
        self.judge(sends_endless_zeros, "--select", "login/*-alone")
        self.judge(sends_endless_pings, "--select", "login/*-alone")

    def test_one_that_promises_or_begins_a_pdu_and_does_not_end_it_passes_nothing(self):
        self.judge(promises_a_huge_segment, "--select", "login/*-alone")
        self.judge(never_finishes_a_pdu, "--select", "login/*-alone")


# Readers of reports.

# Attributes and children as Jenkins' xUnit plugin has them (junit-10.xsd), which Surefire, pytest
# and GitLab keep to as well.
JUNIT = {
    "testsuites": ({"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": ({"name", "tests", "failures", "errors", "time", "skipped", "timestamp"},
                  {"properties", "testcase"}),
    "properties": (set(), {"property"}),
    "property": ({"name", "value"}, set()),
    "testcase": ({"name", "time", "classname"}, {"skipped", "error", "failure", "system-out"}),
    "skipped": ({"type", "message"}, set()),
    "error": ({"type", "message"}, set()),
    "failure": ({"type", "message"}, set()),
    "system-out": (set(), set()),
}


def check_junit(test, root):
    test.assertEqual(root.tag, "testsuites")
    for element in root.iter():
        attributes, children = JUNIT[element.tag]
        test.assertLessEqual(set(element.attrib), attributes, element.tag)
        test.assertLessEqual({child.tag for child in element}, children, element.tag)
        if "time" in element.attrib:
            test.assertRegex(element.get("time"), r"^\d+\.\d{3}$")
        if element.tag == "testcase":
            test.assertLessEqual(len(element), 1)
            test.assertTrue(element.get("classname"))
    for suite in root:
        for count, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error"),
                           ("skipped", "skipped")):
            test.assertEqual(int(suite.get(count)), len(list(suite.iter(tag))), count)
    for count in ("tests", "failures", "errors"):
        test.assertEqual(int(root.get(count)), sum(int(suite.get(count)) for suite in root))


class Page(html.parser.HTMLParser):
    """Resources, links and anchors of a page, and elements that were never closed."""

    optional = {"html", "meta", "br", "input", "tr", "td", "th", "thead", "tbody", "li", "i"}

    def __init__(self):
        super().__init__()
        self.open, self.resources, self.links, self.ids = [], [], [], []

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("src", "srcset", "data", "poster") or (tag == "link" and name == "href"):
                self.resources.append(value)
            elif name == "href":
                self.links.append(value)
            elif name == "id":
                self.ids.append(value)
        if tag not in self.optional:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.optional and self.open and self.open[-1] == tag:
            self.open.pop()

    def handle_data(self, data):
        if re.search(r"url\(|@import", data):
            self.resources.append(data)
