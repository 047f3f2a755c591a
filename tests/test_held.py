"""Held notes: songs come back as they were, and only what can stand somewhere is said there."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musegen import generation, held, lstm, training
from musegen.backend import load_keras
from musegen.config import HeldConfig, RunConfig
from musegen.held import END, SAME, Outline, Reader, hold, start
from musegen.song import Song, as_notes
from musegen.training import Run
from musegen.training.data import Frames

SMALL = HeldConfig(units=7, embedding=8, lanes=3, chunk=5, validation=1)


# --- Tokens --------------------------------------------------------------------------------------


# Of a song of one pitch or more: onset, duration, pitch.
CHORD = [(0, 4, 60), (0, 2, 64), (2, 2, 64), (5, 1, 67)]


@pytest.mark.parametrize(
    ("notes", "length", "tokens"),
    [
        (CHORD, 8, "E4 C4 | = E4 C4 held | = | G4 | | ="),  # the top note is struck again
        ([(2, 1, 60)], 3, "= = C4 |"),  # silence at the beginning is like the frame before it
        # Unisons are told apart by their ends: one in the other, one hands over to the other.
        ([(0, 4, 60), (1, 1, 60)], 4, "C4 | C4 C4 held | C4 held | ="),
        ([(0, 2, 60), (1, 3, 60)], 4, "C4 | C4 held C4 | C4 held | ="),
        ([(0, 2, 60), (0, 4, 60)], 4, "C4 C4 | = C4 held | ="),
        ([(0, 4, 60), (0, 4, 60)], 4, "C4 C4 | = = ="),
    ],
)
def test_songs_are_told_as_by_hand(notes, length, tokens):
    song = Song(as_notes(*np.array(notes).T), length, 4)
    assert " ".join(map(held.say, held.encode(song))) == tokens
    assert held.to_song(held.encode(song)) == song


notes = st.lists(st.tuples(st.integers(0, 20), st.integers(1, 9), st.integers(59, 62)), max_size=25)


@given(notes, st.integers(0, 5))
@settings(max_examples=300, deadline=None)
def test_any_song_comes_back(rows, more):
    onset, duration, pitch = np.array(rows, int).reshape(-1, 3).T
    length = int((onset + duration).max(initial=0)) + more
    song = Song(as_notes(onset, duration, pitch), length, 4)
    tokens = held.encode(song)
    assert held.to_song(tokens, tempo_qpm=song.tempo_qpm) == song
    reader = Reader()
    for token in tokens.tolist():
        assert reader.possible()[token]
        reader.feed(token)


@pytest.mark.parametrize(
    ("tokens", "sentence"),
    [
        ([hold(60), END], "frame 0: C4 held, which does not sound"),
        ([start(60), END, hold(60), hold(60), END], "frame 1: C4 held, which does not sound"),
        ([start(60), start(64), END], "frame 0: E4 stands below a lower note"),
        ([start(60), SAME], "frame 0 has notes"),
        ([SAME, start(60)], "frame 1 has no end"),
    ],
)
def test_what_cannot_stand_there_is_refused(tokens, sentence):
    with pytest.raises(ValueError, match=sentence):
        held.to_song(tokens)


# --- Conditioning --------------------------------------------------------------------------------


def test_the_form_tells_which_bars_come_again():
    bar = walk(1, bars=1)
    notes = np.concatenate([bar.notes] * 4)
    notes["onset"] += np.repeat(np.arange(4) * 16, len(bar.notes))
    assert held.outline(Song(notes, 64, 4)).form == (0, 0, 0, 0)
    notes["pitch"][-1] = 90
    assert held.outline(Song(notes, 64, 4)).form == (0, 0, 0, 3)
    # The same sound, struck again in bar 1 and held in bar 2: another bar.
    held_over = Song(as_notes([0, 16], [16, 32], 60), 48, 4)
    assert held.outline(held_over).form == (0, 0, 2)


# --- Batches -------------------------------------------------------------------------------------


def walk(seed: int, bars: int = 2) -> Song:
    rng = np.random.default_rng(seed)
    pitch = 60 + rng.integers(0, 12, bars * 8)
    return Song(as_notes(np.arange(bars * 8) * 2, 2, pitch), bars * 16, 4, title=f"walk {seed}")


@pytest.mark.parametrize("transpose", [0, 3])
def test_an_epoch_shows_every_token_once_in_some_key(transpose):
    songs = [walk(seed) for seed in range(5)]
    frames = Frames.from_songs(songs, replace(SMALL, transpose=transpose))
    batches = list(frames.epoch(0, seed=1))
    shown = np.sort(np.concatenate([batch.targets[batch.weights > 0] for batch in batches]))
    tokens = np.sort(np.concatenate([t for _, t in frames.songs]))
    assert len(shown) == len(tokens) and np.sum(shown == END) == np.sum(tokens == END)
    assert np.array_equal(shown, tokens) == (transpose == 0)


@pytest.mark.parametrize("shift", [3, -5])
def test_what_a_network_is_given_is_transposed(shift):
    song = walk(4)
    moved, _ = held.learnt(song.transpose(shift))
    told = held.inputs_transposed(held.learnt(song)[0], shift)
    minor = held.INPUTS.index("minor")  # the key is estimated
    moved[:, minor] = told[:, minor]
    assert np.array_equal(told, moved)


# --- Network -------------------------------------------------------------------------------------


@pytest.fixture(params=["nothing", "knows_the_chord", "knows_the_beat", "knows_the_outline"])
def run(request, tmp_path) -> Run:
    """Give a run of an untrained network from which one thing, or nothing, is kept."""
    network = SMALL if request.param == "nothing" else replace(SMALL, **{request.param: False})
    model = lstm.build_held(network)
    rng = np.random.default_rng(1)
    model.set_weights([rng.normal(0, 0.4, w.shape) for w in model.get_weights()])
    np.savez(tmp_path / "weights.npz", *model.get_weights())
    return Run(RunConfig("held", network, 1, 1, "frames"), tmp_path, [], [])


def test_numpy_gives_the_logits_of_the_keras_network(run):
    inputs = np.stack([held.learnt(walk(seed))[0][:20] for seed in range(3)])
    model = run.model
    lstm.forget(model)
    parts = [model(part, training=False) for part in (inputs[:, :12], inputs[:, 12:])]
    logits = np.concatenate([load_keras().ops.convert_to_numpy(part) for part in parts], axis=1)
    state = generation.HeldState(run, 3)
    ours = np.stack([state.feed(inputs[:, i]) for i in range(20)], axis=1)
    np.testing.assert_allclose(ours, logits, atol=1e-5)


def test_songs_keep_to_their_outlines_and_are_repeatable(run):
    outlines = [
        Outline(2, 3, False, lowest=58, highest=66, first=12, rest=8, tempo_qpm=90),
        Outline(3, 1, True, lowest=70, highest=71, first=0, rest=4, form=(0, 1, 0)),
    ]
    rngs = [np.random.default_rng(3) for _ in range(2)]
    songs, again = (generation.held_songs(run, outlines, rng) for rng in rngs)
    assert songs == again
    for song, outline in zip(songs, outlines, strict=True):
        assert (song.bars, song.tempo_qpm) == (outline.bars, outline.tempo_qpm)
        ends = song.notes["onset"] + song.notes["duration"]
        assert song.notes["onset"].min() == outline.first
        assert ends.max() <= song.length - outline.rest
        assert song.notes["pitch"].min() >= outline.lowest - held.MARGIN
        assert song.notes["pitch"].max() <= outline.highest + held.MARGIN
    onsets = songs[1].onsets
    assert onsets[:16].any()
    assert np.array_equal(onsets[:12], onsets[32:44])  # the last beat is silent at the end


def test_a_primer_is_gone_on_from(run):
    primer = walk(9)
    outlines = [Outline(4, 1, False)] * 2
    songs = generation.held_songs(run, outlines, np.random.default_rng(1), primer=primer)
    for song in songs:
        assert song.length == 64
        assert song.cut(0, 31).notes.tolist() == primer.cut(0, 31).notes.tolist()


# --- Training ------------------------------------------------------------------------------------


def test_training_stops_and_keeps_the_best_epoch(tmp_path):
    cfg = RunConfig("held", replace(SMALL, learning_rate=0.05), 6, 40, "frames", patience=2)
    songs = [walk(seed) for seed in range(6)]
    run = Run(cfg, tmp_path, songs[:4], test=songs[4:5], validation=songs[5:])
    training.train(run)
    losses = run.history["validation_loss"]
    assert len(losses) < 40 and losses.idxmin() == len(losses) - 2
    again = Run(run.cfg, run.folder)
    assert again.outlines == [held.outline(song) for song in run.songs]
    batches = list(run.data(run.validation).in_order())
    lstm.forget(run.model)
    loss = [run.model.test_on_batch(*batch, return_dict=True)["loss"] for batch in batches]
    weights = [batch.weights.sum() for batch in batches]
    assert np.average(loss, weights=weights) == pytest.approx(losses.min(), abs=1e-4)
