"""Short texts in many cells, drawn fast: each distinct text is one outline, placed many times.

A text of matplotlib is laid out anew wherever it stands; a calendar has seven hundred of them.
"""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.path import Path

__all__ = ["CellText", "draw_cell_texts"]

_POINTS_PER_INCH = 72.0


class CellText(NamedTuple):
    """One text: where it stands [data units], its size [pt], colour and what of it is placed there.

    ``corner`` places the upper left corner of its figures, ``centre`` their middle.
    """

    x: float
    y: float
    text: str
    size: float
    colour: str
    anchor: Literal["corner", "centre"] = "centre"


def draw_cell_texts(axes: Axes, texts: list[CellText]) -> None:
    """Draw ``texts`` with the font in force."""
    import matplotlib as mpl
    from matplotlib.collections import PathCollection
    from matplotlib.transforms import Affine2D

    family = tuple(mpl.rcParams["font.family"])
    places: dict[tuple[str, float, str, str], list[tuple[float, float]]] = defaultdict(list)
    for t in texts:
        if t.text:
            places[(t.text, t.size, t.colour, t.anchor)].append((t.x, t.y))
    points = Affine2D().scale(1 / _POINTS_PER_INCH) + axes.figure.dpi_scale_trans
    for (text, size, colour, anchor), at in places.items():
        collection = PathCollection(
            [_outline(text, size, family, anchor)], offsets=at, offset_transform=axes.transData,
            facecolors=colour, edgecolors="none", zorder=3, clip_on=False,
        )  # fmt: skip
        collection.set_transform(points)
        axes.add_collection(collection, autolim=False)


@lru_cache(maxsize=512)
def _outline(text: str, size: float, family: tuple[str, ...], anchor: str) -> Path:
    """The outline of a text [pt] about the point that is placed."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath
    from matplotlib.transforms import Affine2D

    prop = FontProperties(family=list(family))
    path = TextPath((0, 0), text, size=size, prop=prop)
    height = TextPath((0, 0), "0", size=size, prop=prop).get_extents().height
    right = path.get_extents().x1
    across, up = (0.0, height) if anchor == "corner" else (right / 2, height / 2)
    return Affine2D().translate(-across, -up).transform_path(path)
