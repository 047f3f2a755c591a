"""Damaged files: none crashes, hangs or eats memory, and each has its reason."""

import damage
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from musegen import corpus
from musegen.corpus import REASONS, Rejected, lpd5, scores
from musegen.corpus.ingest import read_song

FORMATS = {".npz": lpd5.FORMAT, ".mid": scores.FORMAT}
QUICK = settings(
    deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


class Contents(dict):
    """Bytes by suffix; hypothesis would print them all."""

    __repr__ = object.__repr__


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    return Contents(damage.good_files(tmp_path_factory.mktemp("good"), np.random.default_rng(0)))


@pytest.mark.parametrize("suffix", FORMATS)
@given(seed=st.integers(0, 2**32), content=st.binary(max_size=400))
@QUICK
def test_a_damaged_file_is_a_song_or_a_reason(suffix, seed, content, good, tmp_path):
    """Read with nothing to catch what the reader itself does not."""
    head = good[suffix][: seed % 101]
    for each in (damage.damaged(good[suffix], np.random.default_rng(seed)), head + content):
        try:
            song = read_song(FORMATS[suffix], each, tmp_path / f"x{suffix}")
        except Rejected as reason:
            assert str(reason) in REASONS
        else:
            assert len(song.notes)


# Scores take music21 a tenth of a second each, so there are fewer of them.
SHARE = {".npz": 0.55, ".mid": 0.35, ".abc": 0.05, ".mxl": 0.03, ".xml": 0.02}


@pytest.mark.parametrize("files", [60, pytest.param(10_000, marks=pytest.mark.soak)])
def test_damaged_collections_end_as_songs_and_reasons(files, good, build, tmp_path):
    rng = np.random.default_rng(files)
    suffixes = rng.choice(list(SHARE), files, p=list(SHARE.values())).tolist()
    for i, suffix in enumerate([*SHARE, *suffixes]):
        path = tmp_path / ("lpd5" if suffix == ".npz" else "midi") / f"{i:05d}{suffix}"
        path.parent.mkdir(exist_ok=True)
        content = good[suffix] if i < len(SHARE) else damage.damaged(good[suffix], rng)
        path.write_bytes(content)
    for kind, untouched in (("lpd5", [0]), ("midi", [1, 2, 3, 4])):
        audit = corpus.audit_of(f"{kind}:{tmp_path / kind}")
        assert audit.read == len(list((tmp_path / kind).iterdir()))
        there = {*audit.songs, *audit.dropped.get("copy", [])}
        assert {f"{i:05d}" for i in untouched} <= there, "what was good is still there"
        assert set(audit.dropped) <= set(REASONS) - {"crashed", "timeout"}
