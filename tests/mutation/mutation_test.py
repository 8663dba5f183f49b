#!/usr/bin/python3
"""The tool finds mutants, leaves what it must leave, and tells the killed from the living: tried on
a small source whose test has one hole."""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "fuzz")]

try:
    import results
    import rewrite
    import sites
    import suite
    import tree
except ModuleNotFoundError as missing:
    if missing.name.partition(".")[0] != "clang":
        raise
    print(f"SKIPPED: {missing}: tests/setup mutation")
    sys.exit(77)


class Sample(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        root = pathlib.Path(cls.folder.name)
        shutil.copytree(HERE / "sample", root / "root/reference/sample")
        cls.subject = tree.Tree(root / "root", root / "place", ["reference/sample/sample.cpp"], 1)
        cls.subject.find()
        cls.subject.write()
        copy = cls.subject.copy / "reference"
        cls.program = root / "sample_test"
        command = [tree.COMPILER, "-std=c++23", *cls.subject.flags(), *tree.STRICT, "-o",
                   cls.program, copy / "sample/sample.cpp", copy / "sample/sample_test.cpp",
                   copy / "wire/mutant.cpp"]
        cls.subject.drop_what_does_not_compile(
            lambda: subprocess.run(command, check=False, capture_output=True, text=True).stderr)
        cls.runner = suite.Runner(root / "work")
        cls.step = suite.Step("sample", [str(cls.program)])
        suite.measure(cls.runner, cls.step, cls.subject.size())

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def of(self, function, original, changed=None):
        return [m for m in self.subject.mutants if m.function == function
                and m.original == original and changed in (None, m.changed)]

    def verdict(self, one):
        return suite.verdict(self.runner, [self.step], "sample", one.number)

    def test_without_a_mutant_everything_passes(self):
        self.assertTrue(self.step.passes)

    def test_the_hole_of_the_test_lives_and_everything_else_that_is_reached_is_killed(self):
        alive = [(m.original, m.changed) for m in self.subject.mutants
                 if m.number in self.step.reaches and self.verdict(m)["by"] is None]
        self.assertEqual(alive, ALIVE)

    def test_an_operator_a_condition_a_constant_a_statement_and_an_enumerator_are_killed(self):
        for function, original, changed in (
                ("within", "value >= low", "(value) > (low)"),
                ("within", "value >= low && value <= high", "true"),
                ("colour_of", "2", "1"), ("total", "sum += values[i] * weights[i % 3]", ""),
                ("colour_of", "Colour::red", "Colour::green"),
                ("colour_of", "return Colour::blue", "return {}")):
            found = self.of(function, original, changed)
            self.assertEqual(len(found), 1, (function, original, changed))
            self.assertEqual(self.verdict(found[0])["by"], "sample", (original, changed))

    def test_a_loop_without_end_is_killed_by_its_time(self):
        endless = self.of("countdown", "--from", "")
        self.assertEqual(len(endless), 1)
        self.assertEqual(self.verdict(endless[0])["how"], "too long")

    def test_what_no_test_comes_past_is_known(self):
        forgotten = self.of("forgotten", "value - 1", "(value) + (1)")
        self.assertEqual(len(forgotten), 1)
        self.assertNotIn(forgotten[0].number, self.step.reaches)
        states = dict(map(reversed, results.states_of(forgotten, [], {}, self.step.reaches)))
        self.assertEqual(list(states), ["not reached"])

    def test_what_the_compiler_evaluates_is_counted_apart(self):
        table = [m for m in self.subject.mutants if m.function == "weights"]
        self.assertEqual(len(table), 6)
        self.assertTrue(all(m.constant for m in table))
        # Neither static_assert, template arguments nor case labels are touched.
        self.assertFalse([m for m in self.subject.mutants if "case" in m.context and
                          m.original in ("0", "1")])
        self.assertFalse([m for m in self.subject.mutants if "static_assert" in m.context])

    def test_a_constant_is_switched_on_the_command_line_of_the_compiler(self):
        source = self.subject.copy / "reference/sample/sample.cpp"
        command = [tree.COMPILER, "-std=c++23", "-fsyntax-only", *self.subject.flags(), source]
        self.assertEqual(subprocess.run(command, check=False).returncode, 0)
        # weights[1] becomes 3: the static_assert notices.
        one = self.of("weights", "2", "3")[0]
        broken = subprocess.run([*command, f"-DISCSI_MUTANT_OF_CONSTANTS={one.number}"],
                                check=False, stderr=subprocess.DEVNULL)
        self.assertNotEqual(broken.returncode, 0)


class Parts(unittest.TestCase):
    def test_a_program_that_would_pass_over_cases_is_no_killer(self):
        def cases_of(*lines):
            with tempfile.TemporaryDirectory() as folder:
                program = pathlib.Path(folder) / "test_of_ours"
                program.write_text("#!/bin/sh\ncat <<'END'\n" + "\n".join(lines) + "\nEND\n")
                program.chmod(0o755)
                return suite.cases_of(program)
        self.assertEqual(cases_of("Suite.", "  One", "  Two/0  # GetParam() = 1"),
                         ["Suite.One", "Suite.Two/0"])
        for listed in (["Suite.", "  One", "  DISABLED_Two"], ["DISABLED_Suite.", "  One"], []):
            with self.assertRaises(ValueError, msg=listed):
                cases_of(*listed)

    def test_mutants_lie_within_each_other_as_the_code_does(self):
        whole = sites.Mutant("f", 0, 5, 1, "g", "o", "a + 1", "a - 1",
                             "(@IS@ ? (a - 1) : (@TEXT@))", number=1)
        inner = sites.Mutant("f", 4, 5, 1, "g", "o", "1", "2", "(@IS@ ? (2) : (@TEXT@))", number=2)
        text = rewrite.write("a + 1;", [inner, whole])
        self.assertEqual(text, "/*<1*/(mutant::is(1) ? (a - 1) : (a + /*<2*/(mutant::is(2) ? (2) : "
                               "(1))/*2>*/))/*1>*/;")
        self.assertEqual(rewrite.enclosing(text, text.index("(2)")), [2, 1])
        self.assertEqual(rewrite.enclosing(text, text.index("a - 1")), [1])
        self.assertEqual(rewrite.enclosing(text, len(text) - 1), [])

    def test_a_reason_is_for_a_survivor_and_a_stale_one_is_found(self):
        one = sites.Mutant("reference/wire/f.cpp", 0, 5, 1, "g", "o", "a", "b", context="a;")
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "survivors.json"
            path.write_text(json.dumps([results.entry_of(one) | {"reason": "the same"}]))
            known = results.Survivors(path)
            self.assertEqual(known.reason(one), "the same")
            self.assertEqual(known.stale([(one, "survived")], ["wire"]), [])
            self.assertEqual(known.stale([(one, "killed")], ["wire"]), [one.key()])
            self.assertEqual(known.stale([], ["wire"]), [one.key()])
            self.assertEqual(known.stale([], ["pdu"]), [])
            path.write_text(json.dumps([results.entry_of(one)]))
            with self.assertRaises(ValueError):
                results.Survivors(path)

    def test_cases_of_one_program_run_together_the_quick_ones_first(self):
        steps = [suite.Step("pdu A.slow", ["p"], "A.slow", 9), suite.Step("text B.b", ["t"], "B.b"),
                 suite.Step("pdu A.a", ["p"], "A.a"), suite.Step("pdu A.b", ["p"], "A.b"),
                 suite.Step("replay pdu", ["r"]), suite.Step("stories", ["s"])]
        suite.set_paces(steps)
        names = [[s.name for s in group] for group in suite.batches(suite.ordered(steps, "pdu"))]
        self.assertEqual(names, [["pdu A.a", "pdu A.b"], ["pdu A.slow"], ["replay pdu"],
                                 ["stories"], ["text B.b"]])

    def test_a_sample_is_always_the_same_one(self):
        many = [sites.Mutant("f", n, n + 1, n, "g", "o", str(n), "b") for n in range(100)]
        self.assertEqual(results.sample(many, 10), results.sample(many[::-1], 10))
        self.assertEqual(len(results.sample(many, 10)), 10)
        self.assertEqual(len(results.sample(many, 0)), 100)


# The hole of the sample's test; and a break before the end of its switch, which changes nothing.
ALIVE = [("break", ""), ("value < 10", "(value) <= (10)"), ("10", "11"), ("10", "9")]

if __name__ == "__main__":
    unittest.main()
