"""pedalboard_chain.py IN OUT: a comparable chain in pedalboard (EQ, compressor, gain, limiter), streamed."""
import sys

from pedalboard import Compressor, Gain, HighShelfFilter, Limiter, LowShelfFilter, PeakFilter, Pedalboard
from pedalboard.io import AudioFile

board = Pedalboard([
    LowShelfFilter(cutoff_frequency_hz=80, gain_db=0.5), PeakFilter(cutoff_frequency_hz=3000, gain_db=0.5, q=0.7),
    HighShelfFilter(cutoff_frequency_hz=10000, gain_db=0.5), Compressor(threshold_db=-18, ratio=1.5, attack_ms=30, release_ms=250),
    Gain(gain_db=2), Limiter(threshold_db=-1, release_ms=100),
])
with AudioFile(sys.argv[1]) as source, AudioFile(sys.argv[2], "w", source.samplerate, source.num_channels, bit_depth=24) as target:
    while source.tell() < source.frames:
        target.write(board(source.read(1 << 18), source.samplerate, reset=False))
