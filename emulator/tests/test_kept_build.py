"""What is kept of a build, and what the next one begins with."""

from __future__ import annotations

import os
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

import kept_build  # noqa: E402

ARGUMENTS = ["--lib"]


class KeptBuild(unittest.TestCase):
    """With folders in the place of what Cargo builds."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.cache, self.first, self.second = (Path(folder.name) / name for name in ("cache", "first", "second"))
        for place in ("deps/libserde-1.rlib", "deps/libslipway_hcl-2.rlib", "deps/it-3", "build/ring-4/output",
                      "build/slipway-5/output", ".fingerprint/serde-1/lib", ".fingerprint/slipway-6/lib"):
            (self.first / "debug" / place).parent.mkdir(parents=True, exist_ok=True)
            (self.first / "debug" / place).write_text(place)

    def build(self, target: Path, **variables: str) -> None:
        """Begin and keep a build in a folder."""
        with mock.patch.dict(os.environ, {kept_build.VARIABLE: str(self.cache), "CARGO_TARGET_DIR": str(target), **variables}):
            kept_build.begin(ARGUMENTS)
            kept_build.keep(ARGUMENTS)

    def made(self, target: Path) -> set[str]:
        return {str(path.relative_to(target / "debug")) for path in target.rglob("*") if path.is_file()}

    def test_the_next_build_begins_with_what_others_have_written(self) -> None:
        self.build(self.first)
        self.build(self.second)
        theirs = {"deps/libserde-1.rlib", "build/ring-4/output", ".fingerprint/serde-1/lib"}
        self.assertEqual(self.made(self.second), theirs)
        times = [(target / "debug/build/ring-4/output").stat().st_mtime_ns for target in (self.first, self.second)]
        self.assertEqual(*times)
        # What Cargo writes in place is a file of each.
        (self.second / "debug/.fingerprint/serde-1/lib").write_text("another")
        third = self.second.with_name("third")
        self.build(third)
        self.assertEqual((third / "debug/.fingerprint/serde-1/lib").read_text(), ".fingerprint/serde-1/lib")

    def test_another_compiler_setting_is_another_build_and_only_the_last_is_kept(self) -> None:
        self.build(self.first)
        self.build(self.second, RUSTFLAGS="-C opt-level=1")
        self.assertFalse((self.second / "debug").exists())
        self.build(self.first, RUSTFLAGS="-C opt-level=1")
        self.assertEqual(len(list(self.cache.iterdir())), 1)

    def test_a_build_that_is_there_is_left_as_it_is(self) -> None:
        self.build(self.first)
        before = self.made(self.first)
        self.build(self.first)
        self.assertEqual(self.made(self.first), before)

    def test_without_a_place_nothing_is_kept(self) -> None:
        with mock.patch.dict(os.environ, {"CARGO_TARGET_DIR": str(self.first)}):
            os.environ.pop(kept_build.VARIABLE, None)
            kept_build.keep(ARGUMENTS)
        self.assertFalse(self.cache.exists())

    def test_what_cannot_be_kept_hinders_nobody(self) -> None:
        self.cache.write_text("a file in the place of the folder")
        self.build(self.first)
        self.build(self.second)
        self.assertFalse((self.second / "debug").exists())


if __name__ == "__main__":
    unittest.main()
