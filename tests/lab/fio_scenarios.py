"""fio writes, reads back and compares; the host compares what lies in the target's file."""

from lab_scenario import MIB, LabScenario, Lun, short


class Fio(LabScenario):
    size = 16 * MIB

    def fio(self, device, *options, seconds=600):
        return self.run_guest(
            f"fio --name=job --filename={device} --ioengine=libaio --direct=1 --size={self.size} "
            f"--verify=crc32c --verify_fatal=1 --do_verify=1 --randseed=5 {' '.join(options)} 2>&1",
            seconds)

    def written_and_compared(self, *options, settings=None, seconds=600):
        server = self.serve(luns=[Lun(self.size, in_file=True)])
        node = self.login(server.port, settings)
        device = self.disk(server.port)
        for one in options:
            self.fio(device, *one, seconds=seconds)
        self.same_on_both_sides(server, device)
        self.run_guest(f"iscsiadm {node} --logout")

    @short
    def test_random_sizes(self):
        self.written_and_compared(["--rw=randwrite", "--bsrange=512-128k", "--iodepth=16"])

    def test_large_random_sizes(self):
        self.written_and_compared(["--rw=randwrite", "--bsrange=512-2m", "--iodepth=16"])

    def test_queue_depths(self):
        self.written_and_compared(*(["--rw=randwrite", "--bs=4k", f"--iodepth={depth}",
                                     f"--offset={4 * MIB * step}",
                                     f"--size={4 * MIB}"]
                                    for step, depth in enumerate((1, 4, 32, 128))))

    def test_reads_beside_writes(self):
        self.written_and_compared(["--rw=randrw", "--bsrange=4k-64k", "--iodepth=32",
                                   "--verify_backlog=64"])

    def test_several_jobs(self):
        self.written_and_compared(["--rw=randwrite", "--bsrange=4k-64k", "--iodepth=8",
                                   "--numjobs=4", f"--size={4 * MIB}",
                                   f"--offset_increment={4 * MIB}"])

    def test_flushes(self):
        """SYNCHRONIZE CACHE again and again, and writes with FUA."""
        self.written_and_compared(
            ["--rw=randwrite", "--bs=8k", "--iodepth=4", "--fsync=8", f"--size={2 * MIB}"],
            ["--rw=randwrite", "--bs=8k", "--iodepth=4", "--sync=dsync", f"--size={2 * MIB}"])

    def test_digests(self):
        self.written_and_compared(["--rw=randwrite", "--bsrange=4k-128k", "--iodepth=16"],
                                  settings={"node.conn[0].iscsi.HeaderDigest": "CRC32C",
                                            "node.conn[0].iscsi.DataDigest": "CRC32C"})

    def test_large_sequential(self):
        """One piece of 128 MiB, by commands as large as the kernel makes them."""
        self.size = 128 * MIB
        self.written_and_compared(["--rw=write", "--bs=4m", "--iodepth=4"], seconds=900)

    @short
    def test_a_changed_byte_is_noticed(self):
        """What proves the others: one byte changes in the target's file, and fio says so."""
        self.size = 4 * MIB
        server = self.serve(luns=[Lun(self.size, in_file=True)])
        self.login(server.port)
        device = self.disk(server.port)
        self.fio(device, "--rw=write", "--bs=64k")
        with open(server.disk(0), "r+b") as disk:
            disk.seek(1_234_567)
            byte = disk.read(1)[0]
            disk.seek(1_234_567)
            disk.write(bytes([byte ^ 1]))
        again = self.guest.run(
            f"fio --name=job --filename={device} --ioengine=libaio --direct=1 --size={self.size} "
            "--verify=crc32c --verify_fatal=1 --verify_only=1 --randseed=5 --rw=write --bs=64k "
            "2>&1")
        self.assertNotEqual(again.status, 0, f"not noticed: {again}")
        self.assertIn("verify failed", again.output)
