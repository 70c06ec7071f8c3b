"""A `lathe serve` of its own for each check, and a client of it in Python's standard library. Knows the API's page and nothing else."""

import http.client
import json
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
LATHE = os.path.abspath(os.environ.get("LATHE_BINARY") or os.path.join(HERE, "../../../.build-test/release/lathe"))
sys.path.insert(0, os.path.join(HERE, "../../Support"))
sys.path.insert(0, os.path.join(HERE, "../privacy"))
sys.dont_write_bytecode = True
import history  # noqa: E402  (its Ed25519 is other code than the server's)
import mix  # noqa: E402


class Refused(Exception):
    def __init__(self, status, body, headers):
        super().__init__(f"{status} {body}")
        self.status, self.headers = status, headers
        self.error = body.get("error", {}) if isinstance(body, dict) else {}


class Server:
    """A process, its folders, and what it takes from the machine."""

    def __init__(self, root, *options):
        self.root, self.options, self.port = root, options, 0
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "LATHE_SYNC"))}
        self.env.update(HOME=root, XDG_STATE_HOME=root + "/state", XDG_CONFIG_HOME=root + "/config", XDG_RUNTIME_DIR=root, TMPDIR=root)
        os.makedirs(root + "/state", mode=0o700, exist_ok=True)

    def start(self):
        """On the same port as before, once there was one."""
        self.process = subprocess.Popen([LATHE, "serve", "--port", str(self.port), *self.options], env=self.env, cwd=self.root, stdout=subprocess.PIPE, stderr=open(self.root + "/words", "a"))
        line = self.process.stdout.readline().decode()
        assert (found := re.search(r"http://127\.0\.0\.1:(\d+)", line)), f"the server does not come up: {line}{open(self.root + '/words').read()}"
        self.port = int(found[1])

    def end(self):
        self.process.terminate()
        assert self.process.wait(60) == 0, open(self.root + "/words").read()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def ledger(self):
        done = subprocess.run([LATHE, "ledger", "list", "--json"], env=self.env, capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def memory(self):
        """Bytes: resident in the server, and in its files in memory, mapped or not."""
        pid, total, files = self.process.pid, 0, 0
        try:
            with open(f"/proc/{pid}/status") as file:
                total = int(re.search(r"VmRSS:\s+(\d+)", file.read())[1]) * 1024
            for name in os.listdir(f"/proc/{pid}/fd"):
                try:
                    if os.readlink(f"/proc/{pid}/fd/{name}").startswith("/memfd:"):
                        files += os.stat(f"/proc/{pid}/fd/{name}").st_blocks * 512
                except OSError:
                    continue
        except (OSError, TypeError):
            pass
        return total, files

    def open_files(self):
        """Files in memory or without a name that the server holds open."""
        pid, found = self.process.pid, []
        for name in os.listdir(f"/proc/{pid}/fd"):
            try:
                target = os.readlink(f"/proc/{pid}/fd/{name}")
            except OSError:
                continue
            if target.startswith("/memfd:lathe") or "(deleted)" in target:
                found.append(target)
        return found


class Client:
    """One user: a key of their own, calls that go on after a broken line."""

    def __init__(self, server, folder=None):
        self.server, self.folder, self.token, self.account, self.line = server, folder, None, None, None

    def call(self, method, path, body=None, headers=None, raw=False):
        headers = dict(headers or {})
        if self.token:
            headers["Authorization"] = "Bearer " + self.token
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        if self.line is None:
            self.line = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=120)
        try:
            self.line.request(method, path, body, headers)
            answer = self.line.getresponse()
            data = answer.read()
        except (OSError, http.client.HTTPException):
            self.hang_up()
            raise
        if answer.status >= 400:
            try:
                words = json.loads(data)
            except ValueError:
                words = data
            raise Refused(answer.status, words, dict(answer.getheaders()))
        return (answer, data) if raw else json.loads(data or b"{}")

    def hang_up(self):
        if self.line is not None:
            self.line.close()
        self.line = None

    def enrol(self):
        """The challenge, signed by ssh-keygen as a user would."""
        key = os.path.join(self.folder, "key")
        if not os.path.exists(key):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key], check=True)
        challenge = self.call("POST", "/v1/accounts/challenge", {})["challenge"]
        signed = subprocess.run(["ssh-keygen", "-Y", "sign", "-n", "lathe", "-f", key], input=challenge.encode(), capture_output=True, check=True).stdout.decode()
        with open(key + ".pub") as file:
            given = self.call("POST", "/v1/accounts/token", {"challenge": challenge, "public_key": file.read().strip(), "signature": signed})
        self.token, self.account = given["token"], given["account"]
        return self

    def upload(self, data, item=None, cut=None):
        """`cut`: the line breaks there once, and the upload goes on from where the server says."""
        made = self.call("POST", "/v1/uploads", {"bytes": len(data), **({"item": item} if item else {})})
        name, offset = made["upload"], 0
        if cut:
            broken = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
            broken.putrequest("PATCH", f"/v1/uploads/{name}")
            for header, value in (("Upload-Offset", "0"), ("Content-Length", str(len(data))), *((("Authorization", "Bearer " + self.token),) if self.token else ())):
                broken.putheader(header, value)
            broken.endheaders()
            broken.send(data[:cut])
            broken.close()
            offset = self.resume(name)
        while True:
            try:
                done = self.call("PATCH", f"/v1/uploads/{name}", data[offset:], {"Upload-Offset": str(offset)})
                return name, done["receipt"]
            except Refused as refused:
                if refused.status != 409:
                    raise
                time.sleep(0.05)
                offset = self.resume(name)

    def resume(self, name):
        return self.call("GET", f"/v1/uploads/{name}")["offset"]

    def submit(self, request, key):
        return self.call("POST", "/v1/jobs", request, {"Idempotency-Key": key})

    def follow(self, job):
        """Until its end, by server-sent events."""
        line = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        line.request("GET", f"/v1/jobs/{job}/events", headers={"Authorization": "Bearer " + self.token} if self.token else {})
        answer = line.getresponse()
        if answer.status != 200:
            raise Refused(answer.status, json.loads(answer.read()), dict(answer.getheaders()))
        assert answer.getheader("Content-Type") == "text/event-stream"
        last, fractions = None, []
        for words in answer:
            if words.startswith(b"data: "):
                last = json.loads(words[6:])
                fractions.append(last["fraction"])
        line.close()
        assert fractions == sorted(fractions), fractions
        if last is None or last["state"] not in ("finished", "failed", "cancelled"):
            raise ConnectionError("the stream ended before the job")
        return last

    def result(self, job, cut=None):
        path = f"/v1/jobs/{job}/result"
        if not cut:
            return self.call("GET", path, raw=True)[1]
        line = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        line.request("GET", path, headers={"Authorization": "Bearer " + self.token} if self.token else {})
        first = line.getresponse().read(cut)
        line.close()
        answer, rest = self.call("GET", path, headers={"Range": f"bytes={len(first)}-"}, raw=True)
        assert answer.status == 206
        return first + rest


def proven(receipt, key, event, item=None, size=None):
    """A receipt as the API's page describes it, by other code."""
    assert receipt["key"] == key and receipt["event"] == event, receipt
    assert item is None or receipt["item"] == item, receipt
    assert size is None or receipt["bytes"] == size, receipt
    words = f"lathe-receipt-1\n{receipt['item']}\n{receipt['event']}\n{receipt['bytes']}\n{receipt['at_ms']}"
    assert history.signed(bytes.fromhex(key), words.encode(), bytes.fromhex(receipt["signature"])), receipt
