"""Canaries: sound, names and prompts that must be nowhere once the program is gone, however it went."""

import os
import pty
import select
import signal
import struct
import fcntl
import subprocess
import termios
import time

from kit import LATHE, LONG, Canary, Skipped, chance, check, disk_image, end, place

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


def scan_files(folder, needles, leave_out=()):
    hits = []
    for top, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(top, name)
            if path in leave_out or os.path.islink(path):
                continue
            hits += [f"{what} as the name {path}" for needle, what in needles.items() if needle in os.fsencode(name)]
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    hits += scan_stream(file.read, needles, path)
    return hits


def survivors():
    """Processes of the program that are still there."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                if os.readlink(f"/proc/{name}/exe").split(" (deleted)")[0] == LATHE:
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
    hits = scan_files(here.root, needles, leave_out) + scan_files("/dev/shm", needles)
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
def nothing_is_left_of_a_command_however_it_ends():
    ends = (None, signal.SIGKILL, signal.SIGHUP, signal.SIGTERM, signal.SIGINT)
    commands = (("analyze",), ("master", "-o", "out.wav", "--force"), ("preview", "--sink", "null"))
    runs = 200 if LONG else 5
    for number in range(runs):
        with place() as here:
            canary = Canary(here.work, 3)
            command = commands[number % len(commands)]
            process = here.start(command[0], canary.path, *command[1:])
            how = ends[number % len(ends)]
            if how is not None:
                time.sleep(chance.uniform(0.02, 0.6))
                process.send_signal(how)
            try:
                process.wait(30)
            finally:
                end(process)
            outputs = [os.path.join(here.work, name) for name in os.listdir(here.work) if name == "out.wav"]
            assert_nowhere(here, canary, outputs)
            here.assert_settled()
            assert_nowhere(here, canary, outputs)
    return f"{runs} runs"


@check
def nothing_is_left_of_a_session_in_the_studio():
    runs = 200 if LONG else 3
    for number in range(runs):
        with place() as here:
            canary = Canary(here.work, 3)
            studio = Studio(here, canary.path)
            studio.attend(chance.uniform(0.8, 1.6))
            studio.type(b" ")
            studio.attend(chance.uniform(0.1, 0.5))
            how = number % 4
            if how == 0:
                studio.type(b"q")
                studio.attend(0.3)
                studio.type(b"y")
            elif how == 1:
                studio.process.send_signal(signal.SIGKILL)
            elif how == 2:
                studio.process.send_signal(signal.SIGHUP)
            else:
                studio.process.send_signal(signal.SIGTERM)
            studio.wait()
            assert_nowhere(here, canary)
            here.assert_settled()
            assert_nowhere(here, canary)
    return f"{runs} sessions"


@check
def a_raw_image_of_the_disk_holds_nothing_of_it():
    runs = 200 if LONG else 4
    with place() as elsewhere, disk_image() as (mount, image):
        canaries = []
        for number in range(runs):
            with place(mount) as here:
                canary = Canary(elsewhere.work, 2)
                canaries.append(canary)
                command = (["analyze", canary.path], ["preview", canary.path, "--sink", "null"], ["master", canary.path, "-o", f"{elsewhere.work}/{number}.wav"])[number % 3]
                process = here.start(*command)
                if number % 2:
                    time.sleep(chance.uniform(0.1, 0.6))
                    process.send_signal(signal.SIGKILL)
                try:
                    process.wait(30)
                except subprocess.TimeoutExpired:
                    pass
                finally:
                    end(process)
                here.assert_settled()
        # All that was ever written has reached the image, also the blocks of files that are gone.
        os.sync()
        subprocess.run(["umount", mount], check=True)
        with open(image, "rb") as file:
            whole = file.read()
        assert b"\x53\xef" in whole and len(whole) > 1 << 20, "this is no image"
        hits = [what for canary in canaries for needle, what in canary.needles().items() if needle in whole]
        assert not hits, f"in the raw image: {hits[:5]}"
    return f"{runs} runs"


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
        assert process.pid not in survivors()


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
