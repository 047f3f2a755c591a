"""The form of an answer document: ``answers.schema.json``, for the server and for whoever reads.

The page makes documents in this form; a test holds the three together.
"""

import json
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import best_match

SCHEMA = json.loads(Path(__file__).with_name("answers.schema.json").read_text(encoding="utf-8"))
ABOUT = tuple(SCHEMA["properties"]["about"]["properties"])
AGAIN = ".again"  # ends the name of a piece that is heard for the second time
FORMATS = FormatChecker(())
FORMATS.checks("date-time", (ValueError, TypeError))(datetime.fromisoformat)  # no 31 February


@cache
def _validator(part: str) -> Draft202012Validator:
    schema = SCHEMA if not part else {"$ref": f"#/$defs/{part}", "$defs": SCHEMA["$defs"]}
    return Draft202012Validator(schema, format_checker=FORMATS)


def parsed(text: str | bytes) -> Any:
    """Read JSON in UTF-8, and nothing that only Python takes for JSON.

    Raises
    ------
    ValueError
        If it is none.
    """
    try:
        return json.loads(text, parse_constant=int)  # no integer: NaN is refused
    except (ValueError, RecursionError, TypeError):
        raise ValueError("it is no JSON in UTF-8") from None


def checked(document: Any, part: str = "") -> Any:
    """Give a document back, or a part that the schema names, if it is as the schema says.

    Raises
    ------
    ValueError
        Naming the place and the rule; what somebody wrote is not repeated.
    """
    if error := best_match(_validator(part).iter_errors(document)):
        rule = str(error.validator_value)[:80]
        raise ValueError(f"{error.json_path[:80]} breaks the rule {error.validator}: {rule}")
    return document
