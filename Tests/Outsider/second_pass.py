#!/usr/bin/env python3
"""Masters a master: with every preset, every file is mastered, and what comes out mastered again with the same preset.

    second_pass.py LATHE FILE...

The second pass has to change next to nothing: at most 0.2 LU and 0.3 dB in any third-octave band that stands within 60 dB of the loudest
(mastering procedure "idempotence"). Needs numpy and soundfile, and pyloudnorm, which measures the loudness independently of the program.
Prints one line for each pair and ends with 1 when one of them is beyond that.
"""
import json, os, subprocess, sys, tempfile
import numpy as np, soundfile as sf, pyloudnorm


def run(lathe, *words):
    done = subprocess.run([lathe, *words], capture_output=True, text=True)
    if done.returncode: sys.exit(f"{' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def bands(sound, rate):
    """Power of the third-octave bands from 20 Hz to 20 kHz, dB."""
    size, power = 16384, 0
    window = np.hanning(size)
    for at in range(0, len(sound) - size, size // 2):
        power = power + (np.abs(np.fft.rfft(sound[at:at + size].T * window)) ** 2).sum(0)
    hz = np.fft.rfftfreq(size, 1 / rate)
    out = []
    for n in range(-17, 14):
        centre = 1000 * 10 ** (n / 10)
        inside = (hz >= centre * 10 ** -0.05) & (hz < centre * 10 ** 0.05)
        out.append(10 * np.log10(power[inside].sum() + 1e-30) if inside.any() else -300)
    return np.array(out)


def main(lathe, files):
    presets = [p["id"] for p in json.loads(run(lathe, "presets", "list", "--json"))]
    worst = {"lu": 0.0, "db": 0.0}
    bad = 0
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        for preset in presets:
            for file in files:
                once, twice = os.path.join(folder, "once.wav"), os.path.join(folder, "twice.wav")
                how = ["--reference", files[0]] if preset == "reference" else ["--preset", preset]
                first = json.loads(run(lathe, "master", file, "-o", once, *how, "--force", "--json"))
                second = json.loads(run(lathe, "master", once, "-o", twice, *how, "--force", "--json"))
                (a, rate), (b, _) = sf.read(once, always_2d=True), sf.read(twice, always_2d=True)
                meter = pyloudnorm.Meter(rate)
                lu = meter.integrated_loudness(b) - meter.integrated_loudness(a) if len(a) > rate else 0.0
                before, after = bands(a, rate), bands(b, rate)
                audible = before > before.max() - 60
                db = np.abs(after - before)[audible].max()
                far = np.abs(a - b).max()
                over = abs(lu) > 0.2 or db > 0.3
                bad += over
                worst["lu"], worst["db"] = max(worst["lu"], abs(lu)), max(worst["db"], db)
                print(f"{preset:12} {os.path.basename(file):22} {lu:+.3f} LU  {db:.3f} dB  largest difference {20 * np.log10(far + 1e-12):7.1f} dBFS"
                      f"  reached {first['target_reached']}/{second['target_reached']}{'  OVER' if over else ''}", flush=True)
    print(f"worst: {worst['lu']:.3f} LU, {worst['db']:.3f} dB; {bad} beyond 0.2 LU or 0.3 dB")
    return 1 if bad else 0


if __name__ == "__main__":
    if len(sys.argv) < 3: sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2:]))
