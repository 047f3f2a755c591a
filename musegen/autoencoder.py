"""The autoencoder of report 2.2 and figure 1: sixteen bars in, 120 numbers, sixteen bars out.

*Mended* it has what its ancestor HackerPoet/Composer had and the report does not name: a latent
that is linear and normalised, so that plain normal noise is like the latents of songs, and a
decoder that is normalised and learns with dropout. Layers, sizes and the 120 numbers are the same.
"""

from musegen.backend import load_keras
from musegen.config import AEConfig

MOMENTUM = 0.9  # ancestor


def build_encoder(cfg: AEConfig):
    """Build the half that turns 16 bars into 120 numbers.

    Returns
    -------
    keras.Sequential
        (song, 16, 24, 96) -> (song, 120); 10,323,920 parameters. All latents >= 0, or mended
        with a mean of 0 and a spread of 1, for 480 parameters more.

    Notes
    -----
    A `Dense` on the tensor of 16 bars shares its weights among the bars: the report's
    "16 x 2000" and "16 x 200" layers.
    """
    layers = load_keras().layers
    steps = cfg.steps_per_bar * cfg.pitches
    return load_keras().Sequential(
        [
            layers.Input((cfg.bars, cfg.steps_per_bar, cfg.pitches)),
            layers.Reshape((cfg.bars, steps), name="bars"),  # 16 x 2304
            *(_relu(units, f"bar_{units}") for units in cfg.hidden),  # 16 x 2000, 16 x 200
            layers.Flatten(name="song"),  # 3200
            _relu(cfg.bottleneck, "song_1600"),
            *_latent(cfg),
        ],
        name="encoder",
    )


def build_decoder(cfg: AEConfig):
    """Build the mirror image, which plays 120 numbers.

    Returns
    -------
    keras.Sequential
        (song, 120) -> (song, 16, 24, 96) in 0..1: how sure the network is of each cell.
    """
    layers = load_keras().layers
    steps, last = cfg.steps_per_bar * cfg.pitches, cfg.hidden[-1]
    return load_keras().Sequential(
        [
            layers.Input((cfg.latent,)),
            *_decoding(cfg.bottleneck, "song_1600", cfg),
            *_decoding(cfg.bars * last, "song", cfg),  # 3200
            layers.Reshape((cfg.bars, last), name="bars"),  # 16 x 200
            *(
                layer
                for units in cfg.hidden[-2::-1]
                for layer in _decoding(units, f"bar_{units}", cfg)  # 16 x 2000
            ),
            layers.Dense(steps, activation="sigmoid", name="cells"),  # 16 x 2304
            layers.Reshape((cfg.bars, cfg.steps_per_bar, cfg.pitches), name="piano_roll"),
        ],
        name="decoder",
    )


def build(cfg: AEConfig):
    """Build and compile the whole autoencoder, 20,653,024 parameters.

    Returns
    -------
    keras.Sequential
        Its two layers are the encoder and the decoder.

    Notes
    -----
    Report 2.2. Notebook: 02_autoencoder_training, "The network".
    """
    keras = load_keras()
    model = keras.Sequential(
        [
            keras.layers.Input((cfg.bars, cfg.steps_per_bar, cfg.pitches)),
            build_encoder(cfg),
            build_decoder(cfg),
        ],
        name="autoencoder",
    )
    model.compile(keras.optimizers.Adam(cfg.learning_rate), loss="binary_crossentropy")
    return model


def _latent(cfg: AEConfig) -> list:
    layers = load_keras().layers
    if not cfg.mended:
        return [_relu(cfg.latent, "latent")]
    normalised = layers.BatchNormalization(momentum=MOMENTUM, name="normalised")
    return [layers.Dense(cfg.latent, name="latent"), normalised]


def _decoding(units: int, name: str, cfg: AEConfig) -> list:
    layers = load_keras().layers
    if not cfg.mended:
        return [_relu(units, name)]
    return [
        layers.Dense(units, kernel_initializer="he_normal", name=name),
        layers.BatchNormalization(momentum=MOMENTUM, name=f"{name}_normalised"),
        layers.ReLU(name=f"{name}_relu"),
        layers.Dropout(cfg.dropout, name=f"{name}_dropout"),
    ]


def _relu(units: int, name: str):
    # He's initialiser: with Keras's default the all-ReLU network stays silent (notebook 02).
    layers = load_keras().layers
    return layers.Dense(units, activation="relu", kernel_initializer="he_normal", name=name)
