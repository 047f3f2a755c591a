"""Figures 1-4 of the report, which explain the networks, and the curves of their training."""

import numpy as np

from musegen.figures.rolls import SOURCE_OF
from musegen.figures.style import COLOURS, SOURCES, new_figure

BLUE, ORANGE = "#B3D4EA", "#F5D08F"


def figure_1():
    """Draw the autoencoder layer by layer: the size of each, and what shrinks it.

    Notes
    -----
    Report 2.2, figure 1. Notebook: 02_autoencoder_training, "Figure 1".
    """
    names = ["16×24×96", "16×2304", "16×2000", "16×200", "3200", "1600", "120"]
    names = [*names, *names[-2::-1]]
    heights = [np.prod([int(n) for n in name.split("×")]) ** 0.33 / 33 for name in names]
    fig, ax = new_figure(figsize=(10, 3))
    for x, (name, height) in enumerate(zip(names, heights, strict=True)):
        colour = ORANGE if name == "120" else BLUE
        ax.bar(x, height, 0.5, -height / 2, color=colour, edgecolor="black", lw=0.6)
        ax.text(x, -0.66, name, ha="center", va="top", fontsize=8, rotation=30)
        if x:
            _arrow(ax, (x - 0.72, 0), (x - 0.28, 0))
    for x, text in ((2.5, "encoder"), (6, "latent"), (9.5, "decoder")):
        ax.text(x, 0.62, text, ha="center")
    ax.set(title="Figure 1. The autoencoder", xlim=(-0.6, 12.6), ylim=(-0.95, 0.75))
    ax.axis("off")
    return fig


def figure_2():
    """Draw a recurrent network: what it gives goes back into it.

    Notes
    -----
    Report 2.3, figure 2. Notebook: 03_lstm_training, "Figures 2 and 3".
    """
    fig, ax = new_figure(figsize=(3, 2.8))
    _cell(ax, 0, "X", "Y", "H")
    _arrow(ax, (0.3, 0.15), (0.3, -0.15), arc=2.6)
    ax.set(title="Figure 2. A recurrent network", xlim=(-1, 1.3), ylim=(-1.2, 1.2))
    ax.axis("off")
    return fig


def figure_3(steps: int = 4):
    """Draw the same network unrolled: one copy a time step, all with the same weights.

    Notes
    -----
    Report 2.3, figure 3. Notebook: 03_lstm_training, "Figures 2 and 3".
    """
    fig, ax = new_figure(figsize=(8, 2.8))
    for t in range(steps):
        _cell(ax, 1.5 * t, f"$X_{t}$", f"$Y_{t}$", "H")
        _arrow(ax, (1.5 * t + 0.25, 0), (1.5 * t + 1.25, 0))
    ax.set(title="Figure 3. Unrolled", xlim=(-0.8, 1.5 * steps), ylim=(-1.2, 1.2))
    ax.axis("off")
    return fig


def figure_4():
    """Draw an LSTM cell: the gates f, i and o, the candidate g, the state H.

    Notes
    -----
    Report 2.3, figure 4; its H is the state that others call C.
    Notebook: 03_lstm_training, "Figure 4".
    """
    fig, ax = new_figure(figsize=(9, 3.6))
    for x, gate, does in ((2, "f", "forget"), (3.6, "i", "select"), (4.8, "g", "write")):
        _box(ax, x, 1, f"{gate}\n{'tanh' if gate == 'g' else 'sig'}", ORANGE)
        ax.text(x + 0.38, 1.32, does, fontsize=8, color="#555555")
    _box(ax, 6.6, 1, "o\nsig", ORANGE)
    ax.text(6.98, 1.32, "show", fontsize=8, color="#555555")
    ax.plot([0, 9], [3, 3], color="black", lw=1.2)  # the state runs through
    ax.plot([0.6, 6.6], [0, 0], color="black", lw=1.2)  # last output and input, stacked
    for x in (2, 3.6, 4.8, 6.6):
        _arrow(ax, (x, 0), (x, 0.62))
    for x, y, sign in ((2, 3, "×"), (4.2, 2.2, "×"), (4.2, 3, "+"), (7.8, 1, "×")):
        _box(ax, x, y, sign, "white", "circle")
    _arrow(ax, (2, 1.38), (2, 2.8))
    _arrow(ax, (3.6, 1.38), (4.1, 2.02))
    _arrow(ax, (4.8, 1.38), (4.3, 2.02))
    _arrow(ax, (4.2, 2.4), (4.2, 2.8))
    _box(ax, 7.8, 2.1, "tanh", BLUE)
    _arrow(ax, (7.8, 3), (7.8, 2.48))
    _arrow(ax, (7.8, 1.72), (7.8, 1.2))
    _arrow(ax, (6.98, 1), (7.6, 1))
    _arrow(ax, (8, 1), (9, 1))
    labels = ((-0.1, 3, "$H_{t-1}$", "right"), (9.1, 3, "$H_t$", "left"))
    labels += ((0.5, 0, "$[Y_{t-1}, X_t]$", "right"), (9.1, 1, "$Y_t$", "left"))
    for x, y, text, side in labels:
        ax.text(x, y, text, ha=side, va="center")
    ax.set(title="Figure 4. An LSTM cell", xlim=(-1.2, 9.8), ylim=(-0.3, 3.5))
    ax.axis("off")
    return fig


def _cell(ax, x: float, below: str, above: str, inside: str) -> None:
    """Draw a box with an input from below and an output above."""
    _box(ax, x, 0, inside, BLUE, pad=1)
    _arrow(ax, (x, -0.9), (x, -0.32))
    _arrow(ax, (x, 0.32), (x, 0.9))
    ax.text(x, -1.05, below, ha="center", va="center")
    ax.text(x, 1.05, above, ha="center", va="center")


def _box(ax, x: float, y: float, text: str, colour: str, shape: str = "round", pad=0.35) -> None:
    shape = {"boxstyle": f"{shape},pad={pad}", "fc": colour, "lw": 0.8}
    ax.text(x, y, text, ha="center", va="center", bbox=shape, zorder=3)


def _arrow(ax, start, end, arc: float = 0.0) -> None:
    style = {"arrowstyle": "->", "lw": 1, "connectionstyle": f"arc3,rad={-arc}", "shrinkB": 0}
    ax.annotate("", end, start, arrowprops={**style, "shrinkA": 0})


def plot_history(*runs, column: str = "loss", label: str = "Loss (nats)"):
    """Draw how a measure changed over the epochs, on the training and on the held-out songs.

    Parameters
    ----------
    *runs : Run
    column : str
        ``"loss"`` or ``"accuracy"``.
    label : str
        What the y axis says, with the unit.

    Returns
    -------
    matplotlib Figure

    Notes
    -----
    Notebooks: 02_autoencoder_training and 03_lstm_training, "Training".
    """
    fig, axes = new_figure(1, len(runs), figsize=(5 * len(runs), 3), squeeze=False, sharey=True)
    for run, ax in zip(runs, axes.flat, strict=True):
        colour = COLOURS.get(SOURCE_OF.get(run.cfg.name), "#333333")
        heldout = run.history[f"heldout_{column}"].dropna()
        ax.plot(run.history[column], color=colour, label=f"{len(run.songs)} training songs")
        others = (
            f"{len(run.deciding)} songs that decide"
            if run.deciding
            else f"{len(run.heldout)} held-out songs"
        )
        ax.plot(heldout, color=colour, ls="--", label=others)
        ax.set(title=run.cfg.name, xlabel="Epoch")
        ax.legend(frameon=False)
    axes[0, 0].set_ylabel(label)
    return fig


def plot_latents(points, song_of_point, titles):
    """Draw latents in a plane, a colour a song.

    Parameters
    ----------
    points : float array, shape (window, 2)
    song_of_point : int array, shape (window,)
    titles : sequence of str

    Returns
    -------
    matplotlib Figure

    Notes
    -----
    Notebook: 02_autoencoder_training, "The latent".
    """
    fig, ax = new_figure(figsize=(7, 4))
    markers = "osD^v<>P*X"
    for song, title in enumerate(titles):
        mine = points[song_of_point == song]
        ax.scatter(*mine.T, s=22, marker=markers[song % 10], label=title, alpha=0.7)
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    ax.set(title="Windows of 16 bars in the latent", xlabel="First direction")
    ax.set_ylabel("Second direction")
    return fig


def plot_threshold(sweep):
    """Draw recall and precision over the threshold.

    Parameters
    ----------
    sweep : DataFrame
        Columns recall and precision, the threshold as index.

    Returns
    -------
    matplotlib Figure

    Notes
    -----
    Notebook: 02_autoencoder_training, "The threshold".
    """
    fig, ax = new_figure(figsize=(7, 3))
    ax.plot(100 * sweep["recall"], "o-", color="#0072B2", label="sounding cells that are played")
    ax.plot(100 * sweep["precision"], "s-", color="#D55E00", label="played cells that sound")
    ax.axvline(0.5, color="black", lw=0.8, ls=":")
    ax.legend(frameon=False)
    ax.set(title="Unseen songs", xlabel="Threshold", ylabel="Share (%)", ylim=(0, 100))
    return fig


def plot_copying(own, others):
    """Draw for how many tokens a network continues songs without a mistake.

    Parameters
    ----------
    own, others : int arrays, shape (song,)
        Of its training songs and of held-out songs.

    Returns
    -------
    matplotlib Figure

    Notes
    -----
    Notebook: 03_lstm_training, "Does it know its songs by heart?".
    """
    fig, axes = new_figure(2, figsize=(8, 3.4), sharex=True)
    parts = (("Training songs", own, "LSTM small dataset"), ("Held-out songs", others, SOURCES[0]))
    for ax, (title, counts, source) in zip(axes, parts, strict=True):
        ax.hist(counts, np.arange(34) - 0.5, color=COLOURS[source])
        ax.set(title=f"{title} continued", ylabel="Songs")
    axes[1].set_xlabel("Tokens right before the first mistake")
    return fig


def plot_spreads(spreads):
    """Draw how much songs still differ after each layer of untrained networks.

    Parameters
    ----------
    spreads : dict of name to list of float
        A value for each of the eight dense layers.

    Returns
    -------
    matplotlib Figure

    Notes
    -----
    Notebook: 02_autoencoder_training, "Which first weights?".
    """
    fig, ax = new_figure(figsize=(7, 2.8))
    layers = [*("16×2000", "16×200", "1600", "120"), *("1600 ", "3200", "16×2000 ", "16×2304")]
    for (name, values), style in zip(spreads.items(), ("o-", "s--"), strict=True):
        ax.semilogy(layers, values, style, label=name)
    ax.legend(frameon=False)
    ax.set(title="Before training", xlabel="Layer", ylabel="Spread over ten songs")
    return fig


def plot_search(trials):
    """Draw what each setting of a search did: a dot a trial, the best in another colour.

    Parameters
    ----------
    trials : DataFrame
        As `tools.search.frame` gives it: the value, the settings; the best first.

    Notes
    -----
    Report 4.4.1. Notebook: 03_lstm_training, "Other settings".
    """
    value, *settings = trials.columns
    fig, axes = new_figure(
        1, len(settings), figsize=(2.3 * len(settings), 2.6), sharey=True, squeeze=False
    )
    for ax, setting in zip(axes[0], settings, strict=True):
        kinds = sorted(trials[setting].unique())
        counted = len(kinds) <= 5  # else a number that may be anything
        x = trials[setting].map(kinds.index) if counted else trials[setting]
        ax.scatter(x, trials[value], s=18, color="0.55")
        ax.scatter(x.iloc[:1], trials[value].iloc[:1], s=40, color="C3")
        ax.set(xlabel=setting)
        if counted:
            ax.set_xticks(range(len(kinds)), [f"{kind:g}" for kind in kinds])
        elif setting == "learning_rate":
            ax.set_xscale("log")
    axes[0][0].set(ylabel=value)
    fig.suptitle(f"{len(trials)} trials; the best in red")
    return fig
