#!/usr/bin/env python3
"""Makes an album into a disc and reads the DDP image, the cue sheet and the sums with a reader of its own, and with cueprint and cdrdao where they are.

    LATHE_BINARY=path/to/lathe disc.py

The tracks are made here, so it is known where each begins. The reader follows the field table of DDP level 2.00 and MMC-3's CD-Text packs; it shares
no code with Lathe. Some seconds.
"""

import array
import hashlib
import json
import math
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import wave

HERE = os.path.dirname(os.path.abspath(__file__))
LATHE = os.environ.get("LATHE_BINARY") or os.path.join(HERE, "../../.build-test/release/lathe")
SECTOR = 2352
failures = []


def check(ok, claim, detail=""):
    if not ok:
        failures.append(claim)
        print(f"disc: FAILED: {claim} {detail}", file=sys.stderr)


def tone(path, seconds, hz, rate=44100):
    """A click at the first frame, then a tone with a little noise."""
    rng = random.Random(hz)
    samples = array.array("h")
    for n in range(int(seconds * rate)):
        x = 0.25 * math.sin(2 * math.pi * hz * n / rate) * (0.6 + 0.4 * math.sin(2 * math.pi * 1.3 * n / rate)) + 0.01 * rng.uniform(-1, 1)
        samples += array.array("h", [int(32767 * x)] * 2)
    with wave.open(path, "wb") as f:
        f.setnchannels(2), f.setsampwidth(2), f.setframerate(rate), f.writeframes(samples.tobytes())


def crc16(data):
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc ^ 0xFFFF


def read_ddp(folder):
    """Everything a plant's loader takes from the image; checks what must hold of any image."""
    read = lambda name: open(os.path.join(folder, name), "rb").read()
    out = {"streams": {}, "pq": [], "text": {}}
    ident = read("DDPID")
    check(len(ident) == 128 and ident[:8] == b"DDP 2.00", "DDPID is one packet of level 2.00")
    check(ident[87:89] == b"CD", "the disc is a CD")
    out["upc"] = ident[8:21].decode("ascii").strip()
    out["master"] = ident[38:86].decode("ascii").strip()
    table = read("DDPMS")
    check(len(table) % 128 == 0, "DDPMS is whole packets")
    for at in range(0, len(table), 128):
        packet = table[at:at + 128].decode("ascii")
        check(packet[:4] == "VVVM", "a map packet begins with VVVM")
        check(int(packet[71:74]) == 17, "an identifier has 17 characters")
        name = packet[74:91].strip()
        out["streams"][name] = (packet[4:6], packet[30:38].strip(), int(packet[14:22]), packet[38:40].strip(), packet[46:50].strip())
    kinds = {kind: name for name, (type_, kind, *_) in out["streams"].items() if type_ == "S0"}
    image = [name for name, stream in out["streams"].items() if stream[0] == "D0"]
    check(len(image) == 1, "there is one stream of sound")
    size = os.path.getsize(os.path.join(folder, image[0]))
    check(out["streams"][image[0]][2] * SECTOR == size, "the map's sectors are the image's bytes")
    check(out["streams"][image[0]][3] == "DA" and int(out["streams"][image[0]][4]) == 150, "digital audio with a pause of 150 sectors")
    out["image"] = read(image[0])

    pq = read(kinds["PQ DESCR"])
    check(out["streams"][kinds["PQ DESCR"]][2] == len(pq) and len(pq) % 64 == 0, "PQ packets fill their stream")
    last = -1
    for at in range(0, len(pq), 64):
        packet = pq[at:at + 64].decode("ascii")
        check(packet[:4] == "VVVS", "a PQ packet begins with VVVS")
        minutes, seconds, frames = int(packet[10:12]), int(packet[12:14]), int(packet[14:16])
        check(seconds < 60 and frames < 75, "a PQ time is one")
        sector = (minutes * 60 + seconds) * 75 + frames
        check(sector >= last, "PQ times rise")
        last = sector
        out["pq"].append((packet[4:6], int(packet[6:8]), sector, packet[20:32].strip(), packet[32:45].strip()))
    check(out["pq"][0][0] == "00" and out["pq"][-1][0] == "AA", "PQ goes from lead-in to lead-out")
    check(out["pq"][-1][2] * SECTOR == size, "the lead-out is where the image ends")

    if "CDTEXT" in kinds:
        packs = read(kinds["CDTEXT"])
        check(out["streams"][kinds["CDTEXT"]][2] == len(packs) and len(packs) % 18 == 0, "CD-Text packs fill their stream")
        texts = {}
        for number, at in enumerate(range(0, len(packs), 18)):
            pack = packs[at:at + 18]
            check(struct.unpack(">H", pack[16:])[0] == crc16(pack[:16]), "a pack's CRC is right")
            check(pack[2] == number, "packs are numbered")
            texts[pack[0]] = texts.get(pack[0], b"") + pack[4:16]
        out["text"] = {kind: [t.decode("latin-1") for t in data.split(b"\0")] for kind, data in texts.items() if kind != 0x8F}
        check(texts[0x8F][1:3] == bytes([1, sum(1 for p in out["pq"] if p[1] == 1) - 1]), "the size packs count the tracks")

    listed = {}
    for line in read("CHECKSUM.MD5").decode("ascii").splitlines():
        digest, name = line[:32], line[34:]
        listed[name] = digest
        check(hashlib.md5(read(name)).hexdigest() == digest, f"the sum of {name} is right")
    check(set(listed) == set(os.listdir(folder)) - {"CHECKSUM.MD5"}, "every file has a sum")
    return out


def run(*arguments, cwd, env, status=0):
    done = subprocess.run([LATHE, *arguments], cwd=cwd, env=env, capture_output=True, text=True)
    check(done.returncode == status, f"lathe {' '.join(arguments)} ends with {status}", f"({done.returncode}) {done.stderr.strip()}")
    return done


def main():
    with tempfile.TemporaryDirectory(prefix="lathe-disc-") as work:
        env = dict(os.environ, HOME=work, XDG_STATE_HOME=work + "/state", XDG_CONFIG_HOME=work + "/config", XDG_RUNTIME_DIR=work)
        seconds, gaps = [5.0, 4.6, 6.25], [0, 1.5, 0]
        for index, length in enumerate(seconds):
            tone(f"{work}/{index}.wav", length, 300 + 140 * index)
        with open(work + "/album.toml", "w") as f:
            f.write('schema = 1\ntitle = "Førest \\"Songs\\""\nartist = "Läthe"\nupc = "4006381333931"\n')
            for index in range(3):
                f.write(f'[[track]]\nfile = "{index}.wav"\ntitle = "Song {index + 1}"\nisrc = "DE-A12-26-0000{index + 1}"\ngap_seconds = {gaps[index]}\n')
        os.mkdir(work + "/out")
        made = run("master", "--sequence", "album.toml", "-o", "out/", "--cue", "out/album.cue", "--ddp", "out/ddp", "--bits", "16", "--json",
                   cwd=work, env=env)
        if failures:
            return
        results = json.loads(made.stdout)
        ddp = read_ddp(work + "/out/ddp")
        check(ddp["upc"] == "4006381333931", "the EAN is in the image")
        starts = [0, seconds[0] + gaps[1], seconds[0] + gaps[1] + seconds[1] + gaps[2]]
        expected = [150 + int(s * 75 + 1e-9) for s in starts]
        check([p[2] for p in ddp["pq"] if p[1] == 1 and p[0] != "AA"] == expected, "the tracks begin where they were put", ddp["pq"])
        check([p[2] for p in ddp["pq"] if p[1] == 0 and p[0] not in ("00", "01")] == [150 + 375], "the gap is a pause", ddp["pq"])
        check([p[3] for p in ddp["pq"] if p[3]] == [f"DEA12260000{n}" for n in (1, 2, 3)], "every track has its ISRC")
        check(ddp["text"].get(0x80, [])[:4] == ['Førest "Songs"', "Song 1", "Song 2", "Song 3"], "CD-Text has the titles", ddp["text"])
        check(ddp["text"].get(0x81, [])[:4] == ["Läthe"] * 4, "CD-Text has the artist", ddp["text"])

        # The masters are of the same rate and width, so they are the image, to the byte.
        sound = b"".join(wave.open(f"{work}/out/{i}-master.wav").readframes(1 << 30) for i in range(3))
        pause = 150 * SECTOR
        check(ddp["image"][:pause] == bytes(pause), "the image begins with two seconds of silence")
        check(ddp["image"][pause:pause + len(sound)] == sound, "the image holds the masters to the byte")
        check(wave.open(work + "/out/album.wav").readframes(1 << 30) == sound, "so does the cue sheet's WAV")
        check(len(results) == 3 and results[0]["disc"]["ddp"] == "out/ddp", "the result names the disc")

        if shutil.which("cueprint"):
            shown = subprocess.run(["cueprint", "-d", "%N\n", "-t", "%n|%t|%i\n", "album.cue"], cwd=work + "/out", capture_output=True, text=True).stdout
            check(shown.splitlines()[0] == "3", "cueprint reads the disc", shown)
            check(shown.splitlines()[1:] == [f"{n}|Song {n}|DEA12260000{n}" for n in (1, 2, 3)], "cueprint reads the tracks", shown)
        if shutil.which("cdrdao"):
            shown = subprocess.run(["cdrdao", "show-toc", "album.cue"], cwd=work + "/out", capture_output=True, text=True)
            text = shown.stdout + shown.stderr
            for index, start in enumerate(expected):
                sector = start - 150
                clock = "%02d:%02d:%02d" % (sector // 4500, sector // 75 % 60, sector % 75)
                check(clock in text, f"cdrdao puts track {index + 1} at {clock}", text)

        # A second time without leave: refused, and nothing is changed or left over.
        before = {n: os.stat(f"{work}/out/{n}").st_mtime_ns for n in os.listdir(work + "/out")}
        run("master", "--sequence", "album.toml", "-o", "out/", "--ddp", "out/ddp", cwd=work, env=env, status=73)
        check({n: os.stat(f"{work}/out/{n}").st_mtime_ns for n in os.listdir(work + "/out")} == before, "what is there stays as it is")
        # With leave, and without titles: what said the titles is gone with them.
        run("master", "0.wav", "1.wav", "2.wav", "--album", "-o", "out/", "--ddp", "out/ddp", "--bits", "16", "--force", cwd=work, env=env)
        check(read_ddp(work + "/out/ddp")["text"] == {}, "an image without titles has no CD-Text")
        # A track that no disc holds: no folder is left behind.
        tone(work + "/short.wav", 2, 500)
        run("master", "short.wav", "0.wav", "-o", "out/", "--ddp", "other", "--force", cwd=work, env=env, status=64)
        check(not os.path.exists(work + "/other"), "a refused disc leaves no folder")
        rows = json.loads(run("ledger", "list", "--json", cwd=work, env=env).stdout)
        open_rows = [r for r in rows if r["state"] not in ("destroyed", "handed_over")]
        check(not open_rows, "every row of the ledger has ended", open_rows)


main()
if failures:
    sys.exit(1)
print("disc: image, sheet and sums are what they say")
