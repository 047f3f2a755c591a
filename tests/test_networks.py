"""The networks of the report, at the report's sizes: every layer and every parameter."""

from dataclasses import replace

import pytest

from musegen import autoencoder, config, lstm

V = 350  # any size of vocabulary


def shapes(model) -> list[tuple]:
    """List the shapes that leave the layers, without the axis of songs."""
    return [tuple(layer.output.shape[1:]) for layer in model.layers]


def test_encoder_is_figure_1():
    encoder = autoencoder.build_encoder(config.AEConfig())
    assert shapes(encoder) == [(16, 2304), (16, 2000), (16, 200), (3200,), (1600,), (120,)]
    assert encoder.count_params() == 10_323_920


def test_decoder_is_its_mirror_image():
    decoder = autoencoder.build_decoder(config.AEConfig())
    assert shapes(decoder) == [
        *((1600,), (3200,), (16, 200), (16, 2000), (16, 2304), (16, 24, 96)),
    ]


def test_autoencoder_has_relu_everywhere_and_a_sigmoid_at_the_end():
    model = autoencoder.build(config.AEConfig())
    assert model.count_params() == 20_653_024
    dense = [layer for half in model.layers for layer in half.layers if "kernel" in dir(layer)]
    assert [layer.activation.__name__ for layer in dense] == ["relu"] * 7 + ["sigmoid"]


def test_a_mended_autoencoder_has_the_report_s_sizes_and_is_normalised():
    model = autoencoder.build(config.MENDED)
    encoder, decoder = model.layers
    assert encoder.count_params() == 10_323_920 + 4 * 120
    assert model.count_params() == 20_653_024 + 4 * (120 + 1600 + 3200 + 2000)
    assert shapes(encoder)[-1] == (120,) and shapes(decoder)[-1] == (16, 24, 96)
    dense = [layer for layer in encoder.layers if "kernel" in dir(layer)]
    assert [layer.activation.__name__ for layer in dense] == ["relu"] * 3 + ["linear"]


@pytest.mark.parametrize("outline", [True, False])
@pytest.mark.parametrize("beat", [True, False])
@pytest.mark.parametrize("chord", [True, False])
def test_parameters_of_the_network_that_holds_notes(chord, beat, outline):
    cfg = replace(
        config.HeldConfig(), knows_the_chord=chord, knows_the_beat=beat, knows_the_outline=outline
    )
    width = 64 + 16 + 64 + (64 + 24) * chord + 64 * beat + 64 * outline
    tables = 2 * 258 * 64 + 8 * 16 + 2 * 4096 * 32 * chord
    tables += (16 + 32 + 128 + 64) * 16 * beat + (22 + 2 + 128 + 128) * 16 * outline
    layer = 4 * 256 * (width + 256 + 1)
    dense = 256 * (256 + width + 1) + 258 * (256 + 1)
    assert lstm.build_held(cfg).count_params() == tables + layer + dense


@pytest.mark.parametrize(
    ("cfg", "parameters"),
    [
        (config.SMALL, 855_296 + 257 * V),
        (config.DEEP, 1_267_328 + 129 * V),
    ],
    ids=["small", "deep"],
)
@pytest.mark.parametrize("every_position", [False, True])
def test_parameters_of_the_lstms(cfg, parameters, every_position):
    assert lstm.build(cfg, V, every_position=every_position).count_params() == parameters


def kinds(model) -> list[str]:
    """List the layers by class and size or dropout."""
    told = []
    for layer in model.layers:
        size = getattr(layer, "units", getattr(layer, "rate", ""))
        told.append(f"{type(layer).__name__} {size}".strip())
    return told


def test_layers_of_the_small_lstm():
    assert kinds(lstm.build(config.SMALL, V))[1:] == [
        *("Rescaling", "Reshape"),
        *("LSTM 256", "Dropout 0.3", "LSTM 256", "Dropout 0.3"),
        *("Dense 256", "Dropout 0.3", f"Dense {V}"),
    ]


def test_layers_of_the_deep_lstm():
    assert kinds(lstm.build(config.DEEP, V))[1:] == [
        *("Rescaling", "Reshape"),
        *["LSTM 128", "Dropout 0.01"] * 10,
        *("Dense 128", f"Dense {V}"),
    ]


def test_both_ways_of_training_share_all_weights():
    windows = lstm.build(config.SMALL, V)
    sequences = lstm.build(config.SMALL, V, every_position=True)
    assert [w.path for w in windows.weights] == [w.path for w in sequences.weights]
    assert windows.output_shape == (None, V)
    assert sequences.output_shape == (None, None, V)
