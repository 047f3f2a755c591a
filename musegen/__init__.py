"""Music generation with autoencoders and LSTMs: the helpers behind the numbered notebooks.

Modules load when first used, so ``import musegen`` costs next to nothing.
"""

from importlib import import_module

__version__ = "0.1.0"

# One idea a module; an import points from a later line to an earlier one.
__all__ = [
    *("song", "config"),  # ground
    *("midi", "audio", "musicxml", "corpus", "preprocess", "tokens", "four_voices"),  # music
    *("autoencoder", "lstm", "gan", "listener", "training", "generation"),  # models
    *("metrics", "survey"),  # measure
    *("figures", "player", "composer"),  # show
]


def __getattr__(name: str):
    if name in __all__:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
