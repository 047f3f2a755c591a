"""Every number the report states or leaves open, in one place, and where things are kept.

Each value is tagged with its origin: *report* (section), *ancestor* (HackerPoet/Composer for the
autoencoder, Skuldur/Classical-Piano-Composer for the LSTM) or *ours*.
"""

import math
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True)
class AEConfig:
    """The autoencoder of report 2.2. Notebook: 02_autoencoder_training, "The network"."""

    bars: int = 16  # report 2.2: "16 bars in every input"
    steps_per_bar: int = 24  # report 2.2; LPD-5 has 24 a *beat*: notebook 01, "What is a step?"
    pitches: int = 96  # report 2.2
    lowest_pitch: int = 16  # ancestor: MIDI 16..111
    hidden: tuple[int, ...] = (2000, 200)  # report 2.2, for each bar: 2304 -> 2000 -> 200
    bottleneck: int = 1600  # report 2.2: 3200 -> 1600
    latent: int = 120  # report 2.2
    threshold: float = 0.5  # report 2.2; notebook 04 moves it both ways
    tempo_qpm: tuple[float, float] = (110.0, 130.0)  # report 2.1
    cut: str = "note"  # report 2.1: up to the first note; "bar" (ours) keeps the bar lines
    learning_rate: float = 1e-3  # ours: the report is silent; Adam
    batch: int = 64  # ours: the report is silent
    mended: bool = False  # ancestor, left out by the report: latent linear and normalised, decoder
    # normalised, with dropout; notebook 06
    dropout: float = 0.1  # ancestor; of a mended decoder

    @property
    def least(self) -> float:
        """The lowest that a latent can be: 0 after a ReLU."""
        return -math.inf if self.mended else 0.0

    @property
    def steps_per_beat(self) -> int:
        """A quarter of a bar."""
        return self.steps_per_bar // 4


@dataclass(frozen=True)
class LSTMConfig:
    """The LSTM networks of report 2.3. Notebook: 03_lstm_training, "The small network"."""

    layers: int = 2  # report 2.3; deep: 10
    units: int = 256  # report 2.3; deep: 128
    dropout: float = 0.3  # report 2.3; deep: 0.01
    dense_dropout: bool = True  # ours: the third of the small network's "three dropout layers"
    window: int = 64  # report 2.3: "based on the 64 previous ones"
    ticks_per_beat: int = 2  # ancestor: 0.5 quarter notes
    input_spread: float = 16.0  # ours: how steep the first gates are in token / V (notebook 03)
    open_gates: bool = False  # ours, for ten layers: see `musegen.lstm.open_gates`
    embedding: int = 0  # 0: token / V as input (report 2.1); ours: width of a learned embedding
    learning_rate: float = 1e-3  # ours: the report is silent; Adam
    batch: int = 64  # report 2.3: windows a step
    chunks: int = 16  # ours: chunks a step when trained at every position


@dataclass(frozen=True)
class HeldConfig:
    """The LSTM that holds notes and knows the beat (ours, after report 4.4.1).

    Notebook: 06_beyond_the_report, "The network".
    """

    steps_per_beat: int = 4  # sixteenths: 99.95 % of the chorales' onsets
    layers: int = 1  # report 2.3: two; a second one brings nothing here
    units: int = 256
    embedding: int = 64
    dropout: float = 0.45  # report 2.3: 0.3
    input_dropout: float = 0.25  # ours
    knows_the_chord: bool = True  # the pitch classes of this frame so far and of the one before
    knows_the_beat: bool = True  # step, bar, beats left, the rhythm of this beat some bars ago
    knows_the_outline: bool = True  # onsets a beat still to come, whether in minor, the range
    common_key: bool = True  # all songs in C major or A minor, as report 2.1 has it for the other
    transpose: int = 0  # each epoch every song in another key, so many semitones away at most
    validation: int = 24  # songs behind the training ones that decide which epoch was best
    lanes: int = 64  # songs side by side; each reads on where the last step left it
    chunk: int = 64  # tokens of each lane in a step
    learning_rate: float = 4e-3
    clip: float = 1.0  # most that a step's gradient may weigh


SMALL = LSTMConfig()
DEEP = LSTMConfig(
    layers=10, units=128, dropout=0.01, dense_dropout=False, open_gates=True, learning_rate=3e-4
)
EMBEDDING = LSTMConfig(embedding=64)  # ours: what token / V costs; notebook 03
HELD = HeldConfig()


@dataclass(frozen=True)
class RunConfig:
    """One training: which network, on how many songs, for how long, trained how.

    `trainer` is ``"windows"`` (report 2.3: one target a window), ``"sequences"`` (ours: a target
    at every position of a chunk, about 25 times as many targets a second), ``"bars"`` for the
    autoencoder (one window of 16 bars a song an epoch, its start moved by a bar each epoch) or
    ``"frames"`` for the LSTM that holds notes (whole songs, the state carried on).
    After each epoch in `snapshots` the weights are kept, too: see `musegen.training.Run.at`.
    """

    name: str
    network: AEConfig | LSTMConfig | HeldConfig
    songs: int
    epochs: int
    trainer: str
    seed: int = 2021  # ours
    snapshots: tuple[int, ...] = ()  # ours
    patience: int = 0  # ours: epochs without a better validation loss that end it; 0: all are taken
    last_rate: float = 1.0  # ours: the learning rate of the last epoch, as a share of the first's


@dataclass(frozen=True)
class Profile:
    """A set of runs. `quick` fits into half an hour on two cores, `paper` is the report's.

    `smoke` has the same names and the same songs on tiny networks, for tests: a minute for all.
    """

    name: str
    runs: dict[str, RunConfig]


def _profile(name: str, *runs: RunConfig) -> Profile:
    return Profile(name, {run.name: run for run in runs})


# Layers and songs are the report's own in both profiles. Quick has fewer epochs, so each must do
# more: smaller batches for the 256 songs, larger steps for the small LSTM.
MANY = AEConfig(batch=16)
MENDED = replace(MANY, mended=True)
FAST = replace(SMALL, chunks=32, learning_rate=6e-3)
QUICK = _profile(
    "quick",
    RunConfig("ae_10", AEConfig(), 10, 650, "bars"),
    RunConfig("ae_256", MANY, 256, 60, "bars"),
    RunConfig("ae_mended_256", MENDED, 256, 60, "bars"),
    RunConfig("lstm_small_128", FAST, 128, 100, "sequences", snapshots=(1, 2, 4, 8, 16, 32, 64)),
    RunConfig("lstm_small_256", FAST, 256, 30, "sequences"),
    RunConfig("lstm_deep_128", DEEP, 128, 12, "sequences"),
    RunConfig("lstm_deep_256", DEEP, 256, 6, "sequences"),
    RunConfig("lstm_embedding_128", EMBEDDING, 128, 20, "sequences"),
    RunConfig("held", replace(HELD, units=96, lanes=16), 64, 20, "frames", patience=5),
)
PAPER = _profile(
    "paper",
    RunConfig("ae_10", AEConfig(), 10, 2000, "bars"),  # epochs: ancestor
    RunConfig("ae_256", MANY, 256, 600, "bars", last_rate=0.05),  # until its songs come back
    RunConfig("ae_mended_256", AEConfig(mended=True), 256, 2000, "bars"),  # epochs: ancestor
    RunConfig(  # report 2.3: "over 200 epochs"
        "lstm_small_128", SMALL, 128, 201, "windows", snapshots=(1, 2, 4, 8, 16, 32, 64, 128)
    ),
    RunConfig("lstm_small_256", SMALL, 256, 201, "windows"),
    RunConfig("lstm_deep_128", DEEP, 128, 100, "windows"),  # report 2.3
    RunConfig("lstm_deep_256", DEEP, 256, 100, "windows"),
    RunConfig("lstm_embedding_128", EMBEDDING, 128, 100, "windows"),  # ours
    RunConfig("held", HELD, 256, 24, "frames", patience=8, last_rate=0.05),  # ours
)
SHIPPED = PAPER.runs["held"]  # whose weights lie in data/


TINY = {
    AEConfig: {"hidden": (16, 8), "bottleneck": 16, "latent": 12, "learning_rate": 1e-2},
    LSTMConfig: {"layers": 2, "units": 8},
    HeldConfig: {"units": 8, "embedding": 8},
}
SMOKE = _profile(
    "smoke",
    *(
        replace(run, network=replace(run.network, **TINY[type(run.network)]), epochs=2)
        for run in (replace(run, snapshots=run.snapshots[:1]) for run in QUICK.runs.values())
    ),
)
PROFILES = {profile.name: profile for profile in (SMOKE, QUICK, PAPER)}


@dataclass(frozen=True)
class Settings:
    """What a command or a notebook settles before anything is read or trained.

    Attributes
    ----------
    profile : str
        ``"quick"``, ``"paper"`` or, for tests, ``"smoke"``.
    source : str
        The corpus: see `musegen.corpus.load`.
    dask : str or None
        Address of a Dask scheduler that shares out reading and training.

    Raises
    ------
    ValueError
        If there is no such profile.
    """

    profile: str = "quick"
    source: str = "chorales"
    dask: str | None = None

    def __post_init__(self):
        if self.profile not in PROFILES:
            raise ValueError(f"profile is {self.profile!r}; it must be {', '.join(PROFILES)}")

    @property
    def runs(self) -> dict[str, RunConfig]:
        """The runs of the profile, by name."""
        return PROFILES[self.profile].runs


# The environment is read below and nowhere else.


def default() -> Settings:
    """Settle what nobody has said: ``MUSEGEN_PROFILE``, ``MUSEGEN_SOURCE``, ``MUSEGEN_DASK``."""
    names = ("profile", "source", "dask")
    said = {name: os.environ.get(f"MUSEGEN_{name.upper()}") for name in names}
    return Settings(**{name: value for name, value in said.items() if value})


def build_dir() -> Path:
    """Find where everything made goes: ``build/`` unless ``MUSEGEN_BUILD`` moves it."""
    return Path(os.environ.get("MUSEGEN_BUILD", root() / "build"))


def keras_backend() -> str:
    """Name Keras's backend: tensorflow unless ``KERAS_BACKEND`` says otherwise."""
    return os.environ.get("KERAS_BACKEND") or "tensorflow"


def progress() -> bool:
    """Tell tqdm whether to be silent, as its `disable` has it.

    It is where stderr is no terminal, so that stored outputs of notebooks stay clean, unless
    ``MUSEGEN_PROGRESS=1``.
    """
    return not (sys.stderr.isatty() or os.environ.get("MUSEGEN_PROGRESS") == "1")


def root() -> Path:
    """Find the clone: where README.md stands."""
    return Path(__file__).resolve().parent.parent


def data_dir() -> Path:
    """Find the committed inputs."""
    return root() / "data"
