"""The program as an operator meets it: flags, files, refusals, signals, log."""

import json
import pathlib
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import clients
import servers
from scenario import Scenario
from servers import MIB, Account, Lun
from wire import Session, login_request


class Program(Scenario):
    def setUp(self):
        self.needs_reference("its command line")

    def refused(self, *arguments):
        """The one line with which the program refuses to start."""
        done = subprocess.run([servers.ReferenceServer.binary, *arguments], timeout=20,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              check=False)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        return done.returncode, done.stderr

    def test_without_arguments_it_serves_memory_on_the_usual_port(self):
        if servers.accepts(3260):
            self.skipTest("port 3260 is in use on this machine")
        process = subprocess.Popen([servers.ReferenceServer.binary], stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(process.stdout.close)
        try:
            url = process.stdout.readline().strip()
            self.assertRegex(url, r"^iscsi://127\.0\.0\.1:3260/iqn\.\S+/0$")
            self.assertIn("Total size:67108864", self.succeed("iscsi-readcapacity16", url))
        finally:
            process.terminate()
            self.assertEqual(process.wait(20), 0)

    def test_what_it_cannot_do_it_says_in_a_line(self):
        self.assertEqual(self.refused("--frobnicate")[0], 2)
        status, line = self.refused("--lun", "memory:1X")
        self.assertEqual(status, 2)
        self.assertIn("--lun: expected a size", line)
        status, line = self.refused("--listen", "127.0.0.1:0", "--lun", "file:/nowhere/disk:1M")
        self.assertNotEqual(status, 0)
        self.assertIn("/nowhere/disk", line)

    def test_its_record_of_a_real_initiator_is_repeated_bit_for_bit(self):
        with tempfile.TemporaryDirectory() as folder:
            record = pathlib.Path(folder) / "record.pcapng"
            server = self.serve(luns=[Lun(8 * MIB), Lun(4 * MIB, in_file=True)],
                                chap=Account("user", "secret-of-twelve"),
                                extra=["--record", str(record)])
            self.succeed("iscsi-inq", server.url())
            self.assertIn("300 KiB", clients.qemu_io(
                server.url(1), "write -P 0x5a 0 300k", "read -P 0x5a 0 300k", "flush").output)
            server.stop()
            self.assertEqual(record.stat().st_mode & 0o077, 0)
            command = [servers.ReferenceServer.binary, "--repeat", str(record)]
            done = subprocess.run(command, timeout=20, capture_output=True, text=True, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertRegex(done.stdout, r"^\d+ events, \d{6} bytes received, \d{6} bytes sent")
            whole = bytearray(record.read_bytes())
            self.assertIn(b"REFERENC", whole)
            whole[whole.index(b"REFERENC")] ^= 1
            record.write_bytes(whole)
            done = subprocess.run(command, timeout=20, capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr, r"event \d+: other bytes were sent")
            server.start()  # a scenario ends with a server that runs

    def test_a_file_is_served_once_at_a_time(self):
        server = self.serve(luns=[Lun(4 * MIB, in_file=True)])
        status, line = self.refused("--listen", "127.0.0.1:0", "--lun", f"file:{server.disk(0)}")
        self.assertNotEqual(status, 0)
        self.assertIn("in use", line)

    def test_a_port_is_served_once_at_a_time(self):
        server = self.serve()
        status, line = self.refused("--listen", f"127.0.0.1:{server.port}")
        self.assertNotEqual(status, 0)
        self.assertIn(str(server.port), line)

    def test_a_file_configures_everything(self):
        folder = pathlib.Path(
            self.enterContext(tempfile.TemporaryDirectory(prefix="iscsi-interop-")))
        (folder / "secret").write_text("a-secret-from-a-file\n")
        path = folder / "target.json"
        path.write_text(json.dumps({
            "listen": ["127.0.0.1:0"], "name": servers.IQN, "alias": "from a file",
            "luns": ["memory:8M", {"file": str(folder / "disk"), "size": "16M"},
                     {"memory": "8M", "block-size": 4096}],
            "chap": [{"name": "user", "secret-file": str(folder / "secret")}],
            "initiators": ["iqn.2004-04.com.example:friend"],
            "text": {"InitialR2T": True, "MaxBurstLength": 8192, "FirstBurstLength": 4096}}))
        server = Configured(path, chap=Account("user", "a-secret-from-a-file"))
        self.addCleanup(server.remove)
        server.start()
        friend = ("-i", "iqn.2004-04.com.example:friend")
        for index, size in enumerate((8, 16, 8)):
            self.assertIn(f"Total size:{size * MIB}",
                          self.succeed("iscsi-readcapacity16", *friend, server.url(index)))
        self.assertIn("LENGTH IN BYTES:4096",
                      self.succeed("iscsi-readcapacity16", *friend, server.url(2)))
        self.fail_to("iscsi-inq", "-i", "iqn.2004-04.com.example:foe", server.url())
        self.fail_to("iscsi-inq", *friend, server.url(account=False))
        self.check_survival(server)

    def test_secrets_in_files_stay_out_of_the_process_list(self):
        secret = "nobody-else-should-see-this"
        server = self.serve(chap=Account("user", secret))
        self.succeed("iscsi-inq", server.url())
        command_line = pathlib.Path(f"/proc/{server.pid}/cmdline").read_text()
        self.assertIn("--chap", command_line)
        self.assertNotIn(secret, command_line)
        self.assertNotIn(secret, server.log())

    def test_a_redirection_is_followed(self):
        there = self.serve(luns=[Lun(16 * MIB)])
        here = self.serve(extra=["--redirect", there.portal()])
        self.assertIn(f"Total size:{16 * MIB}",
                      self.succeed("iscsi-readcapacity16", here.url()))

    def test_a_permanent_redirection_is_told(self):
        """libiscsi follows temporary ones only."""
        here = self.serve(extra=["--redirect-permanently", "127.0.0.1:1"])
        self.assertIn("Target moved permanently(258)",
                      self.fail_to("iscsi-readcapacity16", here.url()))


class Signals(Scenario):
    def test_ends_within_seconds_whoever_is_connected(self):
        self.needs_reference("the stand-in outlives SIGTERM")
        server = self.serve(luns=[Lun(256 * MIB)])
        busy = clients.start("qemu-img", "bench", "-f", "raw", "-t", "none", "-w", "-c", "10000000",
                             "-d", "32", "-s", "65536", server.url())
        self.addCleanup(busy.stdout.close)
        self.addCleanup(busy.wait)
        self.addCleanup(busy.kill)
        idle = Session(server.port, servers.IQN)
        self.addCleanup(idle.close)
        half = socket.create_connection(("127.0.0.1", server.port))
        self.addCleanup(half.close)
        half.sendall(login_request({})[:20])
        time.sleep(1)
        started = time.monotonic()
        self.assertEqual(server.stop(), 0, server.log())
        self.assertLess(time.monotonic() - started, 15)
        server.start()

    def test_tells_its_clients_before_it_ends(self):
        """An asynchronous message that asks for a logout (RFC 3720 10.9.1, event 1)."""
        self.needs_reference("the stand-in outlives SIGTERM")
        server = self.serve()
        session = Session(server.port, servers.IQN).settle()
        server.process.send_signal(signal.SIGTERM)
        message = session.receive()
        self.assertEqual((message.opcode, message.header[36]), (0x32, 1), message.header.hex())
        session.logout()
        self.assertEqual(server.process.wait(20), 0)
        server.start()


class Log(Scenario):
    def test_names_the_rule_that_a_peer_broke(self):
        self.needs_reference("its log")
        server = self.serve(chap=Account("user", "a-secret-of-some-length"))
        self.fail_to("iscsi-inq", server.url().replace("length", "lenght"))
        self.expect_line(server, "chap-response-is-right")
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as stranger:
            stranger.sendall(b"\x40" + bytes(47))
            self.assertEqual(stranger.recv(1), b"", "anything but a login gets no answer")
        self.expect_line(server, "first-pdu-is-login-request")

    def test_names_a_peer_that_has_gone(self):
        """Its end is what broke the rule: it has a name all the same."""
        self.needs_reference("its log")
        server = self.serve()
        with socket.create_connection(("127.0.0.1", server.port)) as stranger:
            name = "127.0.0.1:%d: " % stranger.getsockname()[1]
            stranger.sendall(login_request({})[:20])
        self.expect_line(server, "pdu-is-complete")
        self.assertIn(name + "pdu-is-complete", server.log())

    def expect_line(self, server, rule):
        servers.wait_until(lambda: rule in server.log(), 5, f"a line that names {rule}")


class Configured(servers.ReferenceServer):
    """Our server, started from a file."""

    def __init__(self, path, **setup):
        super().__init__(servers.Setup(**setup))
        self.path = path

    def arguments(self):
        return ["--config", str(self.path)]


if __name__ == "__main__":
    unittest.main()
