"""New songs from trained networks (report 2.2 and 2.3): noise decoded, tokens predicted.

Trained weights are played by plain matrix products, which take milliseconds where a call of the
Keras network takes tenths of a second; `tests/test_generation.py` compares the two.
"""

from musegen.generation.held import PICK, HeldState, draw_outlines, held_songs, which_note
from musegen.generation.noise import (
    TEMPO_QPM,
    Noise,
    autoencoder_songs,
    decode,
    encode,
    latents_of_training,
    song_from_cells,
)
from musegen.generation.picking import Pick, argmax, sample, softmax
from musegen.generation.songs import (
    TOKENS,
    continue_tokens,
    lstm_songs,
    play,
    random_seeds,
    report_songs,
)
from musegen.generation.windows import CarriedState, SlidingWindow

__all__ = [
    "PICK",
    "TEMPO_QPM",
    "TOKENS",
    "CarriedState",
    "HeldState",
    "Noise",
    "Pick",
    "SlidingWindow",
    "argmax",
    "autoencoder_songs",
    "continue_tokens",
    "decode",
    "draw_outlines",
    "encode",
    "latents_of_training",
    "held_songs",
    "lstm_songs",
    "play",
    "random_seeds",
    "report_songs",
    "sample",
    "softmax",
    "song_from_cells",
    "which_note",
]
