"""What outlives its process on purpose, the engine's jobs, and what others are shown meanwhile: by which clock it ends, and who can end it."""

import os
import re
import shutil
import signal
import subprocess
import time

from kit import Canary, LATHE, Skipped, check, end, place


def engines(here):
    """Engines of this place, by what they were started with."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
            with open(f"/proc/{pid}/environ", "rb") as file:
                ours = f"HOME={here.env['HOME']}".encode() in file.read().split(b"\0")
        except OSError:
            continue
        if ours and b"engine" in words[1:2]:
            found.append(int(pid))
    return found


def wait(reached, what, seconds=30):
    end_at = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end_at, f"never: {what}"
        time.sleep(0.05)


def left_by_a_killed_engine(here):
    """A job of some minutes whose engine is dead; answers with its id."""
    assert here.run("generate", "techno", "--seconds", "600", "-o", "long.wav", "--background").returncode == 0
    for engine in engines(here):
        os.kill(engine, signal.SIGKILL)
    wait(lambda: not engines(here), "end of the killed engine")
    # What the engine made beside it went with the engine; the job is what is kept for a day.
    rows = [row for row in here.json("ledger", "list", "--json") if remains(here, row["id"])]
    assert len(rows) == 1, rows
    return rows[0]["id"]


def remains(here, item):
    return [name for name in os.listdir(here.ledger) + os.listdir("/dev/shm") if item in name]


@check
def a_job_of_a_killed_engine_ends_by_the_steady_clock_alone():
    if os.geteuid() != 0 or subprocess.run(["unshare", "--time", "--fork", "--boottime", "9", "true"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        raise Skipped("needs root and unshare --time for another steady clock")
    with place() as here:
        item = left_by_a_killed_engine(here)
        assert len(remains(here, item)) == 2, remains(here, item)

        def later(seconds):
            done = subprocess.run(["unshare", "--time", "--fork", "--boottime", str(seconds), "--monotonic", str(seconds), LATHE, "ledger", "list"], env=here.env, cwd=here.work,
                                  stdout=subprocess.PIPE, check=False)
            return done.stdout.decode()
        # One hour before its end it is there, and the countdown knows; a minute after its end nothing of it is.
        assert re.search(item + r".* (0?1:0\d|59):", later(23 * 3600)), later(23 * 3600)
        assert item not in later(24 * 3600 + 60)
        assert remains(here, item) == [], remains(here, item)
        here.assert_settled()


@check
def erasing_everything_reaches_what_no_row_knows():
    with place() as here:
        for loss in ("removed", "emptied", "damaged"):
            item = left_by_a_killed_engine(here)
            store = here.ledger + "/ledger.sqlite"
            if loss == "removed":
                os.unlink(store)
            else:
                with open(store, "r+b") as file:
                    file.write(os.urandom(40 << 10)) if loss == "damaged" else file.truncate(0)
            here.run("ledger", "erase", "--everything")
            assert remains(here, item) == [], f"{loss}: {remains(here, item)}"
    return "3 ways of losing a ledger"


@check
def erasing_everything_reaches_an_engine_that_is_done():
    with place() as here:
        assert here.run("generate", "techno", "--seconds", "2", "-o", "short.wav", "--background").returncode == 0
        wait(lambda: os.path.exists(here.work + "/short.wav"), "end of the job", 60)
        wait(lambda: [row["place"] for row in here.json("ledger", "list", "--json")] == ["ram"], "the row of what is remembered of it")
        assert here.run("ledger", "erase", "--everything").returncode == 0
        wait(lambda: not engines(here), "end of the engine", 5)
        here.assert_settled()


@check
def a_file_without_a_row_is_found_and_removed():
    with place() as here:
        assert here.run("ledger", "list").returncode == 0
        here.run("doctor")
        with open(here.ledger + "/.lathe-aaaaaaaaaaaaaaaa.part", "w") as file:
            file.write("x")
        assert here.run("ledger", "verify").returncode == 65
        assert here.run("ledger", "list").returncode == 0
        assert not os.path.exists(here.ledger + "/.lathe-aaaaaaaaaaaaaaaa.part")
        done = here.run("ledger", "verify")
        assert done.returncode == 0 and b"1 files without a row" in done.stdout, done


@check
def others_see_what_a_render_has_written_while_it_writes():
    with place() as here:
        canary = Canary(here.work, 240)
        process = here.start("master", canary.path, "-o", "big.wav")
        try:
            seen, end_at = 0, time.monotonic() + 120
            while process.poll() is None and not seen and time.monotonic() < end_at:
                # A quick machine would be done before anybody looks: it works a tenth of the time, and is looked at while it does.
                process.send_signal(signal.SIGSTOP)
                time.sleep(0.5)
                process.send_signal(signal.SIGCONT)
                seen = max([row["bytes"] for row in here.json("ledger", "list", "--json") if row["kind"] == "render_scratch" and row["state"] == "live"], default=0)
            assert seen > 1_000_000, f"{seen} bytes were ever shown"
        finally:
            end(process)
    return f"{seen} bytes seen"


@check
def a_run_that_lives_is_not_settled_by_another_boot():
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        raise Skipped("needs root and unshare for another boot id")
    with place() as here:
        canary = Canary(here.work, 20)
        process = here.start("preview", canary.path, "--sink", "null")
        try:
            here.wait_for_rows()
            before = {row["id"] for row in here.json("ledger", "list", "--json")}
            with open(here.home + "/boot", "w") as file:
                file.write("11111111-1111-1111-1111-111111111111\n")
            there = subprocess.run(["unshare", "-m", "sh", "-c", f"mount --bind {here.home}/boot /proc/sys/kernel/random/boot_id && exec {LATHE} ledger list"], env=here.env, cwd=here.work,
                                   stdout=subprocess.PIPE, check=False)
            if there.returncode != 0:
                raise Skipped("this machine shows no other boot id")
            assert all(item in there.stdout.decode() for item in before), there.stdout
            assert before <= {row["id"] for row in here.json("ledger", "list", "--json")}
        finally:
            end(process)
