"""Checks of sections 1 to 2.4: the data, the networks, how they are trained and played."""

from functools import cache

import numpy as np

from apps.claims.findings import (
    NOT_TESTED,
    OTHER_DATA,
    REPRODUCED,
    Finding,
    holds,
    is_lpd5,
    lost,
    run,
    untested,
)
from musegen import (
    autoencoder,
    config,
    corpus,
    generation,
    lstm,
    preprocess,
    survey,
    tokens,
    training,
)
from musegen.backend import load_keras
from musegen.config import DEEP, SMALL, AEConfig
from musegen.song import Song, as_notes

ANY_VOCABULARY = 300  # the size of the networks' last layer, where only the others count


# --- Data ------------------------------------------------------------------------------------


def _ancestors():
    cited = (config.root() / "CITATION.cff").read_text(encoding="utf-8")
    named = [name for name in ("HackerPoet", "Skuldur") if name in cited]
    return holds(len(named) == 2, ", ".join(named), "what is theirs is tagged as the ancestor's")


def _lpd5(settings):
    return Finding(settings.source, REPRODUCED if is_lpd5(settings) else OTHER_DATA)


def _scaled(settings):
    songs = [tokens.tokenize(song) for song in corpus.load(settings.source).training(10)]
    vocabulary = tokens.Vocabulary.from_songs(songs)
    values = vocabulary.encode(songs[0]) / len(vocabulary)
    return holds(values.min() >= 0 and values.max() < 1, "in [0, 1)", "never 1 itself")


def _vocabulary(settings):
    songs = [
        tokens.tokenize(song)
        for song in corpus.load(settings.source).training(config.REPORT["lstm_small_128"].songs)
    ]
    size = len(tokens.Vocabulary.from_songs(songs))
    why = "" if is_lpd5(settings) else "128 chorales"
    return Finding(f"{size} tokens", REPRODUCED, why)


def _target():
    cut = tokens.windows([np.arange(66)], SMALL.window)
    ours = f"{SMALL.window} tokens, then the next"
    return holds(cut.targets.tolist() == [64, 65] and len(cut.inputs[0]) == 64, ours)


def _tempo(settings):
    low, high = AEConfig().tempo_qpm
    inside = sum(map(preprocess.in_tempo_band, corpus.load(settings.source)))
    why = f"{inside} of {len(corpus.load(settings.source))} songs lie in the band"
    return f"{low:g}-{high:g}", why


def _first_note(settings):
    starts = [
        preprocess.cut_to_first_note(s).notes["onset"].min()
        for s in corpus.load(settings.source).training(10)
    ]
    return holds(not any(starts), "first note at step 0")


def _key(settings):
    shifted = [preprocess.to_common_key(song) for song in corpus.load(settings.source).training(10)]
    keys = sorted({str(preprocess.estimate_key(song)) for song in shifted})
    return holds(set(keys) <= {"C major", "A minor"}, ", ".join(keys), "which key is ours")


# --- The autoencoder -------------------------------------------------------------------------


@cache
def _autoencoder():
    return autoencoder.build(AEConfig())


def _halves():
    """Shapes after each layer of the encoder and the decoder."""
    return [[tuple(layer.output.shape[1:]) for layer in h.layers] for h in _autoencoder().layers]


def _shape(shape) -> str:
    return " x ".join(map(str, shape))


def _encoder(number: int):
    return lambda: _shape(_halves()[0][number])


def _layers():
    layers = _halves()[0]
    why = "the report's own list has as many: two that only join dimensions and four dense ones"
    return len(layers), why


def _mirror():
    encoder, decoder = _halves()
    ours = " -> ".join(map(_shape, decoder))
    return holds(decoder == [*encoder[-2::-1], _autoencoder().input_shape[1:]], ours)


def _activations() -> list[str]:
    return [
        layer.activation.__name__
        for half in _autoencoder().layers
        for layer in half.layers
        if hasattr(layer, "activation")
    ]


def _relus():
    names = _activations()
    return holds(set(names[:-1]) == {"relu"}, f"{len(names) - 1} layers of ReLU")


# --- The LSTMs -------------------------------------------------------------------------------


@cache
def _lstm(cfg):
    return lstm.build(cfg, ANY_VOCABULARY)


def _of(cfg, kind: str) -> list:
    return [layer for layer in _lstm(cfg).layers if type(layer).__name__ == kind]


def _units(cfg):
    layers = _of(cfg, "LSTM")
    return f"{len(layers)} of {layers[0].units}"


def _dropouts(cfg):
    layers = _of(cfg, "Dropout")
    return f"{len(layers)} of {layers[0].rate:g}"


def _gates():
    """One step of a Keras layer against the report's formulas, written out."""
    keras = load_keras()
    layer, rng = keras.layers.LSTM(4, return_state=True), np.random.default_rng(0)
    x, y, h = (rng.standard_normal((1, n)).astype(np.float32) for n in (3, 4, 4))
    theirs = layer(x[:, None], initial_state=[y, h])
    kernel, recurrent, bias = layer.get_weights()
    i, f, g, o = np.split(x @ kernel + y @ recurrent + bias, 4, axis=1)
    sigmoid = lambda z: 1 / (1 + np.exp(-z))  # noqa: E731
    h = sigmoid(f) * h + sigmoid(i) * np.tanh(g)
    same = np.allclose(theirs[0], sigmoid(o) * np.tanh(h), atol=1e-6)
    return holds(same, "equal to one step of keras.layers.LSTM")


def _epochs(settings, name: str, least: int):
    """Epochs that were taken; on other songs the minutes are counted."""
    made = run(name, settings)
    enough = made.cfg.trainer == "windows" and made.manifest["epochs"] >= least
    return Finding(made.how_long, REPRODUCED if enough else NOT_TESTED)


def _batch(settings, name: str):
    cfg = settings.runs[name]
    if cfg.trainer == "windows":
        return cfg.network.batch
    why = "on other songs than the chorales: chunks taught at every position"
    return Finding(f"{cfg.network.chunks} chunks", NOT_TESTED, why)


def _songs(settings, name: str):
    """Songs of a run; fewer if the corpus has fewer."""
    return len(training.planned(name, settings).songs)


def _drawn(number: int, notebook: str):
    """Figures 1-4 explain the method; the notebooks show them."""

    def check():
        text = (config.root() / "notebooks" / f"{notebook}.ipynb").read_text(encoding="utf-8")
        shown = f"images/figure_{number:02}.svg" in text
        return Finding(f"shown in {notebook}", REPRODUCED) if shown else untested("not drawn yet")

    return check


def _survey_songs():
    made = len(survey.printed(1).columns) * 2
    return made, "the songs themselves are lost"


def _ticks() -> int:
    """Count the tokens of one half note."""
    return len(tokens.tokenize(Song(as_notes(0, 4, 60), length=4, steps_per_beat=2)))


CHECKS = {
    "history.years": lambda: lost("a statement about history, not about this project"),
    "ancestors": _ancestors,
    "data.lakh": lambda: lost("a statement about the data's history"),
    "data.target": _target,
    "figure_1": _drawn(1, "02_autoencoder_training"),
    "ae.input": lambda: _shape(_autoencoder().input_shape[1:]),
    "ae.layers": _layers,
    "ae.joined": _encoder(0),
    "ae.first": _encoder(1),
    "ae.second": _encoder(2),
    "ae.vector": _encoder(3),
    "ae.bottleneck": _encoder(4),
    "ae.latent": _encoder(5),
    "ae.mirror": _mirror,
    "ae.relu": _relus,
    "ae.sigmoid": lambda: _activations()[-1],
    "ae.threshold": lambda: AEConfig().threshold,
    "figure_2": _drawn(2, "03_lstm_training"),
    "figure_3": _drawn(3, "03_lstm_training"),
    "figure_4": _drawn(4, "03_lstm_training"),
    "lstm.gates": _gates,
    "small.lstms": lambda: _units(SMALL),
    "small.dense": lambda: _of(SMALL, "Dense")[0].units,
    "small.out": lambda: "V" if _of(SMALL, "Dense")[-1].units == ANY_VOCABULARY else "other",
    "small.dropouts": lambda: _dropouts(SMALL),
    "lstm.window": lambda: SMALL.window,
    "lstm.seed": lambda: SMALL.window,
    "deep.lstms": lambda: _units(DEEP),
    "deep.nodes": lambda: untested("no other number of nodes is trained"),
    "deep.dense": lambda: _of(DEEP, "Dense")[0].units,
    "deep.dropouts": lambda: _dropouts(DEEP),
    "deep.dropout_range": lambda: untested("no other dropout is trained"),
    "survey.scale": lambda: f"{survey.GRADES[0]}-{survey.GRADES[-1]}",
    "survey.songs": _survey_songs,
    "survey.human": lambda: lost("which songs they were is not said"),
    "ae.songs_made": lambda: lost("the four songs are lost; figures 7 and 8 show ours"),
    "ae.tempo": lambda: f"{generation.TEMPO_QPM:g}",
    "lstm.songs_made": lambda: lost("the four songs are lost"),
    "lstm.plots": lambda: lost("they were not saved"),
    "lstm.duration": lambda: Finding(
        f"{60 / generation.TEMPO_QPM / SMALL.ticks_per_beat:g} s",
        "contradicted",
        "an eighth at 120 qpm; 0.5 quarter notes is most likely meant, and 60 qpm gives 0.5 s",
    ),
    "lstm.any_length": lambda: holds(
        _lstm(SMALL).input_shape[1] is None, f"any; the autoencoder's is {AEConfig().bars} bars"
    ),
    "lstm.ticks": lambda: holds(_ticks() == 4, f"a half note gives {_ticks()} tokens"),
    "lstm.constant": lambda: holds(
        isinstance(tokens.to_song(["60", "62"]).tempo_qpm, float), "one tempo a song"
    ),
    "survey.age": lambda: lost("nothing is left of the participants"),
}
OF_SETTINGS = {
    "data.lpd5": _lpd5,
    "data.piano": lambda settings: Finding(
        "piano track only" if is_lpd5(settings) else "songs without other tracks",
        REPRODUCED if is_lpd5(settings) else OTHER_DATA,
        "" if is_lpd5(settings) else "notebook 01 shows the step on a made collection",
    ),
    "data.vocabulary": _vocabulary,
    "data.scaled": _scaled,
    "data.tempo": _tempo,
    "data.first_note": _first_note,
    "data.key": _key,
    "lstm.songs_small": lambda settings: _songs(settings, "lstm_small_128"),
    "lstm.songs_large": lambda settings: _songs(settings, "lstm_small_256"),
    "small.epochs": lambda settings: _epochs(settings, "lstm_small_128", least=201),
    "small.batch": lambda settings: _batch(settings, "lstm_small_128"),
    "deep.epochs": lambda settings: _epochs(settings, "lstm_deep_128", least=100),
    "deep.batch": lambda settings: _batch(settings, "lstm_deep_128"),
    "ae.songs_small": lambda settings: _songs(settings, "ae_10"),
    "ae.songs_large": lambda settings: _songs(settings, "ae_256"),
}
