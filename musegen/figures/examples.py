"""Figures 7-11 of the report: piano-rolls of generated songs, and which songs they show."""

from functools import cache

import numpy as np

from musegen import config, generation, metrics, training
from musegen.figures.rolls import SOURCE_OF, plot_songs
from musegen.song import Song

# Ours: what counts as "few notes", "varied notes" and "overfitted" (report 3.3.1-3.3.3).
FEW_PITCHES, MANY_PITCHES, LONG_COPY = 4, 20, 32


def figure_7():
    """Draw figure 7: two songs of the autoencoder trained on 10 songs.

    Returns
    -------
    matplotlib Figure

    Notes
    -----
    Report 3.2. Notebook: 04_generation, "Figures 7 and 8".
    """
    return plot_songs(figure_songs(7), suptitle=_title(7, "autoencoder", "ae_10"))


def figure_8():
    """Draw figure 8: two songs of the autoencoder trained on 256 songs.

    Notes
    -----
    Report 3.2. Notebook: 04_generation, "Figures 7 and 8".
    """
    return plot_songs(figure_songs(8), suptitle=_title(8, "autoencoder", "ae_256"))


def figure_9():
    """Draw figure 9: two songs of the LSTM with few notes.

    Notes
    -----
    Report 3.3.1. Notebook: 04_generation, "Figure 9".
    """
    return plot_songs(figure_songs(9), suptitle="Figure 9. LSTM: few notes")


def figure_10():
    """Draw figure 10: two songs of the LSTM with varied notes.

    Notes
    -----
    Report 3.3.2. Notebook: 04_generation, "Figure 10".
    """
    return plot_songs(figure_songs(10), suptitle="Figure 10. LSTM: varied notes")


def figure_11():
    """Draw figure 11: two songs of the LSTM with long runs copied from training songs.

    Notes
    -----
    Report 3.3.3. Notebook: 04_generation, "Figure 11".
    """
    return plot_songs(figure_songs(11), suptitle="Figure 11. LSTM: overfitted")


@cache
def figure_songs(number: int) -> tuple[Song, Song]:
    """Choose the two songs of figure 7, 8, 9, 10 or 11.

    7 and 8 show the first two songs by seed. The others choose among 2 x 64 songs of the small
    LSTMs by a measure that stands in their titles; where the best found is not what the figure is
    to show, the title says *not reached*.

    Returns
    -------
    tuple of two Songs
    """
    if number in (7, 8):
        run = training.load_or_train({7: "ae_10", 8: "ae_256"}[number])
        rng = np.random.default_rng(run.cfg.seed)
        return tuple(generation.autoencoder_songs(run, 2, rng))
    chosen = {9: _few_notes, 10: _varied_notes, 11: _copied}[number](song_table())
    return tuple(_play(*row) for row in zip("ab", chosen.to_dict("records"), strict=True))


@cache
def song_table():
    """Measure the songs that figures 9-11 choose from, 64 of each small LSTM.

    Returns
    -------
    DataFrame
        Columns run, song, pitches, copied, start, training_song, see `metrics.measure_songs`.
    """
    import pandas as pd

    runs = map(training.load_or_train, ("lstm_small_128", "lstm_small_256"))
    return pd.concat(map(metrics.measure_songs, runs), ignore_index=True)


def _few_notes(table):
    """Take the song of fewest pitches, and the one of fewest among those that have more."""
    few = table.sort_values(["pitches", "run", "song"])
    more = few[few["pitches"] > few["pitches"].iloc[0]]
    two = few.iloc[[0, 1]] if more.empty else few.loc[[few.index[0], more.index[0]]]
    label = "{pitches} different pitches"
    return two.assign(label=label, reached=two["pitches"] <= FEW_PITCHES)


def _varied_notes(table):
    two = table.sort_values(["pitches", "run", "song"], ascending=[False, True, True]).head(2)
    label = "{pitches} different pitches"
    return two.assign(label=label, reached=two["pitches"] >= MANY_PITCHES)


def _copied(table):
    two = table.sort_values(["copied", "run", "song"], ascending=[False, True, True]).head(2)
    label = "{copied} tokens in a row copied from {training_title}"
    return two.assign(label=label, reached=two["copied"] >= LONG_COPY)


def _play(panel: str, row: dict) -> Song:
    run = training.load_or_train(row["run"])
    places = generation.report_songs(run)[row["song"]]
    reached = "" if row["reached"] else f" (not reached in {config.profile().name})"
    title = f"{panel}) {SOURCE_OF[row['run']]}, song {row['song']}: {row['label'].format(**row)}"
    return generation.play(run, places, title + reached)


def _title(number: int, what: str, name: str) -> str:
    """Say how many songs a network was trained on: fewer than asked for if the corpus is small."""
    songs = len(training.planned(name).songs)
    return f"Figure {number}. Songs of the {what} trained on {songs} songs"
