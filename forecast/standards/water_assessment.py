"""Assessment of sections, rivers and regions: 环办〔2011〕22号 (verified and secondary, as noted).

Shares of classes are taken over the sections that have one: a section without water or off line
leaves the denominator (verified, Zhenjiang 2018: 13 of 14).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecast.standards.items import CLASS_ITEMS
from forecast.standards.rounding import ratio_percent, round_half_even
from forecast.standards.water_class import class_limits, item_classes, section_class
from forecast.standards.water_period import period_means, round_statistics

__all__ = [
    "FEW_SECTIONS",
    "STATUSES",
    "SectionShares",
    "Status",
    "basin_change",
    "class_change",
    "class_status",
    "exceed_multiple",
    "few_sections_class",
    "main_pollution_items",
    "river_main_pollution_items",
    "river_status",
    "section_shares",
]

#: Below this number of sections a river is graded by the mean of their concentrations.
FEW_SECTIONS = 5

#: Heavy metals and cyanide come first among main pollution indicators (from memory).
_FIRST = ("hg", "cd", "cr6", "pb", "as", "se", "cu", "zn", "cn")
_NO_MULTIPLE = ("do", "ph", "water_temp")


@dataclass(frozen=True)
class Status:
    """Water quality status in words: ``rank`` 1 (best) to 5."""

    rank: int
    zh: str
    en: str


STATUSES: tuple[Status, ...] = (
    Status(1, "优", "excellent"),
    Status(2, "良好", "good"),
    Status(3, "轻度污染", "lightly polluted"),
    Status(4, "中度污染", "moderately polluted"),
    Status(5, "重度污染", "heavily polluted"),
)


@dataclass(frozen=True)
class SectionShares:
    """Shares of classes among sections, unrounded [%], of the leading shape of the classes.

    Attributes:
        by_class: (..., 6) share of each class, best first.
        share_class_iii: class III or better.
        share_inferior_v: worse than V.
        n_sections: int64 sections with a class; the shares are NaN where it is 0.
    """

    by_class: NDArray[np.float64]
    share_class_iii: NDArray[np.float64]
    share_inferior_v: NDArray[np.float64]
    n_sections: NDArray[np.int64]


def section_shares(classes: ArrayLike) -> SectionShares:
    """Shares of classes (..., section); 0 (no class) leaves the denominator.

    >>> round_half_even(float(section_shares([3] * 7 + [4] * 6 + [0]).share_class_iii), 1)
    53.8
    """
    array = np.asarray(classes)
    counts = np.stack([(array == number).sum(axis=-1) for number in range(1, 7)], axis=-1)
    total = counts.sum(axis=-1, dtype=np.int64)
    return SectionShares(
        by_class=np.asarray(ratio_percent(counts, total[..., None])),
        share_class_iii=np.asarray(ratio_percent(counts[..., :3].sum(axis=-1), total)),
        share_inferior_v=np.asarray(ratio_percent(counts[..., 5], total)),
        n_sections=np.asarray(total),
    )


def class_status(number: int) -> Status:
    """Status of a section of class ``number`` 1 to 6: I and II are excellent (secondary).

    Raises:
        ValueError: not a class.
    """
    if not 1 <= number <= 6:
        raise ValueError(f"class must be 1 to 6, got {number}")
    return STATUSES[max(number - 2, 0)]


def river_status(share_class_iii: float, share_inferior_v: float) -> Status:
    """Status of a river of five sections or more from its shares [%] (verified).

    Class III or better >= 90 excellent, 75 to 90 good; below 75 by the share worse than V: < 20
    lightly, 20 to 40 moderately, >= 40 heavily polluted. Shares are compared unrounded.

    >>> river_status(93.9, 0).zh
    '优'
    """
    if share_class_iii >= 90:
        return STATUSES[0]
    if share_class_iii >= 75:
        return STATUSES[1]
    if share_inferior_v < 20:
        return STATUSES[2]
    return STATUSES[3] if share_inferior_v < 40 else STATUSES[4]


def few_sections_class(
    values: ArrayLike, items: tuple[str, ...], water_type: str = "river"
) -> tuple[int, NDArray[np.float64]]:
    """Class of a river of fewer than five sections, and the means it rests on (verified).

    Args:
        values: (section, item) mean concentrations [mg/L]; averaged over the sections (pH through
            the hydrogen ion), rounded as assessment data, then graded by the worst item.

    >>> few_sections_class([[5.0], [7.0], [5.7]], ("codmn",))[0]
    3
    """
    means = round_statistics(period_means(values, items), items)
    found, _ = section_class(means, items, water_type, required=())
    return int(found), means


def exceed_multiple(
    values: ArrayLike, item: str, water_type: str = "river", target_class: int = 3
) -> NDArray[np.float64]:
    """Exceed multiple (C - S) / S against the limit of ``target_class``, one decimal.

    NaN for DO, pH and temperature, which have none, and where the limit is not exceeded
    (verified in bulletins: 总磷(0.3)).

    >>> exceed_multiple([0.32, 0.2], "tp").tolist()
    [0.6, nan]
    """
    array = np.asarray(values, dtype=np.float64)
    limits = None if item in _NO_MULTIPLE else class_limits(item, water_type)
    if limits is None:
        return np.full(array.shape, np.nan)
    limit = limits[target_class - 1]
    over = np.where(array > limit, (array - limit) / limit, np.nan)
    return np.asarray(round_half_even(over, 1))


def main_pollution_items(
    values: ArrayLike,
    items: tuple[str, ...],
    water_type: str = "river",
    *,
    target_class: int = 3,
    most: int = 3,
) -> list[tuple[str, int, float | None]]:
    """Main pollution indicators of a section: item, class, exceed multiple (from memory).

    Items worse than ``target_class``: heavy metals and cyanide first, then by class, then by
    multiple; at most ``most``.

    Args:
        values: (item,) rounded statistics [mg/L].
    """
    array = np.asarray(values, dtype=np.float64)
    classes = item_classes(array, items, water_type)
    found = []
    for column, item in enumerate(items):
        number = int(classes[column])
        if number > target_class and item in CLASS_ITEMS:
            multiple = float(exceed_multiple(array[column], item, water_type, target_class))
            found.append((item, number, None if np.isnan(multiple) else multiple))
    found.sort(key=lambda one: (one[0] not in _FIRST, -one[1], -(one[2] or 0.0)))
    return found[:most]


def river_main_pollution_items(
    classes: ArrayLike, items: tuple[str, ...], *, target_class: int = 3, most: int = 3
) -> list[tuple[str, float]]:
    """Main pollution indicators of a river: item, share of sections exceeding [%] (from memory).

    Args:
        classes: (section, item) class of each item, 0 where missing.
    """
    array = np.asarray(classes)
    monitored = (array > 0).sum(axis=0)
    shares = np.atleast_1d(ratio_percent((array > target_class).sum(axis=0), monitored))
    found = [(item, float(share)) for item, share in zip(items, shares, strict=True) if share > 0]
    found.sort(key=lambda one: -one[1])
    return found[:most]


def class_change(before: int, after: int) -> tuple[str, str]:
    """Words (zh, en) for a change of class: one class, or two and more 明显 (from memory).

    >>> class_change(5, 3)
    ('明显好转', 'markedly improved')
    """
    steps = before - after
    if steps == 0:
        return "无明显变化", "no marked change"
    if abs(steps) == 1:
        return ("好转", "improved") if steps > 0 else ("变差", "worsened")
    return ("明显好转", "markedly improved") if steps > 0 else ("明显变差", "markedly worsened")


def basin_change(
    before: tuple[float, float], after: tuple[float, float]
) -> tuple[float, tuple[str, str]]:
    """G - D of a basin [percentage points] and words for it (from memory).

    Args:
        before, after: (share of class III or better, share worse than V) [%].

    G is the rise of the good share, D that of the bad one; up to 10 no marked change, up to 20 a
    change, above a marked change.
    """
    score = (after[0] - before[0]) - (after[1] - before[1])
    size = abs(score)
    if size <= 10:
        return score, ("无明显变化", "no marked change")
    if size <= 20:
        return score, ("好转", "improved") if score > 0 else ("变差", "worsened")
    return score, class_change(3, 1) if score > 0 else class_change(1, 3)
