"""The songs of our own survey: ten, two a source, as the report's survey had them."""

from dataclasses import replace

import numpy as np

from musegen import figures, generation, metrics
from musegen.song import Song
from musegen.training import Run

EXCERPT = 128  # tokens: 16 bars


def survey_songs(
    small_128: Run, small_256: Run, ae_10: Run, ae_256: Run
) -> dict[str, tuple[Song, Song]]:
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
    Report 2.4 and 3.1. Page: ``build/report/index.html``.
    """
    rng = np.random.default_rng(small_128.cfg.seed)
    human = small_256.songs
    two = rng.choice(len(human), 2, replace=len(human) < 2)
    chosen = [[metrics.as_tokens(human[i]).cut(0, EXCERPT) for i in two]]
    for run in (small_128, small_256):
        places = generation.report_songs(run, "sampled")[:, :EXCERPT]
        varied = [song for song in places if metrics.distinct_tokens(song) > 2]
        places = varied if len(varied) > 1 else places
        two = rng.choice(len(places), 2, replace=False)
        chosen.append([generation.play(run, places[i], "") for i in two])
    chosen += [figures.figure_songs(7, ae_10), figures.figure_songs(8, ae_256)]
    return {
        source: tuple(_numbered(song, source, i) for i, song in enumerate(songs, start=1))
        for source, songs in zip(figures.SOURCES, chosen, strict=True)
    }


def _numbered(song: Song, source: str, number: int) -> Song:
    by = f": {song.title}" if source == figures.SOURCES[0] else ""
    return replace(song, title=f"{source}, song {number}{by}")
