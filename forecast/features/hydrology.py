"""Water samples as monthly values: the step between a sample and a period."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["detection_limits", "monthly_means"]

#: Detection limits where a source marks a value as below detection without printing the limit
#: [mg/L]. From memory: usual limits of the national methods (GB 11892 for CODMn, HJ 535 for
#: NH3-N, GB 11893 for TP); a limit printed by the source wins.
_USUAL_LIMITS = {"codmn": 0.5, "nh3n": 0.025, "tp": 0.01, "tn": 0.05, "do": 0.2}


def detection_limits(items: pd.Series, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Limits of values marked as below detection: what the source printed, else the usual one.

    Args:
        items: item of each value.
        values: what the source printed [mg/L]; 0 or less is no limit.

    Returns:
        Shape (value,), NaN for an item whose usual limit is not known.
    """
    usual = items.map(_USUAL_LIMITS).to_numpy(dtype=np.float64)
    return np.where(values > 0.0, values, usual)


def monthly_means(samples: pd.DataFrame) -> pd.DataFrame:
    """Return monthly means of samples, months × (place, item).

    A month is the mean of its samples, so that extra samples of one season do not tilt a year
    (环办〔2011〕22号 practice; grade: from memory). pH is averaged through the hydrogen-ion
    concentration; a value below detection enters as half its limit (环办监测函〔2020〕82号, item 7).

    Args:
        samples: columns ``place``, ``time``, ``item``, ``value``, ``censored``.

    Returns:
        Index of month starts without gaps, columns (place, item), NaN where there is no sample.
    """
    value = samples["value"].to_numpy(dtype=np.float64).copy()
    below = samples["censored"].to_numpy(dtype=bool)
    value[below] = detection_limits(samples["item"], value)[below] / 2
    known = ~np.isnan(value)
    if not known.any():
        return pd.DataFrame(
            index=pd.DatetimeIndex([], name="month"),
            columns=pd.MultiIndex.from_arrays([[], []], names=["place", "item"]),
            dtype="float64",
        )
    ph = (samples["item"] == "ph").to_numpy(dtype=bool)
    value[ph] = 10.0 ** -value[ph]
    month = samples["time"].to_numpy().astype("datetime64[M]")
    first, last = month[known].min(), month[known].max()
    place, columns = _series(samples[known] if not known.all() else samples)
    order = columns.sortlevel()[1]
    columns = columns[order]
    column = np.argsort(order)[place]
    row = (month - first).astype(np.int64)[known]
    shape = (int((last - first).astype(np.int64)) + 1, len(columns))
    cell = row * shape[1] + column
    total = np.bincount(cell, value[known], shape[0] * shape[1]).reshape(shape)
    count = np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape)
    means = np.full(shape, np.nan)
    np.divide(total, count, out=means, where=count > 0)
    acid = np.asarray(columns.get_level_values("item") == "ph")
    means[:, acid] = -np.log10(means[:, acid])
    months = pd.date_range(str(first), str(last), freq="MS", name="month").as_unit("s")
    return pd.DataFrame(means, index=months, columns=columns)


def _series(samples: pd.DataFrame) -> tuple[NDArray[np.int64], pd.MultiIndex]:
    """Number of the series of each sample, and the series (place, item) that there are."""
    place, places = pd.factorize(samples["place"])
    item, items = pd.factorize(samples["item"])
    pair, pairs = pd.factorize(place.astype(np.int64) * max(len(items), 1) + item)
    names = [np.asarray(places, dtype=object), np.asarray(items, dtype=object)]
    split = np.divmod(pairs, max(len(items), 1))
    return pair, pd.MultiIndex.from_arrays(
        [n[k] for n, k in zip(names, split, strict=True)], names=["place", "item"]
    )


def monthly_limits(samples: pd.DataFrame, means: pd.DataFrame) -> pd.DataFrame:
    """Return limits of detection of the months whose samples are all below them.

    A month with any measured sample is a measured month.

    Args:
        samples: columns ``place``, ``time``, ``item``, ``value``, ``censored``; the value of a
            sample below detection is its limit [mg/L], or 0 where the source does not print it.
        means: of :func:`monthly_means` of these samples or of more, whose shape is taken.

    Returns:
        Mean of the limits of the month [mg/L], NaN where something was measured.
    """
    out = np.full(means.shape, np.nan)
    below = samples["censored"].to_numpy(dtype=bool)
    if below.any() and len(means):
        # A series that never fell below its limit has none.
        series, names = _series(samples)
        some = np.bincount(series[below], minlength=len(names))[series] > 0
        own, under = samples[some], below[some]
        limit = detection_limits(own["item"], own["value"].to_numpy(dtype=np.float64))
        column = means.columns.get_indexer(names)[series[some]]
        start = means.index[0].to_datetime64().astype("datetime64[M]")
        row = (own["time"].to_numpy().astype("datetime64[M]") - start).astype(np.int64)
        inside = (column >= 0) & (row >= 0) & (row < len(means))
        cell = (row * means.shape[1] + column)[inside]
        size = out.size
        good = (under & np.isfinite(limit))[inside]
        total = np.bincount(cell[good], limit[inside][good], size)
        whole, part = np.bincount(cell, minlength=size), np.bincount(cell[good], minlength=size)
        at = np.flatnonzero((whole > 0) & (whole == part))
        out.flat[at] = total[at] / whole[at]
    return pd.DataFrame(out, index=means.index, columns=means.columns)


#: Days of a month that need a value for its flow or its rain to be known.
_FLOW_DAYS, _RAIN_DAYS = 15, 25


def monthly_flow(flow: pd.DataFrame, samples: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return flows of months that go with the samples of the months.

    Concentration goes with the flow of the day of the sample. So in a month with samples it is the
    geometric mean of the flows of their days (where all of them are known), in a month without
    any that of all days.

    Args:
        flow: columns ``place``, ``date``, ``value`` [m³/s], of the gauge linked to a section under
            the name of the section.
        samples: columns ``place``, ``time``; None where sampling days do not matter.

    Returns:
        Index of month starts, columns (place, ``flow``) [m³/s]; NaN with fewer than half of the
        days of a month. A dry day counts as a thousandth of the median flow.
    """
    days = flow.groupby(["place", "date"])["value"].mean().reset_index()
    middle = days[days["value"] > 0.0].groupby("place")["value"].median()
    least = 1e-3 * days["place"].map(middle).fillna(1.0)
    days["log"] = np.log(np.maximum(days["value"], least))
    days["month"] = days["date"].to_numpy().astype("datetime64[M]").astype("datetime64[s]")
    grouped = days.groupby(["month", "place"])["log"]
    logs = grouped.mean()[grouped.count() >= _FLOW_DAYS]
    if samples is not None and not samples.empty:
        taken = pd.DataFrame(
            {
                "place": samples["place"].to_numpy(),
                "date": samples["time"].to_numpy().astype("datetime64[D]").astype("datetime64[s]"),
            }
        ).drop_duplicates()
        known = days.assign(date=days["date"].to_numpy().astype("datetime64[s]"))
        joined = taken.merge(known[["place", "date", "log"]], on=["place", "date"], how="left")
        joined["month"] = joined["date"].to_numpy().astype("datetime64[M]").astype("datetime64[s]")
        own = joined.groupby(["month", "place"])["log"]
        of_samples = own.mean()[own.count() == own.size()]
        logs = of_samples.combine_first(logs)
    return _by_month(np.exp(logs), "flow")


def monthly_rain(rain: pd.DataFrame, place: str = "") -> pd.DataFrame:
    """Return rain of months [mm], the mean over stations.

    Args:
        rain: columns ``place`` (of the station), ``date``, ``value`` [mm].
        place: section the rain is for; ``""`` for all sections.

    Returns:
        Index of month starts, one column (place, ``precip``); a month needs 25 days at a station.
    """
    month = rain["date"].to_numpy().astype("datetime64[M]").astype("datetime64[s]")
    grouped = rain.assign(month=month).groupby(["month", "place"])["value"]
    sums = grouped.mean()[grouped.count() >= _RAIN_DAYS]
    # A day that is missing is as wet as the others, not dry.
    length = pd.DatetimeIndex(sums.index.get_level_values("month")).days_in_month
    totals = (sums * length).groupby(level="month").mean()
    totals.index = pd.MultiIndex.from_product([totals.index, [place]], names=["month", "place"])
    return _by_month(totals, "precip")


def _by_month(values: pd.Series, quantity: str) -> pd.DataFrame:
    """Values by (month, place) as a table of months without gaps and (place, quantity)."""
    named = values.rename("value").reset_index()
    table = named.pivot_table(index="month", columns="place", values="value")
    table.columns = pd.MultiIndex.from_product(
        [table.columns.astype("str"), [quantity]], names=["place", "quantity"]
    )
    if table.empty:
        return table
    months = pd.date_range(table.index.min(), table.index.max(), freq="MS", name="month")
    return table.reindex(months)
