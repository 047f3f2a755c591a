"""How fast do trained networks play?"""

from collections.abc import Iterator

import numpy as np

from benchmarks.timing import Row, compare
from musegen import generation, training

DECODED = 256
LENGTH = 128  # tokens, as most songs of notebook 04 have


def rows() -> Iterator[Row]:
    run = training.load_or_train("lstm_small_128")
    seed = generation.random_seeds(run, 64, np.random.default_rng(0))
    for songs, promised in ((1, 40), (16, 0), (64, 75)):
        ours, naive = compare(
            lambda n=songs: generation.continue_tokens(run, seed[:n], None, length=LENGTH),
            lambda: run.model.predict(seed[:1], verbose=0),
            repeats=3,
        )
        peer = "a `predict` a token"
        size = f"{songs} song{'s' * (songs > 1)}, {LENGTH} tokens, their seeds read"
        one = ours / songs / LENGTH
        yield Row("LSTM, sliding window", size, one, naive, "token", peer, promised)

    run = training.load_or_train("ae_10")
    latents = generation.latents_of_training(run)[:1].repeat(DECODED, axis=0)
    decoder = run.model.layers[1]
    ours, naive = compare(
        lambda: generation.decode(run, latents),
        lambda: decoder.predict(latents[:1], verbose=0),
        repeats=15,
    )
    peer = "a `predict` a song"
    size = f"{DECODED} songs"
    yield Row("autoencoder, decoding", size, ours / DECODED, naive, "song", peer, 60)
    one, naive = compare(
        lambda: generation.decode(run, latents[:1]),
        lambda: decoder.predict(latents[:1], verbose=0),
        repeats=21,
    )
    yield Row("autoencoder, decoding", "1 song", one, naive, "song", peer)
