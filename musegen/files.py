"""Files are written whole or not at all: what was there before a failed write is still there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a temporary name beside `path`; what is written there takes its place at the end.

    Examples
    --------
    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "new" / "song.txt"
    >>> with whole(target) as part:
    ...     _ = part.write_text("C4")
    >>> target.read_text(), len(list(target.parent.iterdir()))
    ('C4', 1)
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
