"""``python -m musegen``: the report, the audit of a corpus, the list of chorales."""

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
    from musegen.report import NotebookError

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

    report = commands.add_parser("report", help="make build/report/")
    report.add_argument("--only", type=int, metavar="N", help="draw figure N (5-11) anew")
    report.add_argument("--profile", choices=("quick", "paper"), help="default: quick")
    report.add_argument(
        "--data", metavar="SOURCE", help="chorales (default), lpd5:PATH or midi:PATH"
    )
    report.set_defaults(command=_report)

    audit = commands.add_parser("audit", help="what of a corpus is used, what not, and why")
    audit.add_argument("source", metavar="SOURCE", help="chorales, lpd5:PATH or midi:PATH")
    audit.set_defaults(command=_audit)

    notebooks = commands.add_parser("notebooks", help="run the notebooks in place")
    notebooks.set_defaults(command=_notebooks)

    chorales = commands.add_parser("chorales", help="choose the chorales of data/ again")
    chorales.set_defaults(command=_chorales)
    return parser


def _report(options) -> None:
    # The kernels of the notebooks inherit both.
    if options.profile:
        os.environ["MUSEGEN_PROFILE"] = options.profile
    if options.data:
        os.environ["MUSEGEN_SOURCE"] = _absolute(options.data)
    from musegen import report

    report.build(options.only)


def _absolute(source: str) -> str:
    """Make the path of a source good for every working directory."""
    from pathlib import Path

    kind, colon, path = source.partition(":")
    return kind + colon + str(Path(path).expanduser().resolve()) if colon else source


def _audit(options) -> None:
    from musegen import corpus

    audit = corpus.load(_absolute(options.source)).audit
    print(audit.frame().to_string())


def _notebooks(options) -> None:
    from musegen import report

    os.environ["MUSEGEN_PROFILE"] = "quick"  # what is committed
    report.run_in_place(report.notebooks())


def _chorales(options) -> None:
    from musegen.corpus import chorales

    print(chorales.make_list())


if __name__ == "__main__":
    sys.exit(main())
