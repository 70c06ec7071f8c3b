#!/usr/bin/env python3
"""Are scores like music by people? Statistics of MIDI files beside the range between 5 and 95 % of pieces by people.

Install   python3 -m venv V && V/bin/pip install mido
Run       V/bin/python scores.py DIR          DIR: GENRE-SEED.mid and .json, as tracks.py --keep leaves them

scales      largest share of notes inside one diatonic scale             entropy     of pitch classes, bits
range       semitones from the lowest to the highest note                polyphony   mean number of notes that sound while any does
density     pitched notes a second                                       empty       share of quarters without sound
groove      1 − mean share of 12ths of a quarter at which neighbouring bars differ in onsets
likeness    mean Jaccard index of the onsets of neighbouring bars        spread      standard deviation of velocities
leading     semitones moved a voice between neighbouring chords of the busiest chord part
parallels   fifths and octaves moved in parallel per 100 such changes
motifs      share of melody bars whose rhythm and contour come back      repeats     share that come back note for note
packing     bytes of the notes (place in the bar, pitch, length) ÷ the same packed with LZMA: high is repetitive
The first 128 bars are read. The ranges are those of 107 pieces of General MIDI game music under free licences (OpenTTD's OpenMSX, Planet Blupi, Freedoom),
measured with the same definitions. A value outside needs a reason in reasons.toml, which is printed beside it; exits with 1 when one has none.
"""
import json
import lzma
import math
import pathlib
import statistics
import sys
import tomllib
from collections import Counter, defaultdict, namedtuple

import mido

HUMAN = {"packing": (2.381, 12.316), "empty": (0, 0.0146), "repeats": (0, 1), "groove": (0.5825, 0.997), "motifs": (0, 1), "density": (4.4885, 28.474),
         "likeness": (0.1617, 0.9901), "parallels": (0, 281.25), "entropy": (1.9905, 3.3019), "range": (31, 70.7), "polyphony": (2.0966, 9.1706),
         "scales": (0.7716, 1), "spread": (0, 26.3126), "leading": (0.6717, 4.0079)}
STEPS, MOST_BARS = 12, 128
Note = namedtuple("Note", "start end pitch velocity drums part")


def read(path):
    """Notes in quarters; quarters in a bar; quarters a second."""
    midi = mido.MidiFile(path)
    notes, metre, tempo = [], (4, 4), 500_000
    for track in midi.tracks:
        now, held = 0, defaultdict(list)
        for m in track:
            now += m.time
            if m.type == "set_tempo":
                tempo = m.tempo
            elif m.type == "time_signature":
                metre = m.numerator, m.denominator
            elif m.type == "note_on" and m.velocity:
                held[m.channel, m.note].append((now, m.velocity))
            elif m.type in ("note_on", "note_off") and held[m.channel, m.note]:
                start, velocity = held[m.channel, m.note].pop(0)
                notes.append(Note(start / midi.ticks_per_beat, max(now, start + 1) / midi.ticks_per_beat, m.note, velocity, m.channel == 9, track.name))
    return sorted(notes), metre[0] * 4 / metre[1], 1e6 / tempo


def by_bar(notes, bar):
    out = defaultdict(list)
    for n in notes:
        i = int((n.start + 0.5 / STEPS) // bar)
        if i < MOST_BARS:
            out[i].append((round((n.start - i * bar) * STEPS), n.pitch, max(1, round((n.end - n.start) * STEPS))))
    return {i: sorted(v) for i, v in out.items()}


def chords_of(notes):
    groups = []
    for n in notes:
        if groups and n.start - groups[-1][0].start <= 1 / 8:
            groups[-1].append(n)
        else:
            groups.append([n])
    return [p for p in (sorted({n.pitch for n in g}) for g in groups) if len(p) >= 3]


def moves_of(chords):
    moves, parallels = [], 0
    changes = [(a, b) for a, b in zip(chords, chords[1:]) if a != b]
    for a, b in changes:
        moves.append(statistics.mean([min(abs(x - y) for y in b) for x in a] + [min(abs(x - y) for x in a) for y in b]))
        for j in range(len(a) if len(a) == len(b) else 0):
            for i in range(j):
                width = (a[j] - a[i]) % 12
                parallels += width in (0, 7) and width == (b[j] - b[i]) % 12 and (b[i] - a[i]) * (b[j] - a[j]) > 0
    return moves, parallels


def measured(path, plan):
    notes, bar, pace = read(path)
    every = [n for n in notes if n.start < MOST_BARS * bar]
    pitched = [n for n in every if not n.drums]
    role = lambda *words: {p["name"] for p in plan["parts"] if any(w in f"{p['role']} {p['name']}".lower() for w in words)}
    out = {}
    classes = Counter(n.pitch % 12 for n in pitched)
    total = sum(classes.values())
    out["scales"] = max(sum(classes[(k + s) % 12] for s in (0, 2, 4, 5, 7, 9, 11)) for k in range(12)) / total
    out["entropy"] = -sum(c / total * math.log2(c / total) for c in classes.values())
    out["range"] = max(n.pitch for n in pitched) - min(n.pitch for n in pitched)
    edges = sorted([(n.start, 1) for n in pitched] + [(n.end, -1) for n in pitched])
    on = area = busy = 0
    for (t, d), (u, _) in zip(edges, edges[1:]):
        on += d
        area, busy = area + on * (u - t), busy + (u - t) * (on > 0)
    out["polyphony"] = area / busy
    last = max(n.end for n in every)
    out["density"] = total / (min(MOST_BARS * bar, last) / pace)
    sounding = {q for n in every for q in range(int(n.start + 1e-6), math.ceil(n.end - 1e-6))}
    quarters = range(int(every[0].start), math.ceil(min(MOST_BARS * bar, last)))
    out["empty"] = sum(q not in sounding for q in quarters) / len(quarters)
    bars = by_bar(every, bar)
    grid = {i: {s for s, _, _ in v} for i, v in bars.items()}
    pairs = [(grid.get(i, set()), grid.get(i + 1, set())) for i in range(min(bars), max(bars))]
    out["groove"] = 1 - statistics.mean(len(a ^ b) / (bar * STEPS) for a, b in pairs)
    out["likeness"] = statistics.mean(len(a & b) / len(a | b) for a, b in pairs if a | b)
    out["spread"] = statistics.pstdev(n.velocity for n in every)
    raw = b"".join(bytes((s & 255, p, min(length, 255))) for i in sorted(bars) for s, p, length in bars[i])
    out["packing"] = len(raw) / len(lzma.compress(raw, format=lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA2, "preset": 9}]))
    harmony = [n for n in pitched if n.part in role("chord", "keys", "pad")]
    moves, parallels = moves_of(max((chords_of([n for n in harmony if n.part == p]) for p in {n.part for n in harmony}), key=len, default=[]))
    if moves:
        out["leading"], out["parallels"] = statistics.mean(moves), 100 * parallels / len(moves)
    tune = by_bar([n for n in pitched if n.part in role("lead")], bar)
    if len(tune) >= 4:
        line = lambda v: (tuple(x[0] for x in v), tuple((b[1] > a[1]) - (b[1] < a[1]) for a, b in zip(v, v[1:])))
        for name, told in (("motifs", line), ("repeats", lambda v: tuple(x[:2] for x in v))):
            out[name] = sum(c for c in Counter(map(told, tune.values())).values() if c > 1) / len(tune)
    return out


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    reasons = tomllib.loads((pathlib.Path(__file__).parent / "reasons.toml").read_text())["reason"]
    found = defaultdict(lambda: defaultdict(list))
    files = sorted(pathlib.Path(sys.argv[1]).glob("*.mid"))
    for path in files:
        for name, value in measured(path, json.loads(path.with_suffix(".json").read_text())).items():
            found[path.stem.rsplit("-", 1)[0]][name].append(value)
    inside = explained = unexplained = 0
    for genre in found:
        for name, values in sorted(found[genre].items()):
            low, high = HUMAN[name]
            out = [v for v in values if not low - 1e-9 <= v <= high + 1e-9]
            inside += len(values) - len(out)
            if not out:
                continue
            side = "low" if out[0] < low else "high"
            why = next((r["why"] for r in reasons if r["statistic"] == name and r["side"] == side and genre in r["genres"]), None)
            explained, unexplained = explained + len(out) * (why is not None), unexplained + len(out) * (why is None)
            print(f"{genre:14}{name:10}{' '.join(f'{v:7.2f}' for v in values)}   people {low:g} – {high:g}   {why or 'NO REASON'}")
    print(f"{len(files)} pieces: {inside} values inside, {explained} outside with a reason, {unexplained} without")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
