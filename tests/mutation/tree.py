"""The rewritten copy of the source tree, and its build."""

import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess

import rewrite
import sites

HERE = pathlib.Path(__file__).resolve().parent
BLOCK = 4096  # numbers of one file's mutants: a change of one file does not renumber the others
COPIED = ("CMakeLists.txt", "README.md", ".presets", "conformance", "corpus", "docs", "fuzz",
          "reference", "tests", "traces")
COMPILER = "clang++-19"
# A constant that becomes a choice of two is narrowed where it initialises; that is meant.
QUIET = ["-w", "-Wno-c++11-narrowing", "-ferror-limit=0", "-ftemplate-backtrace-limit=0",
         "-fno-caret-diagnostics", "-fno-color-diagnostics"]
# A read beyond an end is noticed where the library can.
STRICT = ["-D_GLIBCXX_ASSERTIONS"]


def sources_of(root, folders):
    """The C++ files of the folders below reference/, in an order that stays."""
    return sorted(str(path.relative_to(root)) for folder in folders
                  for path in (root / "reference" / folder).iterdir()
                  if path.suffix in (".cpp", ".hpp"))


def find_in(root, name, arguments):
    return sites.Finder(root, name, arguments).mutants()


def number(name, mutants, first):
    if len(mutants) >= BLOCK:
        raise ValueError(f"{name} has more than {BLOCK} mutants")
    for offset, one in enumerate(mutants):
        one.number = first + offset
    return mutants


class Tree:
    """`root` is copied to `place`/tree, and the files of `names` are rewritten there."""

    def __init__(self, root, place, names, jobs):
        self.root, self.names, self.jobs = root, names, jobs
        self.copy, self.build = place / "tree", place / "build"
        self.mutants, self.stillborn = [], []

    def find(self):
        """Looks into one file after the other, as many at a time as there are jobs."""
        arguments = ["-x", "c++", "-std=c++23", f"-I{self.root}/reference", f"-I{self.root}",
                     "-Wno-pragma-once-outside-header"]
        with concurrent.futures.ProcessPoolExecutor(self.jobs) as pool:
            work = [pool.submit(find_in, self.root, name, arguments) for name in self.names]
            for index, (name, found) in enumerate(zip(self.names, work)):
                self.mutants += number(name, found.result(), index * BLOCK + 1)

    def size(self):
        return len(self.names) * BLOCK + 1

    def put(self, source, target):
        """Files that stay as they are keep their time: nothing is compiled twice."""
        if not target.exists() or target.read_bytes() != source:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source)

    def write(self):
        wanted = {}
        for top in COPIED:
            base = self.root / top
            for path in [base] if base.is_file() else base.rglob("*"):
                if path.is_file() and "__pycache__" not in path.parts:
                    wanted[path.relative_to(self.root)] = path
        for name in ("mutant.hpp", "mutant.cpp"):
            wanted[pathlib.Path("reference/wire") / name] = HERE / name
        for old in list(self.copy.rglob("*")) if self.copy.exists() else []:
            if old.is_file() and old.relative_to(self.copy) not in wanted:
                old.unlink()
        rewritten = {pathlib.Path(name) for name in self.names}
        for name, path in wanted.items():
            if name not in rewritten:
                self.put(path.read_bytes(), self.copy / name)
                shutil.copymode(path, self.copy / name)
        for name in self.names:
            self.write_one(name)

    def write_one(self, name):
        text = (self.root / name).read_bytes().decode("latin-1")
        chosen = [m for m in self.mutants if m.file == name]
        self.put(rewrite.write(text, chosen).encode("latin-1"), self.copy / name)

    def flags(self):
        return ["-include", str(self.copy / "reference/wire/mutant.hpp"),
                "-DISCSI_MUTANT_OF_CONSTANTS=0", *QUIET]

    def drop_what_does_not_compile(self, make):
        """A mutant that no compiler takes is none. `make` compiles, as far as it can, and returns
        its messages, or nothing when all went well; each error names the mutant in whose text it
        is."""
        while log := make():
            dropped = self.blamed(log)
            if not dropped:
                raise RuntimeError(f"an error that is no mutant's:\n{log[-6000:]}")
            self.stillborn += [m for m in self.mutants if m.number in dropped]
            self.mutants = [m for m in self.mutants if m.number not in dropped]
            for name in {m.file for m in self.stillborn if m.number in dropped}:
                self.write_one(name)

    def blamed(self, log):
        """The innermost mutant at each error, or at the place that an error leads back to."""
        texts, blamed = {}, set()
        pattern = re.compile(r"^(?:\./)?([^\s:][^:\n]*):(\d+):(\d+): (error|note)", re.MULTILINE)
        for path, line, column, kind in pattern.findall(log):
            name = os.path.relpath(os.path.join(self.build, path), self.copy)
            if name not in self.names:
                continue
            text = texts.setdefault(name, (self.copy / name).read_bytes())
            lines = text.split(b"\n")
            place = sum(len(one) + 1 for one in lines[:int(line) - 1]) + int(column) - 1
            found = rewrite.enclosing(text.decode("latin-1"), place)
            if found and (kind == "error" or not blamed):
                blamed.add(found[0])
        return blamed

    def configure(self):
        # CMake tries the compiler without the standard that the sources ask for.
        flags = " ".join(["-std=c++23", *self.flags(), *STRICT])
        self.run(["cmake", "-C", ".presets/mutation.cmake", "-B", str(self.build), "-S", ".",
                  f"-DCMAKE_CXX_FLAGS={flags}"])

    def make(self, targets):
        self.run(["cmake", "--build", str(self.build), "--parallel", str(self.jobs), "--target",
                  *targets])

    def make_what_can_be_made(self, target):
        """The messages of the compiler, or nothing when there is no error."""
        try:
            self.run(["cmake", "--build", str(self.build), "--parallel", str(self.jobs),
                      "--target", target, "--", "-k", "0"])
        except RuntimeError as problem:
            return str(problem)
        return ""

    def run(self, command):
        done = subprocess.run(command, cwd=self.copy, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command[:2])} failed:\n{done.stdout}")
