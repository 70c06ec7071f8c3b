#!/usr/bin/python3
"""The listener's page in a real browser: headless Chromium, driven through its debugging protocol.

What comes out of the page's player is recorded inside the browser, sample by sample, and compared with the files.
Needs chromium, sox and Python's websocket module (Debian: chromium sox python3-websocket); is skipped, and says so, without them.
"""

import base64
import json
import math
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

LATHE = os.environ.get("LATHE_BINARY") or os.path.join(os.path.dirname(__file__), "../../.build-test/release/lathe")

# Records what the player puts out, before anything of the browser's own.
RECORDER = """
class Recorder extends AudioWorkletProcessor {
  constructor() { super(); this.blocks = []; this.on = true; this.port.onmessage = () => { this.on = false; this.port.postMessage({at: this.from, blocks: this.blocks}); }; }
  process(inputs) {
    if (this.on && inputs[0].length) { if (this.from === undefined) this.from = currentFrame; this.blocks.push(inputs[0][0].slice()); }
    return true;
  }
}
registerProcessor('recorder', Recorder);
"""


class Browser:
    def __init__(self, home):
        import websocket
        self.process = subprocess.Popen(
            ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--mute-audio", "--remote-debugging-port=0", "--remote-allow-origins=*",
             "--user-data-dir=" + home, "--no-first-run", "--disable-background-networking", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        where = None
        for line in self.process.stderr:
            found = re.search(r"listening on ws://([^/]+)/", line)
            if found:
                where = found[1]
                break
        assert where, "chromium did not start"
        deadline = time.time() + 20
        while True:
            pages = [p for p in json.load(urllib.request.urlopen(f"http://{where}/json")) if p["type"] == "page"]
            if pages or time.time() > deadline:
                break
            time.sleep(0.05)
        self.line = websocket.create_connection(pages[0]["webSocketDebuggerUrl"], timeout=60)
        self.count = 0
        self.call("Page.enable")
        self.call("Runtime.enable")

    def call(self, method, **parameters):
        self.count += 1
        number = self.count
        self.line.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self.line.recv())
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return answer["result"]

    def do(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def until(self, expression, seconds=15):
        deadline = time.time() + seconds
        while time.time() < deadline:
            value = self.do(expression)
            if value:
                return value
            time.sleep(0.02)
        note = self.do("document.getElementById('note')?.textContent")
        raise AssertionError(f"never: {expression}; note: {note}")

    def key(self, key, code):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=code, text=key if kind == "keyDown" else "")

    def click(self, selector):
        box = self.do(f"(() => {{ const r = document.querySelector('{selector}').getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; }})()")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left", clickCount=1)

    def close(self):
        self.process.kill()
        self.process.wait()


def fetch(url, method="GET", data=None, **headers):
    request = urllib.request.Request(url, method=method, data=data, headers={k.replace("_", "-"): v for k, v in headers.items()})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


def listeners(pid):
    """Local addresses on which a process listens, as the kernel lists them (proc(5), /proc/net/tcp)."""
    inodes = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            found = re.match(r"socket:\[(\d+)\]", os.readlink(f"/proc/{pid}/fd/{fd}"))
        except OSError:
            continue
        if found:
            inodes.add(found[1])
    out = []
    for table in ("tcp", "tcp6"):
        for line in open(f"/proc/{pid}/net/{table}").read().splitlines()[1:]:
            fields = line.split()
            if fields[9] in inodes and fields[3] == "0A":
                host, port = fields[1].split(":")
                out.append((socket.inet_ntoa(struct.pack("<I", int(host, 16))) if table == "tcp" else host, int(port, 16)))
    return out


def start(home, *arguments):
    environment = dict(os.environ, XDG_STATE_HOME=home + "/state", XDG_CONFIG_HOME=home + "/config", SSH_CONNECTION="198.51.100.7 51000 203.0.113.5 22")
    process = subprocess.Popen([LATHE, *arguments], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    url, way = None, None
    for line in process.stderr:
        way = way or (re.search(r"ssh -N -L \S+ \S+", line) or [None])[0]
        found = re.search(r"http://127\.0\.0\.1:\d+/\w+/", line)
        if found:
            url = found[0]
            break
    assert url, "no address was said"
    return process, url, way


def tones(path, seconds=30, rate=48000):
    """A file whose every moment differs: a slow sweep on the left, another on the right."""
    subprocess.run(["sox", "-n", "-r", str(rate), "-b", "24", "-c", "2", path, "synth", str(seconds), "sine", "200-4000", "sine", "300-3000", "gain", "-20"], check=True)


def recorded(browser):
    text = browser.do("""new Promise((resolve) => {
        recorder.port.onmessage = (m) => {
            const n = m.data.blocks.length, out = new Float32Array(n * 128);
            m.data.blocks.forEach((b, i) => out.set(b, i * 128));
            const bytes = new Uint8Array(out.buffer); let s = '';
            for (let i = 0; i < bytes.length; i += 8192) s += String.fromCharCode(...bytes.subarray(i, i + 8192));
            resolve(btoa(s));
        };
        recorder.port.postMessage('stop');
    })""")
    raw = base64.b64decode(text)
    return struct.unpack(f"<{len(raw) // 4}f", raw)


def levels(samples, rate, milliseconds=5):
    """Root mean square of pieces, dB."""
    size = int(rate * milliseconds / 1000)
    out = []
    for at in range(0, len(samples) - size, size):
        power = sum(x * x for x in samples[at:at + size]) / size
        out.append(10 * math.log10(power) if power > 1e-14 else -140)
    return out


def main():
    try:
        import websocket  # noqa: F401
    except ImportError:
        return print("page: skipped, needs python3-websocket")
    if not shutil.which("chromium") or not shutil.which("sox"):
        return print("page: skipped, needs chromium and sox")
    home = tempfile.mkdtemp(prefix="lathe-page-")
    processes, browser = [], None
    try:
        mix = home + "/mix.wav"
        tones(mix, 240)
        process, url, way = start(home, "preview", mix, "--preset", "streaming", "--sink", "http", "--port", "0")
        processes.append(process)
        port = int(re.search(r":(\d+)/", url)[1])
        check_doors(process, url, way, port)
        browser = Browser(home + "/chromium")
        check_sound(browser, url, mix)
        check_report(process, url)
    finally:
        if browser:
            browser.close()
        for process in processes:
            if process.poll() is not None:
                print(f"page: lathe ended with {process.returncode}: {process.stderr.read()[-2000:]}", file=sys.stderr)
            process.terminate()
            process.wait()
        shutil.rmtree(home, ignore_errors=True)
    print("page: all held")


def said(text):
    print("page: " + text, flush=True)


def check_doors(process, url, way, port):
    assert way == f"ssh -N -L {port}:127.0.0.1:{port} {os.environ.get('USER') or 'root'}@203.0.113.5" or way.endswith("@203.0.113.5"), way
    assert listeners(process.pid) == [("127.0.0.1", port)], listeners(process.pid)
    root = f"http://127.0.0.1:{port}"
    token = url.rstrip("/").rsplit("/", 1)[1]
    assert len(token) == 32
    for path in ("/", "/page.js", "/sound?g=1", "/events", "/" + "0" * 32 + "/", "/" + token[:-1] + "/"):
        assert fetch(root + path)[0] == 404, path
    assert fetch(url, Host="example.com")[0] == 404
    assert fetch(url + "do", "POST", b"play", Origin="https://example.com")[0] == 404
    status, headers, page = fetch(url)
    assert status == 200 and b"<title>" in page and "default-src 'none'" in headers["content-security-policy"]
    assert fetch(url + "sound?g=1")[0] == 416, "there is no whole"
    said("one listener, on 127.0.0.1; nothing without the token, under another name, or for another origin")


def check_sound(browser, url, mix):
    browser.call("Page.setBypassCSP", enabled=True)
    browser.call("Page.navigate", url=url)
    browser.until("globalThis.lathe?.state")
    browser.click("#listen")
    browser.until("lathe.sounds", 40)
    rate = browser.do("lathe.context.sampleRate")
    assert rate == 48000, rate
    browser.do(f"""(async () => {{
        const code = URL.createObjectURL(new Blob([{json.dumps(RECORDER)}], {{type: 'text/javascript'}}));
        await lathe.context.audioWorklet.addModule(code);
        globalThis.recorder = new AudioWorkletNode(lathe.context, 'recorder', {{numberOfOutputs: 0, channelCountMode: 'explicit', channelCount: 1}});
    }})()""")

    # B and A, back and forth, by the key in the page; then what was recorded must show each change at once and no hole.
    splitter = """(() => { globalThis.splitter = lathe.context.createChannelSplitter(2); lathe.node.connect(splitter); splitter.connect(recorder, 0); return true; })()"""
    assert browser.do(splitter)
    time.sleep(0.5)
    marks = []
    for _ in range(6):
        marks.append(browser.do("""new Promise((resolve) => {
            const at = lathe.context.currentTime;
            dispatchEvent(new KeyboardEvent('keydown', {key: 'x'}));
            resolve(at);
        })"""))
        time.sleep(0.4)
    began = browser.do("lathe.context.currentTime")
    samples = recorded(browser)
    dry = browser.do("lathe.dry")
    assert dry == 0, f"the sound ran out {dry} times"
    end = began
    loud = levels(samples, rate)
    quiet, strong = sorted(loud)[len(loud) // 10], sorted(loud)[-len(loud) // 10]
    middle = (quiet + strong) / 2
    assert strong - quiet > 3, f"A and B differ by {strong - quiet:.1f} dB"
    # No piece of 5 ms is below the softer voice: no hole.
    inner = loud[4:-4]
    assert min(inner) > quiet - 3, f"a hole: {min(inner):.1f} dB beside {quiet:.1f}"
    changes = [i for i in range(1, len(loud)) if (loud[i] > middle) != (loud[i - 1] > middle)]
    assert len(changes) == 6, changes
    # Recording ends at the moment `end` or later; distances between key and change follow from the distances between keys.
    first = marks[0] - changes[0] * 0.005
    late = [changes[k] * 0.005 + first - marks[k] for k in range(6)]
    spread = max(late) - min(late)
    assert spread <= 0.05, late
    said(f"A/B by key in the page: 6 of 6 switches, alike within {spread * 1000:.0f} ms, no hole (lowest 5 ms {min(inner):.1f} dB, softer voice {quiet:.1f} dB), never dry")

    measured = browser.do("""(async () => {
        // From key to changed samples: a second recorder counts blocks from the key on.
        const code = URL.createObjectURL(new Blob([`class Edge extends AudioWorkletProcessor {
            constructor() { super(); this.last = 0; this.port.onmessage = () => { this.from = currentFrame; this.before = this.power; }; }
            process(inputs) {
                if (!inputs[0].length) return true;
                let p = 0; for (const x of inputs[0][0]) p += x * x;
                this.power = (this.power ?? p) * 0.5 + p * 0.5;
                if (this.from !== undefined && Math.abs(10 * Math.log10(this.power / this.before)) > 1.5) { this.port.postMessage((currentFrame + 128 - this.from) / sampleRate); this.from = undefined; }
                return true;
            }
        }
        registerProcessor('edge', Edge);`], {type: 'text/javascript'}));
        await lathe.context.audioWorklet.addModule(code);
        const edge = new AudioWorkletNode(lathe.context, 'edge', {numberOfOutputs: 0});
        lathe.node.connect(edge);
        const out = [];
        for (let k = 0; k < 20; k++) {
            await new Promise((r) => setTimeout(r, 250));
            out.push(await new Promise((resolve, reject) => {
                edge.port.onmessage = (m) => resolve(m.data);
                const began = performance.now();
                edge.port.postMessage('key');
                dispatchEvent(new KeyboardEvent('keydown', {key: 'x'}));
                setTimeout(() => reject(new Error('no change')), 2000);
            }));
        }
        return out;
    })()""")
    worst = max(measured) * 1000
    assert worst <= 50, measured
    said(f"from the key to changed samples: median {sorted(measured)[10] * 1000:.1f} ms, worst of 20 {worst:.1f} ms")

    # Seeking lands where it was told to, pausing keeps the place.
    before, jump = browser.do("[lathe.state.position, lathe.state.jump]")
    browser.key("]", "BracketRight")
    # The new position is known before its sound is here; what is asked for is that it is heard.
    browser.until(f"lathe.state.position > {before} + 3.5 && lathe.state.jump > {jump} && lathe.heard > lathe.state.jump && lathe.sounds")
    browser.click("#play")
    browser.until("!lathe.state.playing && !lathe.sounds")
    held = browser.do("lathe.heard")
    time.sleep(0.5)
    assert browser.do("lathe.heard") == held, (held, browser.do("[lathe.heard, lathe.end, lathe.lastJump, lathe.sounds, lathe.state]"))
    browser.click("#play")
    browser.until(f"lathe.sounds && lathe.heard > {held} + 4800")
    # A pause that comes before the sound of the new place does: play goes on at that place.
    jump = browser.do("lathe.state.jump")
    browser.key("]", "BracketRight")
    browser.click("#play")
    browser.until(f"!lathe.state.playing && !lathe.sounds && lathe.state.jump > {jump} && lathe.heard >= lathe.state.jump")
    browser.click("#play")
    browser.until("lathe.sounds && lathe.heard > lathe.state.jump + 4800")
    said("seek, pause and play by the page's keys and buttons")
    # Momentary loudness needs 0.4 s of sound behind the pause (ITU-R BS.1770).
    browser.until("/^-?\\d+\\.\\d/.test(document.getElementById('m').textContent)")
    meters = browser.do("[document.getElementById('m').textContent, lathe.shownMeters && (lathe.heard - lathe.shownMeters.at) / lathe.context.sampleRate]")
    assert re.match(r"-?\d+\.\d", meters[0]), meters
    assert 0 <= meters[1] < 0.25, f"the meters are {meters[1]} s from what is heard"
    said(f"meters stand at what is heard, {meters[1] * 1000:.0f} ms behind")


def check_report(process, url):
    generation = 1
    status, headers, body = fetch(url + f"sound?g={generation}", Range="bytes=-12")
    assert status == 206 and len(body) == 12 and headers["content-range"].endswith("/*"), (status, headers)
    status, headers, _ = fetch(url + f"sound?g={generation}", Range="bytes=0-11")
    assert status in (206, 416)
    assert fetch(url + f"sound?g={generation}", Range="bytes=0-5,7-9")[0] == 416
    said("ranges: the last bytes, old ones refused with 416, several at once refused")


if __name__ == "__main__":
    main()
