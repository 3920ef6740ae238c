"""What every chart returns: its figure, the table it drew, its name and its two titles."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from forecast.charts.fonts_in_memory import fonts_in_memory
from forecast.formula_guard import guarded

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Chart", "png_bytes", "save", "svg_text"]

#: The same salt gives the same element ids, so the same figure is the same bytes.
_SVG_RC: Any = {"svg.hashsalt": "forecast", "svg.fonttype": "path"}

#: Without a date (and, in PNG, without the library's name) a file depends on its content alone.
_METADATA: dict[str, dict[str, Any]] = {
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "Producer": None, "Creator": None},
}


#: zlib's level for PNG: drawn charts are as small at 2 as at 6, in a third less time.
_PNG: dict[str, Any] = {"compress_level": 2}


@dataclass(frozen=True)
class Chart:
    """One drawn chart.

    Attributes:
        figure: the matplotlib figure; it belongs to no pyplot state.
        table: what the figure shows, one row a drawn thing.
        name: stem of the files it is saved under.
        title_zh, title_en: the two titles.
    """

    figure: Figure
    table: pd.DataFrame
    name: str
    title_zh: str
    title_en: str


def svg_text(chart: Chart) -> str:
    """Return the figure as one SVG document; glyphs are drawn as paths, so no font is needed."""
    import matplotlib as mpl

    buffer = io.StringIO()
    with mpl.rc_context(_SVG_RC), fonts_in_memory():
        chart.figure.savefig(buffer, format="svg", metadata=_METADATA["svg"])
    return buffer.getvalue()


def png_bytes(chart: Chart, dpi: int) -> bytes:
    """Return the figure as one PNG of ``dpi`` dots per inch."""
    import matplotlib as mpl

    buffer = io.BytesIO()
    with mpl.rc_context(_SVG_RC), fonts_in_memory():
        chart.figure.savefig(
            buffer, format="png", dpi=dpi, metadata=_METADATA["png"], pil_kwargs=_PNG
        )
    return buffer.getvalue()


def save(
    chart: Chart, folder: Path, formats: tuple[str, ...] = ("svg", "png"), *, dpi: int = 150
) -> list[Path]:
    """Write the figure in each of ``formats`` and its table as CSV; return the paths.

    The CSV carries a byte-order mark, for Excel. The bytes depend on the chart alone.

    Raises:
        ValueError: a format other than svg, png or pdf.
    """
    unknown = sorted(set(formats) - set(_METADATA))
    if unknown:
        raise ValueError(f"formats must be among {sorted(_METADATA)}, got {unknown}")
    import matplotlib as mpl

    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for form in formats:
        path = folder / f"{chart.name}.{form}"
        if form == "svg":
            path.write_text(svg_text(chart), encoding="utf-8", newline="\n")
        elif form == "png":
            path.write_bytes(png_bytes(chart, dpi))
        else:
            with mpl.rc_context(_SVG_RC):
                chart.figure.savefig(path, format=form, dpi=dpi, metadata=_METADATA[form])
        written.append(path)
    table = folder / f"{chart.name}.csv"
    text = guarded(chart.table).to_csv(index=False, lineterminator="\n")
    table.write_text(text, encoding="utf-8-sig", newline="\n")
    written.append(table)
    return written
