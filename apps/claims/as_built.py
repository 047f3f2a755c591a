"""What the report says of its method, beside our settings: generated from `musegen.config`."""

import numpy as np
import pandas as pd

from musegen import config, corpus, generation, preprocess, survey


def as_built(settings: config.Settings) -> pd.DataFrame:
    """List what is built: columns section, what, report, here, same (*yes* or *no*)."""
    runs = settings.runs
    ae = runs["ae_10"].network
    small, deep = (runs[f"lstm_{kind}_128"] for kind in ("small", "deep"))
    wide, narrow = ae.hidden
    layers = f"{ae.steps_per_bar * ae.pitches}, {wide}, {narrow} a bar; {ae.bars * narrow}"
    layers += f", {ae.bottleneck}, {ae.latent}"
    seconds = 60 / generation.TEMPO_QPM / small.network.ticks_per_beat
    source = settings.source.partition(":")[0].replace("lpd5", "LPD-5")
    tempo, shape = "{:g}-{:g}".format(*ae.tempo_qpm), (ae.bars, ae.steps_per_bar, ae.pitches)
    rows = [
        ("2.1", "songs", "LPD-5", source),
        ("2.1", "AE: tempo of its songs, qpm", "110-130", tempo),
        ("2.1", "AE: its songs begin at the first", "note", ae.cut),
        ("2.1", "AE: songs in one key (end on a bass of C or A)", "100 %", _in_key(settings)),
        ("2.2", "AE: input", "16 x 24 x 96", " x ".join(map(str, shape))),
        ("2.2", "AE: layers of the encoder", "5", str(layers.count(",") + layers.count(";") + 1)),
        ("2.2", "AE: encoder", "2304, 2000, 200 a bar; 3200, 1600, 120", layers),
        ("2.2", "AE: threshold", "0.5", f"{ae.threshold:g}"),
        ("2.3", "LSTM small", "2 x 256, dropout 0.3", _layers(small.network)),
        ("2.3", "LSTM small: songs", "128, 256", _songs(runs, "lstm_small")),
        ("2.3", "LSTM small: epochs", "over 200", f"over {small.epochs - 1}"),
        ("2.3", "LSTM small: batch", "64 windows", f"{small.network.batch} {small.trainer}"),
        ("2.3", "LSTM small: window", "64", f"{small.network.window}"),
        ("2.3", "LSTM deep", "10 x 128, dropout 0.01", _layers(deep.network)),
        ("2.3", "LSTM deep: songs", "128, 256", _songs(runs, "lstm_deep")),
        ("2.3", "LSTM deep: epochs", "100", f"{deep.epochs}"),
        ("2.4", "survey: grades", "1 to 5", f"{survey.GRADES[0]} to {survey.GRADES[-1]}"),
        ("2.4", "AE: songs", "10, 256", _songs(runs, "ae")),
        ("3.2", "tempo of what is generated, qpm", "120", f"{generation.TEMPO_QPM:g}"),
        ("4.2.2", "LSTM: length of a note", "0.5 s", f"{seconds:g} s"),
    ]
    frame = pd.DataFrame(rows, columns=["section", "what", "report", "here"])
    return frame.assign(same=np.where(frame["report"] == frame["here"], "yes", "no"))


def _layers(network: config.LSTMConfig) -> str:
    return f"{network.layers} x {network.units}, dropout {network.dropout:g}"


def _songs(runs, kind: str) -> str:
    return ", ".join(str(run.songs) for run in runs.values() if run.name.startswith(f"{kind}_"))


def _in_key(settings: config.Settings) -> str:
    """Count the songs that end on a bass of C or A, which the estimator of keys doesn't look at."""
    ends = []
    for song in corpus.load(settings.source).training(config.REPORT["ae_256"].songs):
        notes = preprocess.to_common_key(song).notes
        last = notes["onset"] + notes["duration"]
        ends.append(notes["pitch"][last == last.max()].min() % 12 in (0, 9))
    return f"{np.mean(ends):.0%}".replace("%", " %")
