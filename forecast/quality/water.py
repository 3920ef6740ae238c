"""Rules on water samples that set one item against another, or the class against the items.

The figures are judgement; counts are those of the automatic stations of 2020-05 to 2021-04 (33,000
samples of 940 sections).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.quality.findings import joined, no_findings
from forecast.quality.series import Series, found, repeated, stretches
from forecast.standards.water_class import PLATFORM_ITEMS, section_class

__all__ = ["BELIEVED_WATER", "WATER_EXCESS", "contradictions", "wide_samples"]

#: Lowest and highest value that passes without a look [unit of the item].
BELIEVED_WATER: dict[str, tuple[float, float]] = {
    "water_temp": (-1, 40), "ph": (4.5, 10.5), "do": (0, 27), "codmn": (0, 100), "cod": (0, 500),
    "bod5": (0, 200), "nh3n": (0, 60), "tp": (0, 10), "tn": (0, 150), "conductivity": (1, 60_000),
    "turbidity": (0, 10_000), "chla": (0, 1),
}  # fmt: skip

#: A lone sample is also so much above its neighbours [mg/L]. Items that floods raise at once
#: (turbidity, conductivity, algae) have no such rule.
WATER_EXCESS: dict[str, float] = {
    "codmn": 15, "cod": 40, "bod5": 10, "nh3n": 3, "tp": 1, "tn": 20, "do": 15,
}  # fmt: skip

#: A part can't exceed the whole, beyond these tolerances: part, whole, factor, excess [mg/L].
_PARTS: tuple[tuple[str, str, float, float, str, str], ...] = (
    ("nh3n", "tn", 1.1, 0.2, "氨氮高于总氮", "NH3-N above total nitrogen"),
    ("codmn", "cod", 1.1, 2.0, "高锰酸盐指数高于化学需氧量", "CODMn above COD"),
)

#: Values are printed rounded and classes come from the values as they were: a class is wrong only
#: where it stays so when every value moves by this share.
_ROUNDED = 0.03

_PAUSE = np.timedelta64(8, "D")
_MONTH = np.timedelta64(31, "D")


def wide_samples(rows: pd.DataFrame) -> pd.DataFrame:
    """Samples as (region, place, time) × item, the last of several values of one cell."""
    return rows.pivot_table(
        index=["region", "place", "time"], columns="item", values="value", aggfunc="last"
    )


def contradictions(table: pd.DataFrame) -> pd.DataFrame:
    """Samples whose items, or whose class and items, contradict each other.

    ``table`` as of ``wide_samples``. A part above its whole (NH3-N above TN in 0.2 % of samples);
    a published class that the items exclude; all of four items or more the same three times in a
    row (none; twice in 20 of 33,000).
    """
    if table.empty:
        return no_findings()
    region, place = (
        table.index.get_level_values(name).to_numpy(dtype=object) for name in ("region", "place")
    )
    time = table.index.get_level_values("time").to_numpy().astype("datetime64[s]")
    code = pd.factorize(pd.MultiIndex.from_arrays([region, place]))[0].astype(np.int64)
    parts = []
    for part, whole, factor, excess, zh, en in _PARTS:
        if part not in table or whole not in table:
            continue
        a, b = table[part].to_numpy(np.float64), table[whole].to_numpy(np.float64)
        series = Series(region, place, np.full(len(table), part, object), time, a, code)
        first, last, n = stretches(series, (a > factor * b) & (a > b + excess), _PAUSE)
        detail = [f"{zh}（{a[k]:g}对{b[k]:g}）|{en} ({a[k]:g} against {b[k]:g})" for k in first]
        parts.append(found(series, first, last, "contradiction", detail, n))
    measured = [c for c in table.columns if c != "class_published"]
    values = table[measured].to_numpy(np.float64)
    parts.append(repeated(region, place, time, values, fewest_items=4, fewest=3, reach=_PAUSE))
    if "class_published" in table:
        parts.append(
            _classes(region, place, time, code, values, tuple(map(str, measured)),
                     table["class_published"].to_numpy(np.float64))
        )  # fmt: skip
    return joined(parts)


def _classes(
    region: NDArray[np.object_],
    place: NDArray[np.object_],
    time: NDArray[np.datetime64],
    code: NDArray[np.int64],
    values: NDArray[np.float64],
    items: tuple[str, ...],
    published: NDArray[np.float64],
) -> pd.DataFrame:
    """Published classes that no reading of the items gives.

    Both kinds of water are allowed, because the kind is only guessed from names, and every value
    may be off by its rounding. Where not all items of the platform are there, a class worse than
    that of the rest may be right; a better one can't.
    """
    least = np.full(len(published), 7)
    worst = np.zeros(len(published), dtype=np.int64)
    absent = np.isnan(values)
    for body in ("river", "lake"):
        for share in (1 - _ROUNDED, 1 + _ROUNDED):
            moved = values * share
            if "ph" in items:
                # pH is a logarithm; its rounding is absolute.
                at = items.index("ph")
                moved[:, at] = values[:, at] + (0.05 if share > 1 else -0.05)
            if "do" in items:
                # More oxygen is better: moved against the others.
                at = items.index("do")
                moved[:, at] = values[:, at] * (2 - share)
            found_class, _ = section_class(
                moved, items, body, platform=True, not_monitored=absent, required=()
            )
            known = found_class > 0
            least = np.where(known, np.minimum(least, found_class), least)
            worst = np.where(known, np.maximum(worst, found_class), worst)
    whole = np.ones(len(published), dtype=np.bool_)
    for item in PLATFORM_ITEMS:
        whole &= ~absent[:, items.index(item)] if item in items else False
    there = ~np.isnan(published) & (published > 0) & (worst > 0)
    odd = there & ((published < least) | (whole & (published > worst)))
    series = Series(
        region, place, np.full(len(published), "class_published", object), time, published, code
    )
    first, last, n = stretches(series, odd, _MONTH)
    detail = [
        f"公布类别{published[k]:g}，按各项浓度为{least[k]}至{worst[k]}类，共{m}次不符|"
        f"published class {published[k]:g}, by the items {least[k]} to {worst[k]}; samples that differ: {m}"
        for k, m in zip(first, n, strict=True)
    ]
    return found(series, first, last, "contradiction", detail, n)
