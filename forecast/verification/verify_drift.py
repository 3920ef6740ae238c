"""Are the latest forecasts off to one side, beyond what chance and one odd year would do.

Forecasts of one year and place miss the same weather, and so do neighbouring places: twelve forecasts
of one year are one case, whatever the number of days or cities. Of each place one forecast a month is
taken, the last of it; its miss is expressed in its own spread (the normal score of where the truth
lay). The mean of a year's scores has at most the variance 1 if forecasts are right, however they
depend on each other, so the mean over k years, times the square root of k, is at most standard normal.
A drift is said where it leaves the interval that would hold for all tests together in 95 of 100 cases
(Bonferroni over indicators and windows). Few years therefore need a large and steady miss.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from forecast.projection.hindcast_indicators import hindcast_indicator
from forecast.report.words import UNIT_ZH
from forecast.standards.indicators import Indicator

__all__ = ["WINDOWS", "drift_sentence", "drift_table", "monthly"]

#: The latest forecasts of each place looked at: a year's, and three years'.
WINDOWS: tuple[int, ...] = (12, 36)

_ALPHA = 0.05


def monthly(rows: pd.DataFrame) -> pd.DataFrame:
    """One forecast a place, indicator, year and month: the last of the month."""
    key = ["region", "place", "indicator", "year", "lead_months"]
    return rows.sort_values("origin", kind="stable").drop_duplicates(key, keep="last")


def drift_table(rows: pd.DataFrame) -> pd.DataFrame:
    """How far the latest forecasts lay to the hopeful side.

    Args:
        rows: scored forecasts, with ``pit``.

    Returns:
        One row an indicator and window: ``indicator, unit, window, n`` (forecasts), ``places``,
        ``years``, ``hopeful`` (mean miss to the good side [unit], negative where too gloomy),
        ``score`` (standard normal if there is no drift, or narrower), ``bound``, ``drift``.
    """
    from scipy.special import ndtri

    taken = monthly(rows[np.isfinite(rows["pit"].astype(float))])
    names = sorted(set(taken["indicator"]))
    bound = float(ndtri(1.0 - _ALPHA / 2.0 / max(1, len(names) * len(WINDOWS))))
    out: list[dict[str, Any]] = []
    for name in names:
        own = taken[taken["indicator"] == name].sort_values("origin", kind="stable")
        sign = 1.0 if _better(name) == "lower" else -1.0
        lengths = own.groupby(["region", "place"]).size()
        for window in WINDOWS:
            if window != WINDOWS[0] and lengths.max() <= WINDOWS[0]:
                continue
            part = own.groupby(["region", "place"]).tail(window)
            z = sign * ndtri(part["pit"].to_numpy(float))
            years = pd.Series(z).groupby(part["year"].to_numpy()).mean()
            score = float(years.mean() * np.sqrt(len(years)))
            out.append(
                {
                    "indicator": name, "unit": part["unit"].iloc[-1], "window": window,
                    "n": len(part), "places": len(part[["region", "place"]].drop_duplicates()),
                    "years": len(years), "hopeful": float((sign * (part["truth"] - part["mean"])).mean()),
                    "score": score, "bound": bound, "drift": abs(score) > bound,
                }
            )  # fmt: skip
    columns = [
        "indicator",
        "unit",
        "window",
        "n",
        "places",
        "years",
        "hopeful",
        "score",
        "bound",
        "drift",
    ]
    return pd.DataFrame(out, columns=columns)


def _known(name: str) -> Indicator | None:
    try:
        return hindcast_indicator(name)
    except KeyError:
        return None


def _better(name: str) -> str:
    known = _known(name)
    return "lower" if known is None else known.better


def drift_sentence(row: Mapping[Hashable, Any]) -> tuple[str, str]:
    """What a row of :func:`drift_table` says, in Chinese and English.

    >>> row = {"indicator": "good_days", "unit": "days", "window": 12, "n": 12, "places": 1, "years": 1,
    ...     "hopeful": 4.0, "score": 1.1, "bound": 2.5, "drift": False}
    >>> drift_sentence(row)[1]
    'good-air days: the last 12 forecasts were too hopeful by 4 days, within what 1 year can do by chance'
    """
    known = _known(str(row["indicator"]))
    zh, en = (known.zh, known.en) if known else (str(row["indicator"]),) * 2
    size = abs(float(row["hopeful"]))
    unit = "" if row["unit"] in ("-", "class") else str(row["unit"])
    figure = f"{size:.3g}" if size < 100 else f"{size:.0f}"
    side = ("偏乐观", "too hopeful") if row["hopeful"] >= 0 else ("偏悲观", "too gloomy")
    of_zh = (
        f"{row['places']}个点位各最近{row['window']}次"
        if row["places"] > 1
        else f"最近{row['n']}次"
    )
    of_en = (
        f"the last {row['window']} forecasts of each of {row['places']} places"
        if row["places"] > 1
        else f"the last {row['n']} forecasts"
    )
    n_years = f"{row['years']} year{'s' if row['years'] != 1 else ''}"
    found_zh, found_en = (
        (f"超出{row['years']}年内偶然误差的范围", f"beyond what {n_years} can do by chance")
        if row["drift"]
        else (f"未超出{row['years']}年内偶然误差的范围", f"within what {n_years} can do by chance")
    )
    zh_unit = UNIT_ZH.get(unit, unit)
    amount_en = f"{figure} {unit}".strip() if unit != "days" or figure != "1" else "1 day"
    return (
        f"{zh}:{of_zh}预测平均{side[0]}{figure}{zh_unit},{found_zh}",
        f"{en}: {of_en} were {side[1]} by {amount_en}, {found_en}",
    )
