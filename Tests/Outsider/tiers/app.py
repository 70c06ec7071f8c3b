"""A Gradio app that behaves as it is told, for looking at Lathe's Gradio tier from outside. Versions 4 to 6.

    python app.py PORT [--mode MODE] [--lathe PROGRAM]

Endpoints as Lathe's own worker has them: /master(audio, preset, format) and /generate(prompt, seconds, bpm, key, meter, seed, format).
Modes: good, slow (progress for a while), silent, short, mono, garbage, html, error, quota, moderation, full (a queue of one), crash (the server ends in the middle),
generator (several outputs, so that diffs are sent), hang (nothing after the start).
"""
import argparse
import math
import os
import subprocess
import sys
import tempfile
import time

import gradio as gr
import numpy as np
import soundfile as sf

arguments = argparse.ArgumentParser()
arguments.add_argument("port", type=int)
arguments.add_argument("--mode", default="good")
arguments.add_argument("--lathe", default=None)
arguments.add_argument("--seconds", type=float, default=3.0, help="how long slow work takes")
options = arguments.parse_args()
MODE = options.mode


def tone(seconds, channels=2, level=0.25, rate=44100):
    t = np.arange(int(seconds * rate)) / rate
    swell = level * (1 + 0.3 * np.sin(2 * math.pi * 0.5 * t))
    left = swell * (np.sin(2 * math.pi * 110 * t) + 0.4 * np.sin(2 * math.pi * 1320 * t))
    right = swell * (np.sin(2 * math.pi * 111 * t) + 0.4 * np.sin(2 * math.pi * 1980 * t))
    return np.stack([left, right][:channels], axis=1), rate


def write(sound, rate, ending="wav"):
    path = os.path.join(tempfile.mkdtemp(), "result." + ending)
    sf.write(path, sound, rate, subtype="PCM_24")
    return path


def misbehave(seconds, progress):
    """What every mode but the good ones gives in the place of a result."""
    if MODE == "slow":
        steps = 20
        for n in range(steps):
            progress(n / steps, desc="rendering")
            time.sleep(options.seconds / steps)
    if MODE == "hang":
        time.sleep(600)
    if MODE == "crash":
        time.sleep(1)
        os._exit(9)
    if MODE == "error":
        raise gr.Error("CUDA error: device-side assert triggered\x1b[31m red")
    if MODE == "quota":
        raise gr.Error("You have exceeded your GPU quota (60s requested vs. 34s left). Try again in 0:12:34")
    if MODE == "moderation":
        raise gr.Error("This prompt violates our content policy")
    if MODE == "silent":
        return write(np.zeros((int(seconds * 44100), 2)), 44100)
    if MODE == "short":
        return write(*tone(seconds / 2))
    if MODE == "mono":
        return write(*tone(seconds, 1))
    if MODE in ("garbage", "html"):
        path = os.path.join(tempfile.mkdtemp(), "result.wav" if MODE == "garbage" else "result.html")
        with open(path, "wb") as file:
            file.write(os.urandom(50_000) if MODE == "garbage" else b"<html><body>Sign in</body></html>")
        return path
    return None


def lathe(arguments, output):
    result = subprocess.run([options.lathe, *arguments, "-o", output, "--progress", "none", "--force"], capture_output=True, text=True)
    if result.returncode != 0:
        raise gr.Error(result.stderr.strip() or "failed")
    return output


def master(audio, preset, format, progress=gr.Progress()):
    sound, rate = sf.read(audio, always_2d=True)
    seconds = len(sound) / rate
    bad = misbehave(seconds, progress)
    if bad:
        return bad, {"mode": MODE}
    progress(0.5, desc="rendering")
    if options.lathe:
        folder = tempfile.mkdtemp()
        with open(folder + "/preset.toml", "w") as file:
            file.write(preset)
        return lathe(["master", audio, "--preset", folder + "/preset.toml"], folder + "/master." + format), {}
    peak = np.abs(sound).max() or 1
    return write(sound * (0.5 / peak), rate, format), {}


def generate(prompt, seconds, bpm, key, meter, seed, format, progress=gr.Progress()):
    bad = misbehave(seconds, progress)
    if bad:
        return bad
    if options.lathe:
        more = [x for pair in (("--bpm", bpm), ("--key", key), ("--meter", meter)) if pair[1] for x in (pair[0], str(pair[1]))]
        folder = tempfile.mkdtemp()
        return lathe(["generate", prompt, "--seconds", str(seconds), "--seed", str(int(seed)), "--no-master", *more], folder + "/track.wav")
    return write(*tone(seconds))


def generate_in_steps(prompt, seconds, bpm, key, meter, seed, format):
    for n in range(1, 4):
        yield write(*tone(seconds if n == 3 else 1))
        time.sleep(0.2)


with gr.Blocks() as app:
    audio = gr.Audio(type="filepath")
    preset, format = gr.Textbox(), gr.Textbox()
    made, report = gr.File(), gr.JSON()
    gr.Button("master").click(master, [audio, preset, format], [made, report], api_name="master", concurrency_limit=1)
    prompt, key, meter = gr.Textbox(), gr.Textbox(), gr.Textbox()
    seconds, bpm, seed = gr.Number(), gr.Number(), gr.Number()
    track = gr.File()
    inputs = [prompt, seconds, bpm, key, meter, seed, format]
    gr.Button("generate").click(
        generate_in_steps if MODE == "generator" else generate, inputs, track, api_name="generate", concurrency_limit=1)

app.queue(max_size=1 if MODE == "full" else 20)
print("ready", gr.__version__, flush=True)
app.launch(server_name="127.0.0.1", server_port=options.port, share=False, quiet=True, allowed_paths=[tempfile.gettempdir()])
