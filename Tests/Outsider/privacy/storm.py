"""Sudden death at every call to the store, and disks that fill up."""

import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess
import threading
import time

from kit import LATHE, LONG, Canary, Skipped, check, end, place, side_by_side, small_disk

CHANGES = "pwrite64,write,ftruncate,fdatasync,fsync,unlink"


class TracerFailed(Exception):
    """strace gave up, and let its program live: no death to judge anything by."""


def kill_at(here, number, arguments):
    """Runs a command that the kernel kills at the `number`-th change of the store; false when it made fewer."""
    store = here.ledger + "/ledger.sqlite"
    wrap = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", store, "-P", store + "-journal", "-P", here.ledger + "/history.key",
            "-e", "trace=" + CHANGES, "-e", f"inject={CHANGES}:signal=KILL:when={number}"]
    process = here.start(*arguments, wrap=wrap, stderr=subprocess.PIPE)
    try:
        said = process.communicate(timeout=60)[1]
        code = process.returncode
    finally:
        end(process)
    # A thread that dies while it is stopped can be too much for it: "strace: ptrace(PTRACE_LISTEN, …): Input/output error".
    if code == 1 and b"strace: " in said:
        raise TracerFailed(said.decode(errors="replace"))
    assert code in (0, 75, -signal.SIGKILL, 128 + signal.SIGKILL), f"{' '.join(arguments)}, to be killed at call {number}, ended with {code}"
    return code not in (0, 75)


def assert_sound(here):
    """Before anybody repairs anything: the store is readable, and every hidden name has a row."""
    path = here.ledger + "/ledger.sqlite"
    if not os.path.exists(path) or os.path.getsize(path) == 0:
        names = set()
    else:
        store = sqlite3.connect(path)
        try:
            assert store.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            tables = {row[0] for row in store.execute("SELECT name FROM sqlite_master")}
            names = {os.path.basename(row[0]) for row in store.execute("SELECT scratch FROM item WHERE scratch IS NOT NULL")} if "item" in tables else set()
        finally:
            store.close()
    hidden = {name for name in os.listdir(here.work) if name.startswith(".")}
    assert hidden <= names, f"names without a row: {hidden - names}"


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def workloads(canary, other, third):
    """Ten pieces of work: the file they replace, if any, and their words."""
    return [
        (None, ["master", canary, "-o", "out.wav"]),
        ("out.wav", ["master", canary, "-o", "out.wav", "--force"]),
        (None, ["analyze", canary]),
        (None, ["preview", canary, "--sink", "null", "--seconds", "0.2"]),
        (None, ["generate", "--prompt-file", canary + ".prompt", "--seconds", "3", "--no-master", "-o", "take.wav"]),
        (None, ["master", canary, "--deliver", "flac:16", "--manifest", "-o", "out.wav"]),
        (None, ["master", "--album", other, third, "--ddp", "disc", "-o", "."]),
        ("report.html", ["analyze", canary, "--report", "report.html", "--force"]),
        (None, ["ledger", "erase", "--everything"]),
        (None, ["ledger", "list"]),
    ]


@check
def killed_at_any_call_to_the_store_nothing_is_broken_and_nothing_left():
    if shutil.which("strace") is None:
        raise Skipped("needs strace")
    with place() as elsewhere:
        # A disc has no track of less than four seconds.
        canary, other, third = Canary(elsewhere.work, 1), Canary(elsewhere.work, 5), Canary(elsewhere.work, 4.5)
        with open(canary.path + ".prompt", "w") as file:
            file.write("slow ambient\n")
        work = [workloads(canary.path, other.path, third.path)[which] for which in (range(10) if LONG else (0, 1, 2, 8))]
        kills = [0] * len(work)

        def storm(which, source):
            replaced, arguments = work[which]
            # The whole old file or the whole new one; what a report says of its own making differs.
            old = b"old\n"
            new = None
            if replaced and "--report" not in arguments:
                elsewhere.run(*arguments)
                new = digest(os.path.join(elsewhere.work, replaced))
            number = 1 if LONG else source.randrange(1, 8)
            failed = 0
            while True:
                with place() as here:
                    if replaced:
                        with open(os.path.join(here.work, replaced), "wb") as file:
                            file.write(old)
                    try:
                        if not kill_at(here, number, arguments):
                            return
                    except TracerFailed as failure:
                        failed += 1
                        assert failed <= 20, f"the tracer fails all the time: {failure}"
                        continue
                    kills[which] += 1
                    try:
                        assert_sound(here)
                        if replaced:
                            with open(os.path.join(here.work, replaced), "rb") as file:
                                found = file.read()
                            assert found == old or (hashlib.sha256(found).hexdigest() == new if new else found.rstrip().endswith(b"</html>")), "neither the old file nor the new one"
                        here.assert_settled()
                    except AssertionError as failure:
                        raise AssertionError(f"{' '.join(arguments)}, killed at call {number}: {failure}") from failure
                number += 1 if LONG else source.randrange(9, 16)
        side_by_side(len(work), storm)
    assert min(kills[:4]) > 0, f"{kills} kills: the storm is blind"
    return f"{sum(kills)} deaths: {kills}"


@check
def after_a_kill_the_scratch_of_a_master_holds_no_bytes():
    if os.geteuid() != 0:
        raise Skipped("needs root to mount a small file system")
    runs = 40 if LONG else 3

    def kill(_, source):
        with small_disk(256) as disk, place(disk) as here:
            canary = Canary(here.work, 30)
            here.run("ledger", "list")
            before = shutil.disk_usage(disk).used
            process = here.start("master", canary.path, "-o", "out.wav")
            time.sleep(source.uniform(0.1, 1.2))
            end(process)
            if os.path.exists(here.work + "/out.wav"):
                return
            # The store itself grows by its rows.
            grown = shutil.disk_usage(disk).used - before - 256 * 1024
            assert grown <= 0, f"{grown} bytes more than before, without a restart"
            here.assert_no_hidden_names()
    side_by_side(runs, kill)
    return f"{runs} kills"


def fill(disk, stop, at):
    """Takes every byte there is, from a moment on."""
    if stop.wait(at):
        return
    with open(disk + "/filler", "ab", buffering=0) as file:
        size = 1 << 20
        while size >= 1 and not stop.is_set():
            try:
                if file.write(b"x" * size) < size:
                    size //= 2
            except OSError:
                size //= 2


@check
def on_a_disk_that_fills_up_every_destruction_works_and_no_output_is_partial():
    runs = 300 if LONG else 5
    codes = {}
    with place() as elsewhere:
        canary = Canary(elsewhere.work, 20)
        began = time.monotonic()
        whole = elsewhere.json("master", canary.path, "-o", "out.wav", "--json")["sha256"]
        seconds = time.monotonic() - began

        def run(number, source):
            with small_disk(64) as disk, place(disk) as here:
                here.run("ledger", "list")
                stop = threading.Event()
                filler = threading.Thread(target=fill, args=(disk, stop, source.uniform(0, 1.5 * seconds)))
                filler.start()
                try:
                    done = here.run("master", canary.path, "-o", "out.wav")
                    codes[done.returncode] = codes.get(done.returncode, 0) + 1
                    assert done.returncode in (0, 73, 74), f"run {number}: {done.returncode} {done.stderr}"
                    if done.returncode == 0:
                        assert digest(here.work + "/out.wav") == whole, f"run {number}: not the file it should be"
                    else:
                        assert not os.path.exists(here.work + "/out.wav"), f"run {number}: an output in spite of {done.returncode}"
                    # Still full.
                    listed = here.run("ledger", "list", "--json")
                    assert listed.returncode == 0 and listed.stdout.strip() == b"[]", f"run {number}: {listed.stdout!r} {listed.stderr!r}"
                    erased = here.run("ledger", "erase", "--everything")
                    assert erased.returncode == 0, f"run {number}: erase on a full disk: {erased.stderr!r}"
                finally:
                    stop.set()
                    filler.join()
                if os.path.exists(disk + "/filler"):
                    os.unlink(disk + "/filler")
                here.assert_settled()
        side_by_side(runs, run)
    return f"{runs} runs, exit codes {dict(sorted(codes.items()))}"


@check
def on_a_read_only_disk_nothing_is_made_and_it_is_said():
    with small_disk(16) as disk:
        with place(disk) as here:
            canary = Canary(here.work, 1)
            assert here.run("ledger", "list").returncode == 0
            subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
            try:
                done = here.run("master", canary.path, "-o", "out.wav")
                assert done.returncode in (73, 74), f"{done.returncode}"
                assert done.stderr.count(b"\n") == 1 and b"lathe" in done.stderr, done.stderr
                analysis = here.run("analyze", canary.path, "--json")
                assert analysis.returncode == 0 and b"in memory only" in analysis.stderr, analysis.stderr
            finally:
                subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
            here.assert_settled()
