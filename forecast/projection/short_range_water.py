"""Class of sections over the next seven days, or at the next sampling.

Sections with readings on most days are drawn day by day, those sampled every week or two sample by
sample (:mod:`forecast.models.short_range_water`); of sections sampled once a month the next month is
that of :mod:`forecast.projection.class_outlook`. Classes are those of GB 3838, single readings as
the national platform judges them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.models.class_references import transitions
from forecast.models.short_range_water import FEWEST_READINGS, WaterShortRange
from forecast.projection.class_outlook import MonthOutlook
from forecast.projection.panel import Panel, water_results
from forecast.projection.settings import Settings
from forecast.projection.streams import stream
from forecast.projection.summary import number
from forecast.projection.water import WaterProjection
from forecast.projection.water_names import same_section, section_names
from forecast.standards.indicators import WATER_CLASSES
from forecast.standards.items import CLASS_ITEMS
from forecast.standards.water_class import PLATFORM_ITEMS, section_class

__all__ = ["class_odds", "water_short_range"]

#: Days ahead.
_DAYS = 7
#: Class asked of a section for which none is set.
_CLASS = 3
#: A section whose readings are this near to each other on the middle is one of days [days].
_DAILY = 1.5
#: … and one of samples up to this; beyond, the months are drawn.
_OFTEN = 16.0
#: The rhythm is that of the last days of the record [days].
_RHYTHM_DAYS = 120
#: Readings older than this say nothing of the coming week [multiples of the rhythm].
_LATE = 3.0
#: A month further ahead than this is not the next sampling [days].
_FAR = 62
#: Cases that staying, and the class's frequency, count for in a row of transitions.
_TRANSITION_PRIOR = 6.0
#: Half of a path that isn't there, spread over the classes.
_NEVER_NONE = 0.25


def water_short_range(
    panel: Panel, settings: Settings, projections: Sequence[WaterProjection] | None = None
) -> list[dict[str, Any]]:
    """Class outlook of every section that is asked for, JSON-ready.

    Args:
        panel: what is known at the as-of date.
        settings: the question.
        projections: the projection of the same panel, where it has been made: sections sampled once
            a month are taken from it. None: it is made where it is needed.

    Returns:
        One entry a section; ``days`` is empty, with a ``reason``, where nothing can be said.
    """
    if panel.water.empty:
        return []
    end = pd.Timestamp(settings.as_of) + pd.Timedelta(days=1)
    samples = panel.water[panel.water["time"] < end]
    names = section_names(samples, {r: d.aliases for r, d in panel.declared.items()})
    samples = names.rename(samples)
    wanted = [r for r in samples["region"].unique() if panel.wants(str(r))]
    samples = samples[(samples["place_kind"] == "section") & samples["region"].isin(wanted)]
    asked = {r: panel.declared_of(str(r), settings.as_of.year).own_class for r in wanted}
    rhythms = _rhythms(samples)
    last = samples.groupby(["region", "place"], sort=True)["time"].max()
    often = {key for key, rhythm in rhythms.items() if rhythm <= _OFTEN}
    rows = samples.groupby(["region", "place"]).indices if often else {}
    found: dict[tuple[str, str], dict[str, Any]] = {}
    monthly: list[tuple[str, str]] = []
    for (region, place), issued in zip(last.index.to_list(), last, strict=True):
        key = str(region), str(place)
        found[key] = _start(key, issued, asked[region])
        own = rhythms.get(key, np.inf)
        if key not in often or not _often(found[key], samples.iloc[rows[key]], own, settings):
            monthly.append(key)
    if monthly:
        if projections is None:
            projections = water_results(panel, settings, draw=True)
        cards = {(p.region, c.section): c.ahead for p in projections for c in p.cards}
        for key in monthly:
            _next_month(found[key], cards.get(key, ()), settings)
    return list(found.values())


def _rhythms(samples: pd.DataFrame) -> dict[tuple[str, str], float]:
    """Region and place → days between its readings of late, of places with enough readings."""
    there = samples["item"].isin(CLASS_ITEMS) & samples["value"].notna()
    days = samples.loc[there, ["region", "place"]].assign(
        day=samples.loc[there, "time"].to_numpy().astype("datetime64[D]").astype(np.int64)
    )
    out = {}
    for (region, place), own in days.drop_duplicates().groupby(["region", "place"])["day"]:
        if len(own) < FEWEST_READINGS:
            continue
        order = np.sort(own.to_numpy())
        recent = order[order > order[-1] - _RHYTHM_DAYS]
        rhythm = float(np.median(np.diff(recent))) if len(recent) > 2 else np.inf
        out[str(region), str(place)] = rhythm
    return out


def _start(key: tuple[str, str], issued: pd.Timestamp, asked: Mapping[str, int]) -> dict[str, Any]:
    region, place = key
    limit = next((c for name, c in asked.items() if same_section(name, place)), None)
    return {
        "region": region,
        "place": place,
        "place_kind": "section",
        "issued": issued.date().isoformat(),
        "kind": "next_sample",
        "limit": WATER_CLASSES[(limit or _CLASS) - 1],
        "limit_from": "default" if limit is None else "target",
        "days": [],
        "deciding": {},
    }


def _often(entry: dict[str, Any], own: pd.DataFrame, rhythm: float, settings: Settings) -> bool:
    """Fill the entry of a section with so many days between readings; False where it can't be."""
    values = own[own["item"].isin(CLASS_ITEMS)]
    table = values.assign(day=values["time"].dt.normalize()).pivot_table(
        index="day", columns="item", values="value", aggfunc="mean"
    )
    days = table.index.to_numpy().astype("datetime64[D]")
    daily = rhythm <= _DAILY
    items = tuple(i for i in CLASS_ITEMS if i in table.columns)
    if daily:
        table = table.reindex(pd.date_range(table.index[0], table.index[-1]))
    silent = (np.datetime64(settings.as_of, "D") - days[-1]).astype(int)
    if silent >= (_DAYS if daily else max(_LATE * rhythm, _DAYS)):
        entry["kind"] = "daily" if daily else "next_sample"
        entry["reason"] = {
            "zh": f"最后一次监测为{days[-1]},距起报日{silent}天,不能说明未来几天",
            "en": f"the last reading is of {days[-1]}, {silent} days before the as-of date, and says "
            "nothing of the coming days",
        }
        return True
    model = WaterShortRange(_DAYS if daily else 1)
    model = model.fit(table[list(items)].to_numpy(np.float64), items)
    if not model.items:
        return False
    rng = stream(settings.seed, "short_range", entry["region"], entry["place"])
    drawn = model.sample(settings.n_paths, rng)
    if not drawn.size:
        return False
    water_type = str(own["water_type"].iloc[-1]) or "river"
    missing = tuple(i for i in PLATFORM_ITEMS if i not in model.items)
    classes, deciding = section_class(
        drawn, model.items, water_type, platform=True, not_monitored=missing
    )
    seen, _ = section_class(
        table[list(model.items)].to_numpy(np.float64), model.items, water_type, platform=True,
        not_monitored=missing,
    )  # fmt: skip
    step = 1 if daily else max(1, round(rhythm))
    dates = days[-1] + step * np.arange(1, drawn.shape[1] + 1)
    if not daily:
        dates = np.maximum(dates, np.datetime64(settings.as_of, "D") + 1)
    kept = np.flatnonzero(dates > np.datetime64(settings.as_of, "D"))
    entry["kind"] = "daily" if daily else "next_sample"
    entry["days"] = [
        _day(dates[k], days[-1], class_odds(classes[:, k], seen, int(k) + 1), entry["limit"])
        for k in kept
    ]
    entry["deciding"] = _deciding(classes[:, kept], deciding[:, kept], model.items, entry["limit"])
    if missing:
        entry["items_missing"] = list(missing)
    return True


def class_odds(drawn: NDArray[np.int8], seen: NDArray[np.int8], lead: int) -> NDArray[np.float64]:
    """Odds of class I to worse than V so many readings on, (6,), none of them 0.

    Half drawn items, half what came so many readings after the class last seen, in the section's own
    past: on real sections each alone scored worse (``benchmarks/short_range_water.md``).

    Args:
        drawn: classes of the paths.
        seen: classes of the past readings, 0 where there is none.
        lead: readings ahead.
    """
    count = np.bincount(drawn, minlength=7)[1:7] + _NEVER_NONE
    odds: NDArray[np.float64] = count / count.sum()
    last = int(seen[-1]) if len(seen) else 0
    if last and len(seen) > lead:
        moves = transitions(seen[:-lead], seen[lead:], prior=_TRANSITION_PRIOR)
        odds = 0.5 * odds + 0.5 * moves[last - 1]
    return odds


def _day(
    day: np.datetime64, last: np.datetime64, odds: NDArray[np.float64], limit: str
) -> dict[str, Any]:
    return {
        "date": str(day),
        "lead": int((day - last).astype(int)),
        "classes": {c: number(float(p)) for c, p in zip(WATER_CLASSES, odds, strict=True)},
        "p_worse": number(float(odds[WATER_CLASSES.index(limit) + 1 :].sum())),
        "p_inferior_v": number(float(odds[-1])),
    }


def _deciding(
    classes: NDArray[np.int8],
    deciding: NDArray[np.bool_],
    items: tuple[str, ...],
    limit: str,
) -> Mapping[str, float | None]:
    """Item → share of the drawn days worse than the limit (of all, where none is) that it decides."""
    worse = classes > WATER_CLASSES.index(limit) + 1
    counted = worse if worse.any() else classes > 0
    share = deciding[counted].mean(axis=0) if counted.any() else np.zeros(len(items))
    order = np.argsort(-share, kind="stable")
    return {items[k]: number(float(share[k])) for k in order if share[k] >= 0.005}


def _next_month(entry: dict[str, Any], ahead: Sequence[MonthOutlook], settings: Settings) -> None:
    """Fill the entry of a section that is sampled once a month."""
    if ahead:
        month = ahead[0].month.astype("datetime64[D]")
        last = np.datetime64(entry["issued"], "D")
        as_of = np.datetime64(settings.as_of, "D")
        if month <= as_of + _FAR:
            day = max(month, as_of + 1)
            entry["days"] = [_day(day, last, np.asarray(ahead[0].p_class), entry["limit"])]
            entry["period"] = str(month)[:7]
            return
    entry["reason"] = {
        "zh": "监测次数太少或已停止,没有可用的下一次采样预测",
        "en": "too few samples, or none of late, to say anything of the next one",
    }
