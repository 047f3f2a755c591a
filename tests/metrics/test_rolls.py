"""Piano-rolls compared cell by cell."""

import numpy as np

from musegen import config, metrics, preprocess
from musegen.song import Song, as_notes
from musegen.training import Run


def test_the_nearest_window_is_named(tmp_path):
    onset = np.arange(0, 480, 24)
    songs = [
        Song(as_notes(onset, 20, 60 + i + np.arange(20) % 5), 480, 6, title=f"song {i}")
        for i in range(3)
    ]
    run = Run(config.RunConfig("ae", config.AEConfig(), 3, 1, "bars"), tmp_path, songs, [])
    windows = metrics.NearestWindow(run)
    window = preprocess.wrapped_window(preprocess.to_tensor(songs[1]), 3)
    nearest = windows.nearest(window)
    assert (nearest.title, nearest.bar, nearest.share) == ("song 1", 4, 1.0)
    assert np.array_equal(preprocess.to_tensor(windows.song(nearest)), window)
    assert windows.nearest(np.zeros_like(window)).share == 0
