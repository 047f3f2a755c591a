"""The autoencoder of report 2.2 and figure 1: sixteen bars in, 120 numbers, sixteen bars out."""

from musegen.backend import load_keras
from musegen.config import AEConfig


def build_encoder(cfg: AEConfig):
    """Build the half that turns 16 bars into 120 numbers.

    Returns
    -------
    keras.Sequential
        (song, 16, 24, 96) -> (song, 120); 10,323,920 parameters. All latents are >= 0.

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
    decoder.add(layers.Input((cfg.latent,)))
    decoder.add(_relu(cfg.bottleneck, "song_1600"))
    decoder.add(_relu(cfg.bars * cfg.hidden[-1], "song"))  # 3200
    decoder.add(layers.Reshape((cfg.bars, cfg.hidden[-1]), name="bars"))  # 16 x 200
    for units in cfg.hidden[-2::-1]:  # 16 x 2000
        decoder.add(_relu(units, f"bar_{units}"))
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
