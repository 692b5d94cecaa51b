"""What botocore's own parser, and after the AWS CLI's own writer, reads of files: JSON in, JSON out.

The argument is the botocore to ask: that of boto3, or the one that an AWS CLI brings.
"""

import importlib
import json
import os
import sys
import tempfile

from awscli.customizations.configure.writer import ConfigFileWriter

compat, configloader = (importlib.import_module(f"{sys.argv[1]}.{name}") for name in ("compat", "configloader"))


def read(path, kind):
    load = configloader.load_config if kind == "config" else configloader.raw_config_parse
    try:
        return load(path)
    except Exception as error:
        # The AWS CLI's own botocore raises the errors of the other one, where that is installed.
        if type(error).__name__ not in ("ConfigParseError", "ConfigNotFound"):
            raise
        return None


def read_text(text, kind):
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(text)
    return read(path, kind)


def write(text, kind, update):
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(text)
    ConfigFileWriter().update_config(dict(update), path)
    return read(path, kind)


def split(line):
    try:
        return compat.compat_shell_split(line)
    except ValueError:
        return None


with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "file")
    asked = json.load(sys.stdin)
    answers = [
        {
            "before": read_text(case["before"], case["kind"]),
            "after": read_text(case["after"], case["kind"]),
            "written": write(case["before"], case["kind"], case["update"]) if case["update"] else None,
        }
        for case in asked["cases"]
    ]
    lines = [split(line) for line in asked["lines"]]
    files = [read_text(text, kind) for text, kind in asked["files"]]
    print(json.dumps({"cases": answers, "lines": lines, "files": files}))
