#!/usr/bin/env python3
"""Stands in for `op`, `bw` and `vault`, by the name it is started under.

What it takes and prints is what each program's documentation says (1Password CLI reference "item"; Bitwarden "Password Manager
CLI"; Vault "kv" commands). Whatever else it is given is an error. State is in $STAND_IN_STATE.
"""
import base64
import json
import os
import sys
import uuid

NAME = os.path.basename(sys.argv[0])
STATE = os.environ["STAND_IN_STATE"]
with open(os.path.join(os.path.dirname(STATE), "argv.log"), "a") as log:
    log.write(" ".join(sys.argv) + "\n")


def load():
    return json.load(open(STATE)) if os.path.exists(STATE) else {}


def save(items):
    json.dump(items, os.fdopen(os.open(STATE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w"))


def fail(text, code=1):
    sys.stderr.write(text + "\n")
    sys.exit(code)


def options(words, valued, flags=()):
    """The positional words and the options, of which nothing but these is known."""
    plain, found = [], {}
    words = iter(words)
    for word in words:
        name, equals, value = word.partition("=")
        if name in valued:
            found[name] = value if equals else next(words)
        elif word in flags:
            found[word] = True
        elif word.startswith("-") and word != "-":
            fail(f"unknown flag: {word}")
        else:
            plain.append(word)
    return plain, found


def op():
    words, given = options(sys.argv[1:], {"--vault", "--account", "--tags", "--format"})
    if os.environ.get("OP_LOCKED"):
        fail("[ERROR] 2026/11/30 12:00:00 You are not currently signed in. Please run `op signin --help` for instructions")
    if os.environ.get("OP_DISMISSED"):
        fail("[ERROR] 2026/11/30 12:00:00 error initializing client: authorization prompt dismissed, please try again")
    items, vault = load(), given.get("--vault", "Private")
    if words[:2] == ["item", "list"]:
        found = [i for i in items.values() if given.get("--tags") in i["tags"] and i["vault"] == vault]
        print(json.dumps([{k: i[k] for k in ("id", "title", "tags", "updated_at", "category")} for i in found]))
    elif words == ["item", "create", "-"]:
        item = json.load(sys.stdin)
        assert item["category"] == "PASSWORD" and item["fields"][0]["purpose"] == "PASSWORD", item
        item.update(id=uuid.uuid4().hex[:26], vault=vault, updated_at=f"2026-11-30T12:{len(items):02}:00Z")
        items[item["id"]] = item
        save(items)
        print(json.dumps(item))
    elif words[:2] == ["item", "get"] and len(words) == 3:
        item = items.get(words[2]) or fail(f'[ERROR] 2026/11/30 12:00:00 "{words[2]}" isn\'t an item in the "{vault}" vault.')
        print(json.dumps(item))
    elif words[:2] == ["item", "delete"] and len(words) == 3:
        items.pop(words[2], None) or fail(f'[ERROR] 2026/11/30 12:00:00 "{words[2]}" isn\'t an item.')
        save(items)
    else:
        fail(f"[ERROR] unknown command {words}")


def bw():
    words, given = options(sys.argv[1:], {"--search"}, {"--raw", "--nointeraction", "--permanent"})
    assert given["--nointeraction"]
    if not os.environ.get("BW_SESSION"):
        fail("Vault is locked.")
    items = load()
    if words == ["list", "items"]:
        print(json.dumps([i for i in items.values() if given["--search"] in i["name"]]))
    elif words == ["create", "item"]:
        item = json.loads(base64.b64decode(sys.stdin.read(), validate=True))
        assert item["type"] == 2 and item["secureNote"] == {"type": 0}, item
        item.update(id=str(uuid.uuid4()), revisionDate=f"2026-11-30T12:{len(items):02}:00.000Z")
        items[item["id"]] = item
        save(items)
        print(json.dumps(item))
    elif words[:2] == ["delete", "item"] and len(words) == 3:
        items.pop(words[2], None) or fail("Not found.")
        save(items)
    else:
        fail(f"Invalid command: {words}")


def vault():
    words, given = options(sys.argv[1:], {"-mount", "-format"})
    if not os.environ.get("VAULT_TOKEN"):
        fail("Error making API request.\n\nCode: 400. Errors:\n\n* missing client token", 2)
    version_1 = os.environ.get("STAND_IN_KV") == "1"
    items, mount = load(), given["-mount"]
    action, path = words[1:-1], words[-1]
    missing = f"No value found at {mount}/{'' if version_1 else 'data/'}{path}"
    if action == ["put", path] or (words[1] == "put" and words[-1] == "-"):
        items[words[2]] = json.load(sys.stdin)
        save(items)
        print("Success! Data written to: " + words[2])
    elif action == ["get"]:
        if path not in items:
            fail(missing, 2)
        data = items[path] if version_1 else {"data": items[path], "metadata": {"version": 1}}
        print(json.dumps({"request_id": "x", "data": data}))
    elif action == ["list"]:
        below = [name[len(path) + 1 :] for name in items if name.startswith(path + "/")]
        if not below:
            print("{}")
            sys.exit(2)
        print(json.dumps(sorted({name.split("/")[0] + "/" * ("/" in name) for name in below})))
    elif action == ["metadata", "delete"]:
        if version_1:
            fail("Metadata not supported on KV Version 1", 1)
        items.pop(path, None)
        save(items)
        print("Success! Data deleted (if it existed) at: " + path)
    elif action == ["delete"] and version_1:
        items.pop(path, None)
        save(items)
        print("Success! Data deleted (if it existed) at: " + path)
    else:
        fail(f"Usage: vault {words}", 127)


{"op": op, "bw": bw, "vault": vault}[NAME]()
