"""Which AWS operation a request is, and how an error of its service is written.

AWS has no one wire format: EC2, IAM and STS name the operation in a form, JSON services in a header, and EKS
and S3 by method and path.
"""

from __future__ import annotations

import io
import json
import re
import urllib.parse
import uuid
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from botocore.exceptions import DataNotFoundError, UnknownServiceError
from moto.core.request import Request
from moto.core.routing import get_service_router
from werkzeug.exceptions import MethodNotAllowed, NotFound

Environ = dict[str, Any]

_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/\d+/([^/]+)/([^/]+)/aws4_request")


@dataclass(frozen=True)
class Operation:
    """A request in AWS's own words; `name` is "Unknown" where nothing fits."""

    service: str
    name: str
    access_key: str

    def __str__(self) -> str:
        return f"{self.service}.{self.name}"


@dataclass(frozen=True)
class AwsError:
    """An error as AWS would answer it."""

    status: int
    code: str
    message: str


def identify(environ: Environ) -> Operation:
    """Name the operation that a WSGI request asks for. The body stays readable."""
    query = dict(urllib.parse.parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    signature = environ.get("HTTP_AUTHORIZATION") or f"Credential={query.get('X-Amz-Credential', '')}"
    match = _CREDENTIAL.search(signature)
    access_key, service = (match[1], match[3].lower()) if match else ("", "unsigned")
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return Operation(service, target.rpartition(".")[2], access_key)
    if action := query.get("Action") or _form(environ).get("Action"):
        return Operation(service, action, access_key)
    return Operation(service, _by_path(service, environ), access_key)


def render(operation: Operation, environ: Environ, error: AwsError) -> tuple[list[tuple[str, str]], bytes]:
    """Headers and body of an error, in the format of the operation's service."""
    identifier = str(uuid.uuid4())
    code, message = escape(error.code), escape(error.message)
    xml = f"<Code>{code}</Code><Message>{message}</Message>"
    if operation.service == "ec2":
        body = f"<Response><Errors><Error>{xml}</Error></Errors><RequestID>{identifier}</RequestID></Response>"
    elif operation.service == "s3":
        body = f"<Error>{xml}<RequestId>{identifier}</RequestId></Error>"
    elif environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        body = f"<ErrorResponse><Error><Type>Sender</Type>{xml}</Error><RequestId>{identifier}</RequestId></ErrorResponse>"
    else:
        body = json.dumps({"__type": error.code, "message": error.message})
        return [("Content-Type", "application/json"), ("x-amzn-ErrorType", error.code),
                ("x-amzn-RequestId", identifier)], body.encode()
    return [("Content-Type", "text/xml"), ("x-amzn-RequestId", identifier)], body.encode()


def _form(environ: Environ) -> dict[str, str]:
    """The form in the body, which is put back for moto to read."""
    length = environ.get("CONTENT_LENGTH") or "0"
    if not environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded") or not length.isdigit():
        return {}
    body = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = io.BytesIO(body)
    return dict(urllib.parse.parse_qsl(body.decode(errors="replace"), keep_blank_values=True))


def _by_path(service: str, environ: Environ) -> str:
    """The operation by method and path, as moto's own router has it."""
    try:
        operation, _ = get_service_router(service).match(Request(environ.copy()))
    except (NotFound, MethodNotAllowed, UnknownServiceError, DataNotFoundError):
        return "Unknown"
    return operation.name
