"""What tests may rely on in the Git server."""

from __future__ import annotations

import os
import subprocess
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from emulator.tests.running import running

SETTINGS = {
    "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "test", "GIT_AUTHOR_EMAIL": "test@example.com",
    "GIT_COMMITTER_NAME": "test", "GIT_COMMITTER_EMAIL": "test@example.com",
}


def git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *arguments], cwd=folder, env={**os.environ, **SETTINGS}, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)


class GitTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        about = cls.enterClassContext(running("git")).about["git"]
        cls.root, cls.anonymous = Path(about["root"]), about["url"]
        cls.url = about["url"].replace("://", f"://{about['username']}:{about['password']}@")

    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.name = self._testMethodName + ".git"
        git(self.root, "init", "--bare", "--initial-branch=main", self.name)
        git(self.folder, "init", "--initial-branch=main")
        # Larger than one buffer, so that Git sends it in chunks.
        self.commit("big", os.urandom(3_000_000))

    def commit(self, name: str, content: bytes) -> None:
        (self.folder / name).write_bytes(content)
        git(self.folder, "add", name)
        git(self.folder, "commit", "--message", name)

    def push(self, url: str) -> subprocess.CompletedProcess[str]:
        return git(self.folder, "push", f"{url}/{self.name}", "main")

    def test_what_is_pushed_can_be_cloned_by_many_at_once(self) -> None:
        self.assertEqual(self.push(self.url).returncode, 0)
        with ThreadPoolExecutor() as pool:
            clones = [pool.submit(git, self.folder, "clone", f"{self.url}/{self.name}", f"clone-{number}")
                      for number in range(8)]
            self.assertEqual([clone.result().returncode for clone in clones], [0] * 8)
        self.assertEqual((self.folder / "clone-7/big").stat().st_size, 3_000_000)

    def test_without_credentials_nothing_is_served(self) -> None:
        self.assertNotEqual(self.push(self.anonymous).returncode, 0)
        self.assertIn("could not read Username", git(self.folder, "ls-remote", f"{self.anonymous}/{self.name}").stdout)

    def test_a_hook_refuses_a_push(self) -> None:
        self.assertEqual(self.push(self.url).returncode, 0)
        hook = self.root / self.name / "hooks/pre-receive"
        hook.write_text("#!/bin/sh\necho protected\nexit 1\n")
        hook.chmod(0o755)
        self.commit("more", b"more")
        answer = self.push(self.url)
        self.assertIn("remote: protected", answer.stdout)
        self.assertIn("pre-receive hook declined", answer.stdout)


if __name__ == "__main__":
    unittest.main()
