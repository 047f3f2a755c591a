"""Figures: what their axes, titles and marks say, and which songs figures 9-11 choose."""

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from musegen import figures
from musegen.figures import examples, rolls
from musegen.song import Song, as_notes


@pytest.fixture(autouse=True)
def style():
    with plt.rc_context():
        figures.set_style()
        yield


SONG = Song(as_notes([0, 2, 4], [2, 2, 4], [60, 60, 79]), 16, 2, title="three notes")


def test_a_roll_has_bars_on_x_and_octave_names_on_y():
    ax = figures.plot_roll(SONG)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Time (bars)", "Pitch")
    assert ax.get_title(loc="left") == "three notes"
    assert ax.get_xlim() == (0, 2)  # 16 steps, 8 a bar
    names = dict(zip(ax.get_yticks(), [t.get_text() for t in ax.get_yticklabels()], strict=True))
    assert (names[60], names[72]) == ("C4", "C5")
    low, high = ax.get_ylim()
    assert low < 60 < 79 < high


def test_each_note_has_a_gap_where_it_starts():
    ax = figures.plot_roll(SONG)
    (gaps,) = [c for c in ax.collections if c.get_linewidth()[0] > 0]
    starts = sorted(tuple(segment[0].tolist()) for segment in gaps.get_segments())
    assert starts == [(0, 59.5), (0.25, 59.5), (0.5, 78.5)]


def test_the_colour_is_that_of_the_source():
    def colour(source):
        ax = figures.plot_roll(Song(as_notes(0, 1, 60), 8, 2, source=source))
        return tuple(ax.collections[0].get_facecolor()[0])

    colours = {colour(source) for source in (*rolls.SOURCE_OF, "chorales")}
    assert len(colours) == 6  # the small and the deep LSTM of as many songs share one


def test_songs_under_each_other_share_their_axes():
    high = Song(as_notes(0, 8, 100), 40, 2, title="high")
    fig = figures.plot_songs([SONG, high], suptitle="Two")
    first, second = fig.axes
    assert first.get_xlim() == second.get_xlim() == (0, 5)
    assert first.get_ylim() == second.get_ylim()
    assert (first.get_xlabel(), second.get_xlabel()) == ("", "Time (bars)")
    assert fig.get_suptitle() == "Two"


def test_a_silent_song_is_drawn_too():
    assert figures.songs_png([Song(as_notes([], [], []), 8, 2)]).startswith(b"\x89PNG")


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_figures_that_explain(number):
    (ax,) = getattr(figures, f"figure_{number}")().axes
    assert ax.get_title(loc="left").startswith(f"Figure {number}.")


@pytest.mark.parametrize("number", [9, 10, 11])
def test_figures_of_the_lstm_show_two_songs(number, monkeypatch):
    monkeypatch.setattr(examples, "figure_songs", lambda n: (SONG, SONG))
    fig = getattr(figures, f"figure_{number}")()
    assert len(fig.axes) == 2
    assert fig.get_suptitle().startswith(f"Figure {number}. LSTM")


TABLE = pd.DataFrame(
    [
        ("lstm_small_128", 0, 5, 40, 0, "bwv1"),
        ("lstm_small_128", 1, 2, 10, 0, "bwv2"),
        ("lstm_small_128", 2, 30, 12, 0, "bwv3"),
        ("lstm_small_256", 0, 2, 31, 0, "bwv4"),
        ("lstm_small_256", 1, 19, 9, 0, "bwv5"),
    ],
    columns=["run", "song", "kinds", "copied", "start", "training_title"],
)


@pytest.mark.parametrize(
    ("choose", "songs", "reached"),
    [
        # the fewest, then the fewest of those that have more: never two songs of two
        (examples._few_notes, [("lstm_small_128", 1), ("lstm_small_128", 0)], [True, False]),
        (examples._varied_notes, [("lstm_small_128", 2), ("lstm_small_256", 1)], [True, False]),
        (examples._copied, [("lstm_small_128", 0), ("lstm_small_256", 0)], [True, False]),
    ],
)
def test_songs_are_chosen_by_their_measure(choose, songs, reached):
    chosen = choose(TABLE)
    assert list(zip(chosen["run"], chosen["song"], strict=True)) == songs
    assert chosen["reached"].tolist() == reached


def test_no_figure_is_left_open():
    figures.plot_songs([SONG])
    assert not plt.get_fignums()


def test_marks_are_bands_in_bars():
    fig = figures.plot_songs([SONG, SONG], marks=[[], [(4, 12, "1: 4 eighths")]])
    first, second = fig.axes
    assert not first.texts and [text.get_text() for text in second.texts] == ["1: 4 eighths"]
    (band,) = second.patches
    assert (band.get_x(), band.get_width()) == (0.5, 1)


def test_nothing_but_the_music_gives_bach_away_in_the_next_survey():
    bach, ours = figures.next_survey_songs().values()
    assert len(bach) == len(ours) == 5
    for his, new in zip(bach, ours, strict=True):
        assert his.bars == new.bars
        for name in ("steps_per_beat", "tempo_qpm"):
            assert getattr(his, name) == getattr(new, name)
        assert set(his.notes["voice"].tolist()) == set(new.notes["voice"].tolist())
