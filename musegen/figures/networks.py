"""Networks as curves and dots: how they are trained and judged."""

from musegen.figures.rolls import SOURCE_OF
from musegen.figures.style import COLOURS, FOUR_VOICES, new_figure


def plot_history(*runs, column: str = "loss", label: str = "Loss (nats)"):
    """Draw how a measure changed over the epochs, on the training songs and on others.

    The others are the test songs, or the validation songs of a network that stops by them.

    Parameters
    ----------
    *runs : Run
        A panel each.
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
        songs, part = (run.validation, "validation") if run.validation else (run.test, "test")
        others = run.history[f"{part}_{column}"].dropna()
        look = {"color": colour, "marker": "." if len(others) < 3 else None}  # no line of one epoch
        ax.plot(run.history[column], **look, label=f"{len(run.songs)} training songs")
        ax.plot(others, **look, ls="--", label=f"{len(songs)} {part} songs")
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.set(title=run.cfg.name, xlabel="Epoch")
        ax.legend()
    axes[0, 0].set_ylabel(label)
    return fig


def plot_motions(run, upper: int = 0, lower: int = 3):
    """Draw what the network of four voices has learnt of two voices that both move up.

    Parameters
    ----------
    run : Run
    upper, lower : int
        Two voices, 0 (soprano) to 3 (bass).

    Returns
    -------
    matplotlib Figure
        A row for each interval before, a column for each one after, octaves left out: what is
        added to the logit of the lower voice's pitch.

    Notes
    -----
    Notebook: 06_beyond_the_report, "The network".
    """
    import seaborn as sns

    from musegen import four_voices

    table = run.weights[run.names.index(f"motions_{lower}/embeddings")]
    both_up = table.reshape(lower, 13, 3, 13, 3)[upper, 1:, 2, 1:, 2] * four_voices.STEEP
    fig, ax = new_figure(figsize=(5.5, 4.2))
    names = ("1/8", "2-", "2+", "3-", "3+", "4", "tritone", "5", "6-", "6+", "7-", "7+")
    ticks = {"xticklabels": names, "yticklabels": names}
    sns.heatmap(both_up, cmap="RdBu_r", center=0, ax=ax, **ticks, cbar_kws={"label": "Logit"})
    ax.set(xlabel="Interval after", ylabel="Interval before", title="Both voices move up")
    ax.tick_params(length=0)
    return fig


def live_loss(most: int, every: int = 5, *, axis: str = "Epoch", label: str = "Loss (nats)"):
    """Show a curve that grows while Keras trains, wherever a notebook is open.

    Parameters
    ----------
    most : int
        Steps that the axis has room for.
    every : int
        It is drawn anew after so many.
    axis, label : str
        What the axes say, with the unit.

    Returns
    -------
    function
        Of a step's number, from 0, and its logs: for `keras.callbacks.LambdaCallback`.

    Notes
    -----
    Notebooks: 02_autoencoder_training and 03_lstm_training, "Training".
    """
    from IPython.display import display

    fig, ax = new_figure(figsize=(7, 2.4))
    (curve,) = ax.plot([], color="#333333")
    ax.set(xlim=(0, most), xlabel=axis, ylabel=label)
    shown, losses = display(fig, display_id=True), []

    def draw(number: int, logs: dict) -> None:
        losses.append(logs["loss"])
        if len(losses) % every == 0:
            curve.set_data(range(1, len(losses) + 1), losses)
            ax.relim()
            ax.autoscale_view(scalex=False)
            shown.update(fig)

    return draw


def plot_critics(table):
    """Draw how well each critic tells songs from Bach's unseen ones, with 95 % intervals.

    Parameters
    ----------
    table : DataFrame
        `metrics.critics.judge(...)`.

    Returns
    -------
    matplotlib Figure

    Notes
    -----
    Notebook: 06_beyond_the_report, "Critics".
    """
    fig, ax = new_figure(figsize=(7.5, 0.9 + 0.34 * len(table)))
    ax.axvline(0.5, color="black", lw=0.8, ls=":")
    ax.set_yticks(range(len(table)), [", ".join(names) for names in table.index])
    ax.invert_yaxis()
    kinds = {"generated": ["auc", "low", "high"], "Bach's own": ["bach", "bach low", "bach high"]}
    for (name, columns), shift in zip(kinds.items(), (-0.1, 0.1), strict=True):
        auc, low, high = table[columns].to_numpy().T
        places = [place + shift for place in range(len(table))]
        colour = COLOURS[FOUR_VOICES if name == "generated" else "Training data"]
        ax.hlines(places, low, high, color=colour)
        ax.plot(auc, places, "o", color=colour, label=name)
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
    ax.set(xlim=(None, 1.02), xlabel="AUC (0.5 is chance)")
    return fig
