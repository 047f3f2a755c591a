"""The report's claims about what its networks play, judged by ours.

What the report says in words needs a number; all of these are ours. Where people's songs can give
it, they do: a song has an artefact if it goes beyond 95 of 100 of theirs (`metrics.ARTEFACTS`), so
that it *occurs* if more than one song in twenty has it. The intervals hold for other songs of the
same networks: each was trained once.
"""

# ruff: noqa: D103  (the quote above each function says what it judges)

from functools import cache

import numpy as np
import pandas as pd
from scipy import stats

from musegen import config, figures, generation, metrics, preprocess, training
from musegen.metrics.copies import LEAST_LOOP
from musegen.metrics.music import MEASURES, stray
from musegen.survey import claims
from musegen.survey.claims import Finding, NotTestable, judged
from musegen.survey.statistics import arranged

SONGS = 64  # of each autoencoder
CLOSE = 0.95  # of the sounding cells, and of the played ones
OCCURS, SOME = 0.05, 0.01  # shares of songs: with an artefact; of what people's songs don't have
LSTMS, AES = ("lstm_small_128", "lstm_small_256"), ("ae_10", "ae_256")
POP = config.Settings(source="lpd5")  # of LPD-5, what comes with musegen: not the songs
claim = CLAIMS = claims.Claims()


@cache
def _run(name: str, settings: config.Settings, songs: bool = True) -> training.Run:
    """Look a finished run up, without training it; with its training songs unless told."""
    run = training.shipped(name, "lpd5") if settings == POP else training.planned(name, settings)
    if not run.finished():
        raise NotTestable(f"the network {name} is not trained yet")
    if run.manifest["epochs"] < run.cfg.epochs:  # its minutes were over
        raise NotTestable(f"{name} is trained for {run.about.partition(', ')[2]} only")
    if songs and not run.songs:
        raise NotTestable("it takes the songs of LPD-5")
    return run


@cache
def _noise(name: str, settings):
    """Decode fitted noise: latents (song, 120), cells (song, 16, 24, 96)."""
    run, rng = _run(name, settings), np.random.default_rng(0)
    fitted = generation.Noise.of(generation.latents_of_training(run))
    latents = fitted.sample(SONGS, rng)
    return latents, generation.decode(run, latents)


@cache
def _tokens(name: str, settings) -> np.ndarray:
    """Give the report's songs of an LSTM, greedy and sampled: (song, 500)."""
    run = _run(name, settings, songs=False)
    return np.concatenate([generation.report_songs(run, way) for way in generation.WAYS])


@cache
def _artefacts(name: str, settings) -> pd.DataFrame:
    """Say which of a network's songs have which artefact."""
    if settings == POP and name in LSTMS:
        measured = metrics.measure_songs(_run(name, settings, songs=False)).filter(like="?")
        return measured.rename(columns=lambda column: column[:-1])
    run = _run(name, settings)
    if name in AES:
        songs = [generation.song_from_cells(run, cells) for cells in _noise(name, settings)[1]]
    else:
        songs = [generation.play(run, places, "") for places in _tokens(name, settings)]
    people = metrics.ReferenceCorpus.of(run)
    return people.has_artefacts(people.measures(songs))


def _looks(names, settings) -> str:
    """Say how often each network saw a song: once an epoch."""
    epochs = (_run(name, settings, songs=False).manifest["epochs"] for name in names)
    return "after {} and {} looks a song".format(*epochs)


def _share(found, least: float = SOME, of: str = "songs") -> Finding:
    """Judge in how large a share of songs something is so."""
    if not len(found):
        return Finding(claims.UNDECIDED, "no such song")
    estimate = claims.share(np.sum(found), len(found))
    return judged([estimate], f" of {len(found)} {of}", least, percent=True)


def _with(artefact: str, names, settings, least: float = OCCURS) -> Finding:
    return _share(pd.concat([_artefacts(name, settings)[artefact] for name in names]), least)


def _song_table(settings) -> pd.DataFrame:
    return figures.song_table(*(_run(name, settings, songs=False) for name in LSTMS))


@claim("2.3", "Layers of 128 nodes showed more promising results")
@claim("2.3", "the more appropriate values ended up being 0.01")
def other_settings(_) -> Finding:
    raise NotTestable("no other value is trained")


@claim("3.3.1", "generating a couple of notes only")
def few_notes(settings) -> Finding:
    return _with("few notes", LSTMS, settings)


@claim("3.3.2", "a wider range of notes being generated throughout the songs")
def many_notes(settings) -> Finding:
    return _share(_song_table(settings)["kinds"] >= figures.MANY_KINDS)


@claim("3.3.2", "in some cases the songs tend to alter structure toward the end")
def change_at_the_end(settings) -> Finding:
    varied = _song_table(settings)[lambda songs: songs["kinds"] >= figures.MANY_KINDS]
    # One note, or a snippet, again and again to the end, after eight bars or more of other music.
    return _share((varied["period"] > 0) & (varied["loop"] >= 2 * LEAST_LOOP))


@claim("3.3.3", "taking snippets from the training set and repeating them endlessly")
def snippets(settings) -> Finding:
    songs = _song_table(settings)
    return _share((songs["period"] > 1) & (songs["copied"] >= figures.LONG_COPY))


@claim("4.1", "parts of the generated music could be very similar to songs from the training data")
def copies(settings) -> Finding:
    return _with("copied", LSTMS + AES, settings)


@claim("4.1", "this was mostly noticed in the models with smaller training data")
def copies_of_few(settings) -> Finding:
    from statsmodels.stats.proportion import confint_proportions_2indep as confint

    found = []
    for pair in (LSTMS, AES):
        few, many = (_artefacts(name, settings)["copied"] for name in pair)
        ends = confint(few.sum(), len(few), many.sum(), len(many), alpha=1 - claims.level(2))
        found.append((few.mean() - many.mean(), *ends))
    looks = ", ".join(_looks(pair, settings) for pair in (LSTMS, AES))
    return judged(found, f" more of the songs: LSTM, AE ({looks})", least=0, percent=True)


def _given_back(name: str, settings) -> tuple[np.ndarray, np.ndarray]:
    """Give the training songs' first windows, and what comes back of them."""
    run = _run(name, settings)
    true = run.bars.windows(0).astype(bool)
    return true, generation.given_back(run, true)


@claim("4.2.1", "becoming very good at recreating the ten songs that it is trained on")
def recreates(settings) -> Finding:
    about = _run("ae_10", settings, songs=False).manifest
    if settings == POP:  # measured when it was shipped
        recall, precision = about["training_recall"], about["training_precision"]
    else:
        true, played = _given_back("ae_10", settings)
        same = metrics.precision_recall(played, true)
        recall, precision = same.recall, same.precision
    verdict = claims.judge([[min(recall, precision)] * 2], least=CLOSE)
    return Finding(verdict, f"recall {recall:.3f}, precision {precision:.3f}")


@claim("4.2.1", "it was better at replicating the training songs")
def recreates_better(settings) -> Finding:
    both = [_given_back(name, settings) for name in ("ae_256", "ae_10")]
    recall = [(t & p).sum(axis=(1, 2, 3)) / t.sum(axis=(1, 2, 3)) for t, p in both]
    gap = arranged(*recall, claims.LEVEL)["independent"]
    looks = _looks(AES, settings)
    return judged([gap], f" more of the cells, ae_10, ae_256 {looks}", least=0, percent=True)


@claim("4.2.1", "for most of the generated songs were random notes being played")
def stray_notes(settings) -> Finding:
    return _with("stray notes", AES, settings, least=0.5)


@claim("4.2.1", "it became very similar to one of the songs in the training data")
def near_a_training_song(settings) -> Finding:
    """Ask whether the nearer the noise is to a training window, the more of it is played."""
    run, (latents, cells) = _run("ae_10", settings), _noise("ae_10", settings)
    away = np.linalg.norm(latents[:, None] - generation.latents_of_training(run), axis=2)
    nearest = run.bars.windows().astype(bool)[away.argmin(axis=1)]
    both, either = nearest & (cells > 0.5), nearest | (cells > 0.5)
    same = both.sum(axis=(1, 2, 3)) / either.sum(axis=(1, 2, 3))
    near = stats.pearsonr(stats.rankdata(-away.min(axis=1)), stats.rankdata(same))
    estimate = (near.statistic, *near.confidence_interval(claims.LEVEL))
    return judged([estimate], ", rank correlation", least=0)


@claim("4.2.1", "set this to be lower in the hopes of removing these seemingly disruptive notes")
def lower_threshold(settings) -> Finding:
    gone = []
    for name in AES:
        run, cells = _run(name, settings), _noise(name, settings)[1]
        for song in cells:
            heard = [generation.song_from_cells(run, song, threshold) for threshold in (0.5, 0.3)]
            above, below = (stray(one) * len(one.notes) for one in heard)
            gone.append(above - below)
    ends = stats.ttest_1samp(gone, 0).confidence_interval(claims.LEVEL)
    return judged([(np.mean(gone), *ends)], " stray notes a song fewer at 0.3 than 0.5", least=0)


@claim("4.2.2", "they also contain randomly occurring notes that sound dissonant or disharmonious")
def dissonant(settings) -> Finding:
    return _with("dissonant", LSTMS, settings)


@claim("4.2.2", "sequences of long repetitions of the same key appear in the songs")
def long_repetitions(settings) -> Finding:
    return _with("one chord", LSTMS, settings)


@claim("4.2.2", "be overfitting to the most commonly occurring note in the training set")
def commonest_note(settings) -> Finding:
    """Ask whether what is repeated for four bars or more is the commonest training note."""
    ranks = []
    for name in LSTMS:
        training = np.concatenate(_run(name, settings).tokens.encoded)
        rank = (-np.bincount(training)).argsort().argsort()  # 0: the commonest
        for places in _tokens(name, settings):
            starts = np.flatnonzero(np.diff(places, prepend=-1))
            lengths = np.diff(starts, append=len(places))
            if lengths.max() >= LEAST_LOOP:
                ranks.append(rank[places[starts[lengths.argmax()]]])
    found = _share([rank == 0 for rank in ranks], least=0.5)
    three = sum(rank < 3 for rank in ranks)
    return found._replace(number=f"{found.number}; {three} repeat one of the three commonest")


@claim("4.2.2", "could be ameliorated by using larger training sets and longer training periods")
def more_songs(settings) -> Finding:
    runs = [_run(name, settings, songs=False) for name in LSTMS]
    best = [run.history["test_accuracy"].max() for run in runs]
    number = "test accuracy at its best {:.3f} after 128 songs, {:.3f} after 256".format(*best)
    looks = _looks(LSTMS, settings)
    return Finding(claims.UNDECIDED, f"{number}, {looks}; one network each has no interval")


@claim("4.4.1", "overfitting became a common problem")
def overfitting(settings) -> Finding:
    names = (*LSTMS, "lstm_deep_128", "lstm_deep_256", *AES)
    runs = [_run(name, settings, songs=False) for name in names]
    histories = [run.history["test_loss"].dropna() for run in runs]
    # Ours: the loss of the test songs ends a tenth above its best.
    return _share([h.iloc[-1] > 1.1 * h.min() for h in histories], 0.5, "networks")


@claim("4.4.1", "This could be an improvement that could be tested and added in future works")
def adversarial(settings) -> Finding:
    if settings == POP:
        raise NotTestable("it is trained on the chorales only")
    run, rng = _run("gan", settings), np.random.default_rng(0)
    network = run.cfg.network
    sure = generation.gan_cells(run, rng.standard_normal((SONGS, network.latent)))
    bars = _noise("ae_256", settings)[1][:, 4 : 4 + network.bars]
    gan, ae, people = (
        metrics.measure([preprocess.from_tensor(one > 0.5, network) for one in some])[[*MEASURES]]
        for some in (sure, bars, run.test_bars.windows(4))
    )

    def away(songs) -> float:  # ours: of the measures' means, in people's standard deviations
        return ((songs.mean() - people.mean()) / people.std()).abs().median()

    nearer = away(ae) - away(gan)
    again = [
        [some.sample(frac=1, replace=True, random_state=rng) for some in (ae, gan)]
        for _ in range(500)
    ]
    ends = np.quantile([away(one) - away(other) for one, other in again], [0.05, 0.95])
    return judged([(nearer, *ends)], " sd nearer to people's songs than the AE", least=0)
