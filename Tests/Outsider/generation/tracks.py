#!/usr/bin/env python3
"""Every genre, several seeds: is the sound fit to be kept, do seeds differ, do stems add up, do other programs read the MIDI file?

Install   Debian: ffmpeg fluidsynth          V: python3 -m venv V && V/bin/pip install numpy soundfile mido
Run       V/bin/python tracks.py LATHE [--genres 18] [--seeds 3] [--only GENRE]… [--keep DIR]

--keep leaves the MIDI files and plans in DIR, for scores.py.

For each genre and seed a master is made from the genre's name alone, with sounds built in, and measured with other programs:
  clip       samples at full scale that stand in a row of three or more                                0
  hush       longest stretch inside that is below −60 dB, s                                         ≤ 1
  lufs       what ffmpeg's ebur128 measures, minus the target that the preset names                  ±0.3
  low        least correlation of left and right in any third octave up to 120 Hz                  > 0
  tone       farthest point, 50 Hz – 12.5 kHz, outside mean ± σ of the genre's curve in Presets/Curves, dB: both smoothed over a third of an octave, levels
             matched by the median difference, 100 Hz – 10 kHz. One dB is no more than where the sections of a piece differ          ≤ 1
  alike      share of notes (place and pitch, best of all transpositions) in common with the other seeds   < 0.5
For the first seed also: the same seed again gives the same bytes of master and MIDI file; the stems of the unmastered mix add up to it (≤ −90 dB); mido and
fluidsynth read the MIDI file without a warning. Exits with 1 when anything is outside.
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import tomllib

import mido
import numpy as np
import soundfile as sf

from genres import GENRES

HOUSE = pathlib.Path(__file__).resolve().parents[3]
THIRDS = [50, 63, 80, 100, 125, 160, 200, 250, 315, 400, 500, 630, 800, 1000, 1250, 1600, 2000, 2500, 3150, 4000, 5000, 6300, 8000, 10000, 12500]


def make(lathe, genre, seed, *more):
    r = subprocess.run([lathe, "generate", genre, "--genre", genre, "--seed", str(seed), "--sounds", "built-in", "--progress", "none", "--json", "--force", *map(str, more)],
                       check=True, capture_output=True)
    return json.loads(r.stdout)


def spectra(y, rate):
    """Mean power of left and right and of their product."""
    n = 16384
    window = np.hanning(n)[:, None]
    total = np.zeros((3, n // 2 + 1))
    for i in range(0, len(y) - n, n // 2):
        f = np.fft.rfft(y[i:i + n] * window, axis=0)
        total += [np.abs(f[:, 0]) ** 2, np.abs(f[:, 1]) ** 2, (f[:, 0] * np.conj(f[:, 1])).real]
    return np.fft.rfftfreq(n, 1 / rate), total


def least_correlation(at, power):
    out = []
    for hz in (50, 63, 80, 100, 125):
        left, right, both = power[:, (at >= hz * 2 ** (-1 / 6)) & (at < hz * 2 ** (1 / 6))].sum(axis=1)
        out.append(both / np.sqrt(left * right))
    return min(out)


def outside(at, power, curve):
    """Level of each third octave beside the curve, its farthest point outside the band, and where that is. Both are smoothed by a bell along log f with the
    area of a third of an octave."""
    t = tomllib.loads((HOUSE / f"Presets/Curves/{curve}.toml").read_text())["levels"]
    at, power = at[1:], power[1:]
    width = 1 / 3 / np.sqrt(2 * np.pi)
    fine = np.log(30) + np.arange(0, np.log2(20000 / 30), 1 / 24) * np.log(2)
    drawn = 10 ** (np.interp(fine, np.log(t["hz"]), t["db"]) / 10)
    level, want = [], []
    for hz in THIRDS:
        level.append(10 * np.log10((power * np.exp(-0.5 * (np.log2(at / hz) / width) ** 2)).sum() + 1e-20))
        bell = np.exp(-0.5 * ((fine / np.log(2) - np.log2(hz)) / width) ** 2)
        want.append(10 * np.log10((drawn * bell).sum() / bell.sum()))
    sigma = np.interp(np.log(THIRDS), np.log(t["hz"]), t["sigma_db"])
    d = np.array(level) - want
    d -= np.median([v for v, hz in zip(d, THIRDS) if 100 <= hz <= 10000])
    over = np.sign(d) * np.maximum(0, np.abs(d) - sigma)
    worst = int(np.argmax(np.abs(over)))
    return d, float(over[worst]), THIRDS[worst]


def hush(y, rate):
    """Before the last note has died away."""
    step = rate // 20
    loud = np.array([np.sqrt(np.mean(y[i:i + step] ** 2)) > 1e-3 for i in range(0, len(y) - step, step)])
    loud = loud[:np.max(np.nonzero(loud)) + 1]
    run = longest = 0
    for v in loud:
        run = 0 if v else run + 1
        longest = max(longest, run)
    return longest / 20


def notes(path):
    out = set()
    midi = mido.MidiFile(path)
    for track in midi.tracks:
        now = 0
        for m in track:
            now += m.time
            if m.type == "note_on" and m.velocity and m.channel != 9:
                out.add((round(now * 12 / midi.ticks_per_beat), m.note))
    return out


def alike(a, b):
    return max(len(a & s) / len(a | s) for s in ({(t, p + k) for t, p in b} for k in range(-6, 7)))


def loudness(path):
    r = subprocess.run(["ffmpeg", "-nostats", "-hide_banner", "-i", path, "-af", "ebur128", "-f", "null", "-"], capture_output=True, text=True)
    return float(re.findall(r"I:\s+(-?[\d.]+) LUFS", r.stderr)[-1])


def read_by_others(path):
    said = []
    mido.MidiFile(path)
    r = subprocess.run(["fluidsynth", "-ni", "-a", "file", "-o", "audio.file.name=/dev/null", "-F", "/dev/null", *bank(), path], capture_output=True, text=True)
    said += [line for line in (r.stdout + r.stderr).splitlines() if "warning" in line.lower() or "error" in line.lower()]
    return said + ([f"fluidsynth ended with {r.returncode}"] if r.returncode else [])


def bank():
    return [str(p) for p in map(pathlib.Path, ["/usr/share/sounds/sf3/default-GM.sf3", "/usr/share/sounds/sf2/default-GM.sf2"]) if p.exists()][:1]


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("lathe")
    ap.add_argument("--genres", type=int, default=18)
    ap.add_argument("--seeds", type=int, default=3)
    ap.add_argument("--only", action="append")
    ap.add_argument("--keep", type=pathlib.Path)
    a = ap.parse_args()
    bad = []
    with tempfile.TemporaryDirectory(prefix="lathe-tracks-") as folder:
        folder = pathlib.Path(folder)
        for genre in a.only or GENRES[:a.genres]:
            curve = tomllib.loads((HOUSE / f"Presets/Generation/{genre}.toml").read_text())["tone"]
            written = []
            for seed in range(1, a.seeds + 1):
                track, midi = folder / "t.wav", folder / "t.mid"
                plan = make(a.lathe, genre, seed, "-o", track, "--midi", midi)
                if a.keep:
                    a.keep.mkdir(parents=True, exist_ok=True)
                    (a.keep / f"{genre}-{seed}.mid").write_bytes(midi.read_bytes())
                    (a.keep / f"{genre}-{seed}.json").write_text(json.dumps(plan))
                y, rate = sf.read(track, always_2d=True)
                full = np.abs(y) >= 0.9999
                clip = int(sum(np.sum(c[2:] & c[1:-1] & c[:-2]) for c in full.T))
                at, power = spectra(y, rate)
                low = least_correlation(at, power)
                _, tone, hz = outside(at, power[0] + power[1], curve)
                target = tomllib.loads((HOUSE / f"Presets/{plan['master']['preset']}.toml").read_text())["target"]["lufs"]
                lufs = loudness(track) - target
                quiet = hush(y, rate)
                mine = notes(midi)
                shared = max([alike(mine, other) for other in written], default=0)
                written.append(mine)
                faults = [name for name, is_bad in [("clip", clip), ("hush", quiet > 1), ("lufs", abs(lufs) > 0.3), ("low", low <= 0), ("tone", abs(tone) > 1), ("alike", shared >= 0.5)] if is_bad]
                more = ""
                if seed == 1:
                    was = track.read_bytes(), midi.read_bytes()
                    make(a.lathe, genre, seed, "-o", track, "--midi", midi)
                    if was != (track.read_bytes(), midi.read_bytes()):
                        faults.append("same seed, other bytes")
                    make(a.lathe, genre, seed, "-o", track, "--stems", folder / "stems", "--no-master")
                    mix = sf.read(track, always_2d=True)[0]
                    total = sum(sf.read(p, always_2d=True)[0] for p in (folder / "stems").iterdir() if p.suffix == ".wav")
                    rest = 10 * np.log10(np.mean((mix - total) ** 2) / np.mean(mix ** 2) + 1e-20)
                    said = read_by_others(midi)
                    if rest > -90:
                        faults.append("stems")
                    faults += said
                    more = f"  stems {rest:6.1f} dB"
                    for p in (folder / "stems").iterdir():
                        p.unlink()
                print(f"{genre:14}{seed}  clip {clip}  hush {quiet:4.2f}  lufs {lufs:+.2f}  low {low:5.2f}  tone {tone:+5.1f} at {hz:5} ({curve})  alike {shared:.2f}{more}"
                      + (f"   OUTSIDE: {', '.join(faults)}" if faults else ""), flush=True)
                bad += faults
    print(f"{len(bad)} outside")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
