"""The network of four voices writes: what is given stands, and nothing is known beforehand."""

from dataclasses import replace

import numpy as np
import pytest

from musegen import config, four_voices, generation, training
from musegen.four_voices import FREE, Table, Wish
from musegen.generation.four_voices import Choir, free_table
from musegen.metrics import voice_leading
from musegen.song import Song, as_notes
from musegen.training import Run, run_folder

SMALL = config.VoicesConfig(units=7, hidden=9, pitch_width=5, interval_width=4)


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    """Give a run of an untrained network."""
    folder, rng = tmp_path_factory.mktemp("run"), np.random.default_rng(1)
    model = four_voices.build(SMALL)
    model.set_weights([rng.normal(0, 0.4, w.shape) for w in model.get_weights()])
    run_folder.write_weights(folder, model)
    return Run(config.RunConfig("four_voices", SMALL, 1, 1, "pieces"), folder, [], [])


def choral(bars: int, seed: int = 0) -> Song:
    """Make a song in which each voice strikes, holds or rests by chance, on sixteenths."""
    rng, shape = np.random.default_rng(seed), (4 * bars, 4)
    pitch = (rng.choice([0, 1, 3], shape) + [50, 42, 35, 28]) * (rng.random(shape) > 0.1)
    pitch[[0, -1]] = 50, 42, 35, 28
    pitch, struck = pitch.repeat(4, axis=0), rng.random((16 * bars, 4)) < 0.2
    return four_voices.to_song(Table(pitch, struck), title="choral", fermatas=(8, 24))


def soprano(song: Song) -> Song:
    return replace(song, notes=song.notes[song.notes["voice"] == 0], title="tune")


def same(one: Song, two: Song, start: int = 0, stop: int | None = None) -> bool:
    """Say whether the same pitches sound in the same voices."""
    return np.array_equal(*(four_voices.table(x, 4).pitch[start:stop] for x in (one, two)))


def inputs(rows: Table, wish=Wish(32, (8,), 2, True, 1)) -> dict:  # noqa: B008
    row = four_voices.context(rows) | four_voices.conditions(wish) | rows._asdict()
    return {name: values[None].astype(np.int32) for name, values in row.items()}


def test_numpy_gives_the_logits_of_the_keras_network(run):
    rows = [four_voices.table(choral(2, seed), 4) for seed in range(3)]
    told = [inputs(one) for one in rows]
    told = {name: np.concatenate([one[name] for one in told]) for name in told[0]}
    theirs = {name: np.asarray(logits) for name, logits in run.model(told).items()}
    choir = Choir(run, 3)
    for time in range(32):
        choir.begin({name: values[:, time] for name, values in told.items()})
        for v in range(4):
            np.testing.assert_allclose(choir.pitch(), theirs["pitch"][:, time, v], atol=1e-4)
            np.testing.assert_allclose(choir.again(), theirs["struck"][:, time, v, 0], atol=1e-4)
            choir.sing(told["pitch"][:, time, v], told["struck"][:, time, v])


def test_the_network_knows_nothing_of_what_comes(run):
    rows = four_voices.table(choral(2), 4)
    other = Table(rows.pitch.copy(), rows.struck.copy())
    other.pitch[20, 2:] += 5
    other.pitch[21:] += 3
    other.struck[21:] ^= True
    one, two = (np.asarray(run.model(inputs(x))["pitch"])[0] for x in (rows, other))
    differs = np.abs(one - two).max(axis=2) > 1e-6
    assert not differs[:20].any() and not differs[20, :3].any()
    assert differs[20, 3] and differs[21].all()


@pytest.mark.parametrize("tries", [1, 5])
def test_what_is_given_stands_and_the_rest_is_chosen(run, tries):
    rows, free = four_voices.table(choral(2), 4), free_table(32, 4)
    free.pitch[8:16], free.pitch[:, 1] = rows.pitch[8:16], rows.pitch[:, 1]
    short = Table(free.pitch[:20], free.struck[:20])
    wishes, fixed = [Wish(32), Wish(20)], free.pitch != FREE
    one, again = (
        generation.written(run, [free, short], wishes, np.random.default_rng(3), tries=tries)
        for _ in range(2)
    )
    assert [len(x.pitch) for x in one] == [32, 20]
    for mine, same_seed in zip(one, again, strict=True):
        length = len(mine.pitch)
        assert np.array_equal(mine.pitch[fixed[:length]], rows.pitch[:length][fixed[:length]])
        assert (mine.pitch >= 0).all() and np.array_equal(mine.pitch, same_seed.pitch)


def test_the_try_that_expects_what_follows_is_taken(run):
    free = free_table(2, 4)
    free.pitch[1] = 45, 40, 35, 30
    rng, found = np.random.default_rng(0), []
    for tries in (1, 32):
        rows = generation.written(run, [free] * 60, [Wish(2)] * 60, rng, tries=tries)
        told = [inputs(one, Wish(2)) for one in rows]
        told = {name: np.concatenate([one[name] for one in told]) for name in told[0]}
        p = generation.softmax(np.asarray(run.model(told)["pitch"])[:, 1])
        found.append(np.log(p[:, range(4), free.pitch[1]]).sum(axis=1).mean())
    assert found[1] > found[0] + 0.5


def test_new_songs_end_on_the_triad_that_was_asked_for():
    asked = generation.wishes(6, np.random.default_rng(1), bars=4)
    songs = generation.new_songs(training.shipped("four_voices"), asked, np.random.default_rng(2))
    for song, wish in zip(songs, asked, strict=True):
        rows = four_voices.table(song, 4)
        assert (song.length, song.fermatas) == (wish.frames, wish.phrases)
        assert voice_leading.final_triad(rows)
        assert (rows.pitch[-1, 3] + four_voices.LOWEST - 1) % 12 == wish.tonic


def test_songs_are_gone_on_from_harmonised_and_written_anew(run):
    song, rng = choral(6), np.random.default_rng(1)
    on = generation.gone_on(run, song, 7, rng)
    assert same(on, song, 0, 64) and on.length == 7 * 16 and set(on.fermatas) >= {8, 24, 104}
    tune = soprano(song).cut(4)  # now it begins with an upbeat
    notes = as_notes(tune.notes["onset"] + 12, *(tune.notes[x] for x in ("duration", "pitch")))
    new = generation.harmonised(run, replace(tune, notes=notes, length=tune.length + 12), rng)
    assert np.array_equal(soprano(new).notes[["onset", "pitch"]], notes[["onset", "pitch"]])
    assert set(new.notes["voice"].tolist()) == {0, 1, 2, 3} and new.title == "tune"
    better = generation.anew(run, new, 2, 3, rng)
    assert same(better, new, 0, 16) and same(better, new, 48) and not same(better, new, 16, 48)
    assert (better.length, better.fermatas) == (new.length, new.fermatas)
    with pytest.raises(ValueError, match="bars 7 to 8 are none of the song's: 1 to 7"):
        generation.anew(run, new, 7, 8, rng)


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([], "tune has no notes"),
        ([(0, 24, 72), (96, 24, 84)], "tune, bar 2: C6 is no note of a soprano, A3 to A5"),
        ([(0, 24, 72), (192, 48, 70), (210, 24, 72)], "tune, bar 3: two notes sound at once"),
    ],
)
def test_an_impossible_melody_gets_a_sentence(run, rows, sentence):
    melody = Song(as_notes(*np.array(rows, int).reshape(-1, 3).T), 288, 24, title="tune")
    with pytest.raises(ValueError, match=sentence):
        generation.harmonised(run, melody, np.random.default_rng(1))


def test_triplets_are_moved_and_played_legato_is_one_voice(run):
    melody = Song(as_notes([0, 8, 16, 25], [9, 9, 9, 20], [60, 62, 64, 65]), 48, 24, title="tune")
    with pytest.warns(UserWarning, match=r"tune: 3 note\(s\) moved to the nearest sixteenth"):
        new = soprano(generation.harmonised(run, melody, np.random.default_rng(1)))
    assert new.notes["onset"].tolist() == [0, 1, 3, 4]


def test_notes_get_the_voice_that_was_nearest():
    rows = [(0, 4, 72), (0, 4, 64), (0, 4, 60), (0, 8, 48)]  # all four
    rows += [(4, 4, 62), (6, 2, 74), (6, 2, 50)]  # alone; then with the bass still held
    rows += [(8, 4, p) for p in (76, 67, 62, 60, 55)]  # one too many: the lowest of the inner
    song = four_voices.in_voices(Song(as_notes(*np.array(rows).T), 12, 4), 4)
    voices = [(onset, pitch, voice) for onset, _, pitch, voice in song.notes.tolist()]
    assert voices == [
        *((0, 48, 3), (0, 60, 2), (0, 64, 1), (0, 72, 0), (4, 62, 1), (6, 50, 2), (6, 74, 0)),
        *((8, 55, 3), (8, 62, 2), (8, 67, 1), (8, 76, 0)),
    ]


def test_whether_a_voice_moves_does_not_hang_on_the_temperature():
    p, last = np.tile([0, 0.6, 0.3, 0.1], (4000, 1)), np.ones(4000, int)
    found = generation.four_voices._moved(
        p, last, generation.sample(0.05), np.random.default_rng(0)
    )
    assert abs((found == 1).mean() - 0.6) < 0.03 and set(found.tolist()) == {1, 2}
