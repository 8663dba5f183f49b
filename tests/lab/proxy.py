"""Stands between the guest and the target: counts PDUs, cuts connections, withholds PDUs.

It listens on loopback and reads the PDUs of either side as RFC 3720 10.2 frames them. Digests are
carried, not checked; it learns from the login whether there are any.
"""

import collections
import contextlib
import re
import socket
import struct
import threading

from wire import (ASYNC_MESSAGE, DATA_OUT, HEADER_BYTES, LOGIN,  # noqa: F401  (for scenarios, too)
                  LOGIN_RESPONSE, LOGOUT, LOGOUT_RESPONSE, NOP_OUT, TASK_MANAGEMENT,
                  TASK_MANAGEMENT_RESPONSE)

ABORT_TASK, LOGICAL_UNIT_RESET, TARGET_WARM_RESET = 1, 5, 6


class Pdu:
    """Of one PDU: its 48 bytes of header, and all of its bytes as they came."""

    def __init__(self, whole):
        self.whole = whole
        self.header = whole[:HEADER_BYTES]
        self.opcode = whole[0] & 0x3f
        self.tag = struct.unpack_from(">I", whole, 16)[0]
        self.function = whole[1] & 0x7f  # of a task management request
        self.response = whole[2]  # of a task management response

    def rename_referenced_task(self):
        """Changes the task that a task management request is about into one that nobody knows."""
        self.whole = self.whole[:20] + b"\xde\xad\xbe\xef" + self.whole[24:]


class Link:
    """One connection of the guest, and ours to the target."""

    def __init__(self, guest, target):
        self.guest = guest
        self.target = target
        self.header_digest = 0  # bytes
        self.data_digest = 0
        self.count = {"guest": 0, "target": 0}  # bytes that have been passed on
        self.limit = {}  # side → bytes of it after which the link is cut

    def cut(self):
        """Ends both sides at once, with a reset."""
        for side in (self.guest, self.target):
            with contextlib.suppress(OSError):
                side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                side.shutdown(socket.SHUT_RDWR)
            side.close()


class Proxy:
    """Passes on what comes, unless told otherwise by what a scenario sets."""

    def __init__(self, target_port):
        self.target_port = target_port
        self.seen = collections.Counter()  # operation code → PDUs that came; (code, function) too
        self.lock = threading.Lock()
        self.links = []
        self.withhold = lambda pdu: False  # asked for each PDU of the guest; True: it is lost
        self.cuts = []  # for each connection to come: (side, bytes after which it is cut)
        self.cuts_made = 0
        self.logins = 0  # that succeeded
        self.closed = False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.accepting = threading.Thread(target=self.accept, daemon=True)
        self.accepting.start()

    def accept(self):
        while not self.closed:
            try:
                guest, _ = self.listener.accept()
            except OSError:
                return
            if self.closed:  # meanwhile
                guest.close()
                return
            try:
                target = socket.create_connection(("127.0.0.1", self.target_port), 10)
            except OSError:
                guest.close()  # no target now: the guest is refused, as it would be
                continue
            target.settimeout(None)
            for side in (guest, target):
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            link = Link(guest, target)
            with self.lock:
                self.links.append(link)
                link.limit = dict([self.cuts.pop(0)] if self.cuts else [])
            for name, source, sink in (("guest", guest, target), ("target", target, guest)):
                threading.Thread(target=self.carry, args=(link, name, source, sink),
                                 daemon=True).start()

    def close(self):
        self.closed = True
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)  # wakes accept(), which close() does not
        self.accepting.join()
        self.listener.close()
        for link in self.links:
            link.cut()

    def carry(self, link, name, source, sink):
        try:
            with source.makefile("rb") as stream:
                while pdu := self.read_pdu(link, stream):
                    self.note(link, pdu)
                    if name == "guest" and self.withhold(pdu):
                        continue
                    self.pass_on(link, name, sink, pdu.whole)
        except (OSError, EOFError, ValueError):
            pass
        for side in (source, sink):
            with contextlib.suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)

    def read_pdu(self, link, stream):
        header = stream.read(HEADER_BYTES)
        if len(header) < HEADER_BYTES:
            return None
        additional = header[4] * 4
        data = int.from_bytes(header[5:8], "big")
        login = header[0] & 0x3f in (LOGIN, LOGIN_RESPONSE)
        rest = additional + (0 if login else link.header_digest)
        if data:
            rest += data + -data % 4 + (0 if login else link.data_digest)
        body = stream.read(rest)
        if len(body) < rest:
            raise EOFError
        return Pdu(header + body)

    def note(self, link, pdu):
        with self.lock:
            self.seen[pdu.opcode] += 1
            if pdu.opcode == TASK_MANAGEMENT:
                self.seen[TASK_MANAGEMENT, pdu.function] += 1
            if pdu.opcode == TASK_MANAGEMENT_RESPONSE:
                self.seen[TASK_MANAGEMENT_RESPONSE, pdu.response] += 1
        if pdu.opcode == LOGIN_RESPONSE:
            transit_to_full_feature_phase = pdu.header[1] & 0x83 == 0x83
            if transit_to_full_feature_phase and pdu.header[36] == 0:
                self.logins += 1
            # The target's answer settles what the guest offered.
            for key, name in ((b"HeaderDigest", "header_digest"), (b"DataDigest", "data_digest")):
                if found := re.search(key + rb"=(\w+)", pdu.whole[HEADER_BYTES:]):
                    setattr(link, name, 4 if found[1] == b"CRC32C" else 0)

    def pass_on(self, link, name, sink, data):
        limit = link.limit.get(name)
        room = len(data) if limit is None else limit - link.count[name]
        sink.sendall(data[:room])
        link.count[name] += min(room, len(data))
        if room <= len(data) and limit is not None:
            with self.lock:
                self.cuts_made += 1
            link.cut()
            raise EOFError
