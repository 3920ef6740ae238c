"""Flow-normalised trends of sections with a gauge: what is left of a record without wet and dry years.

Exact WRTDS (:mod:`forecast.trend.wrtds`) where the record allows it. The years end with the last
whole calendar year, so a trend changes once a year and is kept in between.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from forecast import __version__
from forecast.disk import write_file
from forecast.errors import ForecastError
from forecast.features.hydrology import detection_limits
from forecast.models.water_walls import Wall
from forecast.projection.streams import stream
from forecast.standards.items import CLASS_ITEMS

__all__ = ["FEWEST_SAMPLES", "FEWEST_YEARS", "REPLICATES", "FlowTrend", "flow_trends"]

#: Fewer samples, or years between the first and the last, give no flow-normalised trend.
FEWEST_SAMPLES, FEWEST_YEARS = 100, 10
#: Longest gap of flow that is bridged [days].
_BRIDGED = 7
#: Draws behind the interval of a change.
REPLICATES = 60
#: Items that are looked at: concentrations that decide a class, and nitrogen.
_ITEMS = (*(i for i in CLASS_ITEMS if i != "ph"), "tn", "no3n")


@dataclass(frozen=True)
class FlowTrend:
    """The trend of one item of one section.

    Attributes:
        section, item, gauge: whose samples and whose flow.
        years: whole calendar years.
        conc, normalised: mean of the days of each, as estimated and without flow [mg/L].
        change, percent: from the first to the last year [mg/L, %]; NaN where it has no result.
        low, high: its 90 % interval [mg/L] from blocks of samples drawn anew; NaN without.
        likely_up: likelihood that it rose; NaN without.
        n, n_below: samples, and those below a detection limit.
        notes: what was left out or read in another way.
    """

    section: str
    item: str
    gauge: str
    years: tuple[int, ...]
    conc: tuple[float, ...]
    normalised: tuple[float, ...]
    change: float
    percent: float
    low: float
    high: float
    likely_up: float
    n: int
    n_below: int
    notes: tuple[str, ...] = ()


def flow_trends(
    samples: pd.DataFrame,
    flow: pd.DataFrame,
    gauges: Mapping[str, str],
    as_of: date,
    *,
    walls: Sequence[Wall] = (),
    seed: int,
    cache: Path | None = None,
    replicates: int = REPLICATES,
) -> tuple[list[FlowTrend], list[tuple[str, str]]]:
    """Trends of the sections of one region that have a gauge and a record long enough.

    Args:
        samples: ``place, time, item, value, censored`` of one region, known at ``as_of``.
        flow: ``place, date, value`` [m³/s] of the gauges, one a place and day.
        gauges: section → gauge; a section of the same name as a gauge needs no entry.
        as_of: the last year used is the last one that is whole by then.
        walls: declared breaks; samples before the last one of a series are another water's.
        seed: of the draws behind the intervals.
        replicates: draws behind the interval of a change, at least 10.
        cache: folder in which results are kept by what they were made from; None keeps none.

    Returns:
        The trends, and remarks (Chinese, English) on records that have a gauge and no trend.
    """
    last = date(as_of.year - (as_of < date(as_of.year, 12, 31)), 12, 31)
    remarks: list[tuple[str, str]] = []
    found: list[FlowTrend] = []
    by_gauge = {str(name): rows for name, rows in flow.groupby("place")}
    for section, own in samples[samples["item"].isin(_ITEMS)].groupby("place"):
        gauge = gauges.get(str(section), str(section))
        if gauge not in by_gauge:
            if str(section) in gauges:
                remarks.append(
                    (
                        f"{section}:配置的流量站{gauge}没有流量数据",
                        f"{section}: its gauge {gauge} has no flow readings",
                    )
                )
            continue
        river, done = _daily(by_gauge[gauge], last)
        if done[0]:
            remarks.append((f"{section}({gauge}):{done[0]}", f"{section} ({gauge}): {done[1]}"))
        if (river["q"] <= 0.0).any():
            remarks.append(
                (
                    f"{section}:流量站{gauge}有零或负的日流量,不能做流量归一化趋势(需要对数流量)",
                    f"{section}: the gauge {gauge} has days with a flow of 0 or less, whose logarithm "
                    "a flow-normalised trend would need",
                )
            )
            continue
        for item, every in own.groupby("item"):
            moved = [w.day for w in walls if w.holds_for(str(section), str(item))]
            rows = every[every["time"] >= pd.Timestamp(max(moved))] if moved else every
            pairs = _pairs(rows, river, last)
            if len(pairs) < FEWEST_SAMPLES or _span(pairs) < FEWEST_YEARS:
                if moved and len(every) >= FEWEST_SAMPLES:
                    remarks.append(
                        (
                            f"{section} {item}:申报的断点之后只有{len(pairs)}个样品,不足以做流量归一化趋势"
                            f"(需{FEWEST_SAMPLES}个、{FEWEST_YEARS}年)",
                            f"{section} {item}: {len(pairs)} samples since the declared break, too few "
                            f"for a flow-normalised trend ({FEWEST_SAMPLES} and {FEWEST_YEARS} years)",
                        )
                    )
                continue
            key = _key(pairs, river, seed, replicates)
            kept = _kept(cache, key)
            if kept is None:
                try:
                    kept = _fitted(pairs, river, stream(seed, "wrtds", key), replicates)
                except ForecastError as error:
                    remarks.append(
                        (
                            f"{section} {item}:样品或流量记录不符合要求,没有流量归一化趋势(细节见英文)",
                            f"{section} {item}: no flow-normalised trend ({error.message})",
                        )
                    )
                    continue
                _keep(cache, key, kept)
            found.append(replace(kept, section=str(section), item=str(item), gauge=gauge))
    return found, remarks


def _daily(rows: pd.DataFrame, last: date) -> tuple[pd.DataFrame, tuple[str, str]]:
    """Flow of every day up to ``last``, and what was done to it (zh, en).

    The method needs every day. Gaps of up to a week are bridged on the log scale; of a record with
    longer ones the longest stretch serves.
    """
    days = pd.to_datetime(rows["date"]).dt.normalize()
    table = pd.DataFrame({"date": days.to_numpy(), "q": rows["value"].to_numpy(dtype=np.float64)})
    table = table[(table["date"] <= pd.Timestamp(last)) & table["q"].notna()]
    table = table.drop_duplicates("date", keep="last").sort_values("date", ignore_index=True)
    if table.empty:
        return table, ("", "")
    apart = table["date"].diff().dt.days
    stretch = (apart > _BRIDGED + 1).cumsum()
    longest = table[stretch == stretch.value_counts().index[0]].set_index("date")["q"]
    every = longest.reindex(pd.date_range(longest.index[0], longest.index[-1]))
    filled = int(every.isna().sum())
    if filled and (longest > 0.0).all():
        every = np.exp(np.log(every).interpolate())
    zh = f"流量缺测{filled}天,按对数内插;" if filled else ""
    en = f"{filled} days of flow interpolated on the log scale; " if filled else ""
    if stretch.iloc[-1] > 0:
        first, final = longest.index[0].date(), longest.index[-1].date()
        zh += f"流量有超过{_BRIDGED}天的缺测,只用最长的一段{first}至{final};"
        en += f"gaps of more than {_BRIDGED} days: of the flow only {first} to {final} is used; "
    made = pd.DataFrame({"date": every.index, "q": every.to_numpy(dtype=np.float64)})
    return made, (zh.rstrip(";"), en.rstrip("; "))


def _pairs(rows: pd.DataFrame, river: pd.DataFrame, last: date) -> pd.DataFrame:
    """Samples as bounds [mg/L], within the days that have a flow."""
    value = rows["value"].to_numpy(dtype=np.float64)
    below = rows["censored"].to_numpy(dtype=bool)
    high = np.where(below, detection_limits(rows["item"], value), value)
    pairs = pd.DataFrame(
        {
            "date": pd.to_datetime(rows["time"]).dt.normalize().to_numpy(),
            "conc_low": np.where(below, np.nan, value),
            "conc_high": high,
        }
    )
    good = np.isfinite(high) & (high > 0.0) & (pairs["date"] <= pd.Timestamp(last)).to_numpy()
    if river.empty:
        return pairs[:0]
    ends = river["date"].iloc[0], river["date"].iloc[-1]
    good &= pairs["date"].between(*ends).to_numpy()
    return pairs[good].sort_values("date", ignore_index=True)


def _span(pairs: pd.DataFrame) -> float:
    """Years between the first and the last sample."""
    if pairs.empty:
        return 0.0
    return float((pairs["date"].iloc[-1] - pairs["date"].iloc[0]).days) / 365.25


def _fitted(
    pairs: pd.DataFrame, river: pd.DataFrame, rng: np.random.Generator, replicates: int
) -> FlowTrend:
    """Fit; names are filled in by the caller."""
    from forecast.trend import wrtds

    fitted = wrtds.fit(pairs, river)
    table = fitted.annual(start_month=1, months=12)
    inside = table["year"].between(pairs["date"].iloc[0].year, pairs["date"].iloc[-1].year)
    table = table[inside & table["fn_conc"].notna()]
    years = tuple(int(y) for y in table["year"])
    change = percent = low = high = up = float("nan")
    notes = list(fitted.notes)
    if len(years) >= FEWEST_YEARS:
        try:
            drawn = fitted.bootstrap_change(
                years[0], years[-1], replicates=replicates, start_month=1, rng=rng
            )
        except ForecastError as error:
            notes.append(error.message)
        else:
            change, percent = drawn.change.conc_change, drawn.change.conc_change_percent
            low, high = drawn.conc.interval(0.9)
            up = drawn.conc.likelihood_up
    return FlowTrend(
        "", "", "", years, tuple(map(float, table["conc"])), tuple(map(float, table["fn_conc"])),
        float(change), float(percent), float(low), float(high), float(up),
        len(pairs), int(pairs["conc_low"].isna().sum()), tuple(notes),
    )  # fmt: skip


def _key(pairs: pd.DataFrame, river: pd.DataFrame, seed: int, replicates: int) -> str:
    """What a result depends on, as one word."""
    digest = hashlib.sha256(f"{__version__} {seed} {replicates}".encode())
    for table in (pairs, river):
        for column in table.columns:
            digest.update(np.ascontiguousarray(table[column].to_numpy()).tobytes())
    return digest.hexdigest()[:32]


def _kept(cache: Path | None, key: str) -> FlowTrend | None:
    """The result kept under ``key``, if it is there and whole."""
    if cache is None:
        return None
    try:
        stored = json.loads((cache / f"{key}.json").read_text(encoding="utf-8"))
        lists = {k: tuple(v) for k, v in stored.items() if isinstance(v, list)}
        return FlowTrend(**{**stored, **lists})
    except (OSError, ValueError, TypeError):
        return None


def _keep(cache: Path | None, key: str, trend: FlowTrend) -> None:
    if cache is not None:
        cache.mkdir(parents=True, exist_ok=True)
        write_file(cache / f"{key}.json", json.dumps(asdict(trend)).encode())
