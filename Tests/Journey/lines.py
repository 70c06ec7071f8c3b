#!/usr/bin/env python3
"""The producer's way without a screen: lines in, lines out, as with a screen reader, a terminal that cannot be drawn on, or a script.

    LATHE_BINARY=path/to/lathe lines.py
"""

import os
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
LATHE = os.path.abspath(os.environ.get("LATHE_BINARY") or os.path.join(HERE, "../../.build-test/release/lathe"))
sys.path.insert(0, os.path.join(HERE, "../Support"))
sys.dont_write_bytecode = True
import mix  # noqa: E402

CONTROL = re.compile(rb"[\x00-\x09\x0b-\x1f\x7f]")


def place(root):
    music = os.path.join(root, "mixes")
    os.makedirs(music)
    mix.write(os.path.join(music, "rough.wav"), 8.0, 44100)
    environment = dict(os.environ, HOME=root, XDG_STATE_HOME=root + "/state", XDG_CONFIG_HOME=root + "/config", ALSA_CONFIG_PATH="/dev/null")
    return music, environment


def script(root):
    """A whole session from standard input: open, listen, set, compare, render, look, quit."""
    music, environment = place(root)
    words = ["list", "open rough.wav", "wait", "status", "preset pop", "set limiter.ceiling -1.5", "wait", "a", "b", "seek 0:03", "render", "wait", "queue", "list", "ledger", "list", "help render", "quit"]
    run = subprocess.run([LATHE, "--lines", "--sink", "null", music], input="\n".join(words) + "\n", env=environment, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, (run.returncode, run.stderr, run.stdout)
    assert os.path.exists(os.path.join(music, "rough-master.wav")), run.stdout
    for expected in ("rough.wav", "measured:", "master:", "rough-master.wav is ready", "(target.ceiling_dbtp): -1.5", "done, "):
        assert expected in run.stdout, f"{expected!r} was not said:\n{run.stdout}"
    assert not CONTROL.search(run.stdout.encode()), "control characters in lines"
    print("lines: a script opens, compares, sets, renders and looks")


def dumb(root):
    """TERM=dumb in a terminal: lines by themselves, with the reason."""
    music, environment = place(root)
    environment["TERM"] = "dumb"
    pid, line = pty.fork()
    if pid == 0:
        os.execve(LATHE, [LATHE, "--sink", "null", music], environment)
    seen = b""

    def until(text):
        nonlocal seen
        deadline = time.time() + 30
        while text not in seen:
            assert time.time() < deadline, seen
            if select.select([line], [], [], 0.2)[0]:
                seen += os.read(line, 4096)

    until(b"help lists the words")
    assert b"TERM=dumb" in seen
    os.write(line, b"list\n")
    until(b"rough.wav")
    os.write(line, b"quit\n")
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert b"\x1b" not in seen, "an escape sequence on a dumb terminal"
    print("lines: TERM=dumb goes on in lines, without one escape sequence")


def ended(root):
    """SIGTERM and a lost line end it, with its temporary data."""
    music, environment = place(root)
    run = subprocess.Popen([LATHE, "--lines", "--sink", "null", music], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    run.stdout.readline()
    run.send_signal(signal.SIGTERM)
    assert run.wait(10) == 143, run.returncode
    run = subprocess.run([LATHE, music], stdin=subprocess.DEVNULL, env=environment, capture_output=True, text=True, timeout=20)
    assert run.returncode == 0 and "help lists the words" in run.stdout, (run.returncode, run.stdout, run.stderr)
    print("lines: ends on SIGTERM with 143, and at the end of its input")


def unheard(root):
    """Lines that nobody can receive: an error where they are lost, quiet where the reader has gone."""
    music, environment = place(root)
    with open("/dev/full", "wb") as full:
        run = subprocess.run([LATHE, "--lines", "--sink", "null", music], input=b"list\n", stdout=full, stderr=subprocess.PIPE, env=environment, timeout=30)
    assert run.returncode == 74, run.returncode
    assert run.stderr.count(b"\n") == 1 and b"standard output: cannot be written" in run.stderr, run.stderr
    reader, writer = os.pipe()
    os.close(reader)
    run = subprocess.run([LATHE, "--lines", "--sink", "null", music], input=b"list\n", stdout=writer, stderr=subprocess.PIPE, env=environment, timeout=30)
    os.close(writer)
    assert run.returncode == 0 and run.stderr == b"", (run.returncode, run.stderr)
    print("lines: a full disk is told with 74, a reader that went away ends it")


def mistaken(root):
    """A typo in the configuration is told; the studio opens all the same. What the command line says must be right."""
    music, environment = place(root)
    os.makedirs(root + "/config/lathe")
    for text, word in (("[studio]\ntheme = \"nowhere\"\n", "nowhere"), ("[studio]\ncolour = 3\n", "colour"), ("[studio]\npreset = \"gone\"\n", "gone")):
        with open(root + "/config/lathe/config.toml", "w") as file:
            file.write(text)
        run = subprocess.run([LATHE, "--lines", "--sink", "null", music], input="list\nquit\n", env=environment, capture_output=True, text=True, timeout=30)
        assert run.returncode == 0 and word in run.stdout and "the usual settings apply" in run.stdout and "rough.wav" in run.stdout, (text, run.returncode, run.stdout, run.stderr)
    run = subprocess.run([LATHE, "--lines", "--theme", "nowhere", music], input="quit\n", env=environment, capture_output=True, text=True, timeout=30)
    assert run.returncode == 66 and "nowhere" in run.stderr, (run.returncode, run.stderr)
    print("lines: a mistake in config.toml is told and keeps nobody out")


def nowhere(root):
    """No terminal, a port that is none, a port that another studio has: each says what to do."""
    music, environment = place(root)
    mix_path = os.path.join(music, "rough.wav")

    def refused(code, *arguments):
        run = subprocess.run([LATHE, *arguments], stdin=subprocess.DEVNULL, env=environment, capture_output=True, timeout=30, start_new_session=True)
        assert run.returncode == code, (run.returncode, run.stderr)
        return run.stderr.decode()

    assert "lathe preview FILE --sink stdout" in refused(69, "--sink", "stdout", mix_path)
    for command in ((), ("preview",)):
        assert "from 1 to 65535" in refused(64, *command, "--sink", "http", "--port", "99999", mix_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        said = refused(75, "preview", "--sink", "http", "--port", port, mix_path)
        assert f"port {port} is taken" in said and "--port" in said, said
    print("lines: no terminal, no such port, a port that is taken: told with the way out")


def main():
    for part in (script, dumb, ended, unheard, mistaken, nowhere):
        root = tempfile.mkdtemp(prefix="lathe-lines-")
        try:
            part(root)
        finally:
            shutil.rmtree(root, ignore_errors=True)


main()
