"""``python -m benchmarks.collection``: a collection as large as LPD-5, generated and read.

Writes 21,425 five-track files in LPD-5's format, of about its length, reads them twice, and once
more out of a tar.gz; prints files a second against `pypianoroll.load` and music21, and the peak
of memory (Linux). Takes about a quarter of an hour and 3 GB under a temporary folder.
"""

import argparse
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.timing import seconds
from musegen import corpus
from musegen.corpus import chorales, lpd5
from musegen.corpus.synthetic import made_collection

SONGS = 21_425  # as in LPD-5 cleansed
BARS = (40, 80)  # 59 in the median of LPD-5's pianos
TIMED = 200  # files read one by one

# In an interpreter of its own, so that the peak is that of this load alone. The workers' peak is
# that of the largest of them.
LOAD = """
import json, re, resource, sys, time
from musegen import corpus
began = time.perf_counter()
audit = corpus.audit_of(sys.argv[1])
seconds = time.perf_counter() - began
own = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
largest_worker = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps([audit.as_dict(), seconds, [own // 1024, largest_worker // 1024]]))
"""


def best(job: Callable, tries: int) -> float:
    """Time a job `tries` times and return the least seconds."""
    return min(seconds(job) for _ in range(tries))


def load(source: str, build: Path) -> tuple[dict, float, list[int]]:
    """Load a source in a fresh interpreter: counts, seconds, peak MB of it and of its workers."""
    env = os.environ | {"MUSEGEN_BUILD": str(build)}
    run = subprocess.run(
        [sys.executable, "-c", LOAD, source], env=env, capture_output=True, text=True, check=True
    )
    return json.loads(run.stdout)


def one_by_one(files: list[Path]) -> None:
    """Print how fast single files are read in this process."""
    import pypianoroll

    ours = best(lambda: [lpd5.read(f.read_bytes(), f) for f in files], 5) / len(files)
    theirs = best(lambda: [pypianoroll.load(f) for f in files], 5) / len(files)
    print(f"musegen, one process    {1 / ours:8.0f} files/s")
    print(f"pypianoroll.load        {1 / theirs:8.0f} files/s, {theirs / ours:.1f} times slower")
    scores = [chorales.files()[name] for name in corpus.load("chorales").names[:10]]
    parsed = best(lambda: [chorales.read(f.read_bytes(), f) for f in scores], 1) / len(scores)
    print(f"music21, chorales       {1 / parsed:8.0f} files/s, {parsed / ours:.0f} times slower")


def main() -> None:
    """Generate, read, read again, and read as an archive."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--songs", type=int, default=SONGS)
    songs = parser.parse_args().songs
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        began = time.perf_counter()
        folder = made_collection(root / "lpd_5_cleansed", songs, bars=BARS)
        files = sorted(folder.rglob("*.npz"))
        size = sum(file.stat().st_size for file in files)
        print(
            f"{len(files)} files written, {size / len(files) / 1024:.0f} kB each, "
            f"{time.perf_counter() - began:.0f} s",
            flush=True,
        )
        one_by_one([f for f in files[: 2 * TIMED] if _has_piano(f)][:TIMED])
        counts, first, peaks = load(f"lpd5:{folder}", root / "build")
        print(f"{counts['read']} read, {counts['kept']} kept, dropped {counts['dropped']}")
        print(f"first load   {first:8.1f} s, {counts['read'] / first:.0f} files/s, peak {peaks} MB")
        again, second, peaks = load(f"lpd5:{folder}", root / "build")
        print(f"second load  {second:8.2f} s, {first / second:.0f} times as fast, peak {peaks} MB")
        with tarfile.open(root / "lpd_5_cleansed.tar.gz", "w:gz", compresslevel=1) as tar:
            tar.add(folder, "lpd_5/lpd_5_cleansed")
        packed, third, peaks = load(f"lpd5:{root / 'lpd_5_cleansed.tar.gz'}", root / "other")
        print(f"tar.gz       {third:8.1f} s, {counts['read'] / third:.0f} files/s, peak {peaks} MB")
        same = [c["dropped"] == counts["dropped"] for c in (again, packed)]
        print(f"the same counts each time: {all(same)}")
        few, _, peaks = load(f"lpd5:{_tenth(folder)}", root / "tenth")
        print(f"a tenth of the files ({few['read']}): peak {peaks} MB")


def _has_piano(file: Path) -> bool:
    try:
        return bool(lpd5.read(file.read_bytes(), file))
    except corpus.Rejected:
        return False


def _tenth(folder: Path) -> Path:
    """Keep one file in ten."""
    for i, file in enumerate(sorted(folder.rglob("*.npz"))):
        if i % 10:
            file.unlink()
    return folder


if __name__ == "__main__":
    main()
