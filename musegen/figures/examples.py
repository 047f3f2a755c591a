"""Figures 7-11 of the report: piano-rolls of generated songs, and which songs they show."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd

from musegen import four_voices, generation, metrics, preprocess
from musegen.figures.rolls import SOURCE_OF, plot_songs
from musegen.figures.style import FOUR_VOICES, SOURCES
from musegen.song import Song, as_notes

SMALL = ("lstm_small_128", "lstm_small_256")
RUNS_OF = {7: ("ae_10",), 8: ("ae_256",), 9: SMALL, 10: SMALL, 11: SMALL}
TITLES = {9: "LSTM: few notes", 10: "LSTM: varied notes", 11: "LSTM: overfitted"}
# Ours: what counts as varied and overfitted (report 3.3.2 and 3.3.3).
MANY_KINDS, LONG_COPY = 20, 32  # notes and chords; tokens: four bars
EXCERPT = 128  # tokens: 16 bars
IN_NEXT_SURVEY = 5  # songs of each source


def figure(number: int, *runs):
    """Draw figure 7, 8, 9, 10 or 11 of the report: two songs.

    What figure 10 repeats to the end is marked, and what figure 11 copies from training songs.

    Parameters
    ----------
    number : int
    *runs : Run
        Those that `RUNS_OF` names.

    Returns
    -------
    matplotlib Figure

    Notes
    -----
    Report 3.2 and 3.3. Notebook: 04_generation, "Figures 7 and 8".
    """
    songs, marks, caption = figure_parts(number, *runs)
    return plot_songs(songs, suptitle=caption, marks=marks)


def figure_parts(number: int, *runs):
    """Give what figure 7, 8, 9, 10 or 11 is made of, for a picture or for a player.

    Returns
    -------
    tuple
        Its two songs; for each a list of (start, end, label), what figure 10 repeats and figure 11
        copies, None for the others; its caption.
    """
    marks = None
    if number in (10, 11):
        marks = [_marks(number, row) for row in choose(number, song_table(*runs)).itertuples()]
    trained = "; ".join(run.about for run in runs)
    title = TITLES.get(number, "Songs of the autoencoder")
    return figure_songs(number, *runs), marks, f"Figure {number}. {title} ({trained})"


def _marks(number: int, row) -> list[tuple[int, int, str]]:
    """Mark what figure 10 repeats to the end, and what figure 11 copies."""
    if number == 11:
        return [(row.start, row.start + row.copied, _name(row.training_title))]
    return [(row.loop, generation.TOKENS, "repeated")] if row.period else []


@cache
def figure_songs(number: int, *runs) -> tuple[Song, Song]:
    """Choose the two songs of figure 7, 8, 9, 10 or 11.

    7 and 8 show the first two songs by seed, of noise combined with a song's latent. The others
    choose among 4 x 64 songs of the small LSTMs, greedy and sampled, by what stands in their
    titles.

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
        songs = generation.shown_songs(*runs)
        titles = [f"{SOURCE_OF[song.source]}, song {i}" for i, song in enumerate(songs, 1)]
    else:
        two = choose(number, song_table(*runs)).to_dict("records")
        songs = [_play(row, runs) for row in two]
        titles = [song.title for song in songs]
    return tuple(
        replace(song, title=f"{panel}) {title}" + ", silent" * (not len(song.notes)))
        for panel, title, song in zip("ab", titles, songs, strict=True)
    )


@cache
def song_table(*runs):
    """Measure the songs that figures 9-11 choose from, 64 greedy and 64 sampled of each small LSTM.

    Parameters
    ----------
    *runs : Run
        lstm_small_128 and lstm_small_256.

    Returns
    -------
    DataFrame
        See `metrics.measure_songs`.
    """
    return pd.concat(map(metrics.measure_songs, runs), ignore_index=True)


def choose(number: int, table):
    """Choose the two songs of figure 9, 10 or 11 from a table of measured ones.

    Figure 9 takes the song of fewest notes and chords, but two at least, as the report's caption
    has it, and the next one that has more. 10 takes the song of most that ends on one note or
    chord, and the one of most that ends on a snippet repeated; 11, of the songs that end so, the
    two with the longest copies, of different training songs. Where there are none of these, others
    stand in.

    Parameters
    ----------
    number : int
    table : DataFrame
        See `song_table`.

    Returns
    -------
    DataFrame
        Two rows of the table; also said, a phrase for the title: where a song is not what the
        report's figure shows, it can be read there.
    """
    column = "copied" if number == 11 else "kinds"
    order = [number == 9, True, True, True]
    table = table.sort_values([column, "run", "way", "song"], ascending=order)
    few, varied = table[table["kinds"] > 1], table["kinds"] >= MANY_KINDS
    single, snippets = table[varied & (table["period"] == 1)], table[table["period"] > 1]
    first = {
        9: [few[:1], few[few["kinds"] > few["kinds"].min()]],
        10: [single[:1], snippets[:1]],
        11: [snippets.drop_duplicates("training_title"), snippets],
    }
    two = pd.concat([*first[number], table]).drop_duplicates(["run", "way", "song"])[:2]
    if number == 11:
        said = (
            two["copied"].astype(str) + " tokens in a row from " + two["training_title"].map(_name)
        )
    else:
        said = two["kinds"].map(lambda n: f"{n} notes and chords" if n > 1 else "one note or chord")
    return two.assign(said=said if number == 9 else said + two["period"].map(_ending))


def _name(title: str) -> str:
    """Shorten LPD-5's names, which are hashes."""
    stem = title.rpartition("/")[2]
    return stem if len(stem) < 16 else f"{stem[:8]}..."


def _ending(period: int) -> str:
    if period < 2:
        return ", one note or chord to the end" if period else ", nothing repeated to the end"
    return f", {period} tokens repeated to the end"


def _play(row: dict, runs) -> Song:
    (run,) = [run for run in runs if run.cfg.name == row["run"]]
    title = f"{SOURCE_OF[row['run']]}, {row['way']}, song {row['song'] + 1}: {row['said']}"
    return generation.play(run, generation.report_songs(run, row["way"])[row["song"]], title)


def survey_songs(small_128, small_256, ae_10, ae_256) -> dict[str, tuple[Song, Song]]:
    """Choose ten songs as the report's survey did, two a source, by seed; they are *ours*.

    The report's own ten are lost. As there (2.4), the two human songs are heard as the LSTM gets
    them, as tokens, and all as excerpts (4.1): the first 16 bars. The LSTMs' are sampled, and none
    is a single chord unless all of its network are; the autoencoders' are those of figures 7 and 8.

    Returns
    -------
    dict
        From each source of table 1, in its order, to two songs.

    Notes
    -----
    Report 2.4 and 3.1. Notebook: 00_listen_first, "Ten songs".
    """
    rng = np.random.default_rng(small_128.cfg.seed)
    human = small_256.songs
    two = rng.choice(len(human), 2, replace=len(human) < 2)
    chosen = [[metrics.as_tokens(human[i]).cut(0, EXCERPT) for i in two]]
    for run in (small_128, small_256):
        places = generation.report_songs(run, "sampled")[:, :EXCERPT]
        varied = [song for song in places if len(set(song)) > 2]
        places = varied if len(varied) > 1 else places
        two = rng.choice(len(places), 2, replace=False)
        chosen.append([generation.play(run, places[i], "") for i in two])
    chosen += [figure_songs(7, ae_10), figure_songs(8, ae_256)]
    return {
        source: tuple(_numbered(song, source, i) for i, song in enumerate(songs, start=1))
        for source, songs in zip(SOURCES, chosen, strict=True)
    }


def _numbered(song: Song, source: str, number: int) -> Song:
    by = f": {song.title}" if source == SOURCES[0] else ""
    return replace(song, title=f"{source}, song {number}{by}")


def next_survey_songs(run, test_songs) -> dict[str, list[Song]]:
    """Choose ten songs for the survey's next round by seed: five of Bach's, five of a network's.

    All are alike: on sixteenths, in C major or A minor, without voices, which would give Bach
    away; what the network is asked for is what Bach's are.

    Parameters
    ----------
    run : Run
        Of the network of four voices.
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
    bach = [preprocess.to_common_key(song.resample(four_voices.BEAT)) for song in sampled]
    asked = [four_voices.wish_of(song) for song in bach]
    new = zip(generation.new_songs(run, asked, rng), bach, strict=True)
    ours = [_without_voices(replace(song, tempo_qpm=his.tempo_qpm)) for song, his in new]
    return {"J.S. Bach": list(map(_without_voices, bach)), FOUR_VOICES: ours}


def _without_voices(song: Song) -> Song:
    onset, duration, pitch = (song.notes[name] for name in ("onset", "duration", "pitch"))
    return replace(song, notes=as_notes(onset, duration, pitch))
