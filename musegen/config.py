"""Every number the report states or leaves open, in one place, and where things are kept.

Each value is tagged with its origin: *report* (section), *reference* (the reference implementation:
HackerPoet/Composer for the autoencoder, Skuldur/Classical-Piano-Composer for the LSTM) or *ours*.
"""

import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True)
class RollConfig:
    """What a network sees as a piano-roll: the autoencoder's input, report 2.1 and 2.2."""

    bars: int = 16  # report 2.2: "16 bars in every input"
    steps_per_bar: int = 24  # report 2.2; LPD-5 has 24 a *beat*: notebook 01, "What is a step?"
    pitches: int = 96  # report 2.2
    lowest_pitch: int = 16  # reference: MIDI 16..111
    latent: int = 120  # report 2.2
    threshold: float = 0.5  # report 2.2; notebook 02 moves it both ways
    tempo_qpm: tuple[float, float] = (110.0, 130.0)  # report 2.1
    cut: str = "note"  # report 2.1: up to the first note; "bar" (ours) keeps the bar lines
    learning_rate: float = 1e-3  # ours: the report is silent; Adam
    batch: int = 64  # ours: the report is silent

    @property
    def steps_per_beat(self) -> int:
        """A quarter of a bar."""
        return self.steps_per_bar // 4


@dataclass(frozen=True)
class AEConfig(RollConfig):
    """The autoencoder of report 2.2. Notebook: 02_autoencoder_training, "The network"."""

    hidden: tuple[int, ...] = (2000, 200)  # report 2.2, for each bar: 2304 -> 2000 -> 200
    bottleneck: int = 1600  # report 2.2: 3200 -> 1600


@dataclass(frozen=True)
class GANConfig(RollConfig):
    """The generative adversarial network (ours). Notebook: 07_the_gan, "The two networks"."""

    bars: int = 4
    units: int = 128  # of each layer of generator and critic
    critic_steps: int = 5  # for each of the generator; Gulrajani and others
    penalty: float = 10.0  # weight of the critic's slope; likewise
    beta_1: float = 0.5  # of Adam: a short memory, as the opponent changes
    beta_2: float = 0.9
    binary: bool = True  # the critic sees notes, not how sure the generator is of them
    learning_rate: float = 5e-4
    batch: int = 32


@dataclass(frozen=True)
class LSTMConfig:
    """The LSTM networks of report 2.3. Notebook: 03_lstm_training, "The small network"."""

    layers: int = 2  # report 2.3; deep: 10
    units: int = 256  # report 2.3; deep: 128
    dropout: float = 0.3  # report 2.3; deep: 0.01
    dense_dropout: bool = True  # ours: the third of the small network's "three dropout layers"
    window: int = 64  # report 2.3: "based on the 64 previous ones"
    ticks_per_beat: int = 2  # reference: 0.5 quarter notes
    input_spread: float = 16.0  # ours: how steep the first gates are in token / V (notebook 03)
    open_gates: bool = False  # ours, for ten layers: see `musegen.lstm.open_gates`
    embedding: int = 0  # 0: token / V as input (report 2.1); ours: width of a learned embedding
    learning_rate: float = 1e-3  # ours: the report is silent; Adam
    batch: int = 64  # report 2.3: windows a step
    chunks: int = 16  # ours: chunks a step when trained at every position


@dataclass(frozen=True)
class VoicesConfig:
    """The network of four voices (ours). Notebook: 06_beyond_the_report, "The network"."""

    voices: int = 4
    units: int = 256
    hidden: int = 192  # of each voice
    pitch_width: int = 32  # of the tables of pitches, intervals and everything else
    interval_width: int = 12
    width: int = 8
    input_dropout: float = 0.25
    dropout: float = 0.5  # of the LSTM's state
    voice_dropout: float = 0.4
    transpose: int = 6  # each epoch every piece in another key, so many semitones away at most
    conditioned: float = 0.7  # share of pieces that are trained with some conditions
    told: float = 0.8  # share of the conditions that such a piece is told
    validation: int = 24  # of other songs than the chorales: those that decide when to stop
    batch: int = 16  # pieces a step
    chunk: int = 256  # frames of each
    learning_rate: float = 3e-3
    decay: float = 0.01  # of weights
    clip: float = 1.0  # most that a step's gradient may weigh
    rounds: int = 10  # of listening to its own songs, then


SMALL = LSTMConfig()
DEEP = LSTMConfig(
    layers=10, units=128, dropout=0.01, dense_dropout=False, open_gates=True, learning_rate=3e-4
)
EMBEDDING = LSTMConfig(embedding=64)  # ours: what token / V costs; notebook 03


@dataclass(frozen=True)
class RunConfig:
    """One training: which network, on how many songs, for how long, trained how.

    `trainer` is ``"windows"`` (report 2.3: one target a window), ``"sequences"`` (ours: a target
    at every position of a chunk, about 25 times as many targets a second), ``"bars"`` for
    piano-rolls (one window of 16 or 4 bars a song an epoch, its start moved by a bar each epoch) or
    ``"pieces"`` for the network of four voices (a part of each piece an epoch).
    """

    name: str
    network: AEConfig | LSTMConfig | VoicesConfig | GANConfig
    songs: int
    epochs: int
    trainer: str
    seed: int = 2021  # ours
    patience: int = 0  # ours: epochs without a better validation loss that end it; 0: all are taken
    last_rate: float = 1.0  # ours: the learning rate of the last epoch, as a share of the first's
    minutes: float = 0.0  # ours: the most that it may take; 0: all epochs are taken


def _faster(run: RunConfig, **changes) -> RunConfig:
    """Change a run; one of windows is taught at every position, to see more in less time."""
    trainer = "sequences" if run.trainer == "windows" else run.trainer
    return replace(run, trainer=trainer, **changes)


# The report's own numbers. All but the first are trained already: see data/README.md.
RUNS = (
    RunConfig("ae_10", AEConfig(), 10, 650, "bars"),  # epochs: ours, until its songs come back
    RunConfig("ae_256", AEConfig(batch=16), 256, 600, "bars", last_rate=0.05),  # likewise
    RunConfig("lstm_small_128", SMALL, 128, 201, "windows"),  # report 2.3: "over 200 epochs"
    RunConfig("lstm_small_256", SMALL, 256, 201, "windows"),
    RunConfig("lstm_deep_128", DEEP, 128, 100, "windows"),  # report 2.3
    RunConfig("lstm_deep_256", DEEP, 256, 100, "windows"),
    RunConfig("lstm_embedding_128", EMBEDDING, 128, 20, "sequences"),  # ours
    RunConfig("four_voices", VoicesConfig(), 256, 70, "pieces", patience=15, last_rate=0.01),
    RunConfig("gan", GANConfig(), 256, 300, "bars", last_rate=0.1),
)
REPORT = {run.name: run for run in RUNS}
OURS = ("lstm_embedding_128", "four_voices", "gan")  # networks that the report has not
TINY = {
    AEConfig: {"hidden": (16, 8), "bottleneck": 16, "latent": 12, "learning_rate": 1e-2},
    LSTMConfig: {"layers": 2, "units": 8},
    VoicesConfig: {"units": 8, "hidden": 8, "rounds": 1},
    GANConfig: {"units": 4, "latent": 12},
}
SMOKE = {
    name: _faster(run, network=replace(run.network, **TINY[type(run.network)]), epochs=2)
    for name, run in REPORT.items()
}
PROFILES = {"report": REPORT, "smoke": SMOKE}
# The trained networks that come with musegen, by the kind of songs. On the report's own data one
# target a window would take days without a GPU: as many targets, many-to-many.
LPD5 = {name: _faster(run) for name, run in REPORT.items() if name not in OURS}
# Its songs have eight times as many bars, so that an autoencoder has to see them more often.
LPD5["ae_10"] = replace(LPD5["ae_10"], epochs=5000, last_rate=0.05)
LPD5["ae_256"] = replace(LPD5["ae_256"], epochs=1500)  # ours: as far as two hours of two cores got
RUNS_ON = {"chorales": REPORT, "lpd5": LPD5}


@dataclass(frozen=True)
class Settings:
    """What a command or a notebook settles before anything is read or trained.

    Attributes
    ----------
    profile : str
        ``"report"``, the report's numbers, or, for tests, ``"smoke"``: tiny networks of the same
        names on the same songs.
    source : str
        The corpus: see `musegen.corpus.load`.
    dask : str or None
        Address of a Dask scheduler that shares out reading and training.
    minutes : float
        On other songs than the chorales: how long all trainings take together.

    Raises
    ------
    ValueError
        If there is no such profile, the scheduler is no address or the minutes are not above 0.
    """

    profile: str = "report"
    source: str = "chorales"
    dask: str | None = None
    minutes: float = 30.0

    def __post_init__(self):
        if self.profile not in PROFILES:
            raise ValueError(f"profile is {self.profile!r}; it must be {', '.join(PROFILES)}")
        if self.dask and not self.dask.rpartition(":")[2].isdigit():
            raise ValueError(f"the Dask scheduler is {self.dask!r}; it must be tcp://HOST:PORT")
        if not self.minutes > 0:
            raise ValueError(f"minutes of training are {self.minutes:g}; they must be above 0")

    @property
    def runs(self) -> dict[str, RunConfig]:
        """The runs, by name; on other songs than the chorales each has a share of the minutes."""
        runs = PROFILES[self.profile]
        if self.source == "chorales" or self.profile == "smoke":
            return runs
        share = self.minutes / len(runs)
        return {name: _faster(run, minutes=share) for name, run in runs.items()}


# The environment is read below and nowhere else.


def default() -> Settings:
    """Settle what nobody has said by ``MUSEGEN_PROFILE``, ``_SOURCE``, ``_DASK``, ``_MINUTES``."""
    names = ("profile", "source", "dask", "minutes")
    said = {name: os.environ.get(f"MUSEGEN_{name.upper()}") for name in names}
    said["minutes"] = said["minutes"] and float(said["minutes"])
    said["source"] = absolute(said["source"] or "chorales", root())  # notebooks have a folder
    return Settings(**{name: value for name, value in said.items() if value})


def absolute(source: str, folder: Path) -> str:
    """Make the path in a source good for every working directory."""
    kind, _, path = source.partition(":")
    return f"{kind}:{(folder / Path(path).expanduser()).resolve()}" if path else source


def build_dir() -> Path:
    """Find where everything made goes: ``build/``, unless ``MUSEGEN_BUILD`` moves it."""
    return root() / (os.environ.get("MUSEGEN_BUILD", "").strip() or "build")


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
