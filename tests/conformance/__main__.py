#!/usr/bin/env python3
"""`make conformance`: does Slipway read these trees as Terragrunt does?

For each tree the real `terragrunt find` and Slipway's, then for each unit in it `terragrunt render --json` and
Slipway's, compared key by key. Each difference is printed: the unit, the key, both values. Exits with 1 when there
is any, so that it can guard an estate before a change of tools.

    python3 tests/conformance --terragrunt BIN [--slipway BIN] [--cache DIR] TREE...

Nothing is written into the trees: each side works on a copy of its own, offline, with an empty home and a time limit.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from pathlib import Path

from differences import MISSING, Difference, differences
from sides import Answer, Sides
from trees import Workplace

ROOT = Path(__file__).resolve().parents[2]
FIND = ["find", "--json", "--dag", "--dependencies", "--include", "--exclude", "--reading"]
RENDER = ["render", "--json"]
SLIPWAY_RENDER = ["render", "--format", "json", "--reveal"]


class Verdicts:
    """How many of what, in the order in which the summary tells them."""

    WORDS = {
        "equal": "equal",
        "different": "different",
        "too strict": "refused by Slipway alone",
        "hidden": "refused by Slipway for an error that Terragrunt logs and hides in its exit code",
        "refused": "refused by both",
        "too lax": "refused by Terragrunt alone",
        "crashed": "Terragrunt crashes",
        "timed out": "Terragrunt not done in time",
    }
    # What Slipway refuses on purpose is told with the others, and does not fail the comparison.
    GOOD = ("equal", "refused", "hidden", "crashed", "timed out")

    def __init__(self) -> None:
        self.counts = dict.fromkeys(self.WORDS, 0)

    def good(self) -> bool:
        return all(count == 0 for verdict, count in self.counts.items() if verdict not in self.GOOD)

    def add(self, more: Verdicts) -> None:
        for verdict, count in more.counts.items():
            self.counts[verdict] += count

    def summary(self, what: str, answered: str) -> Iterator[str]:
        told = sum(self.counts[verdict] for verdict in ("equal", "different", "too strict", "hidden"))
        share = f"; Slipway gives the same for {self.counts['equal']} ({self.counts['equal'] / max(told, 1):.1%})"
        yield f"{what}: {sum(self.counts.values())}; {answered} by Terragrunt: {told}{share if told else ''}"
        yield from (f"  {count:5} {self.WORDS[verdict]}" for verdict, count in self.counts.items() if count)


def judge(theirs: Answer, ours: Answer, *, strict: bool) -> tuple[str, list[Difference]]:
    """The verdict on two answers, and where they differ.

    Strictly, Slipway may complain beside its answer only where Terragrunt logs an error too.
    """
    if theirs.timed_out:
        return "timed out", []
    if "terragrunt-crash" in theirs.errors:
        return "crashed", []
    if theirs.refused:
        return ("refused", []) if ours.refused or ours.complains else ("too lax", [Difference("", theirs.told(), "rendered")])
    if ours.refused or (strict and ours.complains and theirs.hidden_error is None):
        verdict = "too strict" if theirs.hidden_error is None else "hidden"
        return verdict, [Difference("", theirs.hidden_error or "rendered", ours.told())]
    found = list(differences(theirs.value, ours.value))
    return ("different" if found else "equal"), found


def by_path(listed: object) -> object:
    """A list of units as an object by path, with the order as a key of its own, so that a failure names the unit.

    The dependencies of a unit are sorted: Terragrunt lists them in another order each time.
    """
    if not isinstance(listed, list):
        return listed
    units = [unit | {"dependencies": sorted(unit["dependencies"])} if "dependencies" in unit else unit
             for unit in listed]
    return {"order": [unit["path"] for unit in units], **{unit["path"]: unit for unit in units}}


def compare_find(sides: Sides, tree: Path) -> tuple[str, list[Difference]]:
    theirs = sides.terragrunt(FIND, tree)
    # What is wrong in a unit is told beside the list and by the exit code; here the list is what counts.
    ours = sides.slipway(FIND, tree)
    return judge(theirs.mapped(by_path), ours.mapped(by_path), strict=False)


def compare_render(sides: Sides, unit: Path) -> tuple[str, list[Difference]]:
    return judge(sides.terragrunt(RENDER, unit), sides.slipway(SLIPWAY_RENDER, unit), strict=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make conformance", description="Compare Slipway with Terragrunt.")
    parser.add_argument("trees", nargs="+", type=Path, metavar="TREE", help="a folder with units in or under it")
    parser.add_argument("--terragrunt", default="terragrunt", metavar="BIN")
    parser.add_argument("--slipway", default=str(ROOT / "target/debug/slipway"), metavar="BIN")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="keep Terragrunt's answers here: it is slow")
    parser.add_argument("--jobs", type=int, default=2, metavar="N")
    parser.add_argument("--timeout", type=float, default=60, metavar="SECONDS", help="for one answer")
    parser.add_argument("--units", default="", metavar="TEXT", help="only the units whose path contains this")
    parser.add_argument("--only", choices=("find", "render"), help="one of the two comparisons")
    return parser.parse_args()


Comparison = Callable[[Sides, Path], tuple[str, list[Difference]]]


def report(what: str, comparison: Comparison, sides: Sides, paths: list[Path], pool: Executor) -> Verdicts:
    """Compares in parallel, and prints what differs in the order of the paths."""
    verdicts = Verdicts()
    for path, (verdict, found) in zip(paths, pool.map(partial(comparison, sides), paths), strict=True):
        verdicts.counts[verdict] += 1
        if found:
            print(f"{what} {path}: {Verdicts.WORDS[verdict]}")
            for difference in found:
                print(difference.text(), flush=True)
    return verdicts


def main() -> int:
    options = arguments()
    finds, renders = Verdicts(), Verdicts()
    for place in Workplace.all_for(options.trees):
        with place, ThreadPoolExecutor(options.jobs) as pool:
            sides = Sides(place, options.terragrunt, options.slipway, options.timeout, options.cache)
            trees = [tree for tree in place.trees() if tree.units]
            units = sorted({unit for tree in trees for unit in tree.units if options.units in str(unit)})
            if options.only != "render":
                finds.add(report("find", compare_find, sides, [tree.path for tree in trees], pool))
            if options.only != "find":
                renders.add(report("render", compare_render, sides, units, pool))
    print("\n".join([*finds.summary("trees", "listed"), *renders.summary("units", "rendered")]))
    return 0 if finds.good() and renders.good() else 1


if __name__ == "__main__":
    sys.exit(main())
