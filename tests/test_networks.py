"""The networks of the report, at the report's sizes: every layer and every parameter."""

from dataclasses import replace

import numpy as np
import pytest

from musegen import autoencoder, config, lstm

V = 350  # any size of vocabulary


def shapes(model) -> list[tuple]:
    """List the shapes that leave the layers, without the axis of songs."""
    return [tuple(layer.output.shape[1:]) for layer in model.layers]


def activations(*models) -> list[str]:
    layers = [layer for model in models for layer in model.layers]
    return [layer.activation.__name__ for layer in layers if "kernel" in dir(layer)]


def test_the_autoencoder_is_figure_1():
    model = autoencoder.build(config.AEConfig())
    encoder, decoder = model.layers
    assert shapes(encoder) == [(16, 2304), (16, 2000), (16, 200), (3200,), (1600,), (120,)]
    wider = [(1600,), (3200,), (16, 200), (16, 2000), (16, 2304), (16, 24, 96)]
    assert shapes(decoder) == wider
    assert (encoder.count_params(), model.count_params()) == (10_323_920, 20_653_024)
    assert activations(encoder, decoder) == ["relu"] * 7 + ["sigmoid"]


def kinds(model) -> list[str]:
    """List the layers by class and size or dropout."""
    sizes = [getattr(layer, "units", getattr(layer, "rate", "")) for layer in model.layers]
    names = [type(layer).__name__ for layer in model.layers]
    return [f"{name} {size}".strip() for name, size in zip(names, sizes, strict=True)][1:]


@pytest.mark.parametrize(
    ("cfg", "parameters", "layers"),
    [
        (
            config.SMALL,
            855_296 + 257 * V,
            [*["LSTM 256", "Dropout 0.3"] * 2, "Dense 256", "Dropout 0.3"],
        ),
        (config.DEEP, 1_267_328 + 129 * V, [*["LSTM 128", "Dropout 0.01"] * 10, "Dense 128"]),
    ],
    ids=["small", "deep"],
)
def test_both_ways_of_training_share_the_reports_layers_and_weights(cfg, parameters, layers):
    windows, sequences = (lstm.build(cfg, V, every_position=every) for every in (False, True))
    assert kinds(windows) == ["Rescaling", "Reshape", *layers, f"Dense {V}"]
    assert windows.count_params() == parameters
    assert [w.path for w in windows.weights] == [w.path for w in sequences.weights]
    assert windows.output_shape == (None, V)
    assert sequences.output_shape == (None, None, V)


def test_open_gates_let_the_last_token_through_ten_layers():
    tokens = np.random.default_rng(0).integers(0, V, (16, 8))
    tokens[8:, :-1] = tokens[:8, :-1]
    moved = []  # in standard deviations
    for gates in (False, True):
        network = lstm.build(replace(config.DEEP, open_gates=gates), V)
        logs = np.log(network(tokens).numpy())
        moved.append(abs(logs[:8] - logs[8:]).mean() / logs.std())
    assert moved[0] < 0.01 < 0.03 < moved[1]  # 0.001 and 0.15
