"use strict";
// Plays two voices in step: what is heard is a mixture of both, so that switching between them is a matter of gains.
// Frames carry the index that the studio counts them by; a jump moves the place to read from and fades across.
class Voices extends AudioWorkletProcessor {
  constructor(options) {
    super();
    const { capacity, prime } = options.processorOptions;
    this.mask = capacity - 1;
    this.ring = new Float32Array(capacity * 4);
    this.fade = Math.max(16, Math.floor(sampleRate * 0.008));
    this.prime = prime;             // frames that must be there before the sound begins
    this.read = 0;
    this.end = 0;                   // frames before this one are here
    this.rolling = false;
    this.primed = false;
    this.open = 0;                  // 0 is silent, `fade` is fully open
    this.gains = { a: 0, b: 1, toA: 0, toB: 1, left: 0 };
    this.jumpTo = -1;
    this.old = { read: 0, end: 0, left: 0 };
    this.dry = 0;                   // times the sound ran out
    this.peaks = [0, 0];
    this.told = 0;
    this.port.onmessage = (message) => this.take(message.data);
  }

  take(m) {
    if (m.sound) {
      let { first, samples } = m.sound;
      if (first < this.end) return;
      // What lies between was given up.
      if (first > this.end) this.take({ jump: first });
      for (let i = 0, n = samples.length / 4; i < n; i++) {
        const at = ((first + i) & this.mask) * 4;
        for (let k = 0; k < 4; k++) this.ring[at + k] = samples[i * 4 + k];
      }
      this.end += samples.length / 4;
    }
    if (m.gains) {
      this.gains.toA = m.gains.a;
      this.gains.toB = m.gains.b;
      this.gains.left = this.fade;
    }
    if (m.rolling !== undefined) this.rolling = m.rolling;
    if (m.prime !== undefined) this.prime = m.prime;
    if (m.jump !== undefined && m.jump > this.read) {
      if (m.jump > this.end) {
        this.oldEnd = this.end;
        this.end = m.jump;
      } else {
        this.oldEnd = m.jump;
      }
      this.jumpTo = m.jump;
    }
  }

  follow() {
    if (this.jumpTo < 0) return;
    const isQuiet = this.open === 0;
    if (!isQuiet && this.end - this.jumpTo < this.fade + 256) return;
    this.old = { read: this.read, end: this.oldEnd, left: isQuiet ? 0 : this.fade };
    this.read = this.jumpTo;
    this.jumpTo = -1;
  }

  process(_, outputs) {
    const left = outputs[0][0], right = outputs[0][1];
    this.follow();
    const g = this.gains, ring = this.ring, mask = this.mask;
    // While a jump waits for its sound the old place may be played out, but not beyond.
    const end = this.jumpTo >= 0 ? this.oldEnd : this.end;
    if (!this.primed && end - this.read >= this.prime) this.primed = true;
    for (let i = 0; i < left.length; i++) {
      if (g.left > 0) {
        g.a += (g.toA - g.a) / g.left;
        g.b += (g.toB - g.b) / g.left;
        g.left--;
      }
      // The end of what is here is faded, not cut.
      const wants = this.rolling && this.primed && end - this.read > this.open;
      this.open = wants ? Math.min(this.fade, this.open + 1) : Math.max(0, this.open - 1);
      if (this.open === 0 || this.read >= end) {
        if (this.rolling && this.primed && end - this.read <= 1) {
          this.primed = false;
          this.dry++;
          this.open = 0;
        }
        left[i] = right[i] = 0;
        continue;
      }
      const at = (this.read & mask) * 4;
      let l = ring[at] * g.a + ring[at + 2] * g.b, r = ring[at + 1] * g.a + ring[at + 3] * g.b;
      const old = this.old;
      if (old.left > 0) {
        const share = old.left / this.fade, to = 1 - share;
        l *= Math.sqrt(to);
        r *= Math.sqrt(to);
        if (old.read < old.end) {
          const from = (old.read & mask) * 4, part = Math.sqrt(share);
          l += (ring[from] * g.a + ring[from + 2] * g.b) * part;
          r += (ring[from + 1] * g.a + ring[from + 3] * g.b) * part;
          old.read++;
        }
        old.left--;
      }
      const opening = this.open / this.fade;
      left[i] = Math.max(-1, Math.min(1, l * opening));
      right[i] = Math.max(-1, Math.min(1, r * opening));
      this.peaks[0] = Math.max(this.peaks[0], Math.abs(left[i]));
      this.peaks[1] = Math.max(this.peaks[1], Math.abs(right[i]));
      this.read++;
    }
    if (currentFrame - this.told >= sampleRate / 30) {
      this.told = currentFrame;
      this.port.postMessage({ heard: this.read, end: this.end, sounds: this.open > 0, dry: this.dry, peaks: this.peaks });
      this.peaks = [0, 0];
    }
    return true;
  }
}
registerProcessor("voices", Voices);
