"""What goes over the wire between a scenario's initiators and its target, kept as pcapng."""

import re
import signal
import subprocess
import threading

KILOBYTES = 200_000  # a capture ends there; what has been kept is a beginning, and says so


class Capture:
    """dumpcap on the loopback interface, for one port of the target."""

    def __init__(self, path, port):
        self.path = path
        self.port = port
        self.trouble = None  # what the file lacks
        self.said = []

    def start(self):
        # A scenario may be long, its packets are not all in memory: 64 MiB between reads.
        self.process = subprocess.Popen(
            ["dumpcap", "-q", "-i", "lo", "-B", "64", "-a", f"filesize:{KILOBYTES}",
             "-a", "duration:3600",
             "-f", f"tcp port {self.port}", "-w", str(self.path)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        begun = threading.Event()
        threading.Thread(target=self.listen, args=(begun,), daemon=True).start()
        if not begun.wait(30) or self.process.poll() is not None:
            self.process.kill()
            self.process.wait(10)
            raise RuntimeError(f"dumpcap does not begin: {'; '.join(self.said[-2:])}")
        return self

    def listen(self, begun):
        for line in self.process.stderr:
            self.said.append(line.strip())
            if line.startswith("File:"):
                begun.set()
        self.process.wait()
        begun.set()  # or it never will be

    def stop(self):
        """Ends it; afterwards `trouble` says what the file lacks, if anything."""
        full = self.process.poll() == 0
        if not full:
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        if self.process.returncode != 0:
            raise RuntimeError(f"dumpcap: {self.process.returncode}: {'; '.join(self.said[-2:])}")
        lost = re.search(r"dropped.*?:\s*\d+/(\d+)", " ".join(self.said))
        if full:
            self.trouble = f"its first {KILOBYTES // 1000} MB"
        elif lost and int(lost[1]):
            self.trouble = f"lacks {lost[1]} packets"
