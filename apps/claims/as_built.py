"""What the report says of its method, beside our settings: generated from `musegen.config`."""

import numpy as np
import pandas as pd

from musegen import config, corpus, generation, preprocess, survey
from musegen.config import AEConfig, LSTMConfig


def as_built(settings: config.Settings) -> pd.DataFrame:
    """List what is built: columns section, what, report, here, same (*yes* or *no*)."""
    ae, runs = AEConfig(), settings.runs
    small, large = runs["lstm_small_128"], runs["lstm_small_256"]
    deep, deep_large = runs["lstm_deep_128"], runs["lstm_deep_256"]
    bar, wide, narrow = ae.steps_per_bar * ae.pitches, *ae.hidden
    joined = ae.bars * narrow
    layers = f"16 x {bar}, 16 x {wide}, 16 x {narrow}, {joined}, {ae.bottleneck}, {ae.latent}"
    rows = [
        ("2.1", "songs", "LPD-5", settings.source.partition(":")[0].replace("lpd5", "LPD-5")),
        (
            "2.1",
            "tempo of the autoencoder's songs, qpm",
            "110-130",
            "{:g}-{:g}".format(*ae.tempo_qpm),
        ),
        ("2.1", "the autoencoder's songs begin at their first", "note", ae.cut),
        ("2.1", "its songs in C or A minor: end on that bass", "100 %", _in_key(settings)),
        (
            "2.2",
            "autoencoder: input",
            "16 x 24 x 96",
            f"{ae.bars} x {ae.steps_per_bar} x {ae.pitches}",
        ),
        ("2.2", "its encoder", "16 x 2304, 16 x 2000, 16 x 200, 3200, 1600, 120", layers),
        ("2.2", "its threshold", "0.5", f"{ae.threshold:g}"),
        ("2.3", "small LSTM", "2 x 256, dropout 0.3", _layers(small.network)),
        ("2.3", "its songs", "128, 256", f"{small.songs}, {large.songs}"),
        ("2.3", "its epochs", "over 200", f"over {small.epochs - 1}"),
        ("2.3", "its batch, window", "64, 64", f"{small.network.batch}, {small.network.window}"),
        ("2.3", "its targets", "one a window", _targets(small)),
        ("2.3", "deep LSTM", "10 x 128, dropout 0.01", _layers(deep.network)),
        ("2.3", "its songs", "128, 256", f"{deep.songs}, {deep_large.songs}"),
        ("2.3", "its epochs", "100", f"{deep.epochs}"),
        ("2.4", "grades", "1 to 5", f"{survey.GRADES[0]} to {survey.GRADES[-1]}"),
        (
            "2.4",
            "songs of the autoencoders",
            "10, 256",
            f"{runs['ae_10'].songs}, {runs['ae_256'].songs}",
        ),
        ("3.2", "tempo of what is generated, qpm", "120", f"{generation.TEMPO_QPM:g}"),
        ("4.2.2", "length of a note of the LSTM", "0.5 s", _duration(small.network)),
    ]
    frame = pd.DataFrame(rows, columns=["section", "what", "report", "here"])
    return frame.assign(same=np.where(frame["report"] == frame["here"], "yes", "no"))


def _layers(network: LSTMConfig) -> str:
    return f"{network.layers} x {network.units}, dropout {network.dropout:g}"


def _targets(run: config.RunConfig) -> str:
    return "one a window" if run.trainer == "windows" else "one a position of a chunk"


def _duration(network: LSTMConfig) -> str:
    return f"{60 / generation.TEMPO_QPM / network.ticks_per_beat:g} s"


def _in_key(settings: config.Settings) -> str:
    """Count the songs that end on a bass of C or A, which the estimator of keys doesn't look at."""
    ends = []
    for song in corpus.load(settings.source).training(config.REPORT["ae_256"].songs):
        notes = preprocess.to_common_key(song).notes
        last = notes["onset"] + notes["duration"]
        ends.append(notes["pitch"][last == last.max()].min() % 12 in (0, 9))
    return f"{np.mean(ends):.0%}".replace("%", " %")
