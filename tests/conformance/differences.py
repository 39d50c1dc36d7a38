"""Where two JSON values differ."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeGuard


class _Missing:
    """Stands for a key that one side does not have."""

    def __repr__(self) -> str:
        return "(not there)"


MISSING = _Missing()
LONGEST = 400


@dataclass(frozen=True)
class Difference:
    """One place: the path of keys to it, and what each side has there."""

    path: str
    theirs: object
    ours: object

    def text(self) -> str:
        """Three lines for people."""
        return f"  {self.path or 'answer'}\n    Terragrunt: {shown(self.theirs)}\n    Slipway:    {shown(self.ours)}"


def shown(value: object) -> str:
    """A value on one line, cut where it is long."""
    text = repr(value) if value is MISSING else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text)} characters)"


def differences(theirs: object, ours: object, path: str = "") -> Iterator[Difference]:
    """Key by key; lists element by element where they are equally long."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in sorted(theirs.keys() | ours.keys()):
            yield from differences(theirs.get(key, MISSING), ours.get(key, MISSING), f"{path}.{key}" if path else key)
    elif isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        for index, (their_item, our_item) in enumerate(zip(theirs, ours, strict=True)):
            yield from differences(their_item, our_item, f"{path}[{index}]")
    elif is_number(theirs) and is_number(ours):
        # Terragrunt writes numbers as floats of 64 bits.
        if float(theirs) != float(ours):
            yield Difference(path, theirs, ours)
    # 1 and true are equal in Python.
    elif type(theirs) is not type(ours) or theirs != ours:
        yield Difference(path, theirs, ours)


def is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
