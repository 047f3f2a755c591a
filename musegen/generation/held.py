"""The network that holds notes plays: bars asked for, bars given (ours, after report 4.4.1)."""

from collections.abc import Sequence

import numpy as np

from musegen import held, lstm, preprocess
from musegen.generation.picking import Pick, sample, softmax
from musegen.generation.windows import halved, step
from musegen.progress import progress_line
from musegen.song import BEATS_PER_BAR, PITCHES, Song
from musegen.training import Run

PICK = sample(nucleus=0.97)  # ours: notebook 06, "How much chance?"


class HeldState:
    """The network in numpy, its state carried on from token to token, many songs side by side.

    Parameters
    ----------
    run : Run
        Of `config.HeldConfig`.
    songs : int
    """

    def __init__(self, run: Run, songs: int):
        cfg = run.cfg.network
        told = [held.INPUTS.index(name) for name, *_ in lstm.held_kinds(cfg)]
        self.told = told
        self.embeddings = run.weights[: len(told)]
        self.lstm = halved(run.weights[len(told) : -2])
        self.out, self.out_bias = run.weights[-2:]
        self.states = np.zeros((cfg.layers, 2, songs, 1, cfg.units), np.float32)  # h and c

    def feed(self, inputs: np.ndarray) -> np.ndarray:
        """Tell the network where each song is; int array (song, 10), see `held.INPUTS`.

        Returns
        -------
        float32 array, shape (song, 258)
            Logits of the next token.
        """
        columns = zip(self.embeddings, inputs.T[self.told], strict=True)
        x = np.concatenate([table[column] for table, column in columns], axis=1)
        return step(x, self.states, self.lstm)[:, 0] @ self.out + self.out_bias


def draw_outlines(run: Run, n: int, rng: np.random.Generator) -> list[held.Outline]:
    """Draw outlines among those of the training songs: as long, as lively, as often in minor."""
    return [run.outlines[i] for i in rng.integers(0, len(run.outlines), n)]


def held_songs(
    run: Run,
    outlines: Sequence[held.Outline],
    rng: np.random.Generator,
    pick: Pick = PICK,
    primer: Song | None = None,
) -> list[Song]:
    """Generate songs that end when they are to end.

    Parameters
    ----------
    run : Run
        Of `config.HeldConfig`.
    outlines : sequence of held.Outline
        A song each: see `draw_outlines`, or make your own.
    rng : numpy Generator
    pick : function
        What `sample` makes. Tokens that cannot stand where they are have no chance.
    primer : Song, optional
        Their first bars: the network goes on from there, in the key it is in.

    Returns
    -------
    list of Song

    Raises
    ------
    ValueError
        If the primer leaves no bar to be written.

    Notes
    -----
    Report 4.4.1. Notebook: 06_beyond_the_report, "Go on from here".
    """
    steps = run.cfg.network.steps_per_beat
    home = primer is not None and run.cfg.network.common_key
    shift = preprocess.estimate_key(primer).shift if home else 0
    first = [] if primer is None else held.encode(primer.transpose(shift).resample(steps)).tolist()
    shortest = min((one.bars for one in outlines), default=0)
    if primer is not None and outlines and primer.bars >= shortest:
        raise ValueError(
            f"{primer.title or 'the primer'} has {primer.bars} bars and the song is to have "
            f"{shortest}; cut the primer or ask for more bars"
        )
    back = np.arange(PITCHES) - shift  # where each pitch ends up, which must be a pitch, too
    inside = np.concatenate([[True, True], np.repeat((back >= 0) & (back < PITCHES), 2)])
    bar = BEATS_PER_BAR * steps
    ends = [one.bars * bar for one in outlines]
    readers = [held.Reader() for _ in outlines]
    written = [[] for _ in readers]
    network = HeldState(run, len(readers))
    with progress_line(f"generating with {run.cfg.name}: frame", sum(ends)) as show:
        while going := [i for i, end in enumerate(ends) if readers[i].frame < end]:
            told = [held.inputs(*one, bar) for one in zip(readers, outlines, strict=True)]
            logits = network.feed(np.array(told))[going]
            logits[~(np.array([readers[i].possible() for i in going]) & inside)] = -np.inf
            picked = pick(softmax(logits), rng).tolist()
            for i, token in zip(going, picked, strict=True):
                if len(written[i]) < len(first):
                    token = first[len(written[i])]
                readers[i].feed(token)
                written[i].append(token)
            show(sum(one.frame for one in readers))
    return [
        held.to_song(
            tokens,
            steps,
            tempo_qpm=one.tempo_qpm,
            title=f"{run.cfg.name} {i}",
            source=run.cfg.name,
        ).transpose(-shift)
        for i, (tokens, one) in enumerate(zip(written, outlines, strict=True))
    ]
