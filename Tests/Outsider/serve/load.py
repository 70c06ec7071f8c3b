#!/usr/bin/env python3
"""`lathe serve` under load: many clients at once, each with a key of their own, uploads that break and go on, a kill -9 in the middle.

    LATHE_BINARY=path/to/lathe load.py [--long | --full]

Short: 12 clients for some seconds. --full: 200 clients, 2 GiB uploaded in all. What must hold in any form: no wrong result, nothing of another's to be had, memory at most
512 MiB, inputs gone within 2 s of their job's end, and after the kill: jobs settle, the store is empty, credits are conserved. A line of figures at the end.
"""

import hashlib
import http.client
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import traceback

from server import LATHE, Client, Refused, Server, mix, proven

FULL = "--full" in sys.argv
LONG = FULL or "--long" in sys.argv
CLIENTS = 200 if FULL else 40 if LONG else 12
JOBS = 1
# 16-bit stereo at 44.1 kHz: of a full run each client sends 10.7 MB, 2 GiB in all.
SECONDS = 61.0 if FULL else 20.0 if LONG else 6.0
SOUNDS = 6 if FULL else 3
GRANT = 10
MOST_MEMORY = 512 << 20
PRESET_CEILINGS = (-1.0, -1.5)


class Run:
    def __init__(self, root):
        self.root = root
        self.server = Server(root, "--calls-per-minute", "100000", "--credits", str(GRANT), "--waiting", "64", "--waiting-per-account", "4", "--jobs", "2")
        self.lock = threading.Lock()
        self.failures, self.finished, self.uploaded, self.ended = [], 0, 0, []
        self.full = self.retried = self.foreign = self.lost = 0
        self.peak, self.peak_files, self.names, self.receipts = 0, 0, [], []
        self.is_over = threading.Event()
        self.restarting = threading.Lock()

    def prepare(self):
        """A few inputs, the presets as text, and what Lathe itself makes of each."""
        self.inputs, self.expected = [], {}
        for n in range(SOUNDS):
            path = os.path.join(self.root, f"in{n}.wav")
            # Different lengths are different sounds: the mix goes on.
            mix.write(path, SECONDS + n * 0.37, 44100)
            with open(path, "rb") as file:
                self.inputs.append(file.read())
        self.presets = []
        for ceiling in PRESET_CEILINGS:
            self.presets.append(f'schema = 1\nid = "load"\nname = "Load"\n[target]\nceiling_dbtp = {ceiling}\n')
        for n in range(SOUNDS):
            for p, preset in enumerate(self.presets):
                text, out = os.path.join(self.root, "preset.toml"), os.path.join(self.root, "out.wav")
                with open(text, "w") as file:
                    file.write(preset)
                done = subprocess.run([LATHE, "master", f"in{n}.wav", "--preset", "./preset.toml", "-o", "out.wav", "--force"], env=self.server.env, cwd=self.root, capture_output=True, text=True)
                assert done.returncode == 0, done.stderr
                with open(out, "rb") as file:
                    self.expected[n, p] = hashlib.sha256(file.read()).hexdigest()
        assert len(set(self.expected.values())) == SOUNDS * len(self.presets)

    def count(self, name, by=1):
        with self.lock:
            setattr(self, name, getattr(self, name) + by)

    def patiently(self, act):
        """As a client that means it: comes again when it is told to, and when the server has gone."""
        end = time.monotonic() + 900
        while True:
            try:
                return act()
            except Refused as refused:
                if refused.status not in (429, 503):
                    raise
                assert int(refused.headers.get("Retry-After", refused.headers.get("retry-after", 0))) > 0, refused.headers
                self.count("full")
                pause = random.uniform(0.2, 1.0)
            except (OSError, http.client.HTTPException) as error:
                # A server that is killed breaks lines off in the middle of an answer too.
                self.count("lost")
                pause = 0.3
                assert time.monotonic() < end, error
            time.sleep(pause)

    def client(self, number):
        chance = random.Random(number)
        folder = os.path.join(self.root, f"client{number}")
        os.mkdir(folder)
        client = Client(self.server, folder)
        self.patiently(client.enrol)
        for job in range(JOBS):
            sound, preset = chance.randrange(SOUNDS), chance.randrange(len(self.presets))
            self.one(client, f"wish-{number}-{job}", sound, preset, chance)
        balance = self.patiently(lambda: client.call("GET", "/v1/account"))
        price = JOBS * max(1, -(-len(self.inputs[0]) // (16 << 20)))
        assert balance["balance"] == GRANT - price and balance["held"] == 0, balance
        client.hang_up()

    def one(self, client, key, sound, preset, chance):
        data = self.inputs[sound]
        while True:
            try:
                item = "".join(chance.choice("0123456789abcdefghjkmnpqrstvwxyz") for _ in range(16))
                name, receipt = self.patiently(lambda: client.upload(data, item, chance.randrange(1, len(data)) if chance.random() < 0.3 else None))
                self.count("uploaded", len(data))
                self.foreign_look(client, f"/v1/uploads/{name}", chance)
                request = {"kind": "master", "upload": name, "preset": self.presets[preset], "container": "wav"}
                job = self.patiently(lambda: client.submit(request, key))
                # The same wish once more is the same job.
                again = self.patiently(lambda: client.submit(request, key))
                assert again["job"] == job["job"], (again, job)
                with self.lock:
                    self.names.append(job["job"])
                ended = self.patiently(lambda: client.follow(job["job"]))
                assert ended["state"] == "finished", ended
                with self.lock:
                    self.ended.append((name, time.monotonic()))
                    self.receipts += [(receipt, "received", item, len(data))] + [(r, "destroyed", item, len(data)) for r in ended["receipts"]]
                assert [r["event"] for r in ended["receipts"]] == ["destroyed"] and ended["receipts"][0]["at_ms"] <= ended["ended_at_ms"] + 2000, ended["receipts"]
                sound_made = self.patiently(lambda: client.result(job["job"], chance.randrange(1, 100_000) if chance.random() < 0.3 else None))
                got = hashlib.sha256(sound_made).hexdigest()
                assert got == ended["result"]["sha256"] == self.expected[sound, preset], f"WRONG RESULT for {key}"
                self.foreign_look(client, f"/v1/jobs/{chance.choice(self.names)}", chance, own=job["job"])
                receipts = self.patiently(lambda: client.call("POST", f"/v1/jobs/{job['job']}/acknowledge"))["receipts"]
                assert receipts[-1]["item"] == job["output_item"] and receipts[-1]["event"] == "destroyed", receipts
                self.count("finished")
                return
            except Refused as refused:
                # What the killed server held is gone; the wish is still the same.
                if refused.status not in (404, 410):
                    raise
                self.count("retried")

    def foreign_look(self, client, path, chance, own=None):
        """Another's upload or job is as if it were not there."""
        if own and path.endswith(own):
            return
        if own is None:
            # Somebody without the right token looks at ours.
            stranger = Client(self.server)
            stranger.token = "x" * 43
            looks = ((stranger, 401),)
        else:
            looks = ((client, 404),)
        for who, status in looks:
            for method, tail in (("GET", ""), ("DELETE", "")) + ((("GET", "/result"), ("POST", "/acknowledge")) if own else ()):
                try:
                    answer = who.call(method, path + tail, raw=True)
                    raise AssertionError(f"LEAK: {method} {path}{tail}: {answer}")
                except Refused as refused:
                    assert refused.status == status, refused
                except (OSError, http.client.HTTPException):
                    pass
                self.count("foreign")
            if who is not client:
                who.hang_up()

    def guarded(self, number):
        try:
            self.client(number)
        except BaseException:
            with self.lock:
                self.failures.append(f"client {number}: {traceback.format_exc(limit=3)}")

    def watch(self):
        """Memory, and whether an input outlives its job by two seconds."""
        while not self.is_over.wait(0.5):
            with self.restarting:
                total, files = self.server.memory()
                self.peak, self.peak_files = max(self.peak, total + files), max(self.peak_files, files)
                with self.lock:
                    due = {name for name, at in self.ended if time.monotonic() - at > 2}
                try:
                    late = due & {row["id"] for row in self.server.ledger()}
                except (AssertionError, subprocess.SubprocessError) as error:
                    late = {str(error)}
            if late:
                with self.lock:
                    self.failures.append(f"inputs later than 2 s: {late}")

    def kill_once(self):
        """When a third is done."""
        while self.finished < CLIENTS // 3 and not self.is_over.wait(0.05):
            pass
        with self.restarting:
            self.server.kill()
            rows = self.server.ledger()
            assert not [row for row in rows if row["state"] not in ("destroyed", "handed_over")], rows
            self.server.start()

    def run(self):
        self.prepare()
        began = time.monotonic()
        self.server.start()
        watcher = threading.Thread(target=self.watch)
        watcher.start()
        clients = [threading.Thread(target=self.guarded, args=(n,)) for n in range(CLIENTS)]
        for client in clients:
            client.start()
        try:
            self.kill_once()
        finally:
            for client in clients:
                client.join()
            self.is_over.set()
            watcher.join()
        took = time.monotonic() - began
        time.sleep(2)
        rows, files = self.server.ledger(), self.server.open_files()
        key = Client(self.server).call("GET", "/v1/server")["public_key"]
        self.server.end()
        for receipt, event, item, size in random.sample(self.receipts, min(40, len(self.receipts))):
            proven(receipt, key, event, item, size)
        store = self.sums()
        assert not self.failures, "\n".join(self.failures[:5])
        assert rows == [] and files == [], (rows, files)
        assert self.finished == CLIENTS * JOBS
        assert self.peak <= MOST_MEMORY, self.peak
        print(f"load: {CLIENTS} clients, {self.uploaded / (1 << 20):.0f} MiB up, {self.finished} results right, 0 wrong, {self.foreign} looks at others' refused, {self.full} told to come again, "
              f"{self.lost} broken lines, {self.retried} wishes begun anew after the kill, memory at most {self.peak / (1 << 20):.0f} MiB (files in memory {self.peak_files / (1 << 20):.0f}), "
              f"credits {store}, {took:.0f} s")

    def sums(self):
        """By another program's reading of the store: what was given is what is left and what was paid, and nothing is held."""
        import sqlite3
        store = sqlite3.connect(self.root + "/state/lathe/serve/accounts.sqlite")
        totals = dict.fromkeys(("bank", "available", "held", "income"), 0)
        for source, target, amount in store.execute("SELECT source, target, amount FROM transfer"):
            totals[source] -= amount
            totals[target] += amount
        paid = store.execute("SELECT count(*) FROM (SELECT DISTINCT account, key FROM transfer WHERE step = 'post')").fetchone()[0]
        twice = store.execute("SELECT count(*) FROM (SELECT account, key FROM transfer WHERE step = 'post' GROUP BY account, key HAVING count(*) > 1)").fetchone()[0]
        assert sum(totals.values()) == 0 and totals["held"] == 0 and twice == 0 and paid == CLIENTS * JOBS, (totals, paid, twice)
        assert -totals["bank"] == CLIENTS * GRANT == totals["available"] + totals["income"], totals
        return f"{-totals['bank']} given = {totals['available']} left + {totals['income']} paid"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="lathe-load-", ignore_cleanup_errors=True) as root:
        run = Run(root)
        try:
            run.run()
        except BaseException as error:
            print(f"load: failed: {error}", file=sys.stderr)
            run.is_over.set()
            run.server.process.kill()
            sys.exit(1)
