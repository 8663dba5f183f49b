"""The guest's kernel and its initial RAM file system, made from packages alone.

An initramfs is a cpio archive in the "newc" format; the kernel's
Documentation/driver-api/early-userspace/buffer-format.rst describes it.
"""

import hashlib
import os
import pathlib
import random
import re
import subprocess

import packages

HERE = pathlib.Path(__file__).resolve().parent

# In the order in which they are to be loaded; what they need is loaded in front of them.
MODULES = ("virtio_pci", "virtio_console", "virtio_net", "virtio_rng", "crc32c_intel", "sd_mod",
           "sg", "libiscsi", "scsi_transport_iscsi", "iscsi_tcp")
PROGRAMS = ("sbin/iscsid", "sbin/iscsiadm", "sbin/mke2fs", "sbin/mkfs.ext4", "sbin/e2fsck",
            "sbin/resize2fs", "usr/bin/fio", "usr/bin/sg_reset", "bin/busybox")


def module_table(tree):
    """Name → file of every module, with the kernel's two spellings made one."""
    return {path.stem.replace("-", "_"): path for path in tree.rglob("*.ko")}


def module_needs(path):
    """What the module says in its own .modinfo section: depends=a,b."""
    found = re.search(rb"\0depends=([^\0]*)\0", path.read_bytes())
    names = found[1].decode().split(",") if found else []
    return [name.replace("-", "_") for name in names if name]


def load_order(tree, wanted):
    table, order = module_table(tree), []
    builtin = {pathlib.Path(line).stem.replace("-", "_")
               for line in (tree / "modules.builtin").read_text().splitlines()}

    def visit(name):
        if name in builtin or (name in table and table[name] in order):
            return
        if name not in table:
            raise LookupError(f"the kernel package has no module {name}")
        for need in module_needs(table[name]):
            visit(need)
        order.append(table[name])

    for name in wanted:
        visit(name)
    return order


def needed_libraries(path):
    text = subprocess.run(["readelf", "-d", "-l", path], capture_output=True, text=True,
                          check=False).stdout
    return (re.findall(r"\(NEEDED\).*\[(.*)\]", text) +
            [pathlib.Path(name).name for name in re.findall(r"interpreter: (\S+)\]", text)])


def program_files(root, programs):
    """The programs and every shared library they need, as paths below root."""
    libraries = {path.name: path for path in sorted(root.rglob("*.so*")) if path.is_file()}
    libraries |= {path.name: path for path in root.glob("lib/x86_64-linux-gnu/*.so*")}
    chosen = {}
    frontier = []
    for program in programs:
        path = root / program
        if not path.exists() and not path.is_symlink():
            raise LookupError(f"no {program} in the packages")
        chosen[program] = path
        frontier.append(path)
    while frontier:
        for name in needed_libraries(frontier.pop()):
            if name not in libraries:
                raise LookupError(f"no package has the library {name}")
            path = libraries[name]
            where = "lib64/" + name if name.startswith("ld-linux") else str(path.relative_to(root))
            if where not in chosen:
                chosen[where] = path
                frontier.append(path)
    return chosen


def tree():
    """Path → contents of the files that scenarios write: empty, tiny, small and large."""
    chance = random.Random(6)
    files = {"empty": b"", "large": chance.randbytes(8 << 20)}
    files |= {f"tiny/{n}": chance.randbytes(n * 6 + 1) for n in range(100)}
    files |= {f"a/deep/folder/{n % 5}/{n}": chance.randbytes(n * 601) for n in range(100)}
    return files


class Archive:
    """Writes a cpio archive: one header of 110 characters, name and contents per file."""

    def __init__(self, out):
        self.out = out
        self.number = 0
        self.folders = set()

    def entry(self, name, mode, contents=b""):
        self.number += 1
        fields = (self.number, mode, 0, 0, 1, 0, len(contents), 0, 0, 0, 0, len(name) + 1, 0)
        head = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
        self.out.write(head + bytes(-len(head) % 4) + contents + bytes(-len(contents) % 4))

    def file(self, name, contents, mode=0o755):
        for parent in reversed(pathlib.PurePath(name).parents):
            if str(parent) != "." and parent not in self.folders:
                self.folders.add(parent)
                self.entry(str(parent), 0o040755)
        self.entry(name, 0o100000 | mode, contents)

    def end(self):
        self.entry("TRAILER!!!", 0)


class Image:
    """Paths of a kernel and its initramfs, and the kernel's version."""

    def __init__(self, folder):
        self.folder = folder
        self.root = packages.unpacked(folder / "packages")
        kernels = sorted((self.root / "boot").glob("vmlinuz-*"))
        if not kernels:
            raise LookupError("the kernel package has no kernel")
        self.kernel = kernels[-1]
        self.version = self.kernel.name.removeprefix("vmlinuz-")
        self.initramfs = folder / "initramfs.cpio"
        self.make()

    def ours(self):
        """What of the guest comes from this folder, and how it is called there."""
        return {"init": HERE / "guest/init", "lib/lab.sh": HERE / "guest/lab.sh",
                "etc/iscsi/iscsid.conf": HERE / "guest/iscsid.conf"}

    def fingerprint(self):
        digest = hashlib.sha256((self.folder / "packages/stamp").read_bytes())
        for path in (pathlib.Path(__file__), *self.ours().values()):
            digest.update(path.read_bytes())
        return digest.hexdigest()

    def make(self):
        stamp = self.folder / "initramfs.stamp"
        if stamp.exists() and stamp.read_text() == self.fingerprint() and self.initramfs.exists():
            return
        temporary = self.folder / f"initramfs.{os.getpid()}"
        with open(temporary, "wb") as out:
            archive = Archive(out)
            archive.entry("dev", 0o040755)
            modules = load_order(self.root / "lib/modules" / self.version, MODULES)
            for path in modules:
                archive.file(f"lib/modules/{path.name}", path.read_bytes(), 0o644)
            for name, path in program_files(self.root, PROGRAMS).items():
                archive.file(name, path.read_bytes())
            names = (f"/lib/modules/{path.name}\n" for path in modules)
            archive.file("modules", "".join(names).encode())
            archive.file("etc/iscsi/initiatorname.iscsi",
                         b"InitiatorName=iqn.2004-04.com.example:lab\n", 0o644)
            archive.file("etc/passwd", b"root::0:0:root:/root:/bin/sh\n", 0o644)
            archive.file("etc/mtab", b"", 0o644)
            files = tree()
            for name, contents in files.items():
                archive.file(f"tree/{name}", contents, 0o644)
            archive.file("tree.sums", "".join(
                f"{hashlib.sha256(contents).hexdigest()}  {name}\n"
                for name, contents in files.items()).encode(), 0o644)
            for name, path in self.ours().items():
                archive.file(name, path.read_bytes())
            archive.end()
        temporary.replace(self.initramfs)
        stamp.write_text(self.fingerprint())
