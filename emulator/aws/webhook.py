"""The token webhook: Kubernetes asks it who holds an EKS token, and it asks the emulated STS.

It reads the token as EKS's authenticator does: a presigned GetCallerIdentity, at most 15 minutes old, with the
cluster's name among the signed headers. It does not verify the signature, and no emulator does; so a secret key
that is wrong is not noticed. An access key that begins with "denied" is refused, for tests that need that.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import json
import re
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from moto.eks.models import eks_backends

PREFIX = "k8s-aws-v1."
VALID_SECONDS = 15 * 60
# Less than the API server waits for us, which is 30 s.
STS_SECONDS = 20
PARAMETERS = {"action", "version", "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-expires",
              "x-amz-security-token", "x-amz-signature", "x-amz-signedheaders"}
CLUSTER_ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"


class Denied(Exception):
    """The token is refused; the message says why, and never holds the token."""


class Unanswered(Exception):
    """Nobody knows yet whose the token is: a busy machine, and nothing about the token."""


def serve(port: int, sts: str) -> None:
    """Answer TokenReviews on a thread, for as long as the process lives."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            try:
                body = json.dumps(_review(review, sts)).encode()
            except Unanswered as reason:
                # The API server asks again; a denial would be its last word.
                print(f"webhook: {reason}", file=sys.stderr, flush=True)
                self.send_error(503)
                return
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet: decisions are logged instead."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True, name="token-webhook").start()


def _review(review: dict[str, Any], sts: str) -> dict[str, Any]:
    try:
        user = authenticate(review["spec"]["token"], sts)
        status: dict[str, Any] = {"authenticated": True, "user": user}
        print(f"webhook: {user['username']} in {user['groups']}", file=sys.stderr, flush=True)
    except Denied as reason:
        status = {"authenticated": False, "error": str(reason)}
        print(f"webhook: denied: {reason}", file=sys.stderr, flush=True)
    return {"apiVersion": review["apiVersion"], "kind": "TokenReview", "status": status}


def authenticate(token: str, sts: str) -> dict[str, Any]:
    """The Kubernetes user of a token, or Denied."""
    query = _presigned_query(token)
    access_key = query["x-amz-credential"].split("/")[0]
    if access_key.startswith("denied"):
        raise Denied("the security token included in the request is invalid")
    arn = _caller(query, sts)
    # As aws-iam-authenticator does: a session of an assumed role counts as the role.
    session = re.fullmatch(r"arn:(aws[^:]*):sts::(\d+):assumed-role/([^/]+)/.+", arn)
    principal = f"arn:{session[1]}:iam::{session[2]}:role/{session[3]}" if session else arn
    username, groups = _permissions(principal)
    extra = {"arn": [arn], "canonicalArn": [principal], "accessKeyId": [access_key]}
    return {"username": username, "uid": f"aws-iam-authenticator:{access_key}", "groups": groups, "extra": extra}


def _presigned_query(token: str) -> dict[str, str]:
    if not token.startswith(PREFIX):
        raise Denied(f"the token has no {PREFIX} prefix")
    encoded = token.removeprefix(PREFIX)
    try:
        url = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise Denied("the token is not base64url") from None
    pairs = urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query, keep_blank_values=True)
    query = {name.lower(): value for name, value in pairs}
    # As aws-iam-authenticator does: nothing else may be asked of STS by the way.
    if len(query) < len(pairs):
        raise Denied("the presigned request has a parameter twice")
    if other := sorted(query.keys() - PARAMETERS):
        raise Denied(f"the presigned request has a parameter {other[0]}")
    wanted = ("x-amz-date", "x-amz-credential", "x-amz-signedheaders", "x-amz-signature")
    if missing := [name for name in wanted if not query.get(name)]:
        raise Denied(f"the presigned request lacks {missing[0]}")
    if query.get("action") != "GetCallerIdentity":
        raise Denied("the presigned request is not GetCallerIdentity")
    if "x-k8s-aws-id" not in query["x-amz-signedheaders"].split(";"):
        raise Denied("the cluster's name (x-k8s-aws-id) is not among the signed headers")
    try:
        signed = datetime.datetime.strptime(query["x-amz-date"] + "+0000", "%Y%m%dT%H%M%SZ%z")
    except ValueError:
        raise Denied("X-Amz-Date is no date") from None
    age = (datetime.datetime.now(datetime.timezone.utc) - signed).total_seconds()
    if not -300 < age < VALID_SECONDS:
        raise Denied("the token is older than 15 minutes, or from the future")
    return query


def _caller(query: dict[str, str], sts: str) -> str:
    """The ARN behind the credential. moto reads it from the Authorization header only, so it is moved there."""
    headers = {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={query['x-amz-credential']}, "
                         f"SignedHeaders={query['x-amz-signedheaders']}, Signature={query['x-amz-signature']}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    if session_token := query.get("x-amz-security-token"):
        headers["X-Amz-Security-Token"] = session_token
    request = urllib.request.Request(sts, b"Action=GetCallerIdentity&Version=2011-06-15", headers)
    try:
        with urllib.request.urlopen(request, timeout=STS_SECONDS) as answer:
            match = re.search(r"<Arn>([^<]+)", answer.read().decode())
    except urllib.error.HTTPError as error:
        raise Denied(f"STS refuses: {error}") from None
    except OSError as error:
        raise Unanswered(f"STS does not answer: {error}") from None
    if match is None:
        raise Denied("STS names no caller")
    return match[1]


def _permissions(principal: str) -> tuple[str, list[str]]:
    """User name and groups: of an access entry, or an administrator's for the account's own test credentials.

    moto calls whoever uses invented credentials `user/moto`; in AWS that place is taken by the identity that
    created the cluster. Entries of all clusters count: they share one API server.
    """
    # Others make clusters meanwhile, on threads of their own.
    for regions in list(eks_backends.values()):
        for backend in list(regions.values()):
            for cluster in list(backend.clusters.values()):
                if entry := cluster.access_entries.get(principal):
                    groups = list(entry["entry"]["kubernetesGroups"])
                    if CLUSTER_ADMIN in entry["policies"]:
                        groups.append("system:masters")
                    return entry["entry"]["username"], groups
    if re.fullmatch(r"arn:aws[^:]*:(sts::\d+:user/moto|iam::\d+:root)", principal):
        return "eks-admin", ["system:masters"]
    raise Denied(f"no access entry for {principal}")
