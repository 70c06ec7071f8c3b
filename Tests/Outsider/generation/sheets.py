#!/usr/bin/env python3
"""Contact sheets: what was planned, above what is heard. One picture for each prompt.

Install   python3 -m venv V && V/bin/pip install numpy soundfile mido matplotlib
Run       V/bin/python sheets.py LATHE -o DIR [--prompt "PROMPT"] …

A sheet holds the arrangement (sections across, parts down, shaded by how much is played), the spectrogram, short-term level and the number of onsets for each
bar beside the energy that was planned. It prints, for each track, how well level and onset density follow the planned energy (Spearman's rank correlation
over sections) and the longest silence.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
import mido
import numpy as np
import soundfile as sf

PROMPTS = ["house in A minor, 124 bpm, two minutes", "drum and bass, 174 bpm, F minor, 90 seconds", "lofi, 82 bpm, D minor, 90 seconds", "orchestral, D major, 96 bpm, 90 seconds",
           "rock, 128 bpm, E minor, 90 seconds", "jazz, 140 bpm, Bb major, 90 seconds", "ambient, 70 bpm, C major, 90 seconds", "funk, 106 bpm, E minor, 90 seconds",
           "cinematic, 90 bpm, C minor, 90 seconds", "synthwave, 104 bpm, A minor, 90 seconds"]


def ranks(x):
    order = np.argsort(np.argsort(x))
    return np.array([np.mean(order[np.asarray(x) == v]) for v in x])


def follows(energy, values):
    if len(energy) < 3 or np.std(energy) == 0 or np.std(values) == 0:
        return None
    return float(np.corrcoef(ranks(energy), ranks(values))[0, 1])


def sheet(lathe, prompt, seed, folder):
    with tempfile.TemporaryDirectory() as place:
        place = pathlib.Path(place)
        (place / "prompt").write_text(prompt)
        subprocess.run([lathe, "generate", "--prompt-file", str(place / "prompt"), "--seed", str(seed), "-o", str(place / "t.wav"), "--midi", str(place / "t.mid"),
                        "--plan", str(place / "t.json"), "--progress", "none"], check=True, stdout=subprocess.DEVNULL)
        plan = json.loads((place / "t.json").read_text())
        y, rate = sf.read(place / "t.wav", always_2d=True)
        midi = mido.MidiFile(place / "t.mid")
    seconds, bars = plan["brief"]["seconds"], plan["brief"]["bars"]
    tempo = next(m.tempo for m in midi.tracks[0] if m.type == "set_tempo")
    starts = {}
    for track in midi.tracks[1:]:
        now, held = 0, starts.setdefault(track.name, [])
        for m in track:
            now += m.time
            if m.type == "note_on" and m.velocity:
                held.append(mido.tick2second(now, midi.ticks_per_beat, tempo))
    sections = plan["sections"]
    edges = [s["start_seconds"] for s in sections] + [seconds]
    mono = y.mean(axis=1)
    step = int(0.1 * rate)
    level = 10 * np.log10(np.array([np.mean(mono[i:i + 10 * step] ** 2) for i in range(0, max(1, len(mono) - 10 * step), step)]) + 1e-9)
    at = np.arange(len(level)) * 0.1
    onsets = np.sort(np.concatenate([v for v in starts.values()] or [np.array([])]))
    density = [np.sum((onsets >= a) & (onsets < b)) / max(0.1, b - a) for a, b in zip(edges, edges[1:])]
    heard = [np.median(level[(at >= a) & (at < b)]) if ((at >= a) & (at < b)).any() else -90 for a, b in zip(edges, edges[1:])]
    energy = [s["energy"] for s in sections]
    quiet = longest = 0
    for v in (np.array([np.sqrt(np.mean(mono[i:i + step] ** 2)) for i in range(0, len(mono), step)]) < 1e-3)[:-10]:
        quiet = quiet + 1 if v else 0
        longest = max(longest, quiet)

    fig, axes = plt.subplots(4, 1, figsize=(12, 10), sharex=True, gridspec_kw={"height_ratios": [2, 3, 1.2, 1.2]})
    names = list(starts)
    grid = np.array([np.histogram(starts[n], bins=max(1, bars), range=(0, seconds))[0] for n in names], dtype=float)
    grid /= np.maximum(1, grid.max(axis=1, keepdims=True))
    axes[0].imshow(grid, aspect="auto", extent=(0, seconds, len(names) - 0.5, -0.5), cmap="Blues", vmin=0, vmax=1)
    axes[0].set_yticks(range(len(names)), names)
    for s in sections:
        axes[0].axvline(s["start_seconds"], color="black", lw=0.6)
        axes[0].text(s["start_seconds"], -0.6, s["name"], fontsize=8, va="bottom")
    axes[1].specgram(mono, NFFT=4096, Fs=rate, noverlap=2048, cmap="magma", vmin=-140, vmax=-40)
    axes[1].set_yscale("symlog", linthresh=200)
    axes[1].set_ylim(30, 18000)
    axes[1].set_ylabel("Hz")
    axes[2].plot(at, level, lw=0.8)
    axes[2].set_ylabel("level, dB (1 s)")
    axes[3].stairs(density, edges, label="onsets a second")
    axes[3].stairs(np.array(energy) * max(density), edges, label="planned energy", ls="--")
    axes[3].legend(fontsize=7)
    axes[3].set_xlim(0, seconds)
    b = plan["brief"]
    master = plan.get("master") or {}
    fig.suptitle(f"{prompt}\n{b['genre']}, {b['bpm']:g} bpm, {b['key']}, {b['meter']}, {bars} bars, seed {b['seed']}, {master.get('integrated_lufs') or 0:.1f} LUFS", fontsize=10)
    fig.tight_layout()
    path = folder / f"{b['genre']}-{seed}.png"
    fig.savefig(path, dpi=80)
    plt.close(fig)
    told = lambda v: "   -" if v is None else f"{v:+.2f}"
    print(f"{path.name:26} level follows {told(follows(energy, heard))}   onsets follow {told(follows(energy, density))}   longest silence {longest / 10:.1f} s", flush=True)


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("lathe")
    ap.add_argument("-o", "--output", required=True)
    ap.add_argument("--prompt", action="append", help="in place of the ten that come with it; repeatable")
    ap.add_argument("--seed", type=int, default=1)
    a = ap.parse_args()
    folder = pathlib.Path(a.output)
    folder.mkdir(parents=True, exist_ok=True)
    for prompt in a.prompt or PROMPTS:
        sheet(a.lathe, prompt, a.seed, folder)


if __name__ == "__main__":
    sys.exit(main())
