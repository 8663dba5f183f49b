"""Peers that hold on to the server without using it, and peers that vanish."""

import os
import signal
import socket
import time
import unittest

import clients
import servers
from scenario import Scenario
from servers import MIB, Lun, wait_until
from wire import Session, login_request, read_10

STALLED = 1000


class Idlers(Scenario):
    def connect(self, port, count):
        """Connections of four sorts: silent, half a header, half the data, one byte."""
        login = login_request({"InitiatorName": "iqn.2004-04.com.example:idler"})
        starts = (b"", login[:24], login[:60], login[:1])
        held = []
        for number in range(count):
            connection = socket.create_connection(("127.0.0.1", port), timeout=10)
            connection.sendall(starts[number % len(starts)])
            held.append(connection)
            self.addCleanup(connection.close)
        return held

    def test_a_thousand_of_them_do_not_stop_one_that_works(self):
        server = self.serve()
        self.succeed("iscsi-inq", server.url())
        before = server.resident_bytes()
        self.connect(server.port, STALLED)
        self.qemu_io(server.url(), "write -P 5 0 8M", "read -P 5 0 8M", seconds=30)
        self.succeed("iscsi-ls", server.portal_url())
        if server.first_lun == 0:
            # A connection that has not logged in costs a few KiB; the disk has 8 MiB of data.
            self.assertLess(server.resident_bytes() - before, 8 * MIB + STALLED * 16 * 1024)

    def test_they_are_dropped_at_the_deadline(self):
        self.needs_reference("deadlines")
        server = self.serve(deadlines={"login-ms": 1000})
        held = self.connect(server.port, 40)
        started = time.monotonic()
        for connection in held:
            self.assertEqual(connection.recv(1), b"", "a connection without login got an answer")
        self.assertLess(time.monotonic() - started, 5)
        self.succeed("iscsi-inq", server.url())

    def test_strangers_beyond_the_limit_wait_and_those_inside_work(self):
        self.needs_reference("limits")
        server = self.serve(extra=["--limit", "connections=8"])
        session = Session(server.port, servers.IQN).settle()
        held = self.connect(server.port, 30)
        self.assertEqual(session.read(0, 8), (bytes(4096), 0))
        for connection in held:
            connection.close()
        wait_until(lambda: clients.run("iscsi-inq", server.url(), seconds=5).status == 0, 20,
                   "a login after the crowd has gone")
        session.logout()


class SlowReaders(Scenario):
    COMMANDS = 60
    BLOCKS = 512  # 256 KiB each: 15 MiB that nobody fetches

    def stall(self, server):
        """Asks for much and reads nothing of it."""
        session = Session(server.port, servers.IQN).settle(server.first_lun)
        session.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.addCleanup(session.close)
        tags = [session.command(read_10(number * self.BLOCKS % 65536, self.BLOCKS),
                                read=self.BLOCKS * 512, lun=server.first_lun)
                for number in range(self.COMMANDS)]
        return session, tags

    def test_stall_nobody_and_cost_a_bounded_amount(self):
        server = self.serve()
        self.qemu_io(server.url(), "write -P 3 0 64M", seconds=30)
        before = server.resident_bytes()
        stalled = [self.stall(server) for _ in range(8)]
        time.sleep(0.5)
        # 8 × 15 MiB are wanted; what is queued for each is bounded (8 MiB, and one command more).
        if server.first_lun == 0:
            self.assertLess(server.resident_bytes() - before, 8 * 13 * MIB)
        started = time.monotonic()
        self.qemu_io(server.url(), "write -P 4 32M 8M", "read -P 4 32M 8M", seconds=20)
        self.assertLess(time.monotonic() - started, 10)
        # And none of it is lost: whoever reads at last gets everything.
        session, tags = stalled[0]
        for tag in tags[:3]:
            data, status = session.finish(tag)
            self.assertEqual((len(data), status), (self.BLOCKS * 512, 0))

    def test_that_vanish_leave_nothing_behind(self):
        server = self.serve()
        for _ in range(3):
            for session, _ in [self.stall(server) for _ in range(4)]:
                # A reset, not a farewell.
                session.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                          b"\1\0\0\0\0\0\0\0")
                session.close()
        self.qemu_io(server.url(), "write -P 4 0 8M", "read -P 4 0 8M", seconds=20)


class Deaths(Scenario):
    def test_a_client_that_dies_in_the_middle_of_a_write_hurts_nobody(self):
        server = self.serve(luns=[Lun(256 * MIB), Lun(64 * MIB)])
        for _ in range(5):
            with self.beside("qemu-img", "bench", "-f", "raw", "-t", "none", "-w", "-c", "10000000",
                             "-d", "32", "-s", "262144", server.url(0)) as victim:
                wait_until(lambda: written_by(victim.pid) > 4 * MIB, 20, "the victim's writes")
                other = clients.start(*clients.qemu_io_command(
                    server.url(1), *["write -P 7 0 32M", "read -P 7 0 32M"] * 3))
                os.kill(victim.pid, signal.SIGKILL)
                result = clients.finish(other)
                self.assertEqual(result.status, 0, f"{result}")
                self.assertNotIn("failed", result.output)
        self.qemu_io(server.url(0), "write -P 8 0 16M", "read -P 8 0 16M")


def written_by(pid):
    """Bytes that a process has passed to write calls so far; sendmsg counts as one of them."""
    with open(f"/proc/{pid}/io", encoding="ascii") as counters:
        values = dict(line.split(": ") for line in counters.read().splitlines())
    return int(values["wchar"])


if __name__ == "__main__":
    unittest.main()
