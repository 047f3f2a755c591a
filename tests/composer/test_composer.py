"""The composer's answers; tests/apps/test_browser.py moves its sliders."""

import numpy as np
import pytest

from musegen import generation, midi
from musegen.autoencoder import build
from musegen.composer import Composer
from musegen.config import AEConfig, RunConfig
from musegen.song import Song, as_notes
from musegen.training import Run

CFG = AEConfig()
SAVE = {"ask": "save", "threshold": 0.5, "tempo": 90, "instrument": "organ", "suffix": ".mid"}


def song(number: int) -> Song:
    """Give twenty bars of one chord a bar, another chord each song."""
    onset = np.repeat(np.arange(0, 480, 24), 3)
    pitch = np.tile([60 + number, 64 + number, 67 + number], 20) + np.repeat(range(20), 3) % 5
    return Song(as_notes(onset, 20, pitch), 480, 6, title=f"song {number}")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Give a run of an untrained network on three songs."""
    cfg = RunConfig("ae_10", CFG, 3, 1, "bars")
    run = Run(cfg, tmp_path_factory.mktemp("run"), [song(i) for i in range(3)], [song(3)])
    np.savez(run.folder / "weights.npz", *build(CFG).get_weights())
    return run


@pytest.fixture(scope="module")
def composer(run):
    return Composer(run)


def latent(composer, of: int = 0) -> bytes:
    return composer.first_bars[of].astype("<f4").tobytes()


def test_start_tells_the_space(composer):
    said, (mean, components, songs) = composer.answer({"ask": "start"})
    count = len(said["explained"])
    assert sum(said["explained"]) == pytest.approx(1, abs=0.01)
    assert said["explained"] == sorted(said["explained"], reverse=True)
    assert (len(mean), len(components), len(songs)) == (480, 480 * count, 480 * 3)
    assert np.shape(said["effects"]) == (count, 3)


def test_play_is_what_keras_plays(composer, run):
    _, (cells,) = composer.answer({"ask": "play", "threshold": 0.5}, latent(composer))
    keras = run.model.layers[1].predict(composer.first_bars[:1], verbose=0)[0]
    rows = np.frombuffer(cells, np.uint8).reshape(96, 384)
    assert np.abs(rows / 256 - keras.reshape(384, 96).T).max() < 1 / 256 + 1e-5


def test_clean_encodes_what_is_heard(composer, run):
    asked = {"ask": "clean", "threshold": 0.4}
    _, (cleaned,) = composer.answer(asked, latent(composer))
    heard = generation.decode(run, composer.first_bars[:1]) > 0.4
    expected = generation.encode(run, heard)[0]
    assert np.frombuffer(cleaned, "<f4") == pytest.approx(expected)


def test_a_file_plays_what_is_heard(composer, tmp_path):
    said, (content,) = composer.answer(SAVE, latent(composer))
    assert said == {"file": "composer.mid"}
    (tmp_path / said["file"]).write_bytes(content)
    heard = midi.read(tmp_path / said["file"], 6)
    composer.answer({"ask": "play", "threshold": 0.5}, latent(composer))
    assert heard.tempo_qpm == 90
    assert np.array_equal(heard.roll, composer.song.roll)
    assert content.count(bytes([0xC0, 19])) >= 1  # a church organ


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"ask": "sing"}, "nobody here knows 'sing'"),
        ({}, "nobody here knows None"),
        ({"ask": "play"}, "threshold"),
        ({"ask": "play", "threshold": "x"}, "threshold is 'x'; it must be a number from 0 to 1"),
        ({**SAVE, "instrument": "x"}, "the instruments are piano,"),
        ({**SAVE, "tempo": 9}, "tempo is 9; it must be a number from 20 to 400"),
        ({**SAVE, "suffix": "/../x.mp3"}, "Invalid suffix '/../x.mp3'"),
    ],
)
def test_what_cannot_be_answered_is_a_sentence(composer, asked, says):
    said, arrays = composer.answer(asked, latent(composer))
    assert says in said["error"] and not arrays


def test_wild_latents_are_played_or_refused(composer):
    wild = np.full(120, 1e30, "<f4")
    said, (cells,) = composer.answer({"ask": "play", "threshold": 0.5}, wild.tobytes())
    assert len(cells) == 96 * 384
    wild[3] = np.nan
    said, _ = composer.answer({"ask": "play", "threshold": 0.5}, wild.tobytes())
    assert said == {"error": "a latent has a number that is none"}
    said, _ = composer.answer({"ask": "play", "threshold": 0.5})
    assert said == {"error": "a latent has 120 numbers, this one 0"}
