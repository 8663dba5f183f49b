#!/usr/bin/env python3
"""What the campaign's driver reads out of the engines' words, and keeps. No engine needed: shell
scripts stand for it."""

import contextlib
import importlib.machinery
import importlib.util
import io
import json
import os
import pathlib
import signal
import sys
import tempfile
import time
import types
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "fuzz"))
sys.dont_write_bytecode = True

from driver import branches, engines, finds, state  # noqa: E402


def module_of(path):
    """A program without the suffix of a module."""
    loader = importlib.machinery.SourceFileLoader(path.name, str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(path.name, loader))
    loader.exec_module(module)
    return module


campaign = module_of(ROOT / "fuzz" / "campaign")

LIBFUZZER = """INFO: Seed: 1
#2\tINITED cov: 9 ft: 10 corp: 1/1b exec/s: 0 rss: 30Mb
#4096\tpulse  cov: 11 ft: 14 corp: 3/9b lim: 64 exec/s: 2048 rss: 31Mb
#5000\tNEW    cov: 12 ft: 15 corp: 4/12b lim: 64 exec/s: 2500 rss: 31Mb L: 3/4 MS: 1 ChangeBit-
"""
AFL = "execs_done        : 4200\nexecs_per_sec     : 70.00\nedges_found       : 321\n" \
      "corpus_count      : 17\n"


class Reading(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def slice(self, **more):
        return types.SimpleNamespace(folder=self.folder, log=self.folder / "log", number=0,
                                     notes={}, seconds=lambda: 2.0, **more)

    def test_libfuzzer_counts_as_it_goes_and_at_the_end(self):
        one = self.slice()
        engine = engines.LibFuzzer(ROOT)
        self.assertEqual(engine.figures(one), state.Figures(0, 2.0, 0, 0))
        one.log.write_text(LIBFUZZER)
        self.assertEqual(engine.figures(one), state.Figures(5000, 2.0, 15, 4))
        one.log.write_text(LIBFUZZER + "stat::number_of_executed_units: 6001\n")
        self.assertEqual(engine.figures(one).executions, 6001)

    def test_afl_counts_on_where_it_was_resumed(self):
        stats = self.folder / "afl" / "job0" / "fuzzer_stats"
        stats.parent.mkdir(parents=True)
        stats.write_text(AFL)
        engine = engines.AflPlusPlus(ROOT)
        self.assertEqual(engine.figures(self.slice(is_first=True)),
                         state.Figures(4200, 2.0, 321, 17))
        resumed = self.slice(is_first=False)
        self.assertEqual(engine.figures(resumed).executions, 0)
        stats.write_text(AFL.replace("4200", "4300"))
        self.assertEqual(engine.figures(resumed).executions, 100)

    def test_every_harness_is_in_the_table(self):
        rows = engines.harnesses_of(ROOT / "fuzz" / "harnesses.txt")
        sources = {path.stem for path in (ROOT / "fuzz").glob("*.cpp")}
        self.assertEqual({row.name for row in rows}, sources)
        self.assertEqual([row.name for row in rows if row.is_canary], ["canary", "canary_memory"])

    def test_state_survives(self):
        path = self.folder / "state.json"
        first = state.State(path)
        first.of("pdu").add(2.0, state.Figures(100, 2.0, 7, 3))
        first.save()
        again = state.State(path)
        again.of("pdu").add(1.0, state.Figures(50, 1.0, 6, 4))
        self.assertEqual(again.of("pdu"), state.Known(3.0, 150, 7, 4, 0, 2))


class Signatures(unittest.TestCase):
    def test_a_law_a_rule_a_sanitizer(self):
        cases = {
            "/x/fuzz/pdu.cpp:71: broken: the decoder refuses what the audit finds wrong\nabort":
                "pdu.cpp: the decoder refuses what the audit finds wrong",
            "record 12, byte 28: exp-cmd-sn-advances: found 3\n/x/judged.cpp:51: broken: nothing":
                "judge: exp-cmd-sn-advances",
            "SUMMARY: AddressSanitizer: heap-use-after-free /x/a.cpp:9:3 in iscsi::Target::sent":
                "heap-use-after-free: iscsi::Target::sent",
            "/x/crc.cpp:3:5: runtime error: shift exponent 64 is too large":
                "crc.cpp: shift exponent 64 is too large",
            "SUMMARY: libFuzzer: timeout": "timeout",
            "": "status 77",
        }
        for output, signature in cases.items():
            self.assertEqual(finds.signature_of(output, 77), signature)
        self.assertIsNone(finds.signature_of("SUMMARY: libFuzzer: timeout", 0))

    def test_the_name_has_no_numbers_that_change(self):
        self.assertEqual(finds.slug_of("a.cpp: Shift of 0x7f0 by 12!"), "a-cpp-shift-of-by")


# A source, and what llvm-cov-19 exports of two programs that have it.
SOURCE = """int f(Kind kind, int n) {
  assert(n > 0);
  switch (kind) {
    case Kind::one: return n > 1 ? 1 : 2;
  }
  switch (n) {
    case 7: return 3;
  }
  return 0;
}
bool friend operator==(const Pair&, const Pair&) = default;
constexpr int
g(int n) {
  return n > 0 ? 1 : 2;
}
int h(int n) { return n > 0 && std::is_same_v<A, B> ? 1 : 2; }
"""


class Branches(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.root = pathlib.Path(temporary.name)
        path = self.root / "reference" / "wire" / "a.cpp"
        path.parent.mkdir(parents=True)
        path.write_text(SOURCE)
        name = str(path)

        def branch(*numbers):
            return [*numbers, 0, 0, 4]

        def function(count, *body):
            return {"name": "f", "count": count, "filenames": [name],
                    "regions": [[*body, count, 0, 0, 0]]}
        self.exported = {"data": [{
            "files": [{
                "filename": name,
                "branches": [branch(2, 3, 2, 3, 9, 0),       # the assertion
                             branch(3, 11, 3, 15, 0, 9),     # its default
                             branch(4, 5, 4, 19, 9, 0), branch(4, 28, 4, 33, 9, 0),
                             branch(4, 28, 4, 33, 0, 4),     # the same, of the other program
                             branch(6, 11, 6, 12, 0, 9), branch(7, 5, 7, 11, 9, 0),
                             branch(11, 59, 11, 60, 3, 0),
                             branch(14, 10, 14, 15, 0, 0),   # run by the compiler
                             branch(16, 23, 16, 28, 0, 0),   # never run
                             branch(16, 32, 16, 52, 0, 0)],
                "segments": [[1, 25, 9, True, True, False], [10, 2, 0, False, False, False],
                             [13, 10, 0, True, True, False], [16, 14, 0, True, True, False]]}],
            "functions": [function(9, 1, 25, 10, 2), function(4, 1, 25, 10, 2),
                          function(0, 13, 10, 15, 2), function(0, 16, 14, 16, 63)]}]}

    def counted(self):
        return branches.sides_of(self.exported, self.root)

    def run_h(self):
        """Its first condition is true; the other one the compiler knows."""
        data = self.exported["data"][0]
        data["functions"][3]["count"] = 5
        data["files"][0]["branches"][9][4] = 5
        data["files"][0]["segments"][3][2] = 5

    def test_a_side_counts_once_and_is_taken_if_it_was_anywhere(self):
        self.assertEqual(
            [(side.line, side.condition, side.branch, side.taken) for side in self.counted().sides],
            [(2, "assert(n > 0);", "true", True), (3, "kind", "false", True),
             (4, "case Kind::one", "true", True), (4, "case Kind::one", "false", False),
             (4, "n > 1", "true", True), (4, "n > 1", "false", True),
             (6, "n", "true", False), (6, "n", "false", True),
             (7, "case 7", "true", True), (7, "case 7", "false", False),
             (16, "n > 0", "true", False), (16, "n > 0", "false", False),
             (16, "std::is_same_v<A, B>", "true", False),
             (16, "std::is_same_v<A, B>", "false", False)])

    def test_what_nobody_can_take_is_told_and_not_counted(self):
        self.assertEqual(self.counted().left_out,
                         {branches.ASSERTION: 1, branches.COMPLETE_SWITCH: 1,
                          branches.WRITTEN_BY_COMPILER: 2, branches.AT_COMPILE_TIME: 2})
        self.run_h()
        counted = self.counted()
        self.assertEqual(counted.left_out[branches.CONSTANT], 2)
        self.assertEqual([str(side) for side in counted.sides[10:] if not side.taken],
                         ["reference/wire/a.cpp:16:23: never false: n > 0"])

    def explained(self, *explanations):
        path = self.root / "unreached.json"
        path.write_text(json.dumps([{"reason": "so"} | one for one in explanations]))
        return branches.judge(self.counted().sides, branches.read_explanations(path))

    def test_an_explanation_is_of_one_side_of_a_line_or_of_a_file(self):
        name = "reference/wire/a.cpp"
        self.assertEqual(len(self.explained().unexplained), 7)
        verdict = self.explained({"file": name, "line": "case 7: return 3;", "branch": "false"},
                                 {"file": name, "line": "switch (n) {", "condition": "n",
                                  "branch": "true"})
        self.assertEqual([side.line for side in verdict.explained], [6, 7])
        self.assertEqual([side.line for side in verdict.unexplained], [4, 16, 16, 16, 16])
        self.assertEqual(verdict.stale, [])
        self.assertEqual(branches.table(verdict).splitlines()[1].split(),
                         ["reference/wire", "14", "7", "50.0%", "2", "5"])

    def test_a_file_that_is_explained_as_a_whole_is_not_counted(self):
        whole = {"file": "reference/wire/a.cpp"}
        self.assertEqual(len(self.explained(whole).stale), 7)  # it is reached
        self.exported["data"][0]["files"][0]["branches"] = [[16, 23, 16, 28, 0, 0, 0, 0, 4]]
        verdict = self.explained(whole)
        self.assertEqual((len(verdict.not_fuzzed), verdict.sides, verdict.stale), (2, [], []))

    def test_an_explanation_that_is_not_needed_is_an_error(self):
        self.assertEqual(self.explained({"file": "reference/wire/b.cpp"}).stale,
                         ["gone: reference/wire/b.cpp"])
        reached = {"file": "reference/wire/a.cpp", "line": "switch (n) {", "branch": "false"}
        self.assertEqual(self.explained(reached).stale,
                         ["reached now, 6:11 false: reference/wire/a.cpp: switch (n) {: false"])

    def test_an_explanation_has_a_reason(self):
        for bad in ({"file": "a", "reason": " "}, {"line": "a"}, {"file": "a", "branch": "both"},
                    {"file": "a", "column": 3}):
            with self.assertRaises(branches.BadExplanation):
                self.explained(bad)

    def test_a_draft_wants_a_reason_and_nothing_else(self):
        unexplained = self.explained().unexplained
        draft = json.loads(branches.drafts(unexplained))
        self.assertEqual(len(draft), 7)
        self.assertEqual({one.pop("reason") for one in draft}, {""})
        self.assertEqual(self.explained(*draft).unexplained, [])
        self.assertEqual(self.explained(*draft).stale, [])


class Scripts(engines.LibFuzzer):
    """Each harness is a shell script: $1 is its crashes' folder when it fuzzes, and nothing when it
    is given an input."""

    def __init__(self, root):
        super().__init__(root)
        self.build = root / "build"

    def command(self, harness, folder, number, length):
        real = super().command(harness, folder, number, length)
        return [real[0], "fuzz", folder / f"crashes{number}"]

    def minimise(self, harness, find, into, length, in_a_hurry):
        into.write_bytes(find.read_bytes()[:1])


FUZZES = "echo 'stat::number_of_executed_units: 100'\n"
FINDS = 'if [ "$1" = fuzz ]; then echo input > "$2/crash-1"; fi\n' \
        "echo 'x.cpp:1: broken: the law'; exit 77\n"


class RunFor(unittest.TestCase):
    """What an engine starts to minimise starts others in its turn, for as long as it likes."""

    def ends(self, length, in_a_hurry):
        with tempfile.TemporaryDirectory() as name:
            pid = pathlib.Path(name, "pid")
            engine = engines.LibFuzzer(pathlib.Path(name))
            started = time.monotonic()
            engine.run_for(length, lambda: in_a_hurry and pid.exists() and pid.read_text(),
                           ["sh", "-c", f"sleep 300 & echo $! > '{pid}'; while :; do wait; done"])
            self.assertLess(time.monotonic() - started, 60)
            child = int(pid.read_text())
            for _ in range(100):  # whoever inherits it sees to it
                if not pathlib.Path(f"/proc/{child}").exists() or is_zombie(child):
                    return
                time.sleep(0.1)
            self.fail("what it has started goes on")

    def test_ends_when_its_time_is_up(self):
        self.ends(2, False)

    def test_ends_when_somebody_is_in_a_hurry(self):
        self.ends(250, True)


def is_zombie(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


class Slices(unittest.TestCase):
    """Whole campaigns, of one slice unless more is said."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        for name in ("GRACE_SECONDS", "LAST_SECONDS"):
            self.addCleanup(setattr, engines, name, getattr(engines, name))

    def campaign(self, **scripts):
        (self.folder / "build").mkdir(exist_ok=True)
        for name, text in scripts.items():
            program = self.folder / "build" / f"fuzz_{name}"
            program.write_text("#!/bin/sh\n" + text)
            program.chmod(0o755)
        known = [engines.Harness(name, "bytes", 64, "none") for name in scripts]
        options = types.SimpleNamespace(engine="scripts", folder=self.folder / "campaign", time=0.1,
                                        slice=1, jobs=1, report=False)
        engines.ENGINES["scripts"] = lambda _: Scripts(self.folder)
        self.addCleanup(engines.ENGINES.pop, "scripts", None)
        return campaign.Campaign(options, known)

    def run_it(self, one):
        with contextlib.redirect_stdout(io.StringIO()) as said:
            one.run()
        return said.getvalue()

    def facts(self, one):
        return [json.loads(path.read_text())
                for path in sorted(one.folder.glob("finds/*/facts.json"))]

    def test_what_dies_at_once_starves_nobody(self):
        one = self.campaign(dies="exit 3\n", works=FUZZES)
        one.options.time = 3
        self.run_it(one)
        turns = [one.state.of(name).slices for name in ("dies", "works")]
        self.assertLessEqual(abs(turns[0] - turns[1]), 1)
        one.state.of("works").add(600, state.Figures())
        one.state.of("dies").slices = one.state.of("works").slices + 1
        self.assertEqual(one.next_harness().name, "works")

    def test_every_fourth_turn_has_room_for_whole_conversations(self):
        one = self.campaign(works=FUZZES)
        one.options.time = 30
        lengths = []

        def note(slice_):
            lengths.append(slice_.harness.longest)
            one.stopping = len(lengths) == 5
            return take(slice_)
        take, one.take = one.take, note
        self.run_it(one)
        self.assertEqual(lengths, [64, 64, 64, engines.WHOLE_BYTES, 64])

    def test_a_slice_that_ends_badly_is_told(self):
        one = self.campaign(dies="exit 3\n", works=FUZZES)
        one.options.time = 2
        self.assertIn("dies ended with 3", self.run_it(one))
        self.assertGreater(one.failed, 0)
        self.assertGreater(one.executions, 0)
        self.assertEqual(one.status(), 2)

    def test_nothing_fuzzed_is_not_nothing_found(self):
        one = self.campaign(idle="exit 0\n")
        self.run_it(one)
        self.assertEqual((one.failed, one.status()), (0, 2))
        one = self.campaign(works=FUZZES)
        self.run_it(one)
        self.assertEqual((one.failed, one.status()), (0, 0))

    def test_a_crash_that_comes_again_is_counted(self):
        one = self.campaign(cries=FUZZES + FINDS)
        one.options.time = 2
        self.run_it(one)
        turns = one.state.of("cries").slices
        self.assertGreater(turns, 1)
        facts = self.facts(one)
        self.assertEqual([(row["times"], row["finished"]) for row in facts], [(turns, True)])
        self.assertEqual((one.new_finds, one.failed, one.status()), (1, 0, 1))
        again = self.campaign(cries=FUZZES + FINDS)
        self.run_it(again)
        self.assertEqual((again.new_finds, again.failed, again.status()), (0, 0, 0))

    def test_finds_are_minimised_when_the_slices_are_over(self):
        one = self.campaign(cries=FUZZES + FINDS)
        seen = []
        whole = one.finds.finish

        def finish(harness, folder, in_a_hurry):
            seen.append(len(one.running))
            whole(harness, folder, in_a_hurry)
        one.finds.finish = finish
        self.run_it(one)
        self.assertEqual(seen, [0])
        facts = self.facts(one)[0]
        folder = next((one.folder / "finds").iterdir())
        self.assertEqual((facts["bytes_as_found"], facts["bytes"]), (6, 1))
        self.assertEqual((folder / facts["seed"]).read_bytes(), b"i")
        self.assertIn("broken: the law", (folder / "transcript.txt").read_text())

    def test_what_is_interrupted_is_finished_by_the_next_one(self):
        one = self.campaign(cries=FUZZES + FINDS)
        one.finds.least = lambda harness, folder, *_: one.stop() or folder / "as-found"
        self.run_it(one)
        self.assertEqual(self.facts(one)[0]["finished"], False)
        # As a driver leaves it that was killed while it took a find.
        (one.folder / "finds.new").mkdir()
        (one.folder / "finds.new" / "as-found").write_bytes(b"half")
        again = self.campaign(cries=FUZZES + FINDS)
        again.options.report = True
        self.run_it(again)
        self.assertEqual((self.facts(again)[0]["finished"], again.status()), (True, 0))

    def test_no_find_is_lost_to_a_tool_that_fails(self):
        one = self.campaign(cries=FUZZES + FINDS)
        harness = one.harnesses[0]._replace(input="pdu")
        one.harnesses = [harness]
        one.finds.show = pathlib.Path("/bin/false")
        self.run_it(one)
        self.assertEqual(self.facts(one)[0]["finished"], True)

    def engines_of(self, one):
        """The processes of its slices, noted as they begin."""
        begun = []
        begin = one.begin

        def note(*arguments):
            begin(*arguments)
            begun.append(one.running[-1].process)
        one.begin = note
        return begun

    def test_no_engine_outlives_a_driver_that_fails(self):
        engines.GRACE_SECONDS = 0.2
        one = self.campaign(deaf="trap '' INT\nwhile :; do sleep 0.1; done\n")
        begun = self.engines_of(one)
        one.show_live = lambda: 1 / 0
        with self.assertRaises(ZeroDivisionError):
            self.run_it(one)
        self.assertEqual([process.poll() for process in begun], [-signal.SIGKILL])

    def test_every_signal_ends_it_gently(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(number):
                before = signal.getsignal(number)
                one = self.campaign(works=FUZZES + "trap 'exit 0' INT\n"
                                    f"kill -{int(number)} {os.getpid()}\n"
                                    "while :; do sleep 0.1; done\n")
                one.options.time = one.options.slice = 60
                begun = self.engines_of(one)
                started = time.monotonic()
                self.run_it(one)
                self.assertLess(time.monotonic() - started, 30)
                self.assertEqual([process.poll() for process in begun], [0])
                self.assertEqual((one.failed, one.status()), (0, 0))
                self.assertEqual(signal.getsignal(number), before)

    def test_an_engine_that_hears_nothing_is_ended(self):
        engines.GRACE_SECONDS = engines.LAST_SECONDS = 0.2
        one = self.campaign(deaf="trap '' INT\nwhile :; do sleep 0.1; done\n")
        begun = self.engines_of(one)
        self.run_it(one)
        self.assertEqual([process.poll() for process in begun], [-signal.SIGKILL])
        self.assertEqual((one.failed, one.status()), (1, 2))

    def test_an_engine_that_has_to_be_told_has_hung(self):
        engines.GRACE_SECONDS = 0.2
        one = self.campaign(slow=FUZZES + "trap 'exit 0' INT\nwhile :; do sleep 0.1; done\n")
        self.run_it(one)
        self.assertEqual((one.failed, one.status()), (1, 2))

    def test_an_engine_that_is_always_told_has_not(self):
        one = self.campaign(slow=FUZZES + "trap 'exit 0' INT\nwhile :; do sleep 0.1; done\n")
        one.engine.ends_by_itself = False
        self.run_it(one)
        self.assertEqual((one.failed, one.status()), (0, 0))


class Gather(unittest.TestCase):
    def test_different_seeds_of_all_folders_none_too_long(self):
        with tempfile.TemporaryDirectory() as name:
            root = pathlib.Path(name)
            for path, seed in {"a/README.md": b"x", "a/empty": b"", "a/one": b"1234567",
                               "a/deep/same": b"12345678", "b/one": b"12"}.items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_bytes(seed)
            engines.gather([root / "a", root / "b"], 4, root / "seeds")
            self.assertEqual(sorted(path.read_bytes() for path in (root / "seeds").iterdir()),
                             [b"12", b"1234"])
            engines.gather([root / "none"], 4, root / "at-least-one")
            self.assertEqual(len(list((root / "at-least-one").iterdir())), 1)


if __name__ == "__main__":
    unittest.main()
