"""The base of every scenario of the lab: a guest that uses a target, and what has to hold after."""

import hashlib
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "interop"))

import servers  # noqa: E402
from scenario import Scenario  # noqa: E402
from servers import IQN, MIB, Lun, Setup  # noqa: E402,F401  (what scenarios import from here)

import capture  # noqa: E402
import machine  # noqa: E402
import proxy  # noqa: E402

# An I_T nexus that begins has a unit attention condition: the kernel says so at every login.
NEXUS_BEGINS = (r"sd \d+:\d+:\d+:\d+: Power-on or device reset occurred",)
# A guest whose host gave it no processor for a while says so, and says nothing of the target by it.
HOST_IS_SLOW = (r"hrtimer: interrupt took \d+ ns",)  # seen in CI
ALWAYS = NEXUS_BEGINS + HOST_IS_SLOW
HOST = "10.0.2.2"  # the host's loopback, as QEMU's user network shows it to the guest


def short(test):
    """Marks a scenario as one of those that ./tests/run runs."""
    test.short = True
    return test


class Laboratory:
    """The machines, which live longer than a scenario, and the folder of this run."""

    def __init__(self, image, folder):
        self.image = image
        self.folder = folder
        self.machines = []
        self.booted = 0

    def guest(self, index=0):
        """The machine of this number, running; one that does not answer any more is replaced."""
        while len(self.machines) <= index:
            self.machines.append(None)
        guest = self.machines[index]
        if guest is None or guest.broken or not guest.alive():
            if guest:
                guest.stop()
            guest = self.boot(index)
        return guest

    def boot(self, index, attempts=3):
        """A machine that does not come up says nothing about the target: it is tried again."""
        self.booted += 1
        guest = machine.Machine(self.image, self.folder / f"console-{self.booted}.txt")
        self.machines[index] = guest  # before it starts: so `close` ends it in any case
        try:
            return guest.start()
        except machine.GuestDied:
            if attempts == 1:
                raise
            return self.boot(index, attempts - 1)

    def keep_only_first(self):
        """A second machine is there for the scenario that needs it."""
        for guest in self.machines[1:]:
            if guest:
                guest.stop()
        del self.machines[1:]

    def close(self):
        for guest in self.machines:
            if guest:
                guest.stop()
        self.machines.clear()


class LabScenario(Scenario):
    laboratory = None  # set by run
    judge = None  # the same; None: nothing is captured or judged

    def setUp(self):
        self.folder = self.laboratory.folder / self.name()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.tolerated = list(ALWAYS)
        self.captures = []
        self.guests = []
        self.guest = self.use_guest(0)

    def use_guest(self, index):
        guest = self.laboratory.guest(index)
        self.guests.append(guest)
        self.run_in(guest, "dmesg -c > /dev/null")
        return guest

    @classmethod
    def group(cls):
        return cls.__module__.removesuffix("_scenarios")

    def name(self):
        return f"{self.group()}.{self._testMethodName.removeprefix('test_')}"

    # The target

    def serve(self, setup=None, **kinds):
        server = servers.kind()(setup or Setup(**kinds))
        self.addCleanup(server.remove)
        self.addCleanup(self.keep_log, server)
        server.start()
        self.addCleanup(self.check_survival, server)
        if self.judge:
            wire = capture.Capture(self.folder / f"wire-{len(self.captures) + 1}.pcapng",
                                   server.port)
            self.captures.append(wire)
            wire.start()
            self.addCleanup(self.check_capture, wire)
        return server

    def check_capture(self, wire):
        wire.stop()
        self.assertEqual(self.judge.check(wire.path), [], f"what is wrong in {wire.path}")

    def through_proxy(self, server):
        between = proxy.Proxy(server.port)
        self.addCleanup(between.close)
        return between

    def keep_log(self, server):
        (self.folder / f"target-{server.port}.log").write_text(server.log())

    # The guest

    def run_in(self, guest, script, seconds=120):
        job = guest.run(script, seconds)
        self.assertEqual(job.status, 0, f"in the guest: {job}")
        return job.output

    def run_guest(self, script, seconds=120):
        """Runs a script in the guest, which must succeed; returns what it printed."""
        return self.run_in(self.guest, script, seconds)

    def begin(self, script):
        return self.guest.begin(script)

    def finish(self, job, seconds=300):
        job.wait(seconds)
        self.assertEqual(job.status, 0, f"in the guest: {job}")
        return job.output

    def tolerate(self, *patterns):
        """Kernel messages that this scenario provokes. All others of their severity fail it."""
        self.tolerated += patterns

    def node(self, port, settings=None, guest=None, interface=None):
        """Makes a node record for a portal; returns the options that name it to iscsiadm."""
        node = f"-m node -T {IQN} -p {HOST}:{port}" + (f" -I {interface}" if interface else "")
        script = [f"iscsiadm {node} -o new > /dev/null"]
        script += [f"iscsiadm {node} -o update -n '{key}' -v {shlex.quote(str(value))}"
                   for key, value in (settings or {}).items()]
        self.run_in(guest or self.guest, " && ".join(script))
        return node

    def login(self, port, settings=None, guest=None, interface=None):
        node = self.node(port, settings, guest, interface)
        self.run_in(guest or self.guest, f"iscsiadm {node} --login")
        return node

    def disk(self, port, lun=0, guest=None, interface=""):
        """The block device in the guest, as /dev/sda."""
        return self.run_in(guest or self.guest, f"disk {port} {lun} {interface}").strip()

    def seconds_until_a_command_times_out(self, device, seconds):
        self.run_guest(f"echo {seconds} > /sys/block/{device.removeprefix('/dev/')}/device/timeout")

    def same_on_both_sides(self, server, device):
        """What the guest reads is what lies in the target's file."""
        seen = self.run_guest(f"dd if={device} bs=1M iflag=direct 2>/dev/null | sha256sum", 300)
        self.assertEqual(seen.split()[0], sum_of_file(server.disk(0)))

    def negotiated(self):
        """Key → value of what the only session has settled on, as the kernel says."""
        text = self.run_guest("iscsiadm -m session -P 2")
        return dict(re.findall(r"^\s+(\w+): (\S+)$", text.partition("Negotiated iSCSI")[2],
                               re.MULTILINE))

    def tearDown(self):
        try:
            for guest in self.guests:
                if guest.alive() and not guest.broken:
                    self.leave(guest)
        finally:
            self.laboratory.keep_only_first()

    def leave(self, guest):
        """Logs out of everything and looks at what the kernel has said meanwhile."""
        try:
            guest.run("leave", 180)
            log = guest.run("dmesg -r -c").output
            left = guest.run("ls /sys/class/iscsi_session").output
        except machine.GuestDied:
            guest.broken = True
            raise
        if left.strip():
            guest.broken = True
            self.fail(f"sessions that do not log out: {left}")
        with open(self.folder / "kernel.log", "a", encoding="utf-8") as out:
            out.write(log)
        self.assertEqual(complaints(log, self.tolerated), [], "what the kernel complained of")


def complaints(log, tolerated):
    """The lines of severity warning and up that match none of the patterns."""
    lines = [line for line in log.splitlines() if re.match(r"<[0-4]>", line)]
    return [line for line in lines if not any(re.search(one, line) for one in tolerated)]


def sums(listing):
    """Path → checksum, from the lines of sha256sum."""
    found = {}
    for line in listing.splitlines():
        value, _, path = line.partition("  ")
        found[path] = value
    return found


def sums_of_folder(folder):
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in folder.rglob("*") if path.is_file() and path.parent.name != "lost+found"}


def sums_of_image(image, folder):
    """Path → checksum of every file of the ext4 file system in `image`, by debugfs."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    subprocess.run(["debugfs", "-R", f'rdump / "{folder}"', str(image)], check=True, timeout=120,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    found = sums_of_folder(folder)
    shutil.rmtree(folder)
    return found


def check_file_system(image):
    """What e2fsck of the host has against it; empty when it is clean. Changes nothing."""
    done = subprocess.run(["e2fsck", "-fn", str(image)], stdin=subprocess.DEVNULL, timeout=120,
                          capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def sum_of_file(path, start=0, size=None):
    with open(path, "rb") as data:
        data.seek(start)
        return hashlib.sha256(data.read(size if size is not None else -1)).hexdigest()
