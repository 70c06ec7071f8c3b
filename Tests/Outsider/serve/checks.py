#!/usr/bin/env python3
"""What the page of the API promises, call by call, and what must be refused.

    LATHE_BINARY=path/to/lathe checks.py [NAME...]     NAME: only checks whose name holds it
"""

import hashlib
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time

from provider import Provider
from server import LATHE, Client, Refused, Server, mix, proven

PRESET = 'schema = 1\nid = "check"\nname = "Check"\n'


def refused(status, code, act):
    try:
        answer = act()
    except Refused as refusal:
        assert refusal.status == status and refusal.error.get("code") == code, (refusal, refusal.error)
        assert refusal.error["message"], refusal.error
        return refusal
    raise AssertionError(f"not refused: {answer}")


def wav(root, seconds=3.0):
    path = os.path.join(root, "in.wav")
    mix.write(path, seconds, 44100)
    with open(path, "rb") as file:
        return file.read()


def user(server, name="user"):
    folder = os.path.join(server.root, name)
    os.makedirs(folder, exist_ok=True)
    return Client(server, folder).enrol()


def until(client, job, *states):
    end = time.monotonic() + 60
    while (now := client.call("GET", f"/v1/jobs/{job}"))["state"] not in states:
        assert time.monotonic() < end, now
        time.sleep(0.02)
    return now


def a_track_from_a_prompt(root):
    """generate: progress, result, receipts for the prompt; its words are not in the store, the ledger, the accounts or the process's children."""
    server = Server(root, "--jobs", "1")
    server.start()
    client = user(server)
    key = client.call("GET", "/v1/server")["public_key"]
    item = "0123456789abcdef"
    # Long enough to be seen at work, and a word that is nowhere else.
    made = client.submit({"kind": "generate", "prompt": "qxjzvwk calm piano", "seed": 7, "seconds": 20, "container": "flac", "item": item}, "one")
    assert made["state"] in ("queued", "running") and made["receipts"][0]["event"] == "received", made
    ended = client.follow(made["job"])
    assert ended["state"] == "finished" and ended["result"]["plan"]["brief"]["seed"] == 7 and ended["tier"] == "local", ended
    proven(made["receipts"][0], key, "received", item)
    proven(ended["receipts"][-1], key, "destroyed", item)
    sound = client.result(made["job"])
    assert sound[:4] == b"fLaC" and hashlib.sha256(sound).hexdigest() == ended["result"]["sha256"] and len(sound) == ended["result"]["bytes"]
    again = client.submit({"kind": "generate", "prompt": "qxjzvwk calm piano", "seed": 7, "seconds": 20, "container": "flac", "item": item}, "one")
    assert again["job"] == made["job"]
    refused(409, "invalid_request", lambda: client.submit({"kind": "generate", "prompt": "something else"}, "one"))
    assert [r["event"] for r in client.call("POST", f"/v1/jobs/{made['job']}/acknowledge")["receipts"]] == ["received", "destroyed", "destroyed"]
    refused(410, "gone", lambda: client.result(made["job"]))
    assert server.ledger() == [], server.ledger()
    for folder, _, names in os.walk(root + "/state"):
        for name in names:
            with open(os.path.join(folder, name), "rb") as file:
                assert b"qxjzvwk" not in file.read(), name
    assert client.call("GET", "/v1/account") == {"account": client.account, "balance": 99, "held": 0, "tokens": 1}
    server.end()
    assert open(root + "/words").read() == ""


def what_is_refused(root):
    server = Server(root, "--upload-limit", "1", "--credits", "1", "--jobs", "1")
    server.start()
    stranger = Client(server)
    for method, path in (("GET", "/v1/account"), ("POST", "/v1/uploads"), ("GET", "/v1/jobs"), ("POST", "/v1/jobs")):
        refused(401, "auth", lambda: stranger.call(method, path, {}))
    challenge = stranger.call("POST", "/v1/accounts/challenge", {})["challenge"]
    refused(422, "invalid_request", lambda: stranger.call("POST", "/v1/accounts/token", {"challenge": challenge, "public_key": "ssh-rsa AAAA", "signature": ""}))
    # It worked once, though for nothing.
    refused(401, "auth", lambda: stranger.call("POST", "/v1/accounts/token", {"challenge": challenge, "public_key": "ssh-ed25519 AAAA", "signature": ""}))
    client = user(server)
    refused(413, "invalid_request", lambda: client.call("POST", "/v1/uploads", {"bytes": (1 << 20) + 1}))
    for bytes in (0, -1):
        refused(413, "invalid_request", lambda: client.call("POST", "/v1/uploads", {"bytes": bytes}))
    refused(400, "invalid_request", lambda: client.call("POST", "/v1/uploads", {"bytes": "many"}))
    refused(400, "invalid_request", lambda: client.call("POST", "/v1/uploads", "{"))
    refused(413, "invalid_request", lambda: client.call("POST", "/v1/uploads", "[" * 300_000))
    refused(400, "invalid_request", lambda: client.call("POST", "/v1/uploads", {"bytes": 5, "item": "../../etc"}))
    name = client.call("POST", "/v1/uploads", {"bytes": 10})["upload"]
    conflict = refused(409, "invalid_request", lambda: client.call("PATCH", f"/v1/uploads/{name}", b"x", {"Upload-Offset": "3"}))
    assert conflict.headers["Upload-Offset"] == "0"
    refused(400, "invalid_request", lambda: client.call("PATCH", f"/v1/uploads/{name}", b"x"))
    refused(413, "invalid_request", lambda: client.call("PATCH", f"/v1/uploads/{name}", b"x" * 11, {"Upload-Offset": "0"}))
    refused(409, "invalid_request", lambda: client.submit({"kind": "master", "upload": name, "preset": PRESET}, "a"))
    refused(404, "not_found", lambda: client.submit({"kind": "master", "upload": "0" * 16, "preset": PRESET}, "a"))
    refused(400, "invalid_request", lambda: client.call("POST", "/v1/jobs", {"kind": "generate", "prompt": "techno"}))
    refused(400, "invalid_request", lambda: client.submit({"kind": "generate", "prompt": "techno"}, "no spaces, please"))
    refused(400, "invalid_request", lambda: client.submit({"kind": "delete"}, "a"))
    refused(400, "invalid_request", lambda: client.submit({"kind": "generate", "prompt": "techno", "seconds": 5, "bars": 4}, "a"))
    refused(400, "invalid_request", lambda: client.submit({"kind": "generate", "prompt": "techno", "seed": 1 << 63}, "a"))
    refused(422, "invalid_request", lambda: client.submit({"kind": "generate", "prompt": "techno", "seconds": 3000}, "a"))
    refused(402, "quota", lambda: client.submit({"kind": "generate", "prompt": "techno", "seconds": 90}, "a"))
    policy = refused(422, "content_policy", lambda: client.submit({"kind": "generate", "prompt": "a ballad in the voice of qxjzvwk"}, "a"))
    assert policy.error["rule"] == "real-voice" and policy.error["span"] == [9, 24] and "qxjzvwk" not in json.dumps(policy.error)
    rules = client.call("GET", "/v1/prompt-rules")
    assert rules["version"] == client.call("GET", "/v1/server")["prompt_rules_version"] and "real-voice" in [r["id"] for r in rules["rules"]]
    # What is no sound fails, says so, keeps nothing and costs nothing.
    name, _ = client.upload(b"RIFF" + b"\xff" * 5000)
    ended = client.follow(client.submit({"kind": "master", "upload": name, "preset": PRESET}, "b")["job"])
    assert ended["state"] == "failed" and ended["error"]["code"] == "invalid_request" and "/proc" not in ended["error"]["message"], ended
    refused(422, "invalid_request", lambda: client.submit({"kind": "master", "upload": name, "preset": "schema = 99"}, "c"))
    assert client.call("GET", "/v1/account")["balance"] == 1
    for words in (b"\0" * 100, b"GET / HTTP/9.9\r\n\r\n", b"POST /v1/jobs HTTP/1.1\r\nContent-Length: -5\r\n\r\n", b"A" * 200_000, b"GET /v1/health HTTP/1.1\r\nHost: a\r\n" + b"x: y\r\n" * 500 + b"\r\n"):
        with socket.socket() as line:
            line.connect(("127.0.0.1", server.port))
            line.settimeout(20)
            try:
                line.sendall(words)
                answer = line.recv(4096)
                assert answer == b"" or answer.startswith(b"HTTP/1.1 4"), answer
            except OSError:
                pass
    assert client.call("GET", "/v1/health")["status"] == "ok"
    server.end()


def full_says_so_early(root):
    """No place: 503 with Retry-After, at once, nothing kept; a cancelled job makes room and costs nothing."""
    server = Server(root, "--jobs", "1", "--waiting", "2", "--waiting-per-account", "8")
    server.start()
    client = user(server)
    key = client.call("GET", "/v1/server")["public_key"]
    jobs = [client.submit({"kind": "generate", "prompt": "techno", "seconds": 300, "seed": n}, f"k{n}") for n in range(3)]
    began = time.monotonic()
    busy = refused(503, "busy", lambda: client.submit({"kind": "generate", "prompt": "techno", "seconds": 300}, "k9"))
    assert int(busy.headers["Retry-After"]) > 0 and time.monotonic() - began < 1
    assert client.call("GET", f"/v1/jobs/{jobs[2]['job']}")["position"] == 2
    assert client.call("GET", "/v1/account") == {"account": client.account, "balance": 85, "held": 15, "tokens": 1}
    began = time.monotonic()
    client.call("POST", f"/v1/jobs/{jobs[0]['job']}/cancel")
    until(client, jobs[0]["job"], "cancelled")
    assert time.monotonic() - began < 2
    for job in jobs[1:]:
        # There is no result, and that is signed for.
        receipt, = client.call("DELETE", f"/v1/jobs/{job['job']}")["receipts"]
        proven(receipt, key, "destroyed", job["output_item"], 0)
        refused(404, "not_found", lambda: client.call("GET", f"/v1/jobs/{job['job']}"))
    assert client.call("GET", "/v1/account")["balance"] == 100
    server.end()


def an_account_is_exported_and_erased(root):
    server = Server(root, "--jobs", "1")
    server.start()
    client, other = user(server), user(server, "other")
    data = wav(root)
    name, _ = client.upload(data)
    running = client.submit({"kind": "generate", "prompt": "techno", "seconds": 300}, "long")
    known = client.call("GET", "/v1/account/export")
    assert [u["bytes"] for u in known["uploads"]] == [len(data)] and [j["job"] for j in known["jobs"]] == [running["job"]]
    assert [(t["step"], t["amount"]) for t in known["credits"]] == [("grant", 100), ("hold", 5)]
    theirs, _ = other.upload(data)
    assert len(client.call("DELETE", "/v1/account")["receipts"]) == 2
    refused(401, "auth", lambda: client.call("GET", "/v1/account"))
    assert [row["id"] for row in server.ledger()] == [theirs], server.ledger()
    with open(root + "/state/lathe/serve/accounts.sqlite", "rb") as file:
        store = file.read()
    assert client.account.encode() not in store and other.account.encode() in store
    again = user(server)
    assert again.call("GET", "/v1/account")["balance"] == 100
    again.call("DELETE", "/v1/account/token")
    refused(401, "auth", lambda: again.call("GET", "/v1/account"))
    server.end()


def too_many_calls(root):
    server = Server(root, "--calls-per-minute", "60", "--accounts", "none")
    server.start()
    client, passed = Client(server), 0
    try:
        for passed in range(100):
            client.call("GET", "/v1/jobs")
    except Refused as refusal:
        assert refusal.status == 429 and int(refusal.headers["Retry-After"]) > 0 and refusal.error["code"] == "quota"
    assert 14 <= passed <= 20, passed
    server.end()


def how_it_starts(root):
    """A policy with something left open, an address that others reach without a policy or accounts, a port in use, a folder in use, a secret that others can read."""
    def fails(code, *arguments):
        done = subprocess.run([LATHE, "serve", "--port", "0", *arguments], env=server.env, cwd=root, capture_output=True, text=True, timeout=60)
        assert done.returncode == code and done.stdout == "" and done.stderr.count("\n") == 1, done
        return done.stderr

    server = Server(root)
    with open(root + "/policy", "w") as file:
        file.write("We keep nothing.\nWrite to {{contact}}.\n")
    assert "policy:2" in fails(65, "--policy", "policy")
    fails(64, "--host", "0.0.0.0")
    with open(root + "/policy", "w") as file:
        file.write("We keep nothing.\n")
    fails(64, "--host", "0.0.0.0", "--policy", "policy", "--accounts", "none")
    server.options = ("--policy", "policy")
    server.start()
    answer = http.client.HTTPConnection("127.0.0.1", server.port)
    answer.request("GET", "/v1/policy")
    assert answer.getresponse().read() == b"We keep nothing.\n"
    fails(75)
    assert "listened on" in fails(69, "--port", str(server.port), "--data", root + "/elsewhere")
    listening = subprocess.run(["ss", "-ltnH"], capture_output=True, text=True).stdout if os.path.exists("/usr/bin/ss") or os.path.exists("/bin/ss") else ""
    for line in listening.splitlines():
        if f":{server.port} " in line:
            assert f"127.0.0.1:{server.port}" in line, line
    server.end()
    os.chmod(root + "/state/lathe/serve/pepper", 0o644)
    assert "chmod 600" in fails(74)


def the_device_flow(root):
    """Who one is is shown at a provider: pending, slower, denied, granted; the same person has the same account; nothing of the person is kept but what nobody can read."""
    provider = Provider()
    secret = root + "/secret"
    with open(os.open(secret, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        file.write("secret-canary-7735\n")
    server = Server(root, "--provider", f"github=client-7735@{provider.url}", "--provider", f"google=other-7735@{provider.url}", "--provider-secret", "google=" + secret)
    server.start()
    client = Client(server)
    assert client.call("GET", "/v1/server")["providers"] == ["github", "google"]
    refused(404, "not_found", lambda: client.call("POST", "/v1/accounts/device", {"provider": "gitlab"}))

    def begin(name):
        begun = client.call("POST", "/v1/accounts/device", {"provider": name})
        assert begun["user_code"] == "WDJB-MJHT" and begun["verification_uri"] == provider.url + "/login/device" and begun["interval_seconds"] == 1, begun
        assert begun["expires_in_seconds"] == 900 and "canary" not in json.dumps(begun), begun
        return {"device": begun["device"]}

    def ask(device):
        time.sleep(1.05)
        return client.call("POST", "/v1/accounts/device/token", device)

    def granted(name, *before):
        device = begin(name)
        provider.answers[:] = [*before, "token-canary-7735"]
        for _ in before:
            assert ask(device) == {"state": "pending", "interval_seconds": 1}
        given = ask(device)
        assert provider.seen[-1] == "Bearer token-canary-7735" and provider.answers == [], provider.seen
        refused(401, "auth", lambda: client.call("POST", "/v1/accounts/device/token", device))
        return given

    # More often than the provider wants it is not asked.
    device, asked = begin("github"), provider.asked
    for _ in range(5):
        assert client.call("POST", "/v1/accounts/device/token", device)["state"] == "pending"
    assert provider.asked == asked
    provider.answers[:] = ["slow_down"]
    assert ask(device)["interval_seconds"] >= 6 and provider.asked == asked + 1
    first = granted("github", "authorization_pending")
    again, other = granted("github"), granted("google", "authorization_pending")
    assert first["account"] == again["account"] != other["account"] and first["token"] != again["token"], (first, again, other)
    client.token = first["token"]
    assert client.call("GET", "/v1/account") == {"account": first["account"], "balance": 100, "held": 0, "tokens": 2}
    client.token = None
    device = begin("github")
    provider.answers[:] = ["access_denied"]
    refused(401, "auth", lambda: ask(device))
    refused(401, "auth", lambda: client.call("POST", "/v1/accounts/device/token", device))
    device = begin("google")
    provider.answers[:] = ["garbage", "expired_token"]
    refused(503, "busy", lambda: ask(device))
    refused(401, "auth", lambda: ask(device))
    os.chmod(secret, 0o644)
    device = begin("google")
    refused(500, "failed", lambda: ask(device))
    # Scopes ask for nothing beyond who it is.
    assert {form.get("scope") for path, form in provider.forms if path.endswith("device/code")} == {"", "openid"}
    os.unlink(secret)
    for folder, _, names in os.walk(root):
        for name in names:
            with open(os.path.join(folder, name), "rb") as file:
                data = file.read()
            for word in (b"canary", b"7735", b"110169484474386276334", first["token"].encode()):
                assert word not in data, (name, word)
    server.end()
    provider.end()
    # Off unless it is configured.
    server.options = ()
    server.start()
    client.hang_up()
    assert client.call("GET", "/v1/server")["providers"] == []
    refused(404, "not_found", lambda: client.call("POST", "/v1/accounts/device", {"provider": "github"}))
    server.end()
    for wrong in (("--provider", "gitlab=x"), ("--provider", "github="), ("--provider", "github=x@http://example.org"), ("--provider", "github=x", "--provider", "github=y"),
                  ("--provider", "github=x", "--accounts", "none"), ("--provider-secret", "google=x")):
        done = subprocess.run([LATHE, "serve", "--port", "0", *wrong], env=server.env, capture_output=True, text=True, timeout=30)
        assert done.returncode == 64 and done.stderr.count("\n") == 1, (wrong, done)


CHECKS = (a_track_from_a_prompt, what_is_refused, full_says_so_early, an_account_is_exported_and_erased, too_many_calls, the_device_flow, how_it_starts)


def main():
    wanted, passed, failed = sys.argv[1:], 0, 0
    for check in CHECKS:
        if wanted and not any(word in check.__name__ for word in wanted):
            continue
        with tempfile.TemporaryDirectory(prefix="lathe-serve-", ignore_cleanup_errors=True) as root:
            try:
                check(root)
                passed += 1
            except (AssertionError, Refused, subprocess.SubprocessError, OSError, KeyError, ValueError, http.client.HTTPException) as error:
                failed += 1
                print(f"serve: {check.__name__}: {type(error).__name__}: {error} (line {error.__traceback__.tb_next.tb_lineno if error.__traceback__.tb_next else 0})", file=sys.stderr)
    print(f"serve: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
