"""The survey: hand-counted histograms, an independent search, figures that say what they show."""

import subprocess
import sys
from fractions import Fraction
from itertools import product
from math import comb

import numpy as np
import pandas as pd
import pytest

from musegen import config, figures, survey
from musegen.survey.verdicts import _about_sources

SOURCES = list(figures.SOURCES)


@pytest.fixture(scope="module")
def counts():
    return survey.recovered()


@pytest.fixture(scope="module")
def as_printed():
    return survey.solutions(survey.printed(1))


@pytest.fixture(scope="module")
def splits(counts):
    return survey.splits(survey.wide(counts).loc["AE large dataset"])


def rng():
    return np.random.default_rng(2021)


def title(ax):
    return ax.get_title() or ax.get_title(loc="left")  # where `set_style` puts it


def one_column(mean, variance, natural):
    """Make a table of one source, as `printed(1)` would."""
    return pd.DataFrame(
        {"Training data": [mean, variance, natural]},
        index=[survey.MEAN, survey.VARIANCE, survey.NATURAL],
    )


# --- The tables as printed


def test_tables_name_the_sources_and_songs():
    assert list(survey.printed(1)) == SOURCES
    assert list(survey.printed(2)) == ["Song 1", "Song 2"]
    assert list(survey.printed(1).index) == [survey.MEAN, survey.VARIANCE, survey.NATURAL]


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [("2.40", 2.395, 2.405), ("68 %", 67.5, 68.5), ("68.00 %", 67.995, 68.005), ("3", 2.5, 3.5)],
)
def test_interval_follows_the_printed_digits(text, low, high):
    assert survey.interval(text) == pytest.approx((low, high), abs=1e-12)


def test_alike_changes_only_the_short_number():
    before, after = survey.printed(1), survey.alike(survey.printed(1))
    changed = before != after
    assert changed.to_numpy().sum() == 1
    assert after.loc[survey.NATURAL, "LSTM small dataset"] == "68.00 %"


# --- Enumeration


def test_two_grades_make_fifteen_histograms():
    found = {tuple(row) for row in survey.histograms(2).tolist()}
    doubles = {tuple(2 * (g == i) for g in range(5)) for i in range(5)}
    pairs = {tuple(int(g in (i, j)) for g in range(5)) for i in range(5) for j in range(i)}
    assert found == doubles | pairs
    assert len(survey.histograms(2)) == 15


@pytest.mark.parametrize("n", [1, 3, 7, 58])
def test_histograms_are_all_different_and_whole(n):
    found = survey.histograms(n)
    assert len(np.unique(found, axis=0)) == len(found) == comb(n + 4, 4)
    assert found.min() == 0
    assert set(found.sum(axis=1).tolist()) == {n}


@pytest.mark.parametrize(
    ("variance", "share", "expected"),
    [  # grades 1, 1, 2, 3, 5: mean 12/5, sum of squares 40, deviations 40 - 144/5 = 11.2
        ("population", "all answers", (2.4, 2.24, 60.0)),
        ("sample", "all answers", (2.4, 2.8, 60.0)),
        ("sample", "without 3", (2.4, 2.8, 75.0)),
    ],
)
def test_measures_of_five_answers(variance, share, expected):
    ours = survey.measures([2, 1, 1, 0, 1], variance, share)
    assert tuple(map(float, ours.values())) == pytest.approx(expected)


def test_three_answers_by_hand():
    # Mean 2.00 of three answers: 1+1+4, 1+2+3, 2+2+2; sample variances 3, 1 and 0.
    found = survey.solutions(one_column("2.00", "1.00", "66.67 %"), answers=[3])
    assert found[[*survey.GRADES]].to_numpy().tolist() == [[1, 1, 1, 0, 0]]
    assert found[["variance", "share"]].to_numpy().tolist() == [["sample", "all answers"]]
    found = survey.solutions(one_column("2.00", "1.00", "100.00 %"), answers=[3])
    assert found[["variance", "share"]].to_numpy().tolist() == [["sample", "without 3"]]
    found = survey.solutions(one_column("2.00", "2.00", "66.67 %"), answers=[3])
    assert found[[*survey.GRADES]].to_numpy().tolist() == [[2, 0, 0, 1, 0]] * 2  # under both shares
    assert set(found["variance"]) == {"population"}


def exact(histogram, variance, share):
    """Compute the three measures anew, in fractions and from single answers."""
    given = [g for g, times in enumerate(histogram, 1) for _ in range(times)]
    mean = Fraction(sum(given), len(given))
    deviations = sum((g - mean) ** 2 for g in given)
    asked = given if share == "all answers" else [g for g in given if g != 3]
    if len(given) == 1 or not asked:
        return None
    natural = Fraction(100 * sum(g <= 2 for g in asked), len(asked))
    return mean, deviations / (len(given) - (variance == "sample")), natural


def rounds_to(value, text):
    digits = text.removesuffix(" %")
    half = Fraction(1, 2 * 10 ** len(digits.partition(".")[2]))
    return abs(value - Fraction(digits)) <= half


@pytest.mark.parametrize("histogram", [(3, 2, 1, 2, 1), (0, 4, 3, 0, 1), (2, 2, 2, 2, 2)])
@pytest.mark.parametrize("variance", survey.VARIANCES)
@pytest.mark.parametrize("share", survey.SHARES)
def test_search_agrees_with_a_naive_one(histogram, variance, share):
    texts = [f"{float(v):.1f}" for v in exact(histogram, variance, share)]  # coarse: many solutions
    sizes = range(sum(histogram) - 1, sum(histogram) + 1)
    naive = set()
    for other in product(range(max(sizes) + 1), repeat=5):
        if sum(other) in sizes:
            for v, s in product(survey.VARIANCES, survey.SHARES):
                values = exact(other, v, s)
                if values and all(map(rounds_to, values, texts)):
                    naive.add((sum(other), v, s, *other))
    found = survey.solutions(one_column(*texts), answers=sizes).drop(columns="source")
    assert set(found.itertuples(index=False, name=None)) == naive
    assert len(naive) == len(found)
    assert (sum(histogram), variance, share, *histogram) in naive


# --- The one reading


def test_one_reading_gives_every_column_one_histogram():
    found = survey.solutions(survey.alike(survey.printed(1)))
    one = survey.reading(found)
    assert one == (58, "sample", "without 3")
    assert survey.readings(found).loc[tuple(one), SOURCES].tolist() == [1] * 5


def test_as_printed_one_column_has_seven(as_printed):
    one = survey.reading(as_printed)
    assert survey.readings(as_printed).loc[tuple(one), SOURCES].tolist() == [1, 7, 1, 1, 1]


def test_text_definition_solves_one_column_at_most(as_printed):
    of_all = as_printed[as_printed["share"] == "all answers"]
    assert set(of_all["source"]) == {"LSTM large dataset"}


def test_recovered_histograms_pass_the_naive_check(counts):
    for source, histogram in survey.wide(counts).iterrows():
        values = exact(histogram.tolist(), "sample", "without 3")
        assert all(map(rounds_to, values, survey.alike(survey.printed(1))[source]))


def test_recovered_is_a_row_a_count(counts):
    assert list(counts) == ["source", "grade", "count"]
    assert counts["source"].astype(str).tolist() == list(np.repeat(SOURCES, 5))
    assert counts["grade"].tolist() == [1, 2, 3, 4, 5] * 5
    assert counts["count"].sum() == 290


def test_changed_digits_leave_nothing():
    table = survey.alike(survey.printed(1))
    shaken = survey.shaken(table, survey.Reading(58, "sample", "without 3"))
    assert len(shaken) == 30
    assert shaken["solutions"].sum() == 0
    assert set(shaken.loc[shaken["printed"] == "2.40", "instead"]) == {"2.39", "2.41"}


def test_changed_digit_ends_with_a_sentence():
    table = survey.printed(1)
    table.loc[survey.VARIANCE, "AE small dataset"] = "2.14"
    with pytest.raises(ValueError, match="0 readings give every column.*survey_table_1"):
        survey.recovered(table)


def test_several_histograms_are_not_chosen_from():
    table = survey.printed(1)
    table.loc[survey.NATURAL] = ["70 %", "68 %", "65 %", "57 %", "16 %"]  # digits lost in all
    with pytest.raises(ValueError, match="allows .* histograms for its 5 sources"):
        survey.recovered(table)


def test_tables_can_stand_elsewhere(tmp_path, monkeypatch):
    text = (config.data_dir() / "survey_table_2.csv").read_text().replace("4.45", "4.44")
    (tmp_path / "survey_table_2.csv").write_text(text)
    monkeypatch.setenv("MUSEGEN_DATA", str(tmp_path))
    assert survey.printed(2).loc[survey.MEAN, "Song 1"] == "4.44"


# --- Ranges, songs, tables


def test_ranges_span_the_candidates(as_printed, counts):
    possible = survey.under(as_printed, survey.reading(as_printed))
    spread = survey.ranges(possible).merge(counts, on=["source", "grade"])
    open_ = spread[spread["low"] < spread["high"]]
    assert set(open_["source"]) == {"LSTM small dataset"}
    assert open_["grade"].tolist() == [1, 2, 3, 4]
    assert spread["count"].between(spread["low"], spread["high"]).all()


def test_variants_take_each_candidate_once(as_printed):
    possible = survey.under(as_printed, survey.reading(as_printed))
    variants = survey.variants(possible)
    assert len(variants) == 7
    assert {int(v["count"].sum()) for v in variants} == {290}
    assert len({tuple(v["count"]) for v in variants}) == 7


def test_27_is_not_where_the_text_says(as_printed):
    possible = survey.under(as_printed, survey.reading(as_printed))
    assert survey.cells_with(27, possible).to_numpy().tolist() == [["LSTM large dataset", 2]]


def test_a_tiny_histogram_splits_by_hand():
    # Grades 1, 1, 4, 5 into means 1.00 and 4.50: only 1, 1 and 4, 5.
    table = pd.DataFrame(
        {"Song 1": ["1.00", "100.00 %"], "Song 2": ["4.50", "0.00 %"]},
        index=[survey.MEAN, survey.NATURAL],
    )
    found = survey.splits([2, 0, 0, 1, 1], table)
    # One answer of grade 1 has the mean 1.00 too, but leaves 1, 4, 5 with the mean 3.33.
    assert found[survey.GRADES].to_numpy().tolist() == [[2, 0, 0, 0, 0], [0, 0, 0, 1, 1]]
    assert found["source"].tolist() == ["Song 1", "Song 2"]


def test_every_split_adds_up_and_gives_table_2(splits, counts):
    whole = survey.wide(counts).loc["AE large dataset"].tolist()
    assert splits["split"].nunique() == 8
    for _, part in splits.groupby("split"):
        songs = part[survey.GRADES].to_numpy()
        assert songs.sum(axis=0).tolist() == whole
        assert songs.sum(axis=1).tolist() == [29, 29]
        for song, (_, column) in zip(songs, survey.printed(2).items(), strict=True):
            mean, _, natural = exact(song.tolist(), "sample", "all answers")
            assert rounds_to(mean, column[survey.MEAN])
            assert rounds_to(natural, column[survey.NATURAL])


def test_table_2_is_not_the_share_of_table_1(counts):
    assert len(survey.splits(survey.wide(counts).loc["AE large dataset"], share="without 3")) == 0


def test_tables_come_out_within_their_rounding(counts, splits):
    ours = survey.recomputed(survey.printed(1), survey.wide(counts), "without 3")
    assert len(ours) == 15
    assert (ours["difference"].abs() <= 0.005).all()
    song = survey.recomputed(
        survey.printed(2), splits[splits["split"] == 3].set_index("source"), "all answers"
    )
    assert (song["difference"].abs() <= 0.005).all()


def test_the_definitions_order_the_lstms_differently(counts):
    orders = survey.naturals(counts)[["order, all answers", "order, without 3"]]
    assert orders.loc["LSTM small dataset"].tolist() == [3, 2]
    assert orders.loc["LSTM large dataset"].tolist() == [2, 3]


# --- Chance


def test_holm_by_hand():
    # Sorted 0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1: 0.02, 0.03, 0.06, 0.04 -> never falling.
    assert survey.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert survey.holm([0.6, 0.9]).tolist() == [1, 1]


def test_superiority_by_hand():
    # a: 1, 3; b: 3, 5. Higher: (1,3) (1,5) (3,5); level: (3,3). (3 + 1/2) / 4.
    a, b = [1, 0, 1, 0, 0], [0, 0, 1, 0, 1]
    assert survey.superiority(a, b) == pytest.approx(0.875)
    assert survey.superiority(b, a) == pytest.approx(0.125)


def test_rank_test_belongs_to_superiority():
    """Mann and Whitney's U over the pairs is the superiority; equal histograms give p = 1."""
    from scipy import stats

    a, b = [3, 5, 1, 2, 0], [1, 2, 2, 6, 4]
    u = stats.mannwhitneyu(survey.graded(b), survey.graded(a)).statistic
    assert u / (11 * 15) == pytest.approx(survey.superiority(a, b))
    assert survey.rank_test(a, a) == 1


def test_comparisons_find_one_source_apart(counts):
    found = survey.comparisons(counts, rng())
    apart = found[found["holm"] < 0.05]
    assert len(found) == 10
    assert apart["b"].tolist() == ["AE large dataset"] * 4
    assert found["superiority"].between(found["low"], found["high"]).all()
    assert np.allclose(found["delta"], 2 * found["superiority"] - 1)


def test_intervals_hold_their_value_and_repeat(counts):
    found = survey.intervals(counts, rng())
    assert len(found) == 15
    assert ((found["low"] < found["value"]) & (found["value"] < found["high"])).all()
    pd.testing.assert_frame_equal(found, survey.intervals(counts, rng()))


def test_wilson_by_hand(counts):
    """Wilson's interval from its formula, for the 9 natural answers of 58."""
    k, n, z = 9, 58, 1.959964
    middle, half = k / n + z**2 / (2 * n), z * (k / n * (1 - k / n) / n + z**2 / (4 * n**2)) ** 0.5
    expected = [100 * (middle + s * half) / (1 + z**2 / n) for s in (-1, 1)]
    found = survey.intervals(counts, rng()).set_index(["source", "measure"])
    row = found.loc[("AE large dataset", "natural, all answers")]
    assert [row["low"], row["high"]] == pytest.approx(expected, abs=1e-3)


def test_pairing_frames_independence(counts):
    found = survey.pairing(counts).set_index(["a", "b", "arrangement"])
    width = (found["high"] - found["low"]).groupby(level="arrangement")
    assert width.max()["alike"] < width.min()["independent"]
    assert width.max()["independent"] < width.min()["opposite"]
    same = found["difference"].groupby(level=["a", "b"]).agg(np.ptp)
    assert same.max() == pytest.approx(0)


def test_no_random_arrangement_is_wider_than_opposite(counts):
    table, draw = survey.wide(counts), rng()
    a, b = (survey.graded(table.loc[source]) for source in SOURCES[:2])
    opposite = b - a[::-1]
    widest = ((opposite[::2] + opposite[1::2]) / 2).std()
    for _ in range(200):
        people = (draw.permutation(b) - draw.permutation(a)).reshape(29, 2).mean(axis=1)
        assert people.std() <= widest


def test_conclusions_are_judged_from_the_numbers(counts):
    found = survey.conclusions(counts, rng())
    verdicts = found.set_index("claim")["verdict"]
    assert list(found) == ["section", "claim", "evidence", "verdict"]
    assert verdicts["AE large a lot worse"] == "stands"
    assert verdicts["27 responses to LSTM small dataset had a score of 2"] == "contradicted"
    swapped = counts.copy()  # the last source gets the grades of the first: nothing is worse now
    swapped.loc[swapped["source"] == "AE large dataset", "count"] = counts["count"][:5].to_numpy()
    found = _about_sources(swapped, rng())
    assert {claim: v for _, claim, _, v in found}["AE large a lot worse"] == "contradicted"


# --- Pictures and speed


def test_figure_5_shows_the_counts(counts, as_printed):
    possible = survey.under(as_printed, survey.reading(as_printed))
    (ax,) = figures.figure_5(counts, survey.ranges(possible)).axes
    assert title(ax).startswith("Figure 5.")
    assert "recovered" in title(ax)
    assert ax.get_ylabel() == "Number of responses"
    assert "Grade" in ax.get_xlabel()
    heights = [[bar.get_height() for bar in bars] for bars in ax.containers]
    assert heights == survey.wide(counts).to_numpy().tolist()
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names[:5] == SOURCES
    marks = [line.get_ydata().tolist() for line in ax.lines if len(line.get_ydata()) == 2]
    assert marks == [[12, 18], [8, 26], [2, 20], [7, 13]]


def test_figure_6_shows_ranges(splits):
    ranges = survey.ranges(splits)
    (ax,) = figures.figure_6(ranges).axes
    assert title(ax).startswith("Figure 6.")
    assert ax.get_ylabel() == "Number of responses"
    tops = [bar.get_y() + bar.get_height() for bar in ax.patches if bar.get_hatch()]
    assert tops[:10] == ranges["high"].tolist()


def test_no_figure_is_left_open(counts):
    import matplotlib.pyplot as plt

    figures.figure_5(counts)
    assert plt.get_fignums() == []


def test_recovery_takes_under_five_seconds_and_no_network_library():
    code = (
        "import time, sys; from musegen import survey; start = time.process_time();"
        "survey.recovered(); survey.solutions(survey.printed(1));"
        "assert time.process_time() - start < 5, 'slow';"
        "assert not {'tensorflow', 'keras', 'music21'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=config.root())
