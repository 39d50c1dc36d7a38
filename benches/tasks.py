"""Three tasks of every day, as a person does them at a terminal, beside Terragrunt: what is typed, what is shown, how long.

Each side is driven on a pseudo terminal of its own, by the commands that its own documentation names for the task; the
questions that it asks are answered when they are seen. Keystrokes are the characters that are typed, with each Enter.
Before a figure counts, both sides have to have done the task: the states say so.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import tempfile
import termios
import time
from dataclasses import dataclass, field
from pathlib import Path

from measuring import SLIPWAY, TERRAGRUNT, TOOL

ROWS, COLUMNS = 50, 120
LONGEST_SECONDS = 120
SERVICES = 10

MODULE = """\
variable "text" {
  type = string
}

resource "terraform_data" "this" {
  triggers_replace = var.text
  input            = var.text

  provisioner "local-exec" {
    command = startswith(var.text, "breaks") ? "echo it broke >&2; exit 1" : "true"
  }
}

output "text" {
  value = terraform_data.this.output
}
"""

ROOT_HCL = """\
remote_state {
  backend  = "local"
  generate = { path = "backend.tf", if_exists = "overwrite" }
  config   = { path = "${get_repo_root()}/states/${path_relative_to_include()}.tfstate" }
}

terraform {
  source = "${get_repo_root()}/module"
}
"""

UNIT = """\
include "root" {
  path = find_in_parent_folders("root.hcl")
}
"""


@dataclass
class Done:
    """What a task took."""

    typed: list[str] = field(default_factory=list)
    lines: int = 0
    seconds: float = 0.0

    @property
    def keystrokes(self) -> int:
        return sum(len(line) + 1 for line in self.typed)

    def text(self) -> str:
        typed = ", ".join(f"`{line}`" for line in self.typed)
        steps = "1 step" if len(self.typed) == 1 else f"{len(self.typed)} steps"
        return f"{typed}: {steps}, {self.keystrokes} keystrokes, {self.lines} lines, {self.seconds:.1f} s"


class Person:
    """Somebody at a terminal in a folder, who has `slipway` and `terragrunt` on `PATH`."""

    def __init__(self, folder: Path, programs: Path, engine: str) -> None:
        self.folder = folder
        path = f"{programs}{os.pathsep}{os.environ['PATH']}"
        quiet = {"TF_IN_AUTOMATION": "", "SLIPWAY_ENGINE": engine, "SLIPWAY_TF_PATH": str(TOOL), "TG_TF_PATH": str(TOOL)}
        self.environment = {**os.environ, **quiet, "PATH": path, "TERM": "xterm-256color"}
        self.done = Done()

    def types(self, command: str, answers: dict[str, str] | None = None, fails: bool = False) -> None:
        """Types a command, and an answer to each question when it is asked."""
        self.done.typed.append(command)
        if command.startswith("cd "):
            self.folder = self.folder / command.removeprefix("cd ")
            return
        begun = time.monotonic()
        child, terminal = pty.fork()
        if child == 0:
            os.chdir(self.folder)
            os.execvpe("sh", ["sh", "-c", f"exec {command}"], self.environment)
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        shown = self._answer(terminal, dict(answers or {}))
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os.close(terminal)
        self.done.seconds += time.monotonic() - begun
        self.done.lines += lines(shown)
        if (status != 0) != fails:
            raise SystemExit(f"`{command}` ended with {status}:\n{shown[-3000:]}")

    def _answer(self, terminal: int, questions: dict[str, str]) -> str:
        shown, seen = "", ""
        deadline = time.monotonic() + LONGEST_SECONDS
        while time.monotonic() < deadline:
            if not select.select([terminal], [], [], 1)[0]:
                continue
            try:
                data = os.read(terminal, 65536)
            except OSError:
                break
            if not data:
                break
            text = data.decode(errors="replace")
            shown, seen = shown + text, seen + text
            for question in [question for question in questions if question in seen]:
                answer = questions.pop(question)
                self.done.typed.append(answer)
                os.write(terminal, f"{answer}\n".encode())
                seen = ""
        return shown


def lines(shown: str) -> int:
    """Lines that are left on the terminal: what was drawn over is not there any more."""
    back = sum(int(rows or 1) for rows in re.findall(r"\x1b\[(\d*)A", shown))
    return shown.count("\n") - back


# -- the estate --------------------------------------------------------------------------------------


def write_unit(folder: Path, name: str, text: str) -> None:
    """A unit with one text; everything but the network stands on the network."""
    unit = folder / "live" / name / "terragrunt.hcl"
    unit.parent.mkdir(parents=True, exist_ok=True)
    network = '\ndependency "network" {\n  config_path = "../network"\n}\n' if name != "network" else ""
    unit.write_text(f'{UNIT}{network}\ninputs = {{\n  text = "{text}"\n}}\n')


def estate(folder: Path) -> None:
    """A network and services on it."""
    (folder / "module").mkdir(parents=True)
    (folder / "module/main.tf").write_text(MODULE)
    (folder / "live").mkdir()
    (folder / "live/root.hcl").write_text(ROOT_HCL)
    (folder / "slipway.hcl").write_text('estate {\n  root = "live"\n}\n')
    for name in ("network", *(f"service-{number}" for number in range(SERVICES))):
        write_unit(folder, name, name)
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)


def kept(folder: Path) -> dict[str, str]:
    """The text in each state."""
    states = {path.stem: json.loads(path.read_text()) for path in (folder / "states").glob("*.tfstate")}
    return {name: state["outputs"]["text"]["value"] for name, state in states.items() if state["outputs"]}


def expect(folder: Path, **changed: str) -> None:
    """All units are applied as they were, but for those that are named."""
    wanted = {name: name for name in ("network", *(f"service-{number}" for number in range(SERVICES)))}
    wanted |= {name.replace("_", "-"): text for name, text in changed.items()}
    if kept(folder) != wanted:
        raise SystemExit(f"{folder} has {kept(folder)} where {wanted} was wanted")


# -- the tasks ---------------------------------------------------------------------------------------

TERRAGRUNT_ALL = {"(y/n)": "y"}
TERRAGRUNT_ONE = {"Enter a value:": "yes"}
SLIPWAY_ASKS = {"[y]es": "y"}


def what_would_change(folder: Path, person: Person, ours: bool) -> None:
    write_unit(folder, "service-3", "other")
    person.types("slipway plan" if ours else "terragrunt run --all plan")
    expect(folder)


def apply_only_this(folder: Path, person: Person, ours: bool) -> None:
    write_unit(folder, "service-3", "other")
    write_unit(folder, "service-4", "not yet")
    if ours:
        person.types("slipway apply service-3", SLIPWAY_ASKS)
    else:
        person.types("cd service-3")
        person.types("terragrunt apply", TERRAGRUNT_ONE)
    expect(folder, service_3="other")


def go_on_after_the_failure(folder: Path, person: Person, ours: bool) -> None:
    # Everything has changed; one unit breaks, and is mended.
    for number in range(SERVICES):
        write_unit(folder, f"service-{number}", "breaks" if number == 3 else "other")
    if ours:
        person.types("slipway apply", SLIPWAY_ASKS, fails=True)
    else:
        person.types("terragrunt run --all apply", TERRAGRUNT_ALL, fails=True)
    write_unit(folder, "service-3", "other")
    person.done = Done()
    if ours:
        person.types("slipway resume", SLIPWAY_ASKS)
    else:
        person.types("terragrunt run --all apply", TERRAGRUNT_ALL)
    expect(folder, **{f"service_{number}": "other" for number in range(SERVICES)})


TASKS = {
    "what would change": what_would_change,
    "apply only this": apply_only_this,
    "go on after the failure": go_on_after_the_failure,
}


def task_rows(work: Path) -> list[str]:
    """A row a task; without Terragrunt only our side."""
    programs = work / "programs"
    programs.mkdir(parents=True)
    sides = [("slipway", SLIPWAY)] + ([("terragrunt", TERRAGRUNT)] if TERRAGRUNT else [])
    for name, program in sides:
        (programs / name).symlink_to(program)
    rows = []
    for title, task in TASKS.items():
        done = []
        for name, _ in sides:
            folder = work / f"{title.replace(' ', '-')}-{name}"
            estate(folder)
            first = Person(folder / "live", programs, "native")
            # Each side has made the estate itself, so that its caches are warm.
            if name == "slipway":
                first.types("slipway apply --yes")
            else:
                first.types("terragrunt run --all apply --non-interactive")
            expect(folder)
            person = Person(folder / "live", programs, "native")
            task(folder, person, name == "slipway")
            done.append(person.done.text())
            shutil.rmtree(folder)
        rows.append(f"| {title} | {done[0]} | {done[1] if TERRAGRUNT else 'not installed'} |")
    return rows


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as temporary:
        print("\n".join(task_rows(Path(temporary))))
