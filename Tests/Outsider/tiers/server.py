#!/usr/bin/env python3
"""Lathe as a client of `lathe serve`: both as they are, in homes of their own, on the loopback.

    LATHE_BINARY=path/to/lathe server.py [NAME...]     NAME: only parts whose name holds it

Results, progress, places in the queue, cancel, receipts that are right, wrong and missing, a server that is full, killed, or asked twice for the same. A line a part.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../serve"))
sys.dont_write_bytecode = True
from provider import Provider  # noqa: E402
from server import LATHE, Client, Server, mix  # noqa: E402

PATIENCE = 120


def wait(condition, what):
    end = time.monotonic() + PATIENCE
    while not (value := condition()):
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.02)
    return value


class Home:
    """A user's folders, a mix in them, and the tier in the configuration."""

    def __init__(self, root, seconds=6.0):
        self.root = os.path.join(root, "user")
        os.makedirs(self.root + "/config/lathe")
        os.makedirs(self.root + "/run", mode=0o700)
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "LATHE_SYNC"))}
        self.env.update(HOME=self.root, XDG_STATE_HOME=self.root + "/state", XDG_CONFIG_HOME=self.root + "/config", XDG_RUNTIME_DIR=self.root + "/run", TMPDIR=self.root)
        mix.write(self.root + "/mix.wav", seconds, 44100)

    def tier(self, server, **more):
        tier = {"name": "box", "protocol": "lathe", "url": f"http://127.0.0.1:{server.port}", "privacy": "own", **more}
        with open(self.root + "/config/lathe/config.toml", "w") as file:
            file.write("[[tier]]\n" + "".join(f"{k} = {json.dumps(v)}\n" for k, v in tier.items()))

    def lathe(self, *arguments, code=0):
        done = subprocess.run([LATHE, *arguments], env=self.env, cwd=self.root, capture_output=True, text=True, timeout=PATIENCE)
        assert code is None or done.returncode == code, (arguments, done)
        return done

    def master(self, name="out.wav", *more, tier="box"):
        done = json.loads(self.lathe("master", "mix.wav", "-o", name, "--json", "--progress", "none", "--force", *more).stdout)
        assert done["tier"] == tier, done
        with open(os.path.join(self.root, name), "rb") as file:
            return file.read(), done.get("route") or ""

    def start(self, *arguments, **options):
        return subprocess.Popen([LATHE, *arguments], env=self.env, cwd=self.root, text=True, stdout=subprocess.DEVNULL, **options)

    def rows(self):
        return json.loads(self.lathe("ledger", "list", "--json").stdout)

    def left(self):
        return [n for n in os.listdir(self.root) if n.startswith(".")]


def serve(root, *options):
    os.makedirs(root + "/server", exist_ok=True)
    server = Server(root + "/server", "--accounts", "none", *options)
    server.start()
    return server


def key(server):
    return Client(server).call("GET", "/v1/server")["public_key"]


def jobs(server):
    return Client(server).call("GET", "/v1/jobs")["jobs"]


def idle(server):
    """Nothing of anybody is left there."""
    wait(lambda: server.ledger() == [], "an empty store at the server")


def results_and_receipts(root):
    server, home = serve(root), Home(root)
    home.tier(server, receipt_key=key(server))
    said = home.lathe("tiers", "test", "box").stdout
    assert "signs receipts with the key that is configured" in said, said
    there, line = home.master()
    here, _ = home.master("here.wav", "--tier", "local", tier="local")
    assert there == here, "the master from there is another than from here"
    assert "box ✓" in line, line
    made = json.loads(home.lathe("generate", "slow piano in a minor", "--seconds", "6", "--seed", "5", "-o", "t.wav", "--json", "--progress", "none").stdout)
    own = json.loads(home.lathe("generate", "slow piano in a minor", "--seconds", "6", "--seed", "5", "-o", "u.wav", "--tier", "local", "--json", "--progress", "none").stdout)
    assert made["tier"] == "box" and own["tier"] == "local", (made, own)
    # What was signed for is over: nothing at the tier is open any more, and the history has the receipts.
    assert [r for r in home.rows() if r["tier"]] == [], home.rows()
    document = json.loads(home.lathe("ledger", "export", "--stdout").stdout) if "--stdout" in home.lathe("ledger", "export", "--help").stdout else None
    events = len([e for e in document["history"]["events"] if e["kind"] == "receipt"]) if document else None
    assert home.lathe("ledger", "verify").returncode == 0
    idle(server)
    server.end()
    return "a master byte for byte as here, a track; every row at the tier ended by its receipt" + (f", {events} receipts in the history" if events else "")


def wrong_signature(root):
    server, home = serve(root), Home(root)
    real = key(server)
    home.tier(server, receipt_key=("0" if real[0] != "0" else "1") + real[1:])
    home.master()
    open_rows = [r for r in home.rows() if r["tier"] == "box"]
    assert open_rows and all(r["state"] in ("live", "overdue") for r in open_rows), home.rows()
    assert "ANOTHER key" in home.lathe("tiers", "test", "box", code=None).stdout
    why = home.lathe("ledger", "why", open_rows[0]["id"]).stdout
    assert "Signed by the tier" not in why, why
    server.end()
    return f"{len(open_rows)} rows stay open: receipts that another key signed end nothing"


def accounts(root):
    os.makedirs(root + "/server")
    server = Server(root + "/server", "--credits", "3")
    server.start()
    os.makedirs(root + "/key")
    client = Client(server, root + "/key").enrol()
    home = Home(root)
    path = home.root + "/config/token"
    home.tier(server, receipt_key=key(server), key_file=path)
    # The same key as ssh-keygen signed with: the same account.
    enrolled = home.lathe("tiers", "enrol", "box", "--identity", root + "/key/key")
    with open(path) as file:
        token = file.read().strip()
    assert f"account {client.account}," in enrolled.stdout and token not in enrolled.stdout + enrolled.stderr and len(token) > 20, enrolled
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert home.lathe("tiers", "enrol", "box", "--identity", root + "/nowhere", code=66).stderr.count("\n") == 1
    # An encrypted key signs through the agent, and not without.
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "words", "-C", "", "-f", root + "/key/locked"], check=True)
    assert "ssh-add" in home.lathe("tiers", "enrol", "box", "--identity", root + "/key/locked", code=66).stderr
    with open(path) as file:
        assert file.read().strip() == token
    agent = subprocess.run(["ssh-agent", "-a", root + "/agent"], capture_output=True, text=True, check=True)
    try:
        subprocess.run(["ssh-keygen", "-q", "-p", "-P", "words", "-N", "", "-f", root + "/key/locked"], check=True)
        subprocess.run(["ssh-add", "-q", root + "/key/locked"], env={**os.environ, "SSH_AUTH_SOCK": root + "/agent"}, check=True, capture_output=True)
        os.unlink(root + "/key/locked")
        home.env["SSH_AUTH_SOCK"] = root + "/agent"
        by_agent = home.lathe("tiers", "enrol", "box", "--identity", root + "/key/locked.pub").stdout
        assert by_agent.startswith("account ") and client.account not in by_agent, by_agent
    finally:
        os.kill(int(re.search(r"SSH_AGENT_PID=(\d+)", agent.stdout)[1]), signal.SIGTERM)
    home.lathe("tiers", "enrol", "box", "--identity", root + "/key/key")
    _, line = home.master()
    # The server has let the idle line go.
    client.hang_up()
    assert client.call("GET", "/v1/account") == {"account": client.account, "balance": 2, "held": 0, "tokens": 3}
    for _ in range(2):
        home.master()
    _, spent = home.master(tier="local")
    assert "quota" in spent, spent
    with open(path, "w") as file:
        file.write("x" * 43)
    _, refused = home.master(tier="local")
    assert "key refused" in refused, refused
    assert "x" * 43 not in refused
    server.end()
    return f"{line}; then {spent}; with another's token {refused}"


def progress_place_and_full(root):
    server, home = serve(root, "--jobs", "1", "--waiting", "2"), Home(root)
    home.tier(server)
    mix.write(home.root + "/long.wav", 120.0, 44100)
    first = home.start("master", "long.wav", "-o", "1.wav", "--progress", "json", stderr=subprocess.PIPE)
    fractions = []
    seen = threading.Event()

    def read():
        for line in first.stderr:
            if line.startswith("{"):
                step = json.loads(line)
                fractions.append(step["fraction"])
                if step["fraction"] > 0.02:
                    seen.set()
        seen.set()
    reader = threading.Thread(target=read)
    reader.start()
    assert seen.wait(PATIENCE)
    wait(lambda: [j["state"] for j in jobs(server)] == ["running"], "the first at work")
    assert first.wait(PATIENCE) == 0
    # Tracks of ten minutes: one at work and two that wait leave no place, for longer than a short wait.
    client = Client(server)
    filling = [client.submit({"kind": "generate", "prompt": "techno", "seconds": 600, "seed": n}, f"fill{n}")["job"] for n in range(3)]
    _, full = home.master("4.wav", tier="local")
    assert "busy" in full, full
    for job in filling:
        client.hang_up()
        client.call("DELETE", f"/v1/jobs/{job}")
    reader.join()
    assert fractions == sorted(fractions) and len(set(fractions)) > 5, fractions
    idle(server)
    server.end()
    return f"{len(set(fractions))} steps of progress; when full: {full}"


def by_device(root):
    """`tiers enrol --provider`: the code is shown, and the token is there when somebody has entered it."""
    provider = Provider()
    os.makedirs(root + "/server")
    server = Server(root + "/server", "--provider", f"github=client@{provider.url}")
    server.start()
    home = Home(root)
    home.tier(server)
    provider.answers[:] = ["authorization_pending", "token-of-the-provider"]
    done = home.lathe("tiers", "enrol", "box", "--provider", "github")
    path = home.root + "/config/lathe/box.token"
    assert f"enter WDJB-MJHT at {provider.url}/login/device" in done.stderr and f'key_file = "{path}"' in done.stdout, done
    with open(path) as file:
        assert file.read().strip() not in done.stdout + done.stderr and os.stat(path).st_mode & 0o777 == 0o600
    home.tier(server, receipt_key=key(server), key_file=path)
    _, line = home.master()
    provider.answers[:] = ["access_denied"]
    assert "refused there" in home.lathe("tiers", "enrol", "box", "--provider", "github", code=69).stderr
    provider.end()
    server.end()
    return f"{line}; refused there: no token, one line"


def asked_back(root):
    """A client that was killed has left its sound at the server: destroying the rows asks the server, and its receipts end them."""
    server, home = serve(root, "--jobs", "1"), Home(root)
    home.tier(server, receipt_key=key(server))
    mix.write(home.root + "/long.wav", 480.0, 44100)
    process = home.start("master", "long.wav", "-o", "1.wav", "--progress", "none", stderr=subprocess.DEVNULL)
    wait(lambda: [j["state"] for j in jobs(server)] == ["running"], "the job at work")
    # Once more about it, so that the client has surely noted what the server calls it.
    wait(lambda: jobs(server)[0]["fraction"] > 0, "the job's progress")
    process.kill()
    process.wait()
    rows = [r["id"] for r in home.rows() if r["tier"] == "box"]
    assert len(rows) == 2, home.rows()
    at = time.monotonic()
    done = json.loads(home.lathe("ledger", "destroy", *rows, "--json").stdout)
    took = time.monotonic() - at
    assert sorted(done["destroyed"]) == sorted(rows) and not done["failures"], done
    assert "signed that it is gone" in home.lathe("ledger", "why", rows[0]).stdout
    assert home.lathe("ledger", "verify").returncode == 0
    idle(server)
    # With the server gone there is nobody to ask, and the rows say so and stay.
    process = home.start("master", "long.wav", "-o", "2.wav", "--progress", "none", stderr=subprocess.DEVNULL)
    wait(lambda: any(j["state"] == "running" and j["fraction"] > 0 for j in jobs(server)), "the second job at work")
    process.kill()
    process.wait()
    server.kill()
    rows = [r["id"] for r in home.rows() if r["tier"] == "box"]
    told = home.lathe("ledger", "destroy", rows[0], code=74).stderr
    assert "box was asked to destroy it: no connection" in told and told.count("\n") == 1, told
    assert len([r for r in home.rows() if r["tier"] == "box"]) == 2
    return f"two rows ended by receipts {took:.2f} s after they were asked for; without the server: {told.strip().split(': ', 2)[2]}"


def cancelled(root):
    server, home = serve(root, "--jobs", "1"), Home(root)
    home.tier(server, receipt_key=key(server))
    mix.write(home.root + "/long.wav", 240.0, 44100)
    process = home.start("master", "long.wav", "-o", "1.wav", "--progress", "none", stderr=subprocess.DEVNULL)
    wait(lambda: [j["state"] for j in jobs(server)] == ["running"], "the job at work")
    at = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    took = time.monotonic() - at
    wait(lambda: jobs(server) == [], "the end of the job there")
    idle(server)
    assert not os.path.exists(home.root + "/1.wav") and home.left() == []
    assert [r for r in home.rows() if r["tier"]] == [], home.rows()
    server.end()
    return f"over here after {took:.2f} s with the receipt, and nothing left there"


def killed(root):
    server, home = serve(root, "--jobs", "1"), Home(root, 60.0)
    home.tier(server, receipt_key=key(server))
    process = home.start("master", "mix.wav", "-o", "1.wav", "--json", "--progress", "none", stderr=subprocess.DEVNULL)
    process = subprocess.Popen([LATHE, "master", "mix.wav", "-o", "2.wav", "--json", "--progress", "none"], env=home.env, cwd=home.root, text=True, stdout=subprocess.PIPE)
    wait(lambda: any(j["state"] == "running" for j in jobs(server)), "the job at work")
    server.kill()
    at = time.monotonic()
    out = json.loads(process.communicate(timeout=PATIENCE)[0])
    took = time.monotonic() - at
    assert process.returncode == 0 and out["tier"] == "local" and "box ✗" in out["route"], out["route"]
    here = [r for r in home.rows() if r["tier"] == "box"]
    assert here and all(r["expires_in_seconds"] is not None for r in here), "what went there is not said to be there"
    server.start()
    assert server.ledger() == [], server.ledger()
    server.end()
    return f"{out['route']}, done {took:.1f} s after the kill"


def asked_twice(root):
    """The engine is killed while its job is there: the next one asks under the same key, and the server does it once."""
    server, home = serve(root, "--jobs", "1"), Home(root)
    home.tier(server)
    mix.write(home.root + "/long.wav", 240.0, 44100)
    home.lathe("master", "long.wav", "-o", "1.wav", "--background")
    first = wait(lambda: [j["job"] for j in jobs(server) if j["state"] == "running"], "the job at work")
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as words, open(f"/proc/{pid}/environ", "rb") as env:
                if words.read().split(b"\0")[:2] == [b"lathe", b"engine"] and f"HOME={home.root}".encode() in env.read().split(b"\0"):
                    os.kill(int(pid), signal.SIGKILL)
        except OSError:
            continue
    done = home.lathe("queue", "attach", "--json", "--progress", "none")
    status, = json.loads(done.stdout)
    assert status["state"] == "finished" and status["tier"] == "box", status
    assert os.path.exists(home.root + "/1.wav")
    server.end()
    return f"one engine killed, one job there ({len(first)}), one file here"


PARTS = (results_and_receipts, wrong_signature, accounts, by_device, progress_place_and_full, asked_back, cancelled, killed, asked_twice)

if __name__ == "__main__":
    wanted, failed = sys.argv[1:], 0
    for part in PARTS:
        if wanted and not any(word in part.__name__ for word in wanted):
            continue
        with tempfile.TemporaryDirectory(prefix="lathe-client-", ignore_cleanup_errors=True) as folder:
            try:
                print(f"tier server: {part.__name__}: {part(folder)}", flush=True)
            except (AssertionError, subprocess.SubprocessError, OSError, ValueError, KeyError, TypeError) as error:
                failed += 1
                print(f"tier server: {part.__name__}: failed: {type(error).__name__}: {error}", file=sys.stderr)
            finally:
                # Whatever a failure has left running holds the folder.
                for pid in filter(str.isdigit, os.listdir("/proc")):
                    try:
                        with open(f"/proc/{pid}/environ", "rb") as env:
                            if re.search(rb"HOME=" + re.escape(folder.encode()) + rb"/(user|server)\0", env.read()):
                                os.kill(int(pid), signal.SIGKILL)
                    except OSError:
                        continue
    sys.exit(1 if failed else 0)
