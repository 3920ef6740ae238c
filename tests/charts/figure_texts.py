"""The texts of a figure that are drawn."""

from __future__ import annotations

from matplotlib.figure import Figure
from matplotlib.text import Text

__all__ = ["drawn_texts"]


def drawn_texts(figure: Figure) -> list[Text]:
    """Texts that show; tick labels beyond the axis or of an axis switched off do not."""
    hidden = {
        id(label)
        for axes in figure.axes
        for axis in (axes.xaxis, axes.yaxis)
        for label, place in zip(axis.get_ticklabels(), axis.get_ticklocs(), strict=True)
        if not axes.axison
        or not min(axis.get_view_interval()) <= place <= max(axis.get_view_interval())
    }
    return [
        t
        for t in figure.findobj(Text)
        if t.get_visible() and t.get_text().strip() and id(t) not in hidden
    ]
