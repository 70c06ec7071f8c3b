#!/usr/bin/env python3
"""How the studio treats a terminal, from the terminal's side: every way of dying (Ctrl-Z and fg are in journey.py, which has a
shell), a slow line, a storm of resizes, names that attack.

    LATHE_BINARY=path/to/lathe manners.py [--long] [NAME...]     NAME: only parts whose name holds it

Runs the studio in a pseudo-terminal of its own; a byte it sends is either text of ours, or a sequence from the short list that the studio uses.
"""

import fcntl
import os
import pty
import random
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

HERE = os.path.dirname(os.path.abspath(__file__))
LATHE = os.path.abspath(os.environ.get("LATHE_BINARY") or os.path.join(HERE, "../../.build-test/release/lathe"))
LONG = "--long" in sys.argv
sys.path.insert(0, os.path.join(HERE, "../Support"))
sys.dont_write_bytecode = True
import mix  # noqa: E402

LEAVE = b"\x1b[?1049l"
# Everything the studio may send besides text: cursor, colours, erasing, modes, title, questions, the clipboard.
SEQUENCE = re.compile(rb"\x1b\[[?>]?[\d;:]*[A-Za-z@`$]{1,2}|\x1b\]0;[^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\]2;[^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\]52;c;[A-Za-z0-9+/=]*(?:\x07|\x1b\\)|\x1bP[+$]q[^\x1b]*\x1b\\|\x1b\\|\x1b[78=>HMc]|\x1b\([B0]|[\r\n\b\x0e\x0f]")


class Line:
    """A pseudo-terminal with a shell's settings, and the studio in it as a shell would start it: a process group in the foreground."""

    def __init__(self, root, *arguments, rows=36, columns=120, environment=None):
        self.master, self.slave = pty.openpty()
        self.resize(columns, rows)
        self.before = termios.tcgetattr(self.slave)
        self.data = bytearray()
        env = dict(os.environ, HOME=root, XDG_STATE_HOME=root + "/state", XDG_CONFIG_HOME=root + "/config", TERM="xterm-256color", LANG="C.UTF-8", ALSA_CONFIG_PATH="/dev/null")
        env.pop("SSH_CONNECTION", None)
        env.update(environment or {})

        def session():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen([LATHE, "--sink", "null", *arguments], stdin=self.slave, stdout=self.slave, stderr=self.slave, env=env, preexec_fn=session)

    def resize(self, columns, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def pump(self, seconds, most=1 << 16):
        ready, _, _ = select.select([self.master], [], [], max(0, seconds))
        if not ready:
            return b""
        try:
            data = os.read(self.master, most)
        except OSError:
            return b""
        self.data += data
        # A question may come in pieces.
        for question, answer in ((b"\x1b[?2026$p", b"\x1b[?2026;2$y"), (b"\x1b[5n", b"\x1b[0n"), (b"\x1b[c", b"\x1b[?62c")):
            for _ in range(self.data.count(question, max(0, len(self.data) - len(data) - len(question) + 1))):
                os.write(self.master, answer)
        return data

    def until(self, pattern, seconds=30):
        deadline = time.monotonic() + seconds
        while not re.search(pattern, bytes(self.data)):
            assert time.monotonic() < deadline, f"never: {pattern}; {bytes(self.data)[-300:]}"
            assert self.process.poll() is None, f"ended with {self.process.returncode}; {bytes(self.data)[-300:]}"
            self.pump(0.1)

    def until_left(self, seconds=5):
        """The terminal is as it was."""
        deadline = time.monotonic() + seconds
        while LEAVE not in self.data or termios.tcgetattr(self.slave) != self.before:
            assert time.monotonic() < deadline, f"not left: {bytes(self.data)[-300:]}"
            self.pump(0.02)

    def send(self, keys):
        os.write(self.master, keys)

    def gone(self, seconds=1.0):
        """Seconds until the process has ended; reads what it says meanwhile."""
        began = time.monotonic()
        while self.process.poll() is None:
            assert time.monotonic() - began < seconds + 2, "the studio does not end"
            self.pump(0.01)
        spent = time.monotonic() - began
        while self.pump(0.05):
            pass
        return spent

    def close(self):
        for fd in (self.master, self.slave):
            try:
                os.close(fd)
            except OSError:
                pass
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def descendants(pid):
    """Every process below one, by its parent as the kernel tells (proc(5), stat)."""
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                fields = open(f"/proc/{name}/stat").read().rsplit(") ", 1)[1].split()
            except OSError:
                continue
            parents[int(name)] = int(fields[1])
    out, grown = {pid}, True
    while grown:
        more = {child for child, parent in parents.items() if parent in out} - out
        out |= more
        grown = bool(more)
    return out - {pid}


def alive(pid):
    try:
        return open(f"/proc/{pid}/stat").read().rsplit(") ", 1)[1][0] != "Z"
    except OSError:
        return False


def playing(root):
    line = Line(root, root + "/mixes/rough.wav")
    line.until(rb"B master")
    line.until(rb"LUFS")
    return line


def dying(root):
    """Each way out while it plays and measures: settings as before, the screen given back, nobody left a second later."""
    slowest = 0.0
    ways = {
        "q": lambda l: l.send(b"q"), "Ctrl-C": lambda l: l.send(b"\x03"), "TERM": lambda l: l.process.send_signal(signal.SIGTERM),
        "HUP": lambda l: l.process.send_signal(signal.SIGHUP), "INT": lambda l: l.process.send_signal(signal.SIGINT),
        "QUIT": lambda l: l.process.send_signal(signal.SIGQUIT), "SEGV": lambda l: l.process.send_signal(signal.SIGSEGV),
        "ABRT": lambda l: l.process.send_signal(signal.SIGABRT), "USR1": lambda l: l.process.send_signal(signal.SIGUSR1), "ALRM": lambda l: l.process.send_signal(signal.SIGALRM),
        "XCPU": lambda l: l.process.send_signal(signal.SIGXCPU),
    }
    expected = {"q": 0, "Ctrl-C": 0, "TERM": 143, "HUP": 129, "INT": 130, "QUIT": 131, "SEGV": -11, "ABRT": -6, "USR1": 138, "ALRM": 142, "XCPU": 152}
    for name, act in ways.items():
        line = playing(root)
        try:
            family = descendants(line.process.pid)
            at = len(line.data)
            act(line)
            spent = line.gone()
            slowest = max(slowest, spent)
            assert spent <= 1.0, f"{name}: {spent:.2f} s"
            assert line.process.returncode == expected[name], (name, line.process.returncode)
            assert termios.tcgetattr(line.slave) == line.before, f"{name}: the terminal's settings differ"
            said = bytes(line.data[at:])
            for undo in (LEAVE, b"\x1b[?25h", b"\x1b[?2004l", b"\x1b[?1004l"):
                assert undo in said, f"{name}: {undo} was not sent"
            # The claim is about who is left a second after.
            time.sleep(max(0, 1.0 - spent))
            left = [pid for pid in family if alive(pid)]
            assert not left, f"{name}: processes left: {left}"
        finally:
            line.close()
    return f"{len(ways)} ways, slowest {slowest * 1000:.0f} ms, settings identical, nobody left"


def lost(root):
    """The line itself goes: closed at the other end (EIO, HUP), and with the shell that started it."""
    slowest = 0.0
    for way in ("closed", "shell gone"):
        if way == "shell gone":
            master, slave = pty.openpty()
            env = dict(os.environ, HOME=root, XDG_STATE_HOME=root + "/state", XDG_CONFIG_HOME=root + "/config", TERM="xterm-256color", LANG="C.UTF-8", ALSA_CONFIG_PATH="/dev/null")
            shell = subprocess.Popen(["bash", "-c", f"{LATHE} --sink null {root}/mixes/rough.wav; true"], stdin=slave, stdout=slave, stderr=slave, env=env, preexec_fn=lambda: (os.setsid(), fcntl.ioctl(0, termios.TIOCSCTTY, 0)))
            os.close(slave)
            data, deadline = b"", time.monotonic() + 30
            while b"B master" not in data:
                assert time.monotonic() < deadline
                if select.select([master], [], [], 0.1)[0]:
                    data += os.read(master, 65536)
            family = descendants(shell.pid)
            began = time.monotonic()
            shell.kill()
            os.close(master)
            shell.wait()
        else:
            line = playing(root)
            family = descendants(line.process.pid) | {line.process.pid}
            began = time.monotonic()
            os.close(line.master)
            os.close(line.slave)
            line.process.wait(5)
        while any(alive(pid) for pid in family):
            assert time.monotonic() - began < 2, f"{way}: {[pid for pid in family if alive(pid)]} still there"
            # Between two looks.
            time.sleep(0.01)
        slowest = max(slowest, time.monotonic() - began)
        assert slowest <= 1.0, f"{way}: {slowest:.2f} s"
    return f"closed line and dead shell: all gone within {slowest * 1000:.0f} ms"


def output(root):
    """The output is changed while it plays: the sound goes on where it was, and the play head stays in sight."""
    line = playing(root)
    try:
        end = time.monotonic() + 2
        while time.monotonic() < end:
            line.pump(0.05)
        for _ in range(2):
            line.send(b"o")
            line.until(rb"Your browser")
            del line.data[:]
            line.send(b"\x1b[F\r")
            end = time.monotonic() + 1.5
            while time.monotonic() < end:
                line.pump(0.05)
            assert "■".encode() not in line.data, "the transport says that it stands"
            # The tenths of its seconds go on: each frame of a sound that plays has cells to change.
            assert len(re.findall(rb"\x1b\[\?2026h", bytes(line.data))) > 8, "nothing moves any more"
        line.send(b"q")
        line.gone()
        return "changed twice while it plays, and it plays on"
    finally:
        line.close()


def console(root):
    """The Linux console: UTF-8, but fonts of 512 glyphs at most, without braille and eighth blocks."""
    line = Line(root, root + "/mixes/rough.wav", environment={"TERM": "linux"})
    try:
        line.until(rb"LUFS")
        end = time.monotonic() + 2
        while time.monotonic() < end:
            line.pump(0.05)
        line.send(b"q")
        line.gone()
        strange = re.findall("[\u2800-\u28ff\u2581-\u2587\u2589-\u258f]", bytes(line.data).decode("utf-8", "replace"))
        assert not strange, strange[:10]
        return "no glyph that its fonts lack"
    finally:
        line.close()


def slow(root):
    """A reader of 4,000 bytes a second: a key's echo comes within what is already under way plus one frame, and little is ever under way."""
    line = Line(root, root + "/mixes/rough.wav")
    rate = 4000
    try:
        def read(seconds):
            began, taken = time.monotonic(), 0
            while time.monotonic() - began < seconds:
                room = int((time.monotonic() - began) * rate) - taken
                if room > 0:
                    taken += len(line.pump(0, min(room, 400)))
                # The line takes so much a second: that is what is tested.
                time.sleep(0.01)

        read(12)
        late, ahead, painted = [], [], len(line.data)
        for key in b"345" * (13 if LONG else 5):
            at, began = len(line.data), time.monotonic()
            line.send(bytes([key]))
            # The frame that says what only the new view says is the key's.
            wanted = {51: b"Prompt", 52: b"no jobs", 53: b"Ledg"}[key]
            while True:
                assert time.monotonic() - began < 8, f"no echo of {chr(key)} within 8 s: {bytes(line.data[at:])!r}"
                before = time.monotonic()
                line.pump(0, 40)
                found = re.search(rb"\x1b\[\?2026h(?:(?!\x1b\[\?2026[hl]).)*" + wanted + rb".*?\x1b\[\?2026l", bytes(line.data[at:]), re.DOTALL)
                if found:
                    break
                # 40 bytes in 10 ms: the slow line.
                time.sleep(max(0, 0.01 - (time.monotonic() - before)))
            ahead.append(found.start())
            late.append(time.monotonic() - began - found.end() / rate)
            read(1.2)
        frame = max(map(len, re.findall(rb"\x1b\[\?2026h.*?\x1b\[\?2026l", bytes(line.data[painted:]), re.DOTALL)))
        assert max(ahead) <= frame, f"bytes ahead of the key's frame: {ahead}, the largest frame has {frame}"
        # Besides the drain of those bytes: a frame's time, and for some keys what else the machine has to do.
        late.sort()
        assert late[len(late) // 2] <= 0.033 + 0.02 and late[-1] <= 0.5, late
        line.send(b"q")
        return (f"{len(late)} keys: at most {max(ahead)} bytes are ahead of the key's frame (the largest has {frame}); its end comes {late[len(late) // 2] * 1000:.0f} ms"
                f" after the drain (median), {late[-1] * 1000:.0f} ms at most")
    finally:
        line.close()


def slower(root):
    """A line that becomes slow, as sshd shows it: it takes up to 256 KiB at once, and 4,000 bytes a second get through from the fourth second on."""
    line = Line(root, root + "/mixes/rough.wav")
    rate, window, trip = 4000, 1 << 18, 0.1
    question, waiting, answers = b"\x1b[5n", bytearray(), []
    try:
        line.until(rb"LUFS")
        end = time.monotonic() + 3
        while time.monotonic() < end:
            line.pump(0.02)
        seen, tail, began, taken, longest = bytearray(), b"", time.monotonic(), 0, 0

        def carry(seconds, wanted=None):
            nonlocal tail, taken, longest
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                if len(waiting) < window and select.select([line.master], [], [], 0.01)[0]:
                    waiting.extend(os.read(line.master, window - len(waiting)))
                longest = max(longest, len(waiting))
                now = time.monotonic()
                count = min(len(waiting), max(0, int((now - began) * rate) - taken))
                # What was not needed is not saved up.
                taken += count if waiting else max(0, int((now - began) * rate) - taken)
                if count:
                    piece = bytes(waiting[:count])
                    del waiting[:count]
                    seen.extend(piece)
                    answers.extend([now + trip] * ((tail + piece).count(question) - tail.count(question)))
                    tail = (tail + piece)[-(len(question) - 1):]
                while answers and answers[0] <= now:
                    os.write(line.master, b"\x1b[0n")
                    answers.pop(0)
                if wanted and wanted in seen:
                    return True
            return False

        carry(8)
        filled, late = longest, []
        for key, word in ((b"4", b"no jobs"), (b"3", b"Prompt"), (b"5", b"Ledg")):
            del seen[:]
            at = time.monotonic()
            line.send(key)
            assert carry(10, word), f"no echo of {key} within 10 s; {len(waiting)} bytes wait"
            late.append(time.monotonic() - at)
            carry(2)
        frame = 12_288
        assert filled <= frame, f"{filled} bytes waited in the line"
        assert max(late) <= 4, late
        line.send(b"q")
        return f"at most {filled} bytes wait in a line that became slow; new views are there after {', '.join(f'{t:.1f}' for t in late)} s"
    finally:
        line.close()


def resizes(root):
    """1,000 changes of size a second, 1×1 to 1000×500: no crash, and the right picture at once after the last."""
    seconds = 10 if LONG else 3
    line = playing(root)
    try:
        chance = random.Random(3)
        began, count = time.monotonic(), 0
        while time.monotonic() - began < seconds:
            due = int((time.monotonic() - began) * 1000)
            while count < due:
                line.resize(chance.choice([1, 2, 5, chance.randint(1, 1000)]), chance.choice([1, 2, 3, chance.randint(1, 500)]))
                count += 1
            line.pump(0.001)
            assert line.process.poll() is None, f"ended with {line.process.returncode}"
        while line.pump(0.02):
            pass
        late = []
        for columns, rows in ((120, 36), (80, 24), (200, 60)):
            del line.data[:]
            line.resize(columns, rows)
            at = time.monotonic()
            # A picture painted whole, from the top line to the footer.
            while not re.search(rb"\x1b\[\?2026h.*lathe.*keys.*\x1b\[\?2026l", bytes(line.data), re.DOTALL):
                assert time.monotonic() - at < 5, f"no picture of the new size: {len(line.data)} bytes, {bytes(line.data)[-200:]}"
                line.pump(0.005)
            late.append(time.monotonic() - at)
        line.send(b"q")
        line.gone()
        assert line.process.returncode == 0
        return f"{count} sizes in {seconds} s, no crash; first picture of the last size after {max(late) * 1000:.0f} ms at most"
    finally:
        line.close()


def hostile_name(chance):
    kinds = [
        lambda: "\x1b[2J", lambda: "\x1b]0;owned\x07", lambda: "\x1b]52;c;" + "QUFB" * 3 + "\x07", lambda: "\x9b31m", lambda: "\x90q\x9c", lambda: "\r\n", lambda: "\x7f\b", lambda: "\u202e\u2066\u200f",
        lambda: "日本語", lambda: "👩‍👩‍👧‍👦", lambda: "e" + "\u0301" * chance.randint(1, 8), lambda: "\ufeff\u200b\u00ad", lambda: chr(chance.choice([chance.randint(0x80, 0x9f), chance.randint(0x300, 0x36f), chance.randint(0x1f300, 0x1faff), chance.randint(0xe000, 0xe0ff)])),
        lambda: "".join(chr(chance.randint(0x20, 0x7e)) for _ in range(chance.randint(1, 12))),
    ]
    text = "".join(chance.choice(kinds)() for _ in range(chance.randint(1, 6)))
    return text.replace("/", "_").replace("\0", "_")


def hostile(root):
    """Files with names that attack, in the Files view at two sizes: every byte that comes out is text or a sequence of the studio's own list."""
    folder = root + "/attack"
    os.mkdir(folder)
    chance, wanted, made = random.Random(11), 20_000 if LONG else 1500, 0
    for _ in range(wanted):
        name = hostile_name(chance).encode("utf-8", "surrogatepass")[:200]
        if chance.random() < 0.1:
            name += bytes([chance.randint(0x80, 0xFF)])
        try:
            with open(os.path.join(folder.encode(), name + b".wav"), "wb"):
                made += 1
        except OSError:
            pass
    total = 0
    for columns, rows in ((80, 24), (200, 60)):
        line = Line(root, folder, columns=columns, rows=rows)
        try:
            line.until(rb"Files")
            for _ in range(made // max(1, rows - 8) + 2):
                line.send(b"\x1b[6~")
                line.pump(0.02)
                while line.pump(0):
                    pass
            for key in (b"\r", b"2", b"?", b"\x1b", b"5", b"1", b"/", b"a", b"\x1b"):
                line.send(key)
                # An escape is an escape only when nothing follows it at once.
                end = time.monotonic() + 0.3
                while time.monotonic() < end:
                    line.pump(0.05)
            line.send(b"q")
            line.gone()
            out = bytes(line.data)
            total += len(out)
            rest = SEQUENCE.sub(b"", out)
            wrong = re.search(rb"[\x00-\x1f\x7f]", rest)
            assert not wrong, f"a control byte {wrong[0]!r} near {rest[max(0, wrong.start() - 40):wrong.start() + 40]!r}"
            text = rest.decode("utf-8")
            bad = re.search("[\u0080-\u009f\u202a-\u202e\u2066-\u2069\u200b\u200e\u200f]", text)
            assert not bad, f"an untrusted control {bad[0]!r}"
            for owned in (b"\x1b]0;owned", b"\x1b]52;c;QUFB"):
                assert owned not in out, owned
        finally:
            line.close()
    return f"{made} names, {total} bytes out: no control byte that is not the studio's own"


def hanging(root):
    """A named pipe by an audio file's name: it never gives a byte, and holds nobody up."""
    os.mkfifo(root + "/mixes/stuck.wav")
    line = Line(root, root + "/mixes")
    try:
        line.until(rb"stuck\.wav")
        line.send(b"\x1b[F\r")
        at = time.monotonic()
        line.until(rb"regular file|not a file|not an audio file|stuck\.wav.{0,80}(is|cannot)")
        line.send(b"4")
        line.until(rb"Queue")
        spent = time.monotonic() - at
        assert spent < 5, spent
        line.send(b"q")
        line.gone()
        return f"a pipe in a file's place is refused, keys go on ({spent * 1000:.0f} ms)"
    finally:
        line.close()


def deaf(root):
    """A file system that stops answering while the studio looks at it: keys are obeyed, other folders are read, the end comes at once."""
    folder, switch = root + "/mixes/far", root + "/silent"
    os.mkdir(folder)
    far = subprocess.Popen(["/usr/bin/python3", os.path.join(HERE, "../Support/hanging_fs.py"), folder, root + "/mixes/rough.wav", switch], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    line = None
    try:
        if b"mounted" not in far.stdout.readline():
            return "skipped: needs python3-fusepy, fuse3 and /dev/fuse"
        line = Line(root, folder)
        line.until(rb"c\.wav")
        line.send(b"\r")
        line.until(rb"LUFS")
        open(switch, "w").close()
        waits = {}
        # Open another file of it, see the other views, hear on, go to the folder above, and open what lies there.
        for keys, pattern in ((b"j\r", rb"b\.wav"), (b"4", rb"no jobs"), (b"5", rb"Ledg"), (b"1", rb"Files"), (b"\x7f", rb"rough\.wav")):
            del line.data[:]
            at = time.monotonic()
            line.send(keys)
            line.until(pattern, 5)
            waits[keys] = time.monotonic() - at
        line.send(b"\x1b[F\r")
        line.until(rb"rough\.wav.{0,400}LUFS", 10)
        at = time.monotonic()
        line.send(b"q")
        line.until_left()
        left = time.monotonic() - at
        # The kernel lets no thread go that waits for such a file system (fuse_request): the process is over when it answers, the terminal is free before.
        os.remove(switch)
        line.gone(3)
        assert max(waits.values()) < 1 and left < 1, (waits, left)
        return f"keys are obeyed within {max(waits.values()) * 1000:.0f} ms, a file elsewhere opens, the terminal is free {left * 1000:.0f} ms after q"
    finally:
        # Nobody waits for it any more.
        if os.path.exists(switch):
            os.remove(switch)
        if line:
            line.close()
        subprocess.run(["fusermount3", "-u", "-z", folder], stderr=subprocess.DEVNULL)
        far.kill()
        far.wait()


PARTS = {"dying": dying, "lost line": lost, "output": output, "console": console, "slow line": slow, "slower line": slower, "resizes": resizes, "hostile names": hostile, "hanging file": hanging, "deaf file system": deaf}


def main():
    names = [a for a in sys.argv[1:] if not a.startswith("--")]
    failed = 0
    for name, part in PARTS.items():
        if names and not any(n in name for n in names):
            continue
        root = tempfile.mkdtemp(prefix="lathe-manners-")
        os.mkdir(root + "/mixes")
        mix.write(root + "/mixes/rough.wav", 20.0, 44100)
        try:
            print(f"manners: {name}: {part(root)}", flush=True)
        except AssertionError as problem:
            failed = 1
            print(f"manners: {name}: FAILED: {problem}", flush=True)
        finally:
            shutil.rmtree(root, ignore_errors=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
