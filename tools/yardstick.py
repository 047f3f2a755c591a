"""Hold the split out of music21, and the networks, against the literature's own file.

``Jsb16thSeparated.json`` of the public JSB chorales has no licence and does not come with musegen:
``python -m musegen yardstick FILE`` is for those who have it.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from musegen import metrics, training
from musegen.corpus import jsb
from musegen.corpus.jsb import Piece
from musegen.four_voices import table

PARTS = {"training": "train", "validation": "valid", "test": "test"}  # as the file has it


def public(path: Path) -> list[Piece]:
    """Read the literature's own file; in it a note begins where the pitch changes.

    Raises
    ------
    ValueError
        If it is another one.
    """
    pieces = []
    try:
        content = json.loads(Path(path).read_bytes())
        for row in jsb.listed():
            pitches = np.array(content[PARTS[row["split"]]][int(row["piece"])], np.int16)
            frames = np.pad(pitches, ((0, 0), (0, 5)))  # nothing is struck, no fermata
            pieces.append(jsb.as_piece(f"{row['split']} {row['piece']}", row, frames))
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise ValueError(f"{path} is not the JSB chorales in sixteenths ({error!r})") from error
    return pieces


def differences(path: Path) -> pd.DataFrame:
    """Hold the split out of music21 against the public file, frame by frame.

    Returns
    -------
    DataFrame
        A row a piece: part, piece, file (empty where music21 has none), notes (a pitch of a voice
        in a frame; how many there are), other (how many differ), first (frame of the first one).
    """
    rows = []
    ours = {(one.part, one.place): one for one in jsb.load()}
    for one in public(path):
        mine, pitch = ours.get((one.part, one.place)), table(one.song, 4).pitch
        if mine is None:
            rows.append((one.part, one.place, "", pitch.size, pitch.size, 0))
            continue
        other = table(mine.song, 4).pitch != pitch
        first = int(other.any(axis=1).argmax()) if other.any() else None
        rows.append((one.part, one.place, mine.song.title, other.size, int(other.sum()), first))
    return pd.DataFrame(rows, columns=["part", "piece", "file", "notes", "other", "first"])


def command(options, settings) -> None:
    """Do ``python -m musegen yardstick``: print what differs, and nats a note of the test part."""
    path = options.file
    found = differences(path)
    print(found.loc[found["other"] > 0].to_string(index=False))
    there = found[found["file"] != ""]
    print(f"{len(there)} of {len(found)} pieces are in music21; of their {there['notes'].sum():,} ")
    print(f"pitches {there['other'].sum():,} differ.")
    pieces = public(path)
    training_part, test = ([one for one in pieces if one.part == n] for n in ("training", "test"))
    run = training.shipped("four_voices")
    said = {
        "voice bigram": metrics.voice_bigram(training_part, test),
        "four_voices": metrics.voices_log_p(run, [one.song for one in test]),
    }
    for name, log_p in said.items():
        print(f"\n{name}\n{metrics.nats_table(test, log_p).round(4).to_string()}")
