"""Ship a trained network: into ``data/runs/``, rounded to what keeps its notes.

An LSTM's weights become float16; an autoencoder's, eight bits with a scale for each column. The
songs that figures 9-11 choose from are generated once, by the rounded weights, and lie beside them.
LPD-5's songs are not ours to give, so what is measured with their help lies there, too; of its
autoencoders, whose weights would double the size of ``data/``, only the two songs of a figure do.
"""

import json
from dataclasses import asdict, replace

import numpy as np

from musegen import config, files, generation, metrics, training
from musegen.config import AEConfig, GANConfig, LSTMConfig, Settings, VoicesConfig
from musegen.training import Run, run_folder
from musegen.training.run_folder import CONFIG, LISTENER, MEASURED, SONGS_FILE, WEIGHTS, write_songs

WINDOWS = 4096  # on which it is counted what the rounding changes


def command(options, settings: Settings) -> None:
    """Do ``python -m musegen ship``."""
    run = ship(options.run, settings)
    print(f"{run.cfg.name} is in {run.folder}: {run.manifest['rounding']}")


def ship(name: str, settings: Settings) -> Run:
    """Train a network of the report, unless it is in ``build/``, and put it into ``data/runs/``.

    Raises
    ------
    ValueError
        If none comes with musegen that is trained on such songs.
    """
    kind = settings.source.partition(":")[0]
    if name not in config.RUNS_ON.get(kind, ()):
        raise ValueError(
            f"{name} on {kind} does not come with musegen; LPD-5's and the chorales' do"
        )
    run = training.load_or_train(config.RUNS_ON[kind][name], settings, again=True)
    return copy(run, training.shipped(name, kind).folder)


def copy(run: Run, to, **facts) -> Run:
    """Copy a finished run to another folder, where it is whole under that folder's name.

    Parameters
    ----------
    run : Run
    to : Path
    **facts
        What else its manifest is to say.

    Raises
    ------
    OSError
        If the run is damaged or not finished; what was there before stays.
    """
    about = run_folder.read_manifest(run.folder)
    kind, network = run.source.partition(":")[0], run.cfg.network
    contents = {name: run.read(name) for name in about["files"] if name != WEIGHTS}
    contents[CONFIG] = json.dumps(asdict(run.cfg), indent=1).encode()
    for name, content in contents.items():
        files.write(to / name, content)
    about |= {"folder": to.name, "corpus": kind, "profile": "report", **facts}
    about["files"] = {name: run_folder.hash_of(content) for name, content in contents.items()}

    def keep(name: str) -> None:
        about["files"][name] = run_folder.hash_of((to / name).read_bytes())
        run_folder.write_manifest(to, about)

    names = {"names": run.names} if isinstance(network, VoicesConfig) else None
    arrays = rounded(run.weights, isinstance(network, AEConfig))
    run_folder.write_arrays(to / WEIGHTS, arrays, names)
    keep(WEIGHTS)
    if LISTENER in about["files"]:
        weights, sung = run.listener
        run_folder.write_arrays(to / LISTENER, [weights.astype(np.float16), sung])
        keep(LISTENER)
    shipped = replace(run, folder=to)
    about["rounding"] = changed(run, shipped)
    if isinstance(network, AEConfig):
        about |= measured(shipped)
        if kind == "lpd5":
            cells = [_cells(song, network) for song in generation.shown_songs(shipped)]
            write_songs(
                to / SONGS_FILE.format("shown"), np.rint(255 * np.stack(cells)).astype(np.uint8)
            )
            del about["files"][WEIGHTS]
            (to / WEIGHTS).unlink()
            keep(SONGS_FILE.format("shown"))
    elif isinstance(network, LSTMConfig) and not network.embedding:
        for way in generation.WAYS:
            write_songs(
                to / SONGS_FILE.format(way), np.int16(generation.report_songs(shipped, way))
            )
            keep(SONGS_FILE.format(way))
        for kept in to.glob("songs-*-*.npy"):  # else they would be taken for the next weights' own
            kept.unlink()
        if kind == "lpd5":
            measured_songs(run, replace(run, folder=to)).to_csv(to / MEASURED, index=False)
            keep(MEASURED)
    run_folder.write_manifest(to, about)
    return replace(run, folder=to)


def _cells(song, network: AEConfig) -> np.ndarray:
    """Cut the probabilities of a song as `musegen.generation.song_from_cells` takes them."""
    lowest, shape = network.lowest_pitch, (-1, network.steps_per_bar, network.pitches)
    return song.probabilities[:, lowest : lowest + network.pitches].reshape(shape)


def measured_songs(run: Run, shipped: Run):
    """Measure the songs of an LSTM, and say which has which of the report's artefacts ("few?")."""
    ways = [generation.report_songs(shipped, way) for way in generation.WAYS]
    songs = [generation.play(run, places, "") for places in np.concatenate(ways)]
    people = metrics.ReferenceCorpus.of(run)
    found = people.has_artefacts(people.measures(songs)).add_suffix("?")
    return metrics.measure_songs(shipped).join(found.reset_index(drop=True))


def measured(run: Run) -> dict:
    """Tell how much of its songs an autoencoder gives back, and what figure 7 or 8 is like."""
    facts, level = {"nearest": []}, run.cfg.network.threshold
    for part, bars in (("training", run.bars), ("test", run.test_bars)):
        found = metrics.gives_back(run, bars)
        facts |= {f"{part}_recall": found.recall, f"{part}_precision": found.precision}
    windows = metrics.NearestWindow(run)
    for song in generation.shown_songs(run):
        near = windows.nearest(_cells(song, run.cfg.network) > level)
        facts["nearest"].append([near.title, near.bar, near.share])
    return facts


def rounded(weights: list[np.ndarray], eight: bool) -> list[np.ndarray]:
    """Round arrays; `musegen.training.run_folder.unrounded` reads them."""
    arrays = []
    for one in weights:
        if not eight:
            arrays.append(one.astype(np.float16))
        elif one.ndim == 2:
            scale = (np.abs(one).max(axis=0) / 127 + 1e-12).astype(np.float32)
            arrays += [np.rint(one / scale).astype(np.int8), scale]
        else:
            arrays.append(one)
    return arrays


def changed(run: Run, shipped: Run) -> str:
    """Say what the rounding changes, on training songs."""
    if isinstance(run.cfg.network, VoicesConfig):
        found = [
            np.concatenate(metrics.voices_log_p(one, one.validation)) for one in (run, shipped)
        ]
        before, after = (-one.mean() for one in found)
        return f"float16: {before:.5f} nats a note become {after:.5f} on validation songs"
    if isinstance(run.cfg.network, GANConfig):
        noise = np.random.default_rng(0).standard_normal((WINDOWS // 16, run.cfg.network.latent))
        before, after = (generation.gan_cells(one, noise) > 0.5 for one in (run, shipped))
        return f"float16: {(before != after).sum()} of {before.sum()} sounding cells change"
    if isinstance(run.cfg.network, AEConfig):
        differ = sounding = 0
        for bars in run.bars.by_song():
            before, after = (generation.given_back(one, bars) for one in (run, shipped))
            differ, sounding = differ + (before != after).sum(), sounding + bars.sum()
        return f"8 bits: {differ} of {sounding} sounding cells change"
    windows = run.tokens.cut(0).inputs[:WINDOWS]
    before, after = (
        one.model.predict(windows, verbose=0).argmax(axis=-1) for one in (run, shipped)
    )
    return f"float16: {(before != after).sum()} of {len(windows)} next tokens change"
