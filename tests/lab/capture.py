"""What goes over the wire between a scenario's initiators and its target, kept as pcapng."""

import re
import shutil
import signal
import subprocess
import threading

KILOBYTES = 200_000  # a capture ends there; what has been kept is a beginning, and says so


class Capture:
    """dumpcap on the loopback interface, for one port of the target."""

    def __init__(self, path, port):
        self.path = path
        self.port = port
        self.trouble = None
        self.said = []

    def start(self):
        program = shutil.which("dumpcap")
        if not program:
            self.trouble = "no dumpcap here"
            return self
        # A scenario may be long, its packets are not all in memory: 64 MiB between reads.
        self.process = subprocess.Popen(
            [program, "-q", "-i", "lo", "-B", "64", "-a", f"filesize:{KILOBYTES}",
             "-a", "duration:3600",
             "-f", f"tcp port {self.port}", "-w", str(self.path)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        begun = threading.Event()
        threading.Thread(target=self.listen, args=(begun,), daemon=True).start()
        if not begun.wait(30):
            self.trouble = "dumpcap does not begin"
        return self

    def listen(self, begun):
        for line in self.process.stderr:
            self.said.append(line.strip())
            if line.startswith("File:"):
                begun.set()
        self.process.wait()
        if not begun.is_set():
            self.trouble = "; ".join(self.said[-2:]) or "dumpcap ended"
            begun.set()

    def stop(self):
        """Ends it; afterwards `trouble` says what the file lacks, if anything."""
        if not hasattr(self, "process"):
            return
        full = self.process.poll() is not None and self.trouble is None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        lost = re.search(r"dropped.*?:\s*\d+/(\d+)", " ".join(self.said))
        if full:
            self.trouble = f"its first {KILOBYTES // 1000} MB"
        elif lost and int(lost[1]):
            self.trouble = f"lacks {lost[1]} packets"
