"""Looks at Lathe's tiers from outside, against the real gradio package: every way in which an app misbehaves, and the file, line and exit code that follow.

    python look.py LATHE [--python PYTHON_WITH_GRADIO] [--only MODE,MODE] [--generate]

Needs gradio (4, 5 or 6), numpy and soundfile for PYTHON_WITH_GRADIO. Prints a line a case and ends with 1 when one is not as expected. Everything it makes lies in
a folder of its own that is removed.
"""
import argparse
import http.server
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

arguments = argparse.ArgumentParser()
arguments.add_argument("lathe")
arguments.add_argument("--python", default=sys.executable)
arguments.add_argument("--only", default="")
options = arguments.parse_args()
HERE = os.path.dirname(os.path.abspath(__file__))
LATHE = os.path.abspath(options.lathe)
ROOM = tempfile.mkdtemp(prefix="lathe-tiers-")
ENVIRONMENT = dict(os.environ, XDG_STATE_HOME=ROOM + "/state", XDG_CONFIG_HOME=ROOM + "/config", HOME=ROOM)
failures = 0


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def configure(*tiers):
    os.makedirs(ROOM + "/config/lathe", exist_ok=True)
    with open(ROOM + "/config/lathe/config.toml", "w") as file:
        for tier in tiers:
            file.write("[[tier]]\n" + "".join(f"{k} = {json.dumps(v)}\n" for k, v in tier.items()) + "\n")


class App:
    def __init__(self, mode, *more):
        self.port = free_port()
        self.process = subprocess.Popen(
            [options.python, HERE + "/app.py", str(self.port), "--mode", mode, *more], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=dict(os.environ, GRADIO_ANALYTICS_ENABLED="False"), text=True)
        self.version = self.process.stdout.readline().split()[-1]
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/config", timeout=1).read()
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit("the app does not come up")

    def tier(self, **more):
        return {"name": "gpu", "protocol": "gradio", "url": f"http://127.0.0.1:{self.port}", "privacy": "own", **more}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def run(*arguments, seconds=120):
    start = time.monotonic()
    done = subprocess.run([LATHE, *arguments], capture_output=True, text=True, env=ENVIRONMENT, timeout=seconds)
    return done, time.monotonic() - start


def tell(name, ok, text):
    global failures
    failures += not ok
    print(f"{'ok  ' if ok else 'FAIL'}  {name:<28} {text}", flush=True)


def sound(seconds=4):
    path = ROOM + "/mix.wav"
    subprocess.run([options.python, "-c", f"""
import numpy as np, soundfile as sf
t = np.arange(int({seconds} * 44100)) / 44100
s = 0.2 * (1 + .3 * np.sin(3 * t))
sf.write({path!r}, np.stack([s * (np.sin(691 * t) + .4 * np.sin(8293 * t)), s * (np.sin(697 * t) + .4 * np.sin(9001 * t))], 1), 44100, subtype='PCM_24')
"""], check=True)
    return path


def master(name, expected_tier, expected_line, *more, exit_code=0):
    out = ROOM + "/out.wav"
    if os.path.exists(out):
        os.remove(out)
    done, taken = run("master", MIX, "-o", out, "--json", "--progress", "none", *more)
    line = json.loads(done.stdout)["route"] if done.returncode == 0 else done.stderr.strip()
    tier = json.loads(done.stdout)["tier"] if done.returncode == 0 else None
    left = [f for f in os.listdir(ROOM) if f not in ("mix.wav", "out.wav", "state", "config")]
    ok = done.returncode == exit_code and tier == expected_tier and expected_line in line and not left and os.path.exists(out) == (exit_code == 0)
    tell(name, ok, f"{taken:5.1f} s  {line}" + (f"  LEFT {left}" if left else ""))


MIX = sound()
MODES = [
    ("good", "gpu", "gpu ✓"), ("slow", "gpu", "gpu ✓"), ("silent", "local", "gpu ✗ (result is silent) → local ✓"), ("short", "local", "gpu ✗ (result of wrong length) → local ✓"),
    ("mono", "local", "gpu ✗ (result has wrong channels) → local ✓"), ("garbage", "local", "gpu ✗ (result is no audio) → local ✓"), ("html", "local", "gpu ✗ ("),
    ("error", "local", "gpu ✗ (2 × worker failed) → local ✓"), ("quota", "local", "gpu ✗ (quota used up, again in 12:3"),
    ("crash", "local", "gpu ✗ ("),
]
try:
    wanted = set(filter(None, options.only.split(",")))
    for mode, tier, line in MODES:
        if wanted and mode not in wanted:
            continue
        with App(mode) as app:
            configure(app.tier())
            master(f"gradio {app.version} {mode}", tier, line)
            if mode == "good":
                done, _ = run("tiers", "test", "gpu")
                tell("tiers test", done.returncode == 0 and "/master(audio, preset, format)" in done.stdout, done.stdout.replace("\n", " | "))
                configure(app.tier(privacy="third_party"))
                master("no consent, nobody to ask", "local", "gpu ✗ (third party: not allowed) → local ✓")
                master("… and named", None, "not allowed", "--tier", "gpu", exit_code=69)
                configure(app.tier(privacy="third_party", consent="always"))
                master("consent by configuration", "gpu", "gpu ✓")
                configure(app.tier())
                for n, ending in enumerate(["wav", "flac"]):
                    out = f"{ROOM}/track{n}.{ending}"
                    done, taken = run("generate", "slow piano in a minor", "--seconds", "6", "--seed", "5", "-o", out, "--json", "--progress", "none", *(["--no-master"] if n else []))
                    result = json.loads(done.stdout) if done.returncode == 0 else {}
                    tell("generate to " + ending, result.get("tier") == "gpu" and os.path.exists(out), f"{taken:5.1f} s  {result.get('route') or done.stderr.strip()}")
                    if os.path.exists(out):
                        os.remove(out)
    if not wanted or "moderation" in wanted:
        with App("moderation") as app:
            configure(app.tier())
            master("moderation", None, "sent nowhere else", exit_code=69)
    if not wanted or "generator" in wanted:
        with App("generator") as app:
            configure(app.tier())
            out = ROOM + "/track.wav"
            done, taken = run("generate", "slow piano", "--seconds", "6", "--seed", "5", "-o", out, "--json", "--progress", "none")
            result = json.loads(done.stdout) if done.returncode == 0 else {}
            tell("generator with diffs", result.get("tier") == "gpu", f"{taken:5.1f} s  {result.get('route') or done.stderr.strip()}")
            if os.path.exists(out):
                os.remove(out)
    if not wanted or "deadline" in wanted:
        with App("slow", "--seconds", "20") as app:
            configure(app.tier(deadline_seconds=10))
            master("slower than its deadline", "local", "gpu ✗ (too slow) → local ✓")
    if not wanted or "cancel" in wanted:
        with App("slow", "--seconds", "20") as app:
            configure(app.tier())
            out = ROOM + "/out.wav"
            if os.path.exists(out):
                os.remove(out)
            process = subprocess.Popen([LATHE, "master", MIX, "-o", out, "--progress", "json"], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, env=ENVIRONMENT, text=True)
            for line in process.stderr:
                if '"fraction":0.1' in line or '"fraction":0.2' in line:
                    break
            start = time.monotonic()
            process.send_signal(signal.SIGINT)
            process.wait()
            left = [f for f in os.listdir(ROOM) if f not in ("mix.wav", "state", "config")]
            tell("cancel", process.returncode == 130 and not left, f"{time.monotonic() - start:.2f} s to the end, exit {process.returncode}")
    if not wanted or "redirect" in wanted:
        class Away(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(302)
                self.send_header("location", "http://localhost:1/config")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Away)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        configure({"name": "gpu", "protocol": "gradio", "url": f"http://127.0.0.1:{server.server_port}", "privacy": "own"})
        master("redirect elsewhere", "local", "gpu ✗ (speaks another protocol")
    if not wanted or "tls" in wanted:
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", ROOM + "/k.pem", "-out", ROOM + "/c.pem", "-days", "1", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
        shutil.move(ROOM + "/k.pem", ROOM + "/config/k.pem")
        shutil.move(ROOM + "/c.pem", ROOM + "/config/c.pem")

        class Page(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(401)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(ROOM + "/config/c.pem", ROOM + "/config/k.pem")
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        tier = {"name": "gpu", "protocol": "gradio", "url": f"https://localhost:{server.server_port}", "privacy": "own"}
        configure(tier)
        master("TLS of nobody that is trusted", "local", "gpu ✗ (2 × no connection")
        configure({**tier, "ca_file": ROOM + "/config/c.pem"})
        master("… and with ca_file", "local", "gpu ✗ (key refused) → local ✓")
    if not wanted or "nobody" in wanted:
        configure({"name": "gpu", "protocol": "gradio", "url": f"http://127.0.0.1:{free_port()}", "privacy": "own"})
        master("nobody there", "local", "gpu ✗ (2 × no connection")
        done, _ = run("tiers", "test", "gpu")
        tell("tiers test, nobody there", done.returncode == 69 and "no connection" in done.stderr, done.stderr.strip())
    if (not wanted or "strace" in wanted) and shutil.which("strace"):
        os.remove(ROOM + "/config/lathe/config.toml")
        out = ROOM + "/out.wav"
        if os.path.exists(out):
            os.remove(out)
        log = ROOM + "/state/strace"
        subprocess.run(["strace", "-f", "-e", "trace=socket,connect", "-o", log, LATHE, "master", MIX, "-o", out, "--progress", "none"], env=ENVIRONMENT, capture_output=True)
        calls = [line for line in open(log) if "socket(" in line and "AF_UNIX" not in line]
        tell("no tier, no socket", not calls and os.path.exists(out), f"{len(calls)} sockets but those of AF_UNIX" + (": " + calls[0].strip() if calls else ""))
finally:
    shutil.rmtree(ROOM, ignore_errors=True)
print("all as expected" if not failures else f"{failures} not as expected")
sys.exit(1 if failures else 0)
