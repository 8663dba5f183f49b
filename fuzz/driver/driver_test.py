#!/usr/bin/env python3
"""What the campaign's driver reads out of the engines' words, and keeps. No engine needed."""

import pathlib
import sys
import tempfile
import types
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "fuzz"))
sys.dont_write_bytecode = True

from driver import engines, finds, state  # noqa: E402

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


if __name__ == "__main__":
    unittest.main()
