"""Generation in numpy against the Keras networks, and how tokens are picked."""

import json
from dataclasses import replace

import numpy as np
import pytest

from musegen import autoencoder, config, generation, lstm, tokens
from musegen.song import Song, as_notes
from musegen.training import Run

AE = config.AEConfig(bars=3, steps_per_bar=8, pitches=12, hidden=(20, 10), bottleneck=9, latent=5)
LSTM = config.LSTMConfig(layers=2, units=7, window=6)


@pytest.fixture(scope="module")
def make_run(tmp_path_factory):
    """Make a run of a small untrained network: generation only needs its weights."""

    def make(network, songs=()) -> Run:
        folder = tmp_path_factory.mktemp("run")
        if isinstance(network, config.AEConfig):
            model = autoencoder.build(network)
        else:
            words = tokens.Vocabulary((*(f"{name}4" for name in "CDEFGAB"), "C5", "0.4.7", "2.5.9"))
            (folder / "vocabulary.json").write_text(json.dumps(words.tokens))
            model = lstm.build(network, len(words))
        rng = np.random.default_rng(1)
        model.set_weights([rng.normal(0, 0.5, w.shape) for w in model.get_weights()])
        np.savez(folder / "weights.npz", *model.get_weights())
        return Run(config.RunConfig("small", network, 1, 1, "windows"), folder, list(songs), [])

    return make


@pytest.fixture(scope="module")
def ae_run(make_run):
    return make_run(AE, [Song(as_notes(np.arange(12) * 2, 2, np.arange(16, 28)), 24, 2)])


@pytest.fixture(scope="module")
def lstm_run(make_run):
    return make_run(LSTM)


# --- Autoencoder ---------------------------------------------------------------------------------


@pytest.mark.parametrize("noise", ["fitted", "normal", "song"])
def test_autoencoder_songs_are_repeatable_and_know_their_probabilities(ae_run, noise):
    rngs = [np.random.default_rng(3) for _ in range(2)]
    first, second = (generation.autoencoder_songs(ae_run, 2, rng, noise) for rng in rngs)
    assert first == second
    song = first[0]
    assert (song.bars, song.tempo_qpm, song.source) == (3, 120, "small")
    np.testing.assert_array_equal(song.roll, song.probabilities > 0.5)


def test_noise_has_the_mean_and_spread_of_the_latents():
    rng = np.random.default_rng(0)
    latents = 20 + rng.normal(0, 1, (500, 3)) @ np.diag([3.0, 1.0, 0.1])
    sampled = generation.Noise.of(latents).sample(20_000, rng)
    np.testing.assert_allclose(sampled.mean(axis=0), latents.mean(axis=0), atol=0.1)
    np.testing.assert_allclose(np.cov(sampled.T), np.cov(latents.T), atol=0.3)
    assert (generation.Noise.of(latents - 20).sample(100, rng) >= 0).all()


# --- LSTM ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [None, 20])
@pytest.mark.parametrize(
    "network",
    [LSTM, replace(LSTM, layers=4, dense_dropout=False), replace(LSTM, embedding=5)],
    ids=["small", "deep", "embedding"],
)
def test_the_sliding_window_is_the_keras_network_on_each_window(make_run, network, length):
    run = make_run(network)
    places = np.random.default_rng(0).integers(0, 10, (3, 20))  # three songs of twenty tokens
    model = generation.SlidingWindow(run, 3, length)
    logits = [model.feed(column) for column in places.T]
    assert [step is None for step in logits] == [True] * 5 + [False] * 15
    for end in range(6, 21):
        expected = run.model(places[:, end - 6 : end]).numpy()
        np.testing.assert_allclose(generation.softmax(logits[end - 1]), expected, atol=1e-5)


@pytest.mark.parametrize("pick", [generation.greedy, generation.sample()])
def test_tokens_are_the_naive_loops(lstm_run, pick):
    """Predict by Keras, a token at a time, along the tokens that were generated."""
    seeds = np.random.default_rng(0).integers(0, 10, (5, 6))
    found = generation.continue_tokens(lstm_run, seeds, np.random.default_rng(1), pick, 12)
    rng, window = np.random.default_rng(1), seeds
    for tokens_now in found.T:
        np.testing.assert_array_equal(tokens_now, pick(lstm_run.model(window).numpy(), rng))
        window = np.hstack([window[:, 1:], tokens_now[:, None]])


# --- Sampling ------------------------------------------------------------------------------------

P = np.array([[0.5, 0.3, 0.15, 0.05]])


@pytest.mark.parametrize(
    ("pick", "possible"),
    [
        (generation.greedy, {0}),
        (generation.sample(), {0, 1, 2, 3}),
        (generation.sample(temperature=0.01), {0}),
    ],
)
def test_which_tokens_a_pick_can_choose(pick, possible):
    rng = np.random.default_rng(0)
    assert {int(pick(P, rng)[0]) for _ in range(400)} == possible


def test_temperature_one_samples_by_the_probabilities():
    sampled = generation.sample()(np.tile(P, (40_000, 1)), np.random.default_rng(0))
    # 40,000 samples: the standard error of a share of 0.5 is 0.0025
    np.testing.assert_allclose(np.bincount(sampled) / 40_000, P[0], atol=0.01)


@pytest.mark.parametrize(
    ("job", "says"),
    [
        (lambda ae, _: generation.autoencoder_songs(ae, 1, None, "pink"), "fitted, normal, song"),
        (lambda _, run: generation.continue_tokens(run, np.zeros((1, 5)), None), r"\(song, 6\)"),
        (lambda *_: generation.sample(temperature=0), "temperature 0 must be above 0"),
    ],
)
def test_what_cannot_be_is_refused(ae_run, lstm_run, job, says):
    with pytest.raises(ValueError, match=says):
        job(ae_run, lstm_run)
