"""The ledger: every claim once, every claim checked, no verdict without a reason to believe it."""

import shutil
import subprocess
import sys

import pytest

from apps import claims
from apps.claims import Finding, findings
from musegen import config, training

REPORT, OTHER = config.Settings(), config.Settings(source="midi:songs", minutes=5)


@pytest.fixture(scope="module")
def frame():
    """The ledger where nothing was trained yet."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training.Run, "finished", lambda run: False)
        return claims.ledger(REPORT).set_index("claim")


def test_every_claim_has_one_check_and_every_check_a_claim():
    listed = claims.claims()
    assert listed["claim"].is_unique
    assert sorted(listed["claim"]) == sorted([*claims.CHECKS, *claims.OF_SETTINGS])
    sections = [tuple(map(int, section.split("."))) for section in listed["section"]]
    assert sections == sorted(sections)


def test_columns_and_verdicts(frame):
    columns = ["section", "report", "ours", "verdict", "why", "profile", "corpus"]
    assert list(frame.columns) == columns
    assert set(frame["verdict"]) <= set(findings.VERDICTS)
    assert ((frame["ours"].astype(str) != "") | (frame["why"] != "")).all()
    assert sum(claim.startswith("table_1: ") for claim in frame.index) == 3 * 5


@pytest.mark.parametrize(
    ("claim", "ours", "verdict"),
    [
        ("ae.input", "16 x 24 x 96", "reproduced"),
        ("ae.latent", "120", "reproduced"),
        ("small.lstms", "2 of 256", "reproduced"),
        ("deep.dropouts", "10 of 0.01", "reproduced"),
        ("figure_1", "shown in 02_autoencoder_training", "reproduced"),
        ("survey.answers", 58, "recovered"),
        ("table_1: Arithmetic mean, LSTM small dataset", "2.53", "recovered"),
        ("survey.27", "27 is at LSTM large dataset, grade 2", "contradicted"),
        ("survey.definition", "without 3", "contradicted"),
        ("lstm.duration", "0.25 s", "contradicted"),
        ("lstm.plots", "", "not recoverable"),
        ("ae.recreates", "", "not tested here"),  # nothing is trained for it
    ],
)
def test_finding(frame, claim, ours, verdict):
    assert (frame.loc[claim, "ours"], frame.loc[claim, "verdict"]) == (ours, verdict)


def test_a_short_training_on_other_songs_contradicts_nothing():
    assert claims.check("small.epochs", "201", REPORT) == Finding("201 epochs", "reproduced")
    verdicts = [claims.check("small.batch", "64", where).verdict for where in (REPORT, OTHER)]
    assert verdicts == ["reproduced", "not tested here"]
    assert findings.trained(OTHER, True, 1).verdict == "reproduced"
    late = Finding(1, "not tested here", "not reached in 5 minutes of training; why")
    assert findings.trained(OTHER, False, 1, "why") == late
    assert findings.trained(REPORT, False, 1).verdict == "contradicted"


def test_a_wrong_claim_is_contradicted():
    assert claims.check("lstm.window", "64", REPORT).verdict == "reproduced"
    assert claims.check("lstm.window", "65", REPORT).verdict == "contradicted"


def test_a_changed_table_changes_the_verdict(tmp_path):
    """A misprint in table 2 shows: what is recovered is computed, not remembered."""
    without = shutil.ignore_patterns("runs")
    shutil.copytree(config.data_dir(), tmp_path, ignore=without, dirs_exist_ok=True)
    table = tmp_path / "survey_table_2.csv"
    table.write_text(table.read_text().replace("4.45", "4.41"))
    code = (
        "import pathlib, sys; from musegen import config; from apps import claims; "
        "config.data_dir = lambda: pathlib.Path(sys.argv[1]); "
        "print(claims.check('figure_6', '', config.Settings()).ours)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=config.root())
    assert run.stdout != f"{claims.check('figure_6', '', REPORT).ours}\n"
