"""A repository of a forge: a bare one of Git, its requests, and how they are merged, which Git itself does."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# What a forge says of a push to a branch that it protects; each line as the client of Git shows it.
PROTECTED = {
    "github": "error: GH006: Protected branch update failed for refs/heads/%s.\n\nChanges must be made through a pull request.",
    "rules": "error: GH013: Repository rule violations found for refs/heads/%s.\n\n- Changes must be made through a pull request.",
    "gitlab": "GitLab: You are not allowed to push code to protected branches on this project.",
}
FORGE = {"GIT_COMMITTER_NAME": "GitHub", "GIT_COMMITTER_EMAIL": "noreply@github.com"}
# So that what Git does here depends on nobody's settings.
BARE = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


class NotMerged(Exception):
    """Git could not merge it."""


@dataclass
class Request:
    """A pull request or merge request."""

    number: int
    title: str
    body: str
    head: str
    base: str
    author: str
    state: str = "open"
    labels: list[str] = field(default_factory=list)
    reviewers: list[str] = field(default_factory=list)
    auto_merge: dict[str, Any] | None = None
    merge_commit: str | None = None
    squash_commit: str | None = None
    # The head when it was merged or closed.
    last_head: str | None = None
    # How often its title or body was changed.
    edits: int = 0
    # What is said below it: `id`, `body`, `author`.
    comments: list[dict[str, Any]] = field(default_factory=list)

    def say(self, number: int, body: str, author: str) -> dict[str, Any]:
        self.comments.append({"id": number, "body": body, "author": author})
        return self.comments[-1]


@dataclass
class Repository:
    """One repository; `settings` are those that its owner could choose."""

    path: str
    bare: Path
    settings: dict[str, Any] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    # Of commits, in the order in which they were set: `sha`, `context`, `state`, `description`, `target_url`, `by`.
    statuses: list[dict[str, Any]] = field(default_factory=list)
    said: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)

    def next_comment(self) -> int:
        self.said += 1
        return self.said

    def git(self, *arguments: str, **variables: str) -> str:
        done = subprocess.run(["git", "-C", str(self.bare), *arguments], env={**BARE, **variables},
                              capture_output=True, text=True)
        if done.returncode:
            raise NotMerged(done.stderr.strip() or done.stdout.strip())
        return done.stdout.strip()

    def has(self, commit: str) -> bool:
        try:
            return self.git("rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}") == commit
        except NotMerged:
            return False

    def tip(self, branch: str) -> str | None:
        try:
            return self.git("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}^{{commit}}")
        except NotMerged:
            return None

    def commits(self, request: Request) -> list[str]:
        """What the head has that the base has not, oldest first."""
        head = self.tip(request.head)
        if head is None:
            return []
        return self.git("rev-list", "--reverse", f"refs/heads/{request.base}..{head}").split()

    def files(self, request: Request) -> list[tuple[str, str]]:
        """The files that it changes, each with the path that it had and the one that it has."""
        head = self.tip(request.head)
        if head is None:
            return []
        names = self.git("diff", "--name-status", "--find-renames", "-z", f"refs/heads/{request.base}...{head}").split("\0")
        found, rest = [], iter(names)
        for status in rest:
            if status:
                before = next(rest)
                found.append((before, next(rest) if status.startswith("R") else before))
        return found

    def message(self, commit: str) -> tuple[str, str]:
        subject, _, body = self.git("log", "-1", "--format=%B", commit).partition("\n")
        return subject, body.strip()

    def protect(self) -> None:
        """A branch that takes no pushes refuses them as a forge does."""
        hook = self.bare / "hooks" / "pre-receive"
        hook.parent.mkdir(exist_ok=True)
        words = PROTECTED[self.settings.get("words", "github")]
        lines = ["#!/bin/sh", "while read -r old new ref; do case $ref in"]
        for branch in self.settings.get("protected", []):
            said = (words % branch if "%s" in words else words).replace("'", "")
            lines.append(f"refs/heads/{branch}) echo '{said}' >&2; exit 1;;")
        lines.append("esac; done")
        if delay := self.settings.get("push_seconds"):
            lines.append(f"sleep {delay}")
        hook.write_text("\n".join(lines) + "\n")
        hook.chmod(0o755)

    def merge(self, request: Request, method: str, title: str | None, message: str | None) -> str:
        """Merge it as people do by the button: `merge`, `squash` or `rebase`. Git does it, in a work tree of its own."""
        commits = self.commits(request)
        head = self.tip(request.head)
        if not commits or head is None:
            raise NotMerged("there is nothing to merge")
        base = self.git("rev-parse", f"refs/heads/{request.base}")
        author = {"GIT_AUTHOR_NAME": request.author, "GIT_AUTHOR_EMAIL": f"{request.author}@example.com", **FORGE}
        with tempfile.TemporaryDirectory() as folder:
            self.git("worktree", "add", "--quiet", "--detach", f"{folder}/tree", base)
            try:
                def run(*arguments: str, **variables: str) -> None:
                    self.git("-C", f"{folder}/tree", *arguments, **{**FORGE, **variables})
                if method == "rebase":
                    run("cherry-pick", *commits)
                elif method == "squash":
                    run("merge", "--squash", "--quiet", head)
                    run("commit", "--quiet", "--cleanup=verbatim", "-m", _joined(title, message), **author)
                else:
                    run("merge", "--no-ff", "--quiet", "-m", _joined(title, message), head, **author)
                merged = self.git("-C", f"{folder}/tree", "rev-parse", "HEAD")
            finally:
                self.git("worktree", "remove", "--force", f"{folder}/tree")
        self.git("update-ref", f"refs/heads/{request.base}", merged, base)
        request.state, request.last_head, request.auto_merge = "merged", head, None
        request.merge_commit = merged
        return merged

    def co_authors(self, request: Request) -> str:
        """Whoever wrote commits of it and is not who opened it: GitHub names them below a squash."""
        authors = {self.git("log", "-1", "--format=%an <%ae>", commit): None for commit in self.commits(request)}
        return "".join(f"\n\nCo-authored-by: {author}" for author in authors if not author.startswith(request.author))


def _joined(title: str | None, message: str | None) -> str:
    return f"{title or ''}\n\n{message or ''}".strip() + "\n"
