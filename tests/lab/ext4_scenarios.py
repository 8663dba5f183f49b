"""A file system of ext4 on the target, under every way to log in and to carry data."""

import itertools

import lab_scenario
from lab_scenario import HOST, IQN, MIB, LabScenario, Lun, short, sums
from servers import Account

INITIATOR = Account("dave", "initiator-secret-16")
TARGET = Account("theodore", "target-secret-0x22")


def chap(initiator=INITIATOR, target=None):
    settings = {"node.session.auth.authmethod": "CHAP",
                "node.session.auth.username": initiator.name,
                "node.session.auth.password": initiator.secret}
    if target:
        settings |= {"node.session.auth.username_in": target.name,
                     "node.session.auth.password_in": target.secret}
    return settings


class Ext4(LabScenario):
    """Made, mounted, filled, unmounted, logged out; logged in, compared; then the host looks."""

    def filling(self, device, mount="/mnt"):
        """The script that makes a file system and puts the tree on it."""
        return (f"mkfs.ext4 -q -F {device} && mkdir -p {mount} && "
                f"mount -t ext4 {device} {mount} && tree {mount} && umount {mount}")

    def fill(self, device, mount="/mnt"):
        listing = self.run_guest(self.filling(device, mount), 300)
        found = sums(listing)
        self.assertGreater(len(found), 200, listing)
        return found

    def compare(self, device, expected, mount="/mnt"):
        listing = self.run_guest(
            f"mount -t ext4 -o ro {device} {mount} && cd {mount} && "
            f"find . -type f | sed 's|^./||' | xargs sha256sum; cd / && umount {mount} && "
            f"e2fsck -fn {device} > /tmp/fsck 2>&1 || fail \"$(cat /tmp/fsck)\"", 300)
        self.assertEqual(sums(listing), expected, "what the guest reads after a new login")

    def compare_on_host(self, image, expected):
        self.assertEqual(lab_scenario.check_file_system(image), "", "e2fsck of the host")
        self.assertEqual(lab_scenario.sums_of_image(image, self.folder / "files"), expected,
                         "what lies in the target's file")

    def file_system(self, settings=None, want=None, setup=None):
        """The whole of it; `want`: what has to have been negotiated."""
        server = self.serve(**{"luns": [Lun(64 * MIB, in_file=True)], **(setup or {})})
        node = self.login(server.port, settings)
        if want:
            found = self.negotiated()
            self.assertEqual({key: found.get(key) for key in want}, want)
        expected = self.fill(self.disk(server.port))
        self.run_guest(f"iscsiadm {node} --logout && iscsiadm {node} --login")
        self.compare(self.disk(server.port), expected)
        self.run_guest(f"iscsiadm {node} --logout")
        self.compare_on_host(server.disk(0), expected)
        return server

    @short
    def test_discovered(self):
        """What iscsiadm discovers is what it logs in to. The portal is the host's 127.0.0.1: in the
        guest a relay listens there."""
        server = self.serve(luns=[Lun(64 * MIB, in_file=True)])
        self.begin(f"nc -ll -p {server.port} -e nc {HOST} {server.port} & "
                   "echo $! > /tmp/relay; wait")
        found = self.run_guest(f"iscsiadm -m discovery -t sendtargets -p {HOST}:{server.port}")
        self.assertEqual(found.split(), [f"127.0.0.1:{server.port},1", IQN])
        self.run_guest("iscsiadm -m node --login")
        expected = self.fill(self.disk(server.port))
        self.run_guest("iscsiadm -m node --logout && iscsiadm -m node --login")
        self.compare(self.disk(server.port), expected)
        self.run_guest("iscsiadm -m node --logout; kill $(cat /tmp/relay)")
        self.compare_on_host(server.disk(0), expected)

    @short
    def test_plain(self):
        self.file_system()

    def test_chap(self):
        self.file_system(chap(), setup={"chap": INITIATOR})

    @short
    def test_mutual_chap(self):
        self.file_system(chap(INITIATOR, TARGET), setup={"chap": INITIATOR, "mutual": TARGET})

    @short
    def test_wrong_secrets(self):
        """Each side refuses the other when it cannot prove itself."""
        server = self.serve(luns=[Lun(64 * MIB, in_file=True)], chap=INITIATOR, mutual=TARGET)
        # What iscsiadm(8) ends with: 24 the target refuses, 19 iscsid itself goes no further.
        wrong = {"no secret": (24, {}),
                 "the initiator's": (24, chap(Account("dave", "not-this-one-1234"))),
                 "the initiator's name": (24, chap(Account("eve", INITIATOR.secret))),
                 "the target's": (19, chap(INITIATOR, Account(TARGET.name, "not-this-one-1234")))}
        self.tolerate(r"connection\d+:0: detected conn error")
        for what, (status, settings) in wrong.items():
            with self.subTest(what):
                node = self.node(server.port, settings)
                job = self.guest.run(f"iscsiadm {node} --login")
                self.assertEqual(job.status, status, f"{job}")
                self.run_guest(f"iscsiadm {node} -o delete")
        node = self.login(server.port, chap(INITIATOR, TARGET))
        self.disk(server.port)
        self.run_guest(f"iscsiadm {node} --logout")

    def digests(self, header, data):
        self.file_system({"node.conn[0].iscsi.HeaderDigest": header,
                          "node.conn[0].iscsi.DataDigest": data},
                         want={"HeaderDigest": header, "DataDigest": data})

    @short
    def test_digests_of_headers_and_data(self):
        self.digests("CRC32C", "CRC32C")

    def test_digests_of_headers(self):
        self.digests("CRC32C", "None")

    def test_digests_of_data(self):
        self.digests("None", "CRC32C")

    def bursts(self, **keys):
        """Keys of the negotiation as the initiator offers them; all are settled as offered."""
        places = {"MaxRecvDataSegmentLength": "node.conn[0].iscsi."}
        self.file_system({places.get(key, "node.session.iscsi.") + key: value
                          for key, value in keys.items()},
                         want={key: str(value) for key, value in keys.items()})

    def ways_to_write(self, chosen):
        for ready, immediate in chosen:
            with self.subTest(InitialR2T=ready, ImmediateData=immediate):
                self.bursts(InitialR2T=ready, ImmediateData=immediate)
                self.leave(self.guest)

    def test_nothing_unsolicited(self):
        self.ways_to_write([("Yes", "No")])

    def test_each_way_to_write(self):
        self.ways_to_write(itertools.product(("Yes", "No"), ("Yes", "No")))

    @short
    def test_small_bursts(self):
        self.bursts(InitialR2T="No", ImmediateData="Yes", FirstBurstLength=2048,
                    MaxBurstLength=4096, MaxRecvDataSegmentLength=512)

    def test_segments_of_every_size(self):
        for size in (512, 4096, 65536, 262144):
            with self.subTest(MaxRecvDataSegmentLength=size):
                self.bursts(MaxRecvDataSegmentLength=size)
                self.leave(self.guest)

    def test_bursts_of_every_size(self):
        for first, most in ((512, 512), (4096, 65536), (65536, 262144)):
            with self.subTest(FirstBurstLength=first, MaxBurstLength=most):
                self.bursts(FirstBurstLength=first, MaxBurstLength=most)
                self.leave(self.guest)

    def test_a_target_that_takes_small_segments(self):
        """The target's own bounds: data to it in segments of 512 bytes, bursts of 4 KiB."""
        self.file_system(setup={"text": {
            "MaxRecvDataSegmentLength": 512, "MaxBurstLength": 4096, "FirstBurstLength": 1024}},
            want={"MaxXmitDataSegmentLength": "512", "MaxBurstLength": "4096",
                  "FirstBurstLength": "1024"})

    @short
    def test_several_units(self):
        """Four logical units at once, each with blocks of its own kind of contents."""
        server = self.serve(luns=[Lun(40 * MIB, in_file=True) for _ in range(4)])
        node = self.login(server.port)
        jobs = []
        for lun in range(4):
            device = self.disk(server.port, lun)
            jobs.append(self.begin(self.filling(device, f"/mnt{lun}")))
        expected = [sums(self.finish(job, 400)) for job in jobs]
        self.run_guest(f"iscsiadm {node} --logout && iscsiadm {node} --login")
        for lun in range(4):
            self.assertGreater(len(expected[lun]), 200)
            self.compare(self.disk(server.port, lun), expected[lun], f"/mnt{lun}")
        self.run_guest(f"iscsiadm {node} --logout")
        for lun in range(4):
            self.compare_on_host(server.disk(lun), expected[lun])

    @short
    def test_two_initiators(self):
        """Two sessions of initiators with different names, on different units at once."""
        server = self.serve(luns=[Lun(40 * MIB, in_file=True) for _ in range(2)])
        for name in ("one", "two"):
            self.name_initiator(name)
        nodes = [self.login(server.port, interface=name) for name in ("one", "two")]
        jobs = []
        for lun, name in enumerate(("one", "two")):
            device = self.disk(server.port, lun, interface=name)
            jobs.append(self.begin(self.filling(device, f"/mnt{lun}")))
        expected = [sums(self.finish(job, 400)) for job in jobs]
        # What the one wrote, the other reads.
        for lun, name in enumerate(("two", "one")):
            device = self.disk(server.port, lun, interface=name)
            self.compare(device, expected[lun], f"/mnt{lun}")
        for node in nodes:
            self.run_guest(f"iscsiadm {node} --logout")
        self.run_guest("for name in one two; do iscsiadm -m iface -I $name -o delete; done")
        for lun in range(2):
            self.compare_on_host(server.disk(lun), expected[lun])

    def name_initiator(self, name, guest=None):
        """Makes an interface record whose sessions are of an initiator of this name."""
        interface = f"iscsiadm -m iface -I {name} -o"
        self.run_in(guest or self.guest, f"{interface} new && {interface} update -n "
                                         f"iface.initiatorname -v iqn.2004-04.com.example:{name}")

    def test_two_machines(self):
        """Two kernels, each on its own unit; what was written is compared on the host alone."""
        server = self.serve(luns=[Lun(40 * MIB, in_file=True) for _ in range(2)])
        guests = [self.guest, self.use_guest(1)]
        jobs, nodes = [], []
        for lun, (guest, name) in enumerate(zip(guests, ("one", "two"))):
            self.name_initiator(name, guest)
            nodes.append(self.login(server.port, guest=guest, interface=name))
            device = self.disk(server.port, lun, guest=guest)
            jobs.append(guest.begin(self.filling(device)))
        expected = [sums(self.finish(job, 600)) for job in jobs]
        for guest, node, name in zip(guests, nodes, ("one", "two")):
            self.run_in(guest, f"iscsiadm {node} --logout && iscsiadm -m iface -I {name} -o delete")
        for lun in range(2):
            self.compare_on_host(server.disk(lun), expected[lun])

    def test_grown(self):
        """A unit keeps its size while it is served, whatever happens to its file; a target that
        starts again serves the new size, and the file system grows while it is mounted."""
        server = self.serve(luns=[Lun(40 * MIB, in_file=True)])
        self.tolerate(r"connection\d+:0: detected conn error")
        node = self.login(server.port)
        device = self.disk(server.port)
        expected = self.fill(device)
        self.run_guest(f"mount {device} /mnt")
        with open(server.disk(0), "r+b") as disk:
            disk.truncate(72 * MIB)
        size = f"iscsiadm {node} -R > /dev/null && blockdev --getsize64 {device}"
        self.assertEqual(int(self.run_guest(size)), 40 * MIB)
        self.assertEqual(server.stop(), 0)
        server.setup.luns[0].size = 72 * MIB
        server.start()
        self.run_guest(f"dd if={device} of=/dev/null bs=4k count=1 iflag=direct 2>/dev/null")
        self.assertEqual(int(self.run_guest(size)), 72 * MIB)
        self.run_guest(f"resize2fs {device} > /tmp/resize 2>&1 || fail \"$(cat /tmp/resize)\"; "
                       "for name in more again third; do cp /mnt/large /mnt/$name; done; "
                       "umount /mnt")
        expected |= dict.fromkeys(("more", "again", "third"), expected["large"])
        self.compare(device, expected)
        self.run_guest(f"iscsiadm {node} --logout")
        self.compare_on_host(server.disk(0), expected)
