"""The LSTM networks of report 2.3, which predict the next token."""

from musegen.backend import load_keras
from musegen.config import LSTMConfig

KERNEL_GAIN = 2.5  # ours: how much wider than Glorot's; between 2 and 3 the signal keeps its size


def build(cfg: LSTMConfig, vocabulary: int, *, every_position: bool = False):
    """Build and compile one of the networks.

    Parameters
    ----------
    cfg : LSTMConfig
        `config.SMALL` (two layers of 256) or `config.DEEP` (ten layers of 128).
    vocabulary : int
        V, the number of tokens.
    every_position : bool
        False: the report's network, one prediction after the whole window. True: the same
        layers and weights with a prediction after each of its tokens, for fast training.

    Returns
    -------
    keras.Model
        (window, 64) integers -> (window, V) probabilities, or (window, 64, V) at every position.
        Small 855,296 + 257 V parameters, deep 1,267,328 + 129 V.

    Notes
    -----
    The division of each token by V (report 2.1) is the first layer.
    Notebook: 03_lstm_training, "The small network".
    """
    keras = load_keras()
    layers, normal = keras.layers, keras.initializers.RandomNormal
    tokens = layers.Input((None,), dtype="int32", name="tokens")
    if cfg.embedding:
        x = layers.Embedding(vocabulary, cfg.embedding, normal(stddev=1.0), name="embedding")(
            tokens
        )
        first = {}
    else:
        x = layers.Rescaling(1 / vocabulary, name="token_over_V")(tokens)
        x = layers.Reshape((-1, 1), name="one_number")(x)
        # Keras's default lets the one number token / V move the gates by less than 0.08, so that
        # all tokens look alike; this lets every gate turn at a place of its own.
        first = {
            "kernel_initializer": normal(stddev=cfg.input_spread),
            "bias_initializer": normal(stddev=cfg.input_spread / 2),
            "unit_forget_bias": False,
        }
    for i in range(1, cfg.layers + 1):
        more = every_position or i < cfg.layers
        options = first if i == 1 else open_gates() if cfg.open_gates else {}
        x = layers.LSTM(cfg.units, return_sequences=more, name=f"lstm_{i}", **options)(x)
        x = layers.Dropout(cfg.dropout, name=f"dropout_{i}")(x)
    x = layers.Dense(cfg.units, activation="relu", name="dense")(x)
    if cfg.dense_dropout:
        x = layers.Dropout(cfg.dropout, name="dropout_dense")(x)
    x = layers.Dense(vocabulary, activation="softmax", name="next_token")(x)
    model = keras.Model(tokens, x, name="lstm")
    model.compile(
        keras.optimizers.Adam(cfg.learning_rate),
        loss=keras.losses.SparseCategoricalCrossentropy(reduction="mean_with_sample_weight"),
        weighted_metrics=["accuracy"],
    )
    return model


def open_gates() -> dict:
    """Give initialisers with which an LSTM layer at first passes on what it just got.

    Keras's default halves what a layer passes on and mixes it with some steps before, so that
    nothing of the last token is left after ten layers: such a network learns how often tokens come
    and no more. Here the gates for input and output start open, that for forgetting nearly shut,
    and the kernel makes up for what is lost.

    Notes
    -----
    Ours; the report is silent. Notebook: 03_lstm_training, "The deep network".
    """
    keras = load_keras()

    def gates(shape, dtype=None):  # input, forget, cell, output
        return keras.ops.repeat(keras.ops.array([2, -2, 0, 2], dtype), shape[0] // 4)

    kernel = keras.initializers.VarianceScaling(KERNEL_GAIN**2, "fan_avg", "uniform")
    return {
        "kernel_initializer": kernel,
        "bias_initializer": gates,
        "unit_forget_bias": False,
    }
