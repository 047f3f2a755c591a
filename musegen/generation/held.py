"""The network with note-ons and holds plays: bars asked for, bars given (ours, report 4.4.1)."""

from collections.abc import Sequence
from itertools import compress

import numpy as np
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from musegen import config, held, lstm, preprocess
from musegen.generation.lstm import gates_in_order, step
from musegen.generation.sampling import Pick, sample, softmax
from musegen.song import BEATS_PER_BAR, PITCHES, Song
from musegen.training import Run

# Kinds of tokens: the end of a frame, a frame like the one before, a note that starts, one held.
KINDS = np.array([held.END, held.SAME, *[2, 3] * PITCHES])


def sample_note(pick: Pick) -> Pick:
    """Sample what happens by its probability; let `pick` choose only which note it is.

    A pick that leaves out what is improbable would leave out rare rhythms, too.

    Examples
    --------
    >>> p = np.zeros((1, held.TOKENS))
    >>> p[0, [held.SAME, held.start(60), held.start(61)]] = 0.7, 0.2, 0.1
    >>> rng = np.random.default_rng(0)
    >>> {held.say(sample_note(sample(top_k=1))(p, rng)[0]) for _ in range(50)} == {"=", "C4"}
    True
    """

    def picked(probabilities, rng):
        kinds = probabilities @ (KINDS[:, None] == np.arange(4))
        chosen = probabilities * (sample()(kinds, rng)[:, None] == KINDS)
        return pick(chosen / chosen.sum(axis=1, keepdims=True), rng)

    return picked


PICK = sample_note(sample(top_p=0.95))  # ours: notebook 06, "How much chance?"


class HeldState:
    """The network in numpy, its state kept from token to token, many songs side by side.

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
        self.chords = [held.INPUTS.index("chord"), held.INPUTS.index("chord before")]
        self.chords *= cfg.knows_the_chord
        self.embeddings = run.weights[: len(told)]
        self.lstm, self.dense = gates_in_order(run.weights[len(told) : -4]), run.weights[-4:]
        self.states = np.zeros((cfg.layers, 2, songs, 1, cfg.units), np.float32)  # h and c

    def feed(self, inputs: np.ndarray) -> np.ndarray:
        """Tell the network where each song is; int array (song, 13), see `held.INPUTS`.

        Returns
        -------
        float32 array, shape (song, 258)
            Logits of the next token.
        """
        columns = zip(self.embeddings, inputs.T[self.told], strict=True)
        bits = (inputs[:, column, None] >> np.arange(12) & 1 for column in self.chords)
        x = np.concatenate([*(table[i] for table, i in columns), *bits], axis=1, dtype=np.float32)
        hidden, hidden_bias, out, out_bias = self.dense
        state = step(x, self.states, self.lstm)[:, 0]
        x = np.concatenate([state, x], axis=1) @ hidden + hidden_bias
        return np.maximum(x, 0) @ out + out_bias


def sample_outlines(run: Run, n: int, rng: np.random.Generator) -> list[held.Outline]:
    """Sample outlines among those of the training songs: as long, as lively, as often in minor.

    A song begins in its first bar. A network trained for some minutes plays at most 16 bars.
    """
    drawn = (run.outlines[i] for i in rng.integers(0, len(run.outlines), n))
    most, bar = 16 if run.cfg.minutes else 200, BEATS_PER_BAR * run.cfg.network.steps_per_beat
    return [one._replace(bars=min(one.bars, most), first=one.first % bar) for one in drawn]


def held_songs(run, outlines, rng, pick=PICK, primer=None) -> list[Song]:
    """Generate songs that end when they are to end.

    Parameters
    ----------
    run : Run
        Of `config.HeldConfig`.
    outlines : sequence of held.Outline
        A song each: see `sample_outlines`, or make your own.
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
    shift = preprocess.shift_to_common_key(primer) if home else 0
    first = []
    if primer is not None:
        shortest = min((one.bars for one in outlines), default=primer.bars + 1)
        if primer.bars >= shortest:
            raise ValueError(
                f"{primer.title or 'the primer'} has {primer.bars} bars and the song is to have "
                f"{shortest}; cut the primer or ask for more bars"
            )
        moved = primer.transpose(shift).resample(steps)
        first, outlines = held.encode(moved).tolist(), _begun_with(moved, outlines)
    back = np.arange(PITCHES) - shift  # where each pitch ends up, which must be a pitch, too
    inside = np.concatenate([[True, True], np.repeat((back >= 0) & (back < PITCHES), 2)])
    bar = BEATS_PER_BAR * steps
    pages = [_Page(one, bar, first) for one in outlines]
    network, going = HeldState(run, len(pages)), pages
    frames = tqdm(
        total=sum(page.frames for page in pages),
        desc=run.cfg.name,
        leave=False,
        disable=config.progress(),
    )
    with frames, threadpool_limits(1, "blas"):  # as in `continue_tokens`
        while going:
            now = [(page.reader, page.outline, bar) for page in going]
            logits = network.feed(np.array([held.inputs(*one) for one in now]))
            able = np.array([held.possible(*one) for one in now]) & inside
            logits[~able] = -np.inf
            picked = pick(softmax(logits), rng).tolist()
            for page, may, token in zip(going, able, picked, strict=True):
                page.write(token, may)
            frames.update(sum(page.reader.frame for page in pages) - frames.n)
            unfinished = [page.reader.frame < page.frames for page in going]
            network.states = network.states[:, :, unfinished]
            going = list(compress(going, unfinished))
    return [
        held.to_song(
            page.tokens,
            steps,
            tempo_qpm=page.outline.tempo_qpm,
            title=f"{run.cfg.name} {i}",
            source=run.cfg.name,
        ).transpose(-shift)
        for i, page in enumerate(pages)
    ]


def _begun_with(primer: Song, outlines: Sequence[held.Outline]) -> list[held.Outline]:
    """Let songs begin where a primer does, with room for its notes and no bars like its own."""
    own = held.outline(primer)
    return [
        one._replace(
            lowest=min(one.lowest, own.lowest),
            highest=max(one.highest, own.highest),
            first=own.first,
            form=(),
        )
        for one in outlines
    ]


class _Page:
    """A song as far as it is written."""

    def __init__(self, outline: held.Outline, bar: int, first: list[int]):
        self.outline, self.bar, self.first = outline, bar, first
        self.frames = outline.bars * bar
        self.reader = held.Reader()
        self.tokens: list[int] = []
        self.begins: list[int] = []  # with which token each frame begins

    def write(self, sampled: int, able: np.ndarray) -> None:
        """Go on with the token sampled, unless the primer or the form has another one here."""
        here = len(self.tokens)
        if not self.reader.written:
            self.begins.append(here)
        again = self._again()
        if here < len(self.first):
            token = self.first[here]
        elif again is not None and able[again]:
            token = again
        else:
            token = sampled
        self.reader.feed(token)
        self.tokens.append(token)

    def _again(self) -> int | None:
        """Look up the token that stood here in the bar that this one is to be like, if any."""
        now, form = self.reader.frame // self.bar, self.outline.form
        if now >= len(form) or form[now] == now:
            return None
        frame = self.reader.frame - (now - form[now]) * self.bar
        at = self.begins[frame] + len(self.reader.written)
        return self.tokens[at] if at < self.begins[frame + 1] else None
