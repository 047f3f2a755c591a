"""Figures 7-11 of the report: piano-rolls of generated songs, and which songs they show."""

from dataclasses import replace
from functools import cache

import numpy as np

from musegen import config, corpus, generation, held, metrics, preprocess, tokens, training
from musegen.figures.rolls import SOURCE_OF, plot_songs
from musegen.figures.style import COLOURS, HELD, SOURCES, new_figure
from musegen.song import Song, as_notes

# Ours: what counts as "few notes", "varied notes" and "overfitted" (report 3.3.1-3.3.3).
FEW_KINDS, MANY_KINDS, LONG_COPY = 4, 20, 32  # notes and chords; the same; tokens
IN_NEXT_SURVEY = 5  # songs of each source


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
    return plot_songs(figure_songs(9), suptitle=f"Figure 9. LSTM: few notes{_of_few()}")


def figure_10():
    """Draw figure 10: two songs of the LSTM with varied notes.

    Notes
    -----
    Report 3.3.2. Notebook: 04_generation, "Figure 10".
    """
    return plot_songs(figure_songs(10), suptitle=f"Figure 10. LSTM: varied notes{_of_few()}")


def figure_11():
    """Draw figure 11: two songs of the LSTM with long runs copied from training songs.

    Notes
    -----
    Report 3.3.3. Notebook: 04_generation, "Figure 11".
    """
    return plot_songs(figure_songs(11), suptitle=f"Figure 11. LSTM: overfitted{_of_few()}")


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
        songs = generation.autoencoder_songs(run, 2, np.random.default_rng(run.cfg.seed))
        titles = [f"{panel}) {SOURCE_OF[run.cfg.name]}, song {i}" for i, panel in enumerate("ab")]
        return tuple(replace(song, title=t) for song, t in zip(songs, titles, strict=True))
    chosen = {9: _few_notes, 10: _varied_notes, 11: _copied}[number](song_table())
    return tuple(_play(*row) for row in zip("ab", chosen.to_dict("records"), strict=True))


@cache
def song_table():
    """Measure the songs that figures 9-11 choose from, 64 of each small LSTM.

    Returns
    -------
    DataFrame
        Columns run, song, kinds, copied, start, training_title, see `metrics.measure_songs`.
    """
    import pandas as pd

    runs = map(training.load_or_train, ("lstm_small_128", "lstm_small_256"))
    return pd.concat(map(metrics.measure_songs, runs), ignore_index=True)


@cache
def survey_songs() -> dict[str, tuple[Song, Song]]:
    """Choose ten songs as the report's survey did, two a source, by seed; they are *ours*.

    The report's own ten are lost. As there (2.4), the two human songs are heard as the LSTM gets
    them: as tokens. The autoencoder's are those of figures 7 and 8.

    Returns
    -------
    dict
        From each source of table 1, in its order, to two songs.

    Notes
    -----
    Report 2.4 and 3.1. Page: ``build/report/index.html``.
    """
    runs = [training.load_or_train(name) for name in ("lstm_small_128", "lstm_small_256")]
    rng = np.random.default_rng(runs[0].cfg.seed)
    human = runs[1].songs
    two = rng.choice(len(human), 2, replace=len(human) < 2)
    chosen = {"Training data": [_as_tokens(human[i]) for i in two]}
    for run in runs:
        places = generation.report_songs(run)
        two = rng.choice(len(places), 2, replace=False)
        chosen[SOURCE_OF[run.cfg.name]] = [generation.play(run, places[i], "") for i in two]
    chosen |= {SOURCE_OF[name]: figure_songs(n) for n, name in ((7, "ae_10"), (8, "ae_256"))}
    return {
        source: tuple(_numbered(song, source, i + 1) for i, song in enumerate(chosen[source]))
        for source in SOURCES
    }


@cache
def next_survey_songs() -> dict[str, list[Song]]:
    """Choose ten songs for the survey's next round by seed: five of Bach's, five of ours.

    Bach's are held-out ones. All are told alike: on sixteenths, in C major or A minor, without
    voices, which would give Bach away.

    Returns
    -------
    dict
        From each source to its songs.

    Notes
    -----
    Report 2.4 and 4.4.2. Notebook: 06_beyond_the_report, "The next survey".
    """
    run, rng = training.shipped(), np.random.default_rng(config.SHIPPED.seed)
    heldout = corpus.load("chorales").validation
    steps = run.cfg.network.steps_per_beat
    drawn = [heldout[i] for i in rng.permutation(len(heldout))[:IN_NEXT_SURVEY]]
    bach = [_without_voices(preprocess.to_common_key(song.resample(steps))) for song in drawn]
    ours = generation.held_songs(run, [held.outline(song) for song in bach], rng)
    return {"J.S. Bach": bach, HELD: ours}


def _without_voices(song: Song) -> Song:
    onset, duration, pitch = (song.notes[name] for name in ("onset", "duration", "pitch"))
    return replace(song, notes=as_notes(onset, duration, pitch))


def _as_tokens(song: Song) -> Song:
    heard = tokens.to_song(tokens.tokenize(song), title=song.title, source=song.source)
    return replace(heard, tempo_qpm=song.tempo_qpm)


def _numbered(song: Song, source: str, number: int) -> Song:
    by = f": {song.title}" if source == "Training data" else ""
    return replace(song, title=f"{source}, song {number}{by}")


def _few_notes(table):
    """Take the song of fewest notes and chords, and the next one that has more."""
    few = table.sort_values(["kinds", "run", "song"])
    more = few[few["kinds"] > few["kinds"].iloc[0]]
    two = few.iloc[[0, 1]] if more.empty else few.loc[[few.index[0], more.index[0]]]
    label = "notes and chords used: {kinds}"
    return two.assign(label=label, reached=two["kinds"] <= FEW_KINDS)


def _varied_notes(table):
    two = table.sort_values(["kinds", "run", "song"], ascending=[False, True, True]).head(2)
    label = "notes and chords used: {kinds}"
    return two.assign(label=label, reached=two["kinds"] >= MANY_KINDS)


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


def _of_few() -> str:
    """Say so if the corpus has fewer songs than the report's 128 and 256."""
    run = training.planned("lstm_small_256")
    songs = len(run.songs)
    return f" (trained on all {songs} songs)" if songs < run.cfg.songs else ""


def _title(number: int, what: str, name: str) -> str:
    """Say how many songs a network was trained on: fewer than asked for if the corpus is small."""
    songs = len(training.planned(name).songs)
    return f"Figure {number}. Songs of the {what} trained on {songs} songs"


# --- What else notebook 04 draws -----------------------------------------------------------------


def plot_likeness(likeness):
    """Draw how much generated songs share with their nearest training window, a row a noise.

    Parameters
    ----------
    likeness : DataFrame
        A column a noise, a row a song, shares in 0..1.

    Returns
    -------
    matplotlib Figure

    Notes
    -----
    Notebook: 04_generation, "Which noise?".
    """
    fig, ax = new_figure(figsize=(8, 2.4))
    ax.boxplot(100 * likeness, orientation="horizontal", tick_labels=likeness.columns, widths=0.6)
    ax.set(title="64 songs a noise", xlabel="Cells in common with the nearest window (%)")
    ax.set(xlim=(0, 101), ylabel="Noise")
    ax.invert_yaxis()
    return fig


def plot_periods(periods):
    """Draw after how many ticks the ends of songs repeat.

    Parameters
    ----------
    periods : int array, shape (song,)
        0 where the end does not repeat.

    Returns
    -------
    matplotlib Figure

    Notes
    -----
    Notebook: 04_generation, "Figure 10".
    """
    fig, ax = new_figure(figsize=(8, 2.4))
    looping = periods[periods > 0]
    ax.hist(looping, np.arange(0.5, 34), color=COLOURS["LSTM small dataset"])
    ax.set(title=f"{len(looping)} of {len(periods)} songs end in a loop", ylabel="Songs")
    ax.set(xlabel="Length of the loop (ticks of an eighth note)")
    return fig


def plot_copied(generated, heldout):
    """Draw the longest runs shared with training songs, of generated and of held-out songs.

    Parameters
    ----------
    generated, heldout : int arrays, shape (song,)
        Tokens, see `metrics.copied_run`.

    Returns
    -------
    matplotlib Figure

    Notes
    -----
    Notebook: 04_generation, "Is it copying?".
    """
    fig, axes = new_figure(2, figsize=(8, 3.4), sharex=True)
    most = max(max(generated), max(heldout))
    parts = (("LSTM small dataset", generated), ("Training data", heldout))
    for ax, (source, lengths) in zip(axes, parts, strict=True):
        ax.hist(lengths, np.arange(0.5, most + 1), color=COLOURS[source])
        ax.set_ylabel("Songs")
    axes[0].set_title("Generated songs")
    axes[1].set_title("Held-out songs, written by people")
    axes[1].set_xlabel("Longest run shared with a training song (tokens)")
    return fig
