"""The network that holds notes plays: bars asked for, bars given (ours, after report 4.4.1)."""

from collections.abc import Sequence

import numpy as np

from musegen import held, lstm
from musegen.generation.noise import TEMPO_QPM
from musegen.generation.picking import Pick, sample, softmax
from musegen.generation.windows import halved, step
from musegen.progress import progress_line
from musegen.song import BEATS_PER_BAR, Song
from musegen.training import Run

PICK = sample(nucleus=0.98)  # ours: notebook 06, "How much chance?"


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
        told = len(lstm.held_kinds(cfg))
        self.embeddings = run.weights[:told]
        self.lstm = halved(run.weights[told : told + 3 * cfg.layers])
        self.out, self.out_bias = run.weights[told + 3 * cfg.layers :]
        self.states = np.zeros((cfg.layers, 2, songs, 1, cfg.units), np.float32)  # h and c

    def feed(self, inputs: np.ndarray) -> np.ndarray:
        """Tell the network where each song is; int array (song, 6), see `held.INPUTS`.

        Returns
        -------
        float32 array, shape (song, 258)
            Logits of the next token.
        """
        columns = zip(self.embeddings, inputs.T, strict=False)  # not the beat, if it knows none
        x = np.concatenate([table[column] for table, column in columns], axis=1)
        return step(x, self.states, self.lstm)[:, 0] @ self.out + self.out_bias


def held_songs(
    run: Run,
    n: int,
    rng: np.random.Generator,
    bars: int | Sequence[int] = 16,
    pick: Pick = PICK,
    primer: Song | None = None,
    tempo_qpm: float = TEMPO_QPM,
) -> list[Song]:
    """Generate songs that end when they are to end.

    Parameters
    ----------
    run : Run
        Of `config.HeldConfig`.
    n : int
    rng : numpy Generator
    bars : int or sequence of int
        How long the songs are to be, all alike or each as it says.
    pick : function
        What `sample` makes. Tokens that cannot stand where they are have no chance.
    primer : Song, optional
        Their first bars: the network goes on from there, in the key it is in.
    tempo_qpm : float

    Returns
    -------
    list of Song

    Raises
    ------
    ValueError
        If the primer leaves no bar to be written.

    Notes
    -----
    Report 4.4.1. Notebook: 06_beyond_the_report, "Play".
    """
    steps = run.cfg.network.steps_per_beat
    lengths = np.broadcast_to(bars, n).tolist()
    first = [] if primer is None else held.encode(primer.resample(steps)).tolist()
    if primer is not None and primer.bars >= min(lengths, default=primer.bars + 1):
        raise ValueError(
            f"{primer.title or 'the primer'} has {primer.bars} bars and the song is to have "
            f"{min(lengths)}; cut the primer or ask for more bars"
        )
    readers = [held.Reader(BEATS_PER_BAR * steps, length) for length in lengths]
    written = [[] for _ in readers]
    network = HeldState(run, n)
    with progress_line(f"generating with {run.cfg.name}", sum(lengths)) as show:
        while going := [i for i, one in enumerate(readers) if one.frame < one.end]:
            logits = network.feed(np.array([one.inputs() for one in readers]))[going]
            logits[~np.array([readers[i].possible() for i in going])] = -np.inf
            picked = pick(softmax(logits), rng).tolist()
            for i, token in zip(going, picked, strict=True):
                if len(written[i]) < len(first):
                    token = first[len(written[i])]
                readers[i].feed(token)
                written[i].append(token)
            show(sum(one.frame // one.steps_per_bar for one in readers))
    return [
        held.to_song(
            tokens, steps, tempo_qpm=tempo_qpm, title=f"{run.cfg.name} {i}", source=run.cfg.name
        )
        for i, tokens in enumerate(written)
    ]
