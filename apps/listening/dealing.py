"""Which songs a listener gets: of each group equally many, each song equally often, by lot."""

import secrets
from collections import Counter

LOT = secrets.SystemRandom()


class Dealer:
    """Deals lists of songs.

    Parameters
    ----------
    groups : list of list of str
        The songs of each source. A page deals from one group of all songs: lists that favour no
        source would show, side by side, which songs belong together. The server shows a list only.
    each : int
        Songs of a list.
    fakes : list of str
        Are in all lists.
    """

    def __init__(self, groups: list[list[str]], each: int, fakes: list[str]):
        self.groups, self.each, self.fakes = groups, each, fakes
        self.dealt, self.repeated = Counter(), Counter()

    def deal(self) -> dict:
        """Give a list in no order, and which of its songs is to be heard twice."""
        songs: list[str] = []
        for _ in range(self.each):
            left = [[song for song in group if song not in songs] for group in self.groups]
            # The group of which this list has the fewest, or of which all lists have.
            _, _, _, group = min(
                (len(all_) - len(rest), self._share(all_), LOT.random(), rest)
                for all_, rest in zip(self.groups, left, strict=True)
                if rest
            )
            songs.append(min(group, key=lambda song: (self.dealt[song], LOT.random())))
        again = min(songs, key=lambda song: (self.repeated[song], LOT.random()))
        self.dealt.update(songs)
        self.repeated[again] += 1
        return {"items": sorted([*songs, *self.fakes]), "again": again}

    def _share(self, group: list[str]) -> float:
        return sum(self.dealt[song] for song in group) / len(group)
