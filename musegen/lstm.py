"""The LSTM networks: the two of report 2.3, which predict the next token, and one beyond it."""

import numpy as np

from musegen import held
from musegen.backend import load_keras
from musegen.config import HeldConfig, LSTMConfig
from musegen.song import BEATS_PER_BAR, PITCHES


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
    layers = keras.layers
    tokens = layers.Input((None,), dtype="int32", name="tokens")
    normal = keras.initializers.RandomNormal
    if cfg.embedding:
        embed = layers.Embedding(
            vocabulary, cfg.embedding, embeddings_initializer=normal(stddev=1.0), name="embedding"
        )
        x = embed(tokens)
    else:
        x = layers.Rescaling(1 / vocabulary, name="token_over_V")(tokens)
        x = layers.Reshape((-1, 1), name="one_number")(x)
    for i in range(1, cfg.layers + 1):
        more = every_position or i < cfg.layers
        spread = {}
        if i == 1 and not cfg.embedding:
            # Keras's default lets the one number token / V move the gates by less than 0.08, so
            # that all tokens look alike; this lets every gate turn at a place of its own.
            spread = {
                "kernel_initializer": normal(stddev=cfg.input_spread),
                "bias_initializer": normal(stddev=cfg.input_spread / 2),
                "unit_forget_bias": False,
            }
        x = layers.LSTM(cfg.units, return_sequences=more, name=f"lstm_{i}", **spread)(x)
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


def build_held(cfg: HeldConfig):
    """Build and compile the network that holds notes and knows the beat.

    Returns
    -------
    keras.Model
        (64, token, 13) integers, see `musegen.held.INPUTS` -> (64, token, 258) logits of the next
        token. It carries its state on from one call to the next, until `forget`.

    Notes
    -----
    Report 4.4.1. Notebook: 06_beyond_the_report, "The network".
    """
    keras = load_keras()
    layers = keras.layers
    told = layers.Input(batch_shape=(cfg.lanes, None, len(held.INPUTS)), dtype="int32", name="told")
    embedded = [
        layers.Embedding(size, width, name=name.replace(" ", "_"))(
            told[..., held.INPUTS.index(name)]
        )
        for name, size, width in held_kinds(cfg)
    ]
    x = layers.Concatenate(name="embedded")(embedded)
    x = layers.Dropout(cfg.input_dropout, name="dropout_inputs")(x)
    if cfg.knows_the_chord:
        chords = [_bits(told[..., held.INPUTS.index(name)]) for name in ("chord", "chord before")]
        x = layers.Concatenate(name="all_inputs")([x, *chords])
    all_inputs = x
    for i in range(1, cfg.layers + 1):
        x = _carried_lstm()(cfg.units, return_sequences=True, stateful=True, name=f"lstm_{i}")(x)
        x = layers.Dropout(cfg.dropout, name=f"dropout_{i}")(x)
    # What may follow hangs on the notes of this very frame: not only by way of the state.
    x = layers.Concatenate(name="state_and_inputs")([x, all_inputs])
    x = layers.Dense(cfg.units, activation="relu", name="dense")(x)
    x = layers.Dropout(cfg.dropout, name="dropout_dense")(x)
    x = layers.Dense(held.TOKENS, name="next_token")(x)
    model = keras.Model(told, x, name="held")
    model.compile(
        keras.optimizers.Adam(cfg.learning_rate, clipnorm=cfg.clip),
        loss=keras.losses.SparseCategoricalCrossentropy(
            from_logits=True, reduction="mean_with_sample_weight"
        ),
        weighted_metrics=["accuracy"],
    )
    return model


def _bits(chord):
    """Write a chord's pitch classes as twelve numbers, 0 or 1, beside its embedding."""
    classes = np.int32([1 << i for i in range(12)])
    return load_keras().ops.cast(chord[..., None] // classes % 2, "float32")


def _carried_lstm():
    keras = load_keras()

    class CarriedLSTM(keras.layers.LSTM):
        """Begins with a copy of its state: torch, to learn, needs the one that it began with."""

        def call(self, sequences, initial_state=None, **options):
            if initial_state is None:
                initial_state = [keras.ops.copy(state) for state in self.states]
            return super().call(sequences, initial_state, **options)

    return CarriedLSTM


def held_kinds(cfg: HeldConfig) -> list[tuple[str, int, int]]:
    """List the inputs that a network takes: name, how many values it has, width of its embedding.

    One that does not know chords, beat or outline goes without theirs.
    """
    wide, narrow = cfg.embedding, cfg.embedding // 4
    kinds = {
        "token": (held.TOKENS, wide),
        "place": (held.MOST_NOTES, narrow),
        "before": (held.TOKENS, wide),
        "chord": (held.CHORDS, wide // 2),
        "chord before": (held.CHORDS, wide // 2),
        "step": (BEATS_PER_BAR * cfg.steps_per_beat, narrow),
        "bar": (held.MOST_BARS, narrow),
        "beats left": (held.MOST_BEATS, narrow),
        "rhythm": (held.RHYTHMS, narrow),
        "pace": (len(held.PACES) + 1, narrow),
        "minor": (2, narrow),
        "lowest": (PITCHES, narrow),
        "highest": (PITCHES, narrow),
    }
    unknown = {
        *(() if cfg.knows_the_chord else ("chord", "chord before")),
        *(() if cfg.knows_the_beat else ("step", "bar", "beats left", "rhythm")),
        *(() if cfg.knows_the_outline else ("pace", "minor", "lowest", "highest")),
    }
    return [(name, *kinds[name]) for name in held.INPUTS if name not in unknown]


def forget(model) -> None:
    """Let a network that carries its state begin anew; others have none."""
    for layer in model.layers:
        if getattr(layer, "stateful", False):
            layer.reset_state()
