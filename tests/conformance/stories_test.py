#!/usr/bin/env python3
"""traces/schema.json and the loader of stories agree; docs/counterparts.md names what exists.

Every story fits the schema (the loader reads them all in other tests). A sound story, changed in
one place, is taken by both or refused by both: for the changes here, one per clause of the grammar.

  stories_test.py PATH/TO/iscsi-conform
"""

import copy
import fnmatch
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import jsonschema

ROOT = pathlib.Path(__file__).resolve().parents[2]
TRACES = ROOT / "traces"
SCHEMA = json.loads((TRACES / "schema.json").read_text())
JUDGE = None

SOUND = {
    "version": 1,
    "claim": "a ping is answered",
    "note": "made for this test",
    "rules": ["nop-out-is-answered"],
    "parameters": {"length": [0, 1]},
    "defaults": {"seed": 3},
    "requires": ["open-login", "HeaderDigest=None"],
    "writes": 1,
    "steps": [
        {"send": {"login": {"stages": "both"}, "text": ["HeaderDigest=None"]}, "as": "request"},
        {"expect": "full-feature", "as": "login"},
        {"send": {"NOP-Out": {"I": 1}, "data": {"pattern": "$seed", "length": "$length"}},
         "but": [{"field": "F", "is": 1}], "pieces": 7},
        {"expect": [
            {"NOP-In": {"StatSN": {"from": 0, "to": "$login.StatSN+1"}}, "data": ["hex:00 ff"]},
            {"Reject": {"Reason": {"in": [4, "invalid PDU field"]}}, "verdict": "warn",
             "because": "a Reject"},
            {"close": {}, "ends": True}],
         "rule": "nop-out-is-answered"},
        {"send": {"Text Request": {}, "text": ["A=b"]}, "hold": True},
        {"send": {"NOP-Out": {}}, "times": 2},
        {"expect": {"answer": {}, "text": {"A": {"ends": "b"}, "B": None}}},
        {"wait": 1},
        {"close": "end"},
    ],
}

OUTCOME = ("steps", 3, "expect", 1)
# Where, and what is put there; ... takes the member away.
REFUSED_BY_BOTH = [
    (("version",), 2), (("version",), ...), (("claim",), ...), (("claim",), 1), (("rules",), ...),
    (("rules",), "nop-out-is-answered"), (("steps",), ...), (("steps",), {}), (("stepps",), []),
    (("requires", 0), "a-lot"), (("parameters",), []), (("parameters", "length"), []),
    (("parameters", "length", 0), None), (("defaults", "seed"), -1), (("start",), {"with": {}}),
    (("start",), {"story": "x", "and": 1}), (("writes",), []),
    (("steps", 0, "send", "login", "stages"), "neither"), (("steps", 0, "send", "NOP-Out"), {}),
    (("steps", 0, "send", "text"), "HeaderDigest=None"), (("steps", 0, "sends"), {}),
    (("steps", 1, "expect"), []), (("steps", 1, "expect"), "NOP-Out"), (("steps", 1, "wait"), 1),
    (("steps", 1, "hold"), True), (("steps", 1, "times"), 2), (("steps", 1, "pieces"), 2),
    (("steps", 2, "send", "NOP-In"), {}), (("steps", 2, "send"), {"NOP-In": {}}),
    (("steps", 2, "send"), {}), (("steps", 2, "send", "data"), {"pattern": 1}),
    (("steps", 2, "send", "data"), {"pattern": 1, "length": 2, "to": 3}),
    (("steps", 2, "send", "data"), {"fill": 1}), (("steps", 2, "send", "data"), "bytes"),
    (("steps", 2, "send", "data"), "hex:0"), (("steps", 2, "send", "data"), "hex:xy"),
    (("steps", 2, "send", "data"), 1), (("steps", 2, "but"), {}),
    (("steps", 2, "but", 0), {"field": "F"}), (("steps", 2, "but", 0), {"bits": [0, 1], "is": 1}),
    (("steps", 2, "but", 0), {"digest": "both"}), (("steps", 2, "but", 0), {}),
    (("steps", 2, "send", "NOP-Out", "I"), []), (OUTCOME + ("verdict",), "perhaps"),
    (OUTCOME + ("because",), ...), (OUTCOME + ("ends",), "yes"), (OUTCOME + ("NOP-In",), {}),
    (OUTCOME + ("Reject", "Reason"), {"in": 4}), (OUTCOME + ("Reject", "Reason"), {"from": 4}),
    (OUTCOME + ("Reject", "Reason"), {"about": 4}), (OUTCOME + ("numbers",), [{"at": 0}]),
    (("steps", 3, "expect", 2, "close"), {"F": 1}), (("steps", 3, "rule"), 7),
    (("steps", 6, "expect", "text", "A"), {"begins": "b"}),
    (("steps", 6, "expect", "text", "A"), 1),
    (("steps", 8, "close"), "gently"), (("steps", 4, "send", "data-out"), {"of": "x"}),
    (("steps", 7), {"note": "nothing is done"}), (("steps", 7, "wait"), []),
]
TAKEN_BY_BOTH = [
    (("note",), ...), (("requires",), ...), (("writes",), ...), (("defaults",), ...),
    (("$schema",), "../schema.json"), (("parameters",), [{"length": 0}, {"length": True}]),
    (("steps", 1, "on"), "second"), (("steps", 3, "expect"), "nothing"),
    (("steps", 2, "send", "data"), ["text:a", "hex:", {"fill": 0, "length": 2}, "$login"]),
    (("steps", 2, "but", 0), {"bits": [1, 0, 1], "is": 0}),
    (("steps", 2, "but", 0), {"padding": 1}),
    (("steps", 2, "but", 0), {"truncate": "20+4"}), (("steps", 2, "wire"), "00 81"),
    (("steps", 6, "expect", "text", "A"), {"from": 1, "to": 2}),
]


def changed(story, path, value):
    story = copy.deepcopy(story)
    at = story
    for key in path[:-1]:
        at = at[key]
    if value is ...:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return story


def fits_schema(story):
    return jsonschema.Draft202012Validator(SCHEMA).is_valid(story)


def is_loaded(story):
    with tempfile.TemporaryDirectory() as folder:
        area = pathlib.Path(folder) / "area"
        area.mkdir()
        (area / "story.json").write_text(json.dumps(story))
        done = subprocess.run([JUDGE, "--stories", folder, "list"], capture_output=True, timeout=30)
    return {0: True, 2: False}[done.returncode]


class TheSchema(unittest.TestCase):
    def test_is_a_schema(self):
        jsonschema.Draft202012Validator.check_schema(SCHEMA)

    def test_takes_every_story(self):
        files = sorted(TRACES.glob("*/*.json"))
        self.assertGreater(len(files), 100)
        for file in files:
            with self.subTest(file.name):
                jsonschema.validate(json.loads(file.read_text()), SCHEMA,
                                    cls=jsonschema.Draft202012Validator)

    def test_and_the_loader_take_the_same(self):
        for path, value in [(("claim",), "sound")] + TAKEN_BY_BOTH:
            with self.subTest(path=path, value=value):
                story = changed(SOUND, path, value)
                self.assertTrue(is_loaded(story), "the loader refuses it")
                self.assertTrue(fits_schema(story), "the schema refuses it")

    def test_and_the_loader_refuse_the_same(self):
        for path, value in REFUSED_BY_BOTH:
            with self.subTest(path=path, value=value):
                story = changed(SOUND, path, value)
                self.assertFalse(is_loaded(story), "the loader takes it")
                self.assertFalse(fits_schema(story), "the schema takes it")


class Pages(unittest.TestCase):
    """docs/counterparts.md and docs/findings.md speak of stories and rules that exist."""

    def setUp(self):
        self.stories = {f"{file.parent.name}/{file.stem}" for file in TRACES.glob("*/*.json")}
        ledger = (ROOT / "docs/requirements.md").read_text()
        self.rules = set(re.findall(r"^\| `([a-z0-9-]+)`", ledger, re.MULTILINE))

    def check(self, page):
        text = (ROOT / "docs" / page).read_text()
        areas = "|".join(sorted({name.partition("/")[0] for name in self.stories}))
        names = re.findall(rf"(?<![\w/])((?:{areas})/[a-z0-9*-]+)", text)
        self.assertGreater(len(names) + len(self.rules), 0)
        for name in names:
            self.assertTrue(fnmatch.filter(self.stories, name), f"{page}: no story {name}")
        for rule in re.findall(r"`([a-z0-9]+(?:-[a-z0-9]+)+)`", text):
            self.assertIn(rule, self.rules, f"{page}: no rule {rule}")

    def test_counterparts_exist(self):
        self.check("counterparts.md")

    def test_findings_are_about_rules_that_exist(self):
        self.check("findings.md")


if __name__ == "__main__":
    JUDGE = sys.argv.pop(1)
    unittest.main()
