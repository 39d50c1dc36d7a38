#!/usr/bin/env python3
"""Asks the real `terraform console` what expressions evaluate to.

    tests/data/make_vectors.py < tests/data/expressions.txt > tests/data/vectors.json

Reads one expression a line (blank lines and lines that begin with # are left out) and writes what Terraform
answers: its value, or that it is an error. Relative paths are those of this folder.
"""

import base64
import json
import os
import pathlib
import subprocess
import sys
import tempfile

FOLDER = pathlib.Path(__file__).resolve().parent


def ask(expressions):
    """The JSON texts of the values of all expressions, by one session of the console."""
    # Each value is JSON inside the JSON, so that no digit of a number is lost on the way.
    elements = ", ".join(f'try(jsonencode({{ value = {text} }}), "error")' for text in expressions)
    with tempfile.NamedTemporaryFile(suffix=".tfrc") as empty:
        environment = {**os.environ, "TF_CLI_CONFIG_FILE": empty.name, "CHECKPOINT_DISABLE": "1"}
        answer = subprocess.run(
            ["terraform", "console"],
            input=f"base64encode(jsonencode([{elements}]))\n",
            capture_output=True,
            text=True,
            cwd=FOLDER,
            env=environment,
        )
    if answer.returncode != 0:
        sys.exit(f"terraform console: {answer.stderr}{answer.stdout}")
    try:
        return json.loads(base64.b64decode(answer.stdout.strip().strip('"'), validate=True))
    except ValueError:
        if len(expressions) == 1:
            print(f"left out, it has no value that is shown: {expressions[0]}", file=sys.stderr)
            return [None]
        # Something in it has no value that can be shown: find out what.
        return [result for text in expressions for result in ask([text])]


def main():
    lines = [line.rstrip("\n") for line in sys.stdin]
    expressions = [line for line in lines if line.strip() and not line.startswith("#")]
    # A line of the console's input is limited.
    groups = [expressions[start : start + 100] for start in range(0, len(expressions), 100)]
    results = [result for group in groups for result in ask(group)]
    vectors = [(text, result) for text, result in zip(expressions, results) if result is not None]
    print("[")
    for index, (text, result) in enumerate(vectors):
        wanted = {"error": True} if result == 'error' else {"json": result[len('{"value":') : -1]}
        comma = "," if index + 1 < len(vectors) else ""
        print(f"  {json.dumps({'expression': text, **wanted}, ensure_ascii=False)}{comma}")
    print("]")


if __name__ == "__main__":
    main()
