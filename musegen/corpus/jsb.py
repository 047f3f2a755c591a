"""The chorales as the literature measures itself: 229 for training, 76 for validation, 77 for test.

Their public file holds four pitches a sixteenth and no licence, so only names are committed, in
``data/jsb_split.csv``: which of music21's files each piece is, and what was done to it. So the
split comes out of the installed music21, but for the pieces that music21 does not have. Whoever has
the file is told what else differs by ``python -m musegen yardstick FILE``. Unlike it, music21 also
tells a note that is struck again from one that is held, and where phrases end.

Notes
-----
Nicolas Boulanger-Lewandowski et al., "Modeling temporal dependencies in high-dimensional sequences"
(2012); in sixteenths: czhuang, JSB-Chorales-dataset. Notebook: 06_beyond_the_report, "A yardstick".
"""

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from musegen import config
from musegen.corpus import chorales, parallel, scores
from musegen.files import atomic_write
from musegen.four_voices import LOWEST, Table, to_song
from musegen.song import Song

PARTS = ("training", "validation", "test")
SOURCE = "jsb"
STEPS_PER_BEAT = 4
REST = -1  # of the public file, and in the cache
TIME_LIMIT = 120.0  # seconds for a chorale


@dataclass(frozen=True, eq=False, repr=False)
class Piece:
    """A chorale of the split.

    Attributes
    ----------
    song : Song
        On sixteenths, with voices and, out of music21, fermatas. In the public file a note begins
        where the pitch changes.
    part : str
        ``"training"``, ``"validation"`` or ``"test"``.
    place : int
        In this part of the public file, from 0.
    twin : bool
        Of a test piece: a training piece has its tune.
    """

    song: Song
    part: str
    place: int
    twin: bool


def load(part: str | None = None) -> list[Piece]:
    """Read the split, or a part of it, out of the installed music21, or look it up in the cache.

    Returns
    -------
    list of Piece
        347 of the literature's 382, in its order.
    """
    files = chorales.files()
    rows = [row for row in listed() if row["file"] in files]
    digest = hashlib.blake2b(Path(__file__).read_bytes() + repr(rows).encode(), digest_size=16)
    for row in rows:
        digest.update(files[row["file"]].read_bytes())
    path = config.build_dir() / "cache" / f"jsb-{digest.hexdigest()}.npz"
    if not path.exists():
        items = [(files[row["file"]], row) for row in rows]
        none = np.zeros((0, 9), np.int16)  # of a file that another music21 may not read
        read = parallel.run(_read, items, lambda *_: none, TIME_LIMIT)
        read = tqdm(read, "reading jsb", len(rows), leave=False, disable=config.progress())
        with atomic_write(path) as new, new.open("wb") as file:
            np.savez_compressed(file, *read)
    with np.load(path, allow_pickle=False) as stored:
        frames = [stored[name] for name in stored.files]
    found = zip(rows, frames, strict=True)
    wanted = PARTS if part is None else (part,)
    return [
        as_piece(row["file"], row, one) for row, one in found if len(one) and row["split"] in wanted
    ]


def key_of(songs: Sequence[Song]) -> str:
    """Hash the notes of pieces, as `musegen.corpus.Corpus.key_of` does those of its songs."""
    return hashlib.sha256(b"".join(song.notes.tobytes() for song in songs)).hexdigest()[:16]


def listed() -> list[dict]:
    """Read the list of pieces: what each is called in music21, and what was done to it."""
    with (config.data_dir() / "jsb_split.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def as_piece(name: str, row: dict, frames: np.ndarray) -> Piece:
    """Make a piece of a row of the list and its frames.

    Parameters
    ----------
    name : str
    row : dict
    frames : int array, shape (frame, 9)
        Four MIDI numbers, -1 for a rest; four times, whether a note begins; whether a fermata does.
    """
    pitch, struck, fermatas = np.split(frames, [4, 8], axis=1)
    pitch = np.where(pitch == REST, 0, pitch - LOWEST + 1)
    ends = tuple(np.flatnonzero(fermatas).tolist())
    song = to_song(Table(pitch, struck > 0), title=name, source=SOURCE, fermatas=ends)
    return Piece(song, row["split"], int(row["piece"]), row["twin"] == "1")


def _read(item: tuple[Path, dict]) -> np.ndarray:
    """Read a piece's frames: four pitches, four times "struck", and "a fermata stands here"."""
    path, row = item
    score = scores.parse(path.read_bytes(), path, in_fours=False)
    if row["repeats"] == "1":
        score = score.expandRepeats()
    named = {part.partName: part for part in reversed(list(score.parts))}
    voices = [named.get(name) for name in chorales.VOICES]
    voices = list(score.parts) if None in voices else voices
    length = int(row["frames"])
    frames = np.zeros((length, 9), np.int16)
    frames[:, :4] = REST
    for voice, part in enumerate(voices):
        for note in part.flatten().notes:
            start = STEPS_PER_BEAT * float(note.offset) - int(row["shift"])
            end = start + STEPS_PER_BEAT * float(note.duration.quarterLength)
            start, end = (int(np.ceil(max(0, step) - 1e-6)) for step in (start, end))
            if start >= min(end, length):
                continue  # a grace note, one between two frames, or one outside
            frames[start:end, voice] = max(note.pitches).midi + int(row["transposition"])
            frames[start, 4 + voice] = note.tie is None or note.tie.type == "start"
            frames[start, 8] |= any("Fermata" in sign.classes for sign in note.expressions)
    last = min(length, STEPS_PER_BEAT * int(score.highestTime) - int(row["shift"]))
    frames[last:, :4] = frames[last - 1, :4]  # the public file holds the last chord longer
    return frames
