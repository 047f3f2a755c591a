"""The claims: quotes are the report's, short runs judge nothing, changed data change verdicts."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from apps import claims
from apps.claims import songs
from musegen import config, survey, training
from musegen.survey.claims import NotTestable

REPORT, OTHER = config.Settings(), config.Settings(source="midi:songs", minutes=5)
QUOTES = [(section, quote) for section, quote, _ in [*survey.CLAIMS, *songs.CLAIMS]]


@pytest.fixture(scope="module")
def frame():
    """The claims where nothing was trained yet."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training.Run, "finished", lambda run: False)
        songs._run.cache_clear()
        return claims.table(REPORT)


@pytest.mark.skipif(
    not os.environ.get("MUSEGEN_REPORT_TEXT"),
    reason="MUSEGEN_REPORT_TEXT names no file with the report's text, which is not ours to give",
)
def test_every_quote_stands_word_for_word_in_the_report():
    text = Path(os.environ["MUSEGEN_REPORT_TEXT"]).read_text(encoding="utf-8")
    words = " ".join(text.split())
    assert [quote for _, quote in QUOTES if quote not in words] == []


def test_every_claim_once_in_the_order_of_the_report(frame):
    assert list(frame) == ["section", "claim", "verdict", "number", "corpus"]
    assert sorted(zip(frame["section"], frame["claim"], strict=True)) == sorted(QUOTES)
    assert frame["claim"].is_unique
    sections = [tuple(map(int, section.split("."))) for section in frame["section"]]
    assert sections == sorted(sections)
    assert set(frame["verdict"]) == set(survey.VERDICTS)


def test_a_network_that_is_not_trained_is_not_testable(frame):
    played = frame[frame["claim"].isin([quote for _, quote, _ in songs.CLAIMS])]
    assert set(played["verdict"]) == {"not testable here"}
    assert played["number"].str.contains("is not trained yet").sum() > 10


def test_a_short_training_judges_nothing_either_way(monkeypatch):
    for verdict in ("supported", "contradicted"):
        finding = survey.claims.Finding(verdict, "")
        checks = survey.claims.Claims([("1", "a quote", lambda _, finding=finding: finding)])
        monkeypatch.setattr(claims, "CLAIMS", checks)
        verdicts = [claims.table(where)["verdict"].iloc[0] for where in (REPORT, OTHER)]
        assert verdicts == [verdict, "not testable here"]


def test_as_built_is_generated_from_the_settings():
    built = claims.as_built(REPORT).set_index("what")
    assert built.loc["LSTM small", "here"] == "2 x 256, dropout 0.3"
    other = built.index[built["same"] == "no"].tolist()
    assert [what[:8] for what in other] == ["songs", "AE: song", "AE: laye", "LSTM: le"]
    assert (claims.as_built(config.Settings("smoke"))["same"] == "no").sum() > len(other)


def test_networks_of_lpd5_are_judged_without_its_songs():
    found = songs.CLAIMS.table(songs.POP).set_index("claim")
    assert found.loc["generating a couple of notes only", "verdict"] == "supported"


def test_a_network_stopped_by_its_minutes_judges_nothing(monkeypatch):
    whole = training.shipped("lstm_small_128")
    short = replace(whole, cfg=replace(whole.cfg, epochs=1000))
    monkeypatch.setattr(training, "planned", lambda name, settings: short)
    with pytest.raises(NotTestable, match="lstm_small_128 is trained for 201 epochs only"):
        songs.few_notes(config.Settings(minutes=31.0))
