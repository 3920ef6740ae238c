"""Make an SVG document fit to stand inside an HTML page beside others, and small."""

from __future__ import annotations

import base64
import re
from collections import Counter
from functools import lru_cache
from html import unescape

__all__ = ["Glyphs", "inline_svg", "page_font"]

_PROLOGUE = re.compile(
    r"<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->|<metadata>.*?</metadata>|<style\b.*?</style>", re.DOTALL
)
_REFERENCE = re.compile(r'(?:xlink:)?href="#([^"]+)"|url\(#([^)]+)\)')
_ID = re.compile(r'\s+id="([^"]*)"')
#: Definition of a glyph: a path with a scale, under an id that ends in the character's code.
_GLYPH = re.compile(r'<path id="([^"]+-[0-9a-f]+)" d="([^"]*)" transform="([^"]*)"/>')
_STYLE = re.compile(r' style="([^"]*)"')
_GROUP = re.compile(r"<g(\s[^>]*)?>|</g>")
_COORDINATES = re.compile(r'(\s(?:d|x|y|points)=")([^"]*)(")')
_LONG = re.compile(r"-?\d+\.\d{3,}")
_LETTER = re.compile(r"\s*([A-Za-z])\s*")
#: Longest path data that may well come again: that of a glyph.
_OFTEN = 1500
_SIZE = re.compile(r'\s(?:width|height)="[^"]*"')


class Glyphs:
    """The glyphs of all figures of a page; each is written once."""

    def __init__(self) -> None:
        self._ids: dict[tuple[str, str], str] = {}

    def name(self, outline: str, transform: str) -> str:
        """Return the id under which this outline is defined."""
        return self._ids.setdefault((outline, transform), f"g{len(self._ids)}")

    def svg(self) -> str:
        """Return the definitions, as an SVG that takes no room on the page."""
        paths = "\n".join(
            f'<path id="{name}" d="{_compact(outline)}" transform="{transform}"/>'
            for (outline, transform), name in self._ids.items()
        )
        # Hidden by size: what stands under `display: none` can't be referred to everywhere.
        return (
            '<svg xmlns="http://www.w3.org/2000/svg" width="0" height="0" aria-hidden="true" '
            f'style="position:absolute"><defs>{paths}</defs></svg>'
        )


def inline_svg(text: str, prefix: str, label: str, glyphs: Glyphs) -> str:
    """Return ``text`` without prologue, scaled by its box, with ids that clash with no other's.

    Args:
        text: an SVG document.
        prefix: put before each id that something refers to; other ids are dropped.
        label: what a screen reader says, already escaped for an attribute.
        glyphs: takes the glyph outlines, to be written once on the page.
    """
    text = _PROLOGUE.sub("", text).strip()
    shared: dict[str, str] = {}

    def collect(match: re.Match[str]) -> str:
        shared[match[1]] = glyphs.name(match[2], match[3])
        return ""

    text = _GLYPH.sub(collect, text)
    used = {a or b for a, b in _REFERENCE.findall(text)}

    def rename(match: re.Match[str]) -> str:
        return f' id="{prefix}{match[1]}"' if match[1] in used else ""

    def refer(match: re.Match[str]) -> str:
        if match[1]:
            return f'href="#{shared.get(match[1], prefix + match[1])}"'
        return f"url(#{prefix}{match[2]})"

    text = _REFERENCE.sub(refer, _ID.sub(rename, text))
    text = text.replace(' xmlns:xlink="http://www.w3.org/1999/xlink"', "")
    text = _COORDINATES.sub(lambda m: m[1] + _compact(m[2]) + m[3], text)
    text = re.sub(r"<defs>\s*</defs>", "", text)
    text = _styled(_flat(text), prefix)
    head, rest = text.split(">", 1)
    head = _SIZE.sub("", head).replace("<svg", f'<svg role="img" aria-label="{label}"', 1)
    return re.sub(r"\n\s*", "\n", f'{head} stroke-linejoin="round">{rest}')


def _compact(data: str) -> str:
    """Shorten path data: a hundredth of a point is far below what a printer resolves."""
    return _short(data) if len(data) <= _OFTEN else _shortened(data)


def _shortened(data: str) -> str:
    data = _LONG.sub(lambda m: f"{float(m[0]):.2f}".rstrip("0").rstrip("."), data)
    return _LETTER.sub(r"\1", data).strip()


#: Glyphs, marks and places on an axis come back on every page.
_short = lru_cache(maxsize=8192)(_shortened)


def _flat(text: str) -> str:
    """Drop groups that carry nothing."""
    out: list[str] = []
    at = 0
    kept: list[bool] = []
    for match in _GROUP.finditer(text):
        if match[0] == "</g>":
            keep = kept.pop()
        else:
            keep = bool((match[1] or "").strip())
            kept.append(keep)
        out.append(text[at : match.end() if keep else match.start()])
        at = match.end()
    return "".join(out) + text[at:]


def _styled(text: str, prefix: str) -> str:
    """Write each repeated style once, as a class of this figure."""
    counts = Counter(_STYLE.findall(text))
    names = {style: f"{prefix}{k}" for k, (style, n) in enumerate(sorted(counts.items())) if n > 2}
    text = _STYLE.sub(
        lambda m: f' class="{names[m[1]]}"' if m[1] in names else m[0], text
    )  # fmt: skip
    rules = "".join(f".{name}{{{style}}}" for style, name in names.items())
    head, rest = text.split(">", 1)
    return f"{head}><style>{rules}</style>{rest}"


def page_font(page: str) -> str:
    """Return the WOFF of the characters of a page, in base64, so that the page needs no font."""
    from forecast.charts.fonts import missing_glyphs

    characters = {c for c in set(unescape(page)) if c.isprintable()}
    characters -= missing_glyphs("".join(characters))
    return _font_of("".join(sorted(characters)))


@lru_cache(maxsize=4)
def _font_of(characters: str) -> str:
    # Pages of one process differ in their numbers more often than in their characters.
    from forecast.charts.fonts import subset_woff

    return base64.b64encode(subset_woff(characters)).decode("ascii")
