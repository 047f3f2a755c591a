"""Pages are jinja2 templates: loops stand in the template, and text is never taken for HTML."""

from pathlib import Path

import jinja2

import musegen

SHARED = Path(musegen.__file__).parent / "player"  # where colours.css lies, for all to include


def render(template: Path, **values) -> str:
    """Fill a template in.

    Parameters
    ----------
    template : Path
    **values
        Escaped, but for what the template itself calls safe: our own HTML, scripts and styles.
    """
    pages = jinja2.Environment(
        loader=jinja2.FileSystemLoader([template.parent, SHARED]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    return pages.get_template(template.name).render(values)
