"""The Debian packages of the guest: downloaded, not installed, and unpacked into one folder."""

import pathlib
import re
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
LIST = HERE.parent / "packages.txt"


class NotToBeHad(Exception):
    """What is not ours cannot be had on this machine (QEMU, apt, what apt downloads): the lab is
    skipped, loudly. Everything else that goes wrong is an error."""


def group(name):
    """The members of one group of tests/packages.txt."""
    members, inside = [], False
    for line in LIST.read_text().splitlines():
        line = line.split("#")[0].strip()
        if line.startswith("["):
            inside = line == f"[{name}]"
        elif inside and line:
            members.append(line.split()[0])
    return members


def from_apt(*command, cwd=None):
    """What it prints; all that may fail here is what Debian's archive gives, or does not."""
    try:
        done = subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=600)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotToBeHad(f"{command[0]}: {error}") from error
    if done.returncode != 0:
        said = done.stderr.strip() or done.stdout.strip()
        raise NotToBeHad(f"{' '.join(command[:3])}...: {said}")
    return done.stdout


def real_dependencies(names):
    """What these packages depend on, of the first alternatives that exist."""
    text = from_apt("apt-cache", "depends", "--no-recommends", "--no-suggests", "--no-conflicts",
                    "--no-breaks", "--no-replaces", "--no-enhances", *names)
    return re.findall(r"^ [ |](?:Pre)?Depends: ([a-z0-9][a-z0-9.+-]*)$", text, re.MULTILINE)


def with_libraries(names):
    """The packages themselves, the kernel behind its metapackage, and all libraries below them."""
    found = set()
    frontier = set(names)
    while frontier:
        found |= frontier
        frontier = {name for name in real_dependencies(sorted(frontier))
                    if name.startswith(("lib", "zlib", "linux-image-"))} - found
    return sorted(found)


def unpacked(folder):
    """A folder with the files of the guest's packages; made once and kept."""
    root = folder / "root"
    stamp = folder / "stamp"
    wanted = group("lab-guest")
    if stamp.exists() and stamp.read_text().split("\n", 1)[0] == " ".join(wanted):
        return root
    if not shutil.which("apt-get"):
        raise NotToBeHad("no apt-get here: the guest's packages are Debian's")
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "archives").mkdir(parents=True)
    root.mkdir()
    from_apt("apt-get", "-q", "-o", "APT::Sandbox::User=root", "download",
             *with_libraries(wanted), cwd=folder / "archives")
    archives = sorted((folder / "archives").glob("*.deb"))
    for archive in archives:
        subprocess.run(["dpkg", "-x", archive, root], check=True, stdin=subprocess.DEVNULL)
    stamp.write_text("\n".join([" ".join(wanted), *(archive.name for archive in archives)]) + "\n")
    shutil.rmtree(folder / "archives")
    return root
