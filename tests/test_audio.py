"""Songs as sound: the right pitches at the right times, equally loud, without clicks."""

import numpy as np
import pytest
import soundfile

from musegen import audio
from musegen.song import Song, as_notes

# An octave up every two beats: A3, A4, A5, two seconds in all.
RISING = Song(as_notes([0, 2, 4], [2, 2, 2], [57, 69, 81]), 6, 1, 180.0, "rising")


def pitch(samples, rate) -> float:
    """Give the strongest frequency in Hz."""
    spectrum = np.abs(np.fft.rfft(samples.mean(axis=1) * np.hanning(len(samples))))
    return float(np.fft.rfftfreq(len(samples), 1 / rate)[spectrum.argmax()])


@pytest.mark.parametrize("suffix", audio.FORMATS)
def test_every_format_sounds_right(suffix, tmp_path):
    path = RISING.to_audio(tmp_path / f"song{suffix}")
    samples, rate = soundfile.read(path, always_2d=True)
    assert len(samples) / rate == pytest.approx(RISING.seconds + audio.TAIL, abs=0.1)
    for i, expected in enumerate((220, 440, 880)):
        start = round((i * 2 / 3 + 0.1) * rate)
        assert pitch(samples[start : start + rate // 2], rate) == pytest.approx(expected, rel=0.02)
    assert rate == audio.RATE and audio.loudness(samples) == pytest.approx(audio.LOUDNESS, abs=0.5)


def test_songs_of_many_and_of_few_notes_are_equally_loud():
    chord = Song(as_notes([0] * 8, 8, range(40, 80, 5)), 8, 2)
    single = Song(as_notes(range(0, 8, 2), 2, 60), 8, 2)
    loud = [audio.loudness(audio.render(song)) for song in (chord, single)]
    # What lies under -70 LUFS is not counted, and that changes a little with the loudness itself.
    assert loud == pytest.approx([audio.LOUDNESS] * 2, abs=0.5)


def test_a_song_ends_without_a_click():
    samples = audio.render(RISING)
    assert np.abs(samples).max() <= audio.PEAK
    assert np.abs(samples[-200:]).max() < 0.02 * np.abs(samples).max()


@pytest.mark.parametrize("length", [0, 8])
def test_a_song_without_notes_is_silence(length, tmp_path):
    path = Song(as_notes([], [], []), length, 2).to_audio(tmp_path / "silence.wav")
    samples, rate = soundfile.read(path)
    assert len(samples) / rate == pytest.approx(length / 4 + audio.TAIL, abs=0.1)
    assert not samples.any()


def test_another_suffix_is_refused_and_nothing_is_lost(tmp_path):
    (tmp_path / "song.txt").write_text("mine")
    with pytest.raises(ValueError, match=r"song\.txt must end in \.wav, \.mp3"):
        RISING.to_audio(tmp_path / "song.txt")
    assert (tmp_path / "song.txt").read_text() == "mine"
