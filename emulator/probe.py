"""Whether a part serves yet."""

from __future__ import annotations

import urllib.request


def answers(url: str) -> bool:
    """True where a plain GET is answered with 200 within two seconds."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
