"""The servers that the scenarios talk to: ours, and tgt as a stand-in that proves the scenarios.

A scenario describes what it needs in a `Setup` and gets a running server from `start`. Everything
listens on loopback; every process is ended by its own pid.
"""

import contextlib
import dataclasses
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

IQN = "iqn.2004-04.com.example:interop"
MIB = 1 << 20


@dataclasses.dataclass
class Lun:
    size: int = 64 * MIB
    in_file: bool = False
    read_only: bool = False


@dataclasses.dataclass
class Account:
    name: str
    secret: str


@dataclasses.dataclass
class Setup:
    luns: list = dataclasses.field(default_factory=lambda: [Lun()])
    chap: Account | None = None
    mutual: Account | None = None
    initiators: list = dataclasses.field(default_factory=list)
    text: dict = dataclasses.field(default_factory=dict)  # what to negotiate (RFC 3720 12)
    deadlines: dict = dataclasses.field(default_factory=dict)
    ipv6: bool = False
    extra: list = dataclasses.field(default_factory=list)  # flags that only our server knows


def free_port():
    """A port nobody listens on now; it may be taken by the time it is used, so callers retry."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(0.02)


def accepts(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Server:
    """A server process with a folder of its own for disks, secrets and its log."""

    first_lun = 0

    def __init__(self, setup):
        self.setup = setup
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="iscsi-interop-"))
        self.log_path = self.folder / "log"
        self.port = None
        self.process = None

    def disk(self, index):
        return self.folder / f"disk{index}.img"

    @property
    def pid(self):
        return self.process.pid

    def portal(self):
        return f"[::1]:{self.port}" if self.setup.ipv6 else f"127.0.0.1:{self.port}"

    def url(self, index=0, account=True, query=""):
        """The URL of one of the setup's LUNs, with the account that may log in."""
        chap, mutual = self.setup.chap, self.setup.mutual
        user = f"{chap.name}%{chap.secret}@" if chap and account else ""
        parts = [query] if query else []
        if mutual and account:
            parts.append(f"target_user={mutual.name}&target_password={mutual.secret}")
        end = "?" + "&".join(parts) if parts else ""
        return f"iscsi://{user}{self.portal()}/{IQN}/{index + self.first_lun}{end}"

    def portal_url(self, account=True):
        chap = self.setup.chap
        user = f"{chap.name}%{chap.secret}@" if chap and account else ""
        return f"iscsi://{user}{self.portal()}"

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def resident_bytes(self):
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024

    def start_listening(self, command):
        """Starts `command(port)` and waits until it listens; a free port may be taken meanwhile."""
        for _ in range(3):
            port = self.port or free_port()
            with open(self.log_path, "ab") as log:
                self.process = subprocess.Popen(command(port), stdout=log, stderr=log)
            wait_until(lambda: accepts(port) or not self.alive(), 10, "listening")
            if self.alive():
                self.port = port
                return
        raise RuntimeError(f"does not start:\n{self.log()}")

    def kill(self):
        """SIGKILL, as a crash would end it."""
        self.process.kill()
        self.process.wait(10)

    def remove(self):
        if self.alive():
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class ReferenceServer(Server):
    binary = None  # set by run.py

    def arguments(self):
        setup = self.setup
        host = "[::1]" if setup.ipv6 else "127.0.0.1"
        arguments = ["--listen", f"{host}:{self.port or 0}", "--name", IQN]
        for index, lun in enumerate(setup.luns):
            medium = f"file:{self.disk(index)}:{lun.size}" if lun.in_file else f"memory:{lun.size}"
            arguments += ["--lun", medium + (",read-only" if lun.read_only else "")]
        for flag, account in (("--chap", setup.chap), ("--mutual-chap", setup.mutual)):
            if account:
                secret = self.folder / f"secret{flag}"
                secret.write_text(account.secret + "\n")
                arguments += [flag, f"{account.name}:@{secret}"]
        for name in setup.initiators:
            arguments += ["--initiator", name]
        for key, value in setup.text.items():
            arguments += ["--text", f"{key}={value}"]
        for name, value in setup.deadlines.items():
            arguments += ["--deadline", f"{name}={value}"]
        return arguments + setup.extra

    def start(self):
        """Starts it, again on the same port if it has had one, and waits for its URL."""
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [self.binary, *self.arguments()], stdout=subprocess.PIPE, stderr=log, text=True)
        impatience = threading.Timer(20, self.process.kill)
        impatience.start()
        self.first_line = self.process.stdout.readline()
        impatience.cancel()
        found = re.match(r"iscsi://(?:\[::1\]|127\.0\.0\.1):(\d+)/(\S+)/0\n$", self.first_line)
        if not found:
            self.process.kill()
            raise RuntimeError(f"no URL in {self.first_line!r}; log:\n{self.log()}")
        self.port = int(found[1])
        # Whatever else it prints must not block it.
        threading.Thread(target=self.process.stdout.read, daemon=True).start()
        return self

    def stop(self):
        """SIGTERM; returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


class TgtServer(Server):
    """tgt 1.0.85. Its LUN 0 is a controller, so disks begin at 1."""

    first_lun = 1

    def admin(self, *arguments):
        subprocess.run(["tgtadm", "-C", str(self.control), "--lld", "iscsi", *arguments],
                       check=True, timeout=20, stdout=subprocess.DEVNULL)

    def start(self):
        self.start_listening(lambda port: [
            "tgtd", "-f", "-C", str(port % 30000), "--iscsi", f"portal=127.0.0.1:{port}"])
        self.control = self.port % 30000
        self.admin("--op", "new", "--mode", "target", "--tid", "1", "-T", IQN)
        for key in ("HeaderDigest", "DataDigest"):
            self.admin("--op", "update", "--mode", "target", "--tid", "1", "--name", key,
                       "--value", "CRC32C,None")
        for index, lun in enumerate(self.setup.luns):
            if not self.disk(index).exists():
                with open(self.disk(index), "wb") as disk:
                    disk.truncate(lun.size)
            number = str(index + 1)
            self.admin("--op", "new", "--mode", "logicalunit", "--tid", "1", "--lun", number,
                       "-b", str(self.disk(index)))
            if lun.read_only:
                self.admin("--op", "update", "--mode", "logicalunit", "--tid", "1", "--lun", number,
                           "--params", "readonly=1")
        for account, outgoing in ((self.setup.chap, []), (self.setup.mutual, ["--outgoing"])):
            if account:
                self.admin("--op", "new", "--mode", "account", "--user", account.name,
                           "--password", account.secret)
                self.admin("--op", "bind", "--mode", "account", "--tid", "1",
                           "--user", account.name, *outgoing)
        self.admin("--op", "bind", "--mode", "target", "--tid", "1", "-I", "ALL")
        return self

    def stop(self):
        """It outlives SIGTERM while it has targets; nothing is learnt from its exit status."""
        self.kill()
        return 0


class IstgtServer(Server):
    """istgt 20111008. A deep queue, so that it can be compared; and it dies of some requests, so
    that it may be watched and started again."""

    CONFIGURATION = """
[Global]
  NodeBase "iqn.2004-04.com.example"
  DiscoveryAuthMethod None
[UnitControl]
  AuthMethod None
  Portal UC1 127.0.0.1:{control}
  Netmask 127.0.0.1
[PortalGroup1]
  Portal DA1 127.0.0.1:{port}
[InitiatorGroup1]
  InitiatorName "ALL"
  Netmask 127.0.0.0/8
[LogicalUnit1]
  TargetName {name}
  Mapping PortalGroup1 InitiatorGroup1
  AuthMethod None
  UnitType Disk
  QueueDepth 64
  LUN0 Storage {disk} {megabytes}MB
"""

    def __init__(self, setup):
        super().__init__(setup)
        self.wanted_dead = threading.Event()
        self.watcher = None
        self.deaths = 0

    def command(self, port):
        path = self.folder / "istgt.conf"
        path.write_text(self.CONFIGURATION.format(
            control=free_port(), port=port, name=IQN, disk=self.disk(0),
            megabytes=self.setup.luns[0].size // MIB))
        return ["istgt", "-c", path, "-p", self.folder / "pid", "-D"]

    def start(self):
        with open(self.disk(0), "ab") as disk:
            disk.truncate(self.setup.luns[0].size)
        self.start_listening(self.command)
        return self

    def keep_running(self):
        """From now on it is started again, on its port, whenever it dies. Ends with `kill`."""
        def watch():
            while not self.wanted_dead.wait(0.05):
                if not self.alive():
                    self.deaths += 1
                    self.wanted_dead.wait(1)  # long enough to be noticed
                    with contextlib.suppress(RuntimeError, TimeoutError):
                        self.start_listening(self.command)
        self.watcher = threading.Thread(target=watch, daemon=True)
        self.watcher.start()

    def kill(self):
        self.wanted_dead.set()
        if self.watcher:
            self.watcher.join(20)
        super().kill()

    def stop(self):
        self.kill()
        return 0


KINDS = {"reference": ReferenceServer, "tgt": TgtServer}


def kind():
    return KINDS[os.environ.get("INTEROP_SERVER", "reference")]
