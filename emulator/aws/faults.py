"""What tests may break, and what they may count: the control API on the emulator's own port.

    POST   /emulator/faults     add a fault, see below; answers {"id": N}
    GET    /emulator/faults     the faults with how often each struck
    DELETE /emulator/faults     remove them all
    GET    /emulator/requests   {"total": N, "operations": {"eks.DescribeCluster": 3, ...}}
    DELETE /emulator/requests   count from zero
    GET    /emulator/health     {"ready": true}

Faults (every name may be a glob; `times`, where it is given, is how often one strikes):

    {"kind": "error", "service": "ec2", "operation": "CreateVpc", "status": 400,
     "code": "VpcLimitExceeded", "message": "...", "times": 1}
    {"kind": "delay", "service": "ec2", "operation": "*", "seconds": 2.5}
    {"kind": "lost", "service": "s3", "operation": "PutObject", "path": "/runs/*"}     done, and answered as if it were not
    {"kind": "skew", "service": "s3", "operation": "*", "seconds": 3600}               the service's clock is ahead by that
    {"kind": "status", "resource": "cluster", "name": "dev*", "status": "CREATING",
     "issues": [{"code": "...", "message": "..."}]}          resource: cluster, nodegroup or addon

`path` narrows all but a status to requests of that path.

Real AWS retries and clients with it: an error with a status of 500 or more, or a throttling code, is tried
again by the SDKs and by the provider, some 25 times.
"""

from __future__ import annotations

import collections
import fnmatch
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from emulator.aws.operations import AwsError, Environ, Operation, identify, render

Application = Callable[..., Iterable[bytes]]
REQUIRED = {
    "error": {"service": str, "operation": str, "status": int, "code": str},
    "delay": {"service": str, "operation": str, "seconds": (int, float)},
    "lost": {"service": str, "operation": str},
    "skew": {"service": str, "operation": str, "seconds": (int, float)},
    "status": {"resource": str, "name": str, "status": str},
}


class Faults:
    """The faults that tests have ordered."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._faults: list[dict[str, Any]] = []

    def add(self, fault: dict[str, Any]) -> int:
        """Keep a fault and answer its number; ValueError says what is wrong with it."""
        kind = fault.get("kind")
        if kind not in REQUIRED:
            raise ValueError(f"kind {kind!r} is none of {', '.join(REQUIRED)}")
        for field, types in REQUIRED[kind].items():
            if not isinstance(fault.get(field), types):
                raise ValueError(f"{kind} needs a valid {field!r}")
        with self._lock:
            number = next(self._ids)
            self._faults.append({**fault, "id": number, "hits": 0})
            return number

    def list(self) -> list[dict[str, Any]]:
        with self._lock:
            return [dict(fault) for fault in self._faults]

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def strike(self, kind: str, **names: str) -> dict[str, Any] | None:
        """The first fault of `kind` whose globs fit all `names`, counted as struck once."""
        with self._lock:
            for fault in self._faults:
                spent = "times" in fault and fault["hits"] >= fault["times"]
                if fault["kind"] == kind and not spent and _fits(fault, names):
                    fault["hits"] += 1
                    return dict(fault)
        return None


def _fits(fault: dict[str, Any], names: dict[str, str]) -> bool:
    return all(fnmatch.fnmatchcase(name, fault.get(field, "*")) for field, name in names.items())


# By how many seconds the clock of the service that answers on this thread is ahead.
_CLOCK = threading.local()


def clock() -> float:
    """What time it is for the service that answers on this thread."""
    return time.time() + getattr(_CLOCK, "ahead", 0)


# One a process: EKS's operations ask it for the statuses that they are to pretend.
FAULTS = Faults()


class Control:
    """WSGI middleware before moto: counts requests, applies faults, answers the control API."""

    def __init__(self, application: Application, faults: Faults = FAULTS) -> None:
        self._application = application
        self._faults = faults
        self._lock = threading.Lock()
        self._counts: collections.Counter[str] = collections.Counter()
        self._under_way = 0

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path.startswith("/emulator/"):
            return self._control(environ, start_response)
        if path.startswith("/moto-api"):
            return self._application(environ, start_response)
        operation = identify(environ)
        with self._lock:
            self._counts[str(operation)] += 1
            self._under_way += 1
        try:
            return self._answer(operation, environ, start_response)
        finally:
            with self._lock:
                self._under_way -= 1

    def _answer(
        self, operation: Operation, environ: Environ, start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        names = {"service": operation.service, "operation": operation.name, "path": environ.get("PATH_INFO", "")}
        if delay := self._faults.strike("delay", **names):
            time.sleep(delay["seconds"])
        if error := self._refusal(operation, names):
            headers, body = render(operation, environ, error)
            start_response(f"{error.status} Refused", [*headers, ("Content-Length", str(len(body)))])
            return [body]
        _CLOCK.ahead = (self._faults.strike("skew", **names) or {"seconds": 0})["seconds"]
        if self._faults.strike("lost", **names):
            b"".join(self._application(environ, lambda *_: lambda _: None))
            lost = AwsError(503, "SlowDown", "its answer was lost by order of a test")
            headers, body = render(operation, environ, lost)
            start_response("503 Lost", [*headers, ("Content-Length", str(len(body)))])
            return [body]
        return self._application(environ, start_response)

    def _refusal(self, operation: Operation, names: dict[str, str]) -> AwsError | None:
        # Emulators take any credentials; tests need some that are wrong.
        if operation.access_key.startswith("denied"):
            code = "AuthFailure" if operation.service == "ec2" else "InvalidClientTokenId"
            code = "UnrecognizedClientException" if operation.service == "eks" else code
            code = "InvalidAccessKeyId" if operation.service == "s3" else code
            return AwsError(403, code, "The security token included in the request is invalid.")
        if fault := self._faults.strike("error", **names):
            return AwsError(fault["status"], fault["code"], fault.get("message", "ordered by a test"))
        return None

    def _control(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        status, answer = "200 OK", {}
        match environ["REQUEST_METHOD"], environ["PATH_INFO"].removeprefix("/emulator/").rstrip("/"):
            case "GET", "health":
                answer = {"ready": True}
            case "GET", "requests":
                with self._lock:
                    answer = {
                        "total": self._counts.total(),
                        "operations": dict(sorted(self._counts.items())),
                        # Whoever asked may be gone: what was asked for is done all the same.
                        "under_way": self._under_way,
                    }
            case "DELETE", "requests":
                with self._lock:
                    self._counts.clear()
            case "GET", "faults":
                answer = {"faults": self._faults.list()}
            case "DELETE", "faults":
                self._faults.clear()
            case "POST", "faults":
                try:
                    length = int(environ.get("CONTENT_LENGTH") or 0)
                    answer = {"id": self._faults.add(json.loads(environ["wsgi.input"].read(length)))}
                except (ValueError, AttributeError) as error:
                    status, answer = "400 Bad Request", {"error": str(error)}
            case _:
                status, answer = "404 Not Found", {"error": "no such control"}
        body = json.dumps(answer).encode()
        start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]
