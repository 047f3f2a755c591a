"""Files are written whole or not at all: what was there before a failed write is still there."""

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# The disk is full or may not be written to; any other error is no matter of disks.
REFUSALS = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO),
    *(errno.EROFS, errno.EACCES, errno.EPERM),
}
_swept: set[Path] = set()  # folders this process has looked through


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a temporary name beside `path`; what is written there takes its place at the end.

    Raises
    ------
    OSError
        If the disk is full or may not be written to, as a sentence that names the file.

    Examples
    --------
    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "new" / "song.txt"
    >>> with whole(target) as part:
    ...     _ = part.write_text("C4")
    >>> target.read_text(), len(list(target.parent.iterdir()))
    ('C4', 1)
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with _told(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.parent not in _swept:
                sweep(path.parent)
            yield part
            _to_disk(part, os.O_RDWR)  # else a power cut may leave the name without the content
            part.replace(path)
            with suppress(OSError):  # Windows and some network disks have no such thing
                _to_disk(path.parent, os.O_RDONLY)
    finally:
        with suppress(OSError):
            part.unlink()


@contextmanager
def one_process(path: Path, job: str | None) -> Iterator[None]:
    """Let one process at a time do a job; another says which one it waits for, and waits.

    Parameters
    ----------
    path : Path
        The lock. The system opens it when its process ends, kill -9 included.
    job : str or None
        What the sentence calls the job, such as ``"training ae_10"``; None waits in silence, for
        jobs of moments.
    """
    with _told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.open("a+", encoding="utf-8")
    with lock:
        if not _lock(lock):
            if job:
                lock.seek(0)
                print(
                    f"{job}: process {lock.read() or 'unknown'} is at it; this one waits until it "
                    "is done or stopped",
                    file=sys.stderr,
                    flush=True,
                )
            while not _lock(lock):
                time.sleep(0.2 if job else 0.01)
        with _told(path):
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
        yield


def at_work(path: Path) -> bool:
    """Tell whether a living process is inside `one_process` with this lock."""
    if not path.exists():
        return False
    with path.open("a+", encoding="utf-8") as lock:
        return not _lock(lock)


def sweep(folder: Path) -> None:
    """Delete what killed processes left half-written in a folder."""
    _swept.add(folder)
    for part in folder.glob(".*.part"):
        with suppress(OSError, ValueError):  # gone already, or none of ours
            if not _at_work(int(part.name.split(".")[-2]), part.stat().st_mtime):
                part.unlink()


def _lock(file) -> bool:
    """Lock an open file unless another process has it."""
    try:
        if os.name == "nt":
            import msvcrt

            file.seek(1 << 20)  # behind the text, which Windows would not let others read
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # Some network disks know no locks; files are written whole there all the same.
        return error.errno not in (errno.EAGAIN, errno.EACCES, errno.EDEADLK)
    return True


@contextmanager
def _told(path: Path) -> Iterator[None]:
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


def _to_disk(path: Path, mode: int) -> None:
    """Wait until the disk has it."""
    descriptor = os.open(path, mode)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _at_work(pid: int, wrote: float) -> bool:
    """Tell whether the process that wrote something then is still there, not just its number."""
    import psutil

    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and process.create_time() < wrote + 2
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
