"""Labels at the right end of lines, kept apart from each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Label", "end_labels", "spread"]


@dataclass(frozen=True)
class Label:
    """A label at the right end of the plot: its text, where its line ends, its colour."""

    text: str
    y: float
    colour: str


def spread(positions: list[float], gap: float, low: float, high: float) -> list[float]:
    """Move labels apart: sorted or not, the result keeps the order and at least ``gap`` between.

    Least squares under the order and gap constraints (pool adjacent violators), then shifted into
    ``low`` to ``high`` as far as there is room; same length as ``positions``.

    >>> spread([1.0, 1.0, 5.0], 1.0, 0.0, 10.0)
    [0.5, 1.5, 5.0]
    """
    order = sorted(range(len(positions)), key=lambda k: positions[k])
    blocks: list[tuple[float, int]] = []  # mean of (position - rank × gap), how many
    for rank, k in enumerate(order):
        mean, size = positions[k] - rank * gap, 1
        while blocks and blocks[-1][0] >= mean:
            other, n = blocks.pop()
            mean, size = (mean * size + other * n) / (size + n), size + n
        blocks.append((mean, size))
    flat = [mean for mean, size in blocks for _ in range(size)]
    top = high - gap * (len(positions) - 1)
    placed = [0.0] * len(positions)
    for rank, k in enumerate(order):
        placed[k] = min(max(flat[rank], low), max(top, low)) + rank * gap
    return placed


def end_labels(axes: Axes, labels: list[Label], height: float) -> None:
    """Write the labels in the margin right of the plot, apart from each other, with leaders."""
    low, high = axes.get_ylim()
    gap = (high - low) * 0.165 / height
    shown = [min(max(label.y, low), high) for label in labels]
    edge = axes.get_xlim()[1]
    for label, y, at in zip(labels, shown, spread(shown, gap, low, high), strict=True):
        axes.plot([edge, edge + 6, edge + 9], [y, at, at], color=label.colour, lw=0.7,
                  clip_on=False)  # fmt: skip
        axes.text(edge + 11, at, label.text, color=label.colour, fontsize=8.8, va="center",
                  gid="end-label")  # fmt: skip
