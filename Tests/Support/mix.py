#!/usr/bin/env python3
"""Writes a small unmastered mix: drums, bass, chords and a lead over eight bars, with the peaks and the movement of real music.

    mix.py OUT.wav [SECONDS] [RATE]      16-bit stereo, peaks near -3 dBFS, about -18 LUFS; same bytes on every run
"""

import array
import math
import random
import struct
import sys


def one_shot(rate, seconds, wave):
    return [wave(n / rate) for n in range(int(rate * seconds))]


def synthesize(seconds, rate):
    chance = random.Random(7)
    noise = [chance.uniform(-1, 1) for _ in range(rate)]
    length = int(seconds * rate)
    left, right = array.array("d", bytes(8 * length)), array.array("d", bytes(8 * length))

    def place(sound, at, gain, pan=0.0):
        start = int(at * rate)
        gl, gr = gain * math.sqrt((1 - pan) / 2), gain * math.sqrt((1 + pan) / 2)
        for n in range(min(len(sound), length - start)):
            left[start + n] += gl * sound[n]
            right[start + n] += gr * sound[n]

    kick = one_shot(rate, 0.22, lambda t: math.sin(2 * math.pi * (45 * t + 12 * (1 - math.exp(-t * 30)) / 3)) * math.exp(-t * 14))
    snare = one_shot(rate, 0.18, lambda t: (0.7 * noise[int(t * rate)] + 0.5 * math.sin(1200 * t)) * math.exp(-t * 22))
    hat = [noise[n] - noise[n - 1] for n in range(1, int(rate * 0.05))]
    hat = [x * math.exp(-n / rate * 70) for n, x in enumerate(hat)]

    def bass(hz):
        return one_shot(rate, 0.24, lambda t: (math.sin(6.2832 * hz * t) + 0.3 * math.sin(12.566 * hz * t)) * min(1, t * 200) * math.exp(-t * 3))

    def pluck(hz):
        return one_shot(rate, 0.45, lambda t: (math.sin(6.2832 * hz * t) + 0.4 * math.sin(12.566 * hz * t) + 0.2 * math.sin(25.13 * hz * t))
                        * min(1, t * 400) * math.exp(-t * 6))

    roots = (55.0, 43.65, 65.41, 49.0)
    basses = [bass(hz) for hz in roots]
    chords = [[pluck(hz * 4), pluck(hz * 5), pluck(hz * 6)] for hz in roots]
    lead = [pluck(hz) for hz in (440, 523.25, 587.33, 659.26, 783.99)]
    beat = 60 / 118
    step = 0
    while step * beat / 2 < seconds:
        at, bar = step * beat / 2, step // 8
        chord = bar % 4
        loud = 0.75 if bar % 8 < 2 else 1.0
        if step % 4 == 0:
            place(kick, at, 0.62 * loud)
        if step % 8 == 4:
            place(snare, at, 0.42 * loud, 0.05)
        place(hat, at, 0.10 if step % 2 else 0.15, 0.35)
        place(basses[chord], at, 0.30 * loud)
        if step % 2 == 0:
            for n, note in enumerate(chords[chord]):
                place(note, at, 0.07 * loud, (n - 1) * 0.7)
        if bar % 8 >= 2 and chance.random() < 0.55:
            place(chance.choice(lead), at, 0.10, -0.3)
        step += 1
    return left, right


def write(path, seconds, rate):
    left, right = synthesize(seconds, rate)
    for channel in (left, right):
        mean = sum(channel) / max(1, len(channel))
        for n, x in enumerate(channel):
            channel[n] = x - mean
    peak = max(max(map(abs, left)), max(map(abs, right)), 1e-9)
    gain = 0.7 * 32767 / peak
    data = array.array("h", bytes(4 * len(left)))
    data[0::2] = array.array("h", [int(x * gain) for x in left])
    data[1::2] = array.array("h", [int(x * gain) for x in right])
    body = data.tobytes()
    with open(path, "wb") as f:
        f.write(b"RIFF" + struct.pack("<I", 36 + len(body)) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 2, rate, rate * 4, 4, 16))
        f.write(b"data" + struct.pack("<I", len(body)) + body)


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 4:
        sys.exit(__doc__)
    write(sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 12.0, int(sys.argv[3]) if len(sys.argv) > 3 else 44100)
