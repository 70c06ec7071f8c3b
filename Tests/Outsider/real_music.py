#!/usr/bin/env python3
"""Masters a folder of real tracks in every input format and checks each master with ffmpeg, not with Lathe's own meters.

    LATHE_BINARY=path/to/lathe real_music.py FOLDER [PRESET...]

For each WAV in FOLDER it makes WAV 16/24/32f, FLAC, AIFF, Ogg and MP3, masters each with each preset (default: streaming), and asks:
is the loudness within 0.2 LU of the target, or does Lathe say why not; is the true peak at most 0.1 dB above the ceiling; has the
output exactly the input's frames; is the input unchanged. Needs ffmpeg and ffprobe. Some minutes for ten tracks.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
LATHE = os.environ.get("LATHE_BINARY") or os.path.join(HERE, "../../.build-test/release/lathe")
FORMATS = [
    ("wav16", "wav", ["-c:a", "pcm_s16le"]), ("wav24", "wav", ["-c:a", "pcm_s24le"]), ("wav32f", "wav", ["-c:a", "pcm_f32le"]),
    ("flac", "flac", ["-c:a", "flac"]), ("aiff", "aiff", ["-c:a", "pcm_s24be"]),
    ("ogg", "ogg", ["-c:a", "libvorbis", "-q:a", "6"]), ("mp3", "mp3", ["-c:a", "libmp3lame", "-b:a", "256k"]),
]


def digest(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def decoded_frames(path):
    """Frames that a decoder of another make delivers."""
    probe = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "a:0", "-show_entries", "stream=channels", "-of", "csv=p=0", path],
                           capture_output=True, text=True, check=True)
    raw = subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-f", "s16le", "-"], capture_output=True, check=True).stdout
    return len(raw) // 2 // int(probe.stdout.strip().split(",")[0])


def measure(path):
    text = subprocess.run(["ffmpeg", "-nostats", "-hide_banner", "-i", path, "-af", "ebur128=peak=true", "-f", "null", "-"],
                          capture_output=True, text=True).stderr
    summary = text[text.rindex("Summary:"):]
    peaks = re.findall(r"Peak:\s+(-?[\d.]+|-inf) dBFS", summary)
    return float(re.search(r"I:\s+(-?[\d.]+|-inf) LUFS", summary).group(1)), max(float(p) for p in peaks)


def main():
    folder, presets = sys.argv[1], sys.argv[2:] or ["streaming"]
    tracks = sorted(n for n in os.listdir(folder) if n.endswith(".wav") and not n.startswith("."))
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="lathe-music-") as work:
        env = dict(os.environ, XDG_STATE_HOME=os.path.join(work, "state"), XDG_CONFIG_HOME=os.path.join(work, "config"))
        for track in tracks:
            for name, ending, codec in FORMATS:
                source = os.path.join(work, f"in.{ending}")
                subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", os.path.join(folder, track), *codec, source], check=True)
                before, out = digest(source), os.path.join(work, "out.wav")
                for preset in presets:
                    run = subprocess.run([LATHE, "master", source, "-o", out, "--preset", preset, "--force", "--json"],
                                         capture_output=True, text=True, env=env)
                    problems = []
                    if run.returncode != 0:
                        problems.append(f"exit {run.returncode}: {run.stderr.strip()}")
                    else:
                        report = json.loads(run.stdout)
                        ceiling = -1.0
                        loudness, peak = measure(out)
                        off = abs(loudness - report["target_lufs"])
                        if off > 0.2 and not (report["target_reached"] is False and report["note"]):
                            problems.append(f"{loudness} LUFS for {report['target_lufs']}")
                        if abs(loudness - report["after"]["integrated_lufs"]) > 0.11:
                            problems.append(f"claims {report['after']['integrated_lufs']:.2f} LUFS, ffmpeg reads {loudness}")
                        if peak > ceiling + 0.1:
                            problems.append(f"true peak {peak}")
                        frames = report["before"]["frames"]
                        if report["after"]["frames"] != frames or decoded_frames(out) != frames:
                            problems.append("length differs")
                        if ending != "mp3" and decoded_frames(source) != frames:
                            problems.append(f"read {frames} of {decoded_frames(source)} input frames")
                        note = "" if report["target_reached"] else "  " + report["note"]
                        print(f"{track[:-4]:14} {name:7} {preset:10} {report['before']['integrated_lufs']:7.2f} -> {loudness:6.1f} LUFS "
                              f"{peak:5.1f} dBTP  limiter {report['limiter_max_reduction_db']:.1f} dB  x{report['realtime_factor']:.0f}{note}", flush=True)
                    if digest(source) != before:
                        problems.append("the input was changed")
                    left = [n for n in os.listdir(work) if n.startswith(".")]
                    if left:
                        problems.append(f"left behind: {left}")
                    for problem in problems:
                        print(f"FAILED {track} {name} {preset}: {problem}", flush=True)
                    passed, failed = (passed, failed + 1) if problems else (passed + 1, failed)
        rows = subprocess.run([LATHE, "ledger", "list", "--json"], capture_output=True, text=True, env=env).stdout
        if json.loads(rows) != []:
            print(f"FAILED ledger: {rows}")
            failed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
