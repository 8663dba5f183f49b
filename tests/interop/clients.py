"""Real initiators, each run with a deadline: libiscsi's tools, QEMU's, and ours on libiscsi."""

import os
import subprocess

SECONDS = 60


class Result:
    def __init__(self, command, status, output):
        self.command = command
        self.status = status  # None: it did not end in time and was killed
        self.output = output

    def __str__(self):
        shown = " ".join(self.command)
        return f"{shown}\nexit status {self.status}\n{self.output}"


def run(*command, seconds=SECONDS, env=None):
    """Runs a client to its end, or kills it after so many seconds."""
    command = [str(part) for part in command]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=seconds,
                              env={**os.environ, **(env or {})})
        return Result(command, done.returncode, done.stdout.decode(errors="replace"))
    except subprocess.TimeoutExpired as late:
        return Result(command, None, (late.stdout or b"").decode(errors="replace"))


def start(*command):
    """Starts a client that runs beside others; the caller waits for it, or kills it."""
    return subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def finish(process, seconds=SECONDS):
    try:
        output, _ = process.communicate(timeout=seconds)
        status = process.returncode
    except subprocess.TimeoutExpired:
        process.kill()
        output, _ = process.communicate()
        status = None
    return Result(process.args, status, output.decode(errors="replace"))


def qemu_io_command(url, *commands):
    """qemu-io without a cache of its own; any command that fails, fails the run."""
    arguments = [part for command in commands for part in ("-c", command)]
    return ["qemu-io", "-f", "raw", "-t", "none", *arguments, url]


def qemu_io(url, *commands, seconds=SECONDS):
    result = run(*qemu_io_command(url, *commands), seconds=seconds)
    # It exits with 0 whatever happened to its commands.
    if "failed" in result.output or "error" in result.output.lower():
        result.status = result.status or 1
    return result
