"""Targets that die, connections that break, commands that time out: the kernel comes back, and no
byte is wrong afterwards."""

import random
import signal
import time

import proxy
from lab_scenario import MIB, LabScenario, Lun, short
from servers import wait_until

# What open-iscsi's kernel side says when a connection is lost: the number is the kind of loss.
CONNECTION_LOST = r"connection\d+:0: detected conn error"
PING_TIMEOUT = r"connection\d+:0: ping timeout of \d+ secs expired"


class Faults(LabScenario):
    """Every scenario writes and verifies by fio while something goes wrong, then compares."""

    size = 16 * MIB

    def serve_file(self, **more):
        return self.serve(luns=[Lun(self.size, in_file=True)], **more)

    def fio(self, device, more=""):
        """Writes for so long that faults can happen meanwhile, then verifies what it wrote."""
        return self.begin(
            f"fio --name=job --filename={device} --ioengine=libaio --direct=1 --rw=randwrite "
            f"--size={self.size} --verify=crc32c --verify_fatal=1 --do_verify=1 "
            f"--bsrange=4k-128k --iodepth=16 --randseed=7 {more} 2>&1")

    def writes_go_on(self, server, megabytes, seconds=120):
        """Waits until the target's file has so much more in it, or has been written to anew."""
        before = server.disk(0).stat()
        wait_until(lambda: server.disk(0).stat().st_blocks * 512 >=
                   min(before.st_blocks * 512 + megabytes * MIB, self.size) and
                   server.disk(0).stat().st_mtime_ns > before.st_mtime_ns, seconds, "writes")

    def ends_and_returns(self, end, times):
        server = self.serve_file()
        self.tolerate(CONNECTION_LOST)
        self.login(server.port)
        device = self.disk(server.port)
        job = self.fio(device, "--rate=6m")
        for pause in times:
            self.writes_go_on(server, 4)
            end(server)
            time.sleep(pause)
            self.assertFalse(job.done.is_set(), f"over before the target ended: {job}")
            server.start()
        self.finish(job, 400)
        self.same_on_both_sides(server, device)

    @short
    def test_killed(self):
        """SIGKILL under writes, twice, the second time for longer."""
        self.ends_and_returns(lambda server: server.kill(), (0.2, 3))

    def test_killed_often(self):
        self.size = 32 * MIB
        self.ends_and_returns(lambda server: server.kill(), (0.1, 1, 0.5, 2, 0.1, 8))

    @short
    def test_asked_to_log_out(self):
        """SIGTERM under writes: the target asks for a logout, and ends when that is done. Commands
        that come after the request it may reject (RFC 3720 10.9.1), and the kernel says so."""
        server = self.serve_file()
        between = self.through_proxy(server)
        self.tolerate(CONNECTION_LOST, r"pdu \(op 0x1 itt \w+\) rejected. Reason code 0xc")
        self.login(between.port)
        device = self.disk(between.port)
        job = self.fio(device, "--rate=6m")
        for times in (1, 2):
            self.writes_go_on(server, 4)
            self.assertEqual(server.stop(), 0, server.log())
            self.assertEqual(between.seen[proxy.ASYNC_MESSAGE], times)
            self.assertEqual(between.seen[proxy.LOGOUT], times)
            self.assertEqual(between.seen[proxy.LOGOUT_RESPONSE], times)
            server.start()
        self.finish(job, 400)
        self.same_on_both_sides(server, device)

    # Linux gives a command up that fails six times. So more gets through on each connection than is
    # under way at once: four commands of at most 64 KiB.
    modest = "--iodepth=4 --bsrange=4k-64k"
    spans = {"guest": (300_000, 1_500_000), "target": (2_500, 6_000)}

    def cuts(self, seed, sides):
        """For each connection, the side and the bytes from it after which it is cut."""
        lengths = random.Random(seed)
        return [(side, lengths.randrange(*self.spans[side])) for side in sides]

    def cut(self, cuts, settings=None):
        server = self.serve_file()
        between = self.through_proxy(server)
        self.tolerate(CONNECTION_LOST)
        self.login(between.port, settings)
        device = self.disk(between.port)
        between.cuts = list(cuts)
        job = self.fio(device, self.modest)
        between.links[0].cut()  # the connections to come are the ones that are cut
        self.finish(job, 60 + 20 * len(cuts))
        self.same_on_both_sides(server, device)
        self.assertEqual(between.cuts_made, len(cuts), "too little was written to cut it so often")
        self.assertNotIn("?:", server.log(), "a peer without a name")

    @short
    def test_cut(self):
        """The connection breaks in the middle of a burst, again and again."""
        self.cut(self.cuts(1, ["guest"] * 6))

    def test_cut_often_either_way(self):
        self.size = 32 * MIB
        self.cut(self.cuts(2, ["guest", "target"] * 6))

    def test_cut_with_digests(self):
        self.size = 32 * MIB
        self.cut(self.cuts(3, ["guest", "target"] * 4),
                 {"node.conn[0].iscsi.HeaderDigest": "CRC32C",
                  "node.conn[0].iscsi.DataDigest": "CRC32C"})

    def time_out(self, lost=(), misdirected=()):
        """Data of a write is lost until the kernel sends a task management request that gets
        through; then the rest of the job has to go well. `lost`, `misdirected`: functions that do
        not reach the target, or reach it with a task tag that it does not know."""
        server = self.serve_file()
        between = self.through_proxy(server)
        self.tolerate(r"sd .* \[sd.\] tag#\d+ ")
        self.login(between.port, {
            "node.session.iscsi.InitialR2T": "Yes", "node.session.iscsi.ImmediateData": "No",
            "node.session.err_timeo.abort_timeout": 4,
            "node.session.err_timeo.lu_reset_timeout": 4})
        device = self.disk(between.port)
        self.seconds_until_a_command_times_out(device, 5)
        job = self.fio(device)
        self.writes_go_on(server, 4)
        between.withhold = waiting = Withholder(lost, misdirected)
        self.finish(job, 400)
        self.assertIsNotNone(waiting.tag, "no data was there to be lost")
        self.assertTrue(waiting.over)
        self.same_on_both_sides(server, device)
        return between

    @short
    def test_aborted(self):
        """A write whose data does not come: the kernel aborts the task, the target has it and
        agrees; the session goes on, and so does the write."""
        between = self.time_out()
        self.assertGreaterEqual(between.seen[proxy.TASK_MANAGEMENT, proxy.ABORT_TASK], 1)
        self.assertGreaterEqual(between.seen[proxy.TASK_MANAGEMENT_RESPONSE, 0], 1)
        self.assertEqual(between.logins, 1, "by the session it had")

    def test_logical_unit_reset(self):
        """The target does not know the task that is to be aborted: the kernel resets the unit."""
        between = self.time_out(misdirected=(proxy.ABORT_TASK,))
        self.assertGreaterEqual(between.seen[proxy.TASK_MANAGEMENT_RESPONSE, 1], 1)
        self.assertGreaterEqual(between.seen[proxy.TASK_MANAGEMENT, proxy.LOGICAL_UNIT_RESET], 1)
        self.assertGreaterEqual(between.seen[proxy.TASK_MANAGEMENT_RESPONSE, 0], 1)
        self.assertEqual(between.logins, 1, "by the session it had")

    def test_abort_without_answer(self):
        """ABORT TASK is lost: the kernel gives the session up and makes it anew."""
        self.tolerate(CONNECTION_LOST)
        between = self.time_out(lost=(proxy.ABORT_TASK,))
        self.assertGreaterEqual(between.logins, 2)

    def test_reset_without_answer(self):
        self.tolerate(CONNECTION_LOST)
        between = self.time_out(misdirected=(proxy.ABORT_TASK,), lost=(proxy.LOGICAL_UNIT_RESET,))
        self.assertGreaterEqual(between.seen[proxy.TASK_MANAGEMENT, proxy.LOGICAL_UNIT_RESET], 1)
        self.assertGreaterEqual(between.logins, 2)

    def test_resets_by_hand(self):
        """sg_reset while writes are under way: the unit, then the whole target, four times."""
        self.size = 32 * MIB
        server = self.serve_file()
        between = self.through_proxy(server)
        self.login(between.port)
        device = self.disk(between.port)
        job = self.fio(device, "--rate=2m")
        for flag in ("-d", "-t") * 4:
            self.writes_go_on(server, 1)
            self.run_guest(f"sg_reset -N {flag} {device}")
        self.finish(job, 400)
        self.same_on_both_sides(server, device)
        for function in (proxy.LOGICAL_UNIT_RESET, proxy.TARGET_WARM_RESET):
            self.assertEqual(between.seen[proxy.TASK_MANAGEMENT, function], 4, function)
        self.assertEqual(between.seen[proxy.TASK_MANAGEMENT_RESPONSE, 0], 8)
        self.assertEqual(between.logins, 1, "by the session it had")

    def stopped(self, seconds, settings, command_seconds):
        """SIGSTOP: nothing is answered, then everything at once, to connections given up since."""
        server = self.serve_file()
        self.tolerate(CONNECTION_LOST, PING_TIMEOUT, r"sd .* \[sd.\] tag#\d+ ")
        self.login(server.port, settings)
        device = self.disk(server.port)
        self.seconds_until_a_command_times_out(device, command_seconds)
        job = self.fio(device, "--rate=3m")
        for _ in range(2):
            self.writes_go_on(server, 2)
            server.process.send_signal(signal.SIGSTOP)
            try:
                time.sleep(seconds)
            finally:
                server.process.send_signal(signal.SIGCONT)
        self.finish(job, 400)
        self.same_on_both_sides(server, device)

    def test_stopped_until_tasks_are_aborted(self):
        self.stopped(9, {"node.session.err_timeo.abort_timeout": 15}, command_seconds=5)

    def test_stopped_until_the_session_is_given_up(self):
        """Pings get no answer; logins are tried while the target stands still. Linux gives a
        command up after six times the seconds that it has, so those are more here."""
        self.stopped(25, {"node.conn[0].timeo.noop_out_interval": 3,
                          "node.conn[0].timeo.noop_out_timeout": 3,
                          "node.conn[0].timeo.login_timeout": 5}, command_seconds=30)


class Withholder:
    """Loses the data of the first write that it sees, and what else it is told to, until the kernel
    gets through with a task management request or makes the session anew."""

    def __init__(self, lost, misdirected):
        self.lost = lost
        self.misdirected = misdirected
        self.tag = None
        self.over = False

    def __call__(self, pdu):
        if self.over:
            return False
        if pdu.opcode == proxy.DATA_OUT:
            if self.tag is None:
                self.tag = pdu.tag
            return pdu.tag == self.tag
        if pdu.opcode == proxy.LOGIN:
            self.over = True  # the session was given up, and the task with it
        if pdu.opcode == proxy.TASK_MANAGEMENT and self.tag is not None:
            if pdu.function in self.lost:
                return True
            if pdu.function in self.misdirected:
                pdu.rename_referenced_task()
            else:
                self.over = True
        return False
