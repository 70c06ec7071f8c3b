#!/usr/bin/env python3
"""Can genres be told apart by ear? A nearest-centroid classifier on the timbre of generated tracks.

Install   python3 -m venv V && V/bin/pip install numpy soundfile
Run       V/bin/python genres.py LATHE [--genres 18] [--takes 8] [--bars 12] [--keep DIR]

For each genre, takes with different seeds and no other wish are made without mastering, at the genre's own tempo. Each becomes the mean and spread of 20
mel-frequency cepstral coefficients (Davis & Mermelstein, 1980) and of their steps from frame to frame; level is left out. Half of the takes train one centroid for each genre, the
others are given to the nearest. Exits with 1 below 85 % right.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import soundfile as sf

GENRES = ["lofi", "house", "techno", "drum-and-bass", "trap", "ambient", "synthwave", "pop", "rock", "metal", "funk", "jazz", "bossa-nova", "orchestral", "folk",
          "chiptune", "reggae", "cinematic", "blues", "piano", "country", "disco", "latin", "rnb", "trance"]
FRAME, HOP, BANDS, COEFFICIENTS = 2048, 1024, 40, 20


def filters(rate):
    mel = lambda f: 2595 * np.log10(1 + f / 700)
    edges = 700 * (10 ** (np.linspace(mel(40), mel(16000), BANDS + 2) / 2595) - 1)
    at = np.fft.rfftfreq(FRAME, 1 / rate)
    up = (at - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    down = (edges[2:, None] - at) / (edges[2:] - edges[1:-1])[:, None]
    return np.maximum(0, np.minimum(up, down))


def timbre(path):
    y, rate = sf.read(path, always_2d=True)
    y = y.mean(axis=1)
    frames = np.lib.stride_tricks.sliding_window_view(y, FRAME)[::HOP] * np.hanning(FRAME)
    power = np.abs(np.fft.rfft(frames)) ** 2
    loud = power.sum(axis=1)
    power = power[loud > loud.max() * 1e-6]
    bands = np.log(power @ filters(rate).T + 1e-9)
    n = np.arange(BANDS)
    cosine = np.cos(np.pi * np.outer(np.arange(1, COEFFICIENTS + 1), n + 0.5) / BANDS)
    c = bands @ cosine.T / BANDS
    step = np.abs(np.diff(c, axis=0))
    return np.concatenate([c.mean(axis=0), c.std(axis=0), step.mean(axis=0)])


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("lathe")
    ap.add_argument("--genres", type=int, default=18)
    ap.add_argument("--takes", type=int, default=8)
    ap.add_argument("--bars", type=int, default=12)
    ap.add_argument("--keep")
    a = ap.parse_args()
    scratch = tempfile.TemporaryDirectory(prefix="lathe-genres-")
    folder = pathlib.Path(a.keep or scratch.name)
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for genre in GENRES[:a.genres]:
        for take in range(a.takes):
            track = folder / f"{genre}-{take}.wav"
            subprocess.run([a.lathe, "generate", genre, "--genre", genre, "--bars", str(a.bars), "--seed", str(1000 + take), "--no-master", "--force",
                            "--progress", "none", "-o", str(track)], check=True, stdout=subprocess.DEVNULL)
            found.setdefault(genre, []).append(timbre(track))
            if not a.keep:
                track.unlink()
        print(genre, end=" ", flush=True, file=sys.stderr)
    print(file=sys.stderr)
    half = a.takes // 2
    train = np.array([v for takes in found.values() for v in takes[:half]])
    scale = train.std(axis=0) + 1e-9
    names = list(found)
    centroids = np.array([np.mean(found[g][:half], axis=0) for g in names]) / scale
    right = total = 0
    for genre in names:
        given = [names[int(np.argmin(((centroids - v / scale) ** 2).sum(axis=1)))] for v in found[genre][half:]]
        wrong = [g for g in given if g != genre]
        right, total = right + len(given) - len(wrong), total + len(given)
        print(f"{genre:14} {len(given) - len(wrong)}/{len(given)}" + (f"   taken for {', '.join(wrong)}" if wrong else ""))
    print(f"{100 * right / total:.1f} % of {total} right; chance is {100 / len(names):.1f} %")
    return 0 if right >= 0.85 * total else 1


if __name__ == "__main__":
    sys.exit(main())
