"""What the ledger costs, as the kernel counts it."""

import os
import time

from kit import LONG, Canary, check, end, place

# A busy machine says little about ratios of milliseconds: the long form is run on a quiet one.
DECODING_BAR = 0.7 if LONG else 0.4


def spent(process, thread):
    """Nanoseconds on a processor; proc(5), schedstat."""
    with open(f"/proc/{process}/task/{thread}/schedstat") as file:
        return int(file.read().split()[0])


@check
def the_ledger_takes_at_most_three_hundredths_of_a_master():
    seconds = 240 if LONG else 120
    with place() as here:
        canary = Canary(here.work, seconds)
        process = here.start("master", canary.path, "-o", "out.wav")
        last, names = {}, {}
        try:
            while process.poll() is None:
                try:
                    for thread in os.listdir(f"/proc/{process.pid}/task"):
                        # Read each time: a thread gives itself its name after it has begun.
                        with open(f"/proc/{process.pid}/task/{thread}/comm") as file:
                            names[thread] = file.read().strip()
                        last[thread] = spent(process.pid, thread)
                except OSError:
                    pass
                time.sleep(0.005)
        finally:
            end(process)
        ledger = sum(time_of for thread, time_of in last.items() if names[thread] == "lathe-ledger")
        whole = sum(last.values())
        # Its time may be less than what the kernel counts in.
        assert "lathe-ledger" in names.values() and whole > 0, f"not seen: {sorted(set(names.values()))}"
        assert ledger <= 0.03 * whole, f"{ledger / whole:.3f}"
    return f"{100 * ledger / whole:.2f} % of the processor time of a master of {seconds} s"


@check
def decoding_through_the_wall_is_nearly_as_fast_as_without_it():
    with place() as here:
        rows = {row["name"]: row["seconds"] for row in here.json("bench", "--json", "--seconds", "240" if LONG else "60", "--runs", "9" if LONG else "3")["rows"]}
        wav, flac = (rows[f"decode {form}, no wall"] / rows[f"decode {form}"] for form in ("WAV", "FLAC"))
        assert flac >= DECODING_BAR, f"{flac:.2f} of the speed without a wall"
    # A WAV in memory is only copied, which a second copy makes slower by as much as it takes: no file of a disk comes in at thousands of times real time.
    return f"FLAC {flac:.2f} of the speed without a wall, WAV out of memory {wav:.2f}"


@check
def a_ledger_of_many_items_is_destroyed_and_erased_at_once():
    """What a person waits for, with the program's start: every item of a studio with a file open."""
    with place() as here:
        canary = Canary(here.work, 20)
        process = here.start("preview", canary.path, "--sink", "null")
        try:
            here.wait_for_rows()
            began = time.monotonic()
            assert here.run("ledger", "erase", "--everything").returncode == 0
            spent = time.monotonic() - began
            process.wait(10)
        finally:
            end(process)
        assert here.json("ledger", "list", "--json") == []
        assert spent <= 2, f"{spent:.2f} s"
    return f"{spent:.2f} s, another process's items included"
