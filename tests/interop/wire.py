"""A small initiator on a bare socket, for what real ones will not do: data digests, half-sent PDUs,
answers that nobody reads. Written from RFC 3720 alone; it shares no code with the server.
"""

import itertools
import socket
import struct

HEADER_BYTES = 48
NOP_OUT, SCSI_COMMAND, TASK_MANAGEMENT, LOGIN, DATA_OUT, LOGOUT = 0x00, 0x01, 0x02, 0x03, 0x05, 0x06
SCSI_RESPONSE, TASK_MANAGEMENT_RESPONSE, LOGIN_RESPONSE = 0x21, 0x22, 0x23
DATA_IN, LOGOUT_RESPONSE, ASYNC_MESSAGE = 0x25, 0x26, 0x32

# Each session its own ISID: the same one again would reinstate the session before (5.3.5).
QUALIFIERS = itertools.count(1)


def _crc_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


CRC_TABLE = _crc_table()


def crc32c(data):
    """The digest as it stands on the wire (RFC 3720 12.1): four bytes, least significant first."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ CRC_TABLE[(crc ^ byte) & 0xFF]
    return struct.pack("<I", crc ^ 0xFFFFFFFF)


def padded(data):
    return data + bytes(-len(data) % 4)


def login_request(keys, initiator_task_tag=1, cmd_sn=1):
    """One PDU from the operational stage straight to the full feature phase (10.12)."""
    isid = b"\x80\x12\x34\x56" + next(QUALIFIERS).to_bytes(2, "big")  # of the random sort
    text = b"".join(f"{key}={value}".encode() + b"\0" for key, value in keys.items())
    transit_from_operational = 0x80 | 1 << 2 | 3
    header = struct.pack(">BBBBB3s6sHIHHII16x", 0x40 | LOGIN, transit_from_operational, 0, 0, 0,
                         len(text).to_bytes(3, "big"), isid, 0, initiator_task_tag, 0, 0, cmd_sn, 0)
    return header + padded(text)


class Pdu:
    def __init__(self, header, data):
        self.header = header
        self.data = data
        self.opcode = header[0] & 0x3F
        self.flags = header[1]
        self.initiator_task_tag = int.from_bytes(header[16:20], "big")


class Session:
    """A normal session of one connection. Digests as negotiated; writes are immediate data."""

    def __init__(self, port, target, host="127.0.0.1", keys=None, seconds=20):
        self.socket = socket.create_connection((host, port), timeout=seconds)
        self.header_digest = self.data_digest = False
        self.cmd_sn, self.exp_stat_sn, self.tag = 1, 0, 1
        self.digests_seen = 0
        offered = {"InitiatorName": "iqn.2004-04.com.example:raw", "TargetName": target,
                   "SessionType": "Normal", "MaxRecvDataSegmentLength": "262144",
                   "HeaderDigest": "None", "DataDigest": "None", **(keys or {})}
        self.socket.sendall(login_request(offered))
        answer = self.receive()
        assert answer.opcode == LOGIN_RESPONSE, answer.opcode
        self.status = int.from_bytes(answer.header[36:38], "big")
        pairs = answer.data.rstrip(b"\0").split(b"\0")
        self.keys = dict(pair.decode().split("=", 1) for pair in pairs if pair)
        self.header_digest = self.keys.get("HeaderDigest") == "CRC32C"
        self.data_digest = self.keys.get("DataDigest") == "CRC32C"
        self.exp_stat_sn = int.from_bytes(answer.header[24:28], "big") + 1

    def close(self):
        self.socket.close()

    def _exactly(self, count):
        parts = b""
        while len(parts) < count:
            got = self.socket.recv(count - len(parts))
            if not got:
                raise ConnectionError(f"closed after {len(parts)} of {count} bytes")
            parts += got
        return parts

    def receive(self):
        """The next PDU; a wrong digest is an error, a StatSN is taken note of."""
        header = self._exactly(HEADER_BYTES)
        if self.header_digest:
            self._check(header, self._exactly(4))
        length = int.from_bytes(header[5:8], "big")
        data = self._exactly(length + -length % 4)
        if self.data_digest and length:
            self._check(data, self._exactly(4))
        pdu = Pdu(header, data[:length])
        if pdu.opcode in (SCSI_RESPONSE, LOGOUT_RESPONSE) or (
                pdu.opcode == DATA_IN and pdu.flags & 0x01):
            self.exp_stat_sn = int.from_bytes(header[24:28], "big") + 1
        return pdu

    def _check(self, data, digest):
        assert crc32c(data) == digest, f"digest {digest.hex()} of {len(data)} bytes"
        self.digests_seen += 1

    def send(self, header, data=b""):
        header = header[:5] + len(data).to_bytes(3, "big") + header[8:]
        segment = padded(data)
        self.socket.sendall(
            header + (crc32c(header) if self.header_digest else b"")
            + segment + (crc32c(segment) if self.data_digest and data else b""))

    def command(self, cdb, read=0, write=b"", lun=0):
        """Sends a SCSI Command with all of its data and returns its task tag (10.3)."""
        self.tag += 1
        flags = 0x80 | (0x40 if read else 0) | (0x20 if write else 0) | 1  # F, R, W, simple
        header = struct.pack(">BBHIHxxxxxxIIII16s", SCSI_COMMAND, flags, 0, 0, lun, self.tag,
                             read or len(write), self.cmd_sn, self.exp_stat_sn, padded_cdb(cdb))
        self.send(header, write)
        self.cmd_sn += 1
        return self.tag

    def finish(self, tag):
        """Collects the data and the status of a command."""
        data = b""
        while True:
            pdu = self.receive()
            if pdu.initiator_task_tag != tag:
                continue
            if pdu.opcode == DATA_IN:
                data += pdu.data
                if pdu.flags & 0x01:
                    return data, pdu.header[3]
            elif pdu.opcode == SCSI_RESPONSE:
                return data, pdu.header[3]

    def settle(self, lun=0):
        """Fetches the unit attentions that greet a new initiator."""
        for _ in range(8):
            if self.finish(self.command(bytes(6), lun=lun))[1] == 0:
                return self
        raise AssertionError("the unit does not become ready")

    def read(self, lba, blocks, lun=0):
        return self.finish(self.command(read_10(lba, blocks), read=blocks * 512, lun=lun))

    def write(self, lba, data, lun=0):
        _, status = self.finish(self.command(write_10(lba, len(data) // 512), write=data, lun=lun))
        return status

    def logout(self):
        self.tag += 1
        header = struct.pack(">BBHI8xIHHII16x", 0x40 | LOGOUT, 0x80, 0, 0, self.tag, 0, 0,
                             self.cmd_sn, self.exp_stat_sn)
        self.send(header)
        answer = self.receive()
        assert answer.opcode == LOGOUT_RESPONSE and answer.header[2] == 0, answer.header.hex()
        self.socket.close()


def padded_cdb(cdb):
    return cdb + bytes(16 - len(cdb))


def read_10(lba, blocks):
    return struct.pack(">BBIBHB", 0x28, 0, lba, 0, blocks, 0)


def write_10(lba, blocks):
    return struct.pack(">BBIBHB", 0x2A, 0, lba, 0, blocks, 0)
