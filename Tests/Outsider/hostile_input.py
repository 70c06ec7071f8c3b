#!/usr/bin/env python3
"""Feeds `lathe` what it must survive: broken files, odd places, full disks, sudden death.

Looks only from outside: exit code, what is printed, what lies on disk afterwards. Files are made here byte by byte or with
flac(1), never with Lathe's own code. Each check is one line of the list at the bottom; the last line counts them.

    LATHE_BINARY=path/to/lathe hostile_input.py [--long] [NAME...]     NAME: run only checks whose name holds it
"""

import array
import contextlib
import hashlib
import json
import math
import os
import random
import shutil
import signal
import stat
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
LATHE = os.path.abspath(os.environ.get("LATHE_BINARY") or os.path.join(HERE, "../../.build-test/release/lathe"))
LONG = "--long" in sys.argv
RATE = 44100


class Skipped(Exception):
    pass


# --- Files, byte by byte -------------------------------------------------------------------------------------------------

def tone(seconds=3.0, rate=RATE, channels=2, level=0.3):
    """Interleaved 16-bit samples: two sines with a slow swell, enough for a loudness and a limiter to act on."""
    out = array.array("h")
    for n in range(int(seconds * rate)):
        swell = level * (0.6 + 0.4 * math.sin(n / rate * 2.0))
        for c in range(channels):
            out.append(int(32767 * swell * (math.sin(n * 0.0313 * (c + 1)) + 0.4 * math.sin(n * 0.41)) / 1.4))
    return out.tobytes()


def wav(data, rate=RATE, channels=2, bits=16, code=1, data_size=None, riff_size=None):
    block = channels * bits // 8
    fmt = struct.pack("<HHIIHH", code, channels, rate, (rate * block) & 0xFFFFFFFF, block & 0xFFFF, bits)
    size = len(data) if data_size is None else data_size
    body = b"WAVE" + b"fmt " + struct.pack("<I", len(fmt)) + fmt + b"data" + struct.pack("<I", size) + data
    return b"RIFF" + struct.pack("<I", len(body) if riff_size is None else riff_size) + body


GOOD = wav(tone())


def floats(value, at=1000, count=8000):
    samples = [0.1 * math.sin(n * 0.05) for n in range(count)]
    samples[at] = value
    return wav(struct.pack(f"<{count}f", *samples), channels=1, bits=32, code=3)


# --- Running -------------------------------------------------------------------------------------------------------------

class Place:
    """A folder of its own with its own XDG folders, and what was in it before."""

    def __init__(self, root):
        self.root = root
        self.work = os.path.join(root, "work")
        self.home = os.path.join(root, "home")
        for folder in (self.work, self.home):
            os.mkdir(folder)
        runtime = os.path.join(self.home, "runtime")
        os.mkdir(runtime, 0o700)
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "LATHE_"))}
        self.env.update(HOME=self.home, XDG_STATE_HOME=self.home + "/state", XDG_CONFIG_HOME=self.home + "/config",
                        XDG_CACHE_HOME=self.home + "/cache", XDG_RUNTIME_DIR=runtime, TMPDIR=os.path.join(root, "tmp"), LC_ALL="C.UTF-8")
        os.mkdir(self.env["TMPDIR"])
        if "LATHE_DATA" in os.environ:
            self.env["LATHE_DATA"] = os.environ["LATHE_DATA"]

    def file(self, name, data, mode=0o644):
        path = os.path.join(self.work, name)
        with open(path, "wb") as f:
            f.write(data)
        os.chmod(path, mode)
        return path

    def run(self, *arguments, **options):
        options.setdefault("timeout", 120)
        options.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.run([LATHE, *arguments], env=self.env, cwd=self.work, stdout=options.pop("stdout", subprocess.PIPE),
                              stderr=subprocess.PIPE, **options)

    def listing(self):
        """Every name in the working, temporary and runtime folders."""
        names = set()
        for top in (self.work, self.env["TMPDIR"], self.env["XDG_RUNTIME_DIR"]):
            for folder, folders, files in os.walk(top):
                names.update(os.path.relpath(os.path.join(folder, name), self.root) for name in folders + files)
        return names

    def ledger(self):
        done = self.run("ledger", "list", "--json")
        assert done.returncode == 0, f"ledger list: {done.returncode} {done.stderr!r}"
        return json.loads(done.stdout)

    def assert_ledger_empty(self):
        live = [row for row in self.ledger() if row["state"] not in ("destroyed", "handed over", "handed_over")]
        assert not live, f"rows left in the ledger: {live}"


def digest(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def one_line(done, *needles):
    text = done.stderr.decode("utf-8")
    assert text.count("\n") == 1 and text.endswith("\n"), f"not one line on standard error: {text!r}"
    assert all(ord(c) >= 0x20 and not 0x7F <= ord(c) <= 0x9F for c in text[:-1]), f"control characters: {text!r}"
    for needle in needles:
        assert needle in text, f"{needle!r} is not in {text!r}"


def refused(place, arguments, code, *needles, allow=()):
    """Runs and expects the exit code, one line, nothing on standard output, nothing new on disk, an empty ledger."""
    before = place.listing()
    done = place.run(*arguments)
    assert done.returncode in ((code,) if isinstance(code, int) else code), f"exit {done.returncode}, {done.stderr!r}"
    one_line(done, *needles)
    assert done.stdout == b"", f"standard output: {done.stdout[:200]!r}"
    left = place.listing() - before - set(allow)
    assert not left, f"left behind: {left}"
    place.assert_ledger_empty()


def refused_by_both(place, path, code, *needles):
    name = os.path.basename(path)
    refused(place, ["analyze", name, "--json"], code, *needles)
    refused(place, ["master", name, "--json", "-o", "out.wav"], code, *needles)


# --- Bad input -----------------------------------------------------------------------------------------------------------

def bad_file(data, code, name="bad.wav", *needles):
    def check(place):
        path = place.file(name, data)
        before = digest(path)
        refused_by_both(place, path, code, name, *needles)
        assert digest(path) == before
    return check


def flac_with_unknown_length(place):
    path = os.path.join(place.work, "piped.flac")
    with open(path, "wb") as out:
        subprocess.run(["flac", "-s", "-c", "--force-raw-format", "--endian=little", "--sign=signed", "--channels=2", "--bps=16",
                        f"--sample-rate={RATE}", "-"], input=tone(), stdout=out, stderr=subprocess.DEVNULL, check=True)
    with open(path, "rb") as f:
        head = f.read(42)
    assert int.from_bytes(head[21:26], "big") & 0xF_FFFF_FFFF == 0, "flac wrote a length after all"
    done = place.run("master", "piped.flac", "-o", "out.wav", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["after"]["frames"] == 3 * RATE
    place.assert_ledger_empty()


def flac_claiming(frames):
    """A FLAC whose header announces `frames` (36 bits) over three seconds of sound."""
    def check(place):
        good = place.file("good.wav", GOOD)
        path = os.path.join(place.work, "huge.flac")
        subprocess.run(["flac", "-s", "-o", path, good], check=True)
        with open(path, "r+b") as f:
            data = bytearray(f.read())
            word = int.from_bytes(data[18:26], "big")
            data[18:26] = ((word & ~0xF_FFFF_FFFF) | frames).to_bytes(8, "big")
            f.seek(0)
            f.write(data)
        refused_by_both(place, path, 65, "huge.flac")
    return check


def streamed_wav(place):
    place.file("pipe.wav", wav(tone(), data_size=0xFFFFFFFF, riff_size=0xFFFFFFFF))
    done = place.run("analyze", "pipe.wav", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["frames"] == 3 * RATE


def missing(place):
    refused_by_both(place, os.path.join(place.work, "nowhere.wav"), 66, "nowhere.wav")


def directory(place):
    os.mkdir(os.path.join(place.work, "folder.wav"))
    refused_by_both(place, "folder.wav", (65, 66), "folder.wav")


def fifo(place):
    os.mkfifo(os.path.join(place.work, "pipe.wav"))
    refused_by_both(place, "pipe.wav", 65, "pipe.wav")


def device(place):
    refused(place, ["analyze", "/dev/zero"], 65, "/dev/zero")
    refused(place, ["analyze", "/dev/full"], 65, "/dev/full")


def dangling_link(place):
    os.symlink("nowhere.wav", os.path.join(place.work, "link.wav"))
    refused_by_both(place, "link.wav", 66, "link.wav")


def unreadable(place):
    path = place.file("secret.wav", GOOD, mode=0o000)
    if os.geteuid() != 0:
        refused_by_both(place, path, 66, "secret.wav")
        return
    # For root nothing is unreadable; a copy that nobody may run shows it.
    binary, data = os.path.join(place.root, "lathe"), os.path.join(place.root, "data")
    shutil.copy(LATHE, binary)
    shutil.copytree(os.path.join(HERE, "../../Presets"), data + "/Presets")
    for top in (place.work, place.home, place.env["TMPDIR"]):
        for folder, folders, _ in os.walk(top):
            os.chown(folder, 65534, 65534)
    os.chmod(place.root, 0o755)
    env = dict(place.env, LATHE_DATA=data)
    for arguments in (["analyze", "secret.wav"], ["master", "secret.wav"]):
        done = subprocess.run([binary, *arguments], env=env, cwd=place.work, capture_output=True, user=65534, group=65534, extra_groups=[])
        assert done.returncode == 66, (done.returncode, done.stderr)
        one_line(done, "secret.wav")


def names_cannot_steer_the_terminal(place):
    name = "a\x1b[2J\x07\n\u202eb.wav"
    place.file(name, b"this is no sound at all, only text")
    for command in (["analyze", name], ["master", name]):
        done = place.run(*command)
        assert done.returncode == 65, done.returncode
        one_line(done)
        assert "\u202e" not in done.stderr.decode()
    place.file(name, GOOD)
    for command in (["analyze", name], ["analyze", name, "--json"]):
        done = place.run(*command)
        assert done.returncode == 0, done.stderr
        assert b"\x1b" not in done.stdout and "\u202e" not in done.stdout.decode()


# --- Outputs -------------------------------------------------------------------------------------------------------------

def names_that_are_not_text(place):
    """Old Latin-1 names: e acute is the byte E9, which is no UTF-8 (ISO 8859-1). The files are found, mastered and named after them byte by byte."""
    folder = os.path.join(place.work.encode(), b"alt\xe9")
    os.mkdir(folder)
    with open(os.path.join(folder, b"caf\xe9.wav"), "wb") as f:
        f.write(GOOD)
    given = b"alt\xe9/caf\xe9.wav"
    for command in (["analyze", "--json"], ["preview", "--sink", "null", "--seconds", "0.1", "--json"], ["master", "--json", "--progress", "json"]):
        done = place.run(command[0], given, *command[1:])
        assert done.returncode == 0, (command, done.stderr)
        said = json.loads(done.stdout.decode())
        assert r"caf\xE9.wav" in (said.get("file") or said["input"]), said
        done.stderr.decode()
    assert os.path.getsize(os.path.join(folder, b"caf\xe9-master.wav")) > len(GOOD)
    again = place.run("master", given)
    one_line(again, r"caf\xE9-master.wav", "exists already")
    assert again.returncode == 73
    for extra in ([], ["--force"]):
        done = place.run("master", given, "-o", b"alt\xe9/\xfcber.flac", *extra)
        assert done.returncode == 0, done.stderr
    into = place.run("master", given, "-o", b"alt\xe9", "--format", "ogg")
    assert into.returncode == 0, into.stderr
    assert set(os.listdir(folder)) == {b"caf\xe9.wav", b"caf\xe9-master.wav", b"\xfcber.flac", b"caf\xe9-master.ogg"}, os.listdir(folder)
    over = place.run("master", given, "-o", given, "--force")
    assert over.returncode == 73, over.stderr
    nowhere = place.run("analyze", b"alt\xe9/\xff.wav")
    assert nowhere.returncode == 66
    one_line(nowhere, r"\xFF.wav")
    place.assert_ledger_empty()


def never_over_the_input(place):
    path = place.file("mix.wav", GOOD)
    os.link(path, os.path.join(place.work, "hard.wav"))
    os.symlink("mix.wav", os.path.join(place.work, "soft.wav"))
    before = digest(path)
    for target in ("mix.wav", "./mix.wav", "hard.wav", "soft.wav"):
        refused(place, ["master", "mix.wav", "-o", target, "--force"], 73, target.split("/")[-1])
    refused(place, ["master", "soft.wav", "-o", "mix.wav", "--force"], 73, "mix.wav")
    assert digest(path) == before


def existing_output_needs_force(place):
    place.file("mix.wav", GOOD)
    old = place.file("old.wav", b"precious")
    refused(place, ["master", "mix.wav", "-o", "old.wav"], 73, "old.wav", "--force")
    assert open(old, "rb").read() == b"precious"
    done = place.run("master", "mix.wav", "-o", "old.wav", "--force")
    assert done.returncode == 0, done.stderr
    assert open(old, "rb").read(4) == b"RIFF"


def a_failed_render_keeps_the_old_output(place):
    place.file("bad.wav", floats(math.nan, at=7000))
    old = place.file("old.wav", b"precious")
    refused(place, ["master", "bad.wav", "-o", "old.wav", "--force"], 65, "bad.wav")
    assert open(old, "rb").read() == b"precious"


def odd_outputs(place):
    place.file("mix.wav", GOOD)
    refused(place, ["master", "mix.wav", "-o", "no/such/folder/out.wav"], 73, "no/such/folder")
    os.mkfifo(os.path.join(place.work, "out.wav"))
    refused(place, ["master", "mix.wav", "-o", "out.wav", "--force"], 73, "out.wav")
    assert stat.S_ISFIFO(os.stat(os.path.join(place.work, "out.wav")).st_mode)
    refused(place, ["master", "mix.wav", "-o", "/dev/full", "--force"], 73, "/dev/full")


def standard_output_full(place):
    place.file("mix.wav", GOOD)
    with open("/dev/full", "wb") as full:
        done = place.run("analyze", "mix.wav", "--json", stdout=full)
    assert done.returncode == 74, (done.returncode, done.stderr)
    one_line(done)


@contextlib.contextmanager
def small_disk(place, size):
    folder = os.path.join(place.root, "disk")
    os.mkdir(folder)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True)
    if mounted.returncode != 0:
        raise Skipped("cannot mount a tmpfs here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def disk_full(place):
    place.file("mix.wav", wav(tone(seconds=15)))
    with small_disk(place, "2m") as disk:
        refused(place, ["master", "mix.wav", "-o", os.path.join(disk, "out.wav")], 74, "out.wav")
        assert os.listdir(disk) == [], os.listdir(disk)
        assert os.statvfs(disk).f_bfree >= os.statvfs(disk).f_blocks - 8, "blocks are still taken"


def disk_full_for_the_ledger(place):
    """With no room for a row there is no temporary item, so no render; and nothing is left."""
    place.file("mix.wav", GOOD)
    with small_disk(place, "64k") as disk:
        with contextlib.suppress(OSError):
            with open(os.path.join(disk, "filler"), "wb") as f:
                while True:
                    f.write(b"x" * 4096)
                    f.flush()
        place.env["XDG_STATE_HOME"] = os.path.join(disk, "state")
        before = place.listing()
        done = place.run("master", "mix.wav", "-o", "out.wav")
        assert done.returncode in (73, 74), (done.returncode, done.stderr)
        one_line(done)
        assert place.listing() == before


# --- Sudden death --------------------------------------------------------------------------------------------------------

def killed(sig, code, rounds, seconds=8.0):
    def check(place):
        path = place.file("mix.wav", wav(tone(seconds)))
        before = digest(path)
        clean = place.listing()
        start = time.monotonic()
        done = place.run("master", "mix.wav", "-o", "out.wav")
        whole = time.monotonic() - start
        assert done.returncode == 0, done.stderr
        os.unlink(os.path.join(place.work, "out.wav"))
        chance = random.Random(2)
        for _ in range(rounds):
            process = subprocess.Popen([LATHE, "master", "mix.wav", "-o", "out.wav"], env=place.env, cwd=place.work,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=chance.uniform(0, whole * 1.05))
            process.send_signal(sig)
            _, errors = process.communicate(timeout=30)
            assert process.returncode in (0, code, -sig), (process.returncode, errors)
            out = os.path.join(place.work, "out.wav")
            if os.path.exists(out):
                # Whole or absent: 8 s of 24-bit stereo and a header.
                assert os.path.getsize(out) >= int(seconds * RATE) * 6, "a partial output"
                os.unlink(out)
            assert digest(path) == before
            if sig != signal.SIGKILL and process.returncode == code:
                assert errors.count(b"\n") == 1, errors
            left = place.listing() - clean
            assert not left, f"left behind: {left}"
            place.assert_ledger_empty()
    return check


# --- Presets -------------------------------------------------------------------------------------------------------------

def hostile_presets(place):
    place.file("mix.wav", GOOD)
    cases = {
        "unknown.toml": (b"schema = 1\n[compressor]\nratoi = 2\n", "unknown.toml:3:1"),
        "nan.toml": (b"schema = 1\n[target]\nlufs = nan\n", "nan.toml:3:1"),
        "loud.toml": (b"schema = 1\n[target]\nlufs = 40\n", "loud.toml:3:1"),
        "schema.toml": (b"schema = 99\n", "schema.toml:1:1"),
        "syntax.toml": (b"schema = 1\n[target\n", "syntax.toml:2"),
        "deep.toml": (b".".join([b"a"] * 20000) + b" = 1\n", "deep.toml:1"),
        "nest.toml": (b"a = " + b"[" * 60000, "nest.toml:1"),
        "huge.toml": (b"#" * 70000, "huge.toml"),
        "bytes.toml": (bytes(range(256)), "bytes.toml"),
        "nine.toml": (b"[[eq.band]]\n" * 9, "nine.toml:9"),
        "escape.toml": (b'"\\u001b[2J" = 1\n', "escape.toml:1:1"),
    }
    for name, (data, place_in_file) in cases.items():
        place.file(name, data)
        refused(place, ["presets", "check", name], 65, place_in_file)
        refused(place, ["master", "mix.wav", "--preset", "./" + name], 65, place_in_file)
    refused(place, ["master", "mix.wav", "--preset", "nowhere"], 66, "nowhere")
    os.mkfifo(os.path.join(place.work, "pipe.toml"))
    refused(place, ["presets", "check", "pipe.toml"], 65, "pipe.toml")


def hostile_album_files(place):
    place.file("mix.wav", GOOD)
    head = b"schema = 1\n"
    cases = {
        "unknown.toml": (head + b"[[track]]\nfiel = 'mix.wav'\n", "unknown.toml:3"),
        "nan.toml": (head + b"gap_seconds = nan\n[[track]]\nfile = 'mix.wav'\n", "nan.toml:2"),
        "far.toml": (head + b"[[track]]\nfile = 'mix.wav'\nhead_ms = 1e300\n", "far.toml:4"),
        "none.toml": (head, "none.toml"),
        "many.toml": (head + b"[[track]]\nfile = 'mix.wav'\n" * 100, "many.toml"),
        "steer.toml": (head + b"title = \"\\u001b[2J\"\n[[track]]\nfile = 'mix.wav'\n", "steer.toml:2"),
        "deep.toml": (b".".join([b"a"] * 20000) + b" = 1\n", "deep.toml:1"),
        "huge.toml": (b"#" * 200_000, "huge.toml"),
        "bytes.toml": (bytes(range(256)), "bytes.toml"),
    }
    for name, (data, where) in cases.items():
        place.file(name, data)
        refused(place, ["master", "--sequence", name], 65, where)
        refused(place, ["master", "mix.wav", "--signature", name], 65, name)
    refused(place, ["master", "--sequence", "nowhere.toml"], 66, "nowhere.toml")
    os.mkfifo(os.path.join(place.work, "pipe.toml"))
    refused(place, ["master", "--sequence", "pipe.toml"], 65, "pipe.toml")
    refused(place, ["master", "mix.wav", "--signature", "pipe.toml"], 65, "pipe.toml")
    # A track that cuts itself away, a folder that cannot be, a disc over an input.
    place.file("away.toml", head + b"[[track]]\nfile = 'mix.wav'\nhead_ms = 999999\n")
    refused(place, ["master", "--sequence", "away.toml"], 65, "mix.wav")
    refused(place, ["master", "mix.wav", "--ddp", "no/where"], 73, "no")
    refused(place, ["master", "mix.wav", "--ddp", "mix.wav"], 73, "mix.wav")
    refused(place, ["master", "mix.wav", "--cue", "mix.cue", "--force"], 73, "mix.wav")
    place.assert_ledger_empty()


def usage_errors(place):
    place.file("mix.wav", GOOD)
    for arguments in (
        ["master"], ["master", "mix.wav", "--weights", "2,1"], ["master", "mix.wav", "--bits", "20"], ["master", "mix.wav", "--format", "exe"],
        ["master", "mix.wav", "--set", "limiter.ceiling=3"], ["master", "mix.wav", "--set", "nonsense"], ["master", "mix.wav", "--set", "a.b=1"],
        ["master", "mix.wav", "--jobs", "0"], ["master", "mix.wav", "--jobs", "many"], ["generate", "a song", "--bars", "0"], ["master", "mix.wav", "--gap", "-1"],
        ["master", "mix.wav", "--upc", "123"], ["master", "mix.wav", "--signature", "a", "--album"], ["analyze"], ["analyze", "--jsn", "mix.wav"],
        ["ledger", "erase"], ["serve", "--port", "65536"],
    ):
        refused(place, arguments, 64)


# --- Random damage -------------------------------------------------------------------------------------------------------

def damaged(kind, rounds):
    """Flipped, cut and repeated bytes: any verdict is fine, a crash, a hang or a mess is not."""
    def check(place):
        good = place.file("good.wav", wav(tone(0.7)))
        path = os.path.join(place.work, "damaged." + kind)
        if kind == "wav":
            data = open(good, "rb").read()
        elif kind == "flac":
            data = subprocess.run(["flac", "-s", "-c", good], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
        else:
            source = os.path.join(place.work, "source." + kind)
            subprocess.run(["ffmpeg", "-v", "error", "-i", good, source], check=True)
            data = open(source, "rb").read()
        chance = random.Random(kind)
        before = None
        for round in range(rounds):
            broken = bytearray(data)
            for _ in range(chance.choice((1, 3, 30))):
                at = chance.randrange(min(len(broken), chance.choice((64, 512, len(broken)))))
                broken[at] = chance.choice((0, 0xFF, 0x7F, 0x80, broken[at] ^ (1 << chance.randrange(8))))
            if chance.random() < 0.3:
                del broken[chance.randrange(1, len(broken)):]
            with open(path, "wb") as f:
                f.write(broken)
            before = before or place.listing()
            done = place.run("master", os.path.basename(path), "-o", "out.wav", timeout=60)
            assert done.returncode in (0, 65), f"round {round}: exit {done.returncode} {done.stderr!r}"
            if done.returncode == 0:
                os.unlink(os.path.join(place.work, "out.wav"))
            else:
                one_line(done)
            assert place.listing() == before
        place.assert_ledger_empty()
    return check


CHECKS = {
    "empty file": bad_file(b"", 65),
    "text renamed .wav": bad_file(b"Dear diary, today I bounced the mix.\n" * 50, 65),
    "truncated WAV": bad_file(GOOD[:len(GOOD) // 2], 65),
    "WAV header alone": bad_file(GOOD[:20], 65),
    "no channels": bad_file(wav(tone(0.1), channels=0), 65),
    "33 channels": bad_file(wav(bytes(33 * 2 * 500), channels=33), 65),
    "sample rate 0": bad_file(wav(tone(0.1), rate=0), 65),
    "sample rate 1 Hz": bad_file(wav(tone(0.1), rate=1), 65),
    "sample rate 4 GHz": bad_file(wav(tone(0.1), rate=0xFFFFFFFF), 65),
    "NaN sample": bad_file(floats(math.nan), 65, "nan.wav"),
    "infinite sample": bad_file(floats(math.inf), 65, "inf.wav"),
    "NaN in the last frame": bad_file(floats(math.nan, at=7999), 65, "last.wav"),
    "random bytes": bad_file(random.Random(1).randbytes(100_000), 65, "noise.mp3"),
    "FLAC claiming 2^36-1 frames": flac_claiming(0xF_FFFF_FFFF),
    "FLAC claiming one frame too many": flac_claiming(3 * RATE + 1),
    "FLAC of unknown length": flac_with_unknown_length,
    "WAV of unknown length": streamed_wav,
    "missing file": missing,
    "directory": directory,
    "FIFO": fifo,
    "device": device,
    "dangling link": dangling_link,
    "unreadable": unreadable,
    "names cannot steer the terminal": names_cannot_steer_the_terminal,
    "names that are not text": names_that_are_not_text,
    "never over the input": never_over_the_input,
    "existing output needs --force": existing_output_needs_force,
    "a failed render keeps the old output": a_failed_render_keeps_the_old_output,
    "odd outputs": odd_outputs,
    "standard output full": standard_output_full,
    "disk full": disk_full,
    "disk full for the ledger": disk_full_for_the_ledger,
    "kill -9 at random moments": killed(signal.SIGKILL, -9, 60 if LONG else 8),
    "Ctrl-C at random moments": killed(signal.SIGINT, 130, 40 if LONG else 6),
    "SIGTERM at random moments": killed(signal.SIGTERM, 130, 40 if LONG else 4),
    "hostile presets": hostile_presets,
    "hostile album files": hostile_album_files,
    "usage errors": usage_errors,
    "damaged WAV": damaged("wav", 300 if LONG else 15),
    "damaged FLAC": damaged("flac", 300 if LONG else 15),
    "damaged MP3": damaged("mp3", 200 if LONG else 10),
    "damaged Ogg": damaged("ogg", 200 if LONG else 10),
    "damaged AIFF": damaged("aiff", 200 if LONG else 8),
}


def main():
    if not os.access(LATHE, os.X_OK):
        sys.exit(f"hostile input: {LATHE} is not there; build first, or set LATHE_BINARY")
    wanted = [a for a in sys.argv[1:] if not a.startswith("--")]
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for name, check in CHECKS.items():
        if wanted and not any(w in name for w in wanted):
            continue
        with tempfile.TemporaryDirectory(prefix="lathe-hostile-") as root:
            try:
                check(Place(root))
                counts["passed"] += 1
            except Skipped as why:
                counts["skipped"] += 1
                print(f"hostile input: {name}: skipped, {why}", file=sys.stderr)
            except (AssertionError, subprocess.SubprocessError, OSError, ValueError, KeyError) as error:
                counts["failed"] += 1
                print(f"hostile input: {name}: {type(error).__name__}: {error}", file=sys.stderr)
    print("hostile-input: {passed} passed, {failed} failed, {skipped} skipped".format(**counts))
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
