"""The network that report 4.4.1 had no time for: two networks against each other, on four bars.

The *generator* turns noise into four bars. The *critic* gives bars a number, and is trained to give
Bach's a higher one than the generator's. The generator is trained to be given a high one. That is
all: nobody tells it which notes are right.

It is a Wasserstein GAN with gradient penalty (Gulrajani and others, 2017). Both networks are
convolutions over time that follow the metre, and the pitches, all in one key, are their channels.
"""

from musegen.backend import load_keras
from musegen.config import GANConfig

METRE = (4, 2, 3)  # beats a bar, eighths a beat, steps an eighth
SAME = 4  # pieces whose noise stays the same while it is trained


def build_generator(cfg: GANConfig):
    """Build the network that plays: (piece, 120) -> (piece, 4, 24, 96), above 0 where it sounds."""
    keras = load_keras()
    layers, initializers = keras.layers, keras.initializers
    *above, steps = METRE

    def alike(shape, dtype=None):  # at first an eighth is one note, not three
        return keras.ops.tile(initializers.GlorotUniform()((1, *shape[1:]), dtype), (steps, 1, 1))

    def parted(units, parts, **how):  # from a row to its parts
        norm = layers.BatchNormalization(momentum=0.9, name=f"norm_{parts}")
        part = layers.Conv1DTranspose(units, parts, parts, name=f"part_{parts}", **how)
        return [norm, layers.ReLU(), part]

    rows = [layers.Input((cfg.latent,)), layers.Dense(cfg.bars * cfg.units, name="bars")]
    rows += [layers.Reshape((cfg.bars, cfg.units))]  # a row a bar
    for parts in above:  # ... a beat, an eighth
        rows += parted(cfg.units, parts, activation="relu")
        rows += [layers.Conv1D(cfg.units, 3, padding="same", name=f"mix_{parts}")]
    rare = initializers.Constant(-2)  # a cell in 25 sounds, not every second one
    rows += parted(cfg.pitches, steps, kernel_initializer=alike, bias_initializer=rare)
    rows += [layers.Reshape((cfg.bars, cfg.steps_per_bar, cfg.pitches))]
    return keras.Sequential(rows, name="generator")


def build_critic(cfg: GANConfig):
    """Build the network that judges: (piece, 4, 24, 96) -> (piece, 1), high where it hears Bach.

    It has no batch normalisation: the penalty is for each piece by itself.
    """
    keras = load_keras()
    layers, leaky = keras.layers, {"activation": "leaky_relu"}
    rows = [layers.Input((cfg.bars, cfg.steps_per_bar, cfg.pitches))]
    rows += [layers.Reshape((cfg.bars * cfg.steps_per_bar, cfg.pitches))]  # a row a step
    for parts in METRE[::-1]:  # ... an eighth, a beat, a bar
        rows += [layers.Conv1D(cfg.units, parts, parts, name=f"join_{parts}", **leaky)]
        rows += [layers.Conv1D(cfg.units, 3, padding="same", name=f"mix_{parts}", **leaky)]
    rows += [layers.Flatten(), layers.Dense(1, name="number")]
    return keras.Sequential(rows, name="critic")


def binarise(logits):
    """Let a cell sound, 1 and not 0, where its number is above 0; the gradient is the sigmoid's.

    Else the critic knows the generator by its values in between, whatever it plays. To take the
    gradient of another function is called straight-through.
    """
    ops = load_keras().ops
    sure = ops.sigmoid(logits)
    return sure + ops.stop_gradient(ops.cast(logits > 0, sure.dtype) - sure)


def penalty(critic, bach, played, mix):
    """Say how far the critic's slope is from 1, somewhere between Bach and what is played.

    Where on the way from `played` to `bach`, shape (piece, 4, 24, 96) both, says `mix`, a number in
    0..1 a piece, shape (piece, 1, 1, 1). The norm of the gradient is over all cells of a piece; the
    mean over pieces of (norm - 1) squared is given.
    """
    import tensorflow as tf

    between = played + mix * (bach - played)
    with tf.GradientTape() as tape:
        tape.watch(between)
        judged = critic(between)
    slope = tape.gradient(judged, between)
    norm = tf.sqrt(tf.reduce_sum(slope**2, axis=(1, 2, 3)) + 1e-12)  # a root has no slope at 0
    return tf.reduce_mean((norm - 1) ** 2)


def build(cfg: GANConfig):
    """Build and compile both networks as one Keras model, with one Adam for both.

    A step trains the critic `cfg.critic_steps` times and the generator once. It reports the
    critic's loss, the *distance* (how much more it gives Bach; on test songs, too), the penalty,
    the generator's loss and the share of cells that sound.

    Notes
    -----
    Report 4.4.1. Notebook: 07_the_gan, "Training".
    """
    keras = load_keras()
    import tensorflow as tf

    class GAN(keras.Model):
        def __init__(self):
            super().__init__(name="gan")
            self.generator, self.critic = build_generator(cfg), build_critic(cfg)
            self.dice = keras.random.SeedGenerator()  # stored with the weights of a checkpoint
            self.built = True

        def play(self, pieces, seed=None, training=False):
            noise = keras.random.normal((pieces, cfg.latent), seed=seed or self.dice)
            logits = self.generator(noise, training=training)
            return binarise(logits) if cfg.binary else tf.sigmoid(logits)

        def distance(self, bach, played):
            return tf.reduce_mean(self.critic(bach)) - tf.reduce_mean(self.critic(played))

        def step(self, tape, loss, network):
            weights = network.trainable_variables
            self.optimizer.apply(tape.gradient(loss, weights), weights)

        def train_step(self, data):
            bach, pieces = data[0], tf.shape(data[0])[0]
            for _ in range(cfg.critic_steps):
                played = self.play(pieces, training=True)
                mix = keras.random.uniform((pieces, 1, 1, 1), seed=self.dice)
                with tf.GradientTape() as tape:
                    slope = penalty(self.critic, bach, played, mix)
                    distance = self.distance(bach, played)
                    loss = cfg.penalty * slope - distance
                self.step(tape, loss, self.critic)
            with tf.GradientTape() as tape:
                played = self.play(pieces, training=True)
                fooled = -tf.reduce_mean(self.critic(played))
            self.step(tape, fooled, self.generator)
            said = {"loss": loss, "distance": distance, "penalty": slope}
            return said | {"generator_loss": fooled, "sounding": tf.reduce_mean(played)}

        def test_step(self, data):
            return {"distance": self.distance(data[0], self.play(tf.shape(data[0])[0]))}

    model = GAN()
    model.compile(keras.optimizers.Adam(cfg.learning_rate, cfg.beta_1, cfg.beta_2))
    model.optimizer.build(model.trainable_variables)  # of both, whichever it steps first
    return model
