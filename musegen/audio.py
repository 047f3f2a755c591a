"""Songs as sound files: a piano out of a SoundFont, all songs equally loud.

The SoundFont is TimGM6mb, read where the package pretty_midi installs it (its licence is GPL-2, so
it is never copied); what is rendered with it is free to use.
"""

import io
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from musegen import midi
from musegen.files import atomic_write
from musegen.song import Song

LOUDNESS = -20.0  # LUFS (EBU R 128), ours: leaves room for the peaks of a piano
PEAK = 0.9  # of full scale; a song whose peaks would go beyond it stays less loud
TAIL = 1.0  # seconds that the last notes ring on; loudness needs 0.4 of anything
# Suffix: format and subtype as libsndfile has them, and samples a second (Opus knows no 44,100).
FORMATS = {
    ".wav": ("WAV", "PCM_16", 44_100),
    ".mp3": ("MP3", "MPEG_LAYER_III", 44_100),
    ".opus": ("OGG", "OPUS", 48_000),
}


def write(song: Song, path, program: int = 0) -> Path:
    """Write a song as a sound file, normalised in loudness so that songs compare fairly.

    Parameters
    ----------
    song : Song
        One without notes gives silence of its length.
    path : str or Path
        ``.wav``, ``.mp3`` or ``.opus``; written whole or not at all.
    program : int
        General MIDI instrument, 0..127; 0 is a grand piano.

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        If the path ends in anything else.
    """
    import soundfile

    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise ValueError(f"{path.name} must end in {', '.join(FORMATS)}")
    form, subtype, rate = FORMATS[path.suffix.lower()]
    samples = render(song, rate, program)
    with atomic_write(path) as part:
        soundfile.write(part, samples, rate, format=form, subtype=subtype)
    return path


def render(song: Song, rate: int = 44_100, program: int = 0):
    """Play a song on an instrument of the SoundFont, at `LOUDNESS`.

    Returns
    -------
    float array, shape (sample, 2)
        Within -1..1, and a second longer than the song, for the last notes to ring on.
    """
    import midirenderer
    import soundfile
    from scipy.signal import resample_poly

    steps_a_second = song.length / song.seconds if song.length else song.steps_per_beat * 2
    longer = replace(song, length=song.length + round(TAIL * steps_a_second), probabilities=None)
    wave = midirenderer.render_wave_from(_soundfont(), midi.to_bytes(longer, program))
    samples, rendered = soundfile.read(io.BytesIO(wave), always_2d=True)
    if rate != rendered:
        samples = resample_poly(samples, rate, rendered)
    return normalised(samples, rate)


def loudness(samples, rate: int) -> float:
    """Measure the loudness of samples, shape (sample, channel), in LUFS; -inf for silence."""
    import pyloudnorm

    return float(pyloudnorm.Meter(rate).integrated_loudness(samples))


def normalised(samples, rate: int):
    """Bring samples, shape (sample, channel), to `LOUDNESS`, or to where they would clip."""
    import numpy as np

    peak = np.abs(samples).max()
    now = loudness(samples, rate) if peak else -np.inf
    if np.isinf(now):
        return samples
    return samples * min(10 ** ((LOUDNESS - now) / 20), PEAK / peak)


@cache
def _soundfont() -> bytes:
    return (Path(find_spec("pretty_midi").origin).parent / "TimGM6mb.sf2").read_bytes()
