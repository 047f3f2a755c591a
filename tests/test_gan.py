"""The GAN: its two networks, its penalty counted by hand, and what it plays."""

from dataclasses import replace

import numpy as np
import pytest

from musegen import config, gan, generation, training
from musegen.backend import load_keras
from musegen.composer import Composer

CFG = config.SMOKE["gan"].network
keras = load_keras()
tf = pytest.importorskip("tensorflow")


def test_noise_becomes_four_bars_and_bars_a_number():
    model = gan.build(config.REPORT["gan"].network)
    noise = np.zeros((3, 120), np.float32)
    assert model.generator(noise).shape == (3, 4, 24, 96)
    assert model.critic(np.zeros((3, 4, 24, 96), np.float32)).shape == (3, 1)
    names = [layer.__class__.__name__ for layer in model.critic.layers]
    assert "BatchNormalization" not in names  # the penalty is for each piece by itself


def test_before_training_an_eighth_is_one_note():
    noise = np.random.default_rng(0).standard_normal((8, CFG.latent)).astype(np.float32)
    steps = gan.build_generator(CFG)(noise).numpy().reshape(8, 32, 3, 96)
    assert steps.std() > 0 and np.ptp(steps, axis=2).max() < 1e-5


def test_notes_are_binary_and_the_gradient_is_the_sigmoids():
    logits = tf.constant([-3.0, -0.1, 0.1, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        notes = gan.binarise(logits)
    assert notes.numpy().tolist() == [0, 0, 1, 1]
    sure = 1 / (1 + np.exp(-logits.numpy()))
    np.testing.assert_allclose(tape.gradient(notes, logits), sure * (1 - sure), rtol=1e-5)


@pytest.mark.parametrize(("binary", "between"), [(True, False), (False, True)])
def test_without_binarisation_the_critic_sees_what_is_between(binary, between):
    played = gan.build(replace(CFG, binary=binary)).play(2).numpy()
    assert ((played > 0.01) & (played < 0.99)).any() == between


def test_the_penalty_is_that_of_each_pieces_whole_slope():
    """A critic that adds up its cells, twice the second piece's: slopes 2 and 4 of four cells."""
    bach, played = tf.ones((2, 1, 2, 2)), tf.zeros((2, 1, 2, 2))
    weights = tf.constant([1.0, 2.0])[:, None, None, None]

    def linear(bars):
        return tf.reduce_sum(weights * bars, axis=(1, 2, 3))

    def square(bars):
        return tf.reduce_sum(bars**2, axis=(1, 2, 3)) / 2  # its slope is where it is taken

    mix = tf.constant([0.5, 0.25])[:, None, None, None]
    slope = float(gan.penalty(linear, bach, played, mix))
    assert slope == pytest.approx((1**2 + 3**2) / 2)
    slope = float(gan.penalty(square, bach, played, mix))
    assert slope == pytest.approx((0 + 0.5**2) / 2)


def test_the_critic_learns_without_the_generator_and_the_other_way_round():
    model = gan.build(replace(CFG, critic_steps=3))
    bach = (np.random.default_rng(0).random((4, 4, 24, 96)) < 0.04).astype(np.float32)
    said = model.train_on_batch(bach, bach, return_dict=True)
    assert set(said) == {"loss", "distance", "penalty", "generator_loss", "sounding"}
    assert int(model.optimizer.iterations) == 4
    assert said["loss"] == pytest.approx(10 * said["penalty"] - said["distance"], abs=1e-4)


def test_the_shipped_run_plays_new_pieces_from_noise():
    run = training.shipped("gan")
    noise = np.random.default_rng(0).standard_normal((8, 120))
    songs = generation.gan_songs(run, noise)
    assert {(song.bars, song.tempo_qpm, song.source) for song in songs} == {(4, 120, "gan")}
    assert all(len(song.notes) and song.probabilities.max() > 0.5 for song in songs)
    assert len({song.notes.tobytes() for song in songs}) == 8
    path = generation.between(noise[0], noise[1], 3)
    np.testing.assert_allclose(path[[0, 2]], noise[:2], atol=1e-9)
    ends = np.linalg.norm(noise[:2], axis=1)
    assert ends.min() - 1e-9 <= np.linalg.norm(path[1]) <= ends.max()
    for percent in (1, 10, 100):
        assert [song.bars for song in generation.gan_along(run, percent)] == [4] * gan.SAME


def test_the_composer_plays_a_gan_whose_noise_may_be_negative():
    composer = Composer(training.planned("gan", config.Settings()))
    said, (mean, components, first) = composer.start()[0], composer.start()[1]
    assert (said["songs"], first, len(mean), len(components)) == ([], b"", 480, 480 * 120)
    noise = np.random.default_rng(0).standard_normal((1, 120)).astype("<f4")
    heard, _ = composer.answer({"ask": "play", "threshold": 0.5}, noise.tobytes())
    assert heard["nearest"]["share"] < 1
    expected = generation.gan_songs(composer.run, noise)[0]
    np.testing.assert_array_equal(composer.song.notes, expected.notes)
    refused, _ = composer.answer({"ask": "clean", "threshold": 0.5}, noise.tobytes())
    assert refused["error"].startswith("a GAN has no encoder")
