#!/usr/bin/env python3
"""Speed and memory of Lathe as ratios against floors and peers measured in the same run.

    Benchmarks/bench.py [--input FILE] [--runs N] [--no-long] [--json]

Every row is a whole process, one at a time: one warm-up, then N runs; the table shows the median and the spread. Files lie in
TMPDIR (a RAM disk measures programs rather than disks). Peak memory is the kernel's figure for the process; readings below about
12 MiB are this script's own. Peers that are not installed are left out and named. Needs cc and libsndfile; libebur128-dev, and
the Python packages pedalboard and matchering, when installed. LATHE_BINARY names the program to measure.
"""

import argparse
import importlib.util
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
LATHE = os.environ.get("LATHE_BINARY") or os.path.join(ROOT, ".build/release/lathe")
sys.path.insert(0, os.path.join(ROOT, "Tests/Support"))


def measure(command, env):
    """Wall and CPU seconds and peak memory in MiB of one run."""
    start = time.monotonic()
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - start
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: exit {process.returncode}: {errors.decode(errors='replace').strip()}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def repeat(command, env, runs):
    measure(command, env)
    rows = [measure(command, env) for _ in range(runs)]
    return {name: {"median": statistics.median(column), "min": min(column), "max": max(column)}
            for name, column in zip(("wall_s", "cpu_s", "peak_mib"), zip(*rows))}


def compile_c(name, libraries, folder):
    target = os.path.join(folder, name)
    done = subprocess.run(["cc", "-O2", "-o", target, os.path.join(HERE, name + ".c"), *libraries], capture_output=True)
    return target if done.returncode == 0 else None


def sources(folder, given):
    """Four and sixty minutes, 24-bit: the given file, or the synthesized mix, repeated."""
    seed = given
    if not seed:
        import mix
        seed = os.path.join(folder, "seed.wav")
        mix.write(seed, 24.0, 44100)
    seconds = float(subprocess.run(["soxi", "-D", seed], capture_output=True, check=True, text=True).stdout)
    files = {}
    for minutes in (4, 60):
        files[minutes] = os.path.join(folder, f"{minutes}min.wav")
        subprocess.run(["sox", "-D", seed, "-b", "24", files[minutes], "repeat", str(int(minutes * 60 / seconds) + 1), "trim", "0", str(minutes * 60)],
                       check=True)
    return files


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input", help="real music in place of the synthesized mix")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--no-long", action="store_true", help="leave out the sixty-minute rows")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    with tempfile.TemporaryDirectory(prefix="lathe-bench-") as folder:
        env = dict(os.environ, XDG_STATE_HOME=folder + "/state", XDG_CONFIG_HOME=folder + "/config", HOME=folder)
        files = sources(folder, options.input)
        out = os.path.join(folder, "out.wav")
        absent = []

        copy = compile_c("copy", ["-lsndfile"], folder)
        scan = compile_c("scan", ["-lebur128", "-lsndfile", "-lm"], folder)
        if not copy:
            sys.exit("bench: needs cc and libsndfile1-dev")
        commands = {
            "file copy (floor)": [copy, files[4], out],
            "lathe analyze": [LATHE, "analyze", files[4], "--json"],
            "lathe master": [LATHE, "master", files[4], "-o", out, "--force", "--json"],
            "lathe master --preset pop": [LATHE, "master", files[4], "-o", out, "--force", "--json", "--preset", "pop"],
        }
        if scan:
            commands["libebur128 I+LRA+TP"] = [scan, files[4]]
        else:
            absent.append("libebur128 (libebur128-dev)")
        for module, script, label in (("pedalboard", "pedalboard_chain.py", "pedalboard chain"), ("matchering", "matchering_run.py", "matchering")):
            if importlib.util.find_spec(module):
                commands[label] = [sys.executable, os.path.join(HERE, script), files[4], out]
            else:
                absent.append(f"{module} (PyPI)")

        rows = {name: repeat(command, env, 2 if name == "matchering" else options.runs) for name, command in commands.items()}
        floor = rows["file copy (floor)"]["wall_s"]["median"]
        for row in rows.values():
            row["times_real_time"] = 240 / row["wall_s"]["median"]
            row["times_floor"] = row["wall_s"]["median"] / floor
        ratios = {}
        if scan:
            ratios["analyze, speed over libebur128 I+LRA+TP (bar: at least 3)"] = (
                rows["libebur128 I+LRA+TP"]["wall_s"]["median"] / rows["lathe analyze"]["wall_s"]["median"])
        for peer in ("matchering", "pedalboard chain"):
            if peer in rows:
                bar = " (bar: at least 8)" if peer == "matchering" else " (bar: at least 0.8)"
                ratios[f"master, speed over {peer}{bar}"] = rows[peer]["wall_s"]["median"] / rows["lathe master"]["wall_s"]["median"]
        if not options.no_long:
            for name, command in (("analyze", ["analyze"]), ("master", ["master", "-o", out, "--force"])):
                _, _, peak = measure([LATHE, *command[:1], files[60], *command[1:]], env)
                rows[f"lathe {name}, 60 min"] = {"peak_mib": {"median": peak}}
                ratios[f"{name}, peak memory of 60 over 4 minutes (bar: at most 1.2)"] = peak / rows[f"lathe {name}"]["peak_mib"]["median"]

        if options.json:
            print(json.dumps({"machine": platform.processor() or platform.machine(), "cores": os.cpu_count(), "rows": rows, "ratios": ratios, "absent": absent}))
            return
        print(f"{'4 min, 44.1 kHz, stereo, 24-bit':34} {'wall s (min-max)':>22} {'CPU s':>7} {'x real time':>12} {'x floor':>8} {'peak MiB':>9}")
        for name, row in rows.items():
            if "wall_s" in row:
                wall = row["wall_s"]
                spread = f"{wall['median']:.2f} ({wall['min']:.2f}-{wall['max']:.2f})"
                print(f"{name:34} {spread:>22} {row['cpu_s']['median']:7.2f} {row['times_real_time']:12.0f} {row['times_floor']:8.1f} {row['peak_mib']['median']:9.0f}")
            else:
                print(f"{name:34} {'':>22} {'':7} {'':12} {'':8} {row['peak_mib']['median']:9.0f}")
        print()
        for name, ratio in ratios.items():
            print(f"{ratio:8.2f}  {name}")
        for name in absent:
            print(f"not measured: {name} is not installed")


if __name__ == "__main__":
    main()
