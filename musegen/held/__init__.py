"""Songs as held notes: at each sixteenth, which notes start and which are held (ours).

The report's tokens repeat a held note at every tick (4.4.1) and know neither octaves of chords nor
rests. Here a frame, a sixteenth, lists its notes from high to low, each as one token, "starts
here" or "is held", and ends with a mark; a frame in which nothing starts and nothing ends is one
token. So any song on the grid comes back as it was: durations, repeated notes, rests, unisons.

Conventions
-----------
frame
    One step of the grid, four a beat unless the song says otherwise.
token
    0 ends a frame, 1 is a whole frame like the one before, 2 + 2 pitch starts a note, 3 + 2 pitch
    holds one.
unison
    Of notes of the same pitch the one that ends first stands first.

Notes
-----
Report 4.4.1: "encode notes for multiple consecutive ticks as one token". Notebook:
06_beyond_the_report, "Held notes".
"""

from musegen.held.notes import (
    END,
    SAME,
    TOKENS,
    Reader,
    encode,
    hold,
    say,
    start,
    to_song,
    transposed,
)
from musegen.held.told import (
    CHORDS,
    INPUTS,
    MARGIN,
    MOST_BARS,
    MOST_BEATS,
    MOST_NOTES,
    PACES,
    RHYTHMS,
    Outline,
    inputs,
    inputs_transposed,
    learnt,
    outline,
    possible,
)

__all__ = [
    "CHORDS",
    "END",
    "INPUTS",
    "MARGIN",
    "MOST_BARS",
    "MOST_BEATS",
    "MOST_NOTES",
    "Outline",
    "PACES",
    "RHYTHMS",
    "Reader",
    "SAME",
    "TOKENS",
    "encode",
    "hold",
    "inputs",
    "inputs_transposed",
    "learnt",
    "outline",
    "possible",
    "say",
    "start",
    "to_song",
    "transposed",
]
