"""Figures: what their axes, titles and marks say, and which songs figures 9-11 choose.

Figures 5-11 are also compared with pictures in ``baseline/``, drawn with hand-made songs; after a
change that is meant, ``pytest --mpl-generate-path=tests/figures/baseline tests/figures`` makes them
again.
"""

from dataclasses import replace
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from musegen import figures, generation, tokens, training
from musegen.figures import examples
from musegen.song import Song, as_notes

# Another release of matplotlib sets letters a little differently: up to 4 of 255 in the mean.
picture = pytest.mark.mpl_image_compare(
    baseline_dir="baseline", style="default", tolerance=6, savefig_kwargs={"dpi": 50}
)


@pytest.fixture(autouse=True)
def style():
    with plt.rc_context():
        figures.set_style()
        yield


# --- Piano-rolls


SONG = Song(as_notes([0, 2, 4], [2, 2, 4], [60, 60, 79]), 16, 2, title="three notes")


def test_each_note_has_a_gap_where_it_starts():
    ax = figures.plot_roll(SONG)
    (gaps,) = [c for c in ax.collections if c.get_linewidth()[0] > 0]
    starts = sorted(tuple(segment[0].tolist()) for segment in gaps.get_segments())
    assert starts == [(0, 59.5), (0.25, 59.5), (0.5, 78.5)]
    long = figures.plot_roll(replace(SONG, length=33 * 8))  # there they would be a comb
    ends = [[p.get_extents().intervalx.tolist() for p in c.get_paths()] for c in long.collections]
    assert ends == [[[0, 0.5]], [[0.5, 1]]]


# --- Figures 5-11


def lines(*pitches: list[int]) -> Song:
    """A song of eighth notes: what sounds at each."""
    notes = [(i, pitch) for i, tick in enumerate(pitches) for pitch in tick]
    onset, pitch = zip(*notes, strict=True)
    return Song(as_notes(np.array(onset), 1, np.array(pitch)), len(pitches), 2)


SCALE = [60, 62, 64, 65, 67, 69, 71, 72]
EIGHT = [[SCALE[i * i % 8], SCALE[i * 3 % 8]] for i in range(8)]
TRAINING = lines(*EIGHT * 5)
GENERATED = {  # greedy, sampled, greedy
    "lstm_small_128": [
        lines(*[[60]] * 80),  # one note
        lines(*[[48 + i % 24] for i in range(80)]),  # 24 notes
        lines(*[[62]] * 24, *[[60 + i % 9] for i in range(56)]),
    ],
    "lstm_small_256": [
        lines(*[[40 + i] for i in range(32)], *[[67]] * 48),  # varied, then one note
        lines(*[[40 + i] for i in range(9)], *EIGHT * 8, *EIGHT[:7]),
    ],
}


def fake_run(name: str, songs: int):
    """What a figure asks of a run, with songs made by hand."""
    heard = [tokens.tokenize(song) for song in (TRAINING, *GENERATED.get(name, ()))]
    words = tokens.Vocabulary.from_songs(heard)
    encoded = [words.encode(song) for song in heard]
    network = SimpleNamespace(ticks_per_beat=2)
    return Hashable(
        cfg=SimpleNamespace(name=name, songs=songs, seed=0, network=network),
        songs=[Song(TRAINING.notes, TRAINING.length, 2, title="bwv1")] * songs,
        about=f"{songs} songs, 201 epochs",
        manifest={"files": {}},
        vocabulary=words,
        tokens=SimpleNamespace(encoded=encoded[:1]),
        generated=encoded[1:],
    )


class Hashable(SimpleNamespace):
    __hash__ = object.__hash__


@pytest.fixture
def runs(monkeypatch):
    """The runs of all figures, and generators that give back songs made by hand."""

    def decoded(run):
        step = 5 if run.cfg.name == "ae_10" else 7
        onset = np.arange(0, 384, 6)
        pitch = [48 + (np.arange(64) * step * (i + 1)) % 30 for i in range(2)]
        return [Song(as_notes(onset, 9, p), 390, 6, source=run.cfg.name) for p in pitch]

    monkeypatch.setattr(generation, "shown_songs", decoded)
    places = {"greedy": slice(0, None, 2), "sampled": slice(1, None, 2)}
    monkeypatch.setattr(generation, "report_songs", lambda run, way: run.generated[places[way]])
    monkeypatch.setattr(generation, "TOKENS", 80)
    songs = {"ae_10": 10, "ae_256": 256, "lstm_small_128": 128, "lstm_small_256": 256}
    return {name: fake_run(name, number) for name, number in songs.items()}


def draw(number: int, runs):
    if number < 7:
        return getattr(figures, f"figure_{number}")()
    return figures.figure(number, *[runs[name] for name in figures.RUNS_OF[number]])


@picture
@pytest.mark.parametrize("number", range(5, 12))
def test_figures_look_as_before(number, runs):
    figures.set_style()  # pytest-mpl has put matplotlib's own in its place
    return draw(number, runs)


TABLE = pd.DataFrame(
    {
        "run": ["lstm_small_128"] * 3 + ["lstm_small_256"] * 3,
        "way": ["greedy", "greedy", "sampled", "greedy", "greedy", "sampled"],
        "song": [0, 1, 0, 0, 1, 0],
        "kinds": [25, 2, 30, 2, 19, 19],
        "copied": [40, 10, 12, 31, 35, 33],
        "training_title": ["bwv1", "bwv2", "bwv1", "bwv3", "bwv3", "bwv1"],
        "period": [1, 1, 0, 70, 8, 8],
    }
)


@pytest.mark.parametrize(
    ("number", "rows", "two"),
    [
        # the fewest, then the fewest of those that have more: never two songs of two
        (9, range(6), [1, 4]),
        (9, [1, 3], [1, 3]),
        # one of each ending; what ends on neither only where there is none
        (10, range(6), [0, 4]),
        (10, [1, 2], [2, 1]),
        # of two training songs where there are two; a longer copy that nothing repeats is not it
        (11, range(6), [4, 5]),
        (11, [0, 3, 4], [4, 3]),
    ],
)
def test_songs_are_chosen_by_their_measure(number, rows, two):
    assert examples.choose(number, TABLE.iloc[rows]).index.tolist() == two


# --- Networks


def test_plot_history_shows_training_songs_and_others():
    epochs = pd.RangeIndex(1, 4, name="epoch")
    run = SimpleNamespace(
        cfg=SimpleNamespace(name="ae_10"),
        history=pd.DataFrame({"loss": [3, 2, 1], "test_loss": [3, np.nan, 2.5]}, index=epochs),
        **{"songs": [SONG] * 10, "test": [SONG] * 4, "validation": []},
    )
    (ax,) = figures.plot_history(run, label="Nats").axes
    named = {line.get_label(): line.get_ydata().tolist() for line in ax.lines}
    assert named == {"10 training songs": [3, 2, 1], "4 test songs": [3, 2.5]}
    assert (ax.get_ylabel(), ax.get_xlabel()) == ("Nats", "Epoch")


# --- The survey


def test_nothing_but_the_music_gives_bach_away_in_the_next_survey():
    voices = np.tile([0, 1, 2, 3], 16)
    onset, pitch = np.repeat(np.arange(16), 4), np.tile([76, 67, 64, 48], 16)
    chorales = [
        Song(as_notes(6 * onset, 6, pitch + i % 3, voices), (96, 144)[i % 2], 6, 100.0 + i)
        for i in range(7)
    ]
    bach, ours = figures.next_survey_songs(training.shipped("four_voices"), chorales).values()
    assert len(bach) == len(ours) == 5
    for his, new in zip(bach, ours, strict=True):
        assert his.bars == new.bars
        for name in ("steps_per_beat", "tempo_qpm"):
            assert getattr(his, name) == getattr(new, name)
        assert set(his.notes["voice"].tolist()) == set(new.notes["voice"].tolist()) == {-1}
