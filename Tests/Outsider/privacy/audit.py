"""Every creation and every connection of a run, as the kernel saw them, beside what the ledger says."""

import os
import re
import shutil
import tempfile
import time

from canary import Studio
from kit import LATHE, Canary, Skipped, check, end, place

TRACED = "ftruncate,close,open,openat,creat,memfd_create,mkdir,mkdirat,mknod,mknodat,symlink,symlinkat,link,linkat,rename,renameat,renameat2,socket,connect,bind,listen,sendto,sendmsg"
LINE = re.compile(r"^(\d+)\s+(\d+\.\d+)\s+(\w+)\((.*)\)\s+=\s+(-?\d+)")
PATH = re.compile(r'"((?:[^"\\]|\\.)*)"')


def trace(here, run):
    """Runs something under strace; answers with its successful calls as (seconds, name, arguments, result)."""
    if shutil.which("strace") is None:
        raise Skipped("needs strace")
    log = tempfile.mktemp(dir=here.home)
    wrap = ["strace", "-f", "-ttt", "-y", "-s", "400", "-o", log, "-e", "trace=" + TRACED]
    run(wrap)
    calls, unfinished = [], {}
    with open(log, errors="replace") as file:
        for line in file:
            thread = line.split(" ", 1)[0]
            if "<unfinished ...>" in line:
                unfinished[thread] = line.split("<unfinished ...>")[0].rstrip()
                continue
            resumed = re.match(r"^\d+\s+\d+\.\d+\s+<\.\.\. \w+ resumed>(.*)$", line)
            if resumed and thread in unfinished:
                line = unfinished.pop(thread) + resumed.group(1)
            found = LINE.match(line)
            if found and int(found.group(5)) >= 0:
                calls.append((float(found.group(2)), found.group(3), found.group(4), int(found.group(5))))
            elif found and found.group(3) == "connect":
                # A connection that was refused was still tried.
                calls.append((float(found.group(2)), "connect", found.group(4), -1))
    os.unlink(log)
    if not calls:
        raise Skipped("strace sees nothing here")
    return calls


# Bytes of the room through which a decoder hands over its blocks, as the policy says: 1.75 MiB.
ROOM = 7 << 18

# Whatever the user asked for by an option: what is at work here is the count of rows.
ANY = object()


def judge(here, calls, outputs=(), since=0.0):
    """Files held open that are more than the rows alive at that moment, and whatever reaches for a network."""
    export, at_end = here.export(), float("inf")
    items = {row["id"]: row for row in export["open"] + export["settled"]}
    lives = {"disk": [], "ram": []}
    ended = {event["subject"]: event["at_ms"] / 1000 for event in export["history"]["events"] if event["kind"] in ("destroyed", "handed_over")}
    for event in export["history"]["events"]:
        row = items.get(event["subject"])
        if event["kind"] == "intent" and row and event["at_ms"] / 1000 >= since:
            # The event's time is in whole milliseconds.
            lives[row["place"]].append((event["at_ms"] / 1000 - 0.001, ended.get(event["subject"], at_end) + 0.001))
    wrong, held, made, local = [], {"disk": set(), "ram": set()}, 0, set()
    for at, call, arguments, result in calls:
        if call == "close":
            number = int(re.match(r"\d+", arguments)[0])
            for some in held.values():
                some.discard(number)
            continue
        path = (PATH.search(arguments) or [None, ""])[1]
        if call == "ftruncate":
            # Working memory as the policy describes it: of one size, and no place for more.
            if "memfd:lathe-wall" in arguments and int(arguments.rsplit(",", 1)[1]) != ROOM:
                wrong.append(f"ftruncate({arguments[:80]}): the room of a decoder has {ROOM} bytes")
            continue
        if call in ("socket", "connect", "bind", "listen", "sendto", "sendmsg"):
            if call == "bind" and "sa_family=AF_UNIX" in arguments:
                local.add(arguments.split(",")[0])
            # The port of the listener's page is reserved: a socket with a loopback address reaches nobody else, and nobody reaches it before it listens.
            if call == "socket" and re.fullmatch(r"AF_INET, SOCK_STREAM\|SOCK_CLOEXEC, \S+", arguments) or call == "bind" and 'inet_addr("127.0.0.1")' in arguments:
                continue
            if re.search(r"AF_INET|AF_PACKET|AF_NETLINK|AF_VSOCK|sin6?_", arguments) or call == "listen" and arguments.split(",")[0] not in local:
                wrong.append(f"{call}({arguments[:80]})")
            continue
        place_of = None
        if call == "memfd_create":
            # The picture of the screen: what is drawn there is on the terminal at the same moment, and nothing else is in it.
            # And what libpulse shares with the sound server, which plays it at that moment. And the room of fixed size through which a decoder hands
            # its last few blocks to the program, in place of a socket's buffers: it is gone with the decoder.
            place_of = None if path in ("lathe-screen", "pulseaudio", "lathe-wall") else "ram"
        elif "O_TMPFILE" in arguments:
            place_of = "disk"
        elif call in ("open", "openat") and "O_CREAT" in arguments or call in ("creat", "mknod", "mknodat", "symlink", "symlinkat"):
            absolute = os.path.normpath(os.path.join(here.work, path))
            known = absolute.startswith(here.ledger + "/") or absolute in ("/dev/null", "/dev/tty")
            # By which one engine keeps out another: empty, and it stays.
            known = known or re.fullmatch(r"engine-\w+\.lock", os.path.basename(path))
            place_of = None if known else "disk"
        elif call in ("link", "linkat", "rename", "renameat", "renameat2"):
            target = os.path.normpath(os.path.join(here.work, (PATH.findall(arguments) or [""])[-1]))
            # From here on it is the user's own file, though it may be open a moment longer than its row.
            named = re.search(r'"/proc/self/fd/(\d+)"', arguments)
            if named:
                held["disk"].discard(int(named[1]))
            registered = re.fullmatch(r"\.lathe-(\w{16})\.part", os.path.basename(target))
            if registered and registered[1] in items:
                continue
            if outputs is not ANY and target not in outputs and os.path.basename(target) not in map(os.path.basename, outputs):
                wrong.append(f"{call} to {target}, which nobody asked for")
        if place_of is None:
            continue
        made += 1
        held[place_of].add(result)
        alive = sum(1 for begin, end_of_life in lives[place_of] if begin <= at <= end_of_life)
        if alive < len(held[place_of]):
            wrong.append(f"{call}({arguments[:120]}) makes {len(held[place_of])} files in {place_of} while {alive} rows are alive")
    assert not wrong, "; ".join(wrong[:4])
    return made


def audited(here, *arguments, outputs=()):
    def run(wrap):
        process = here.start(*arguments, wrap=wrap)
        try:
            code = process.wait(180)
        finally:
            end(process)
        assert code == 0, f"{arguments}: {code}"
    started = time.time()
    try:
        return judged(here, run, outputs, started)
    except AssertionError as failure:
        raise AssertionError(f"{' '.join(arguments[:2])}: {failure}") from failure


def judged(here, run, outputs, started):
    return judge(here, trace(here, run), outputs if outputs is ANY else [os.path.join(here.work, name) for name in outputs], started - 0.002)


@check
def every_command_makes_its_row_before_its_bytes_and_reaches_for_no_network():
    with place() as here:
        canary = Canary(here.work, 3)
        made = audited(here, "master", canary.path, "-o", "a.wav", outputs=["a.wav"])
        assert made >= 1, "the audit did not see the scratch of a master: it is blind"
        made += audited(here, "master", canary.path, "-o", "a.wav", "--force", outputs=["a.wav"])
        made += audited(here, "master", canary.path, "-o", "b.flac", "--format", "flac", outputs=["b.flac"])
        made += audited(here, "analyze", canary.path)
        made += audited(here, "preview", canary.path, "--sink", "null", "--seconds", "0.5")
        made += audited(here, "doctor")
        made += audited(here, "ledger", "list")
        made += audited(here, "presets", "list")
    return f"{made} creations, each with its row"


@check
def every_option_that_writes_makes_its_row_before_its_bytes():
    with place() as here:
        canary, other = Canary(here.work, 5), Canary(here.work, 6)  # a disc holds no track under 4 s
        prompt = here.home + "/prompt"
        with open(prompt, "w") as file:
            file.write("slow ambient\n")
        preset = here.home + "/mine.toml"
        with open(preset, "wb") as file:
            file.write(here.run("presets", "morph", "streaming", "club", "--name", "mine").stdout)
        work = [
            ["generate", "--prompt-file", prompt, "--seconds", "4", "--stems", "stems", "--midi", "m.mid", "--plan", "p.json", "-o", "take.wav"],
            ["master", canary.path, "--deliver", "flac:24", "--deliver", "mp3", "--manifest", "--bext", "--codec-check", "report", "-o", "d.wav"],
            ["master", canary.path, "--reference", other.path, "--save-curve", "kept", "-o", "r.wav"],
            ["master", canary.path, "--reference", other.path, "--save-curve", "kept", "--force", "-o", "r.wav"],
            ["master", "--album", canary.path, other.path, "--ddp", "disc", "--cue", "album.cue", "--save-signature", "album.toml", "-o", "."],
            ["analyze", canary.path, other.path, "--report", "page.html"],
            ["analyze", canary.path, "--report", "page.html", "--force"],
            ["presets", "import", preset, "--yes"],
            ["presets", "import", preset, "--yes", "--force"],
            ["ledger", "export", "-o", "export"],
            ["ledger", "verify"], ["ledger", "policy"], ["ledger", "log"], ["ledger", "consents"],
            ["themes", "list"], ["keys"],
        ]
        made = 0
        for arguments in work:
            made += audited(here, *arguments, outputs=ANY)
    assert made >= 20, f"only {made}: the audit is blind"
    return f"{made} creations by {len(work)} commands, each with its row"


# Through every view: hear and compare, turn knobs and take it back, keep a preset and write it again, render, make a take and send it on, look at the ledger, destroy, export.
JOURNEY = (
    (b"", 3.0), (b" ", 0.8), (b"x", 0.3), (b"]", 0.3), (b"D", 0.3), (b"2", 0.3), (b"ll", 0.6), (b"u", 0.3), (b"\x12", 0.3), (b"a", 0.2),
    (b"w", 0.5), (b"\x15mine\r", 1.0), (b"l", 0.3), (b"w", 0.5), (b"\x15mine\r", 0.6), (b"y", 1.0), (b"r", 1.0), (b"\r", 0.5), (b"y", 5.0),
    (b"3", 0.3), (b"i", 0.3), (b"slow ambient 4 seconds", 0.5), (b"\x1b", 0.5), (b"\x07", 5.0), (b"m", 3.0), (b"3", 0.3), (b"e", 4.0), (b"4", 0.5), (b"5", 0.5),
    (b"v", 0.8), (b"x", 0.5), (b"\x15WORK\r", 1.5), (b"\x04", 0.5), (b"y", 1.5), (b"q", 0.5), (b"y", 0.3),
)


@check
def the_studio_makes_its_rows_before_its_bytes_and_reaches_for_no_network():
    with place() as here:
        canary = Canary(here.work, 3)

        def run(wrap):
            studio = Studio(here, canary.path, wrap=wrap)
            for keys, seconds in JOURNEY:
                studio.type(keys.replace(b"WORK", here.work.encode()))
                studio.attend(seconds)
            studio.wait()
        started = time.time()
        made = judge(here, trace(here, run), outputs=ANY, since=started - 0.002)
        here.assert_settled()
        assert any(name.endswith("-master.wav") for name in os.listdir(here.work)), "the journey made no master"
        assert os.listdir(here.home + "/config/lathe/presets"), "the journey kept no preset"
        assert os.path.isdir(here.work + "/lathe-ledger"), "the journey exported no ledger"
    return f"{made} creations outside the ledger's own folder"


@check
def the_kernel_refuses_what_is_not_needed():
    with place() as here:
        canary = Canary(here.work, 20)
        process = here.start("preview", canary.path, "--sink", "null")
        try:
            here.wait_for_rows()
            for thread in os.listdir(f"/proc/{process.pid}/task"):
                with open(f"/proc/{process.pid}/task/{thread}/status") as status:
                    fields = dict(line.split(":", 1) for line in status)
                # proc(5): 2 is a filter.
                assert fields["Seccomp"].strip() == "2" and fields["NoNewPrivs"].strip() == "1", f"thread {thread}"
        finally:
            end(process)


def family(process):
    """A process and all that it has started, as the kernel knows them."""
    found = [process]
    for number in found:
        try:
            for thread in os.listdir(f"/proc/{number}/task"):
                with open(f"/proc/{number}/task/{thread}/children") as children:
                    found += [int(child) for child in children.read().split()]
        except FileNotFoundError:
            continue
    return found


@check
def every_decoder_is_shut_away_and_ends_with_its_program():
    with place() as here:
        canary = Canary(here.work, 20)
        process = here.start("preview", canary.path, "--sink", "null")
        try:
            here.wait_for_rows()
            decoders, end_at = 0, time.monotonic() + 10
            while not decoders:
                assert time.monotonic() < end_at, f"no decoder among {family(process.pid)}"
                family_then = family(process.pid)
                for number in family_then[1:]:
                    with open(f"/proc/{number}/limits") as limits:
                        files = [line.split()[3] for line in limits if line.startswith("Max open files")]
                    # One that may open no further file: a decoder.
                    decoders += files == ["0"]
            for number in family_then[1:]:
                with open(f"/proc/{number}/status") as status:
                    fields = dict(line.split(":", 1) for line in status)
                assert fields["Seccomp"].strip() == "2" and fields["NoNewPrivs"].strip() == "1", fields["Name"]
        finally:
            end(process)
        end_at = time.monotonic() + 2
        while any(os.path.exists(f"/proc/{number}/fd") and os.listdir(f"/proc/{number}/fd") for number in family_then[1:]):
            assert time.monotonic() < end_at, "a process outlived its program"
            time.sleep(0.01)
    return f"{decoders} decoders"


@check
def it_works_where_there_is_no_network_at_all():
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        raise Skipped("needs root and unshare for a place without a network")
    with place() as here:
        canary = Canary(here.work, 2)
        process = here.start("master", canary.path, "-o", "out.wav", wrap=["unshare", "--net"])
        try:
            assert process.wait(60) == 0
        finally:
            end(process)
        assert os.path.getsize(here.work + "/out.wav") > 100_000
