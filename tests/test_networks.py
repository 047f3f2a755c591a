"""The networks of the report, at the report's sizes: every layer and every parameter."""

from dataclasses import replace

import numpy as np
import pytest

from musegen import config, lstm

V = 350  # any size of vocabulary


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
