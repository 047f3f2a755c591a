"""New songs from trained networks (report 2.2 and 2.3): noise decoded, tokens predicted.

Trained weights are played by plain matrix products, which take milliseconds where a call of the
Keras network takes tenths of a second; ``tests/generation`` compares the two.

autoencoder
    `encode` and `decode`, the `Noise` that is decoded, `autoencoder_songs`; the
    `shown_songs` of figures 7 and 8.
gan
    `gan_songs` of normal noise, `between` two noises, and `gan_along` its training.
lstm
    the `SlidingWindow`; the `report_songs` that figures 9-11 choose from.
four_voices
    `wishes` and `new_songs`; a song is `gone_on` from, `harmonised`, some bars are written `anew`:
    all of it is `written` around what is given.
sampling
    How the next token is picked: `greedy` or `sample`.
"""
# ruff: noqa: F401  (a table of contents: these are the names that notebooks call)

from musegen.generation.autoencoder import (
    TEMPO_QPM,
    Noise,
    autoencoder_songs,
    decode,
    encode,
    given_back,
    latents_of_training,
    shown_songs,
    song_from_cells,
)
from musegen.generation.four_voices import anew, gone_on, harmonised, new_songs, wishes, written
from musegen.generation.gan import between, gan_along, gan_cells, gan_songs
from musegen.generation.lstm import (
    SONGS,
    TOKENS,
    WAYS,
    SlidingWindow,
    continue_tokens,
    play,
    random_seeds,
    report_songs,
)
from musegen.generation.sampling import Pick, greedy, sample, softmax
