"""Text from files that gives a terminal no orders."""

from __future__ import annotations

import re

__all__ = ["without_orders"]

#: Control characters but tab and line feed, and those that turn the direction of writing round.
_ORDERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def without_orders(text: str) -> str:
    """Return ``text`` with a question mark for each character that a terminal obeys.

    Names come from files: they must not colour, erase or turn round what stands beside them.

    >>> without_orders("\\x1b[2J衡水")
    '?[2J衡水'
    """
    return _ORDERS.sub("?", text)
