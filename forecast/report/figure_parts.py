"""What the charts of a run have in common: file names, the entry behind a chart, the footer."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

from forecast.charts.chart import Chart
from forecast.charts.style import Footer

__all__ = ["ChartJob", "Notices", "entry_of", "file_words", "footer_of", "stem"]

#: A name takes at most about so many bytes: file systems have 255, and endings are added.
_MOST_BYTES = 150

#: Region and place a job draws for, and the function that draws.
ChartJob = tuple[str, str, Callable[[], list[Chart]]]
#: Lines that must not be missed, as (Chinese, English).
Notices = tuple[tuple[str, str], ...]

_DUST = {
    "kept": ("优良天数、重污染天数含沙尘日", "day counts keep dust days"),
    "removed_where_known": ("浓度扣除已知的沙尘日", "concentrations without known dust days"),
}


def stem(kind: str, *parts: str) -> str:
    """Return a file name that every system takes and no other parts are given.

    Parts that had to be changed, or could be cut elsewhere (``a-b`` and ``c``, ``a`` and ``b-c``),
    and long ones are told by a hash of what they were.

    >>> stem("scenario", "衡水", "衡水"), stem("scenario", "a/b")
    ('scenario-衡水-衡水', 'scenario-a_b-c14cddc0')

    Args:
        kind: one of this program's own words.
        parts: such as region and place.
    """
    words = [file_words(part) for part in parts]
    name = "-".join([kind, *words])
    plain = all(word == part and "-" not in part for word, part in zip(words, parts, strict=True))
    if plain and len(name.encode()) <= _MOST_BYTES:
        return name
    told = hashlib.sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()[:8]
    return f"{name.encode()[:_MOST_BYTES].decode('utf-8', 'ignore')}-{told}"


def file_words(text: str) -> str:
    """Return ``text`` without the signs that some system does not take in the name of a file."""
    return re.sub(r'[\s\x00-\x1f\x7f<>:"/\\|?*#%]+', "_", text).strip("._") or "chart"


def entry_of(
    entries: list[dict[str, Any]], region: str, place: str, indicator: str
) -> dict[str, Any] | None:
    """Return the projection of an indicator of a place, None where there is none."""
    return next(
        (
            e
            for e in entries
            if e["region"] == region and e["place"] == place and e["indicator"] == indicator
        ),
        None,
    )


def footer_of(
    entry: dict[str, Any], run_id: str, notices: Notices, unit: tuple[str, str]
) -> Footer:
    """Return what stands under a chart of ``entry``; ``unit`` (zh, en) is what is counted."""
    observed = entry["observed"]
    dust = _DUST.get(str(entry["dust"]), ("", ""))
    return Footer(
        period=f"{entry['year']}-01-01/{observed['last_day'] or entry['as_of']}",
        n_valid=observed["n_valid"],
        n_expected=observed["n_expected"],
        standard=entry["standard"],
        run_id=run_id,
        dust_zh=dust[0],
        dust_en=dust[1],
        notices=notices,
        unit_zh=unit[0],
        unit_en=unit[1],
    )
