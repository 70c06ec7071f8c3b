"""What the ledger costs, as the kernel counts it."""

import os
import time

from kit import LONG, Canary, check, end, place


def spent(process, thread):
    """Nanoseconds on a processor; proc(5), schedstat."""
    with open(f"/proc/{process}/task/{thread}/schedstat") as file:
        return int(file.read().split()[0])


@check
def the_ledger_takes_at_most_three_hundredths_of_a_master():
    seconds = 240 if LONG else 40
    with place() as here:
        canary = Canary(here.work, seconds)
        process = here.start("master", canary.path, "-o", "out.wav")
        last, names = {}, {}
        try:
            while process.poll() is None:
                try:
                    for thread in os.listdir(f"/proc/{process.pid}/task"):
                        if thread not in names:
                            with open(f"/proc/{process.pid}/task/{thread}/comm") as file:
                                names[thread] = file.read().strip()
                        last[thread] = spent(process.pid, thread)
                except OSError:
                    pass
                time.sleep(0.02)
        finally:
            end(process)
        ledger = sum(time_of for thread, time_of in last.items() if names[thread] == "lathe-ledger")
        whole = sum(last.values())
        assert ledger > 0, "the ledger's thread was not seen"
        assert ledger <= 0.03 * whole, f"{ledger / whole:.3f}"
    return f"{100 * ledger / whole:.2f} % of the processor time of a master of {seconds} s"
