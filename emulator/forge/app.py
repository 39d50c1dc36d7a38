"""GitHub Apps: the token that an app signs (RS256) is checked with its key, and exchanged for one of an installation."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import time
from typing import Any

INSTALLATION = 4711
# What is signed beside the digest itself: RFC 8017, 9.2, note 1.
SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _modulus(key: str) -> int:
    shown = subprocess.run(["openssl", "rsa", "-in", key, "-noout", "-modulus"], capture_output=True, text=True, check=True)
    return int(shown.stdout.strip().partition("=")[2], 16)


def is_signed(settings: dict[str, Any], token: str) -> bool:
    """Whether the app signed it, and not for longer than GitHub lets it."""
    try:
        head, claims, signature = token.split(".")
        said, kind = json.loads(_bytes(claims)), json.loads(_bytes(head))
        modulus = _modulus(settings["key"])
        number = pow(int.from_bytes(_bytes(signature), "big"), 65537, modulus)
    except ValueError:
        return False
    digest = SHA256_PREFIX + hashlib.sha256(f"{head}.{claims}".encode()).digest()
    size = (modulus.bit_length() + 7) // 8
    expected = b"\x00\x01" + b"\xff" * (size - len(digest) - 3) + b"\x00" + digest
    now = time.time()
    in_time = said["iat"] <= now < said["exp"] <= now + 600
    return kind["alg"] == "RS256" and str(said["iss"]) == str(settings["id"]) and in_time \
        and number.to_bytes(size, "big") == expected


def route(forge: Any, headers: Any, method: str, parts: list[str], given: Any) -> tuple[int, Any, dict[str, str]]:
    token = headers.get("Authorization", "").removeprefix("Bearer ")
    if not forge.app or not is_signed(forge.app, token):
        return 401, {"message": "A JSON web token could not be decoded"}, {}
    match method, parts:
        case "GET", ["repos", owner, name, "installation"]:
            forge.repository(f"{owner}/{name}")
            return 200, {"id": INSTALLATION, "app_id": forge.app["id"]}, {}
        case "POST", ["installations", number, "access_tokens"] if number == str(INSTALLATION):
            until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
            return 201, {"token": forge.issue(["contents", "pull_requests", "statuses"]), "expires_at": until}, {}
    return 404, {"message": "Not Found"}, {}
