"""Digests on everything, by an initiator on a bare socket: libiscsi has header digests only."""

import itertools
import os
import unittest

import servers
from scenario import Scenario
from servers import MIB, Lun
from wire import Session, crc32c


class Digests(Scenario):
    def test_the_digest_used_here_is_the_rfcs(self):
        """The examples of RFC 3720 B.4."""
        self.assertEqual(crc32c(bytes(32)).hex(), "aa36918a")
        self.assertEqual(crc32c(b"\xff" * 32).hex(), "43aba862")
        self.assertEqual(crc32c(bytes(range(32))).hex(), "4e79dd46")
        self.assertEqual(crc32c(bytes(range(31, -1, -1))).hex(), "5cdb3f11")

    def test_header_and_data_digests_in_all_combinations(self):
        server = self.serve(luns=[Lun(4 * MIB)])
        for header, data in itertools.product(("None", "CRC32C"), repeat=2):
            with self.subTest(header=header, data=data):
                session = Session(server.port, servers.IQN, keys={
                    "HeaderDigest": header, "DataDigest": data})
                self.assertEqual(session.status, 0)
                self.assertEqual((session.keys["HeaderDigest"], session.keys["DataDigest"]),
                                 (header, data))
                self.exchange(session, server.first_lun)
                # Of each PDU received: one digest of the header, one of data if it has any.
                wanted = (header == "CRC32C") + (data == "CRC32C")
                self.assertGreaterEqual(session.digests_seen, 3 * wanted)
                self.assertEqual(session.digests_seen == 0, wanted == 0)
                session.logout()

    def exchange(self, session, lun):
        session.settle(lun)
        for blocks in (1, 3, 16):
            written = os.urandom(blocks * 512)
            self.assertEqual(session.write(7, written, lun=lun), 0)
            self.assertEqual(session.read(7, blocks, lun=lun), (written, 0))

    def test_a_list_is_answered_by_what_comes_first(self):
        self.needs_reference("the stand-in prefers its own order")
        server = self.serve(luns=[Lun(4 * MIB)])
        for offered, answer in (("CRC32C,None", "CRC32C"), ("None,CRC32C", "None")):
            session = Session(server.port, servers.IQN, keys={"DataDigest": offered})
            self.assertEqual(session.keys["DataDigest"], answer)
            self.exchange(session, server.first_lun)
            session.close()


if __name__ == "__main__":
    unittest.main()
