#!/usr/bin/python3
"""The studio as a person sees it: runs it in tmux, goes to each view by keys, and draws the terminal's cells into PNG files.

    Scripts/screens.py OUT [SIZE...]        SIZE: 80x24 120x36 200x60 (all three when left out)
    LATHE_BINARY=path/to/lathe              else .build/release/lathe, else .build-test/release/lathe

Needs Debian's tmux, python3-pil and fonts-dejavu-core. The music is made by Tests/Support/mix.py; nothing outside a folder of its own is touched.
Blocks and braille are drawn from their definitions (Unicode, U+2580… and U+2800…), so that they join as in a terminal.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

from PIL import Image, ImageDraw, ImageFont

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "Tests/Support"))
sys.dont_write_bytecode = True
import mix  # noqa: E402

LATHE = os.environ.get("LATHE_BINARY") or next((p for p in (ROOT + "/.build/release/lathe", ROOT + "/.build-test/release/lathe") if os.path.exists(p)), "lathe")
FONTS = "/usr/share/fonts/truetype/dejavu/DejaVuSansMono{}.ttf"
CELL = (9, 18)
GROUND, INK = (24, 24, 28), (222, 222, 222)
BASIC = [(0, 0, 0), (205, 49, 49), (13, 188, 121), (229, 229, 16), (36, 114, 200), (188, 63, 188), (17, 168, 205), (229, 229, 229),
         (102, 102, 102), (241, 76, 76), (35, 209, 139), (245, 245, 67), (59, 142, 234), (214, 112, 214), (41, 184, 219), (255, 255, 255)]


def indexed(n):
    if n < 16:
        return BASIC[n]
    if n >= 232:
        return (8 + 10 * (n - 232),) * 3
    n -= 16
    return tuple(0 if v == 0 else 55 + 40 * v for v in (n // 36, n // 6 % 6, n % 6))


class Style:
    def __init__(self):
        self.reset()

    def reset(self):
        self.fg, self.bg, self.bold, self.dim, self.reverse, self.underline = None, None, False, False, False, False

    def take(self, numbers):
        numbers = list(numbers)
        while numbers:
            n = numbers.pop(0)
            if n == 0: self.reset()
            elif n == 1: self.bold = True
            elif n == 2: self.dim = True
            elif n == 4: self.underline = True
            elif n == 7: self.reverse = True
            elif n == 22: self.bold = self.dim = False
            elif n == 24: self.underline = False
            elif n == 27: self.reverse = False
            elif n in (38, 48):
                color = tuple(numbers[1:4]) if numbers[0] == 2 else indexed(numbers[1])
                del numbers[:4 if numbers[0] == 2 else 2]
                if n == 38: self.fg = color
                else: self.bg = color
            elif n == 39: self.fg = None
            elif n == 49: self.bg = None
            elif 30 <= n <= 37: self.fg = BASIC[n - 30]
            elif 90 <= n <= 97: self.fg = BASIC[n - 82]
            elif 40 <= n <= 47: self.bg = BASIC[n - 40]
            elif 100 <= n <= 107: self.bg = BASIC[n - 92]

    def colors(self):
        fg, bg = self.fg or INK, self.bg or GROUND
        if self.dim: fg = tuple((a * 6 + b * 4) // 10 for a, b in zip(fg, bg))
        return (bg, fg) if self.reverse else (fg, bg)


def glyph(draw, font, bold, c, x, y, fg):
    w, h = CELL
    n = ord(c)
    if 0x2800 <= n <= 0x28FF:
        for bit, (column, row) in enumerate([(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)]):
            if (n - 0x2800) >> bit & 1:
                cx, cy = x + 1 + column * 4, y + 2 + row * 4
                draw.rectangle((cx, cy, cx + 2, cy + 2), fill=fg)
    elif 0x2581 <= n <= 0x2588:
        draw.rectangle((x, y + h - round(h * (n - 0x2580) / 8), x + w - 1, y + h - 1), fill=fg)
    elif 0x2589 <= n <= 0x258F:
        draw.rectangle((x, y, x + max(0, round(w * (0x2590 - n) / 8) - 1), y + h - 1), fill=fg)
    elif n == 0x2590:
        draw.rectangle((x + w // 2, y, x + w - 1, y + h - 1), fill=fg)
    elif n == 0x2594:
        draw.rectangle((x, y, x + w - 1, y + 1), fill=fg)
    elif 0x2591 <= n <= 0x2593:
        step = {0x2591: 4, 0x2592: 2, 0x2593: 2}[n]
        for py in range(y, y + h):
            for px in range(x, x + w):
                lit = (px + 2 * (py % 2)) % step == 0 if n != 0x2593 else (px + py) % 4 != 0
                if lit and (n != 0x2591 or py % 2 == 0): draw.point((px, py), fill=fg)
    elif c in "─│┌┐└┘├┤┬┴┼":
        mx, my = x + w // 2, y + h // 2
        left, right, up, down = ("─┐┘┤┬┴┼", "─┌└├┬┴┼", "│└┘├┤┴┼", "│┌┐├┤┬┼")
        if c in left: draw.line((x, my, mx, my), fill=fg)
        if c in right: draw.line((mx, my, x + w - 1, my), fill=fg)
        if c in up: draw.line((mx, y, mx, my), fill=fg)
        if c in down: draw.line((mx, my, mx, y + h - 1), fill=fg)
    elif c != " ":
        draw.text((x, y), c, font=bold if bold and font is not bold else font, fill=fg)


def picture(text, columns, rows):
    plain, bold = (ImageFont.truetype(FONTS.format(kind), 15) for kind in ("", "-Bold"))
    image = Image.new("RGB", (columns * CELL[0], rows * CELL[1]), GROUND)
    draw = ImageDraw.Draw(image)
    style = Style()
    for row, line in enumerate(text.split("\n")[:rows]):
        column = 0
        for sgr, c in re.findall(r"\x1b\[([\d;:]*)m|([^\x1b])", line):
            if not c:
                style.take(int(n or 0) for n in re.split("[;:]", sgr))
                continue
            fg, bg = style.colors()
            x, y = column * CELL[0], row * CELL[1]
            if bg != GROUND: draw.rectangle((x, y, x + CELL[0] - 1, y + CELL[1] - 1), fill=bg)
            glyph(draw, bold if style.bold else plain, bold, c, x, y, fg)
            if style.underline: draw.line((x, y + CELL[1] - 2, x + CELL[0] - 1, y + CELL[1] - 2), fill=fg)
            column += 1
    return image.quantize(64, dither=Image.Dither.NONE)


class Screen:
    def __init__(self, home, columns, rows):
        self.name = "screens-%d" % os.getpid()
        self.size = (columns, rows)
        environment = dict(os.environ, HOME=home, XDG_STATE_HOME=home + "/.state", XDG_CONFIG_HOME=home + "/.config", COLORTERM="truecolor", LANG="C.UTF-8", TMUX="")
        environment.pop("SSH_CONNECTION", None)
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows), LATHE, "--sink", "null", "--color", "truecolor", home + "/mixes", env=environment)
        self.tmux("set-option", "-g", "status", "off")
        self.tmux("set-option", "-s", "default-terminal", "tmux-256color")
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def tmux(self, *arguments, env=None):
        return subprocess.run(["tmux", "-L", self.name, *arguments], env=env, capture_output=True, text=True, check=True).stdout

    def text(self):
        return self.tmux("capture-pane", "-p")

    def until(self, pattern, seconds=60):
        deadline = time.time() + seconds
        while not re.search(pattern, self.text()):
            if time.time() > deadline:
                raise SystemExit(f"never on the screen: {pattern}\n{self.text()}")
            time.sleep(0.05)

    def press(self, *keys):
        for key in keys:
            self.tmux("send-keys", *(["-l", key] if len(key) == 1 else [key]))
            time.sleep(0.08)

    def keep(self, path):
        picture(self.tmux("capture-pane", "-p", "-e"), *self.size).save(path, optimize=True)
        print(path, os.path.getsize(path), "bytes", flush=True)

    def close(self):
        subprocess.run(["tmux", "-L", self.name, "kill-server"], capture_output=True)


def tour(out, home, columns, rows):
    """Each view with something to see in it."""
    screen = Screen(home, columns, rows)
    size = f"{columns}x{rows}"
    try:
        screen.until("rough_v7.wav")
        screen.press("End", "Enter")
        screen.until(r"LUFS")
        screen.press("2")
        screen.until(r"-1[0-9]\.\d LUFS|GR ")
        time.sleep(6)
        screen.keep(f"{out}/master-{size}.png")
        screen.press("1")
        screen.keep(f"{out}/files-{size}.png")
        screen.press("3", "i")
        for c in "driving techno at 132 bpm in A minor, 16 bars":
            screen.press("Space" if c == " " else c)
        screen.press("C-g")
        screen.until(r"\bbass\b|\bdrums\b")
        time.sleep(3)
        screen.keep(f"{out}/generate-{size}.png")
        screen.press("1", "Enter")
        screen.until(r"rough_v7\.wav.*LUFS")
        screen.press("r", "4")
        screen.until(r"rough_v7-master")
        time.sleep(1)
        screen.keep(f"{out}/queue-{size}.png")
        screen.press("5")
        time.sleep(0.5)
        screen.keep(f"{out}/ledger-{size}.png")
        screen.press("q", "y")
    finally:
        screen.close()


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    out, sizes = sys.argv[1], sys.argv[2:] or ["80x24", "120x36", "200x60"]
    os.makedirs(out, exist_ok=True)
    for size in sizes:
        columns, rows = map(int, size.split("x"))
        home = tempfile.mkdtemp(prefix="lathe-screens-")
        try:
            os.makedirs(home + "/mixes/old")
            for name in ("rough_v5.wav", "rough_v6.wav", "rough_v7.wav"):
                mix.write(f"{home}/mixes/{name}", 24.0, 44100)
            tour(out, home, columns, rows)
        finally:
            shutil.rmtree(home, ignore_errors=True)


main()
