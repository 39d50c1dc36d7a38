"""Asking the two programs, and remembering what the slow one said."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import signal
import subprocess
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from trees import Workplace

# Terragrunt logs some errors and goes on with a wrong value. Lines of the tool it runs carry that tool's name.
HIDDEN_ERROR = re.compile(r"^\S+ ERROR +(Error: .*(?:\n\S+ ERROR .*)*)", re.MULTILINE)
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "TMPDIR")


@dataclass(frozen=True)
class Answer:
    """What a program said: a JSON value, or nothing and why."""

    value: object
    refused: bool
    errors: str
    timed_out: bool = False
    hidden_error: str | None = None
    # It gave an answer, and said by its exit code that something is wrong.
    complains: bool = False

    def told(self) -> str:
        """The last of what it said on standard error."""
        return self.errors.strip()[-600:] or "no word"

    def mapped(self, change: Callable[[object], object]) -> Answer:
        """The same with another form of the value."""
        return replace(self, value=change(self.value))


class Sides:
    """Both programs, each in its copy of the tree."""

    def __init__(self, place: Workplace, terragrunt: str, slipway: str, timeout: float, cache: Path | None) -> None:
        self._place = place
        self._programs = {"theirs": terragrunt, "ours": str(Path(slipway).resolve())}
        self._timeout = timeout
        self._cache = None
        if cache is not None:
            version = subprocess.run([terragrunt, "--version"], capture_output=True, text=True, check=True).stdout
            key = hashlib.sha256(f"{version}\0{place.fingerprint()}".encode()).hexdigest()
            self._cache = cache / key[:16]
            self._cache.mkdir(parents=True, exist_ok=True)

    def terragrunt(self, arguments: list[str], folder: Path) -> Answer:
        """From the cache where it was asked before."""
        key = hashlib.sha256("\0".join([*arguments, str(folder)]).encode()).hexdigest()
        kept = self._cache / f"{key[:32]}.json" if self._cache else None
        if kept is not None and kept.is_file():
            return Answer(**json.loads(kept.read_text()))
        answer = self._ask("theirs", arguments, folder)
        if not answer.refused:
            hidden = HIDDEN_ERROR.search(answer.errors)
            answer = replace(answer, hidden_error=hidden[1] if hidden else None)
        if kept is not None:
            kept.write_text(json.dumps(asdict(answer)))
        return answer

    def slipway(self, arguments: list[str], folder: Path) -> Answer:
        """Always asked anew; an answer beside what is wrong in the configuration counts."""
        return self._ask("ours", arguments, folder, complaint=3)

    def _ask(self, side: str, arguments: list[str], folder: Path, complaint: int = 0) -> Answer:
        copy = self._place.copy(side)
        process = subprocess.Popen([self._programs[side], *arguments], cwd=copy / folder, env=self._environment(),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True, errors="replace", start_new_session=True)
        try:
            output, errors = process.communicate(timeout=self._timeout)
        except subprocess.TimeoutExpired:
            # Its own session: whatever it started ends with it.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return Answer(None, refused=True, errors="not done in time", timed_out=True)
        # Terragrunt colours its log wherever it goes.
        errors = COLOUR.sub("", errors)
        # Both sides name the same places alike, and so does an answer of another time.
        home = str(self._place.home)
        output, errors = (text.replace(str(copy), "/tree").replace(home, "/home") for text in (output, errors))
        found, value = answered_json(output)
        refused = process.returncode not in (0, complaint) or not found
        return Answer(None if refused else value, refused, errors, complains=process.returncode != 0)

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        nowhere = "http://127.0.0.1:9"
        return kept | {
            "HOME": str(self._place.home),
            # Offline: what would be downloaded is refused at once.
            "HTTP_PROXY": nowhere,
            "HTTPS_PROXY": nowhere,
            "AWS_EC2_METADATA_DISABLED": "true",
            "GIT_ALLOW_PROTOCOL": "file",
            "GIT_TERMINAL_PROMPT": "0",
            "CHECKPOINT_DISABLE": "1",
            # Not as a flag: those are part of what `get_terraform_cli_args` answers.
            "TG_NON_INTERACTIVE": "true",
        }


def answered_json(output: str) -> tuple[bool, object]:
    """The JSON at the end of an output: what `run_cmd` prints stands before it."""
    starts = [match.start() for match in re.finditer(r"^[\[{]", output, re.MULTILINE)]
    for start in starts:
        with contextlib.suppress(json.JSONDecodeError):
            return True, json.loads(output[start:])
    # Without a newline at the end of what was printed, the answer begins in the middle of a line.
    last = output.rstrip().rfind("\n") + 1
    for match in re.finditer(r"[\[{]", output[last:]):
        with contextlib.suppress(json.JSONDecodeError):
            return True, json.loads(output[last + match.start():])
    return False, None
