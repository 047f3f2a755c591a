"""Pages are jinja2 templates: loops stand in the template, and text is never taken for HTML."""

from pathlib import Path

import jinja2


def render(template: Path, **values) -> str:
    """Fill a template in.

    Parameters
    ----------
    template : Path
    **values
        Escaped, but for what the template itself calls safe: our own HTML, scripts and styles.
    """
    pages = jinja2.Environment(
        loader=jinja2.FileSystemLoader(template.parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    return pages.get_template(template.name).render(values)
