"""The LSTM's songs: token after token, each from the last 64 (report 2.3)."""

import hashlib
from contextlib import suppress
from pathlib import Path

import numpy as np

from musegen import tokens
from musegen.files import whole
from musegen.generation.noise import TEMPO_QPM
from musegen.generation.picking import Pick, argmax, softmax
from musegen.generation.windows import SlidingWindow
from musegen.progress import progress_line
from musegen.song import Song
from musegen.training import Run

TOKENS = 500  # ancestor; the report is silent


def random_seeds(run: Run, n: int, rng: np.random.Generator) -> np.ndarray:
    """Draw 64 random tokens of the vocabulary a song (report 2.3); int array (song, 64)."""
    return rng.integers(0, len(run.vocabulary), (n, run.cfg.network.window))


def continue_tokens(
    run: Run,
    seeds: np.ndarray,
    rng: np.random.Generator,
    pick: Pick = argmax,
    length: int | None = None,
    generator: type[SlidingWindow] = SlidingWindow,
) -> np.ndarray:
    """Predict token after token by the sliding window, many songs side by side.

    Parameters
    ----------
    run : Run
        Of an LSTM.
    seeds : int array, shape (song, 64)
        `random_seeds`, or pieces of songs.
    rng : numpy Generator
        Used by picks that draw.
    pick : function
        `argmax` or what `sample` makes.
    length : int, optional
        New tokens a song: 500 (ancestor) unless given.
    generator : type
        `SlidingWindow` (report) or `CarriedState`.

    Returns
    -------
    int array, shape (song, length)
        Without the seeds.

    Notes
    -----
    Report 2.3. Notebook: 04_generation, "A sliding window".
    """
    length = TOKENS if length is None else length
    seeds = np.asarray(seeds)
    if seeds.ndim != 2 or seeds.shape[1] != run.cfg.network.window:
        raise ValueError(f"seeds are (song, {run.cfg.network.window}), got {seeds.shape}")
    network = generator(run, len(seeds))
    for places in seeds.T:
        logits = network.feed(places)
    generated = np.empty((len(seeds), length), np.int32)
    with progress_line(f"generating with {run.cfg.name}", length) as show:
        for tick in range(length):
            generated[:, tick] = pick(softmax(logits), rng)
            if tick + 1 < length:
                logits = network.feed(generated[:, tick])
            show(tick + 1)
    return generated


def lstm_songs(
    run: Run,
    n: int,
    rng: np.random.Generator,
    pick: Pick = argmax,
    seeds: np.ndarray | None = None,
    length: int | None = None,
) -> list[Song]:
    """Generate songs with an LSTM, each token one tick of an eighth note at 120 qpm.

    Parameters are those of `continue_tokens`; `seeds` are random unless given.

    Returns
    -------
    list of Song

    Notes
    -----
    Report 2.3 and 3.3, figures 9-11. Notebook: 04_generation, "Figure 9".
    """
    seeds = random_seeds(run, n, rng) if seeds is None else seeds
    generated = continue_tokens(run, seeds, rng, pick, length)
    return [play(run, places, f"{run.cfg.name} {i}") for i, places in enumerate(generated)]


def play(run: Run, places: np.ndarray, title: str) -> Song:
    """Make a song of integers of the run's vocabulary: an eighth note each, at 120 qpm."""
    return tokens.to_song(
        run.vocabulary.decode(places),
        run.cfg.network.ticks_per_beat,
        tempo_qpm=TEMPO_QPM,
        title=title,
        source=run.cfg.name,
    )


def report_songs(run: Run, n: int = 64) -> np.ndarray:
    """Generate as the report does, from random tokens by argmax, and keep the result in the run.

    Returns
    -------
    int array, shape (song, 500)
        Integers of the run's vocabulary: see `play`.

    Notes
    -----
    Report 2.3. Figures 9, 10 and 11 choose among these. Notebook: 04_generation, "Figure 9".
    """
    made_by = hashlib.sha256()
    for file in sorted(Path(__file__).parent.glob("*.py")):
        made_by.update(file.read_bytes().replace(b"\r\n", b"\n"))
    weights = Path(run.weights_file).stem
    kept = run.folder / f"songs-{n}-{weights}-{made_by.hexdigest()[:10]}.npy"
    with suppress(OSError, ValueError, EOFError):  # missing or damaged: it is made (again)
        return np.load(kept, allow_pickle=False)
    rng = np.random.default_rng(run.cfg.seed)
    generated = continue_tokens(run, random_seeds(run, n, rng), rng)
    with whole(kept) as part, part.open("wb") as file:
        np.save(file, generated)
    return generated
