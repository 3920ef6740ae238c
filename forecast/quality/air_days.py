"""Rules on daily values of air that set one item against another, or the record against itself.

The figures are judgement; counts are those of 15 cities of 2013-12 to 2017-05 (19,143 city-days).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.quality.findings import findings, joined, no_findings
from forecast.quality.series import Series, found, repeated, stretches
from forecast.standards.aqi import daily_aqi
from forecast.standards.items import AIR_ITEMS

__all__ = [
    "BELIEVED_DAYS",
    "DAY_STEPS",
    "SPIKE_EXCESS",
    "basis_step",
    "contradictions",
    "wide_days",
]

#: Lowest and highest daily value that passes without a look [µg/m³, CO mg/m³]; the largest of the
#: record are 429, 168, 1344, 704, 8.0 and 294. None is outside.
BELIEVED_DAYS: dict[str, tuple[float, float]] = {
    "so2": (0, 800), "no2": (0, 300), "pm10": (0, 2500), "pm25": (0, 800), "co": (0, 15),
    "o3_8h": (0, 400), "o3_1h": (0, 450), "o3_24h": (0, 300),
}  # fmt: skip

#: The step in which daily values are printed.
DAY_STEPS: dict[str, float] = {
    item: 0.1 if item == "co" else 1.0 for item in (*AIR_ITEMS, "o3_1h", "o3_24h")
}

#: A lone daily value is also so much above its neighbours [µg/m³, CO mg/m³].
SPIKE_EXCESS: dict[str, float] = {
    "so2": 50, "no2": 60, "pm10": 150, "pm25": 75, "co": 2, "o3_8h": 100, "o3_1h": 100,
}  # fmt: skip

#: The day from which concentrations are at actual conditions (grade: secondary), and what gases
#: then become: 273.15 / 298.15 (GB 3095, amendment of 2018).
BASIS_CHANGE = np.datetime64("2018-09-01", "D")
GAS_FACTOR = 273.15 / 298.15
_GASES = ("so2", "no2", "co", "o3_8h", "o3_1h", "o3_24h")

#: Published and recomputed AQI that differ by more than this are not one AQI: a value printed in
#: whole µg/m³ can move it by two points at most. 3.7 % of the days do, all of them before 2015-07-20,
#: when the site left out the daily nodes of NO2, SO2 and CO.
_AQI_GAP, _AQI_SHARE = 5.0, 0.05
#: Some sites print no AQI above 300.
_AQI_CAP = 300.0

_MONTH = np.timedelta64(31, "D")
_DAY = np.timedelta64(1, "D")


def wide_days(rows: pd.DataFrame) -> pd.DataFrame:
    """Daily rows as (region, place, date) × item, the last of several values of one cell."""
    return rows.pivot_table(
        index=["region", "place", "date"], columns="item", values="value", aggfunc="last"
    )


def contradictions(table: pd.DataFrame) -> pd.DataFrame:
    """Days on which items contradict each other; ``table`` as of ``wide_days``.

    PM2.5 above PM10 by a tenth and 5 µg/m³ (0.6 % of the days); PM2.5 of zero beside normal PM10;
    the 8-hour above the 1-hour maximum of ozone; the published AQI against that of the items; all
    items the same on two days in a row (none).
    """
    if table.empty:
        return no_findings()
    region, place = (
        table.index.get_level_values(name).to_numpy(dtype=object) for name in ("region", "place")
    )
    time = table.index.get_level_values("date").to_numpy().astype("datetime64[s]")
    code = pd.factorize(pd.MultiIndex.from_arrays([region, place]))[0].astype(np.int64)

    def column(item: str) -> NDArray[np.float64]:
        if item in table:
            return table[item].to_numpy(np.float64)
        return np.full(len(table), np.nan)

    def pairs(
        mask: NDArray[np.bool_], item: str, rule: str, first: str, second: str, zh: str, en: str
    ) -> pd.DataFrame:
        a, b = column(first), column(second)
        series = Series(region, place, np.full(len(table), item, object), time, a, code)
        start, end, n = stretches(series, mask, 7 * _DAY)
        detail = [
            f"{zh}（{a[k]:g}对{b[k]:g}，共{m}天）|{en} ({a[k]:g} against {b[k]:g}; days: {m})"
            for k, m in zip(start, n, strict=True)
        ]
        return found(series, start, end, rule, detail, n)

    pm25, pm10, o8, o1 = (column(i) for i in ("pm25", "pm10", "o3_8h", "o3_1h"))
    values = np.stack([column(item) for item in AIR_ITEMS], axis=1)
    return joined(
        [
            pairs((pm25 > 1.1 * pm10) & (pm25 > pm10 + 5), "pm25", "pm_order", "pm25", "pm10",
                  "PM2.5高于PM10", "PM2.5 above PM10"),
            pairs((pm25 == 0) & (pm10 >= 20), "pm25", "contradiction", "pm25", "pm10",
                  "PM10正常而PM2.5为0", "PM2.5 is 0 beside normal PM10"),
            pairs((o8 > 1.02 * o1) & (o8 > o1 + 2), "o3_8h", "contradiction", "o3_8h", "o3_1h",
                  "臭氧8小时最大值高于1小时最大值", "8-hour maximum of ozone above its 1-hour one"),
            repeated(region, place, time, values, fewest_items=5, fewest=2, reach=_DAY),
            _published(region, place, time, code, values, column("aqi_published")),
        ]
    )  # fmt: skip


def _published(
    region: NDArray[np.object_],
    place: NDArray[np.object_],
    time: NDArray[np.datetime64],
    code: NDArray[np.int64],
    values: NDArray[np.float64],
    published: NDArray[np.float64],
) -> pd.DataFrame:
    """The AQI that was printed against that of the six items; days within a month are one finding.

    Where an item is missing, the AQI can't be below that of the others.
    """
    at = np.flatnonzero(~np.isnan(published))
    if not len(at):
        return no_findings()
    ours = daily_aqi(values[at], time[at].astype("datetime64[D]"), AIR_ITEMS, None)
    # An AQI that is withheld for a missing item is still at least the largest of the others.
    aqi, printed = ours.iaqi.max(axis=-1).astype(np.float64), published[at]
    gap = np.where(ours.complete, np.abs(aqi - printed), aqi - printed)
    odd = (aqi >= 0) & (gap > _AQI_GAP) & (gap > _AQI_SHARE * aqi)
    odd &= ~((printed == _AQI_CAP) & (aqi > _AQI_CAP))
    series = Series(
        region[at],
        place[at],
        np.full(len(at), "aqi_published", object),
        time[at],
        printed,
        code[at],
    )
    first, last, n = stretches(series, odd, _MONTH)
    detail = [
        f"公布AQI为{printed[k]:g}，按各项浓度计算为{aqi[k]:g}，共{m}天不符|"
        f"published AQI {printed[k]:g}, {aqi[k]:g} by the items; days that differ: {m}"
        for k, m in zip(first, n, strict=True)
    ]
    return found(series, first, last, "contradiction", detail, n)


def basis_step(rows: pd.DataFrame) -> pd.DataFrame:
    """Whether series of gases carry the change of reference state; information, not a fault.

    The months of the year after 2018-09-01 are set against the same months of the year before, and
    that ratio against the one of the years before, so that a steady fall is not taken for a step.
    Each needs eight pairs of months with 15 days each. The interval is mean ± 1.645 standard errors
    over the months, widened by √2 because neighbouring months are alike (judgement).
    """
    rows = rows[rows["item"].isin(_GASES) & (rows["value"] > 0)]
    if rows.empty:
        return no_findings()
    month = rows["date"].to_numpy("datetime64[M]")
    start = BASIS_CHANGE.astype("datetime64[M]")
    offset = (month - start).astype(np.int64)
    near = (offset >= -24) & (offset < 12)
    if not near.any():
        return no_findings()
    frame = pd.DataFrame(
        {
            "region": rows["region"].to_numpy(dtype=object)[near],
            "place": rows["place"].to_numpy(dtype=object)[near],
            "item": rows["item"].to_numpy(dtype=object)[near],
            "offset": offset[near],
            "value": rows["value"].to_numpy(np.float64)[near],
        }
    )
    months = frame.groupby(["region", "place", "item", "offset"])["value"].agg(["mean", "size"])
    months = months[months["size"] >= 15].reset_index()
    if months.empty:
        return no_findings()
    means = months.pivot_table(
        index=["region", "place", "item"], columns="offset", values="mean", aggfunc="first"
    )
    level = np.log(means.reindex(columns=range(-24, 12)).to_numpy(np.float64))
    older, before, after = level[:, :12], level[:, 12:24], level[:, 24:]
    change, error, n = _paired(after - before)
    trend, trend_error, n_trend = _paired(before - older)
    usable = (n >= 8) & (n_trend >= 8)
    names = means.index[usable]
    step = (change - trend)[usable]
    half = 1.645 * np.sqrt(2 * (error**2 + trend_error**2))[usable]
    low, middle, high = np.exp(step - half), np.exp(step), np.exp(step + half)
    detail = []
    for a, b, c in zip(low, middle, high, strict=True):
        no_step, has_step = a <= 1 <= c, a <= GAS_FACTOR <= c
        zh, en = (
            ("无法判断", "can't tell")
            if no_step == has_step
            else ("未见变更", "no such step is seen")
            if no_step
            else ("与变更相符", "the step is there")
        )
        detail.append(
            f"2018年9月前后同期比{b:.2f}（{a:.2f}至{c:.2f}），换算应为{GAS_FACTOR:.3f}：{zh}|"
            f"ratio across 2018-09, season and trend taken out, {b:.2f} ({a:.2f} to {c:.2f}); the "
            f"conversion gives {GAS_FACTOR:.3f}: {en}"
        )
    moment = np.full(len(names), BASIS_CHANGE.astype("datetime64[s]"))
    return findings(
        names.get_level_values("region"), names.get_level_values("place"),
        names.get_level_values("item"), moment, moment, "basis_step", detail, n[usable],
    )  # fmt: skip


def _paired(
    change: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Mean, standard error and number of each row, NaN left out."""
    there = ~np.isnan(change)
    n = there.sum(axis=1)
    safe = np.maximum(n, 1)
    mean = np.where(there, change, 0.0).sum(axis=1) / safe
    square = np.where(there, (change - mean[:, None]) ** 2, 0.0).sum(axis=1)
    return mean, np.sqrt(square / np.maximum(n - 1, 1) / safe), n
