"""Figures 7-11 of the report: piano-rolls of generated songs, and which songs they show."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd

from musegen import generation, held, metrics, preprocess
from musegen.figures.rolls import SOURCE_OF, plot_songs
from musegen.figures.style import HELD, Caption
from musegen.song import Song, as_notes

SMALL = ("lstm_small_128", "lstm_small_256")
RUNS_OF = {7: ("ae_10",), 8: ("ae_256",), 9: SMALL, 10: SMALL, 11: SMALL}
CAPTIONS = {
    7: Caption(
        "Plot of MIDI representation for the 2 songs generated from the autoencoder model trained "
        "on 10 songs.",
        "two songs of the autoencoder trained on 10 songs.",
    ),
    8: Caption(
        "Plot of MIDI representation for the 2 songs generated from the autoencoder model trained "
        "on 256 songs.",
        "two songs of the autoencoder trained on 256 songs.",
    ),
    9: Caption(
        "Plot of MIDI representation for two songs generated in a simple fashion using LSTM.",
        "two songs of the LSTM with few notes.",
    ),
    10: Caption(
        "Plot of MIDI representation for two songs generated in a more varied fashion using LSTM.",
        "two songs of the LSTM with varied notes.",
    ),
    11: Caption(
        "MIDI representation of two songs generated in a more overfitted fashion using LSTM.",
        "two songs of the LSTM with long runs copied from training songs.",
    ),
}
# Ours: what counts as "few notes", "varied notes" and "overfitted" (report 3.3.1-3.3.3).
FEW_KINDS, MANY_KINDS, LONG_COPY = 4, 20, 32  # notes and chords; the same; tokens
IN_NEXT_SURVEY = 5  # songs of each source


def figure_7(run):
    """Draw figure 7: two songs of the autoencoder trained on 10 songs.

    Parameters
    ----------
    run : Run
        `RUNS_OF` names the runs of each figure.

    Returns
    -------
    matplotlib Figure

    Notes
    -----
    Report 3.2. Notebook: 04_generation, "Figures 7 and 8".
    """
    title = f"Figure 7. Songs of the autoencoder trained on {len(run.songs)} songs"
    return plot_songs(figure_songs(7, run), suptitle=title)


def figure_8(run):
    """Draw figure 8: two songs of the autoencoder trained on 256 songs.

    Notes
    -----
    Report 3.2. Notebook: 04_generation, "Figures 7 and 8".
    """
    title = f"Figure 8. Songs of the autoencoder trained on {len(run.songs)} songs"
    return plot_songs(figure_songs(8, run), suptitle=title)


def figure_9(small_128, small_256):
    """Draw figure 9: two songs of the LSTM with few notes.

    Notes
    -----
    Report 3.3.1. Notebook: 04_generation, "Figure 9".
    """
    title = f"Figure 9. LSTM: few notes{_fewer_songs(small_256)}"
    return plot_songs(figure_songs(9, small_128, small_256), suptitle=title)


def figure_10(small_128, small_256):
    """Draw figure 10: two songs of the LSTM with varied notes.

    Notes
    -----
    Report 3.3.2. Notebook: 04_generation, "Figure 10".
    """
    title = f"Figure 10. LSTM: varied notes{_fewer_songs(small_256)}"
    return plot_songs(figure_songs(10, small_128, small_256), suptitle=title)


def figure_11(small_128, small_256):
    """Draw figure 11: two songs of the LSTM with long runs copied from training songs.

    Notes
    -----
    Report 3.3.3. Notebook: 04_generation, "Figure 11".
    """
    title = f"Figure 11. LSTM: overfitted{_fewer_songs(small_256)}"
    return plot_songs(figure_songs(11, small_128, small_256), suptitle=title)


def _fewer_songs(run) -> str:
    """Say so if the corpus has fewer songs than the report's 256."""
    songs = len(run.songs)
    return f" (trained on all {songs} songs)" if songs < run.cfg.songs else ""


@cache
def figure_songs(number: int, *runs) -> tuple[Song, Song]:
    """Choose the two songs of figure 7, 8, 9, 10 or 11.

    7 and 8 show the first two songs by seed. The others choose among 2 x 64 songs of the small
    LSTMs by a measure that stands in their titles; where the best found is not what the figure is
    to show, the title says *not reached*.

    Parameters
    ----------
    number : int
    *runs : Run
        Those that `RUNS_OF` names.

    Returns
    -------
    tuple of two Songs
    """
    if number in (7, 8):
        songs = generation.autoencoder_songs(*runs, 2, np.random.default_rng(runs[0].cfg.seed))
        titles = [f"{SOURCE_OF[song.source]}, song {i}" for i, song in enumerate(songs, 1)]
    else:
        two = choose(number, song_table(*runs)).to_dict("records")
        songs = [_play(row, runs) for row in two]
        titles = [song.title for song in songs]
    titles = [f"{panel}) {title}" for panel, title in zip("ab", titles, strict=True)]
    return tuple(replace(song, title=title) for song, title in zip(songs, titles, strict=True))


@cache
def song_table(*runs):
    """Measure the songs that figures 9-11 choose from, 64 of each small LSTM.

    Parameters
    ----------
    *runs : Run
        lstm_small_128 and lstm_small_256.

    Returns
    -------
    DataFrame
        Columns run, song (counted from 0), kinds, copied, start, training_title, see
        `metrics.measure_songs`.
    """
    return pd.concat(map(metrics.measure_songs, runs), ignore_index=True)


def choose(number: int, table):
    """Choose the two songs of figure 9, 10 or 11 from a table of measured ones.

    Figure 9 takes the song of fewest notes and chords, and the next one that has more; 10 the two
    of most, 11 the two with the longest copies.

    Parameters
    ----------
    number : int
    table : DataFrame
        See `song_table`.

    Returns
    -------
    DataFrame
        Two rows of the table; also measured (a phrase for the title) and reached (whether it is
        enough for what the figure is to show).
    """
    by = ["copied" if number == 11 else "kinds", "run", "song"]
    two = table.sort_values(by, ascending=[number == 9, True, True])
    if number == 9:
        more = two["kinds"] > two["kinds"].iloc[0]
        two = pd.concat([two[:1], two[more] if more.any() else two[1:]])
    two = two[:2]
    if number == 11:
        said = two["copied"].astype(str) + " tokens in a row copied from " + two["training_title"]
        return two.assign(measured=said, reached=two["copied"] >= LONG_COPY)
    said = "notes and chords used: " + two["kinds"].astype(str)
    reached = two["kinds"] <= FEW_KINDS if number == 9 else two["kinds"] >= MANY_KINDS
    return two.assign(measured=said, reached=reached)


def _play(row: dict, runs) -> Song:
    (run,) = [run for run in runs if run.cfg.name == row["run"]]
    missed = "" if row["reached"] else f" (not reached in {run.profile})"
    title = f"{SOURCE_OF[row['run']]}, song {row['song'] + 1}: {row['measured']}{missed}"
    return generation.play(run, generation.report_songs(run)[row["song"]], title)


def next_survey_songs(run, test_songs) -> dict[str, list[Song]]:
    """Choose ten songs for the survey's next round by seed: five of Bach's, five of a network's.

    All are told alike: on sixteenths, in C major or A minor, without voices, which would give Bach
    away; the network gets the outlines of Bach's.

    Parameters
    ----------
    run : Run
        Of a network that holds notes.
    test_songs : list of Song
        By Bach, that the network was not trained on.

    Returns
    -------
    dict
        From each source to its songs.

    Notes
    -----
    Report 2.4 and 4.4.2. Notebook: 06_beyond_the_report, "The next survey".
    """
    rng = np.random.default_rng(run.cfg.seed)
    sampled = [test_songs[i] for i in rng.permutation(len(test_songs))[:IN_NEXT_SURVEY]]
    steps = run.cfg.network.steps_per_beat
    bach = [_without_voices(preprocess.to_common_key(song.resample(steps))) for song in sampled]
    ours = generation.held_songs(run, [held.outline(song) for song in bach], rng)
    return {"J.S. Bach": bach, HELD: ours}


def _without_voices(song: Song) -> Song:
    onset, duration, pitch = (song.notes[name] for name in ("onset", "duration", "pitch"))
    return replace(song, notes=as_notes(onset, duration, pitch))
