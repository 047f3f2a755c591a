"""The colours of pages and rolls: enough contrast in both schemes, by WCAG 2.2."""

import re
from pathlib import Path

import pytest

from musegen import player

# What is read, or used, and what it lies on.
TEXT = {"ink": "paper raised roll mark", "quiet": "paper raised roll", "accent": "paper raised"}
TEXT |= {"on-accent": "accent", "danger": "paper raised"}
TEXT |= dict.fromkeys(["note-1", "note-2", "note-3", "note-4"], "raised roll")  # code, too
CONTROLS = {"control": "paper raised", "focus": "paper raised"}
CONTROLS |= {"off": "roll raised", "playhead": "roll raised"}
PARTS = (Path(player.__file__).parent / "colours.css").read_text().split("@")
SCHEMES = [dict(re.findall(r"--(\S+): #(\w+);", part)) for part in PARTS]


def luminance(colour: str) -> float:
    full = colour if len(colour) == 6 else "".join(2 * digit for digit in colour)
    shares = [int(full[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", SCHEMES[:2], ids=["light", "dark"])
def test_contrast(scheme):
    for pairs, least in ((TEXT, 4.5), (CONTROLS, 3)):
        for above, grounds in pairs.items():
            for ground in grounds.split():
                low, high = sorted(luminance(scheme[name]) for name in (above, ground))
                assert (high + 0.05) / (low + 0.05) >= least, (above, ground)


def test_every_scheme_has_every_colour():
    names = [re.findall(r"--(\S+):", part) for part in PARTS]
    assert names[0] == names[1] == names[2] and len(names) == 3
