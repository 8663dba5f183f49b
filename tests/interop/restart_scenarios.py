"""Servers that end and begin again under their clients, gently and not."""

import random
import time
import unittest

import clients
import servers
from scenario import Scenario, tool
from servers import MIB, Lun


class Durability(Scenario):
    """SIGKILL in the middle of writes loses nothing that was acknowledged as durable."""

    def lose_nothing(self, mode):
        server = self.serve(luns=[Lun(64 * MIB, in_file=True)])
        log = server.folder / "promises"
        for seed in range(1, 5):
            writer = clients.start(tool("durable_writer"), "write", server.url(), log, mode, seed)
            servers.wait_until(lambda: promises(log, seed) > 200, 20, "promises")
            time.sleep(random.uniform(0, 0.3))
            server.kill()
            result = clients.finish(writer, seconds=20)
            self.assertEqual(result.status, 0, f"{result}")
            server.start()
            self.succeed(tool("durable_writer"), "verify", server.url(), log)

    def test_what_was_flushed_is_there(self):
        self.lose_nothing("flush")

    def test_what_was_written_with_force_unit_access_is_there(self):
        self.lose_nothing("fua")

    def test_the_comparison_notices_a_loss(self):
        """The same with a disk that forgets: the scenario has to fail on it."""
        server = self.serve(luns=[Lun(64 * MIB, in_file=True)])
        log = server.folder / "promises"
        writer = clients.start(tool("durable_writer"), "write", server.url(), log, "fua", 1)
        servers.wait_until(lambda: promises(log, 1) > 200, 20, "promises")
        server.kill()
        clients.finish(writer, seconds=20)
        with open(server.disk(0), "r+b") as disk:
            disk.truncate(0)
            disk.truncate(64 * MIB)
        server.start()
        self.assertIn("was promised", self.fail_to(tool("durable_writer"), "verify", server.url(),
                                                   log))


def promises(log, seed):
    """How many writes of this run have been promised so far."""
    if not log.exists():
        return 0
    return sum(int(line.split()[1]) >> 32 == seed
               for line in log.read_text().splitlines() if line.startswith("durable "))


class Restarts(Scenario):
    """QEMU's driver comes back by itself and repeats what was not answered."""

    def client_lives_on(self, end):
        server = self.serve(luns=[Lun(64 * MIB, in_file=True)])
        client = clients.start(*clients.qemu_io_command(
            server.url(), "write -P 1 0 8M", "sleep 3000",
            *[f"write -P {number} {number}M 1M" for number in range(10, 20)],
            "read -P 1 0 8M", *[f"read -P {number} {number}M 1M" for number in range(10, 20)]))
        servers.wait_until(lambda: server.disk(0).stat().st_blocks * 512 >= 8 * MIB, 20,
                           "the first write")
        time.sleep(0.3)
        end(server)
        time.sleep(0.5)
        server.start()
        result = clients.finish(client, seconds=60)
        self.assertEqual(result.status, 0, f"{result}")
        self.assertNotIn("failed", result.output)
        self.assertEqual(result.output.count("wrote"), 11, result.output)

    def test_after_a_farewell(self):
        self.client_lives_on(lambda server: self.assertEqual(server.stop(), 0))

    def test_after_a_crash(self):
        self.client_lives_on(lambda server: server.kill())

    def test_with_writes_in_flight(self):
        """A long stream of writes goes on over two crashes, and every byte of it arrives."""
        server = self.serve(luns=[Lun(256 * MIB, in_file=True)])
        image = server.folder / "image.raw"
        with open(image, "wb") as out:
            out.write(random.Random(7).randbytes(64 * MIB))
            out.truncate(256 * MIB)
        copy = clients.start("qemu-img", "convert", "-n", "-r", "64M", "-f", "raw", "-O", "raw",
                             image, server.url())
        for megabytes in (8, 24):
            servers.wait_until(
                lambda: server.disk(0).stat().st_blocks * 512 >= megabytes * MIB, 30, "writes")
            server.kill()
            time.sleep(0.3)
            server.start()
        result = clients.finish(copy, seconds=60)
        self.assertEqual(result.status, 0, f"{result}")
        self.succeed("qemu-img", "compare", "-f", "raw", "-F", "raw", image, server.url())


if __name__ == "__main__":
    unittest.main()
