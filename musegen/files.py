"""Files are written whole or not at all: what was there before a failed write is still there."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# The disk is full or may not be written to; any other error is no matter of disks.
REFUSALS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Give a temporary name beside `path`; what is written there takes its place at the end.

    Raises
    ------
    OSError
        If the disk is full or may not be written to, as a sentence that names the file.

    Examples
    --------
    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "new" / "song.txt"
    >>> with atomic_write(target) as part:
    ...     _ = part.write_text("C4")
    >>> target.read_text(), len(list(target.parent.iterdir()))
    ('C4', 1)
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with _refused(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield part
            with part.open("rb+") as file:  # else a power cut may leave the name and no content
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


def write(path: Path, content: str | bytes) -> None:
    """Write a file, text in UTF-8; raises as `atomic_write` does."""
    with atomic_write(path) as part:
        part.write_bytes(content.encode() if isinstance(content, str) else content)


@contextmanager
def file_lock(path: Path, job: str) -> Iterator[None]:
    """Let one process at a time do a job, such as ``"training ae_10"``; another says so and waits.

    The system opens the lock when its process ends, kill -9 included.
    """
    from filelock import FileLock, Timeout

    with _refused(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path)
        try:
            held = lock.acquire(blocking=False)
        except Timeout:
            waits = "another process is at it; this one waits until it is done or stopped"
            print(f"{job}: {waits}", file=sys.stderr, flush=True)
            held = lock.acquire()
    with held:
        yield


@contextmanager
def _refused(path: Path) -> Iterator[None]:
    """Make a sentence of the errors of disks: they name no file and no way out."""
    try:
        yield
    except OSError as error:
        if error.errno not in REFUSALS:
            raise
        raise type(error)(
            f"{path} cannot be written ({error.strerror}); make room or choose another folder, "
            "MUSEGEN_BUILD for what musegen makes; what was there before is untouched"
        ) from error
