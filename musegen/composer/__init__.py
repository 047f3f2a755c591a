"""The autoencoder as an instrument: sliders for what its songs differ by, the music at once.

After HackerPoet/Composer, the reference implementation of the report's autoencoder. The page
(``composer.js``) holds the state: 120 numbers, threshold, tempo and instrument. Python answers its
questions, each for itself, so that several pages may ask one `Composer`: in a notebook through a
widget, on a plain page through `apps.composer.server`.
"""

import tempfile
from pathlib import Path

import numpy as np

from musegen import generation, metrics, player
from musegen.config import GANConfig
from musegen.song import Song
from musegen.training import Run

# The names that player.js has tones for: their General MIDI programs, for files.
INSTRUMENTS = {"piano": 0, "harpsichord": 6, "music box": 10, "organ": 19, "strings": 48}
SLIDERS = 24  # ours: a screenful; `random` and the songs move the other components, too


class Composer:
    """Sliders for the principal components of the training songs' latents, and what they play.

    A GAN's are its numbers of noise: as it never saw a latent of a song, it has no songs to load,
    and cannot be asked to clean.

    As the last line of a cell it is a widget; where no kernel answers, a player of its first song.

    Parameters
    ----------
    run : Run
        Of an autoencoder or a GAN.

    Attributes
    ----------
    song : Song
        What was played last.

    Notes
    -----
    Report 2.2 and 4.2.1. Notebook: 04_generation, "The composer".
    """

    def __init__(self, run: Run):
        self.run = run
        size, self.is_gan = run.cfg.network.latent, isinstance(run.cfg.network, GANConfig)
        if self.is_gan:  # plain normal noise, and no song has a latent
            noise = generation.Noise(np.zeros(size), np.eye(size))
            self.first_bars = np.zeros((0, size))
        else:
            noise = generation.Noise.of(generation.latents_of_training(run))
            self.first_bars = generation.encode(run, run.bars.windows(0))  # float32 (song, 120)
        self.lowest = -1e6 if self.is_gan else 0  # of a latent's numbers: the encoder has ReLUs
        varied = noise.explained > 1e-3  # ours: nobody hears the others
        self.mean, self.components = noise.mean, noise.components[varied]
        self.explained = noise.explained[varied]
        self.windows = metrics.NearestWindow(run)
        self.effects = self._effects().round(2).tolist()
        self.song = self._song(self._cells(self.mean), run.cfg.network.threshold)

    def __repr__(self) -> str:
        return f"Composer({self.run!r})"

    def answer(self, asked: dict, latent: bytes = b"") -> tuple[dict, list[bytes]]:
        """Answer the page.

        Parameters
        ----------
        asked : dict
            ``"ask"`` names one of the methods here: ``start``, ``play``, ``clean`` or ``save``;
            the rest are its arguments.
        latent : bytes
            The 120 numbers as float32; what is negative counts as 0, but of a GAN.

        Returns
        -------
        tuple of dict and list of bytes
            What is said, as JSON takes it, and arrays. ``{"error": sentence}`` if it cannot be.
        """
        arguments = dict(asked)
        name = arguments.pop("ask", None)
        try:
            if name not in ("start", "play", "clean", "save"):
                raise ValueError(f"nobody here knows {name!r}")
            if name != "start":
                arguments["latent"] = self._latent(latent)
            return getattr(self, name)(**arguments)
        except (ValueError, TypeError, OSError) as error:
            return {"error": str(error)}, []

    def _latent(self, latent: bytes) -> np.ndarray:
        wanted = self.run.cfg.network.latent
        if len(latent) != 4 * wanted:
            raise ValueError(f"a latent has {wanted} numbers, this one {len(latent) / 4:g}")
        x = np.frombuffer(latent, "<f4")
        if not np.isfinite(x).all():
            raise ValueError("a latent has a number that is none")
        return x.clip(self.lowest, 1e6)

    def start(self) -> tuple[dict, list[bytes]]:
        """Tell the page what it needs: mean, directions and their spread, songs, instruments."""
        cfg = self.run.cfg.network
        said = {
            "run": self.run.folder.name,
            "name": self.run.cfg.name,
            "songs": [song.title for song in self.run.songs[: len(self.first_bars)]],
            "explained": self.explained[:SLIDERS].round(5).tolist(),
            "effects": self.effects,
            "threshold": cfg.threshold,
            "tempo": generation.TEMPO_QPM,
            "instruments": list(INSTRUMENTS),
            "colour": player.colour_of(self.song),
            "length": cfg.bars * cfg.steps_per_bar,
            "stepsPerBeat": cfg.steps_per_beat,
            "low": cfg.lowest_pitch,
        }
        arrays = (self.mean, self.components, self.first_bars)
        return said, [array.astype("<f4").tobytes() for array in arrays]

    def play(self, latent: np.ndarray, threshold: float) -> tuple[dict, list[bytes]]:
        """Decode: a byte a cell, pitch by pitch; and the nearest training song."""
        cells = self._cells(latent)
        nearest = self.windows.nearest(cells > _number(threshold, 0, 1, "threshold"))
        self.song = self._song(cells, threshold)
        levels = (cells * 256).clip(max=255).astype(np.uint8)
        # (pitch, time)
        return {"nearest": nearest._asdict()}, [levels.reshape(-1, levels.shape[-1]).T.tobytes()]

    def clean(self, latent: np.ndarray, threshold: float) -> tuple[dict, list[bytes]]:
        """Encode what is heard: the nearest song that the network itself would describe so."""
        if self.is_gan:
            raise ValueError("a GAN has no encoder; only an autoencoder can clean what is heard")
        heard = self._cells(latent) > _number(threshold, 0, 1, "threshold")
        return {}, [generation.encode(self.run, heard[None])[0].astype("<f4").tobytes()]

    def save(self, latent, threshold, tempo, instrument: str, suffix: str):
        """Write what is heard as a file for the page to hand out; answers as the others do."""
        if instrument not in INSTRUMENTS:
            raise ValueError(f"the instruments are {', '.join(INSTRUMENTS)}, not {instrument}")
        song = self._song(self._cells(latent), threshold, _number(tempo, 20, 400, "tempo"))
        return {"file": f"composer{suffix}"}, [written(song, suffix, INSTRUMENTS[instrument])]

    def _effects(self) -> np.ndarray:
        """Measure what each slider changes around the mean song, from -2 to 2 sigma: (slider, 3).

        Semitones (mean pitch), sounding cells (log2 of their ratio), bars (mean time).
        """
        ends = self.mean + np.outer((-2, 2), self.components[:SLIDERS]).reshape(-1, len(self.mean))
        heard = self._decoded(ends.clip(self.lowest)) > self.run.cfg.network.threshold
        count = heard.sum((1, 2, 3)).clip(1)
        pitch = heard.sum((1, 2)) @ np.arange(heard.shape[3]) / count
        bar = heard.sum((2, 3)) @ np.arange(heard.shape[1]) / count
        return np.diff(np.stack([pitch, np.log2(count), bar]).reshape(3, 2, -1), axis=1)[:, 0].T

    def _cells(self, latent: np.ndarray) -> np.ndarray:
        return self._decoded(latent[None])[0]

    def _decoded(self, latents: np.ndarray) -> np.ndarray:
        decode = generation.gan_cells if self.is_gan else generation.decode
        return decode(self.run, latents)

    def _song(self, cells, threshold: float, tempo: float = generation.TEMPO_QPM) -> Song:
        level, title = _number(threshold, 0, 1, "threshold"), f"Composer, {self.run.cfg.name}"
        return generation.song_from_cells(self.run, cells, level, title=title, tempo_qpm=tempo)

    def _repr_mimebundle_(self, include=None, exclude=None):
        bundle, _ = _widget(self)._repr_mimebundle_()
        # Where no kernel answers, and in the exported page, there is still a song to play.
        return bundle | {"text/plain": repr(self), "text/html": self.song._repr_html_()}


def written(song: Song, suffix: str, program: int) -> bytes:
    """Write a song as MIDI or sound."""
    with tempfile.TemporaryDirectory() as folder:
        path = (Path(folder) / "composer").with_suffix(suffix)
        (song.to_midi if suffix == ".mid" else song.to_audio)(path, program)
        return path.read_bytes()


def _number(value, low: float, high: float, name: str) -> float:
    if not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"{name} is {value!r}; it must be a number from {low} to {high}")
    return float(value)


def _widget(composer: Composer):
    """Put a composer into a notebook: anywidget carries questions and answers."""
    import anywidget

    class ComposerWidget(anywidget.AnyWidget):
        _esm = script("export default { render: renderInNotebook };")
        _css = style()

    widget = ComposerWidget()

    def reply(_, asked: dict, buffers: list) -> None:
        said, arrays = composer.answer(asked["said"], bytes(buffers[0]) if buffers else b"")
        widget.send({"id": asked["id"], "said": said}, arrays)

    widget.on_msg(reply)
    return widget


def script(ending: str) -> str:
    """Give ``composer.js`` and the player it builds on as one module that ends with `ending`."""
    text = (Path(__file__).parent / "composer.js").read_text(encoding="utf-8")
    own = text[text.index("// ---") : text.index("\nexport {")]  # without imports and exports
    return "\n".join([player.script(), own, ending])


def style() -> str:
    """Give the style sheets of composer and player."""
    return player.style() + (Path(__file__).parent / "composer.css").read_text(encoding="utf-8")
