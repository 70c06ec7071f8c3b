"""Canaries: sound, names and prompts that must be nowhere once the program is gone, however it went."""

import contextlib
import os
import pty
import select
import signal
import struct
import fcntl
import subprocess
import termios
import time

from kit import LATHE, LONG, Canary, Skipped, check, disk_image, end, place, side_by_side

CHUNK = 1 << 22


def scan_stream(read, needles, where):
    """Every needle in a stream, also across the borders of what is read at once."""
    hits, tail = [], b""
    longest = max(map(len, needles))
    while True:
        block = read(CHUNK)
        if not block:
            return hits
        block = tail + block
        hits += [f"{what} in {where}" for needle, what in needles.items() if needle in block]
        tail = block[-longest:]


def scan_files(folder, needles, leave_out=(), since=0.0):
    """`since`: what was last changed before then is not looked into."""
    hits = []
    for top, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(top, name)
            if path in leave_out or os.path.islink(path):
                continue
            hits += [f"{what} as the name {path}" for needle, what in needles.items() if needle in os.fsencode(name)]
            # Other programs' files may go at any moment.
            with contextlib.suppress(FileNotFoundError):
                if os.path.isfile(path) and os.path.getmtime(path) >= since:
                    with open(path, "rb") as file:
                        hits += scan_stream(file.read, needles, path)
    return hits


def survivors(here):
    """Processes that were started in a place and are still there, whatever they are."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            try:
                with open(f"/proc/{name}/environ", "rb") as file:
                    # A process that has ended and that nobody has asked about yet has no memory any more.
                    if b"HOME=" + os.fsencode(here.home) in file.read().split(b"\0"):
                        found.append(int(name))
            except OSError:
                pass
    return found


def scan_memory(process, needles):
    """Everything a process can write to. Needs root, because Lathe forbids others of its user to look."""
    hits = []
    with open(f"/proc/{process}/maps") as maps, open(f"/proc/{process}/mem", "rb", buffering=0) as memory:
        for line in maps:
            span, rights = line.split()[:2]
            if "r" not in rights or "[v" in line:
                continue
            at, last = (int(part, 16) for part in span.split("-"))
            try:
                memory.seek(at)
                left = [last - at]

                def read(count):
                    block = memory.read(min(count, left[0]))
                    left[0] -= len(block)
                    return block

                hits += scan_stream(read, needles, f"memory of {process}")
            except (OSError, ValueError):
                pass
    return hits


class Studio:
    """The studio in a terminal of its own."""

    def __init__(self, here, *arguments, wrap=()):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.process = subprocess.Popen([*wrap, LATHE, *arguments, "--sink", "null"], env=here.env, cwd=here.work, stdin=slave, stdout=slave, stderr=slave,
                                        start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)

    def attend(self, seconds):
        """Reads what is drawn for a while, as a terminal does."""
        end_at = time.monotonic() + seconds
        while (left := end_at - time.monotonic()) > 0:
            if select.select([self.master], [], [], left)[0]:
                try:
                    if not os.read(self.master, 1 << 16):
                        return
                except OSError:
                    return

    def type(self, keys):
        os.write(self.master, keys)

    def wait(self, seconds=20):
        end_at = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < end_at:
            self.attend(0.05)
        code = self.process.poll()
        end(self.process)
        os.close(self.master)
        return code


def assert_nowhere(here, canary, outputs=()):
    needles = canary.needles()
    leave_out = {canary.path, *outputs}
    hits = scan_files(here.root, needles, leave_out) + scan_files("/dev/shm", needles, since=here.began)
    if os.geteuid() == 0:
        end_at = time.monotonic() + 3
        while (left := survivors(here)) and time.monotonic() < end_at:
            time.sleep(0.02)
        for process in left:
            with contextlib.suppress(OSError):
                hits += scan_memory(process, needles)
    assert not hits, "; ".join(hits[:5])


@check
def the_scanner_finds_what_is_there():
    with place() as here:
        canary = Canary(here.work, 1)
        needles = canary.needles()
        assert len(scan_files(here.root, needles)) == 2
        with open(here.home + "/floats", "wb") as file:
            file.write(b"x" * (CHUNK - 11) + struct.pack("<16f", *[s / 32768 for s in canary.motif]))
        assert any("float sound in" in hit for hit in scan_files(here.home, needles))


@check
def a_running_preview_holds_the_sound_which_shows_that_memory_is_searched_well():
    if os.geteuid() != 0:
        raise Skipped("needs root to look into memory")
    with place() as here:
        canary = Canary(here.work, 8)
        process = here.start("preview", canary.path, "--sink", "null")
        try:
            end_at = time.monotonic() + 5
            while not (hits := scan_memory(process.pid, canary.needles())) and time.monotonic() < end_at:
                time.sleep(0.1)
            assert hits, "the sound was not found where it must be: the scanner is blind"
        finally:
            end(process)


@check
def what_is_destroyed_is_gone_from_the_memory_of_a_studio_that_goes_on():
    if os.geteuid() != 0:
        raise Skipped("needs root to look into memory")
    with place() as here:
        canary = Canary(here.work, 20)
        studio = Studio(here, canary.path)
        # The name stays on the screen: it is the file's, which is still there.
        needles = {needle: what for needle, what in canary.needles().items() if "sound" in what}
        assert len(needles) >= 3, canary.needles()
        try:
            studio.attend(1.5)
            studio.type(b" 2ll")
            studio.attend(1)
            assert scan_memory(studio.process.pid, needles), "the sound was not found where it must be: the scanner is blind"
            rows = [row["id"] for row in here.json("ledger", "list", "--json") if row["kind"] == "decoded_audio"]
            assert rows, "no row for what is decoded"
            for row in rows:
                done = here.run("ledger", "destroy", row)
                assert done.returncode == 0, done.stderr
            end_at = time.monotonic() + 10
            while (hits := scan_memory(studio.process.pid, needles)) and time.monotonic() < end_at:
                studio.attend(0.2)
            assert not hits, "; ".join(hits[:5])
            assert studio.process.poll() is None, "the studio ended with it"
        finally:
            studio.process.kill()
            studio.wait(20)


ENDS = {"by itself": None, "kill -9": signal.SIGKILL, "SIGHUP": signal.SIGHUP, "SIGTERM": signal.SIGTERM, "SIGINT": signal.SIGINT}
COMMANDS = (("analyze",), ("master", "-o", "out.wav", "--force"), ("preview", "--sink", "null"))


@check
def nothing_is_left_of_a_command_however_it_ends():
    each = 200 if LONG else 1

    def run(number, source):
        how = list(ENDS)[number % len(ENDS)]
        with place() as here:
            canary = Canary(here.work, 1)
            command = COMMANDS[number % len(COMMANDS)]
            process = here.start(command[0], canary.path, *command[1:])
            if ENDS[how] is not None:
                time.sleep(source.uniform(0.02, 0.6))
                process.send_signal(ENDS[how])
            try:
                process.wait(60)
            finally:
                end(process)
            outputs = [os.path.join(here.work, name) for name in os.listdir(here.work) if name == "out.wav"]
            assert_nowhere(here, canary, outputs)
            here.assert_settled()
            assert_nowhere(here, canary, outputs)
    side_by_side(each * len(ENDS), run)
    return f"{each} runs each: {', '.join(ENDS)}, each also after a restart"


def live_in_the_studio(here, canary, how, source):
    """A session with a file open and a knob turned, and its end. `restart`: killed, begun again, and quit."""
    for life in (("kill -9", "quit") if how == "restart" else (how,)):
        studio = Studio(here, canary.path)
        studio.attend(source.uniform(0.8, 1.6))
        studio.type(b" 2ll")
        studio.attend(source.uniform(0.1, 0.5))
        if life == "quit":
            studio.type(b"q")
            studio.attend(0.3)
            studio.type(b"y")
        else:
            studio.process.send_signal({"kill -9": signal.SIGKILL, "SIGHUP": signal.SIGHUP, "SIGTERM": signal.SIGTERM}[life])
        studio.wait(60)


WAYS = ("quit", "kill -9", "SIGHUP", "restart")


@check
def nothing_is_left_of_a_session_in_the_studio():
    each = 200 if LONG else 1

    def run(number, source):
        with place() as here:
            canary = Canary(here.work, 1.5)
            live_in_the_studio(here, canary, WAYS[number % len(WAYS)], source)
            assert_nowhere(here, canary)
            here.assert_settled()
            assert_nowhere(here, canary)
    side_by_side(each * len(WAYS), run)
    return f"{each} sessions each: {', '.join(WAYS)}"


def keep_sessions(here):
    os.makedirs(here.home + "/config/lathe", exist_ok=True)
    with open(here.home + "/config/lathe/config.toml", "w") as file:
        file.write('[studio]\nsession = "restore"\n')


def kinds_of_rows(here):
    return [row["kind"] for row in here.json("ledger", "list", "--json")]


@check
def nothing_is_left_of_a_session_that_was_kept_but_what_is_sealed():
    each = 50 if LONG else 1
    ways, ends = ("quit", "kill -9", "SIGHUP"), ("taken up", "destroyed", "erased")

    def run(number, source):
        how, then = ways[number % 3], ends[number // 3 % 3]
        with place() as here:
            keep_sessions(here)
            canary = Canary(here.work, 1.5)
            studio = Studio(here, canary.path)
            studio.attend(1.2)
            # The ledger's view looks every second, and what has changed is kept with the first look.
            studio.type(b" 2ll5")
            end_at = time.monotonic() + 30
            while "session" not in kinds_of_rows(here):
                assert time.monotonic() < end_at, "no session is kept"
                studio.attend(0.2)
            studio.attend(source.uniform(0, 0.3))
            if how == "quit":
                studio.type(b"q")
            else:
                studio.process.send_signal({"kill -9": signal.SIGKILL, "SIGHUP": signal.SIGHUP}[how])
            studio.wait(60)
            assert_nowhere(here, canary)
            rows = here.json("ledger", "list", "--json")
            assert [(row["kind"], row["erasure_class"]) for row in rows] == [("session", "E2")], rows
            assert 0 < rows[0]["expires_in_seconds"] <= 86_400, rows
            assert_nowhere(here, canary)
            if then == "destroyed":
                assert here.run("ledger", "destroy", rows[0]["id"]).returncode == 0
            elif then == "erased":
                assert here.run("ledger", "erase", "--everything").returncode == 0
            studio = Studio(here)
            if then == "taken up":
                end_at = time.monotonic() + 30
                while "decoded_audio" not in kinds_of_rows(here):
                    assert time.monotonic() < end_at, "the file is not open again"
                    studio.attend(0.2)
            else:
                studio.attend(1.5)
                assert not {"decoded_audio", "session"} & set(kinds_of_rows(here)), "what was destroyed came back"
            studio.type(b"q")
            studio.wait(60)
            assert here.run("ledger", "erase", "--everything").returncode == 0
            left = [name for name in os.listdir(here.ledger) if name.startswith(("session-", ".lathe"))]
            assert not left, left
            here.assert_settled()
            assert_nowhere(here, canary)
    side_by_side(each * 3 if LONG else 9, run)
    return f"{each * 3 if LONG else 9} sessions: {', '.join(ways)}; {', '.join(ends)}"


@check
def a_raw_image_of_the_disk_holds_nothing_of_it():
    each = 200 if LONG else 1
    with place() as elsewhere, disk_image() as (mount, image):
        canaries = []

        def run(number, source):
            how = WAYS[number % len(WAYS)]
            with place(mount) as here:
                canary = Canary(elsewhere.work, 1)
                canaries.append(canary)
                if number % 3 == 0:
                    keep_sessions(here)
                    live_in_the_studio(here, canary, how, source)
                else:
                    command = (["analyze", canary.path], ["master", canary.path, "-o", f"{elsewhere.work}/{number}.wav"])[number % 2]
                    for life in (("kill -9", "quit") if how == "restart" else (how,)):
                        process = here.start(*command)
                        if life != "quit":
                            time.sleep(source.uniform(0.02, 0.6))
                            process.send_signal(ENDS[life])
                        try:
                            process.wait(60)
                        finally:
                            end(process)
                assert set(kinds_of_rows(here)) <= {"session"}
                assert here.run("ledger", "erase", "--everything").returncode == 0
                here.assert_settled()
                for path in (canary.path, f"{elsewhere.work}/{number}.wav"):
                    with contextlib.suppress(FileNotFoundError):
                        os.unlink(path)
        side_by_side(each * len(WAYS), run)
        # All that was ever written has reached the image, also the blocks of files that are gone.
        os.sync()
        subprocess.run(["umount", mount], check=True)
        with open(image, "rb") as file:
            whole = file.read()
        assert b"\x53\xef" in whole and len(whole) > 1 << 20, "this is no image"
        hits = [what for canary in canaries for needle, what in canary.needles().items() if needle in whole]
        assert not hits, f"in the raw image: {hits[:5]}"
    return f"{each} runs each: {', '.join(WAYS)}"


@check
def no_process_survives_and_nobody_of_the_same_user_may_look_into_one():
    with place() as here:
        canary = Canary(here.work, 20)
        process = here.start("preview", canary.path, "--sink", "null")
        try:
            here.wait_for_rows()
            with open(f"/proc/{process.pid}/limits") as limits:
                core = next(line for line in limits if line.startswith("Max core file size"))
            assert core.split()[4:6] == ["0", "0"], core
            # proc(5): the files of a process that is not dumpable belong to root.
            assert os.stat(f"/proc/{process.pid}/environ").st_uid == 0
        finally:
            end(process)
        assert process.pid not in survivors(here)


@check
def a_prompt_reaches_no_disk():
    with place() as here:
        if here.run("generate", "--help").returncode != 0:
            raise Skipped("this lathe does not generate")
        token = "canary" + os.urandom(8).hex()
        prompt = here.home + "/prompt"
        with open(prompt, "w") as file:
            file.write(f"slow ambient {token}\n")
        with open(prompt) as file:
            done = here.run("generate", "-", "--seconds", "6", "-o", "take.wav", stdin=file)
        if done.returncode in (64, 69):
            raise Skipped("this lathe does not generate")
        assert done.returncode == 0, done.stderr
        hits = scan_files(here.root, {token.encode(): "prompt"}, {prompt})
        assert not hits, "; ".join(hits[:5])


@check
def neither_prompt_nor_path_of_a_generated_track_is_kept_or_exported():
    with place() as here:
        token, folder = "canary" + os.urandom(8).hex(), "canary" + os.urandom(8).hex()
        prompt = here.root + "/prompt"
        with open(prompt, "w") as file:
            file.write(f"slow ambient {token}\n")
        os.mkdir(os.path.join(here.work, folder))
        done = here.run("generate", "--prompt-file", prompt, "--seconds", "4", "--stems", folder + "/stems", "--midi", folder + "/m.mid", "--plan", folder + "/plan.json",
                        "-o", folder + "/take.wav")
        assert done.returncode == 0, done.stderr
        needles = {token.encode(): "prompt", folder.encode(): "folder"}
        with open(os.path.join(here.work, folder, "plan.json"), "rb") as file:
            assert scan_stream(file.read, needles, "the plan"), "the plan names neither: the scanner is blind"
        assert here.run("ledger", "export", "-o", here.home + "/export").returncode == 0
        hits = scan_files(here.home, needles)
        log = here.run("ledger", "log", "--json").stdout + here.run("ledger", "list", "--all", "--json").stdout
        hits += [f"{what} in the log or the list" for needle, what in needles.items() if needle in log]
        assert not hits, "; ".join(hits[:5])
