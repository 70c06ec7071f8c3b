#!/usr/bin/env python3
"""Every preset × every file × every sample rate × every word length: is the ceiling held, the target met, nothing clamped?

    true_peaks.py [--meter COMMAND] [--rates keep,44100,48000,96000] [--presets a,b] LATHE FILE...

A render gives three files (32-bit float, 24 and 16 bits). Each one's true peak is measured from outside, on a grid of 16 places a sample: with
COMMAND, which gets the file and prints TP16=<dBTP>, or with a windowed sinc of 128 taps a place (Kaiser, beta 10) here. It has to stay within
0.05 dB of the preset's ceiling; the loudness, measured by pyloudnorm (with the filters of B. De Man, which are BS.1770's; its own read 0.04 LU
low), within 0.1 LU of the target unless the result names a reason; no sample may have been clamped. Needs numpy, soundfile, pyloudnorm. Ends with 1 when something is beyond that.
"""
import argparse, json, os, re, subprocess, sys, tempfile
import numpy as np, soundfile as sf, pyloudnorm

TAPS, PLACES = 64, 16


def sinc():
    rows = []
    for place in range(PLACES):
        t = np.arange(2 * TAPS) - TAPS + 1 - place / PLACES
        w = np.sqrt(np.clip(1 - (t / TAPS) ** 2, 0, None))
        row = np.sinc(t) * np.where(np.abs(t) < TAPS, np.i0(10 * w) / np.i0(10), 0)
        rows.append(row / row.sum())
    return np.array(rows)


def true_peak(path, meter, rows=sinc()):
    if meter:
        return float(re.search(r"TP16=(\S+)", subprocess.run([meter, path], capture_output=True, text=True).stdout).group(1))
    sound, _ = sf.read(path, always_2d=True)
    most = 0.0
    for x in sound.T:
        peak = np.abs(x).max()
        padded = np.concatenate([np.zeros(2 * TAPS), x, np.zeros(2 * TAPS)])
        near = np.nonzero(np.abs(padded) >= 0.7 * peak)[0]
        near = np.unique((near[:, None] + np.arange(-3, 4)).ravel())
        near = near[(near >= TAPS) & (near < len(padded) - TAPS)]
        for part in np.array_split(near, max(1, len(near) // 4096)):
            windows = padded[part[:, None] + np.arange(-TAPS + 1, TAPS + 1)]
            most = max(most, np.abs(windows @ rows.T).max(initial=0))
    return 20 * np.log10(most + 1e-12)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--meter")
    options.add_argument("--rates", default="keep,44100,48000,96000")
    options.add_argument("--presets")
    options.add_argument("lathe")
    options.add_argument("files", nargs="+")
    args = options.parse_args()

    def run(*words):
        done = subprocess.run([args.lathe, *words], capture_output=True, text=True)
        if done.returncode: sys.exit(f"{' '.join(words)}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    presets = [(p["id"], p["ceiling_dbtp"]) for p in run("presets", "list", "--json") if not args.presets or p["id"] in args.presets.split(",")]
    count, bad, highest, farthest, reasons = 0, 0, -99.0, 0.0, 0
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        for preset, ceiling in presets:
            for file in args.files:
                for rate in args.rates.split(","):
                    how = ["--reference", args.files[0]] if preset == "reference" else ["--preset", preset]
                    result = run("master", file, "-o", f"{folder}/m.wav", *how, "--rate", rate, "--bits", "32f", "--deliver", "wav:24", "--deliver", "wav:16",
                                 "--force", "--json")
                    if preset == "reference": ceiling = result["ceiling_dbtp"]
                    outputs = [result["output"]] + [d["output"] for d in result["deliverables"]]
                    clamped = result["clamped_samples"] + sum(d["clamped_samples"] for d in result["deliverables"])
                    over = [true_peak(o, args.meter) - ceiling for o in outputs]
                    sound, hz = sf.read(outputs[1], always_2d=True)
                    off = 0.0
                    if result["target_reached"]:
                        off = pyloudnorm.Meter(hz, filter_class="DeMan").integrated_loudness(sound) - result["target_lufs"]
                    elif result["note"]:
                        reasons += 1
                    wrong = max(over) > 0.05 or abs(off) > 0.1 or clamped or (not result["target_reached"] and not result["note"])
                    count, bad = count + len(outputs), bad + bool(wrong)
                    highest, farthest = max(highest, *over), max(farthest, abs(off))
                    if wrong:
                        print(f"{preset} {os.path.basename(file)} {rate}: over {max(over):+.3f} dB, {off:+.3f} LU, {clamped} clamped, {result['note']}", flush=True)
            print(f"{preset}: so far {count} files, {bad} renders wrong, highest {highest:+.3f} dB from the ceiling, farthest {farthest:.3f} LU, "
                  f"{reasons} stopped with a reason", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
