"""The hindcast of a workspace: past emissions in, PM2.5 predicted beside what the city's record shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from forecast.models.circumstances import Circumstances
from forecast.projection.panel import Panel
from forecast.region_names import normalise_region
from forecast.scenario.air_response import AirDraws
from forecast.scenario.hindcast import Hindcast, PastChange, hindcast, hindcast_evidence
from forecast.scenario.learning import Evidence
from forecast.scenario.observed_change import ObservedChange, observed_change, whole_years
from forecast.scenario.past_emissions import (
    PLACE_YEARS,
    Change,
    EmissionHistory,
    inventory_history,
    national_history,
    stated_history,
    weakest_grade,
)
from forecast.scenario.pollutants import POLLUTANT_NAMES
from forecast.scenario.scenario_model import Scenario

__all__ = ["LAST_OF_2013", "RecordHindcast", "daily_record", "record_hindcast"]

#: A hindcast that begins in this year or before takes the draws of 2013: there was more sulfate to lose.
LAST_OF_2013 = 2016
#: Pollutants that PM2.5 answers.
_ACTING = ("SO2", "NOx", "NH3", "VOC", "PM25")
#: Error over three years of a change that nobody states and no table has; judgement.
_UNKNOWN_SD = 0.15
_NO_OZONE = (
    "回溯检验只针对 PM2.5；臭氧等其余项目没有回溯检验。",
    "The hindcast is of PM2.5; ozone and the other items have none.",
)
#: Years apart from which a comparison is worth more than the errors of its two ends.
_APART = 2
#: Days with weather from which on a year can be freed of it.
_WEATHER_DAYS = 330


@dataclass(frozen=True)
class RecordHindcast:
    """What the city's own record says of the response.

    Attributes:
        hindcasts: predicted beside observed; empty where nothing could be compared.
        evidence: the same as evidence on the parameters, one piece a hindcast, predicted with the
            draws that ``hindcasts`` took.
        reason: what is missing, (zh, en); empty where there is a hindcast.
        remarks: what the comparison rests on, (zh, en) each.
        grades: grade of the emissions behind each hindcast.
        borrowed: whether the emissions (primary PM2.5 among them) are the nation's.
    """

    hindcasts: tuple[Hindcast, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    reason: tuple[str, str] = ("", "")
    remarks: tuple[tuple[str, str], ...] = ()
    grades: tuple[str, ...] = ()
    borrowed: bool = False

    @property
    def of_own_record(self) -> bool:
        """Whether the response was checked on the city's own record."""
        return bool(self.hindcasts)

    @property
    def outside(self) -> bool:
        """Whether an observed change lies outside the 80 % interval of its hindcast."""
        return any(not h.inside() for h in self.hindcasts)

    def sentences(self) -> list[tuple[str, str]]:
        """The result and what it rests on, or the reason why there is none, (zh, en) each."""
        if not self.hindcasts:
            return [self.reason, *self.remarks]
        return [*((f"{h.words_zh}。", f"{h.words_en}.") for h in self.hindcasts), *self.remarks]

    def rows(self) -> list[dict[str, Any]]:
        """One JSON-ready row a hindcast: ratios of the last year by the first, 80 % interval."""
        return [
            {
                "place": h.past.name, "first_year": h.past.first_year, "last_year": h.past.last_year,
                "low": round(h.quantiles[0.1], 4), "median": round(h.quantiles[0.5], 4),
                "high": round(h.quantiles[0.9], 4), "observed": round(h.past.observed, 4),
                "inside": h.inside(), "weather_adjusted": h.past.weather_adjusted, "grade": grade,
                "source": h.past.source,
            }
            for h, grade in zip(self.hindcasts, self.grades, strict=True)
        ]  # fmt: skip

    def told(self) -> dict[str, Any]:
        """JSON-ready: ``done``, ``sentences`` and ``rows``."""
        said = [{"zh": zh, "en": en} for zh, en in self.sentences()]
        return {"done": bool(self.hindcasts), "sentences": said, "rows": self.rows()}


def daily_record(
    panel: Panel, region: str, place: str, item: str, as_of: date
) -> tuple[pd.Series, int]:
    """Daily values of an item of a city up to ``as_of`` without known dust days, by day.

    Returns:
        The values [unit of the item] and how many were taken out as dust.
    """
    air = panel.air
    own = air[
        (air["region"] == region) & (air["place"] == place) & (air["place_kind"] == "city")
        & (air["item"] == item) & (air["date"] <= pd.Timestamp(as_of))
    ]  # fmt: skip
    values = own.drop_duplicates("date").set_index("date")["value"].astype("float64").sort_index()
    values.index = pd.DatetimeIndex(values.index)
    dust = panel.dust_of(region)
    removed = values.index.isin(pd.DatetimeIndex(dust.loc[dust["item"] == item, "date"]))
    return values[~removed].rename(item), int(removed.sum())


def record_hindcast(
    panel: Panel,
    region: str,
    place: str,
    scenario: Scenario,
    emissions: pd.DataFrame | None,
    draws_2013: AirDraws,
    rng: np.random.Generator,
    *,
    as_of: date,
    draws_2020: AirDraws | None = None,
) -> RecordHindcast:
    """Compare the response with the city's own record, where there is anything to compare.

    The change of emissions is, in this order, what the scenario file states (``[[past_changes]]``), that
    of inventories of two years (those of the file before those of the workspace), or that of the
    nation with the error of a single city. The years are the first and the last whole ones of the
    record that it covers; of those with daily weather, where these lie well apart.

    Args:
        panel: readings, weather, dust days and circumstances.
        region, place: the city, as the readings name it.
        scenario: what is known of its emissions.
        emissions: the table ``emissions`` of the workspace; None or empty: none.
        draws_2013: prior draws of the emissions of 2013, for comparisons that begin up to 2016.
        rng: source of the errors of emissions and observation.
        as_of: last day whose readings may be used.
        draws_2020: the paired draws of today, for comparisons that begin later; None: those of 2013.
    """
    values, removed = daily_record(panel, region, place, "pm25", as_of)
    if emissions is not None:
        emissions = emissions[emissions["year"] <= as_of.year]
    about = panel.circumstances.get(normalise_region(region), Circumstances())
    years = whole_years(values, about) if not values.empty else []
    if len(years) < 2:
        return RecordHindcast(reason=_too_short(values, years))
    level = draws_2013.region.level
    nation = national_history(place=level not in ("country", "region"))
    stated, listed = stated_history(scenario), inventory_history(scenario, region, emissions)
    own = [h for h in (stated, listed) if h is not None]
    notes = tuple(note for h in own for note in h.notes)
    weather = panel.weather.get(normalise_region(region))
    chosen = _chosen([*own, nation], nation, _with_weather(years, weather))
    if chosen is None or chosen[2] - chosen[1] < _APART:
        chosen = _chosen([*own, nation], nation, years)
    if chosen is None:
        return RecordHindcast(reason=_no_emissions(years, nation), remarks=notes)
    history, first, last = chosen
    changes, filled, unknown = _changes(history, nation, first, last)
    seen = observed_change(
        values, first, last, weather=weather, circumstances=about,
    )  # fmt: skip
    source = history.source + (
        f"; {', '.join(filled)}: {nation.source}" if filled and history is not nation else ""
    )
    past = PastChange(
        place, first, last, {p: c.value for p, c in changes.items()}, seen.ratio, seen.sd,
        seen.weather_adjusted, {p: c.sd for p, c in changes.items()}, source,
    )  # fmt: skip
    draws = draws_2013 if first <= LAST_OF_2013 or draws_2020 is None else draws_2020
    streams = rng.spawn(2)
    compared = hindcast(past, draws, streams[0])
    return RecordHindcast(
        (compared,),
        (hindcast_evidence(past, draws, streams[1]),),
        remarks=(
            _emission_words(history, changes, filled, unknown),
            *([] if history is nation else [_scope_words(compared)]),
            _observed_words(seen, removed),
            *_break_words(seen),
            _NO_OZONE,
            *notes,
        ),
        grades=(weakest_grade([c.grade for c in changes.values()]),),
        borrowed=history is nation or "PM25" in filled,
    )


def _with_weather(years: Sequence[int], weather: pd.DataFrame | None) -> list[int]:
    """Those of ``years`` with daily weather of nearly all days: their change can be freed of it."""
    if weather is None or weather.empty:
        return []
    days = pd.DatetimeIndex(weather.dropna(how="all").index).year.value_counts()
    return [y for y in years if int(days.get(y, 0)) >= _WEATHER_DAYS]


def _chosen(
    histories: Sequence[EmissionHistory], nation: EmissionHistory, years: Sequence[int]
) -> tuple[EmissionHistory, int, int] | None:
    """The first history that covers two years of the record well apart, else the first with any two."""
    found = []
    for history in histories:
        span = history.within(_ACTING).years
        if span is None:
            continue
        if "PM25" not in history.levels:
            # Without the primary particles nothing is compared: the nation's stand in for them.
            reach = nation.years or (0, 0)
            span = max(span[0], reach[0]), min(span[1], reach[1])
        own = [y for y in years if span[0] <= y <= span[1]]
        if len(own) > 1:
            found.append((history, own[0], own[-1]))
    apart = [one for one in found if one[2] - one[1] >= _APART]
    return next(iter(apart or found), None)


def _changes(
    history: EmissionHistory, nation: EmissionHistory, first: int, last: int
) -> tuple[dict[str, Change], list[str], list[str]]:
    """Change of each pollutant, those taken from the nation, and those of which nothing is known."""
    changes: dict[str, Change] = {}
    filled: list[str] = []
    unknown: list[str] = []
    for pollutant in _ACTING:
        found = history.change(pollutant, first, last)
        if found is None:
            found = nation.change(pollutant, first, last)
            (unknown if found is None else filled).append(pollutant)
        if found is None:
            wide = _UNKNOWN_SD * float(np.sqrt((last - first) / PLACE_YEARS))
            found = Change(0.0, wide, "judgement")
        changes[pollutant] = found
    return changes, filled, unknown


def _named(pollutants: Sequence[str], at: int) -> str:
    return ("、" if at == 0 else ", ").join(POLLUTANT_NAMES[p][at] for p in pollutants)


def _emission_words(
    history: EmissionHistory,
    changes: Mapping[str, Change],
    filled: Sequence[str],
    unknown: Sequence[str],
) -> tuple[str, str]:
    """Where the change of emissions comes from, its size and its error."""
    zh, en = {
        "stated": ("情景文件写明的历年变化", "changes stated in the scenario file"),
        "file inventory": (
            "情景文件中各年排放量",
            "emissions of several years in the scenario file",
        ),
        "inventory": ("工作区多年排放清单", "the workspace's inventories of several years"),
        "nation": (
            "全国排放变化，没有本地逐年清单",
            "national change of emissions, no own inventory history",
        ),
    }[history.kind]
    if history.kind != "nation" and history.source:
        zh, en = f"{zh}（{history.source}）", f"{en} ({history.source})"
    sizes = [
        ("、", ", ")[at].join(
            f"{POLLUTANT_NAMES[p][at]} {100 * c.value:+.0f} ± {100 * c.sd:.0f} %"
            for p, c in changes.items()
        )
        for at in (0, 1)
    ]
    zh, en = (
        f"过去的排放变化：{zh}。{sizes[0]}（1 倍标准差）",
        f"Past emissions: {en}; {sizes[1]} (1 sd)",
    )
    if history.kind == "nation" and history.place_sd:
        zh += "，误差中含单个城市与全国的差别（判断）"
        en += ", with the error of a single city against the nation (judgement)"
    elif filled:
        zh += f"；{_named(filled, 0)}未给出，取全国变化"
        en += f"; {_named(filled, 1)} not given: the national change"
    if unknown:
        zh += f"；{_named(unknown, 0)}无从得知，按不变并加宽误差"
        en += f"; {_named(unknown, 1)} not known: taken as unchanged, with a wide error"
    return f"{zh}。", f"{en}."


def _scope_words(found: Hindcast) -> tuple[str, str]:
    """What the city's own history is taken for, and what it would say of the city alone."""
    region, city = (100 * (r - 1) for r in (found.quantiles[0.5], found.city_alone))
    return (
        f"本市的排放变化按整个区域同步变化计算（推算 {region:+.0f}%）；若只有本市变化、周边不变，推算为 {city:+.0f}%"
        "（计入本地份额 L）。",
        f"The city's own change of emissions is taken for that of the whole region (predicted {region:+.0f} %); "
        f"had only the city changed and nothing around it, the prediction would be {city:+.0f} % (with the "
        "local share L).",
    )


def _observed_words(seen: ObservedChange, removed: int) -> tuple[str, str]:
    """How the observed change was made."""
    plain = f"{100 * (seen.plain - 1):+.0f}"
    if seen.weather_adjusted:
        zh = f"实测年均值变化 {plain}%，按季节和气象最小二乘扣除气象后 {100 * (seen.ratio - 1):+.0f}%"
        en = (
            f"Annual means changed by {plain} %, in equal weather (least squares on season and "
            f"weather) by {100 * (seen.ratio - 1):+.0f} %"
        )
    else:
        zh = f"实测年均值变化 {plain}%；没有这些年份的逐日气象，未扣除气象，误差相应较大"
        en = (
            f"Annual means changed by {plain} %; there is no daily weather of these years, so the "
            "weather is in it, and in its error"
        )
    zh += f"（对数标准误差 {seen.sd:.2f}）"
    en += f" (error of the logarithm {seen.sd:.2f})"
    dust = (
        (f"；扣除已知沙尘日 {removed} 天", f"; {removed} known dust days are left out")
        if removed
        else ("；无沙尘日记录", "; no dust days on record")
    )
    return f"{zh}{dust[0]}。", f"{en}{dust[1]}."


def _break_words(seen: ObservedChange) -> list[tuple[str, str]]:
    """Changes of the footing of the readings between the years."""
    if not seen.breaks:
        return []
    days = [str(d) for d in seen.breaks]
    return [
        (
            f"两年之间监测口径有变化（{'、'.join(days)}），台阶的误差已计入。",
            f"The footing of the readings changed between the years ({', '.join(days)}); the error of "
            "the step is counted.",
        )
    ]


def _too_short(values: pd.Series, years: Sequence[int]) -> tuple[str, str]:
    if values.empty:
        return (
            "没有回溯检验：没有 PM2.5 日均值。",
            "No hindcast: there are no daily values of PM2.5.",
        )
    have = f"（{'、'.join(map(str, years))}）" if years else ""
    told = f" ({', '.join(map(str, years))})" if years else ""
    return (
        f"没有回溯检验：PM2.5 记录中完整年份只有 {len(years)} 个{have}，至少需要两个（每年 300 天、每月 15 天）。",
        f"No hindcast: the record of PM2.5 has {len(years)} whole years{told}, and two are needed "
        "(300 days each, 15 in every month).",
    )


def _no_emissions(years: Sequence[int], nation: EmissionHistory) -> tuple[str, str]:
    first, last = nation.years or (0, 0)
    return (
        f"没有回溯检验：不知道 {years[0]}—{years[-1]} 年间排放如何变化（全国数据只到 {first}—{last} 年）。请在情景文件"
        "中写入 [[past_changes]]（须含一次 PM2.5），或导入两个年份的排放清单。",
        f"No hindcast: how emissions changed from {years[0]} to {years[-1]} is not known (the national "
        f"figures are of {first} to {last}). Write [[past_changes]] into the scenario file, primary PM2.5 "
        "among them, or ingest inventories of two years.",
    )
