"""``python -m musegen``: the report, trainings, the composer, a survey, the audit of a corpus."""

import argparse
import os
import sys


def main(arguments: list[str] | None = None) -> int:
    """Run a command.

    Returns
    -------
    int
        0; 1 if a notebook failed; 2 if the input or the command was wrong.
    """
    options = _parser().parse_args(arguments)
    from apps.report import NotebookError

    try:
        options.command(options)
    except NotebookError as error:
        print(error, file=sys.stderr)
        return 1
    except (ValueError, OSError) as error:
        print(f"musegen: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m musegen", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    play = commands.add_parser("play", help="new songs, on a page: nothing is trained")
    play.add_argument("--songs", type=int, default=4, metavar="N", help="default: 4")
    play.add_argument("--bars", type=int, metavar="N", help="how long; default: like Bach's")
    play.add_argument("--tempo", type=float, metavar="QPM", help="quarter notes a minute")
    play.add_argument("--seed", type=int, help="the same seed, the same songs")
    play.add_argument("--after", metavar="FILE", help="go on from a MIDI file's first four bars")
    play.add_argument("--quiet", action="store_true", help="do not open the page")
    play.set_defaults(command=_play)

    ship = commands.add_parser("ship", help="train the network of data/ again")
    ship.set_defaults(command=_ship)

    report = commands.add_parser("report", help="make build/report/")
    report.add_argument("--only", type=int, metavar="N", help="draw figure N (5-11) anew")
    _add_profile(report)
    _add_dask(report)
    report.set_defaults(command=_report)

    train = commands.add_parser("train", help="train what is missing of the runs")
    train.add_argument("runs", metavar="RUN", nargs="*", help="ae_10, lstm_small_128, ...")
    train.add_argument("--all", action="store_true", help="all runs of the profile")
    _add_profile(train)
    _add_dask(train)
    train.set_defaults(command=_train)

    search = commands.add_parser("search", help="try other settings than the report's")
    search.add_argument("name", metavar="NETWORK", choices=("lstm", "ae"), help="lstm or ae")
    search.add_argument("--trials", type=int, default=20, metavar="N", help="default: 20")
    search.set_defaults(command=_search)

    audit = commands.add_parser("audit", help="what of a corpus is used, what not, and why")
    audit.add_argument("source", metavar="SOURCE", help="chorales, lpd5:PATH or midi:PATH")
    audit.add_argument("--json", action="store_true", help="only the counts, as JSON")
    _add_dask(audit)
    audit.set_defaults(command=_audit)

    composer = commands.add_parser("composer", help="play the autoencoder in the browser")
    composer.add_argument(
        "run",
        nargs="?",
        default="ae_10",
        choices=("ae_10", "ae_256", "ae_mended_256"),
        help="default: ae_10",
    )
    composer.set_defaults(command=_composer)

    _add_survey(commands.add_parser("survey", help="build and serve a listening survey"))

    notebooks = commands.add_parser("notebooks", help="run the notebooks in place")
    notebooks.set_defaults(command=_notebooks)

    chorales = commands.add_parser("chorales", help="choose the chorales of data/ again")
    chorales.set_defaults(command=_chorales)
    return parser


def _add_survey(survey: argparse.ArgumentParser) -> None:
    steps = survey.add_subparsers(required=True, metavar="STEP")

    build = steps.add_parser("build", help="make the listening page and its key")
    build.add_argument("songs", metavar="SONGS", help="a folder with a folder of MIDI a source")
    build.add_argument("--out", metavar="PAGE", default="survey.html", help="default: survey.html")
    build.add_argument(
        "--each", type=int, metavar="N", help="songs a listener gets: all if not said"
    )
    build.add_argument("--contact", default="", help="who is responsible, for the consent text")
    build.set_defaults(command=_survey_build)

    serve = steps.add_parser("serve", help="serve the page and keep the answers")
    serve.add_argument("page", metavar="PAGE", nargs="?", default="survey.html")
    serve.add_argument("--answers", metavar="DATABASE", help="default: beside the page, .sqlite")
    serve.add_argument("--host", default="127.0.0.1", help="default: 127.0.0.1, this machine only")
    serve.add_argument("--port", type=int, default=8000)
    serve.set_defaults(command=_survey_serve)

    export = steps.add_parser("export", help="write answers as a tidy CSV")
    export.add_argument("answers", metavar="ANSWERS", help="database, folder of files, or CSV")
    export.add_argument("--key", metavar="KEY", default="survey.key.csv")
    export.add_argument("--out", metavar="CSV", default="answers.csv")
    export.set_defaults(command=_survey_export)


def _survey_build(options) -> None:
    from apps import listening

    built = listening.build(options.songs, options.out, options.each, options.contact)
    print(f"{built.page}: {built.songs} songs of {built.seconds:.0f} s, for the listeners")
    print(f"{built.key}: who wrote what; keep it, and keep it to yourself")


def _survey_serve(options) -> None:
    from pathlib import Path

    from apps.listening import server

    page = Path(options.page)
    database = Path(options.answers) if options.answers else page.with_suffix(".sqlite")
    server.serve(page, database, options.host, options.port)


def _survey_export(options) -> None:
    from apps import listening as survey

    answers = survey.export(options.answers, options.key, options.out)
    print(
        f"{options.out}: {len(answers.frame)} grades; the codes in it can delete answers: keep them"
    )
    print(answers.summary().to_string())


def _add_profile(command: argparse.ArgumentParser) -> None:
    command.add_argument("--profile", choices=("quick", "paper"), help="default: quick")
    command.add_argument(
        "--data", metavar="SOURCE", help="chorales (default), lpd5:PATH or midi:PATH"
    )


def _add_dask(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--dask",
        metavar="tcp://HOST:PORT",
        help="share the work out to the workers of this scheduler",
    )


def _play(options) -> None:
    import secrets
    import webbrowser
    from pathlib import Path

    from apps import play

    seed = secrets.randbelow(100_000) if options.seed is None else options.seed
    after = Path(options.after) if options.after else None
    page = play.write(play.songs(options.songs, seed, options.bars, options.tempo, after), seed)
    print(f"{options.songs} new songs (seed {seed}): {page}")
    if not options.quiet:
        webbrowser.open(page.resolve().as_uri())


def _ship(options) -> None:
    from musegen import config, training

    os.environ["MUSEGEN_PROFILE"], os.environ["MUSEGEN_SOURCE"] = "paper", "chorales"
    run = training.ship()
    best = run.history["heldout_loss"].min()
    print(
        f"{config.data_dir() / run.cfg.name}: loss {best:.3f} on songs that it has not learnt from"
    )


def _report(options) -> None:
    _use_profile(options)  # the kernels of the notebooks inherit it
    _use_dask(options)
    from apps import report

    report.build(options.only)


def _use_profile(options) -> None:
    if options.profile:
        os.environ["MUSEGEN_PROFILE"] = options.profile
    if options.data:
        os.environ["MUSEGEN_SOURCE"] = _absolute(options.data)


def _train(options) -> None:
    from musegen import cluster, config

    _use_profile(options)
    known = config.profile().runs
    names = list(known) if options.all else options.runs
    wrong = [name for name in names if name not in known]
    if wrong or not names:
        found = f"no run is called {', '.join(wrong)}" if wrong else "which run?"
        raise ValueError(f"{found}; name some of {', '.join(known)}, or say --all")
    runs = []
    for run in cluster.train_all(names, options.dask):
        runs.append(run)
        print(f"{run.cfg.name} is there: {run.folder}", flush=True)
    print(cluster.table(runs).round(3).to_string())


def _search(options) -> None:
    from musegen import config
    from tools import search

    found = search.run(options.name, options.trials)
    path = config.build_dir() / "search" / f"{options.name}.csv"
    found.round(5).to_csv(path)
    print(found.head(10).round(4).to_string())
    print(f"all {len(found)} trials: {path}")


def _absolute(source: str) -> str:
    """Make the path of a source good for every working directory."""
    from pathlib import Path

    kind, colon, path = source.partition(":")
    return kind + colon + str(Path(path).expanduser().resolve()) if colon else source


def _use_dask(options) -> None:
    if options.dask:
        os.environ["MUSEGEN_DASK"] = options.dask


def _audit(options) -> None:
    from musegen import corpus

    audit = corpus.audit_of(_absolute(options.source), options.dask)
    if options.json:
        import json

        print(json.dumps(audit.as_dict()))
        return
    from musegen import config, figures

    print(f"{audit.read:,} files read, {audit.kept:,} songs, {audit.seconds:.1f} s")
    print(audit.frame().to_string(index=False, max_colwidth=60))
    if not audit.kept:
        return
    print("\nof these, for the autoencoder:")
    print(audit.autoencoder_frame().to_string(index=False, max_colwidth=60))
    print("\nwhere the notes are from:")
    print(*(f"{songs:8,}  {name}" for name, songs in audit.sources().items()), sep="\n")
    figures.set_style()
    path = config.build_dir() / "audit.png"
    figures.plot_audit(audit).savefig(path)
    print(f"\nhistograms of tempo, key and length: {path}")


def _composer(options) -> None:
    from apps.composer import server
    from musegen import training
    from musegen.composer import Composer

    server.serve(Composer(training.load_or_train(options.run)))


def _notebooks(options) -> None:
    from apps import report

    os.environ["MUSEGEN_PROFILE"] = "quick"  # what is committed
    report.run_in_place(report.notebooks())


def _chorales(options) -> None:
    from tools import chorales

    print(chorales.make_list())


if __name__ == "__main__":
    sys.exit(main())
