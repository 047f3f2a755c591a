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
RATE = 48_000  # samples a second, as midirenderer makes them
FORMATS = {".wav": "PCM_16", ".mp3": "MPEG_LAYER_III"}  # subtypes as libsndfile has them


def write(song: Song, path, program: int = 0) -> Path:
    """Write a song as a sound file, normalised in loudness so that songs compare fairly.

    Parameters
    ----------
    song : Song
        One without notes gives silence of its length.
    path : str or Path
        ``.wav`` or ``.mp3``; written whole or not at all.
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
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise ValueError(f"{path.name} must end in {', '.join(FORMATS)}")
    samples = render(song, program)
    with atomic_write(path) as part:
        soundfile.write(part, samples, RATE, FORMATS[suffix], format=suffix[1:])
    return path


def render(song: Song, program: int = 0):
    """Play a song on an instrument of the SoundFont, at `LOUDNESS`.

    Returns
    -------
    float array, shape (sample, 2), `RATE` a second
        Within -1..1, and a second longer than the song, for the last notes to ring on.
    """
    import midirenderer
    import soundfile

    steps_a_second = song.length / song.seconds if song.length else song.steps_per_beat * 2
    longer = replace(song, length=song.length + round(TAIL * steps_a_second), probabilities=None)
    wave = midirenderer.render_wave_from(_soundfont(), midi.to_bytes(longer, program))
    samples, _ = soundfile.read(io.BytesIO(wave), always_2d=True)
    return normalised(samples)


def loudness(samples) -> float:
    """Measure the loudness of samples, shape (sample, channel), in LUFS; -inf for silence."""
    import pyloudnorm

    return float(pyloudnorm.Meter(RATE).integrated_loudness(samples))


def normalised(samples):
    """Bring samples, shape (sample, channel), to `LOUDNESS`, or to where they would clip."""
    import numpy as np

    peak = np.abs(samples).max()
    now = loudness(samples) if peak else -np.inf
    if np.isinf(now):
        return samples
    return samples * min(10 ** ((LOUDNESS - now) / 20), PEAK / peak)


@cache
def _soundfont() -> bytes:
    return (Path(find_spec("pretty_midi").origin).parent / "TimGM6mb.sf2").read_bytes()
