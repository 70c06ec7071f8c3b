#!/usr/bin/env python3
"""The queue outlives the screen: what happens to renders when the line drops, when a studio or the engine is killed, when two studios run at once.

    LATHE_BINARY=path/to/lathe engine.py [--long] [NAME...]     NAME: run only parts whose name holds it

Looks only from outside: at screens in tmux, files, processes and system calls. Waits for what it expects to see and never for a time.
"""

import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../Journey"))
sys.dont_write_bytecode = True
import journey  # noqa: E402
import mix  # noqa: E402

LATHE = journey.LATHE
PATIENCE = 60


def lathe(env, *arguments, **options):
    return subprocess.run([LATHE, *arguments], env=env, capture_output=True, text=True, timeout=120, **options)


def wait(condition, what, patience=PATIENCE):
    end = time.monotonic() + patience
    while not (value := condition()):
        assert time.monotonic() < end, f"never: {what}"
        # Between two looks.
        time.sleep(0.02)
    return value


def state(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(") ", 1)[1].split()
    except OSError:
        return None


def engines(env):
    """Processes that run as `lathe engine` with this environment's home."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
            if words[:2] != [b"lathe", b"engine"]:
                continue
            with open(f"/proc/{pid}/environ", "rb") as file:
                if f"HOME={env['HOME']}".encode() in file.read().split(b"\0"):
                    found.append(int(pid))
        except OSError:
            continue
    return found


def jobs(env):
    done = lathe(env, "queue", "list", "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def is_whole(path, seconds):
    frames = subprocess.run(["soxi", "-s", path], capture_output=True, text=True, check=False)
    return frames.returncode == 0 and int(frames.stdout) == int(seconds * 44100)


def no_rows(env):
    done = lathe(env, "ledger", "list", "--json")
    assert done.returncode == 0 and json.loads(done.stdout) == [], done.stdout + done.stderr


def render(studio, name="rough_v7.wav"):
    studio.start("mixes/" + name)
    studio.see(re.escape(name) + r" .*LUFS")
    studio.keys("r", "4")
    studio.see(r"\d+ %|waiting")


def hung_up(studio):
    """SIGHUP mid-render: the file is completed, and a new studio shows the job."""
    render(studio)
    master = os.path.join(studio.music, "rough_v7-master.wav")
    assert not os.path.exists(master), "too fast to be caught at work"
    studio.tmux("kill-session", "-t", "s")
    wait(lambda: (state(studio.pid) or ["Z"])[0] == "Z", "end of the studio")
    engine, = engines(studio.env)
    fields = state(engine)
    assert int(fields[3]) != int(state(os.getpid())[3]) and fields[4] == "0", "the engine hangs on a terminal"
    done = lathe(studio.env, "queue", "attach", "--json", "--progress", "none")
    assert done.returncode == 0 and [j["state"] for j in json.loads(done.stdout)] == ["finished"], done.stdout + done.stderr
    assert is_whole(master, SECONDS)
    wait(lambda: not engines(studio.env), "end of the engine that has nothing left to tell")
    no_rows(studio.env)


def reattached(studio):
    """kill -9 of the studio mid-render: the next one shows the job at work, and its end."""
    render(studio)
    os.kill(studio.pid, signal.SIGKILL)
    studio.see("LEFT-137")
    studio.tmux("send-keys", "-l", "reset; clear")
    studio.keys("Enter")
    studio.see(r"^READY>")
    studio.start("mixes")
    studio.see("rough_v7.wav")
    studio.keys("4")
    studio.see(r"rough_v7-master\.wav")
    studio.see(r"done -\d+\.\d LUFS")
    assert is_whole(os.path.join(studio.music, "rough_v7-master.wav"), SECONDS)
    studio.keys("q")
    studio.assert_left(0)
    wait(lambda: not engines(studio.env), "end of the engine")
    no_rows(studio.env)


def sealed(env):
    """Files of kept jobs: what is sealed, and the keys that lie in memory outside the engine."""
    ledger = os.path.join(env["XDG_STATE_HOME"], "lathe")
    parts = [n for n in os.listdir(ledger) if re.fullmatch(r"\.lathe-\w{16}\.part", n)] if os.path.isdir(ledger) else []
    return parts, [n for n in os.listdir("/dev/shm") if n in {f"lathe-{p[7:-5]}.key" for p in parts}]


def nothing_left(env, before):
    """No row, no sealed job, no key: of this home none, and in memory none that was not there before."""
    wait(lambda: not engines(env), "end of the engine")
    no_rows(env)
    assert sealed(env) == ([], []), sealed(env)
    assert keys() <= before, keys() - before


def keys():
    return {n for n in os.listdir("/dev/shm") if re.fullmatch(r"lathe-\w{16}\.key", n)}


def killed(env):
    """kill -9 of the one engine; answers when it is gone."""
    engine, = engines(env)
    os.kill(engine, signal.SIGKILL)
    wait(lambda: engine not in engines(env), "end of the killed engine")


def engine_killed(studio):
    """kill -9 of the engine under a studio: nothing half-written, and the next engine, started by itself, does the job once."""
    before = keys()
    render(studio)
    master = os.path.join(studio.music, "rough_v7-master.wav")
    first, = engines(studio.env)
    assert not os.path.exists(master)
    parts, in_memory = sealed(studio.env)
    assert len(parts) == len(in_memory) == 1, (parts, in_memory)
    with open(os.path.join(studio.env["XDG_STATE_HOME"], "lathe", parts[0]), "rb") as file:
        assert b"rough_v7" not in file.read()
    os.kill(first, signal.SIGKILL)
    assert not os.path.exists(master)
    second, = wait(lambda: [e for e in engines(studio.env) if e != first], "another engine")
    studio.see(r"done -\d+\.\d LUFS")
    screen = studio.screen()
    assert len(re.findall(r"│.?rough_v7-master\.wav", screen)) == 1 and "lost" not in screen, screen
    assert is_whole(master, SECONDS) and not [n for n in os.listdir(studio.music) if n.startswith(".")], os.listdir(studio.music)
    known = jobs(studio.env)
    assert [j["state"] for j in known["jobs"]] == ["finished"] and known["lost"] == known["left"] == [], known
    studio.keys("q")
    studio.assert_left(0)
    nothing_left(studio.env, before)


def engine_killed_alone(studio):
    """Nobody looks when the engine is killed: the list says what is left, attach goes on with it, cancelled jobs stay so; a new studio goes on with it as well; an end in order leaves jobs too."""
    env, folder, before = studio.env, studio.music, keys()
    assert lathe(env, "master", "rough_v7.wav", "-o", "one.wav", "--background", cwd=folder).returncode == 0
    assert lathe(env, "generate", "calm piano at 80 bpm", "--seconds", "30", "--seed", "4", "-o", "two.wav", "--background", cwd=folder).returncode == 0
    assert lathe(env, "master", "rough_v7.wav", "-o", "three.wav", "--background", cwd=folder).returncode == 0
    assert lathe(env, "queue", "cancel", "3").returncode == 0
    ledger = os.path.join(env["XDG_STATE_HOME"], "lathe")
    for name in os.listdir(ledger):
        if os.path.isfile(os.path.join(ledger, name)):
            with open(os.path.join(ledger, name), "rb") as file:
                held = file.read()
            assert b"calm piano" not in held and b"rough_v7" not in held, name
    killed(env)
    known = jobs(env)
    assert known["jobs"] == known["lost"] == [] and [j["kind"] for j in known["left"]] == ["mastering", "generation"], known
    rows = json.loads(lathe(env, "ledger", "list", "--json").stdout)
    assert [(r["kind"], r["place"], r["rule"]) for r in rows] == [("queued_job", "disk", "resumable")] * 2 and {r["erasure_class"] for r in rows} == {"E2"}, rows
    assert "2 of an engine that was ended" in lathe(env, "queue", "list").stdout
    done = lathe(env, "queue", "attach", "--json", "--progress", "none")
    assert done.returncode == 0 and {j["id"]: j["state"] for j in json.loads(done.stdout)} == {1: "finished", 2: "finished"}, done
    assert is_whole(os.path.join(folder, "one.wav"), SECONDS) and not os.path.exists(os.path.join(folder, "three.wav"))
    # The same seed here and now is the same track, byte for byte: nothing of the order was lost.
    assert lathe(env, "generate", "calm piano at 80 bpm", "--seconds", "30", "--seed", "4", "-o", "here.wav", cwd=folder).returncode == 0
    with open(os.path.join(folder, "two.wav"), "rb") as one, open(os.path.join(folder, "here.wav"), "rb") as other:
        assert one.read() == other.read()
    nothing_left(env, before)

    # SIGTERM: a shutdown or a session's end is no cancel.
    assert lathe(env, "master", "rough_v7.wav", "-o", "four.wav", "--background", cwd=folder).returncode == 0
    engine, = engines(env)
    os.kill(engine, signal.SIGTERM)
    wait(lambda: not engines(env), "end of the engine")
    assert len(jobs(env)["left"]) == 1 and not os.path.exists(os.path.join(folder, "four.wav"))
    # Destroying its row is the way to be rid of one without an engine.
    row, = json.loads(lathe(env, "ledger", "list", "--json").stdout)
    assert lathe(env, "ledger", "destroy", row["id"]).returncode == 0
    nothing_left(env, before)
    assert lathe(env, "queue", "attach", "--progress", "none").stdout.startswith("no jobs")

    assert lathe(env, "master", "rough_v7.wav", "-o", "five.wav", "--background", cwd=folder).returncode == 0
    killed(env)
    studio.start("mixes")
    studio.see("rough_v7.wav")
    studio.keys("4")
    studio.see(r"five\.wav")
    studio.see(r"done -\d+\.\d LUFS")
    assert is_whole(os.path.join(folder, "five.wav"), SECONDS)
    studio.keys("q")
    studio.assert_left(0)
    nothing_left(env, before)


def killed_again_and_again(studio):
    """A job that takes every engine with it is given up and said to be lost; one that is in memory only is lost at once; a key that is gone is as good as destroyed."""
    env, folder, before = studio.env, studio.music, keys()
    assert lathe(env, "generate", "techno", "--seconds", "600", "-o", "a.wav", "--background", cwd=folder).returncode == 0
    for death in (1, 2):
        killed(env)
        assert len(jobs(env)["left"]) == 1
        follower = subprocess.Popen([LATHE, "queue", "attach", "--progress", "none"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait(lambda: engines(env), "another engine")
        wait(lambda: [j["state"] for j in jobs(env)["jobs"]] == ["running"], "the job at work")
        follower.terminate()
        follower.wait()
    killed(env)
    done = lathe(env, "queue", "attach", "--progress", "none")
    assert done.returncode == 0 and done.stdout.startswith("no jobs"), done
    known = jobs(env)
    assert known["jobs"] == known["left"] == [] and len(known["lost"]) == 1, known
    nothing_left(env, before)

    assert lathe(env, "master", "rough_v7.wav", "-o", "b.wav", "--background", cwd=folder).returncode == 0
    killed(env)
    parts, in_memory = sealed(env)
    os.unlink("/dev/shm/" + in_memory[0])
    assert lathe(env, "queue", "attach", "--progress", "none").stdout.startswith("no jobs")
    assert len(jobs(env)["lost"]) == 2 and not os.path.exists(os.path.join(folder, "b.wav"))
    nothing_left(env, before)

    os.makedirs(os.path.join(env["XDG_CONFIG_HOME"], "lathe"), exist_ok=True)
    with open(os.path.join(env["XDG_CONFIG_HOME"], "lathe", "privacy.toml"), "w") as file:
        file.write('[queue]\njobs = "memory"\n')
    assert lathe(env, "master", "rough_v7.wav", "-o", "c.wav", "--background", cwd=folder).returncode == 0
    assert sealed(env) == ([], [])
    killed(env)
    known = jobs(env)
    assert known["left"] == [] and len(known["lost"]) == 3, known
    nothing_left(env, before)
    with open(os.path.join(env["XDG_CONFIG_HOME"], "lathe", "privacy.toml"), "w") as file:
        file.write('[queue]\njobs = "disk"\n')
    assert lathe(env, "master", "rough_v7.wav", "-o", "d.wav", "--background", cwd=folder).returncode == 0
    row, = [r for r in json.loads(lathe(env, "ledger", "list", "--json").stdout) if r["kind"] == "queued_job"]
    assert row["erasure_class"] == "E2" and sealed(env)[1] == [], row
    killed(env)
    assert lathe(env, "queue", "attach", "--progress", "none").returncode == 0
    assert is_whole(os.path.join(folder, "d.wav"), SECONDS)
    nothing_left(env, before)


def storm(studio):
    """kill -9 of the engine at random moments of a job's life, its last ones too: each file is made once, whole, and the queue is empty in the end."""
    import random
    env, folder, before = studio.env, studio.music, keys()
    chance = random.Random(7)
    subprocess.run(["sox", os.path.join(folder, "rough_v7.wav"), os.path.join(folder, "short.wav"), "trim", "0", "4"], check=True)
    lathe(env, "master", "short.wav", "-o", "whole.wav", cwd=folder)
    with open(os.path.join(folder, "whole.wav"), "rb") as file:
        expected = file.read()
    deaths = rounds = 0
    for number in range(ROUNDS):
        name = f"r{number}.wav"
        assert lathe(env, "master", "short.wav", "-o", name, "--background", cwd=folder).returncode == 0
        time.sleep(chance.random() * 0.9)
        for engine in engines(env):
            os.kill(engine, signal.SIGKILL)
            deaths += 1
        wait(lambda: not engines(env), "end of the killed engine")
        done = lathe(env, "queue", "attach", "--json", "--progress", "none")
        assert done.returncode == 0 and all(j["state"] == "finished" for j in json.loads(done.stdout)), done
        with open(os.path.join(folder, name), "rb") as file:
            assert file.read() == expected, name
        rounds += 1
    assert jobs(env)["lost"] == [] and not [n for n in os.listdir(folder) if n.startswith(".")]
    nothing_left(env, before)
    print(f"engine: {rounds} jobs, {deaths} engines killed at work, every file whole and made once")


def two_studios(studio):
    """Two studios share one engine and see each other's jobs."""
    render(studio)
    with tempfile.TemporaryDirectory(prefix="lathe-second-", ignore_cleanup_errors=True) as root:
        second = journey.Studio(root, 80, 24)
        second.env.update({k: studio.env[k] for k in ("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR")})
        try:
            for name in ("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"):
                second.tmux("send-keys", "-l", f"export {name}='{studio.env[name]}'")
                second.keys("Enter")
            os.rename(os.path.join(second.music, "rough_v7.wav"), os.path.join(second.music, "other.wav"))
            second.start("mixes/other.wav")
            second.see(r"other\.wav .*LUFS")
            second.keys("r", "4")
            second.see(r"rough_v7-master\.wav")
            second.see(r"other-master\.wav")
            studio.see(r"other-master\.wav")
            assert len(engines(studio.env)) == 1, engines(studio.env)
            for one in (studio, second):
                one.wait(lambda s: len(re.findall(r"done -\d+\.\d LUFS", s)) == 2, "two ends")
            for one in (studio, second):
                one.keys("q")
                one.assert_left(0)
        finally:
            second.close()
    wait(lambda: not engines(studio.env), "end of the engine")
    no_rows(studio.env)


def commands(studio):
    """--background, list, cancel, attach; relative names; only Unix sockets; a stale socket; a stranger's words."""
    env, folder = studio.env, studio.music
    log = os.path.join(studio.root, "calls")
    # It sees the engine too, and ends with it.
    traced = subprocess.Popen(["strace", "-f", "-qq", "-o", log, "-e", "trace=socket,bind,connect", LATHE, "master", "rough_v7.wav", "--background", "--json"],
                              env=env, cwd=folder, stdout=subprocess.PIPE, text=True)
    first, = json.loads(traced.stdout.readline())
    done = lathe(env, "generate", "calm piano at 80 bpm", "--seconds", "300", "-o", "long.wav", "--background", "--json", cwd=folder)
    second, = json.loads(done.stdout)
    done = lathe(env, "queue", "cancel", str(second["id"]), "--json")
    assert done.returncode == 0 and json.loads(done.stdout)[0]["state"] == "cancelled", done.stdout + done.stderr
    done = lathe(env, "queue", "attach", "--json", "--progress", "none")
    by_id = {j["id"]: j for j in json.loads(done.stdout)}
    assert by_id[first["id"]]["state"] == "finished" and by_id[second["id"]]["state"] == "cancelled" and done.returncode == 130, done
    assert by_id[first["id"]]["output"] == os.path.join(folder, "rough_v7-master.wav") and is_whole(by_id[first["id"]]["output"], SECONDS)
    assert not os.path.exists(os.path.join(folder, "long.wav"))
    assert "calm piano" not in json.dumps(by_id)
    traced.wait(PATIENCE)
    with open(log) as file:
        calls = [line for line in file if "socket(" in line or "bind(" in line]
    families = set(re.findall(r"socket\((\w+)", "".join(calls)))
    assert families == {"AF_UNIX"} and any("bind(" in call for call in calls), calls

    wait(lambda: not engines(env), "end of the engine")
    assert lathe(env, "queue", "list").stdout.startswith("no jobs")
    done = lathe(env, "queue", "cancel", "1")
    assert done.returncode == 66, done

    # A socket that a killed engine left, and half a word, too much, and nonsense from somebody who connects.
    assert lathe(env, "generate", "techno", "--seconds", "240", "-o", "t.wav", "--background", cwd=folder).returncode == 0
    engine, = engines(env)
    where = os.path.join(env["XDG_RUNTIME_DIR"], "lathe")
    name, = [n for n in os.listdir(where) if n.endswith(".socket")]
    assert os.stat(where).st_mode & 0o777 == 0o700 and os.stat(os.path.join(where, name)).st_mode & 0o077 == 0
    for words in (b"", b"\0", struct.pack(">I", 0xFFFFFFFF), struct.pack(">I", 9) + b"{\"lathe\":", struct.pack(">I", 3) + b"???", b"GET / HTTP/1.1\r\n\r\n" * 100):
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(os.path.join(where, name))
            line.sendall(words)
            line.shutdown(socket.SHUT_WR)
            line.settimeout(20)
            try:
                while line.recv(65536):
                    pass
            except ConnectionError:
                pass
    assert [j["state"] for j in jobs(env)["jobs"]] == ["running"] and engines(env) == [engine]
    os.kill(engine, signal.SIGKILL)
    assert os.path.exists(os.path.join(where, name))
    wait(lambda: not engines(env), "end of the killed engine")
    assert len(jobs(env)["left"]) == 1
    row, = json.loads(lathe(env, "ledger", "list", "--json").stdout)
    assert lathe(env, "ledger", "destroy", row["id"]).returncode == 0
    assert lathe(env, "master", "rough_v7.wav", "-o", "again.wav", "--background", cwd=folder).returncode == 0
    assert lathe(env, "queue", "attach", "--progress", "none").returncode == 0
    assert is_whole(os.path.join(folder, "again.wav"), SECONDS)
    wait(lambda: not engines(env), "end of the engine")
    no_rows(env)


def one_of_many(studio):
    """Twenty commands at once start one engine between them, and every job is done."""
    running = [subprocess.Popen([LATHE, "generate", "techno", "--seconds", "4", "--seed", str(n), "-o", f"{n}.wav", "--background"], env=studio.env, cwd=studio.music,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for n in range(20)]
    for process in running:
        _, words = process.communicate(timeout=120)
        assert process.returncode == 0, words
    assert len(engines(studio.env)) == 1
    done = lathe(studio.env, "queue", "attach", "--json", "--progress", "none")
    assert [j["state"] for j in json.loads(done.stdout)] == ["finished"] * 20, done
    for n in range(20):
        assert is_whole(os.path.join(studio.music, f"{n}.wav"), 4) or os.path.getsize(os.path.join(studio.music, f"{n}.wav")) > 4 * 44100 * 4
    wait(lambda: not engines(studio.env), "end of the engine")
    no_rows(studio.env)


PARTS = {"SIGHUP mid-render": hung_up, "kill -9 of the studio": reattached, "kill -9 of the engine": engine_killed, "kill -9 of the engine with nobody there": engine_killed_alone,
         "kill -9 again and again": killed_again_and_again, "storm of kills": storm, "two studios": two_studios, "commands": commands, "many at once": one_of_many}
SECONDS = 120 if journey.LONG else 60
ROUNDS = 60 if journey.LONG else 8


def main():
    wanted = [a for a in sys.argv[1:] if not a.startswith("--")]
    passed = failed = 0
    for name, part in PARTS.items():
        if wanted and not any(w in name for w in wanted):
            continue
        with tempfile.TemporaryDirectory(prefix="lathe-engine-", ignore_cleanup_errors=True) as root:
            studio = journey.Studio(root, 80, 24)
            try:
                part(studio)
                passed += 1
            except (AssertionError, subprocess.SubprocessError, OSError, ValueError, TypeError) as error:
                failed += 1
                print(f"engine: {name}: {type(error).__name__}: {error}", file=sys.stderr)
            finally:
                studio.close()
                for pid in engines(studio.env):
                    os.kill(pid, signal.SIGTERM)
    print(f"engine: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="lathe-seed-") as folder:
        journey.SEED = os.path.join(folder, "seed.wav")
        mix.write(journey.SEED, float(SECONDS), 44100)
        sys.exit(main())
