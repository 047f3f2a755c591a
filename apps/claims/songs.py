"""Checks of sections 3.2 to 4.4 that need a trained run: what the networks play."""

from functools import cache

import numpy as np
from scipy import stats

from apps.claims.findings import (
    OTHER_DATA,
    REPRODUCED,
    Finding,
    holds,
    is_lpd5,
    run,
    trained,
    untested,
)
from musegen import figures, generation, metrics, tokens

# What the report says in words needs a number; all of these are ours. Where people's songs can give
# it, they do: a song has a fault if it goes beyond 95 of 100 of theirs, see `metrics.ARTEFACTS`.
SONGS = 64  # generated for each check
CLOSE = 0.95  # of the sounding cells, and of the played ones


# --- Autoencoder -----------------------------------------------------------------------------


@cache
def _noise_songs(name: str, settings):
    """Latents of fitted noise and the cells they decode to: (song, 120), (song, 16, 24, 96)."""
    rng = np.random.default_rng(0)
    latents = generation.Noise.of(generation.latents_of_training(run(name, settings))).sample(
        SONGS, rng
    )
    return latents, generation.decode(run(name, settings), latents)


@cache
def _faults(name: str, settings):
    """In which share of a run's songs each of the report's faults occurs: fault -> share."""
    made = run(name, settings)
    songs = (
        [generation.song_from_cells(made, cells) for cells in _noise_songs(name, settings)[1]]
        if name.startswith("ae")
        else [
            generation.play(made, places, "")
            for way in generation.WAYS
            for places in generation.report_songs(made, way)
        ]
    )
    return metrics.ReferenceCorpus.of(made).artefacts({name: songs}).loc[name]


def _noise(settings):
    _, cells = _noise_songs("ae_10", settings)
    heard = (cells > 0.5).any(axis=(1, 2, 3)).sum()
    return trained(
        settings, heard == SONGS, f"{heard} of {SONGS} songs sound", "noise fitted to the latents"
    )


def _recreates(settings):
    ae = run("ae_10", settings)
    true = ae.bars.windows()
    same = metrics.precision_recall(generation.decode(ae, generation.encode(ae, true)) > 0.5, true)
    ours = (
        f"{same.recall:.1%} of the sounding cells played, {same.precision:.1%} of the played sound"
    )
    return trained(settings, min(same.recall, same.precision) >= CLOSE, ours)


def _stray(settings):
    small, large = (_faults(name, settings)["stray notes"] for name in ("ae_10", "ae_256"))
    ours = f"{small:.0%} of the songs after 10 training songs, {large:.0%} after 256"
    why = "with more notes out of key that nothing leads to or from than in 95 of 100 of people's"
    return trained(settings, (small + large) / 2 > 0.5, ours, why)


def _lower(settings):
    _, cells = _noise_songs("ae_256", settings)
    played = cells > 0.5
    removed = {level: int((played & (cells <= level)).sum()) for level in (0.3, 0.7)}
    ours = ", ".join(f"{count} by {level}" for level, count in removed.items())
    why = f"cells of {SONGS} songs that a threshold other than 0.5 silences"
    return holds(removed[0.3] > 0, ours, why)


def _one_better(settings):
    ae, (latents, cells) = run("ae_10", settings), _noise_songs("ae_10", settings)
    learnt, windows = generation.latents_of_training(ae), ae.bars.windows().astype(bool)
    away = np.linalg.norm(latents[:, None] - learnt, axis=2)
    nearest, played = windows[away.argmin(axis=1)], cells > 0.5
    same = (nearest & played).sum((1, 2, 3)) / (nearest | played).sum((1, 2, 3))
    rho, p = stats.spearmanr(away.min(axis=1), same)
    why = "rank correlation of the distance to the nearest training window and the cells shared"
    return trained(settings, rho < 0 and p < 0.05, f"{rho:.2f} (p = {p:.1g})", why)


def _overfit(settings):
    history = run("lstm_small_128", settings).history
    best, last = history["test_loss"].min(), history["test_loss"].dropna().iloc[-1]
    ours = f"loss {history['loss'].iloc[-1]:.2f}, test {last:.2f}, at its best {best:.2f}"
    return trained(
        settings, last > best and last > history["loss"].iloc[-1], ours, "LSTM small, 128 songs"
    )


def _slide(settings):
    """Compare the second new token with what the network itself says to its window."""
    lstm = run("lstm_small_128", settings)
    rng = np.random.default_rng(0)
    seed = generation.random_seeds(lstm, 1, rng)
    first, second = generation.continue_tokens(lstm, seed, rng, length=2)[0]
    window = np.append(seed[0, 1:], first)[None]
    return holds(int(lstm.model(window)[0].numpy().argmax()) == second, "the network's own answer")


# --- LSTM ------------------------------------------------------------------------------------


def _songs(settings):
    """Measures of the songs that figures 9-11 choose from, see `figures.song_table`."""
    return figures.song_table(*_runs(9, settings))


def _smaller(settings):
    small, large = (
        _faults(name, settings)["copied"] for name in ("lstm_small_128", "lstm_small_256")
    )
    ours = f"{small:.0%} of the songs after 128 training songs, {large:.0%} after 256"
    why = "that share a longer run with a training song, in any key, than 95 of 100 of people's"
    return trained(settings, small > large, ours, why)


def _repeats(settings):
    share = _faults("lstm_small_128", settings)["one chord"]
    why = "whose last eight bars spend more time on one note or chord than 95 of 100 of people's"
    return trained(settings, share > 0.5, f"{share:.0%} of the songs", why)


def _endings(settings):
    table = _songs(settings)
    varied = table[table["kinds"] >= figures.MANY_KINDS]
    ends = {"one chord": varied["period"] == 1, "a snippet repeated": varied["period"] > 1}
    ours = ", ".join(f"{end.sum()} on {name}" for name, end in ends.items())
    ours += f", of {len(varied)} varied songs"
    return trained(settings, all(end.any() for end in ends.values()), ours)


def _dissonant(settings):
    share = _faults("lstm_small_128", settings)["dissonant"]
    why = "whose last eight bars are more dissonant than 95 of 100 of people's"
    return trained(settings, share > 0.05, f"{share:.0%} of the songs", why)


def _more_training(settings):
    small, large = run("lstm_small_128", settings), run("lstm_small_256", settings)
    if small.cfg.epochs != large.cfg.epochs:
        return untested("the two runs differ in epochs, not only in songs")
    best = [r.history["test_accuracy"].max() for r in (small, large)]
    ours = "{:.1%} after 128 songs, {:.1%} after 256".format(*best)
    return trained(settings, best[1] > best[0], ours, "test accuracy at its best")


# --- Figures ---------------------------------------------------------------------------------


def _runs(number: int, settings) -> list:
    return [run(name, settings) for name in figures.RUNS_OF[number]]


def _ae_figure(number: int):
    def check(settings):
        shown = figures.figure_songs(number, *_runs(number, settings))
        notes = " and ".join(str(len(song.notes)) for song in shown)
        return Finding(f"{notes} notes", REPRODUCED if is_lpd5(settings) else OTHER_DATA)

    return check


def _kinds(settings, number: int) -> list[int]:
    shown = figures.figure_songs(number, *_runs(number, settings))
    return [metrics.distinct_tokens(tokens.tokenize(song)) for song in shown]


def _shown(settings, values, reached, what: str) -> Finding:
    """Judge both songs of a figure."""
    return trained(settings, all(map(reached, values)), f"{' and '.join(map(str, values))} {what}")


def _figure_9(settings):
    return _shown(
        settings,
        _kinds(settings, 9),
        lambda n: n <= figures.FEW_KINDS,
        "different notes and chords",
    )


def _figure_10(settings):
    varied = _kinds(settings, 10)
    return _shown(settings, varied, lambda n: n >= figures.MANY_KINDS, "different notes and chords")


def _figure_11(settings):
    two = figures.choose(11, _songs(settings))
    copied = two["copied"].where(two["period"] > 1, 0)
    what = "tokens in a row copied and repeated"
    return _shown(settings, copied, lambda n: n >= figures.LONG_COPY, what)


CHECKS = {
    "figure_7": _ae_figure(7),
    "figure_8": _ae_figure(8),
    "figure_9": _figure_9,
    "figure_10": _figure_10,
    "figure_11": _figure_11,
    "copy.smaller": _smaller,
    "lstm.endings": _endings,
    "lstm.dissonant": _dissonant,
    "lstm.repeats": _repeats,
    "lstm.more_training": _more_training,
    "ae.noise": _noise,
    "lstm.slide": _slide,
    "ae.recreates": _recreates,
    "ae.stray": _stray,
    "ae.one_better": _one_better,
    "ae.lower": _lower,
    "models.overfit": _overfit,
}
