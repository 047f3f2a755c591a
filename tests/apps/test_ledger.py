"""The ledger: every claim once, every claim checked, no verdict without a reason to believe it."""

import subprocess
import sys

import pytest

from apps import claims as ledger
from apps.claims import Finding, NotMade, findings
from musegen import config


@pytest.fixture(scope="module")
def frame(tmp_path_factory):
    """The ledger of a build folder in which nothing was trained yet."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MUSEGEN_BUILD", str(tmp_path_factory.mktemp("build")))
        yield ledger.ledger().set_index("claim")


def test_every_claim_has_one_check_and_every_check_a_claim():
    claims = ledger.claims()["claim"]
    assert claims.is_unique
    assert sorted(claims) == sorted(ledger.CHECKS)


def test_claims_follow_the_sections_of_the_report():
    sections = [tuple(map(int, s.split("."))) for s in ledger.claims()["section"]]
    assert sections == sorted(sections)


def test_tables_are_spread_over_a_row_a_cell():
    claims = ledger.claims().set_index("claim")
    assert claims.loc["table_1: Variance, AE small dataset", "value"] == "2.13"
    assert sum(claim.startswith("table_1: ") for claim in claims.index) == 3 * 5
    assert sum(claim.startswith("table_2: ") for claim in claims.index) == 2 * 2


def test_columns_and_verdicts(frame):
    columns = ["section", "report", "ours", "verdict", "why", "profile", "corpus"]
    assert list(frame.columns) == columns
    assert set(frame["verdict"]) <= set(ledger.VERDICTS)
    assert set(frame["profile"]) == {"quick"}
    assert set(frame["corpus"]) == {"chorales"}


def test_every_verdict_says_what_came_out_or_why_nothing(frame):
    assert ((frame["ours"].astype(str) != "") | (frame["why"] != "")).all()


@pytest.mark.parametrize(
    ("claim", "ours", "verdict"),
    [
        ("ae.input", "16 x 24 x 96", "reproduced"),
        ("ae.latent", "120", "reproduced"),
        ("small.lstms", "2 of 256", "reproduced"),
        ("deep.dropouts", "10 of 0.01", "reproduced"),
        ("survey.answers", 58, "recovered"),
        ("table_1: Arithmetic mean, LSTM small dataset", "2.53", "recovered"),
        ("survey.27", "27 is at LSTM large dataset, grade 2", "contradicted"),
        ("survey.definition", "without 3", "contradicted"),
        ("lstm.duration", "0.25 s", "contradicted"),
        ("lstm.plots", "", "not recoverable"),
    ],
)
def test_finding(frame, claim, ours, verdict):
    assert (frame.loc[claim, "ours"], frame.loc[claim, "verdict"]) == (ours, verdict)


def test_quick_does_not_test_the_epochs(frame):
    epochs = config.QUICK.runs["lstm_small_128"].epochs
    assert frame.loc["small.epochs", "ours"] == f"{epochs}, taught by sequences"
    assert frame.loc["small.epochs", "verdict"] == "not tested by this profile"


def test_nothing_is_trained_for_it(frame):
    assert frame.loc["ae.recreates", "verdict"] == "not tested by this profile"
    assert frame.loc["ae.recreates", "why"] == "the run ae_10 is not made yet"


def test_paper_profile_is_judged_by_its_own_numbers(monkeypatch):
    monkeypatch.setenv("MUSEGEN_PROFILE", "paper")
    assert ledger.CHECKS["small.epochs"]() == Finding("201, taught by windows", "reproduced")
    assert ledger.CHECKS["small.batch"]() == 64


def test_a_wrong_claim_is_contradicted(monkeypatch):
    assert ledger._check("lstm.window", "64").verdict == "reproduced"
    assert ledger._check("lstm.window", "65").verdict == "contradicted"

    def missing():
        raise NotMade("the run x is not made yet")

    monkeypatch.setitem(ledger.CHECKS, "lstm.window", missing)
    assert ledger._check("lstm.window", "64").verdict == "not tested by this profile"


def test_a_changed_table_changes_the_verdict(tmp_path):
    """A misprint in table 2 shows: what is recovered is computed, not remembered."""
    for file in config.data_dir().iterdir():
        if file.is_file():
            (tmp_path / file.name).write_bytes(file.read_bytes())
    table = tmp_path / "survey_table_2.csv"
    table.write_text(table.read_text().replace("4.45", "4.41"))
    code = "from apps import claims as ledger; print(ledger._check('figure_6', '').ours)"
    env = {"MUSEGEN_DATA": str(tmp_path), "PATH": ""}
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env
    )
    assert run.stdout != f"{ledger._check('figure_6', '').ours}\n"


def test_holds():
    assert findings.holds(True, 1).verdict == "reproduced"
    assert findings.holds(False, 1, verdict=findings.RECOVERED).verdict == "contradicted"


def test_quick_cannot_contradict_what_takes_training(monkeypatch):
    assert findings.trained(True, 1).verdict == "reproduced"
    assert findings.trained(False, 1, "why") == Finding(
        1, "not tested by this profile", "not reached in quick; why"
    )
    monkeypatch.setenv("MUSEGEN_PROFILE", "paper")
    assert findings.trained(False, 1).verdict == "contradicted"
