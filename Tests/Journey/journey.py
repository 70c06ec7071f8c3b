#!/usr/bin/env python3
"""The way of a producer through the studio, by keys in tmux: find a mix, hear it, pick a preset, turn two knobs, compare, render, look at
queue and ledger, quit. Then what else happens to a terminal: resizing, Ctrl-Z, SIGTERM, SIGHUP, kill -9.

    LATHE_BINARY=path/to/lathe journey.py [--long] [NAME...]     NAME: run only parts whose name holds it

Looks only from outside: at the screen, the files, the terminal's settings, the processes. Waits for what it expects to see and
never for a time.
"""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
LATHE = os.path.abspath(os.environ.get("LATHE_BINARY") or os.path.join(HERE, "../../.build-test/release/lathe"))
LONG = "--long" in sys.argv
PATIENCE = 40
sys.path.insert(0, os.path.join(HERE, "../Support"))
sys.dont_write_bytecode = True
import mix  # noqa: E402


class Studio:
    """A shell in tmux with folders of its own, in which the studio is started."""

    def __init__(self, root, columns, rows):
        self.root = root
        self.pid = None
        self.music = os.path.join(root, "mixes")
        os.mkdir(self.music)
        os.mkdir(os.path.join(self.music, "old"))
        shutil.copy(SEED, os.path.join(self.music, "rough_v7.wav"))
        with open(os.path.join(self.music, "notes.txt"), "w") as f:
            f.write("more bass?\n")
        runtime = os.path.join(root, "runtime")
        os.mkdir(runtime, 0o700)
        # tmux(1) keeps its socket below TMUX_TMPDIR, away from the user's own server.
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "TMUX", "LATHE_SYNC")) and k not in ("COLORTERM", "NO_COLOR")}
        self.env.update(HOME=root, XDG_STATE_HOME=root + "/state", XDG_CONFIG_HOME=root + "/config", XDG_RUNTIME_DIR=runtime,
                        TMUX_TMPDIR=runtime, LANG="C.UTF-8", LC_ALL="C.UTF-8", TMPDIR=root)
        configuration = os.path.join(root, "tmux.conf")
        with open(configuration, "w") as f:
            f.write("set -g status off\nset -g default-terminal tmux-256color\nset -g escape-time 0\nset -g remain-on-exit off\n")
        # A shell that is not interactive on the way would drop a prompt from the environment.
        startup = os.path.join(root, "bashrc")
        with open(startup, "w") as f:
            f.write("PS1='READY> '\n")
        self.tmux("-f", configuration, "new-session", "-d", "-s", "s", "-x", str(columns), "-y", str(rows), f"bash --noprofile --rcfile {startup} -i")
        self.wait(lambda s: "READY>" in s, "a shell")
        self.shell = int(self.tmux("display", "-p", "#{pane_pid}"))

    def tmux(self, *arguments):
        return subprocess.run(["tmux", *arguments], env=self.env, check=True, capture_output=True, text=True, timeout=20).stdout.rstrip("\n")

    def screen(self):
        return self.tmux("capture-pane", "-p")

    def wait(self, condition, what, patience=PATIENCE):
        end = time.monotonic() + patience
        while True:
            screen = self.screen()
            if condition(screen):
                return screen
            if time.monotonic() > end:
                raise AssertionError(f"no {what} on the screen:\n{screen}")
            # Between two looks.
            time.sleep(0.03)

    def see(self, pattern):
        return self.wait(lambda s: re.search(pattern, s), f"/{pattern}/")

    def keys(self, *keys):
        for key in keys:
            self.tmux("send-keys", "-l", key) if len(key) == 1 else self.tmux("send-keys", key)

    def start(self, *arguments, ahead=()):
        """`ahead`: keys typed before the studio can have begun."""
        line = f"stty -g > before; {shlex.quote(LATHE)} {' '.join(map(shlex.quote, arguments))}; code=$?; stty -g > after; echo LEFT-$code"
        self.tmux("send-keys", "-l", "cd " + shlex.quote(self.root) + "; " + line)
        self.tmux("send-keys", "Enter", *ahead)
        # A file that is opened at once may bring word of missing sound to the place of the keys.
        self.see(r"\? keys|no sound, running on a clock")
        self.pid = self.child()

    def child(self):
        """The studio's process: the shell's child."""
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    with open(f"/proc/{entry}/stat") as f:
                        fields = f.read().rsplit(") ", 1)[1].split()
                except OSError:
                    continue
                if int(fields[1]) == self.shell:
                    return int(entry)
        raise AssertionError("the studio's process was not found")

    def assert_left(self, code, mark="LEFT"):
        """Back in the shell, the terminal as it was, no process left."""
        screen = self.see(mark + r"-\d+")
        assert f"{mark}-{code}" in screen, screen
        self.assert_terminal_restored()
        assert not os.path.exists(f"/proc/{self.pid}"), "the studio's process is still there"

    def assert_terminal_restored(self):
        flags = self.tmux("display", "-p", "#{alternate_on} #{cursor_flag} #{mouse_any_flag} #{keypad_flag} #{keypad_cursor_flag} #{wrap_flag}")
        assert flags == "0 1 0 0 0 1", f"alternate, cursor, mouse, keypad, cursor keys, wrap: {flags}"
        before, after = (open(os.path.join(self.root, name)).read() for name in ("before", "after"))
        assert before == after, f"stty before {before} after {after}"

    def assert_nothing_left(self, *wanted):
        """Only the files that belong there, and an empty ledger."""
        names = sorted(os.listdir(self.music))
        assert names == sorted(["notes.txt", "old", "rough_v7.wav", *wanted]), names
        done = subprocess.run([LATHE, "ledger", "list", "--json"], env=self.env, capture_output=True, timeout=30)
        assert done.returncode == 0 and json.loads(done.stdout) == [], (done.returncode, done.stdout, done.stderr)

    def close(self):
        subprocess.run(["tmux", "kill-server"], env=self.env, capture_output=True)
        end = time.monotonic() + 5
        while self.pid and os.path.exists(f"/proc/{self.pid}") and time.monotonic() < end:
            # Between two looks.
            time.sleep(0.02)


def measured(path):
    """Integrated loudness and true peak, by another program."""
    text = subprocess.run(["ffmpeg", "-nostats", "-i", path, "-af", "ebur128=peak=true", "-f", "null", "-"], capture_output=True, text=True).stderr
    summary = text[text.rindex("Summary:"):]
    return float(re.search(r"I:\s+(-?[\d.]+) LUFS", summary)[1]), float(re.search(r"Peak:\s+(-?[\d.]+) dBFS", summary)[1])


def position(screen):
    found = re.search(r"(\d+):(\d\d\.\d) / ", screen)
    return 60 * int(found[1]) + float(found[2]) if found else None


def journey(studio):
    studio.start("mixes")
    studio.see(r"rough_v7\.wav")
    # The folder comes first, then the files by name: old/, notes.txt, rough_v7.wav.
    studio.keys("j", "j", "Enter")
    top = studio.see(r"rough_v7\.wav .*LUFS").split("\n")[0]
    assert "WAV 16/44.1" in top, top

    # What is opened plays. Space stops it and lets it go on.
    studio.wait(lambda s: "▶" in s and (position(s) or 0) > 0.2, "moving play head")
    studio.keys(" ")
    first = position(studio.wait(lambda s: "■" in s, "pause"))
    studio.keys(" ")
    studio.wait(lambda s: position(s) is not None and position(s) != first, "moving play head")

    studio.keys("2")
    studio.see(r"Master: Streaming")
    studio.keys("p")
    studio.see("Acoustic")
    studio.keys("j", "Enter")
    studio.see(r"Master: Acoustic")

    for text, key, expected, neighbour in (("ceiling", "h", r"-1\.20 dBTP\*", "Most limiting"), ("width", "l", r"110%\*", "Mono below")):
        studio.keys("/")
        studio.tmux("send-keys", "-l", text)
        studio.keys("Enter", key, key)
        studio.see(expected)
        # Esc and a key at once would be Alt with the key.
        studio.keys("Escape")
        studio.see(neighbour)
    studio.see(r"Master: Acoustic[^─]*\*")

    studio.keys("x")
    studio.see("A original")
    studio.keys("x")
    studio.see("B master")
    studio.keys("M")
    studio.see("at their own loudness")
    studio.keys("M")
    studio.see("at equal loudness")

    studio.keys("r")
    master = os.path.join(studio.music, "rough_v7-master.wav")
    studio.keys("4")
    done = studio.see(r"done -\d+\.\d LUFS")
    shown = float(re.search(r"done (-\d+\.\d) LUFS", done)[1])
    assert os.path.exists(master), os.listdir(studio.music)

    studio.keys("5")
    studio.see(r"[1-9]\d* items")
    studio.see("rough_v7")
    studio.keys("q")
    studio.assert_left(0)
    studio.assert_nothing_left("rough_v7-master.wav")

    with open(SEED, "rb") as a, open(os.path.join(studio.music, "rough_v7.wav"), "rb") as b:
        assert a.read() == b.read(), "the mix was touched"
    loudness, peak = measured(master)
    assert abs(loudness - shown) <= 0.2, (loudness, shown)
    assert abs(loudness + 16) <= 0.2 or "cannot reach" in done, (loudness, done)
    assert peak <= -1.2 + 0.1, peak
    frames = subprocess.run(["soxi", "-s", master, SEED], capture_output=True, text=True, check=True).stdout.split()
    assert frames[0] == frames[1], frames


def playing(studio):
    studio.start("mixes/rough_v7.wav")
    studio.see(r"rough_v7\.wav .*LUFS")
    studio.see("▶")


def typed_ahead(studio):
    """Keys typed blind, Enter among them, do what they would have done later."""
    studio.start("mixes", ahead=("j", "j", "Enter", "2"))
    studio.see(r"rough_v7\.wav .*LUFS")
    studio.see("Master: Streaming")
    studio.keys("q")
    studio.assert_left(0)
    studio.assert_nothing_left()


def changes_on_disk(studio):
    """What other programs do to the folder shows without a key, whatever view is open, and so does what they do to the open file."""
    playing(studio)
    for view, name in (("2", "fresh.wav"), ("1", "second.wav")):
        studio.keys(view)
        shutil.copy(SEED, os.path.join(studio.music, name))
        studio.see(name)
    os.unlink(os.path.join(studio.music, "fresh.wav"))
    studio.wait(lambda s: "fresh.wav" not in s, "folder without fresh.wav")
    shutil.copy(SEED, os.path.join(studio.music, "rough_v7.wav"))
    studio.see(r"rough_v7\.wav: was changed on disk")
    os.unlink(os.path.join(studio.music, "second.wav"))
    studio.keys("q")
    studio.assert_left(0)
    studio.assert_nothing_left()


def latin_names(studio):
    """A name in Latin-1 is shown with its byte, opened, and its master is named after it byte by byte."""
    folder = os.path.join(studio.root, "latin").encode()
    os.mkdir(folder)
    shutil.copy(SEED, os.path.join(folder, b"caf\xe9.wav"))
    studio.start("latin")
    studio.see("caf‹xE9›.wav")
    studio.keys("Enter")
    studio.see(r"caf‹xE9›\.wav .*LUFS")
    studio.keys("r", "4")
    studio.see(r"done -\d+\.\d LUFS")
    studio.keys("q")
    studio.assert_left(0)
    assert set(os.listdir(folder)) == {b"caf\xe9.wav", b"caf\xe9-master.wav"}, os.listdir(folder)
    studio.assert_nothing_left()


def resize_storm(studio):
    playing(studio)
    for n in range(60 if LONG else 25):
        studio.tmux("resize-window", "-t", "s", "-x", str(20 + (n * 37) % 160), "-y", str(3 + (n * 11) % 50))
    studio.tmux("resize-window", "-t", "s", "-x", "100", "-y", "30")
    screen = studio.wait(lambda s: len(s.split("\n")) >= 29 and "▶" in s and "rough_v7" in s, "studio after resizing")
    assert all(len(line) <= 100 for line in screen.split("\n"))
    studio.keys("q")
    studio.assert_left(0)
    studio.assert_nothing_left()


def suspend_and_return(studio):
    playing(studio)
    studio.keys("C-z")
    studio.see("Stopped")
    flags = studio.tmux("display", "-p", "#{alternate_on} #{cursor_flag}")
    assert flags == "0 1", flags
    studio.tmux("send-keys", "-l", "fg; code=$?; stty -g > after; echo BACK-$code")
    studio.keys("Enter")
    studio.wait(lambda s: "rough_v7" in s and "Stopped" not in s and ("▶" in s or "■" in s), "studio after fg")
    studio.keys("q")
    studio.assert_left(0, "BACK")
    studio.assert_nothing_left()


def terminated(studio):
    playing(studio)
    os.kill(studio.pid, signal.SIGTERM)
    studio.assert_left(143)
    studio.assert_nothing_left()


def killed(studio):
    """kill -9 cannot restore a terminal, and loses no job: the engine completes the file, and nothing temporary is left."""
    playing(studio)
    studio.keys("r", "4")
    studio.see(r"\d+ %|waiting|done")
    os.kill(studio.pid, signal.SIGKILL)
    studio.see("LEFT-137")
    done = subprocess.run([LATHE, "queue", "attach", "--json", "--progress", "none"], env=studio.env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and [job["state"] for job in json.loads(done.stdout)] == ["finished"], done
    studio.assert_nothing_left("rough_v7-master.wav")


def hung_up(studio):
    """The line drops: the studio ends within a second or two, and with it everything temporary."""
    playing(studio)
    studio.tmux("kill-session", "-t", "s")
    end = time.monotonic() + 5
    while os.path.exists(f"/proc/{studio.pid}"):
        with open(f"/proc/{studio.pid}/stat") as f:
            if f.read().rsplit(") ", 1)[1].startswith("Z"):
                break
        assert time.monotonic() < end, "the studio outlives its terminal"
        # Between two looks.
        time.sleep(0.02)
    studio.assert_nothing_left()


PARTS = {
    "journey at 80x24": (journey, 80, 24),
    "journey at 120x36": (journey, 120, 36),
    "typed ahead": (typed_ahead, 120, 36),
    "changes on disk": (changes_on_disk, 120, 36),
    "Latin-1 names": (latin_names, 120, 36),
    "resize storm": (resize_storm, 120, 36),
    "Ctrl-Z and fg": (suspend_and_return, 80, 24),
    "SIGTERM": (terminated, 80, 24),
    "SIGHUP": (hung_up, 80, 24),
    "kill -9": (killed, 80, 24),
}
if LONG:
    PARTS["journey at 200x60"] = (journey, 200, 60)


def main():
    if not os.access(LATHE, os.X_OK):
        sys.exit(f"journey: {LATHE} is not there; build first, or set LATHE_BINARY")
    wanted = [a for a in sys.argv[1:] if not a.startswith("--")]
    passed = failed = 0
    for name, (part, columns, rows) in PARTS.items():
        if wanted and not any(w in name for w in wanted):
            continue
        with tempfile.TemporaryDirectory(prefix="lathe-journey-", ignore_cleanup_errors=True) as root:
            studio = Studio(root, columns, rows)
            try:
                part(studio)
                passed += 1
            except (AssertionError, subprocess.SubprocessError, OSError, ValueError, TypeError) as error:
                failed += 1
                print(f"journey: {name}: {type(error).__name__}: {error}", file=sys.stderr)
            finally:
                studio.close()
    print(f"journey: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="lathe-seed-") as folder:
        SEED = os.path.join(folder, "seed.wav")
        mix.write(SEED, 14.0, 44100)
        sys.exit(main())
