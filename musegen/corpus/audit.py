"""What a source held, what was kept, and why the rest was not."""

from dataclasses import dataclass


class Dropped(Exception):
    """Raised by a reader for a file that does not become a song; its text is the reason."""


@dataclass(frozen=True)
class Audit:
    """The balance of one load: ``read == kept + dropped`` always.

    Parameters
    ----------
    source : str
        As given to `musegen.corpus.load`.
    read, kept : int
        Files looked at, and songs they gave.
    dropped : dict of str to list of str
        The names of the files that gave no song, by reason.
    seconds : float
        How long this load took.

    Notes
    -----
    Notebook: 01_data_preparation, "The default songs".
    """

    source: str
    read: int
    kept: int
    dropped: dict[str, list[str]]
    seconds: float

    def frame(self):
        """One row a reason, kept first: a DataFrame of reason, songs and an example."""
        import pandas as pd

        rows = [("kept", self.kept, "")]
        rows += [(reason, len(names), names[0]) for reason, names in self.dropped.items()]
        return pd.DataFrame(rows, columns=["reason", "songs", "example"])

    def as_dict(self) -> dict:
        """Give the counts, ready for JSON."""
        return {
            "source": self.source,
            "read": self.read,
            "kept": self.kept,
            "dropped": {reason: len(names) for reason, names in self.dropped.items()},
            "seconds": round(self.seconds, 3),
        }
