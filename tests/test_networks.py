"""What notebooks 02 and 03, that show every layer and count every parameter, do not say."""

import pytest

from musegen import autoencoder, config, lstm

V = 350  # any size of vocabulary


def test_the_autoencoder_has_relus_and_a_sigmoid_at_its_end():
    encoder, decoder = autoencoder.build(config.AEConfig()).layers
    dense = [layer for layer in [*encoder.layers, *decoder.layers] if "kernel" in dir(layer)]
    assert [layer.activation.__name__ for layer in dense] == ["relu"] * 7 + ["sigmoid"]


@pytest.mark.parametrize(("cfg", "dropouts"), [(config.SMALL, 3), (config.DEEP, 10)])
def test_both_ways_of_training_share_the_reports_layers_and_weights(cfg, dropouts):
    windows, sequences = (lstm.build(cfg, V, every_position=every) for every in (False, True))
    rates = [layer.rate for layer in windows.layers if "rate" in dir(layer)]
    assert rates == [cfg.dropout] * dropouts
    assert [w.path for w in windows.weights] == [w.path for w in sequences.weights]
    assert windows.output_shape == (None, V)
    assert sequences.output_shape == (None, None, V)
