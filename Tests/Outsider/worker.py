#!/usr/bin/env python3
"""The worker from outside: jobs through Gradio's own client, two replicas against one, a replica killed at work, overload. By hand: it needs the packages of Worker/requirements.txt.

    LATHE_BINARY=path/to/lathe LATHE_PYTHON=venv/bin/python worker.py [NAME...]     NAME: only parts whose name holds it
"""

import concurrent.futures
import hashlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "../..")
LATHE = os.path.abspath(os.environ.get("LATHE_BINARY") or os.path.join(ROOT, ".build-test/release/lathe"))
PYTHON = os.environ.get("LATHE_PYTHON", sys.executable)
sys.path.insert(0, os.path.join(HERE, "../Support"))
sys.dont_write_bytecode = True
import mix  # noqa: E402


class Worker:
    """`app.py` with so many replicas, in folders of its own."""

    def __init__(self, root, replicas, waiting=4, **more):
        self.root, self.replicas = root, replicas
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "RAY_"))}
        self.env.update(HOME=root, LATHE_BIN=LATHE, LATHE_DATA=os.path.abspath(ROOT), LATHE_PORT=str(self.port), LATHE_REPLICAS=str(replicas), LATHE_WAITING=str(waiting),
                        RAY_TMPDIR=root + "/ray", TMPDIR=root, **more)
        self.log = open(os.path.join(root, "log"), "w")
        self.process = subprocess.Popen([PYTHON, os.path.join(ROOT, "Worker/app.py")], env=self.env, cwd=root, stdout=self.log, stderr=self.log, start_new_session=True)

    def __enter__(self):
        end = time.monotonic() + 180
        while self.health().get("replicas") != self.replicas:
            assert time.monotonic() < end and self.process.poll() is None, open(os.path.join(self.root, "log")).read()[-2000:]
            time.sleep(0.2)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def health(self):
        try:
            with urllib.request.urlopen(self.url + "/health", timeout=5) as answer:
                return json.load(answer)
        except (OSError, ValueError):
            return {}

    def client(self):
        from gradio_client import Client
        return Client(self.url, verbose=False, download_files=tempfile.mkdtemp(dir=self.root))

    def processor_seconds(self):
        """What the front and the replicas (with the `lathe` processes they have waited for) have used of it, and these clients."""
        def of(pid):
            with open(f"/proc/{pid}/stat") as file:
                return sum(map(int, file.read().rsplit(") ", 1)[1].split()[11:15])) / os.sysconf("SC_CLK_TCK")
        own = os.times()
        return {"replicas": sum(map(of, self.replica_processes())), "front": of(self.process.pid), "clients": own.user + own.system}

    def replica_processes(self):
        """The `lathe` processes that work for it."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    words = file.read()
                with open(f"/proc/{pid}/environ", "rb") as file:
                    ours = f"TMPDIR={self.root}\0".encode() in file.read()
                if ours and words.startswith(b"ray::ServeReplica"):
                    found.append(int(pid))
            except OSError:
                continue
        return found


def master(worker, path, preset=""):
    from gradio_client import handle_file
    out = worker.client().predict(handle_file(path), preset, "wav", api_name="/master")
    with open(out, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


class Lean:
    """A client that costs next to nothing, where clients must not take the processor from what is measured. It speaks Gradio's protocol and nothing else."""

    def __init__(self, worker):
        self.port = worker.port
        config = json.loads(self.call("GET", "/config"))
        self.prefix = config["api_prefix"]
        self.function = next(d["id"] for d in config["dependencies"] if d["api_name"] == "master")

    def call(self, method, path, body=None, headers=None):
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        line.request(method, path, body, headers or {})
        answer = line.getresponse()
        data = answer.read()
        assert answer.status == 200, (answer.status, data[:200])
        line.close()
        return data

    def upload(self, path):
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        head = b'--edge\r\ncontent-disposition: form-data; name="files"; filename="in.wav"\r\ncontent-type: application/octet-stream\r\n\r\n'
        tail = b"\r\n--edge--\r\n"
        line.putrequest("POST", self.prefix + "/upload")
        line.putheader("content-type", "multipart/form-data; boundary=edge")
        line.putheader("content-length", str(len(head) + os.path.getsize(path) + len(tail)))
        line.endheaders(head)
        with open(path, "rb") as file:
            line.sock.sendfile(file)
        line.sock.sendall(tail)
        there = json.loads(line.getresponse().read())[0]
        line.close()
        return there

    def master(self, path):
        """The bytes of the master."""
        session = os.urandom(8).hex()
        sound = {"path": self.upload(path), "orig_name": "in.wav", "meta": {"_type": "gradio.FileData"}}
        self.call("POST", self.prefix + "/queue/join", json.dumps({"data": [sound, "", "wav"], "fn_index": self.function, "session_hash": session}), {"content-type": "application/json"})
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        line.request("GET", f"{self.prefix}/queue/data?session_hash={session}")
        for row in line.getresponse():
            if row.startswith(b"data:") and (message := json.loads(row[5:]))["msg"] == "process_completed":
                line.close()
                assert message["success"], message
                return self.call("GET", urllib.parse.urlsplit(message["output"]["data"][0]["url"]).path)
        raise AssertionError("the events ended before the job")


def results(root):
    """What comes back is what Lathe makes here; a wrong preset is told; nothing is left of the input."""
    path = os.path.join(root, "in.wav")
    mix.write(path, 8.0, 44100)
    subprocess.run([LATHE, "master", path, "-o", root + "/here.wav"], check=True, capture_output=True, env={**os.environ, "XDG_STATE_HOME": root + "/state", "LATHE_DATA": os.path.abspath(ROOT)})
    with open(root + "/here.wav", "rb") as file:
        expected = hashlib.sha256(file.read()).hexdigest()
    with Worker(root, 1) as worker:
        assert master(worker, path) == expected
        # The same sound three times at once: each job has a copy of its own, and deletes that.
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            assert set(pool.map(lambda _: master(worker, path), range(3))) == {expected}
        client = worker.client()
        track = client.predict("calm piano at 80 bpm", 5, None, None, None, 7, "flac", api_name="/generate")
        with open(track, "rb") as file:
            assert file.read(4) == b"fLaC"
        for wrong in ("no-such-preset", "schema = 99\n", "../../etc/passwd"):
            try:
                master(worker, path, wrong)
                raise AssertionError(f"{wrong} was taken")
            except AssertionError:
                raise
            except Exception as error:
                assert "preset" in str(error) and root not in str(error), error
        left = [os.path.join(f, n) for top in ("/dev/shm", root) for f, _, names in os.walk(top) for n in names if ("lathe-job-" in f or "lathe-worker-" in f) and n.startswith("in")]
        assert not left, left
    return "a master and a track, the master byte for byte"


def throughput(root):
    """Two replicas on two cores do at least 1.7 times the work of one. What the machine could give is measured beside it: the same masters by `lathe` alone, on one core and on two."""
    path, jobs, took, spent = os.path.join(root, "in.wav"), 16, {}, {}
    mix.write(path, 240.0, 44100)
    cores = sorted(os.sched_getaffinity(0))[:2]
    assert len(cores) == 2, "two cores are needed"

    def alone(core, count):
        for _ in range(count):
            subprocess.run(["taskset", "-c", str(core), LATHE, "master", path, "-o", f"{root}/alone{core}.wav", "--force", "--progress", "none"], check=True, capture_output=True,
                           env={**os.environ, "XDG_STATE_HOME": root + "/state", "LATHE_DATA": os.path.abspath(ROOT)})

    def timed(*shares):
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(len(shares)) as pool:
            list(pool.map(lambda share: alone(*share), shares))
        return time.monotonic() - began

    alone(cores[0], 1)
    ceiling = timed((cores[0], jobs // 2)) / timed((cores[0], jobs // 4), (cores[1], jobs // 4))
    for replicas in (1, 2):
        with Worker(root, replicas, waiting=jobs) as worker:
            # Each replica has read its program and tables once.
            # As many clients as keep the replicas busy, each with one job after the other.
            clients = [Lean(worker) for _ in range(2 * replicas)]
            with concurrent.futures.ThreadPoolExecutor(replicas) as pool:
                list(pool.map(lambda client: client.master(path), clients[:replicas]))
            began, before = time.monotonic(), worker.processor_seconds()
            with concurrent.futures.ThreadPoolExecutor(len(clients)) as pool:
                masters = [m for some in pool.map(lambda client: [client.master(path) for _ in range(jobs // len(clients))], clients) for m in some]
            took[replicas] = time.monotonic() - began
            spent[replicas] = {k: v - before[k] for k, v in worker.processor_seconds().items()}
            assert all(m == masters[0] for m in masters) and masters[0][:4] == b"RIFF"
            del masters
    ratio = took[1] / took[2]
    words = (f"{jobs} masters of 240 s: {took[1]:.1f} s with one replica, {took[2]:.1f} s with two: {ratio:.2f} times; two processes without a worker: {ceiling:.2f} times. "
             + "Of the processor, with one and two: " + ", ".join(f"{k} {spent[1][k]:.1f} and {spent[2][k]:.1f} s" for k in spent[1]))
    assert ratio >= 1.7, words
    return words


def killed(root):
    """A replica killed at work: its job fails at once with a word to try again, the other goes on, and it is there again."""
    path = os.path.join(root, "in.wav")
    mix.write(path, 480.0, 44100)
    with Worker(root, 2) as worker:
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            running = [pool.submit(master, worker, path) for _ in range(2)]
            end = time.monotonic() + 120
            while len(busy := [p for p in worker.replica_processes() if p in {parent(w) for w in at_work(root)}]) < 2:
                assert time.monotonic() < end, f"never two at work: {[r.exception() if r.done() else 'running' for r in running]}"
                time.sleep(0.05)
            victim = busy[0]
            os.kill(victim, signal.SIGKILL)
            at = time.monotonic()
            done, _ = concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED)
            noticed = time.monotonic() - at
            outcomes = [r.exception() for r in running]
        assert sum(o is None for o in outcomes) == 1, outcomes
        lost = next(o for o in outcomes if o)
        assert "try again" in str(lost), lost
        end = time.monotonic() + 120
        while worker.health().get("replicas") != 2:
            assert time.monotonic() < end, f"no second replica again: {worker.health()}"
            time.sleep(0.2)
        healed = time.monotonic() - at
        assert master(worker, path)
        assert at_work(root) == []
    return f"told after {noticed:.1f} s, two replicas again after {healed:.1f} s"


def second_node(root):
    """A cluster of two nodes on this machine, a replica on each: both work, and when one node is killed at work its job is told to try again, and the other goes on."""
    path = os.path.join(root, "in.wav")
    mix.write(path, 120.0, 44100)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ray, nodes = os.path.join(os.path.dirname(PYTHON), "ray"), []
    env = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "RAY_"))}
    env.update(HOME=root, TMPDIR=root, RAY_USAGE_STATS_ENABLED="0", LATHE_BIN=LATHE, LATHE_DATA=os.path.abspath(ROOT))
    try:
        for where in (["--head", f"--port={port}", "--include-dashboard=false", f"--temp-dir={root}/ray"], [f"--address=127.0.0.1:{port}"]):
            nodes.append(subprocess.Popen([ray, "start", "--block", "--num-cpus=1", "--disable-usage-stats", *where], env=env, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            time.sleep(8 if len(nodes) == 1 else 4)
        with Worker(root, 2, RAY_ADDRESS=f"127.0.0.1:{port}") as worker:
            replicas = worker.replica_processes()
            parents = {parent(pid) for pid in replicas}
            assert len(replicas) == 2 and len(parents) == 2, (replicas, parents)
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                assert len(set(pool.map(lambda _: master(worker, path), range(2)))) == 1
                running = [pool.submit(master, worker, path) for _ in range(2)]
                end = time.monotonic() + 120
                while len(at_work(root)) < 2:
                    assert time.monotonic() < end, f"never two at work: {[r.exception() if r.done() else 'running' for r in running]}"
                    time.sleep(0.05)
                second = next(p for p in parents if p in family(nodes[1].pid))
                for pid in [p for p in replicas if parent(p) == second] + [second]:
                    os.kill(pid, signal.SIGKILL)
                at = time.monotonic()
                concurrent.futures.wait(running)
                outcomes = [r.exception() for r in running]
            assert sum(o is None for o in outcomes) == 1 and "try again" in str(next(o for o in outcomes if o)), outcomes
            told = time.monotonic() - at
            assert master(worker, path) and at_work(root) == []
    finally:
        for node in reversed(nodes):
            node.terminate()
            try:
                node.wait(30)
            except subprocess.TimeoutExpired:
                node.kill()
    return f"a replica on each of two nodes, the same master from both; one node killed at work: one job done, one told to try again, both known after {told:.1f} s, the next one done"


def parent(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return int(file.read().rsplit(") ", 1)[1].split()[1])
    except OSError:
        return None


def family(pid):
    found = [pid]
    for one in found:
        found += [int(p) for p in subprocess.run(["pgrep", "-P", str(one)], capture_output=True).stdout.split()]
    return found


def at_work(root):
    """Processes of `lathe` that work for a replica below this folder."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as words, open(f"/proc/{pid}/environ", "rb") as env:
                if b"lathe-job-" in words.read() and f"TMPDIR={root}\0".encode() in env.read():
                    found.append(int(pid))
        except OSError:
            continue
    return found


def overload(root):
    """More than fit: 503 at once for the rest, and all that were taken are done."""
    path = os.path.join(root, "in.wav")
    mix.write(path, 60.0, 44100)
    with Worker(root, 1, waiting=2) as worker:
        config = json.load(urllib.request.urlopen(worker.url + "/config"))
        function = next(d["id"] for d in config["dependencies"] if d["api_name"] == "generate")
        answers, slowest = [], 0
        for n in range(8):
            body = json.dumps({"data": ["techno", 240, None, None, None, n, "wav"], "fn_index": function, "session_hash": f"s{n}"}).encode()
            request = urllib.request.Request(worker.url + config["api_prefix"] + "/queue/join", body, {"Content-Type": "application/json"})
            began = time.monotonic()
            try:
                answers.append(urllib.request.urlopen(request, timeout=30).status)
            except urllib.error.HTTPError as error:
                answers.append(error.code)
                slowest = max(slowest, time.monotonic() - began)
        assert answers[0] == 200 and answers.count(503) >= 4 and set(answers) == {200, 503}, answers
        assert slowest < 2, slowest
    return f"{answers.count(200)} taken, {answers.count(503)} told 503, the slowest after {slowest * 1000:.0f} ms"


PARTS = (results, throughput, killed, second_node, overload)

if __name__ == "__main__":
    wanted, failed = sys.argv[1:], 0
    for part in PARTS:
        if wanted and not any(word in part.__name__ for word in wanted):
            continue
        with tempfile.TemporaryDirectory(prefix="lathe-w-", dir="/tmp", ignore_cleanup_errors=True) as root:
            try:
                print(f"worker: {part.__name__}: {part(root)}")
            except (AssertionError, subprocess.SubprocessError, OSError) as error:
                failed += 1
                print(f"worker: {part.__name__}: failed: {type(error).__name__}: {error}", file=sys.stderr)
    sys.exit(1 if failed else 0)
