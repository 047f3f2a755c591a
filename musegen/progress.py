"""One line that tells how far a long job is, and that leaves nothing behind.

Transition: to be replaced by `tqdm` at the place of use, with ``disable=config.progress()``.
"""

import os
import sys
from contextlib import contextmanager


@contextmanager
def progress_line(what: str, total: int | None):
    """Give a function that shows ``what done/total`` on one line, cleared at the end.

    The line goes to stderr if that is a terminal, or if ``MUSEGEN_PROGRESS=1``: nowhere else,
    so that stored outputs of notebooks stay clean.

    Parameters
    ----------
    what : str
        The job, such as ``"reading chorales"``.
    total : int or None
        How many steps it has; None if only its end will tell.

    Yields
    ------
    function of ``(done, note="")``
        Call it after each step; `note` is put behind the count.

    Examples
    --------
    >>> with progress_line("counting", total=3) as show:
    ...     for done in range(3):
    ...         show(done + 1, note="loss 0.1")
    """
    visible = sys.stderr.isatty() or os.environ.get("MUSEGEN_PROGRESS") == "1"
    widest = 0

    def show(done: int, note: str = ""):
        nonlocal widest
        count = f"{done}/{total}" if total is not None else f"{done}"
        line = f"{what} {count} {note}".rstrip()
        widest = max(widest, len(line))
        if visible:
            sys.stderr.write("\r" + line.ljust(widest))
            sys.stderr.flush()

    try:
        yield show
    finally:
        if visible:
            sys.stderr.write("\r" + " " * widest + "\r")
            sys.stderr.flush()
