"""Generation in numpy against the Keras networks, and how tokens are picked."""

from dataclasses import replace

import numpy as np
import pytest

from musegen import autoencoder, config, generation, lstm, tokens, training
from musegen.backend import load_keras
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
            words.save(folder / "vocabulary.json")
            model = lstm.build(network, len(words))
        rng = np.random.default_rng(1)
        model.set_weights([rng.normal(0, 0.5, w.shape) for w in model.get_weights()])
        for variable in model.non_trainable_variables:
            if variable.name == "moving_variance":
                variable.assign(0.5 + rng.random(variable.shape))
        with (folder / "weights.npz").open("wb") as file:
            np.savez(file, *model.get_weights())
        return Run(config.RunConfig("small", network, 1, 1, "windows"), folder, list(songs), [])

    return make


@pytest.fixture
def ae_run(make_run):
    pitch = np.arange(16, 28)
    song = Song(as_notes(np.arange(12) * 2, 2, pitch), 24, 2)
    return make_run(AE, [song])


@pytest.mark.parametrize("mended", [False, True])
def test_encode_and_decode_are_the_keras_networks(make_run, mended):
    ae_run = make_run(replace(AE, mended=mended))
    rng = np.random.default_rng(0)
    bars = rng.random((4, 3, 8, 12)) < 0.2
    encoder, decoder = ae_run.model.layers
    latents = generation.encode(ae_run, bars)
    assert (latents.min() < 0) == mended
    np.testing.assert_allclose(latents, encoder.predict(bars.astype("f4"), verbose=0), atol=1e-5)
    decoded = generation.decode(ae_run, latents)
    np.testing.assert_allclose(decoded, decoder.predict(latents, verbose=0), atol=1e-5)


@pytest.mark.parametrize("noise", ["fitted", "normal", "song"])
def test_autoencoder_songs_are_repeatable_and_know_their_probabilities(ae_run, noise):
    first, second = (
        generation.autoencoder_songs(ae_run, 2, np.random.default_rng(3), noise) for _ in range(2)
    )
    assert first == second
    song = first[0]
    assert (song.bars, song.tempo_qpm, song.source) == (3, 120, "small")
    np.testing.assert_array_equal(song.roll, song.probabilities > 0.5)


def test_a_higher_threshold_plays_fewer_notes(ae_run):
    cells = generation.decode(ae_run, np.ones((1, 5)))[0]
    played = [generation.song_from_cells(ae_run, cells, t).roll.sum() for t in (0.1, 0.5, 0.9)]
    assert played[0] > played[1] > played[2]


def test_unknown_noise_is_refused(ae_run):
    with pytest.raises(ValueError, match="fitted, normal, song"):
        generation.autoencoder_songs(ae_run, 1, np.random.default_rng(0), "pink")


def test_noise_has_the_mean_and_spread_of_the_latents():
    rng = np.random.default_rng(0)
    latents = 20 + rng.normal(0, 1, (500, 3)) @ np.diag([3.0, 1.0, 0.1])
    drawn = generation.Noise.of(latents).draw(20_000, rng)
    np.testing.assert_allclose(drawn.mean(axis=0), latents.mean(axis=0), atol=0.1)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(latents.T), atol=0.3)
    assert (generation.Noise.of(latents - 20).draw(100, rng) >= 0).all()
    assert (generation.Noise.of(latents - 20, least=-np.inf).draw(100, rng) < 0).any()


@pytest.mark.parametrize(
    "network",
    [LSTM, replace(LSTM, layers=4, dense_dropout=False), replace(LSTM, embedding=5)],
    ids=["small", "deep", "embedding"],
)
def test_the_sliding_window_is_the_keras_network_on_each_window(make_run, network):
    run = make_run(network)
    rng = np.random.default_rng(0)
    places = rng.integers(0, 10, (3, 20))  # three songs of twenty tokens
    model = generation.SlidingWindow(run, 3)
    logits = [model.feed(column) for column in places.T]
    assert [step is None for step in logits] == [True] * 5 + [False] * 15
    for end in range(6, 21):
        expected = run.model.predict(places[:, end - 6 : end], verbose=0)
        np.testing.assert_allclose(generation.softmax(logits[end - 1]), expected, atol=1e-5)


def test_a_carried_state_is_the_keras_network_on_all_tokens_so_far(make_run):
    run = make_run(LSTM)
    places = np.random.default_rng(0).integers(0, 10, (3, 20))
    carried = generation.CarriedState(run, 3)
    logits = [carried.feed(column) for column in places.T]
    for end in (6, 7, 20):
        expected = run.model.predict(places[:, :end], verbose=0)
        np.testing.assert_allclose(generation.softmax(logits[end - 1]), expected, atol=1e-5)
    sliding = generation.SlidingWindow(run, 3)
    others = [sliding.feed(column) for column in places.T]
    np.testing.assert_allclose(logits[5], others[5], atol=1e-5)  # the same once,
    assert np.abs(logits[6] - others[6]).max() > 1e-4  # and never again


def test_a_trained_network_plays_the_naive_loops_tokens():
    """Compare with a `predict` a token along the naive loop's own tokens."""
    run = training.load_or_train("lstm_small_128")
    keras = load_keras()
    *_, hidden, _ = run.model.layers
    until = keras.Model(run.model.input, hidden.output)
    weights, bias = run.weights[-2:]
    window = generation.random_seeds(run, 4, np.random.default_rng(1))
    sliding = generation.SlidingWindow(run, 4)
    for column in window.T:
        logits = sliding.feed(column)
    for _ in range(40):
        naive = until.predict(window, verbose=0) @ weights + bias
        np.testing.assert_allclose(logits, naive, atol=1e-4)
        best = np.sort(naive, axis=1)
        clear = best[:, -1] - best[:, -2] > 1e-4
        np.testing.assert_array_equal(logits.argmax(1)[clear], naive.argmax(1)[clear])
        window = np.hstack([window[:, 1:], naive.argmax(1)[:, None]])
        logits = sliding.feed(window[:, -1])


def test_argmax_songs_do_not_depend_on_how_many_are_made_together(make_run):
    run = make_run(LSTM)
    seeds = np.random.default_rng(0).integers(0, 10, (4, 6))
    rng = np.random.default_rng(0)
    together = generation.continue_tokens(run, seeds, rng, length=12)
    alone = [generation.continue_tokens(run, seeds[i : i + 1], rng, length=12)[0] for i in range(4)]
    np.testing.assert_array_equal(together, alone)


def test_seeds_of_the_wrong_length_are_refused(make_run):
    with pytest.raises(ValueError, match=r"seeds are \(song, 6\)"):
        generation.continue_tokens(make_run(LSTM), np.zeros((1, 5), int), None)


def test_each_token_is_one_eighth_note_at_120_qpm(make_run):
    song = generation.lstm_songs(make_run(LSTM), 1, np.random.default_rng(0), length=10)[0]
    assert song.seconds == 10 * 0.25
    assert set(song.notes["duration"]) == {1}


def test_report_songs_are_kept(make_run):
    run = make_run(replace(LSTM, window=4))
    first = generation.report_songs(run, n=2)
    assert first.shape == (2, 500)
    (kept,) = run.folder.glob("songs-2-*.npy")
    before = kept.stat().st_mtime_ns
    np.testing.assert_array_equal(generation.report_songs(run, n=2), first)
    assert kept.stat().st_mtime_ns == before


P = np.array([[0.5, 0.3, 0.15, 0.05]])


@pytest.mark.parametrize(
    ("pick", "possible"),
    [
        (generation.argmax, {0}),
        (generation.sample(), {0, 1, 2, 3}),
        (generation.sample(top_k=2), {0, 1}),
        (generation.sample(nucleus=0.8), {0, 1}),  # 0.5 + 0.3 reach it exactly
        (generation.sample(nucleus=0.81), {0, 1, 2}),
        (generation.sample(temperature=0.01), {0}),
    ],
)
def test_which_tokens_a_pick_can_choose(pick, possible):
    rng = np.random.default_rng(0)
    assert {int(pick(P, rng)[0]) for _ in range(400)} == possible


def test_temperature_one_draws_by_the_probabilities():
    drawn = generation.sample()(np.tile(P, (40_000, 1)), np.random.default_rng(0))
    # 40,000 draws: the standard error of a share of 0.5 is 0.0025
    np.testing.assert_allclose(np.bincount(drawn) / 40_000, P[0], atol=0.01)


@pytest.mark.parametrize("wrong", [{"temperature": 0}, {"nucleus": 0}, {"nucleus": 1.5}])
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ValueError, match="must be"):
        generation.sample(**wrong)
