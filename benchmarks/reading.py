"""How fast are songs read?"""

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from benchmarks.timing import Row, compare
from musegen import corpus
from musegen.corpus import chorales, lpd5
from musegen.corpus.synthetic import made_collection

PARSED = 6  # chorales parsed one by one
FILES = 100


def _has_piano(file: Path) -> bool:
    with suppress(corpus.Rejected):
        return bool(lpd5.read(file.read_bytes(), file))
    return False


def rows() -> Iterator[Row]:
    import music21
    import pypianoroll

    files = list(chorales.files().values())[:PARSED]
    for songs in (10, 128, 256):
        cached, parsed = compare(
            lambda n=songs: corpus.load()[:n],
            lambda: [music21.converter.parse(file, forceSource=True) for file in files],
            repeats=3,
        )
        size = f"{songs} songs"
        yield Row("chorales, second load", size, cached / songs, parsed / PARSED, "song", "music21")
    with tempfile.TemporaryDirectory() as folder:
        made = sorted(made_collection(Path(folder), 2 * FILES, bars=(40, 80)).rglob("*.npz"))
        made = [file for file in made if _has_piano(file)][:FILES]
        ours, theirs = compare(
            lambda: [lpd5.read(file.read_bytes(), file) for file in made],
            lambda: [pypianoroll.load(file) for file in made],
        )
    peer = "pypianoroll.load"
    yield Row("LPD-5 files", f"{FILES} files", ours / FILES, theirs / FILES, "file", peer, 3)
