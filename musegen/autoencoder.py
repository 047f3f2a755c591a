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
    keras = load_keras()
    layers = keras.layers
    encoder = keras.Sequential(name="encoder")
    encoder.add(layers.Input((cfg.bars, cfg.steps_per_bar, cfg.pitches)))
    encoder.add(layers.Reshape((cfg.bars, cfg.steps_per_bar * cfg.pitches), name="bars"))
    for units in cfg.hidden:  # 16 x 2304 -> 16 x 2000 -> 16 x 200
        encoder.add(_relu(units, f"bar_{units}"))
    encoder.add(layers.Flatten(name="song"))  # 3200
    encoder.add(_relu(cfg.bottleneck, "song_1600"))
    if cfg.mended:
        encoder.add(layers.Dense(cfg.latent, name="latent"))
        encoder.add(layers.BatchNormalization(momentum=MOMENTUM, name="normalised"))
    else:
        encoder.add(_relu(cfg.latent, "latent"))
    return encoder


def build_decoder(cfg: AEConfig):
    """Build the mirror image, which plays 120 numbers.

    Returns
    -------
    keras.Sequential
        (song, 120) -> (song, 16, 24, 96) in 0..1: how sure the network is of each cell.
    """
    keras = load_keras()
    layers = keras.layers
    decoder = keras.Sequential(name="decoder")

    def add(units: int, name: str) -> None:
        if not cfg.mended:
            decoder.add(_relu(units, name))
            return
        decoder.add(layers.Dense(units, kernel_initializer="he_normal", name=name))
        decoder.add(layers.BatchNormalization(momentum=MOMENTUM, name=f"{name}_normalised"))
        decoder.add(layers.ReLU(name=f"{name}_relu"))
        decoder.add(layers.Dropout(cfg.dropout, name=f"{name}_dropout"))

    decoder.add(layers.Input((cfg.latent,)))
    add(cfg.bottleneck, "song_1600")
    add(cfg.bars * cfg.hidden[-1], "song")  # 3200
    decoder.add(layers.Reshape((cfg.bars, cfg.hidden[-1]), name="bars"))  # 16 x 200
    for units in cfg.hidden[-2::-1]:  # 16 x 2000
        add(units, f"bar_{units}")
    cells = cfg.steps_per_bar * cfg.pitches
    decoder.add(layers.Dense(cells, activation="sigmoid", name="cells"))  # 16 x 2304
    shape = (cfg.bars, cfg.steps_per_bar, cfg.pitches)
    decoder.add(layers.Reshape(shape, name="piano_roll"))
    return decoder


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
    songs = keras.layers.Input((cfg.bars, cfg.steps_per_bar, cfg.pitches))
    model = keras.Sequential([songs, build_encoder(cfg), build_decoder(cfg)], name="autoencoder")
    model.compile(keras.optimizers.Adam(cfg.learning_rate), loss="binary_crossentropy")
    return model


def _relu(units: int, name: str):
    # He's initialiser: with Keras's default the all-ReLU network stays silent (notebook 02).
    layers = load_keras().layers
    return layers.Dense(units, activation="relu", kernel_initializer="he_normal", name=name)
