"""The base of every scenario: a server that must survive it, and clients that must succeed."""

import contextlib
import os
import unittest

import clients
import servers
from servers import Setup


class Scenario(unittest.TestCase):
    """A server is started by `serve`, checked and ended when the scenario is over."""

    longMessage = True

    def serve(self, setup=None, **kinds):
        server = servers.kind()(setup or Setup(**kinds))
        self.addCleanup(server.remove)
        server.start()
        self.addCleanup(self.check_survival, server)
        return server

    def check_survival(self, server):
        """Whatever the clients did: it still runs, ends as asked, and no sanitizer has spoken."""
        self.assertTrue(server.alive(), f"the server has ended by itself:\n{server.log()}")
        self.assertEqual(server.stop(), 0, f"exit status after SIGTERM:\n{server.log()}")
        for word in ("ERROR: AddressSanitizer", "runtime error:", "LeakSanitizer"):
            self.assertNotIn(word, server.log())

    def needs_reference(self, why):
        if servers.kind() is not servers.ReferenceServer:
            self.skipTest(f"only our server: {why}")

    def succeed(self, *command, seconds=clients.SECONDS, env=None):
        result = clients.run(*command, seconds=seconds, env=env)
        self.assertEqual(result.status, 0, f"{result}")
        return result.output

    def fail_to(self, *command, seconds=clients.SECONDS, env=None):
        """A client that has to be refused: it ends by itself, and not well."""
        result = clients.run(*command, seconds=seconds, env=env)
        self.assertIsNotNone(result.status, f"hangs: {result}")
        self.assertNotEqual(result.status, 0, f"{result}")
        return result.output

    def qemu_io(self, url, *commands, seconds=clients.SECONDS):
        result = clients.qemu_io(url, *commands, seconds=seconds)
        self.assertEqual(result.status, 0, f"{result}")
        return result.output

    @contextlib.contextmanager
    def beside(self, *command):
        """A client that runs while the body does and has to be ended by it, one way or another."""
        process = clients.start(*command)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.communicate()


def tool(name):
    """A program of ours that talks through libiscsi; run.py says where they were built."""
    return os.path.join(os.environ["INTEROP_TOOLS"], name)
