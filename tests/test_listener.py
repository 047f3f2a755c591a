"""The listener hears the same in every key, nothing beforehand, and the network heeds it."""

import numpy as np
import pytest

from musegen import config, four_voices, generation, listener, training
from musegen.four_voices import Table, Wish
from musegen.listener import BUCKETS, Listener, Turns
from musegen.training import Run, run_folder

CHORDS = np.array([(52, 43, 40, 28), (54, 45, 40, 30), (52, 43, 40, 28)])  # parallel octaves


def turns(pitch, struck=None, wish=None) -> list[list[int]]:
    """Let one song be heard: the turns of each frame."""
    struck = np.ones(pitch.shape, bool) if struck is None else struck
    rows = four_voices.context(Table(pitch, struck))
    rows |= four_voices.conditions(wish or Wish(len(pitch), (2,), tonic=0))
    heard, found = Turns(1, pitch.shape[1]), []
    for time in range(len(pitch)):
        row = {name: values[time : time + 1] for name, values in rows.items()}
        said = heard.hear(row, pitch[time : time + 1], struck[time : time + 1])
        found.append(sorted(said[said > 0].tolist()))
    return found


def test_of_another_key_only_the_pitches_are_other_turns():
    here = turns(CHORDS)
    there = turns(CHORDS + 2, wish=Wish(3, (2,), tonic=2))
    for one, two in zip(here, there, strict=True):
        assert len(one) == len(two)
        assert len(set(one) & set(two)) == len(set(one)) - 4  # each voice's pitch is another one
    assert not set(here[1]) & set(turns(CHORDS, wish=Wish(3, (2,), tonic=2))[1]) >= set(here[1])


def test_what_is_heard_hangs_on_nothing_later_and_on_no_song_beside():
    other = CHORDS.copy()
    other[2] += 3
    assert turns(CHORDS)[:2] == turns(other)[:2] and turns(CHORDS)[2] != turns(other)[2]
    both, rows = Turns(2, 4), four_voices.context(Table(CHORDS, CHORDS > 0))
    rows |= four_voices.conditions(Wish(3, (2,), tonic=0))
    for time in range(3):
        row = {name: np.repeat(values[time : time + 1], 2, axis=0) for name, values in rows.items()}
        said = both.hear(row, np.stack([other[time], CHORDS[time]]), np.ones((2, 4), bool))
        assert sorted(said[1][said[1] > 0].tolist()) == turns(CHORDS)[time]
        both.keep(np.array([0, 1]))
    assert both.past["pitches"].sum(axis=1).tolist() == [10, 7]


def test_turns_counted_by_hand():
    pitch = np.array([(40, 37, 33, 28), (40, 37, 33, 28), (42, 39, 35, 30)])
    found = turns(pitch, wish=Wish(99))  # in no key, no phrase, far from the end
    first = 2 + 4 + 4 + 1  # a chord, also on its degree; degrees, pitches; what memory recalls
    stays = 2 + first  # two chords, also on their degrees
    # Three chords; moves, ranges, new pitches, classes; six pairs, a fifth and an octave thrice.
    moves = 1 + stays + 4 + 4 + 1 + 1 + 12 + 2 * 3
    assert [len(some) for some in found] == [first, stays, moves]


def test_parts_of_a_song_are_counted():
    songs = [Table(CHORDS[[0] * 70], np.ones((70, 4), bool)), Table(CHORDS, CHORDS > 0)]
    found = listener.windows(songs, [Wish(70), Wish(3)])
    assert found.shape == (3, BUCKETS)  # 64 frames, the other 6, and a whole song
    alone = [len(some) for some in turns(CHORDS, wish=Wish(3))]
    assert found[2].sum() == sum(alone) and not found[:, 0].sum()


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    """Give a run of a network that knows nothing, and four songs on two chords."""
    folder, rng = tmp_path_factory.mktemp("run"), np.random.default_rng(1)
    cfg = config.VoicesConfig(units=5, hidden=5, pitch_width=4, interval_width=4, rounds=3)
    model = four_voices.build(cfg)
    model.set_weights([rng.normal(0, 0.3, w.shape) for w in model.get_weights()])
    run_folder.write_weights(folder, model)
    struck = np.arange(16)[:, None] % 8 < np.ones(4)
    orders = ([0, 1], [1, 0]) * 2
    songs = [four_voices.to_song(Table(CHORDS[two].repeat(8, axis=0), struck)) for two in orders]
    return Run(config.RunConfig("four_voices", cfg, 4, 1, "pieces"), folder, songs)


@pytest.fixture(scope="module")
def learnt(run) -> Listener:
    return listener.learn(run)


def test_what_is_written_sounds_more_like_the_songs_learnt_from(run, learnt):
    asked = [Wish(16, tonic=0)] * 40
    given, rng = [generation.four_voices.free_table(16, 4)] * 40, np.random.default_rng(0)
    songs = [four_voices.table(song, 4) for song in run.songs]
    deaf = learnt._replace(weights=learnt.weights * 0)
    theirs, heard, unheard = (
        (listener.windows(some, asked[: len(some)]) @ learnt.weights).mean()
        for some in (
            songs,
            generation.written(run, given, asked, rng, listener=learnt),
            generation.written(run, given, asked, rng, listener=deaf),
        )
    )
    assert theirs > heard > unheard + 0.1


def test_each_voice_keeps_to_what_it_sings_in_them(run, learnt):
    given, rng = [generation.four_voices.free_table(16, 4)] * 9, np.random.default_rng(0)
    for rows in generation.written(run, given, [Wish(16)] * 9, rng, listener=learnt):
        assert learnt.sung[range(4), rows.pitch].all()
    assert learnt.sung.sum(axis=1).tolist() == [2, 2, 1, 2]


def test_it_learns_the_same_again_and_nothing_of_one_song(run, learnt):
    again = listener.learn(run)
    assert np.array_equal(again.weights, learnt.weights) and again.weights.any()
    one = Run(run.cfg, run.folder, run.songs[:1])
    assert listener.learn(one) is None and run.listener is None


def test_the_listener_that_comes_with_musegen_dislikes_parallel_octaves():
    weights = training.shipped("four_voices").listener.weights
    parallel, contrary = CHORDS.repeat(8, axis=0), CHORDS.repeat(8, axis=0)
    contrary[8:16] = 54, 45, 42, 26
    one, two = (
        sum(weights[some].sum() for some in turns(pitch, np.arange(24)[:, None] % 8 < np.ones(4)))
        for pitch in (parallel, contrary)
    )
    assert one < two
