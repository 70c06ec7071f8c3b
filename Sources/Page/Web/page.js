"use strict";
// The loudspeaker of the studio: fetches both voices as bytes in ranges, plays them in step, and switches between them at once.
const byId = (id) => document.getElementById(id);
const CAPACITY = 1 << 18;            // frames that the player keeps
const PIECE = 0.06;                  // seconds of sound in one request
const MOST_REQUESTS = 4;            // a browser keeps six connections to a place, and events and orders need theirs
const LEAD = { least: 0.2, most: 2 };  // seconds of sound asked for ahead of what is heard

const page = {
  state: null, context: null, node: null, analyser: null,
  generation: -1, next: 0, fed: 0, ready: new Map(), requests: 0,
  heard: 0, end: 0, sounds: false, dry: 0, lead: LEAD.least, bits: 24, reported: "",
  meters: [], shownMeters: null, lastJump: 0, turn: Promise.resolve(),
};
globalThis.lathe = page;

function note(text) { byId("note").textContent = text; }
function post(path, body) { return fetch(path, { method: "POST", body }).catch(() => note("the line to the studio is interrupted")); }

const events = new EventSource("events");
events.onmessage = (message) => {
  const m = JSON.parse(message.data);
  // One after the other: a context takes time to open.
  if (m.t === "state") page.turn = page.turn.then(() => take(m)).catch((problem) => note(String(problem)));
  if (m.t === "meters") page.meters.push(m);
  if (m.t === "taken") {
    events.close();
    page.state = null;
    page.node?.port.postMessage({ rolling: false });
    note("another page listens now; reload to listen here");
  }
};
events.onerror = () => note("the line to the studio is interrupted");
events.onopen = () => note("");

async function take(state) {
  const before = page.state;
  page.state = state;
  document.title = "lathe: " + state.title;
  byId("title").textContent = state.title || "nothing is loaded";
  byId("play").textContent = state.playing ? "Pause" : "Play";
  for (const voice of ["a", "b", "difference"]) {
    byId(voice).setAttribute("aria-pressed", String(!state.blind && state.voice === voice));
    byId(voice).disabled = state.blind;
  }
  if (!page.context || !state.rate) return;
  if (state.g !== page.generation) await begin();
  if (state.jump > page.lastJump) jump(state.jump);
  sound(state);
  if (before?.playing && !state.playing) setTimeout(report, 100);
  pump();
}

// The gains of the two voices, and whether they move.
function sound(state) {
  const gains = state.voice === "a" ? { a: state.a, b: 0 } : state.voice === "b" ? { a: 0, b: state.b } : { a: -state.a, b: state.b };
  page.node?.port.postMessage({ gains, rolling: state.playing });
}

async function begin() {
  const { g, rate, written, jump: from } = page.state;
  page.generation = g;
  if (page.context.sampleRate !== rate) {
    await page.context.close();
    await open(rate);
  } else {
    connect();
  }
  page.ready.clear();
  page.meters = [];
  page.lastJump = 0;
  jump(Math.max(from, written));
}

function jump(index) {
  page.lastJump = index;
  if (page.fed < index) {
    page.next = page.fed = index;
    page.ready.clear();
  }
  page.node?.port.postMessage({ jump: index });
}

async function open(rate) {
  const context = new AudioContext({ sampleRate: rate, latencyHint: "interactive" });
  await context.audioWorklet.addModule("voices.js");
  await context.resume();
  page.context = context;
  connect();
}

function connect() {
  page.node?.disconnect();
  page.node = new AudioWorkletNode(page.context, "voices", {
    numberOfInputs: 0, outputChannelCount: [2], processorOptions: { capacity: CAPACITY, prime: prime() },
  });
  [page.heard, page.end, page.fed, page.next, page.dry] = [0, 0, 0, 0, 0];
  page.node.port.onmessage = (message) => {
    const before = page.sounds;
    Object.assign(page, { heard: message.data.heard, end: message.data.end, sounds: message.data.sounds, peaks: message.data.peaks });
    if (message.data.dry > page.dry) slower(message.data.dry);
    if (before && !page.sounds) report();
    pump();
  };
  page.analyser = page.context.createAnalyser();
  page.analyser.fftSize = 4096;
  page.node.connect(page.analyser);
  page.analyser.connect(page.context.destination);
}

const prime = () => Math.floor(page.lead * 0.6 * page.context.sampleRate);

// The sound ran out: ask earlier, and for less.
function slower(dry) {
  page.dry = dry;
  page.lead = Math.min(LEAD.most, page.lead * 1.5);
  if (page.lead > 1) page.bits = 16;
  page.node.port.postMessage({ prime: prime() });
}

// What has come out of the loudspeaker.
function heard() {
  const late = (page.context.outputLatency || page.context.baseLatency || 0) * page.context.sampleRate;
  return Math.max(0, Math.round(page.heard - late));
}

function report() {
  if (!page.context || page.generation < 0) return;
  const text = `${page.generation} ${page.sounds ? heard() : page.heard} ${page.sounds ? 1 : 0}`;
  if (text !== page.reported) post("heard", text);
  page.reported = text;
}

function pump() {
  const state = page.state;
  if (!state?.rate || !page.node || state.g !== page.generation) return;
  const piece = Math.floor(PIECE * state.rate), wanted = Math.max(page.heard, page.lastJump) + page.lead * state.rate;
  while (page.requests < MOST_REQUESTS && page.next < wanted) {
    fetchPiece(page.generation, page.next, piece);
    page.next += piece;
  }
}

async function fetchPiece(generation, first, frames) {
  page.requests++;
  const bits = page.bits, size = bits / 2;
  try {
    const answer = await fetch(`sound?g=${generation}&bits=${bits}&heard=${heard()}&rolling=${page.sounds ? 1 : 0}`, {
      headers: { Range: `bytes=${first * size}-${(first + frames) * size - 1}` },
    });
    if (generation !== page.generation || first < page.fed) return;
    if (answer.status === 206) {
      page.ready.set(first, decode(new Uint8Array(await answer.arrayBuffer()), bits));
      feed();
    } else if (answer.status === 416 && answer.headers.get("x-lathe-from") && page.state?.g === generation) {
      jump(Math.max(Number(answer.headers.get("x-lathe-from")), page.state.written));
    } else {
      page.next = Math.min(page.next, first);
    }
  } catch {
    page.next = Math.min(page.next, first);
    await new Promise((resolve) => setTimeout(resolve, 300));
  } finally {
    page.requests--;
  }
}

// Little-endian integers to samples within ±1.
function decode(bytes, bits) {
  const out = new Float32Array(bytes.length / (bits / 8));
  if (bits === 16) for (let i = 0; i < out.length; i++) out[i] = ((bytes[2 * i] | bytes[2 * i + 1] << 8) << 16 >> 16) / 0x8000;
  else for (let i = 0; i < out.length; i++) out[i] = ((bytes[3 * i] | bytes[3 * i + 1] << 8 | bytes[3 * i + 2] << 16) << 8 >> 8) / 0x800000;
  return out;
}

// In their order, whatever order they came in.
function feed() {
  for (let samples; (samples = page.ready.get(page.fed)); ) {
    page.ready.delete(page.fed);
    const first = page.fed;
    page.fed += samples.length / 4;
    page.node.port.postMessage({ sound: { first, samples } }, [samples.buffer]);
  }
}

// Keys and buttons act here at once; the studio's answer follows.
function voice(name) {
  if (!page.state || page.state.blind) return;
  page.state.voice = name;
  sound(page.state);
  post("do", name);
}

byId("listen").onclick = () => {
  byId("listen").hidden = true;
  byId("desk").hidden = false;
  page.turn = page.turn.then(() => open(page.state?.rate || undefined)).then(() => page.state && take(page.state)).catch((problem) => note(String(problem)));
};
byId("play").onclick = () => post("do", page.state?.playing ? "pause" : "play");
for (const name of ["a", "b", "difference"]) byId(name).onclick = () => voice(name);
byId("seek").onchange = (event) => {
  if (page.state?.duration) post("do", `seek ${(event.target.value / 1000 * page.state.duration).toFixed(3)}`);
};
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.tagName === "INPUT") return;
  const act = { " ": () => byId("play").click(), x: () => voice(page.state?.voice === "b" ? "a" : "b"), D: () => voice("difference"),
    "[": () => post("do", "move -5"), "]": () => post("do", "move 5"), "{": () => post("do", "move -30"), "}": () => post("do", "move 30") }[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
addEventListener("pagehide", () => navigator.sendBeacon("left", ""));

const reading = (x, digits = 1) => (x === null || x === undefined ? "-" : x.toFixed(digits));
function clock(seconds) {
  if (seconds === null || seconds === undefined) return "-";
  const tenths = Math.floor(seconds * 10);
  return `${Math.floor(tenths / 600)}:${String(Math.floor(tenths / 10) % 60).padStart(2, "0")}.${tenths % 10}`;
}

function draw() {
  requestAnimationFrame(draw);
  if (!page.context || !page.state) return;
  // The readings of the sound that is heard now, not of what is on its way.
  const now = heard();
  while (page.meters.length > 1 && page.meters[1].at <= now) page.meters.shift();
  const meters = page.meters[0] && page.meters[0].at <= now ? page.meters[0] : page.shownMeters;
  if (meters && meters !== page.shownMeters) {
    page.shownMeters = meters;
    const voice = page.state.blind ? {} : page.state.voice === "a" ? meters.a : page.state.voice === "b" ? meters.b : {};
    for (const id of ["m", "s", "i", "tp"]) byId(id).textContent = reading(voice[id]);
    byId("c").textContent = reading(voice.c, 2);
  }
  const position = page.sounds && meters ? meters.position + (now - meters.at) / page.context.sampleRate : page.state.position;
  byId("position").textContent = clock(position);
  byId("duration").textContent = clock(page.state.duration);
  if (page.state.duration && document.activeElement !== byId("seek")) byId("seek").value = position / page.state.duration * 1000;
  const [left, right] = page.peaks ?? [0, 0], decibels = (x) => (x > 0 ? Math.max(-60, 20 * Math.log10(x)) : -60);
  byId("left").value = decibels(left);
  byId("right").value = decibels(right);
  drawSpectrum();
}

function drawSpectrum() {
  if (!page.analyser) return;
  const canvas = byId("spectrum"), g = canvas.getContext("2d"), bins = new Float32Array(page.analyser.frequencyBinCount);
  page.analyser.getFloatFrequencyData(bins);
  g.clearRect(0, 0, canvas.width, canvas.height);
  g.strokeStyle = g.fillStyle = getComputedStyle(canvas).color;
  g.beginPath();
  const width = page.context.sampleRate / page.analyser.fftSize;
  for (let x = 0; x < canvas.width; x += 2) {
    // 20 Hz to 20 kHz in equal ratios, −96 to 0 dB.
    const from = 20 * 1000 ** (x / canvas.width), to = 20 * 1000 ** ((x + 2) / canvas.width);
    let best = -Infinity;
    for (let k = Math.floor(from / width); k <= Math.max(Math.floor(from / width), Math.floor(to / width)); k++) best = Math.max(best, bins[k] ?? -Infinity);
    const y = canvas.height * Math.min(1, Math.max(0, -best / 96));
    x === 0 ? g.moveTo(x, y) : g.lineTo(x, y);
  }
  g.stroke();
}
requestAnimationFrame(draw);
