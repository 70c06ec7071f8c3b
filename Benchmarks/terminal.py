#!/usr/bin/env python3
"""What the studio costs on a line: start, key latency, bytes and writes per frame, processor, memory; in a pseudo-terminal of 120×36.

    Benchmarks/terminal.py [--seconds S] [--keys N] [--json]

The terminal side answers the queries a terminal answers and knows synchronized updates, so frames can be counted by their
brackets. Writes are counted with strace when it is installed. LATHE_BINARY names the program to measure.
"""

import argparse
import fcntl
import json
import os
import pty
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
ROOT = os.path.dirname(HERE)
LATHE = os.environ.get("LATHE_BINARY") or os.path.join(ROOT, ".build/release/lathe")
sys.path.insert(0, os.path.join(ROOT, "Tests/Support"))
BEGIN = b"\x1b[?2026h"


class Terminal:
    def __init__(self, command, env, columns=120, rows=36):
        self.start = time.monotonic()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.execvpe(command[0], command, env)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.data = bytearray()
        self.total = 0
        self.frames = 0

    def pump(self, timeout):
        """Reads once; the time of arrival, or None when nothing came."""
        ready, _, _ = select.select([self.fd], [], [], max(0, timeout))
        if not ready:
            return None
        try:
            data = os.read(self.fd, 1 << 20)
        except OSError:
            data = b""
        now = time.monotonic()
        if not data:
            raise EOFError("the studio ended: " + self.text()[-400:])
        self.total += len(data)
        self.frames += data.count(BEGIN)
        self.data += data
        if b"\x1b[?2026$p" in data:
            os.write(self.fd, b"\x1b[?2026;2$y")
        if b"\x1b[c" in data or b"\x1b[0c" in data:
            os.write(self.fd, b"\x1b[?62;22c")
        if b"\x1b[6n" in data:
            os.write(self.fd, b"\x1b[1;1R")
        return now

    def text(self):
        return re.sub(rb"\x1b\[[0-9;?$]*[A-Za-z]|\x1b[()][A-Z0-9]", b"", bytes(self.data)).decode(errors="replace")

    def until(self, pattern, timeout=20):
        """Waits for text since the last call; the time it was complete."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            now = self.pump(end - time.monotonic())
            if now and re.search(pattern, self.text()):
                self.data.clear()
                return now
        raise TimeoutError(f"{pattern} did not appear in: {self.text()[-600:]}")

    def quiet(self, seconds):
        """Reads on until nothing came for `seconds`."""
        while self.pump(seconds) is not None:
            pass

    def watch(self, seconds):
        """Bytes and frames that arrive in that time."""
        total, frames, end = self.total, self.frames, time.monotonic() + seconds
        while time.monotonic() < end:
            self.pump(end - time.monotonic())
        return self.total - total, self.frames - frames

    def send(self, keys):
        os.write(self.fd, keys)

    def latencies(self, keys, count, playing):
        """Milliseconds from a key to the first byte of a frame that begins after it."""
        out = []
        for n in range(count):
            if playing:
                # Away from the animation's own frame, so that the answer is the key's.
                while self.pump(0.004) is not None:
                    pass
            else:
                self.quiet(0.05)
            sent = time.monotonic()
            self.send(keys[n % len(keys)])
            arrived = self.pump(1)
            if arrived:
                out.append((arrived - sent) * 1000)
        return sorted(out)

    def cpu(self):
        with open(f"/proc/{self.pid}/stat") as f:
            fields = f.read().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self, key="VmRSS"):
        with open(f"/proc/{self.pid}/status") as f:
            return next(int(line.split()[1]) / 1024 for line in f if line.startswith(key))

    def close(self):
        try:
            os.kill(self.pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
        try:
            while True:
                self.pump(2)
        except (EOFError, OSError):
            pass
        os.waitpid(self.pid, 0)


def writes_per_frame(terminal, seconds):
    """Writes to the terminal over frames, by strace; None without it."""
    if not shutil.which("strace"):
        return None
    with tempfile.NamedTemporaryFile("r") as log:
        tracer = subprocess.Popen(["strace", "-f", "-y", "-qq", "-e", "trace=write,writev", "-o", log.name, "-p", str(terminal.pid)], stderr=subprocess.DEVNULL)
        time.sleep(0.5)
        terminal.watch(0.2)
        before = sum("/pts/" in line or "/dev/tty" in line for line in open(log.name))
        _, frames = terminal.watch(seconds)
        tracer.send_signal(signal.SIGINT)
        tracer.wait()
        after = sum("/pts/" in line or "/dev/tty" in line for line in open(log.name))
    return (after - before) / frames if frames else None


def percentile(values, p):
    return values[min(len(values) - 1, int(p * len(values)))] if values else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--keys", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    import mix
    with tempfile.TemporaryDirectory(prefix="lathe-terminal-") as folder:
        music = folder + "/mixes"
        os.mkdir(music)
        mix.write(music + "/rough_v7.wav", 24.0, 44100)
        for n in range(40):
            open(f"{music}/take_{n:02}.wav", "wb").close()
        env = {k: v for k, v in os.environ.items() if not k.startswith("XDG_")}
        env.update(TERM="xterm-256color", LANG="C.UTF-8", LC_ALL="C.UTF-8", HOME=folder, XDG_STATE_HOME=folder + "/state",
                   XDG_CONFIG_HOME=folder + "/config", XDG_RUNTIME_DIR=folder)
        result = {}
        starts = []
        for _ in range(5):
            probe = Terminal([LATHE, music], env)
            starts.append((probe.until("rough_v7") - probe.start) * 1000)
            probe.close()
        result["start_to_first_paint_ms"] = sorted(starts)[2]

        many = folder + "/many"
        os.mkdir(many)
        for n in range(100_000):
            open(f"{many}/take {n:06}.wav", "wb").close()
        starts = []
        for _ in range(5):
            probe = Terminal([LATHE, many], env)
            starts.append((probe.until("take 0") - probe.start) * 1000)
            if len(starts) == 5:
                probe.until("100000")
                probe.quiet(1)
                keys = probe.latencies([b"j", b"k", b"\x1b[6~", b"\x1b[5~", b"\x1b[F", b"\x1b[H"], options.keys, playing=False)
                result["key_in_100000_ms"] = {"p50": percentile(keys, 0.5), "p99": percentile(keys, 0.99), "max": keys[-1]}
            probe.close()
        result["first_rows_of_100000_ms"] = sorted(starts)[2]

        terminal = Terminal([LATHE, music + "/rough_v7.wav", "--sink", "null"], env)
        terminal.until(r"LUFS")
        terminal.quiet(1)
        result["idle_bytes"], _ = terminal.watch(options.seconds / 2)
        idle = terminal.latencies([b"j", b"k"], options.keys, playing=False)
        result["key_idle_ms"] = {"p50": percentile(idle, 0.5), "p99": percentile(idle, 0.99), "max": idle[-1]}
        terminal.send(b" ")
        terminal.watch(2)
        cpu, begun = terminal.cpu(), time.monotonic()
        size, frames = terminal.watch(options.seconds)
        elapsed = time.monotonic() - begun
        result["playing"] = {"frames_per_s": frames / elapsed, "bytes_per_frame": size / max(1, frames), "bytes_per_s": size / elapsed,
                             "cpu_percent_of_a_core": 100 * (terminal.cpu() - cpu) / elapsed}
        playing = terminal.latencies([b"j", b"k"], options.keys, playing=True)
        result["key_playing_ms"] = {"p50": percentile(playing, 0.5), "p99": percentile(playing, 0.99), "max": playing[-1]}
        result["writes_per_frame"] = writes_per_frame(terminal, 3)
        result["resident_mib"] = terminal.memory()
        terminal.close()

        if options.json:
            print(json.dumps(result))
            return
        bars = {"start_to_first_paint_ms": "≤ 50", "first_rows_of_100000_ms": "≤ 50", "idle_bytes": "0", "writes_per_frame": "1", "resident_mib": "≤ 60"}
        for name, value in result.items():
            if isinstance(value, dict):
                print(f"{name:26} " + "  ".join(f"{k} {v:.1f}" for k, v in value.items()))
            else:
                shown = "not measured" if value is None else f"{value:.1f}"
                print(f"{name:26} {shown}  (bar: {bars[name]})")


if __name__ == "__main__":
    main()
