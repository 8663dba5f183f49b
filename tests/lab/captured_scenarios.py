"""Short sessions of one kind each, for traces/captured/: a login, reads and writes, a logout."""

import time

import lab_scenario
import proxy
from ext4_scenarios import INITIATOR, TARGET, chap
from faults_scenarios import CONNECTION_LOST, Withholder
from lab_scenario import HOST, IQN, MIB, LabScenario, Lun


class Captured(LabScenario):
    def session(self, settings=None, setup=None, between=None):
        """Logs in through `between`, if given; returns the target, the device, the node."""
        server = self.serve(**{"luns": [Lun(16 * MIB, in_file=True)], **(setup or {})})
        between = between(server) if between else None
        self.port = between.port if between else server.port
        node = self.login(self.port, settings)
        return server, self.disk(self.port), node, between

    def write(self, device, kilobytes=96, at=1, more=""):
        """One stretch of random bytes, by commands of 32 KiB, at so many times 32 KiB."""
        return self.begin(
            f"head -c {kilobytes * 1024} /dev/urandom > /tmp/data{at} && "
            f"dd if=/tmp/data{at} of={device} bs=32k seek={at} oflag=direct conv=notrunc{more} "
            "2>&1")

    def compare(self, server, device, kilobytes=96, at=1):
        seen = self.run_guest(
            f"sha256sum < /tmp/data{at} | cut -d' ' -f1; dd if={device} bs=32k skip={at} "
            f"count={kilobytes // 32} iflag=direct 2>/dev/null | sha256sum | cut -d' ' -f1").split()
        self.assertEqual(seen[0], seen[1])
        self.assertEqual(seen[0], lab_scenario.sum_of_file(server.disk(0), at * 32768,
                                                           kilobytes * 1024))

    def write_and_read(self, settings=None, setup=None, kilobytes=64):
        server, device, node, _ = self.session(settings, setup)
        self.finish(self.write(device, kilobytes, more=",fsync"))
        self.compare(server, device, kilobytes)
        self.run_guest(f"iscsiadm {node} --logout")

    def test_plain(self):
        self.write_and_read()

    def test_discovery(self):
        server = self.serve(luns=[Lun(MIB), Lun(MIB)])
        self.run_guest(f"iscsiadm -m discovery -t sendtargets -p {HOST}:{server.port} | grep {IQN}")

    def test_mutual_chap(self):
        self.write_and_read(chap(INITIATOR, TARGET), {"chap": INITIATOR, "mutual": TARGET}, 32)

    def test_wrong_secret(self):
        server = self.serve(chap=INITIATOR)
        self.tolerate(CONNECTION_LOST)
        wrong = chap(lab_scenario.servers.Account(INITIATOR.name, "not-this-one-1234"))
        node = self.node(server.port, wrong)
        self.assertEqual(self.guest.run(f"iscsiadm {node} --login").status, 24)

    def test_digests(self):
        self.write_and_read({"node.conn[0].iscsi.HeaderDigest": "CRC32C",
                             "node.conn[0].iscsi.DataDigest": "CRC32C"}, kilobytes=32)

    def test_nothing_unsolicited(self):
        self.write_and_read({"node.session.iscsi.InitialR2T": "Yes",
                             "node.session.iscsi.ImmediateData": "No"}, kilobytes=32)

    def test_small_bursts(self):
        self.write_and_read({"node.session.iscsi.FirstBurstLength": 2048,
                             "node.session.iscsi.MaxBurstLength": 4096,
                             "node.conn[0].iscsi.MaxRecvDataSegmentLength": 512},
                            {"text": {"MaxRecvDataSegmentLength": 1024}}, kilobytes=32)

    def timed_out(self, misdirected=()):
        server, device, node, between = self.session(
            {"node.session.iscsi.InitialR2T": "Yes", "node.session.iscsi.ImmediateData": "No"},
            between=self.through_proxy)
        self.seconds_until_a_command_times_out(device, 4)
        between.withhold = waiting = Withholder((), misdirected)
        self.finish(self.write(device, 32))
        self.assertTrue(waiting.over)
        self.compare(server, device, 32)
        self.run_guest(f"iscsiadm {node} --logout")
        self.assertEqual(between.logins, 1)
        return between

    def test_aborted(self):
        self.timed_out()

    def test_logical_unit_reset(self):
        between = self.timed_out((proxy.ABORT_TASK,))
        self.assertEqual(between.seen[proxy.TASK_MANAGEMENT, proxy.LOGICAL_UNIT_RESET], 1)

    def test_cut(self):
        """The connection breaks in the middle of a write; the session is reinstated."""
        self.tolerate(CONNECTION_LOST)
        server, device, node, between = self.session(between=self.through_proxy)
        link = between.links[0]
        link.limit = {"guest": link.count["guest"] + 20_000}
        self.finish(self.write(device, 32))
        self.assertEqual(between.cuts_made, 1)
        self.compare(server, device, 32)
        self.run_guest(f"iscsiadm {node} --logout")
        self.assertEqual(between.logins, 2)

    def test_asked_to_log_out(self):
        self.tolerate(CONNECTION_LOST, r"rejected. Reason code 0xc")
        server, device, node, between = self.session(between=self.through_proxy)
        self.finish(self.write(device, 32))
        self.assertEqual(server.stop(), 0)
        server.start()
        self.finish(self.write(device, 32, at=4))
        self.compare(server, device, 32, at=4)
        self.run_guest(f"iscsiadm {node} --logout")
        self.assertEqual(between.seen[proxy.ASYNC_MESSAGE], 1)

    def test_pinged(self):
        """Nothing to do for 12 seconds: the kernel pings the target."""
        _, _, node, between = self.session(between=self.through_proxy)
        time.sleep(12)
        self.run_guest(f"iscsiadm {node} --logout")
        self.assertGreaterEqual(between.seen[proxy.NOP_OUT], 2)
