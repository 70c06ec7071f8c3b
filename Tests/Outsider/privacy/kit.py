"""What every check of the kit stands on: a place of its own, files with canaries in them, and runs of `lathe`.

Nothing here imports or reads Lathe's code; it knows the command line, the export's published form, and Linux.
"""

import array
import concurrent.futures
import contextlib
import json
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
LATHE = os.path.abspath(os.environ.get("LATHE_BINARY") or os.path.join(HERE, "../../../.build-test/release/lathe"))
LONG = "--long" in sys.argv
SEED = int(os.environ.get("LATHE_SEED", random.randrange(1 << 32)))
chance = random.Random(SEED)
CHECKS = []


class Skipped(Exception):
    """Cannot be done here; says why."""


def check(function):
    """Registers a check: it raises when the claim in its name does not hold, and may answer with a line of figures."""
    CHECKS.append(function)
    return function


class Place:
    """A folder of its own with its own home, and the environment that keeps Lathe inside it."""

    def __init__(self, root):
        self.root = root
        # Clocks of file systems lag a little.
        self.began = time.time() - 1
        self.work = os.path.join(root, "work")
        self.home = os.path.join(root, "home")
        self.state = os.path.join(self.home, "state")
        self.ledger = os.path.join(self.state, "lathe")
        for folder in (self.work, self.home, self.home + "/runtime", self.home + "/tmp"):
            os.makedirs(folder, mode=0o700, exist_ok=True)
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "LATHE_"))}
        self.env.update(HOME=self.home, XDG_STATE_HOME=self.state, XDG_CONFIG_HOME=self.home + "/config", XDG_CACHE_HOME=self.home + "/cache",
                        XDG_RUNTIME_DIR=self.home + "/runtime", TMPDIR=self.home + "/tmp", LC_ALL="C.UTF-8", TERM="xterm-256color",
                        HISTFILE=self.home + "/.shell_history")
        if "LATHE_DATA" in os.environ:
            self.env["LATHE_DATA"] = os.environ["LATHE_DATA"]

    def run(self, *arguments, timeout=120, **options):
        return subprocess.run([LATHE, *arguments], env=self.env, cwd=self.work, stdin=options.pop("stdin", subprocess.DEVNULL),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout, **options)

    def json(self, *arguments):
        done = self.run(*arguments)
        assert done.returncode == 0, f"{' '.join(arguments)}: {done.returncode} {done.stderr.decode(errors='replace')}"
        return json.loads(done.stdout)

    def start(self, *arguments, wrap=(), **options):
        return subprocess.Popen([*wrap, LATHE, *arguments], env=self.env, cwd=self.work, stdin=options.pop("stdin", subprocess.DEVNULL),
                                stdout=options.pop("stdout", subprocess.DEVNULL), stderr=options.pop("stderr", subprocess.DEVNULL), **options)

    def wait_for_rows(self):
        """Until something that was started keeps temporary data: it is at work then."""
        end_at = time.monotonic() + 20
        while not self.json("ledger", "list", "--json"):
            assert time.monotonic() < end_at, "nothing was begun"

    def export(self):
        folder = tempfile.mkdtemp(dir=self.root)
        done = self.run("ledger", "export", "-o", folder + "/export")
        assert done.returncode == 0, done.stderr
        with open(folder + "/export/ledger.json") as file:
            return json.load(file)

    def assert_settled(self):
        """After a look from a new process: nothing open, nothing with a hidden name, the history whole, the store sound."""
        live = self.json("ledger", "list", "--json")
        assert live == [], f"open rows: {live}"
        self.assert_no_hidden_names()
        done = self.run("ledger", "verify")
        assert done.returncode == 0, f"verify: {done.stderr.decode(errors='replace')}"

    def assert_no_hidden_names(self):
        hidden = [name for name in os.listdir(self.work) if name.startswith(".")]
        assert not hidden, f"left behind: {hidden}"


@contextlib.contextmanager
def place(root=None):
    made = tempfile.mkdtemp(prefix="lathe-kit-", dir=root)
    try:
        yield Place(made)
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextlib.contextmanager
def small_disk(megabytes=64):
    """A file system of its own that can be filled; needs root."""
    if os.geteuid() != 0:
        raise Skipped("needs root to mount a small file system")
    folder = tempfile.mkdtemp(prefix="lathe-disk-")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], stderr=subprocess.DEVNULL).returncode != 0:
        os.rmdir(folder)
        raise Skipped("this machine allows no mounts")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=False)
        os.rmdir(folder)


@contextlib.contextmanager
def disk_image(megabytes=48):
    """A file system in a file, mounted: what the file holds afterwards is what a disk would. Answers with the mount and the file."""
    if os.geteuid() != 0 or shutil.which("mkfs.ext4") is None:
        raise Skipped("needs root and mkfs.ext4 to make a disk image")
    with tempfile.TemporaryDirectory(prefix="lathe-image-") as folder:
        image, mount = folder + "/image", folder + "/mount"
        os.mkdir(mount)
        with open(image, "wb") as file:
            file.truncate(megabytes << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True, stderr=subprocess.DEVNULL)
        if subprocess.run(["mount", "-o", "loop", image, mount], stderr=subprocess.DEVNULL).returncode != 0:
            raise Skipped("this machine mounts no images")
        try:
            yield mount, image
        finally:
            subprocess.run(["umount", "-l", mount], check=False, stderr=subprocess.DEVNULL)


# --- Sound ---------------------------------------------------------------------------------------------------------------

def wav(samples, rate=44100, channels=2):
    data = array.array("h", samples).tobytes()
    fmt = struct.pack("<HHIIHH", 1, channels, rate, rate * channels * 2, channels * 2, 16)
    body = b"WAVEfmt " + struct.pack("<I", len(fmt)) + fmt + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


class Canary:
    """A file whose sound and name can be recognised wherever they turn up: noise, in which a motif that occurs nowhere else returns
    every few milliseconds, so that even a small buffer holds it."""

    def __init__(self, folder, seconds=4.0, rate=44100):
        source = random.Random(os.urandom(16))
        self.token = "canary" + os.urandom(8).hex()
        self.motif = [source.randrange(-9000, 9000) for _ in range(16)]
        period = 2 * 200
        rest = [source.randrange(-9000, 9000) for _ in range(period - len(self.motif))]
        turns = []
        for _ in range(32):
            source.shuffle(rest)
            turns.append(self.motif + rest)
        samples = []
        while len(samples) < 2 * seconds * rate:
            samples += source.choice(turns)
        self.path = os.path.join(folder, self.token + ".wav")
        with open(self.path, "wb") as file:
            file.write(wav(samples))

    def needles(self):
        """The name, and the motif in every form a program would hold it: integers, floats, interleaved or by channel."""
        found = {self.token.encode(): "file name", struct.pack("<8h", *self.motif[:8]): "16-bit sound"}
        for name, piece in (("interleaved", self.motif[:8]), ("planar", self.motif[::2])):
            found[struct.pack("<8i", *[s << 16 for s in piece])] = name + " 32-bit sound"
            found[struct.pack("<8f", *[s / 32768 for s in piece])] = name + " float sound"
            found[struct.pack("<8d", *[s / 32768 for s in piece])] = name + " double sound"
        return found


# --- Many runs ---------------------------------------------------------------------------------------------------------------

def side_by_side(runs, body):
    """Does `body(number, source)` for every run, a few at once, because most of a run is waiting. Each has its own chance, so that the
    seed of the whole gives every run again."""
    sources = [random.Random(chance.randrange(1 << 32)) for _ in range(runs)]
    with concurrent.futures.ThreadPoolExecutor(min(12, 3 * (os.cpu_count() or 1))) as pool:
        tasks = [pool.submit(body, number, source) for number, source in enumerate(sources)]
        try:
            for task in concurrent.futures.as_completed(tasks):
                task.result()
        finally:
            for task in tasks:
                task.cancel()


# --- Running checks --------------------------------------------------------------------------------------------------------

def end(process):
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGKILL)
    process.wait()


def run_all(names):
    failures = skipped = passed = 0
    for function in CHECKS:
        title = function.__name__.replace("_", " ")
        if names and not any(name in function.__name__ for name in names):
            continue
        try:
            figures = function()
        except Skipped as reason:
            skipped += 1
            print(f"skipped  {title}: {reason}", flush=True)
        except Exception as error:  # noqa: BLE001 - one check's failure must not hide the others
            failures += 1
            print(f"FAILED   {title} (LATHE_SEED={SEED}): {type(error).__name__}: {error}", flush=True)
        else:
            passed += 1
            print(f"ok       {title}" + (f": {figures}" if figures else ""), flush=True)
    print(f"{passed} passed, {failures} failed, {skipped} skipped, seed {SEED}")
    return 1 if failures else 0
