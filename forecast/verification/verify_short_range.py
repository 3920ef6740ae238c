"""The outlook of the next days in the register, scored: warnings, probabilities, levels.

Hits, misses and false alarms are those of warnings: a probability at or above the one from which
the workspace warned when the outlook was made, as the run has it on record; what is in the
configuration today changes no score of the past. The plain rules' probabilities are those that
the run put on record. Only outlooks of days that were not over when they were made are scored, as
for years; of several made for a day from the same readings the last one counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from forecast.configuration_alerts import AlertSettings
from forecast.projection.short_range_warning import warning_probabilities
from forecast.projection.streams import stream
from forecast.runs.register import read_outlooks
from forecast.runs.register_short_range import KINDS, RULES
from forecast.standards.indicators import class_number
from forecast.verification.short_range_scores import contingency, even_threshold, outlook_score
from forecast.verification.verify_order import in_order_made
from forecast.verification.verify_short_range_truth import classes_that_came, levels_that_came
from forecast.verification.verify_short_range_words import outlook_sentences
from forecast.workspace import Workspace

__all__ = ["OutlookRecord", "verify_short_range"]

_OVER = {"light": 100.0, "moderate": 150.0, "heavy": 200.0}
_WATER = ("worse", "inferior_v")
_PLACE = ["region", "place"]
#: Limits of levels I to VI.
_LIMITS = (50.0, 100.0, 150.0, 200.0, 300.0)

_SCORES = (
    "domain", "group", "kind", "lead", "region", "place", "warned_from", "warned_from_max",
    "in_force", "even_from", "n", "events", "blocks",
    "stated", "rate", "hits", "misses", "false_alarms", "correct_negatives", "pod", "pod_low",
    "pod_high", "far", "far_low", "far_high", "threat_score", "threat_score_low",
    "threat_score_high", "bias", "tuned_hits", "tuned_misses", "tuned_false_alarms",
    "tuned_threat_score", "brier", "mcb", "dsc", "unc",
    *(f"{what}_{rule}{end}" for rule in RULES
      for what, end in (("brier", ""), ("skill", ""), ("skill", "_low"), ("skill", "_high"))),
    "notice_hours",
)  # fmt: skip
_LEVELS = (
    "group", "lead", "region", "place", "n", "level_right", "level_within_one", "leading_right",
    "leading_n", "aqi_mae", "aqi_bias", "inside_80",
)  # fmt: skip


@dataclass(frozen=True)
class OutlookRecord:
    """What outlooks said and what came.

    Attributes:
        scores: by kind of day (``light, moderate, heavy``; sections: ``worse`` than the class asked,
            ``inferior_v``), pooled, by days ahead (``lead``) and by place: counts of warnings, ``pod``
            (share of events warned of), ``far`` (share of warnings without event), ``threat_score``,
            ``bias`` (warnings over events), Brier score with its parts and the skill against each
            plain rule, 90 % intervals from blocks of months and regions; ``warned_from`` to
            ``warned_from_max``: the probabilities from which runs warned; ``in_force``: share of the
            cases of which they would have sent a message at all (level and days ahead asked for),
            NaN for sections; ``even_from``: the probability
            from which there would have been as many warnings as events; ``tuned_…``: the same counts
            from the shipped probabilities of each day ahead
            (:mod:`forecast.projection.short_range_warning`); ``notice_hours``: median of
            the hours from the making to the beginning of the day (below 0: it had begun).
        levels: share of days whose level (of the median AQI) and likeliest leading item were right, error of the median
            AQI and share inside its 80 % range; pooled, by lead and by place.
        days: every outlook in scope, with what came and its ``state``.
        sentences: what it comes to, in Chinese and English.
    """

    scores: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(_SCORES)))
    levels: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(_LEVELS)))
    days: pd.DataFrame = field(default_factory=pd.DataFrame)
    sentences: tuple[tuple[str, str], ...] = ()


def verify_short_range(
    workspace: Workspace,
    *,
    region: str | None = None,
    since: date | None = None,
    until: date | None = None,
    made: str = "auto",
) -> OutlookRecord:
    """Score the outlooks of the next days that have come true.

    Args:
        workspace: whose register and readings.
        region: only this region.
        since, until: only outlooks whose as-of date lies between (both included).
        made: as for :func:`forecast.verification.verify.verify`.

    Raises:
        WorkspaceError: the register can't be read.
    """
    first, last = (d.isoformat() if d else "" for d in (since, until))

    def wanted(run: Mapping[str, Any]) -> bool:
        day = str(run.get("as_of"))
        return day >= first and (not last or day <= last)

    read = read_outlooks(workspace, region, chosen=wanted)
    cities, sections = (_ruled(in_order_made(t).reset_index(drop=True)) for t in read)
    if cities.empty and sections.empty:
        return OutlookRecord()
    zone = workspace.config.workspace.timezone
    air = _timed(levels_that_came(workspace, cities), zone)
    water = _timed(classes_that_came(workspace, sections), zone)
    kind = _kind(pd.concat([air[["in_time", "state"]], water[["in_time", "state"]]]), made)
    known_to = _known_to(air, water)
    # Beside those in time the late ones are told of that would be scored if they counted.
    late = _late(air, water, "afterwards" if kind == "in_time" else kind)
    air, water = _chosen(air, kind, ["lead"]), _chosen(water, kind, ["issued"])
    seed = workspace.config.run.seed
    scores = pd.DataFrame(
        [*_air_rows(air, seed), *_water_rows(water, seed)],
        columns=list(_SCORES),
    ).astype({"lead": "Int64"})  # fmt: skip
    levels = pd.DataFrame(_level_rows(air), columns=list(_LEVELS)).astype({"lead": "Int64"})
    return OutlookRecord(
        scores, levels, _told(air, water),
        tuple(outlook_sentences(air, water, scores, levels, kind, late, zone, known_to)),
    )  # fmt: skip


def _ruled(table: pd.DataFrame) -> pd.DataFrame:
    """With the rule of warnings of each row; runs that did not say theirs have the default one."""
    default = AlertSettings()
    unsaid = table["warned_from"].isna()
    return table.assign(
        warned_unsaid=unsaid,
        warned_level=table["warned_level"].where(~unsaid, default.episode_level),
        warned_from=table["warned_from"].fillna(default.episode_probability),
        warned_days=table["warned_days"].fillna(default.episode_days),
    )


def _in_force(own: pd.DataFrame, kind: str) -> float:
    """Share of the cases that a message would have been sent of, were the day likely enough."""
    level, days = own["warned_level"], (own["date"] - own["as_of"]).dt.days
    # Of heavy pollution there is a message of its own whatever level is asked for.
    asked = (level == kind) | ((level != "") & (kind == "heavy"))
    return float((asked & (days <= own["warned_days"])).mean())


def _timed(table: pd.DataFrame, zone: str) -> pd.DataFrame:
    """With the time of the making: whether the day was not over, and hours to its beginning."""
    made_at = table["created"].dt.tz_convert(zone).dt.tz_localize(None)
    ahead = table["date"] - made_at
    # The day of a sampling that has not come is not known: it is not over.
    unknown = (table["state"] == "open") & (table.get("kind", "daily") == "next_sample")
    return table.assign(
        made_at=made_at,
        in_time=(made_at < table["date"] + pd.Timedelta(days=1)) | unknown,
        notice_hours=ahead.dt.total_seconds() / 3600.0,
    )


def _kind(rows: pd.DataFrame, made: str) -> str:
    if made != "auto":
        return made
    scored = rows["state"] == "scored"
    # Where none is scored yet, those that wait count, unless all of them were made late.
    told = scored if scored.any() else rows["state"] == "open"
    return "in_time" if (rows["in_time"] & told).any() else "all"


def _known_to(air: pd.DataFrame, water: pd.DataFrame) -> pd.Timestamp:
    """When the last outlook was made or the last day that came was over, whichever is later."""
    tables = [table for table in (air, water) if not table.empty]
    came = [t.loc[t["state"] == "scored", "date"] + pd.Timedelta(days=1) for t in tables]
    return pd.Timestamp(pd.concat([*came, *(t["made_at"] for t in tables)]).max())


def _late(air: pd.DataFrame, water: pd.DataFrame, kind: str) -> int:
    """Scored outlooks of these that were made after their day was over, each day counted once."""
    chosen = (_chosen(air, kind, ["lead"]), _chosen(water, kind, ["issued"]))
    return sum(int(((t["state"] == "scored") & ~t["in_time"]).sum()) for t in chosen)


def _chosen(table: pd.DataFrame, kind: str, more: list[str]) -> pd.DataFrame:
    if kind != "all":
        table = table[table["in_time"] == (kind == "in_time")]
    # Runs stand in the register in the order in which they were made.
    return table[~table.duplicated([*_PLACE, "date", *more], keep="last")].reset_index(drop=True)


def _groups(table: pd.DataFrame) -> list[tuple[str, dict[str, Any], pd.DataFrame]]:
    """Pooled, by days ahead, by place."""
    if table.empty:
        return []
    out: list[tuple[str, dict[str, Any], pd.DataFrame]] = [("all", {}, table)]
    out += [("lead", {"lead": k}, table[table["lead"] == k]) for k in sorted(set(table["lead"]))]
    out += [
        ("place", {"region": region, "place": place}, own)
        for (region, place), own in table.groupby(_PLACE, sort=True)
    ]
    return out


def _air_rows(air: pd.DataFrame, seed: int) -> list[dict[str, Any]]:
    scored = air[air["state"] == "scored"]
    rows = []
    for group, keys, own in _groups(scored):
        for kind in KINDS:
            rules = {rule: own[f"{rule}_{kind}"].to_numpy(np.float64) for rule in RULES}
            event = (own["aqi"] > _OVER[kind]).to_numpy(np.float64)
            rng = (
                None
                if group == "place"
                else stream(seed, "outlooks", group, kind, *map(str, keys.values()))
            )
            row = _row(own, own[kind].to_numpy(np.float64), event, rules, rng)
            row |= {"in_force": _in_force(own, kind), **_tuned(own, kind, event)}
            rows.append({"domain": "air", "group": group, "kind": kind, **keys, **row})
    return rows


def _tuned(own: pd.DataFrame, kind: str, event: np.ndarray[Any, Any]) -> dict[str, Any]:
    """What warnings from the shipped probabilities of each day ahead would have come to."""
    shipped = warning_probabilities()
    from_ = np.array([shipped.get((kind, int(lead)), np.nan) for lead in own["lead"]])
    found = contingency(own[kind].to_numpy(np.float64), event, from_)
    return {
        "tuned_hits": found.hits, "tuned_misses": found.misses,
        "tuned_false_alarms": found.false_alarms, "tuned_threat_score": found.threat_score,
    }  # fmt: skip


def _water_rows(water: pd.DataFrame, seed: int) -> list[dict[str, Any]]:
    scored = water[water["state"] == "scored"].copy()
    if scored.empty:
        return []
    limit = [class_number(str(v)) or np.nan for v in scored["limit"]]
    scored["worse"] = np.where(np.isnan(limit), np.nan, scored["class_number"] > np.array(limit))
    scored["inferior_v"] = (scored["class_number"] > 5).astype(np.float64)
    rows = []
    for group, keys, own in _groups(scored):
        if group == "lead":
            # Days to the next sampling are many: they say little one by one.
            continue
        for kind in _WATER:
            rng = None if group == "place" else stream(seed, "outlooks", "water", kind)
            p = own[f"p_{kind}"].to_numpy(np.float64)
            row = _row(own, p, own[kind].to_numpy(np.float64), {}, rng)
            rows.append({"domain": "water", "group": group, "kind": kind, **keys, **row})
    return rows


def _row(
    own: pd.DataFrame,
    p: np.ndarray[Any, Any],
    event: np.ndarray[Any, Any],
    rules: Mapping[str, np.ndarray[Any, Any]],
    rng: np.random.Generator | None,
) -> dict[str, Any]:
    """Scores of one kind of day in one group."""
    months = own["date"].dt.strftime("%Y-%m").to_numpy()
    warned_from = own["warned_from"].to_numpy(np.float64)
    # Without a generator one resample is drawn, which gives no interval.
    found = outlook_score(
        p, event, warned_from, rules, months, own["region"].to_numpy(),
        rng or np.random.default_rng(0), n=1000 if rng is not None else 1,
    )  # fmt: skip
    table = contingency(p, event, warned_from)
    nan = float("nan")
    row: dict[str, Any] = {
        "warned_from": warned_from.min(), "warned_from_max": warned_from.max(),
        "even_from": even_threshold(p, event),
        "n": found.n, "events": found.events, "blocks": found.blocks,
        "stated": float(np.nanmean(p)) if found.n else nan,
        "rate": found.events / found.n if found.n else nan,
        "hits": table.hits, "misses": table.misses, "false_alarms": table.false_alarms,
        "correct_negatives": table.correct_negatives, "bias": table.bias,
        "brier": found.brier, "mcb": found.mcb, "dsc": found.dsc, "unc": found.unc,
        "notice_hours": float(own["notice_hours"].median()),
    }  # fmt: skip
    for name, value, ends in (
        ("pod", table.hit_rate, found.hit_rate),
        ("far", table.false_alarm_ratio, found.false_alarm_ratio),
        ("threat_score", table.threat_score, found.threat_score),
    ):
        low, high = ends if rng is not None else (nan, nan)
        row |= {name: value, f"{name}_low": low, f"{name}_high": high}
    for rule, said in rules.items():
        skill, low, high = found.skill[rule]
        row |= {
            f"brier_{rule}": float(np.nanmean((said - event) ** 2)) if found.n else nan,
            f"skill_{rule}": skill,
            f"skill_{rule}_low": low if rng is not None else nan,
            f"skill_{rule}_high": high if rng is not None else nan,
        }
    return row


def _level_rows(air: pd.DataFrame) -> list[dict[str, Any]]:
    scored = air[air["state"] == "scored"]
    if scored.empty:
        return []
    names = [c for c in scored.columns if c.startswith("level_")]
    said = scored[names].to_numpy(np.float64).argmax(axis=1)
    came = np.searchsorted(_LIMITS, scored["aqi"].to_numpy(np.float64), side="left")
    # A leading item is asked for where one was said and there was one.
    both = ((scored["leading"] != "") & (scored["came_leading"] != "")).to_numpy()
    right = [
        one in tops.split("+")
        for one, tops in zip(scored["leading"], scored["came_leading"], strict=True)
    ]
    median = scored["aqi_median"].to_numpy(np.float64)
    aqi = scored["aqi"].to_numpy(np.float64)
    inside = (scored["aqi_p10"] <= aqi + 0.5) & (aqi <= scored["aqi_p90"] + 0.5)
    table = scored[[*_PLACE, "lead"]].assign(
        right=said == came, near=np.abs(said - came) <= 1,
        led=np.where(both, np.array(right, dtype=np.float64), np.nan),
        off=median - aqi, inside=inside.to_numpy(),
    )  # fmt: skip
    return [
        {
            "group": group, **keys, "n": len(own), "level_right": own["right"].mean(),
            "level_within_one": own["near"].mean(), "leading_right": own["led"].mean(),
            "leading_n": int(own["led"].notna().sum()), "aqi_mae": own["off"].abs().mean(),
            "aqi_bias": own["off"].mean(), "inside_80": own["inside"].mean(),
        }
        for group, keys, own in _groups(table)
    ]  # fmt: skip


def _told(air: pd.DataFrame, water: pd.DataFrame) -> pd.DataFrame:
    """Every outlook for a file, cities before sections."""
    tables = [
        table.assign(domain=domain)
        for domain, table in (("air", air), ("water", water))
        if not table.empty
    ]
    if not tables:
        return pd.DataFrame()
    joined = pd.concat(tables, ignore_index=True)
    first = ["domain", "run", "made_at", "as_of", "issued", *_PLACE, "date", "lead"]
    left = [c for c in joined.columns if c not in {*first, "block", "created"}]
    joined["made_at"] = joined["made_at"].dt.strftime("%Y-%m-%d %H:%M")
    return joined[[*first, *left]].sort_values(
        ["domain", *_PLACE, "date", "lead"], ignore_index=True, kind="stable"
    )
