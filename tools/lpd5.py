"""Makes ``data/lpd5_songs.csv``: which songs of LPD-5 the report's networks see, in which order.

Made once from a tenth of LPD-5, so that everybody's whole LPD-5 gives the same 10, 128, 256 and
test songs: ``python -m tools.lpd5 lpd5:PATH``.
"""

import csv
import sys
from pathlib import Path

from musegen import config, corpus
from musegen.files import atomic_write

LISTED = 900  # the 256 that the autoencoder can use are among them


def make_list(source: str) -> Path:
    """List the test songs and the first training songs of a source, told by their notes."""
    music = corpus.load(source)
    test = [song.title for song in music.test]
    others = [name for name in music.names if name not in test]
    path = config.data_dir() / "lpd5_songs.csv"
    with atomic_write(path) as part, part.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["part", "fingerprint", "name"])
        for name in [*test, *others][:LISTED]:
            kind = "test" if name in test else "training"
            writer.writerow([kind, music.audit.songs[name].fingerprint, name])
    return path


if __name__ == "__main__":
    print(make_list(*sys.argv[1:]))
