"""Which font draws Chinese: the system's own first, else the packaged Noto Sans SC.

A chart names the chosen families in every text, with the packaged font behind them, so a glyph
that the system font lacks still comes from the packaged one and never turns into a box.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from forecast.charts.fonts_in_memory import fonts_in_memory

__all__ = [
    "ONLY_PACKAGED_VARIABLE",
    "SYSTEM_FAMILIES",
    "chart_fonts",
    "missing_glyphs",
    "packaged_font",
    "subset_woff",
]

#: Set to 1 to draw with the packaged font alone, the same on every machine.
ONLY_PACKAGED_VARIABLE = "FORECAST_ONLY_PACKAGED_FONT"

#: Simplified-Chinese families, in order of preference. The pan-CJK collections are left out: what
#: matplotlib reads from them is their first face, which draws Japanese forms.
SYSTEM_FAMILIES: tuple[str, ...] = (
    "Microsoft YaHei",
    "PingFang SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "Noto Sans CJK SC",
    "Hiragino Sans GB",
    "SimHei",
    "DengXian",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "SimSun",
)


def packaged_font() -> Path:
    """Return the path of Noto Sans SC (SIL Open Font License) of the font package."""
    from pylopdf_fonts_zh_cn import sans_path

    return Path(sans_path())


@lru_cache(maxsize=1)
def _packaged_family() -> str:
    """Make the packaged font known to matplotlib's font list; return its family name."""
    from matplotlib import font_manager

    path = packaged_font()
    font_manager.fontManager.addfont(path)
    return str(font_manager.FontProperties(fname=path).get_name())


@contextmanager
def chart_fonts(only_packaged: bool | None = None) -> Iterator[list[str]]:
    """Draw Chinese and English within the block; yields the font families that serve.

    Args:
        only_packaged: draw with the packaged font alone; None reads the environment variable
            ``FORECAST_ONLY_PACKAGED_FONT``.
    """
    import matplotlib as mpl
    from matplotlib import font_manager

    if only_packaged is None:
        only_packaged = os.environ.get(ONLY_PACKAGED_VARIABLE, "") not in {"", "0"}
    packaged = _packaged_family()
    families = [packaged]
    if not only_packaged:
        known = set(font_manager.get_font_names())
        chosen = next((name for name in SYSTEM_FAMILIES if name in known), packaged)
        families = list(dict.fromkeys([chosen, packaged]))
    # The minus sign U+2212 is absent from several Chinese system fonts.
    # Names come from files: a dollar sign in one is no formula, which could fail to be read.
    settings: Any = {
        "font.family": families, "axes.unicode_minus": False, "text.parse_math": False,
    }  # fmt: skip
    with mpl.rc_context(settings), fonts_in_memory():
        yield families


@lru_cache(maxsize=8)
def _characters(path: Path) -> frozenset[int]:
    from fontTools.ttLib import TTFont

    with TTFont(path, lazy=True, fontNumber=0) as font:
        return frozenset(font.getBestCmap())


def missing_glyphs(text: str, font_path: Path | None = None) -> set[str]:
    """Return the printable characters of ``text`` that the font has no glyph for.

    Args:
        text: any text; white space and control characters are not looked for.
        font_path: a TrueType or OpenType file; None takes the packaged font.
    """
    known = _characters(font_path or packaged_font())
    return {c for c in text if ord(c) not in known and not c.isspace() and c.isprintable()}


def subset_woff(characters: Iterable[str], font_path: Path | None = None) -> bytes:
    """Return a WOFF file with the glyphs of ``characters`` only, to embed in a page.

    WOFF needs nothing beyond zlib; the same characters give the same bytes.
    """
    from fontTools import subset
    from fontTools.ttLib import TTFont

    options = subset.Options()
    options.flavor = "woff"
    options.layout_features = []
    options.hinting = False
    options.name_IDs = [0, 1, 2, 13]  # family, style, copyright and licence stay with the font
    options.notdef_outline = True
    # Layout for vertical text and the like: a page uses none of it, and to prune it takes time.
    options.drop_tables += ["BASE", "GDEF", "GPOS", "GSUB", "STAT", "VORG", "vhea", "vmtx"]
    # The bounds stay those of the whole font: they hold, and need no glyph drawn.
    with TTFont(
        font_path or packaged_font(), lazy=True, fontNumber=0, recalcTimestamp=False,
        recalcBBoxes=False,
    ) as font:  # fmt: skip
        subsetter = subset.Subsetter(options=options)
        subsetter.populate(unicodes={ord(c) for text in characters for c in text} | {0x20})
        subsetter.subset(font)
        font.flavor = "woff"
        buffer = io.BytesIO()
        font.save(buffer)
    return buffer.getvalue()
