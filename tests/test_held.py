"""Held notes: songs come back as they were, and only what can stand somewhere is said there."""

from bisect import bisect
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musegen import corpus, generation, held, lstm, training
from musegen.backend import load_keras
from musegen.config import HeldConfig, RunConfig
from musegen.held import END, SAME, Outline, Reader, hold, start
from musegen.song import Song, as_notes
from musegen.training import Run
from musegen.training.data import Frames
from musegen.training.run_folder import WEIGHTS
from tools import ship

SMALL = HeldConfig(units=7, embedding=8, lanes=3, chunk=5, validation=1)


def said(song: Song) -> str:
    return " ".join(map(held.say, held.encode(song)))


# --- Tokens --------------------------------------------------------------------------------------


def test_a_chord_whose_top_note_is_struck_again():
    notes = as_notes([0, 0, 2, 5], [4, 2, 2, 1], [60, 64, 64, 67])
    song = Song(notes, length=8, steps_per_beat=4)
    assert said(song) == "E4 C4 | = E4 C4 held | = | G4 | | ="
    assert held.to_song(held.encode(song)) == song


def test_silence_at_the_beginning_is_like_the_frame_before_it():
    assert said(Song(as_notes(2, 1, 60), 3, 4)) == "= = C4 |"
    assert said(Song(as_notes([], [], []), 2, 4)) == "= ="


@pytest.mark.parametrize(
    ("spans", "tokens"),
    [
        ([(0, 4), (1, 2)], "C4 | C4 C4 held | C4 held | ="),  # nested: what is struck ends first
        ([(0, 2), (1, 4)], "C4 | C4 held C4 | C4 held | ="),  # one hands over to the other
        ([(0, 2), (0, 4)], "C4 C4 | = C4 held | ="),
        ([(0, 4), (0, 4)], "C4 C4 | = = ="),
    ],
)
def test_unisons_are_told_apart_by_their_ends(spans, tokens):
    onset, end = np.array(spans).T
    song = Song(as_notes(onset, end - onset, 60), 4, 4)
    assert said(song) == tokens
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


def test_all_chorales_come_back():
    for song in corpus.load("chorales"):
        song = song.resample(4)
        assert held.to_song(held.encode(song), tempo_qpm=song.tempo_qpm) == song, song.title


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
    reader = Reader()
    allowed = []
    for token in tokens:
        allowed.append(bool(reader.possible()[token]))
        if not allowed[-1]:
            break
        reader.feed(token)
    assert not all(allowed) or "no end" in sentence


# --- Conditioning --------------------------------------------------------------------------------


def test_the_outline_of_a_song_with_an_upbeat():
    song = Song(as_notes([12, 12, 16, 22], [4, 4, 6, 2], [64, 60, 67, 72]), 28, 4, tempo_qpm=90)
    found = held.outline(song)._asdict()
    assert not found.pop("minor")
    assert found == {
        "bars": 2,
        "pace": 1.0,  # three onsets in the twelve sixteenths that are not silent
        "lowest": 60,
        "highest": 72,
        "first": 12,
        "rest": 8,
        "form": (0, 1),
        "tempo_qpm": 90.0,
    }


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


def given(song: Song) -> dict[str, np.ndarray]:
    """What a network is given before each token."""
    return dict(zip(held.INPUTS, held.learnt(song)[0].T, strict=True))


def test_the_rhythm_one_two_and_four_bars_ago():
    # Bar 0: quarters; bar 1: eighths; bar 2: one whole note; bar 3: off the beat; bar 4: the like.
    onsets = [*range(0, 16, 4), *range(16, 32, 2), 32, *range(50, 64, 4), *range(66, 80, 4)]
    columns = given(Song(as_notes(onsets, 1, 60), 80, 4))
    starts = (columns["bar"] == 4) & (columns["step"] % 4 == 2)
    off, eighths, quarter = 2, 3, 1  # after the beat; on it and after; on it
    assert set(columns["rhythm"][starts]) == {off * 16 + 0 + quarter, off * 16 + quarter * 4 + 1}
    starts = (columns["bar"] == 3) & (columns["step"] == 4)
    assert set(columns["rhythm"][starts]) == {0 * 16 + eighths * 4}
    assert not columns["rhythm"][columns["bar"] == 0].any()


def test_what_is_still_to_come_is_counted_down():
    # A quarter, a half, two eighths: the last beat has twice as much to come as the bar had.
    columns = given(Song(as_notes([0, 4, 12, 14], [4, 8, 2, 2], 60), 16, 4))
    at = {int(step): i for i, step in enumerate(columns["step"])}
    pace = [held.PACES[columns["pace"][at[step]] - 1] for step in (0, 4, 8, 12)]
    assert pace == [1.0, 1.0, 1.0, 2.0]
    assert columns["beats left"][[at[0], at[1], at[4], at[15]]].tolist() == [4, 4, 3, 1]


def test_the_outline_says_where_there_are_notes_and_which():
    outline = Outline(2, 1, False, lowest=60, highest=72, first=12, rest=8)
    reader = Reader()
    for _ in range(12):
        assert np.flatnonzero(held.possible(reader, outline, 16)).tolist() == [SAME]
        reader.feed(SAME)
    able = np.flatnonzero(held.possible(reader, outline, 16))
    assert able.tolist() == [start(pitch) for pitch in range(60 - held.MARGIN, 73 + held.MARGIN)]
    for token in [start(70), END, *[SAME] * 11]:
        reader.feed(token)
    assert reader.frame == 24
    assert np.flatnonzero(held.possible(reader, outline, 16)).tolist() == [END]
    reader.feed(END)
    assert np.flatnonzero(held.possible(reader, outline, 16)).tolist() == [SAME]


def test_a_network_is_given_where_it_is():
    # An upbeat of a beat, two bars: E4 and C4 at step 12 of bar 0, then E4 held over the bar line.
    song = Song(as_notes([12, 12, 16], [8, 4, 4], [64, 60, 59]), 20, 4)
    inputs, tokens = held.learnt(song)
    assert said(replace(song, length=32)).split() == [
        *["="] * 12, "E4", "C4", "|", "=", "=", "=", "E4", "held", "B3", "|", *"===|", *["="] * 11,
    ]  # fmt: skip
    columns = dict(zip(held.INPUTS, inputs.T, strict=True))
    at = tokens.tolist().index(start(59))
    assert {name: int(column[at]) for name, column in columns.items()} == {
        "token": hold(64),
        "place": 1,
        "before": hold(60),
        "chord": 1 << 4,
        "chord before": 1 << 4 | 1 << 0,
        "step": 0,
        "bar": 1,
        "beats left": 1,
        "rhythm": 0,
        "pace": bisect(held.PACES, 1.0),
        "minor": 1,
        "lowest": 59,
        "highest": 64,
    }
    assert columns["step"][:14].tolist() == [*range(13), 12]
    left = [5] * 4 + [4] * 4 + [3] * 4 + [2] * 6 + [1] * 6 + [0] * 12
    assert columns["beats left"].tolist() == left


# --- Batches -------------------------------------------------------------------------------------


def walk(seed: int, bars: int = 2) -> Song:
    rng = np.random.default_rng(seed)
    pitch = 60 + rng.integers(0, 12, bars * 8)
    return Song(as_notes(np.arange(bars * 8) * 2, 2, pitch), bars * 16, 4, title=f"walk {seed}")


def test_an_epoch_shows_every_token_once_in_some_key():
    songs = [walk(seed) for seed in range(5)]
    frames = Frames.from_songs(songs, replace(SMALL, transpose=3))
    batches = list(frames.epoch(0, seed=1))
    assert all(batch.inputs.shape == (3, 5, 13) for batch in batches)
    weights = np.concatenate([batch.weights for batch in batches], axis=1).ravel()
    targets = np.concatenate([batch.targets for batch in batches], axis=1).ravel()
    tokens = [tokens for _, tokens in frames.songs]
    assert weights.sum() == sum(map(len, tokens))
    heard = targets[weights > 0]
    keys = [[held.transposed(one, shift).tolist() for shift in range(-3, 4)] for one in tokens]
    found = []
    while len(heard):  # each song in one piece, in one of seven keys
        song, key = next(
            (song, key)
            for song, own in enumerate(keys)
            for key, one in enumerate(own)
            if heard[: len(one)].tolist() == one
        )
        found.append((song, key))
        heard = heard[len(tokens[song]) :]
    assert sorted(song for song, _ in found) == [0, 1, 2, 3, 4]
    assert len({key for _, key in found}) > 1


@pytest.mark.parametrize("shift", [3, -5])
def test_what_a_network_is_given_is_transposed(shift):
    song = walk(4)
    moved, _ = held.learnt(song.transpose(shift))
    told = held.inputs_transposed(held.learnt(song)[0], shift)
    minor = held.INPUTS.index("minor")  # the key is estimated
    moved[:, minor] = told[:, minor]
    assert np.array_equal(told, moved)


def test_a_song_at_the_edge_of_the_keyboard_stays_where_it_is():
    song = Song(as_notes([0, 4], [4, 4], [0, 127]), 8, 4)
    frames = Frames.from_songs([song], SMALL)
    for number in range(5):
        batch = next(frames.epoch(number, seed=0))
        assert set(batch.targets[batch.weights > 0].tolist()) <= set(frames.songs[0][1].tolist())


# --- Network -------------------------------------------------------------------------------------


@pytest.fixture(params=["all", "no chord", "no beat", "no outline"])
def run(request, tmp_path) -> Run:
    network = replace(
        SMALL,
        knows_the_chord=request.param != "no chord",
        knows_the_beat=request.param != "no beat",
        knows_the_outline=request.param != "no outline",
    )
    model = lstm.build_held(network)
    rng = np.random.default_rng(1)
    model.set_weights([rng.normal(0, 0.4, w.shape) for w in model.get_weights()])
    with (tmp_path / "weights.npz").open("wb") as file:
        np.savez(file, *model.get_weights())
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


def test_songs_have_the_bars_asked_for_and_are_repeatable(run):
    outlines = [Outline(1, 0, False, tempo_qpm=90), Outline(3, 2, True), Outline(2, 7, False)]
    one, two = (generation.held_songs(run, outlines, np.random.default_rng(5)) for _ in "ab")
    assert one == two
    assert [song.length for song in one] == [16, 48, 32]
    assert [song.tempo_qpm for song in one] == [90, 120, 120]
    assert {(song.steps_per_beat, song.source) for song in one} == {(4, "held")}


def test_songs_keep_to_their_outlines(run):
    outlines = [
        Outline(2, 3, False, lowest=58, highest=66, first=12, rest=8),
        Outline(3, 1, True, lowest=70, highest=71, first=0, rest=4, form=(0, 1, 0)),
    ]
    songs = generation.held_songs(run, outlines, np.random.default_rng(3))
    for song, outline in zip(songs, outlines, strict=True):
        ends = song.notes["onset"] + song.notes["duration"]
        assert song.notes["onset"].min() == outline.first
        assert ends.max() <= song.length - outline.rest
        assert song.notes["pitch"].min() >= outline.lowest - held.MARGIN
        assert song.notes["pitch"].max() <= outline.highest + held.MARGIN
    onsets = songs[1].onsets
    assert onsets[:16].any()
    assert np.array_equal(onsets[:12], onsets[32:44])  # the last beat is silent at the end


def test_which_note_leaves_what_happens_alone():
    p = np.zeros((2000, held.TOKENS))
    p[:, [END, SAME, start(60), start(62), hold(64)]] = 0.05, 0.15, 0.4, 0.3, 0.1
    drawn = generation.sample_note(generation.sample(top_k=1))(p, np.random.default_rng(2))
    share = np.bincount(drawn, minlength=held.TOKENS)[[END, SAME, start(60), hold(64)]] / len(drawn)
    assert share == pytest.approx([0.05, 0.15, 0.7, 0.1], abs=0.04)
    assert share.sum() == 1  # never D4


def test_a_primer_is_gone_on_from(run):
    primer = walk(9)
    outlines = [Outline(4, 1, False)] * 2
    songs = generation.held_songs(run, outlines, np.random.default_rng(1), primer=primer)
    for song in songs:
        assert song.length == 64
        assert song.cut(0, 31).notes.tolist() == primer.cut(0, 31).notes.tolist()
    with pytest.raises(ValueError, match="walk 9 has 2 bars and the song is to have 2; cut"):
        short = [Outline(2, 1, False)]
        generation.held_songs(run, short, np.random.default_rng(1), primer=primer)


# --- Training ------------------------------------------------------------------------------------


def trained(folder, epochs=1, patience=0, **network) -> Run:
    cfg = RunConfig("held", replace(SMALL, **network), 6, epochs, "frames", patience=patience)
    songs = [walk(seed) for seed in range(6)]
    run = Run(cfg, folder, songs[:4], test=songs[4:5], validation=songs[5:])
    training.train(run)
    return run


def test_training_stops_and_keeps_the_best_epoch(tmp_path):
    run = trained(tmp_path, epochs=40, patience=2, learning_rate=0.05)
    losses = run.history["validation_loss"]
    assert len(losses) < 40 and losses.idxmin() == len(losses) - 2
    assert run.manifest["epochs"] == len(losses)
    again = Run(run.cfg, run.folder)
    assert again.outlines == [held.outline(song) for song in run.songs]
    drawn = generation.sample_outlines(again, 20, np.random.default_rng(0))
    assert set(drawn) == set(run.outlines)
    batches = list(run.data(run.validation).in_order())
    lstm.forget(run.model)
    total = sum(
        run.model.test_on_batch(*b, return_dict=True)["loss"] * b.weights.sum() for b in batches
    )
    assert total / sum(b.weights.sum() for b in batches) == pytest.approx(losses.min(), abs=1e-4)


def test_what_is_shipped_is_the_run_rounded(tmp_path):
    run, to = trained(tmp_path / "run"), tmp_path / "shipped"
    ship.copy(run, to)
    there = Run(run.cfg, to)
    assert there.finished() and there.manifest["seconds"] == run.manifest["seconds"]
    for one, other in zip(run.weights, there.weights, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-3, atol=1e-7)
        assert other.dtype == np.float32
    assert there.history.equals(run.history) and there.outlines == run.outlines
    assert (to / WEIGHTS).stat().st_size < 0.55 * (run.folder / WEIGHTS).stat().st_size
    (to / WEIGHTS).write_bytes(b"")
    with pytest.raises(OSError, match="weights.npz is damaged"):
        Run(run.cfg, to).weights  # noqa: B018
