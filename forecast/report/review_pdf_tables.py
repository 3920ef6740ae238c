"""How wide the columns of a table are in print, how large its letters, and on which way of the page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["ACROSS", "UPRIGHT", "TableSize", "column_widths", "table_size"]

#: Room for text on a page of A4 [point]: 156 mm upright, 237 mm across.
UPRIGHT: Final = 156 / 25.4 * 72
ACROSS: Final = 237 / 25.4 * 72
#: What is tried in turn: a page across breaks the flow of the text, letters below 8 points are hard
#: to read; (across, size of letters [point], room left and right in a cell [point]).
_STEPS: Final = (
    (False, 10.5, 4.0), (False, 9.5, 3.5), (False, 8.5, 2.5), (False, 8.0, 2.0), (True, 9.5, 3.0),
    (True, 8.5, 2.5), (True, 7.5, 2.0), (True, 6.5, 1.5), (True, 5.5, 1.0),
)  # fmt: skip
#: An entry up to this width [em] stays on one line.
_SHORT: Final = 5.6
#: A column with longer entries is at least as wide as half of them and a character, within these
#: bounds [em].
_LEAST: Final = (4.0, 9.0)
#: A column head takes up to so many lines.
_HEAD_LINES: Final = 3
#: Where a line may break: after a space or around a wide character.
_TOKEN = re.compile(r"[\u2e80-\uffff]|[^\s\u200b\u2e80-\uffff]+")


@dataclass(frozen=True)
class TableSize:
    """Widths of the columns, size of letters, room left and right in a cell [point]."""

    across: bool
    size: float
    pad: float
    widths: tuple[float, ...]


def table_size(
    heads: Sequence[tuple[str, str]], rows: Sequence[Sequence[str]], weights: Sequence[float]
) -> TableSize:
    """Choose the largest letters, upright if that can be, at which no entry is broken badly.

    Args:
        heads: words and unit of each column.
        rows: the printed entries.
        weights: share of the width that each column asks for.

    >>> table_size([("月份", ""), ("天数", "（天）")], [["1月", "20"]], [1, 1]).across
    False
    """
    if not heads:
        return TableSize(False, _STEPS[0][1], _STEPS[0][2], (UPRIGHT,))
    columns = [_column(head, [row[k] for row in rows]) for k, head in enumerate(heads)]
    for across, size, pad in _STEPS:
        room = ACROSS if across else UPRIGHT
        needed = [least * size + 2 * pad for least, _ in columns]
        if sum(needed) <= room:
            break
    wanted = [whole * size + 2 * pad for _, whole in columns]
    if sum(wanted) <= room:
        return TableSize(across, size, pad, column_widths(wanted, weights, room))
    # Where something must be broken, what need not be takes no more than it needs.
    broken = [n < w for n, w in zip(needed, wanted, strict=True)]
    shares = [weight if b else 0.0 for weight, b in zip(weights, broken, strict=True)]
    return TableSize(across, size, pad, column_widths(needed, shares, room))


def column_widths(
    needed: Sequence[float], weights: Sequence[float], room: float
) -> tuple[float, ...]:
    """Share ``room`` by weight, but give no column less than it needs.

    Where the needs exceed the room they are cut alike.

    >>> column_widths([10.0, 60.0, 10.0], [1, 1, 2], 120)
    (20.0, 60.0, 40.0)
    """
    if sum(needed) >= room:
        return tuple(width * room / sum(needed) for width in needed)
    fixed: set[int] = set()
    while True:
        left = room - sum(needed[k] for k in fixed)
        free = [k for k in range(len(needed)) if k not in fixed]
        total = sum(max(weights[k], 1e-9) for k in free)
        given = {k: left * max(weights[k], 1e-9) / total for k in free}
        short = {k for k in free if given[k] < needed[k]}
        if not short:
            return tuple(given.get(k, needed[k]) for k in range(len(needed)))
        fixed |= short


def _column(head: tuple[str, str], entries: Sequence[str]) -> tuple[float, float]:
    """Widths [em] that a column can't do without, and at which nothing in it is broken."""
    words, unit = head
    least = [*_widths(words), _em(unit), min(_em(words) / _HEAD_LINES, _LEAST[1])]
    whole = [_em(words), _em(unit)]
    for text in entries:
        wide = max(_em(line) for line in text.split("\n"))
        whole.append(wide)
        if wide > _SHORT:
            wide = max(min(max(wide / 2 + 1, _LEAST[0]), _LEAST[1]), *_widths(text))
        least.append(wide)
    narrow = max(least) + 0.1
    # A head alone is broken rather than given room.
    asked = max(whole[2:], default=0.0) + 0.1
    return narrow, max(narrow, asked)


def _widths(text: str) -> list[float]:
    """Widths of the parts that a line can't break in [em]; two characters stay together."""
    return [max(_em(token), min(2.0, _em(text))) for token in _TOKEN.findall(text)] or [0.0]


def _em(text: str) -> float:
    """Width of a line in the packaged fonts [em], a little too wide rather than too narrow."""
    return sum(
        1.0
        if ord(c) > 0x2E7F
        else 0.0
        if c == "\u200b"
        else 0.76
        if c.isupper() or c in "%—…≤≥×→↑↓"
        else 0.58
        for c in text
    )
