"""Templates, compiled once for each language, with its catalogue; all values are escaped."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from segno import make_qr

from service.site.assets import asset
from service.site.languages import Language
from service.site.names import isolated, isolated_all
from service.site.wording import grouped

TEMPLATES = Path(__file__).with_name("templates")


@cache
def _environment(language: Language) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_translations(  # type: ignore[attr-defined]  # the extension's
        language.catalogue, newstyle=True
    )
    environment.globals |= {
        "asset": asset,
        "grouped": grouped,
        "code_path": code_path,
        "isolated": isolated,
        "isolated_all": isolated_all,
    }
    return environment


def template(language: Language, name: str) -> Template:
    """Return a template in a language."""
    return _environment(language).get_template(f"{name}.html")


def code_path(number: str) -> tuple[int, str]:
    """Return a QR code (ISO/IEC 18004) of a card's number: its modules a side, and an SVG path.

    The path fills the dark modules of a grid; the quiet zone of four modules is part of it.
    """
    matrix = tuple(make_qr(number, error="m").matrix_iter(border=4))
    strokes = [
        f"M{left} {top}h{right - left}v1H{left}z"
        for top, row in enumerate(matrix)
        for left, right in _runs(row)
    ]
    return len(matrix), "".join(strokes)


def _runs(row: Iterable[int]) -> list[tuple[int, int]]:
    """Return where runs of dark modules begin and end."""
    runs: list[tuple[int, int]] = []
    start: int | None = None
    for place, dark in enumerate((*row, 0)):
        if dark and start is None:
            start = place
        elif not dark and start is not None:
            runs.append((start, place))
            start = None
    return runs
