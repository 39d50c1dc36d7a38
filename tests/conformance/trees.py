"""The trees under comparison, and the copies that the two sides work on."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# What tools leave behind: no part of a tree.
LEFT_BEHIND = (".git", ".terragrunt-cache", ".terraform")
UNIT_FILES = ("terragrunt.hcl", "terragrunt.hcl.json")
STACK_FILE = "terragrunt.stack.hcl"


@dataclass(frozen=True)
class Tree:
    """A folder to list, and the units in it; paths are relative to the copied folder."""

    path: Path
    units: tuple[Path, ...]


class Workplace:
    """A temporary folder with a copy for each side, both equally deep, each a Git repository of its own.

    Trees in a Git repository are copied with all of its files that are not ignored, since units refer to files
    above their tree. Outside of one, trees that stand side by side are copied side by side.
    """

    def __init__(self, origin: Path, trees: list[Path]) -> None:
        self.origin = origin
        self._asked = [tree.relative_to(origin) for tree in trees]
        self._guard = tempfile.TemporaryDirectory(prefix="conformance-")
        self.folder = Path(self._guard.name).resolve()
        self.home = self.folder / "home"

    @classmethod
    def all_for(cls, trees: list[Path]) -> list[Workplace]:
        """One for each repository, and one for each folder that holds trees outside of any."""
        groups: dict[Path, list[Path]] = {}
        for tree in (tree.resolve() for tree in trees):
            if not tree.is_dir():
                raise SystemExit(f"there is no folder {tree}")
            groups.setdefault(repository(tree) or tree.parent, []).append(tree)
        return [cls(origin, group) for origin, group in groups.items()]

    def __enter__(self) -> Workplace:
        files = self._files()
        for side in ("theirs", "ours"):
            copy = self.copy(side)
            copy.mkdir(parents=True)
            for file in files:
                (copy / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(self.origin / file, copy / file, follow_symlinks=False)
            subprocess.run(["git", "init", "--quiet"], cwd=copy, check=True)
        self.home.mkdir()
        return self

    def __exit__(self, *_: object) -> None:
        # A tool that was ended in the middle may leave folders that nobody may write into.
        shutil.rmtree(self.folder, ignore_errors=True)

    def copy(self, side: str) -> Path:
        """Where that side works."""
        return self.folder / side / "tree"

    def trees(self) -> list[Tree]:
        """The folders that were asked for, with their units."""
        origin = self.origin
        return [Tree(path, tuple(unit.relative_to(origin) for unit in units(origin / path))) for path in self._asked]

    def fingerprint(self) -> str:
        """Changes when any copied file does."""
        digest = hashlib.sha256()
        for file in self._files():
            path = self.origin / file
            content = os.readlink(path).encode() if path.is_symlink() else path.read_bytes()
            digest.update(f"{file}\0{len(content)}\0".encode() + content)
        return digest.hexdigest()

    def _files(self) -> list[Path]:
        if (self.origin / ".git").exists():
            listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
            output = subprocess.run(listing, cwd=self.origin, capture_output=True, text=True, check=True).stdout
            listed = {Path(name) for name in output.split("\0") if name}
            return sorted(file for file in listed if os.path.lexists(self.origin / file))
        found = []
        for tree in self._asked:
            for folder, folders, files in os.walk(self.origin / tree):
                # A link to a folder is copied as the link that it is.
                links = [name for name in folders if Path(folder, name).is_symlink()]
                folders[:] = [name for name in folders if name not in (*LEFT_BEHIND, *links)]
                found += [Path(folder, name).relative_to(self.origin) for name in (*files, *links)]
        return sorted(found)


def repository(folder: Path) -> Path | None:
    """The root of the Git repository that the folder is in."""
    return next((above for above in (folder, *folder.parents) if (above / ".git").exists()), None)


def units(tree: Path) -> Iterator[Path]:
    """Every folder with a unit's file."""
    for folder, folders, files in os.walk(tree):
        folders[:] = sorted(name for name in folders if name not in LEFT_BEHIND)
        if any(name in files for name in UNIT_FILES):
            yield Path(folder)
