"""A virtual machine that runs the guest, and the line by which the host gives it commands."""

import base64
import ctypes
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

from packages import NotToBeHad

BOOT_SECONDS = 180  # 7 s on an idle machine; others may compile beside it
LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


def die_with_parent():
    """Of a child: it is killed when the thread that made it ends, even by SIGKILL (prctl(2))."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class GuestDied(Exception):
    """The guest does not answer any more; the machine is of no use to later scenarios."""


class Job:
    """A command that runs in the guest."""

    def __init__(self, machine, script):
        self.machine = machine
        self.script = script
        self.done = threading.Event()
        self.status = None
        self.output = ""

    def wait(self, seconds=120):
        """Waits for its end. The guest is given up if that does not come in time."""
        deadline = time.monotonic() + seconds
        while not self.done.wait(0.2):
            if time.monotonic() > deadline:
                self.machine.broken = True
                raise GuestDied(f"not done within {seconds} s: {self.script}")
            if not self.machine.alive():
                raise GuestDied(f"the machine ended during: {self.script}")
        return self

    def __str__(self):
        return f"{self.script}\nexit status {self.status}\n{self.output}"


class Machine:
    """QEMU with one network interface: 10.0.2.2 is the host's loopback."""

    def __init__(self, image, console, megabytes=640):
        self.qemu = shutil.which("qemu-system-x86_64")
        if not self.qemu:
            raise NotToBeHad("no qemu-system-x86_64 here")
        self.image = image
        self.console = pathlib.Path(console)
        self.megabytes = megabytes
        self.broken = False
        self.process = None
        self.line = None
        self.jobs = {}
        self.number = 0
        self.ready = threading.Event()
        self.sending = threading.Lock()

    def command(self, agent):
        return [self.qemu, "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2",
                "-m", str(self.megabytes), "-nodefaults", "-no-user-config", "-display", "none",
                "-no-reboot", "-kernel", str(self.image.kernel),
                "-initrd", str(self.image.initramfs),
                # A busy host starves the emulated timer: the kernel must not take it for broken.
                "-append", "console=ttyS0 panic=-1 loglevel=5 no_timer_check",
                "-serial", f"file:{self.console}",
                # Not restrict=on: that closes 10.0.2.2, too. The guest has no route to elsewhere.
                "-netdev", "user,id=n0,ipv6=off", "-device", "virtio-net-pci,netdev=n0,romfile=",
                "-device", "virtio-rng-pci", "-device", "virtio-serial-pci",
                "-chardev", f"socket,id=agent,path={agent}",
                "-device", "virtserialport,chardev=agent,name=agent"]

    def start(self):
        self.console.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="iscsi-lab-") as folder:
            agent = os.path.join(folder, "agent")
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(agent)
                listener.listen(1)
                listener.settimeout(30)
                with open(self.console.with_suffix(".qemu"), "wb") as messages:
                    self.process = subprocess.Popen(self.command(agent), stdin=subprocess.DEVNULL,
                                                    stdout=messages, stderr=messages,
                                                    preexec_fn=die_with_parent)
                try:
                    self.line, _ = listener.accept()
                except TimeoutError as late:
                    self.stop()
                    raise GuestDied(f"qemu does not start: {self.messages()}") from late
        threading.Thread(target=self.listen, daemon=True).start()
        deadline = time.monotonic() + BOOT_SECONDS
        while not self.ready.wait(0.2):
            if not self.alive() or time.monotonic() > deadline:
                self.stop()
                raise GuestDied(f"does not boot: {self.messages()}, console {self.console}")
        return self

    def messages(self):
        """What QEMU itself had to say."""
        return self.console.with_suffix(".qemu").read_text(errors="replace").strip()

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def listen(self):
        with self.line.makefile("r", errors="replace") as lines:
            for line in lines:
                number, _, rest = line.rstrip("\n").partition(" ")
                if number == "ready":
                    self.version = rest
                    self.ready.set()
                    continue
                job = self.jobs.pop(int(number))
                status, _, output = rest.partition(" ")
                job.status = int(status)
                job.output = base64.b64decode(output).decode(errors="replace")
                job.done.set()

    def begin(self, script):
        """Starts a shell script in the guest (guest/lab.sh has what it may call)."""
        job = Job(self, script)
        with self.sending:
            self.number += 1
            self.jobs[self.number] = job
            line = f"{self.number} {base64.b64encode(script.encode()).decode()}\n"
            self.line.sendall(line.encode())
        return job

    def run(self, script, seconds=120):
        return self.begin(script).wait(seconds)

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait(10)
        if self.line:
            self.line.close()
