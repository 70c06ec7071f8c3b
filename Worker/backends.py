"""What a replica works with: the `lathe` binary, which runs anywhere, or an ACE-Step 1.5 server beside it, where a GPU and its weights are."""

import fcntl
import json
import math
import os
import re
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

SECONDS = int(os.environ.get("LATHE_JOB_SECONDS", "900"))
FORMATS = {"wav", "flac", "aiff", "mp3", "ogg", "opus", "caf"}


class JobFailed(Exception):
    """What was asked cannot be done; says why in a line for the user."""


def make_backend():
    """LATHE_BACKEND: `lathe`, or `ace-step` for tracks (masters are Lathe's in any case)."""
    kind = os.environ.get("LATHE_BACKEND", "lathe")
    if kind == "lathe":
        return LatheBinary()
    if kind == "ace-step":
        return ACEStep(os.environ.get("ACE_STEP_URL", "http://127.0.0.1:8001"))
    raise ValueError(f"LATHE_BACKEND is {kind}; use lathe or ace-step")


def claim_core():
    """A core of this node that no other replica has; None when there are more replicas than cores.

    Lathe uses all the cores it sees. A replica that sees one leaves the others to the rest, and two do twice the work of one.
    """
    if os.environ.get("LATHE_PIN", "1") == "0":
        return None, None
    for core in sorted(os.sched_getaffinity(0)):
        claim = open(os.path.join(tempfile.gettempdir(), f"lathe-worker-{os.getuid()}-core-{core}"), "w")
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return core, claim
        except OSError:
            claim.close()
    return None, None


def jobs_folder():
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else tempfile.gettempdir()


def sweep():
    """Removes what a replica left that was killed at work."""
    for name in os.listdir(jobs_folder()):
        found = re.fullmatch(r"lathe-job-(\d+)-\w+", name)
        path = os.path.join(jobs_folder(), name)
        if found and not os.path.exists("/proc/" + found[1]) and os.stat(path, follow_symlinks=False).st_uid == os.getuid():
            shutil.rmtree(path, ignore_errors=True)


class LatheBinary:
    """Runs `lathe` for each job, in a folder of its own that is gone afterwards."""

    def __init__(self):
        self.program = os.environ.get("LATHE_BIN") or shutil.which("lathe")
        if not self.program or not os.access(self.program, os.X_OK):
            raise FileNotFoundError("no lathe binary; put one into PATH or name it in LATHE_BIN")
        self.core, self.claim = claim_core()
        sweep()

    def check(self):
        subprocess.run([self.program, "--version"], check=True, capture_output=True, timeout=8)

    def master(self, sound, ending, preset, form, target=None):
        """`sound`: its bytes, or a file of this node, which is moved. `target`: where the result is to lie; without it, its bytes are given."""
        with self.folder() as folder:
            source = os.path.join(folder, "in" + (ending if ending[1:].isalnum() else ""))
            if isinstance(sound, bytes):
                with open(source, "wb") as file:
                    file.write(sound)
            else:
                shutil.move(sound, source)
            arguments = ["master", source, "-o", os.path.join(folder, "out." + self.form(form))]
            if "\n" in preset or "=" in preset:
                with open(os.path.join(folder, "preset.toml"), "w") as file:
                    file.write(preset)
                arguments += ["--preset", os.path.join(folder, "preset.toml")]
            elif preset:
                if not all(c.isalnum() or c == "-" for c in preset):
                    raise JobFailed("preset: give the text of a preset file, or the name of one that comes with Lathe")
                arguments += ["--preset", preset]
            yield from self.run(folder, arguments, "out." + form, target)

    def generate(self, wish, form, target=None):
        with self.folder() as folder:
            # By file: a prompt on the command line would be there for everybody to read.
            with open(os.path.join(folder, "prompt"), "w") as file:
                file.write(wish["prompt"])
            arguments = ["generate", "--prompt-file", os.path.join(folder, "prompt"), "-o", os.path.join(folder, "out." + self.form(form))]
            for name in ("seconds", "bpm", "seed"):
                value = wish.get(name)
                if value is not None:
                    if not isinstance(value, (int, float)) or not math.isfinite(value):
                        raise JobFailed(f"{name} is no number")
                    arguments += [f"--{name}", str(int(value) if name == "seed" else float(value))]
            for name in ("key", "meter"):
                if wish.get(name):
                    arguments += [f"--{name}={str(wish[name])[:40]}"]
            yield from self.run(folder, arguments, "out." + form, target)

    @staticmethod
    def form(form):
        if form not in FORMATS:
            raise JobFailed("format is one of " + ", ".join(sorted(FORMATS)))
        return form

    @staticmethod
    def folder():
        return tempfile.TemporaryDirectory(prefix=f"lathe-job-{os.getpid()}-", dir=jobs_folder())

    def run(self, folder, arguments, result, target):
        """Progress while it works, then the result. The process does not outlive the call."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("RAY_", "LATHE_"))}
        environment["XDG_STATE_HOME"] = os.path.join(folder, "state")
        if "LATHE_DATA" in os.environ:
            environment["LATHE_DATA"] = os.environ["LATHE_DATA"]
        # Pinned before it starts, so that it counts one core.
        # And it ends with the replica, whatever ends that.
        command = ["setpriv", "--pdeathsig", "KILL"] + (["taskset", "-c", str(self.core)] if self.core is not None else []) + [self.program, *arguments, "--progress", "json"]
        process = subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        end, words = time.monotonic() + SECONDS, "it ended without a word"
        told, stage = 0.0, None
        try:
            for line in process.stderr:
                if line.startswith("{"):
                    step, now = json.loads(line), time.monotonic()
                    # Each goes through Ray and Gradio: as often as somebody can see, at most.
                    if step["stage"] != stage or now - told >= 0.25:
                        told, stage = now, step["stage"]
                        yield (float(step["fraction"]), str(stage))
                elif line.strip():
                    words = line.strip().removeprefix("lathe: ").replace(folder + os.sep, "")
                if time.monotonic() > end:
                    raise JobFailed(f"it took longer than {SECONDS} s")
            if process.wait() != 0:
                raise JobFailed(words)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
            process.stderr.close()
        made = os.path.join(folder, result)
        if target:
            shutil.move(made, target)
            yield target
            return
        with open(made, "rb") as file:
            yield file.read()


class ACEStep(LatheBinary):
    """Tracks by an ACE-Step 1.5 REST server on this node: POST /release_task, POST /query_result, GET /v1/audio."""

    def __init__(self, url):
        super().__init__()
        self.url = url.rstrip("/")

    def check(self):
        super().check()
        with urllib.request.urlopen(self.url + "/health", timeout=8) as answer:
            answer.read()

    def generate(self, wish, form, target=None):
        if self.form(form) not in ("wav", "flac", "mp3"):
            raise JobFailed("ACE-Step gives wav, flac or mp3")
        task = {
            # One track, the seed as given, the prompt as written.
            "prompt": wish["prompt"], "audio_duration": wish.get("seconds") or 30, "audio_format": form, "batch_size": 1, "use_cot_caption": False,
            "use_random_seed": wish.get("seed") is None, "thinking": False,
        }
        for name, theirs in (("bpm", "bpm"), ("key", "key_scale"), ("meter", "time_signature"), ("seed", "seed")):
            if wish.get(name) is not None and wish[name] != "":
                task[theirs] = wish[name]
        made = self.call("/release_task", task)["data"]
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            time.sleep(1)
            state = self.call("/query_result", {"task_id_list": [made["task_id"]]})["data"][0]
            if state["status"] == 2:
                raise JobFailed("ACE-Step could not make it")
            if state["status"] == 1:
                # JSON in a string.
                files = json.loads(state["result"]) if isinstance(state["result"], str) else state["result"]
                with urllib.request.urlopen(self.url + files[0]["file"], timeout=60) as answer:
                    if not target:
                        yield answer.read()
                        return
                    with open(target, "wb") as file:
                        shutil.copyfileobj(answer, file)
                yield target
                return
            yield (0.0, "rendering")
        raise JobFailed(f"it took longer than {SECONDS} s")

    def call(self, path, body):
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except (urllib.error.URLError, ValueError) as error:
            raise JobFailed("ACE-Step does not answer") from error
