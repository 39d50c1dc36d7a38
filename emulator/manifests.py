"""Argo CD's manifests, and lighter ones of them for those who install it many times.

Four fifths of the definitions are that of ApplicationSets: each generator has a whole template of its own, and two of them hold all the
others twice over. An API server takes ten seconds of a processor to take it in and to forget it again. In a lighter manifest
anything goes where a generator would repeat itself; all else is Argo CD's own, to the byte.
"""

from __future__ import annotations

from pathlib import Path

from emulator import layout

# Where the generators of a set are listed, and what repeats itself below.
GENERATORS = " " * 14 + "generators:"
REPEATED = ("matrix:", "merge:", "template:")
ANYTHING = ("type: object", "x-kubernetes-preserve-unknown-fields: true")


def write_lighter(folder: Path) -> dict[str, Path]:
    """The paths of all manifests by their names: Argo CD's, and lighter ones, which are written into `folder`."""
    lighter = {}
    for name in ("core", "standard"):
        path = folder / f"{name}-lighter.yaml"
        path.write_text(_lighter(layout.ARGOCD_MANIFESTS[name].read_text()))
        lighter[path.stem] = path
    return layout.ARGOCD_MANIFESTS | lighter


def _lighter(manifest: str) -> str:
    documents = manifest.split("\n---\n")
    (at,) = [number for number, document in enumerate(documents) if "\n  name: applicationsets.argoproj.io\n" in document]
    documents[at] = "\n".join(_without_repetition(documents[at].split("\n")))
    return "\n---\n".join(documents)


def _without_repetition(lines: list[str]) -> list[str]:
    kept: list[str] = []
    inside, dropped_from = False, 0
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if line and dropped_from and indent > dropped_from:
            continue
        dropped_from = 0
        kept.append(line)
        inside = line == GENERATORS or (inside and indent > len(GENERATORS) - len("generators:"))
        if inside and line.strip() in REPEATED:
            dropped_from = indent
            kept.extend(" " * (indent + 2) + field for field in ANYTHING)
    return kept
