"""Hold a file to what Argo Workflows takes: `python -m emulator.argo_workflows FILE`.

Its fields are those of the schema that Argo publishes, as its client library has it; that library passes over what it does not
know, so that what comes back is compared with what went in. Names are followed as `argo lint` does: templates, tasks, parameters.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from hera.workflows import models
from pydantic import ValidationError

OURS = "argoproj.io/"
NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
SAID = re.compile(r"{{([^{}=]+)}}")
# What `depends` is made of besides the names of tasks.
OUTCOMES = {"Succeeded", "Failed", "Errored", "Skipped", "Omitted", "Daemoned", "AnySucceeded", "AllFailed"}


def unknown(given: Any, taken: Any, place: str) -> Iterator[str]:
    """The fields that went in and did not come back."""
    if isinstance(given, dict):
        for key, value in given.items():
            if not isinstance(taken, dict) or key not in taken:
                yield f"{place}.{key} is no field"
            else:
                yield from unknown(value, taken[key], f"{place}.{key}")
    elif isinstance(given, list):
        for index, value in enumerate(given):
            yield from unknown(value, taken[index], f"{place}[{index}]")


def words(text: Any) -> Iterator[str]:
    """What is said in double braces, in all texts of a part."""
    match text:
        case str():
            yield from (said.strip() for said in SAID.findall(text))
        case dict():
            for value in text.values():
                yield from words(value)
        case list():
            for value in text:
                yield from words(value)


def names(template: dict[str, Any], part: str) -> dict[str, Any]:
    """The parameters of a template's inputs or outputs, by their names."""
    return {one["name"]: one for one in template.get(part, {}).get("parameters", [])}


def wrong_task(task: dict[str, Any], tasks: dict[str, Any], templates: dict[str, Any]) -> Iterator[str]:
    """What is wrong with a task of a graph."""
    called = templates.get(task["template"])
    if called is None:
        yield f"task {task['name']}: there is no template {task['template']}"
        return
    for name, outcome in re.findall(r"([-a-z0-9]+)\.?(\w*)", task.get("depends", "")):
        if name not in tasks or outcome not in OUTCOMES:
            yield f"task {task['name']} depends on {name}.{outcome}"
    given = {one["name"] for one in task.get("arguments", {}).get("parameters", [])}
    wanted = names(called, "inputs")
    yield from (f"task {task['name']} gives {name}, which nobody takes" for name in given - wanted.keys())
    yield from (f"task {task['name']} does not give {name}"
                for name, one in wanted.items() if "value" not in one and name not in given)
    for word in words(task):
        match word.split("."):
            case ["tasks", other, "outputs", "parameters", name]:
                if other not in tasks or name not in names(templates[tasks[other]["template"]], "outputs"):
                    yield f"task {task['name']}: {word} is not there"
            case ["item", *_] if "withParam" in task:
                pass
            case ["workflow", *_]:
                pass
            case _:
                yield f"task {task['name']}: {word} means nothing"


def wrong_template(template: dict[str, Any], templates: dict[str, Any], workflow: set[str]) -> Iterator[str]:
    """What is wrong with a template."""
    place = f"template {template['name']}"
    if len({"dag", "container", "suspend"} & template.keys()) != 1:
        yield f"{place} is not one thing"
    tasks = {task["name"]: task for task in template.get("dag", {}).get("tasks", [])}
    for task in tasks.values():
        yield from (f"{place}: {wrong}" for wrong in wrong_task(task, tasks, templates))
    for word in words({key: value for key, value in template.items() if key != "dag"}):
        match word.split("."):
            case ["inputs", "parameters", name] if name in names(template, "inputs"):
                pass
            case ["workflow", "uid"]:
                pass
            case ["workflow", "parameters", name] if name in workflow:
                pass
            case _:
                yield f"{place}: {word} is not there"
    script = " ".join(template.get("container", {}).get("args", []))
    yield from (f"{place}: {word} in a script is code of whoever gives it" for word in words(script))


def wrong_with(document: dict[str, Any]) -> Iterator[str]:
    """What is wrong with an object of Argo Workflows."""
    kind = document["kind"]
    try:
        model = getattr(models, kind).model_validate(document)
    except ValidationError as error:
        yield str(error)
        return
    yield from unknown(document, model.model_dump(by_alias=True, exclude_none=True, mode="json"), kind)
    if kind != "WorkflowTemplate":
        return
    spec = document["spec"]
    templates = {template["name"]: template for template in spec["templates"]}
    if len(templates) != len(spec["templates"]):
        yield "two templates have one name"
    if spec["entrypoint"] not in templates:
        yield f"there is no {spec['entrypoint']}"
    yield from (f"{name} is no name" for name in templates if not NAME.fullmatch(name))
    workflow = {one["name"] for one in spec["arguments"]["parameters"]}
    for template in templates.values():
        yield from wrong_template(template, templates, workflow)


def main() -> int:
    documents = list(yaml.safe_load_all(Path(sys.argv[1]).read_text()))
    ours = [document for document in documents if document["apiVersion"].startswith(OURS)]
    wrong = [line for document in ours for line in wrong_with(document)]
    print("\n".join(wrong) or f"{len(ours)} of {len(documents)} objects are Argo Workflows', and as it takes them")
    return 1 if wrong or not ours else 0


if __name__ == "__main__":
    sys.exit(main())
