"""The colours of pages and rolls: enough contrast in both schemes, by WCAG 2.2."""

import re
from pathlib import Path

import pytest
from matplotlib.colors import to_rgb

from musegen import player

# What is read, or used, and what it lies on.
VOICES = dict.fromkeys(["note-1", "note-2", "note-3", "note-4"], "raised roll")  # code, too
TEXT = VOICES | {"ink": "paper raised roll mark", "quiet": "paper raised roll"}
TEXT |= {"accent": "paper raised", "danger": "paper raised", "on-accent": "accent"}
CONTROLS = dict.fromkeys(["control", "focus"], "paper raised")
CONTROLS |= dict.fromkeys(["off", "playhead"], "roll raised")
PARTS = (Path(player.__file__).parent / "colours.css").read_text().split("@")
LIGHT, DARK, FORCED = [dict(re.findall(r"--(\S+): (.+);", part)) for part in PARTS]


def luminance(colour: str) -> float:
    shares = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in to_rgb(colour)]
    return sum(w * s for w, s in zip((0.2126, 0.7152, 0.0722), shares, strict=True))


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_contrast(scheme):
    assert scheme.keys() == FORCED.keys()
    for least, pairs in ((4.5, TEXT), (3, CONTROLS)):
        for above, ground in [(a, g) for a, grounds in pairs.items() for g in grounds.split()]:
            low, high = sorted(luminance(scheme[name]) for name in (above, ground))
            assert (high + 0.05) / (low + 0.05) >= least, (above, ground)
