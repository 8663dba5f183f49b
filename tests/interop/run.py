#!/usr/bin/env python3
"""Runs interop scenarios against a server.

Examples:
  run.py --binary build/dev/reference/iscsi-target --tools build/dev/tests/interop
  run.py --server tgt --tools build/dev/tests/interop data    # proves the scenarios themselves
  run.py ... data.Patterns.test_with_chap                     # one scenario
"""

import argparse
import os
import pathlib
import resource
import sys
import unittest

LEFT_OUT = 77  # a scenario was skipped: CTest says so of the group, and tests/run of the step
HERE = pathlib.Path(__file__).resolve().parent


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", choices=("reference", "tgt"), default="reference")
    parser.add_argument("--binary", help="iscsi-target, for --server reference")
    parser.add_argument("--tools", required=True, help="folder of the built interop clients")
    parser.add_argument("--judge", help="iscsi-conform, for the group peers")
    parser.add_argument("scenarios", nargs="*", help="GROUP or GROUP.Class.test; default: all")
    options = parser.parse_args()
    if options.server == "reference" and not options.binary:
        parser.error("--binary is needed for --server reference")

    sys.path.insert(0, str(HERE))
    os.environ["INTEROP_SERVER"] = options.server
    os.environ["INTEROP_TOOLS"] = os.path.abspath(options.tools)
    if options.judge:
        os.environ["INTEROP_JUDGE"] = os.path.abspath(options.judge)
    import servers
    servers.ReferenceServer.binary = options.binary and os.path.abspath(options.binary)
    # Some scenarios hold more connections than a shell usually allows.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    groups = sorted(path.name.removesuffix("_scenarios.py") for path in HERE.glob("*_scenarios.py"))
    names = []
    for scenario in options.scenarios or groups:
        group, _, rest = scenario.partition(".")
        names.append(f"{group}_scenarios" + (f".{rest}" if rest else ""))
    suite = unittest.defaultTestLoader.loadTestsFromNames(names)
    if suite.countTestCases() == 0:
        parser.error("no such scenario")
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    if not result.wasSuccessful():
        return 1
    return LEFT_OUT if result.skipped else 0


if __name__ == "__main__":
    sys.exit(main())
