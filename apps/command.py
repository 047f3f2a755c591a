"""``python -m musegen``: the report, trainings, the composer, a survey, the audit of a corpus."""

import argparse
import sys
from dataclasses import replace
from datetime import date
from importlib import import_module
from pathlib import Path

from musegen import config

SOURCES = "chorales, lpd5:PATH or midi:PATH"


def main(arguments: list[str] | None = None) -> int:
    """Run a command.

    Returns
    -------
    int
        0; 1 if a notebook failed; 2 if the input or the command was wrong.
    """
    options = _parser().parse_args(arguments)
    from apps.report.notebooks import NotebookError

    try:
        options.command(options, _settings(options))
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


def _settings(options) -> config.Settings:
    """Take what the environment says, and what this command says otherwise."""
    given = {name: getattr(options, name, None) for name in ("source", "dask", "minutes")}
    given["source"] = given["source"] and config.absolute(given["source"], Path.cwd())
    said = {name: one for name, one in given.items() if one is not None}
    return replace(config.default(), **said)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m musegen", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    play = _add(commands, "play", _play, "new songs, on a page: nothing is trained")
    play.add_argument("--songs", type=int, default=4, metavar="N", help="default: 4")
    play.add_argument("--bars", type=int, metavar="N", help="default: 16; a melody keeps its own")
    play.add_argument("--tempo", type=float, metavar="QPM", help="quarter notes a minute")
    play.add_argument("--seed", type=int, help="the same seed, the same songs")
    files = play.add_mutually_exclusive_group()
    files.add_argument("--after", type=Path, metavar="FILE", help="go on from its first four bars")
    files.add_argument("--harmonise", type=Path, metavar="FILE", help="three voices to its melody")
    play.add_argument("--serve", action="store_true", help="have bars written anew in the browser")
    play.add_argument("--quiet", action="store_true", help="do not open the page")

    report = _add(commands, "report", _report, "make build/report/")
    report.add_argument("--only", type=int, choices=range(5, 12), help="draw this figure anew")

    train = _add(commands, "train", _tool("train"), "train runs, those that come with musegen, too")
    train.add_argument("runs", metavar="RUN", nargs="*", help="ae_10, lstm_small_128, ...")
    train.add_argument("--all", action="store_true", help="all runs")

    for command in (report, train):
        command.add_argument("--minutes", type=float, help="of all trainings on other songs: 30")

    audit = _add(commands, "audit", _audit, "what of a corpus is used, what not, and why")
    audit.add_argument("source", metavar="SOURCE", help=SOURCES)
    audit.add_argument("--json", action="store_true", help="only the counts, as JSON")

    for command in (report, train, audit):
        command.add_argument("--dask", metavar="tcp://HOST:PORT", help="whose workers share it")

    composer = _add(commands, "composer", _composer, "play the autoencoder or GAN in the browser")
    composer.add_argument("run", nargs="?", default="ae_10", choices=("ae_10", "ae_256", "gan"))

    survey = commands.add_parser("survey", help="build and serve a listening survey")
    _add_survey(survey.add_subparsers(required=True, metavar="STEP"))

    search = _add(commands, "search", _tool("search"), "try other settings than the report's")
    search.add_argument("name", metavar="NETWORK", choices=("lstm", "ae"), help="lstm or ae")
    search.add_argument("--trials", type=int, default=20, metavar="N", help="default: 20")

    _add(commands, "notebooks", _notebooks, "run the notebooks in place")
    ship = _add(commands, "ship", _tool("ship"), "put a trained run into data/runs/")
    ship.add_argument("run", metavar="RUN", choices=config.REPORT, help="ae_256, four_voices, ...")
    for command in (report, train, ship):
        command.add_argument("--data", dest="source", metavar="SOURCE", help=SOURCES)
    about = "four voices on the literature's own file"
    yardstick = _add(commands, "yardstick", _tool("yardstick"), about)
    yardstick.add_argument("file", metavar="FILE", type=Path, help="Jsb16thSeparated.json")
    _add(commands, "chorales", _tool("chorales"), "choose the chorales of data/ again")
    return parser


def _add_survey(steps) -> None:
    build = _add(steps, "build", _survey_build, "make the listening page and its key")
    build.add_argument("songs", metavar="SONGS", help="a folder with a folder of MIDI a source")
    build.add_argument("--out", metavar="SURVEY", default="survey", help="default: survey/")
    build.add_argument("--contact", required=True, help="who is responsible, with an address")
    build.add_argument("--until", required=True, type=date.fromisoformat, metavar="YYYY-MM-DD",
                       help="when the answers will be deleted")  # fmt: skip
    build.add_argument("--each", type=int, metavar="N", help="songs a listener gets: all")
    build.add_argument("--listeners", type=int, default=0, metavar="N", help="invitations to make")

    serve = _add(steps, "serve", _survey_serve, "serve the page and keep the answers")
    serve.add_argument("survey", metavar="SURVEY", nargs="?", default="survey")
    serve.add_argument("--host", default="127.0.0.1", help="default: 127.0.0.1, this machine only")
    serve.add_argument("--port", type=int, default=8000)
    serve.add_argument("--name", default="", help="of the host, as listeners write it")
    serve.add_argument("--debrief", action="store_true", help="tell at the end who wrote what")

    export = _add(steps, "export", _survey_export, "write answers as a tidy CSV")
    export.add_argument("answers", metavar="ANSWERS", nargs="?", default="survey",
                        help="a survey; or, with --key, a folder of files or a CSV")  # fmt: skip
    export.add_argument("--key", metavar="KEY", help="default: the survey's own")
    export.add_argument("--out", metavar="CSV", default="answers.csv")


def _add(commands, name: str, command, text: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text)
    parser.set_defaults(command=command)
    return parser


def _play(options, settings) -> None:
    import secrets
    import warnings
    import webbrowser

    from apps import play

    # What becomes of notes that no choir sings is a sentence, not a line of code.
    warnings.showwarning = lambda message, *_: print(f"musegen: {message}", file=sys.stderr)
    seed = secrets.randbelow(100_000) if options.seed is None else options.seed
    some = play.songs(
        options.songs, seed, options.bars, options.tempo, options.after, options.harmonise
    )
    show = (lambda address: None) if options.quiet else webbrowser.open
    if options.serve:
        from apps import local
        from apps.play import server

        local.serve(server.application(some, seed), "the songs are", show)
        return
    page = play.write(some, seed)
    print(f"{options.songs} new songs (seed {seed}): {page}")
    show(page.resolve().as_uri())


def _report(options, settings) -> None:
    from apps import report

    report.build(settings, options.only)


def _audit(options, settings) -> None:
    import json

    from musegen import corpus, figures

    audit = corpus.audit_of(settings.source, settings.dask)
    if options.json:
        print(json.dumps(audit.as_dict()))
        return
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


def _composer(options, settings) -> None:
    from apps import local
    from apps.composer import server
    from musegen import training
    from musegen.composer import Composer

    composer = Composer(training.load_or_train(options.run, settings))
    local.serve(server.application(composer), "the composer is")


def _survey_build(options, settings) -> None:
    from apps.listening import build

    place = build.build(
        options.songs, options.out, options.contact, options.until, options.each, options.listeners
    )
    print(f"{place.page}: for the listeners")
    print(f"{place.private}: who wrote what, and who is invited; keep it, and keep it to yourself")


def _survey_serve(options, settings) -> None:
    from apps.listening import server

    server.serve(options.survey, options.host, options.port, options.debrief, options.name)


def _survey_export(options, settings) -> None:
    from apps.listening.answers import load_answers
    from apps.listening.page import Place

    place = Place(options.answers)
    found = options.answers if options.key else place.answers
    answers = load_answers(found, options.key or place.key)
    answers.write_csv(options.out)
    print(
        f"{options.out}: {len(answers.frame)} grades; the codes in it can delete answers: keep them"
    )
    print(answers.summary().to_string())
    print(answers.exclusions().round(2).to_string())


def _notebooks(options, settings) -> None:
    from apps import report
    from apps.report.notebooks import run_in_place

    run_in_place(report.notebooks(), config.Settings())


def _tool(name: str):
    """Give the command of a tool, which is imported when it is run."""
    return lambda options, settings: import_module(f"tools.{name}").command(options, settings)


if __name__ == "__main__":
    sys.exit(main())
