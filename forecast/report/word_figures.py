"""Pictures as wide as the text, large ones wider, with the caption below on the same page."""

from __future__ import annotations

from collections.abc import Callable

from forecast.report.document import FigureBlock, in_language
from forecast.report.word_markup import Setting, attribute, paragraph
from forecast.report.word_tables import caption, notes

__all__ = ["figure"]

_EMU_PER_INCH, _EMU_PER_TWIP = 914_400, 635

#: Small charts are not blown up by more than this: their letters would shout.
_LARGEST = 1.25

#: Room under a picture for two lines of caption, and for each remark [twips].
_CAPTION, _REMARK = 1000, 600


def figure(block: FigureBlock, setting: Setting, add: Callable[[bytes], str]) -> str:
    """Return a picture, its caption and its notes, all on one page.

    Args:
        block: the figure; its PNG is what the file holds.
        setting: the text area that it fits into, in width and, with its caption, in height.
        add: puts an image into the file and returns the id of its relationship.
    """
    lang = setting.lang
    title = in_language(block.caption, lang)
    small = [in_language(n, lang) for n in block.notes]
    room = setting.height - _CAPTION - _REMARK * len(small)
    wide, high = block.drawing.width * _EMU_PER_INCH, block.drawing.height * _EMU_PER_INCH
    # Letters of a large chart would be too small at the width of the text.
    large = wide > setting.width * _EMU_PER_TWIP
    left, right = setting.beside if large else (0, 0)
    scale = min(
        (setting.width + left + right) * _EMU_PER_TWIP / wide,
        max(room, setting.height // 2) * _EMU_PER_TWIP / high,
        _LARGEST,
    )
    cx, cy, number = int(wide * scale), int(high * scale), next(setting.drawings)
    name = f"{block.key}.png"
    size = f'cx="{cx}" cy="{cy}"'
    drawing = (
        f'<w:r><w:drawing><wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent {size}/>'
        f'<wp:docPr id="{number}" name="{name}" descr={attribute(title)}/>'
        '<wp:cNvGraphicFramePr><a:graphicFrameLocks noChangeAspect="1"/></wp:cNvGraphicFramePr>'
        '<a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture">'
        f'<pic:pic><pic:nvPicPr><pic:cNvPr id="{number}" name="{name}"/><pic:cNvPicPr/></pic:nvPicPr>'
        f'<pic:blipFill><a:blip r:embed="{add(block.drawing.png)}"/>'
        "<a:stretch><a:fillRect/></a:stretch></pic:blipFill>"
        f'<pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext {size}/></a:xfrm>'
        '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic>'
        "</a:graphicData></a:graphic></wp:inline></w:drawing></w:r>"
    )
    return (
        paragraph(
            setting.style("figure"),
            drawing,
            keep_next=True,
            extra=f'<w:ind w:left="{-left}" w:right="{-right}" w:firstLine="0"/>' if large else "",
        )
        + caption("figure", block.key, title, setting, keep_next=bool(small))
        + notes(small, setting)
    )
