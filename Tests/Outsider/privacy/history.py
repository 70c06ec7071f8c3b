"""The exported history, checked again from its published form alone: RFC 6962 for the tree, RFC 8032 for the signatures."""

import copy
import hashlib
import json
import os

from kit import Canary, check, place

# --- Ed25519, RFC 8032 section 5.1, for checking only ---------------------------------------------------------------------

P = 2 ** 255 - 19
L = 2 ** 252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def recover(y, sign):
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * ROOT % P
    if (x * x - x2) % P:
        return None
    return P - x if x & 1 != sign else x


def add(a, b):
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    c, d = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    h, i, j, k = f - e, d - c, d + c, f + e
    return h * i % P, j * k % P, i * j % P, h * k % P


def times(n, point):
    out = (0, 1, 1, 0)
    while n:
        if n & 1:
            out = add(out, point)
        point = add(point, point)
        n >>= 1
    return out


def point(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    x = recover(y, sign) if y < P else None
    return None if x is None else (x, y, 1, x * y % P)


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = (recover(BASE_Y, 0), BASE_Y, 1, recover(BASE_Y, 0) * BASE_Y % P)


def signed(key, message, signature):
    a, r = point(key), point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L or len(signature) != 64:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    left, right = times(s, BASE), add(r, times(h, a))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


# --- The history ---------------------------------------------------------------------------------------------------------

def sha(data):
    return hashlib.sha256(data).digest()


class Tree:
    def __init__(self, count, peaks):
        self.count, self.peaks = count, peaks

    def append(self, leaf):
        node, n = sha(b"\0" + leaf), self.count
        while n & 1:
            node, n = sha(b"\1" + self.peaks.pop() + node), n >> 1
        self.peaks.append(node)
        self.count += 1

    def root(self):
        node = self.peaks[-1] if self.peaks else sha(b"")
        for peak in reversed(self.peaks[:-1]):
            node = sha(b"\1" + peak + node)
        return node


def verify(history, signatures=None):
    """Raises unless every event is in a tree that a checkpoint states, and the checkpoints hang together.
    `signatures`: how many of them to check, from the last backwards; each takes some milliseconds here."""
    peaks = bytes.fromhex(history["dropped_peaks"])
    tree = Tree(history["dropped_events"], [peaks[at:at + 32] for at in range(0, len(peaks), 32)])
    events = list(history["events"])
    before = None
    for checkpoint in history["checkpoints"]:
        while tree.count < checkpoint["events"]:
            event = events.pop(0)
            assert event["number"] == tree.count + 1, f"event {tree.count + 1} is missing"
            fields = (event["number"], event["at_ms"], event["boot_ns"], event["run"], event["kind"], event.get("subject") or "-", event["value"], event["digest"])
            tree.append("\n".join(["lathe-event-1", *map(str, fields)]).encode())
        assert tree.root().hex() == checkpoint["root"], f"checkpoint {checkpoint['index']} states another root"
        if before:
            assert checkpoint["index"] == before["index"] + 1 and checkpoint["key"] == before["next"], "the chain of keys is cut"
        before = checkpoint
    assert not events, "events after the last checkpoint"
    if not history["dropped_events"] and history["checkpoints"]:
        assert history["checkpoints"][0]["key"] == history["anchor"], "the first checkpoint is not the history's first"
    for checkpoint in history["checkpoints"][-(signatures or len(history["checkpoints"])):]:
        statement = "\n".join(["lathe-checkpoint-1", *(str(checkpoint[field]) for field in ("index", "events", "root", "key", "next"))])
        assert signed(bytes.fromhex(checkpoint["key"]), statement.encode(), bytes.fromhex(checkpoint["signature"])), f"checkpoint {checkpoint['index']} is not signed"


@check
def the_exported_history_is_proven_by_other_code():
    with place() as here:
        canary = Canary(here.work, 1)
        for _ in range(2):
            here.run("analyze", canary.path)
        here.run("master", canary.path, "-o", "out.wav")
        export = here.export()
        history = export["history"]
        verify(history)
        bent = copy.deepcopy(history)
        bent["events"][3]["value"] += 1
        for broken in (bent, {**history, "events": history["events"][:-1]}, {**history, "checkpoints": history["checkpoints"][1:]}):
            try:
                verify(broken)
            except (AssertionError, IndexError):
                continue
            raise AssertionError("a bent history was taken for a whole one")
    return f"{len(history['events'])} events, {len(history['checkpoints'])} signatures"


@check
def a_changed_store_is_told_with_the_range_that_still_holds():
    import sqlite3
    with place() as here:
        canary = Canary(here.work, 1)
        for _ in range(3):
            here.run("analyze", canary.path)
        sound = here.run("ledger", "verify")
        assert sound.returncode == 0 and b"covers events 1 to" in sound.stdout, sound
        store = sqlite3.connect(here.ledger + "/ledger.sqlite")
        store.execute("UPDATE event SET at_ms = at_ms - 1 WHERE number = 5")
        store.commit()
        store.close()
        told = here.run("ledger", "verify")
        assert told.returncode == 65 and b"not whole" in told.stderr and b"covers" in told.stderr, told
        assert not told.stdout.strip(), told.stdout


@check
def an_export_kept_elsewhere_shows_an_invented_history():
    with place() as here:
        canary = Canary(here.work, 1)
        here.run("analyze", canary.path)
        kept = here.home + "/kept"
        assert here.run("ledger", "export", "-o", kept).returncode == 0
        here.run("analyze", canary.path)
        assert here.run("ledger", "verify", "--against", kept + "/ledger.json").returncode == 0
        for name in os.listdir(here.ledger):
            if os.path.isfile(here.ledger + "/" + name):
                os.unlink(here.ledger + "/" + name)
        here.run("analyze", canary.path)
        assert here.run("ledger", "verify").returncode == 0
        assert here.run("ledger", "verify", "--against", kept + "/ledger.json").returncode == 65


@check
def the_export_keeps_to_its_published_form():
    with place() as here:
        here.run("ledger", "list")
        kept = here.home + "/kept"
        assert here.run("ledger", "export", "-o", kept).returncode == 0
        with open(kept + "/ledger.json") as file:
            export = json.load(file)
        with open(kept + "/ledger.schema.json") as file:
            conform(export, json.load(file))
        with open(kept + "/ledger.md") as file:
            assert file.readline().startswith("# ")


def conform(value, schema, where="export", root=None):
    """The part of JSON Schema that the export's schema uses."""
    root = root or schema
    if "$ref" in schema:
        return conform(value, root["$defs"][schema["$ref"].rsplit("/", 1)[1]], where, root)
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool, "null": type(None)}
    allowed = schema["type"] if isinstance(schema.get("type"), list) else [schema["type"]] if "type" in schema else []
    assert not allowed or any(isinstance(value, kinds[kind]) for kind in allowed), f"{where}: {value!r} is not {allowed}"
    if "enum" in schema:
        assert value in schema["enum"], f"{where}: {value!r} is not one of {schema['enum']}"
    if isinstance(value, dict):
        for name in schema.get("required", []):
            assert name in value, f"{where}: {name} is missing"
        for name, part in value.items():
            if name in schema.get("properties", {}):
                conform(part, schema["properties"][name], f"{where}.{name}", root)
            else:
                assert schema.get("additionalProperties", True), f"{where}: {name} is not in the schema"
    if isinstance(value, list) and "items" in schema:
        for at, part in enumerate(value):
            conform(part, schema["items"], f"{where}[{at}]", root)
