"""How often somebody may ask: buckets of tokens that refill with time."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable


class Limit:
    """A bucket of tokens for each key: an address, or an address and a listener.

    Parameters
    ----------
    per_minute : float
        Tokens that flow into each bucket.
    burst : float
        Tokens in a full bucket, as every bucket is at first.
    clock : callable
        Gives seconds.
    most : int
        Buckets that are remembered, about 200 bytes each. Beyond that the one unused for longest
        is forgotten, and is full when it is asked for again.
    """

    def __init__(
        self,
        per_minute: float,
        burst: float,
        clock: Callable[[], float] = time.monotonic,
        most: int = 20_000,
    ):
        self.rate, self.burst, self.clock, self.most = per_minute / 60, burst, clock, most
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def wait(self, key: Hashable, cost: float = 1.0) -> float:
        """Take tokens out of a bucket; give 0, or the seconds until there are enough.

        Who is told to wait has paid nothing.

        Examples
        --------
        >>> limit = Limit(60, 2, clock=lambda: 0.0)
        >>> [limit.wait("a"), limit.wait("a"), limit.wait("a"), limit.wait("b")]
        [0.0, 0.0, 1.0, 0.0]
        """
        now = self.clock()
        tokens, then = self._buckets.pop(key, (self.burst, now))
        tokens = min(self.burst, tokens + (now - then) * self.rate)
        lacking = cost - tokens
        self._buckets[key] = (tokens if lacking > 0 else tokens - cost, now)
        if len(self._buckets) > self.most:
            self._buckets.popitem(last=False)
        return max(0.0, lacking / self.rate)
