"""What does it cost to begin?"""

from collections.abc import Iterator
from statistics import median

from benchmarks.timing import Row, fresh

ALL = "import keras, tensorflow, music21, pypianoroll, seaborn, musegen"


def rows() -> Iterator[Row]:
    for what, code in (
        ("import musegen", "import musegen"),
        ("songs (notebook 01)", "from musegen import corpus; corpus.load()"),
        ("survey (notebook 05)", "from musegen import survey; survey.printed(1)"),
    ):
        ours = median(fresh(code)["seconds"] for _ in range(5))
        naive = median(fresh(ALL)["seconds"] for _ in range(3))
        yield Row(what, "", ours, naive, "start", "importing everything at the top")
