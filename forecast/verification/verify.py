"""``forecast verify``: what the register said, scored by what came."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

import numpy as np
import pandas as pd

from forecast.errors import ForecastError, UsageError
from forecast.projection.streams import stream
from forecast.runs.register import Check, check_register
from forecast.runs.register_again import Beside, runs_beside
from forecast.runs.register_entries import level_columns
from forecast.verification.scores import effective_cases, paired_difference
from forecast.verification.tables import difference_table, score_table
from forecast.verification.verify_drift import drift_table
from forecast.verification.verify_order import in_order_made
from forecast.verification.verify_rows import MODEL, scored_rows
from forecast.verification.verify_said import said_of
from forecast.verification.verify_short_range import OutlookRecord, verify_short_range
from forecast.verification.verify_targets import judged_events, reliability_table, target_scores
from forecast.verification.verify_truth import came, verdicts
from forecast.verification.verify_words import REASONS, verify_complaints, verify_sentences
from forecast.workspace import Workspace

__all__ = ["Made", "Verification", "verify"]

#: Which forecasts: those made before their year was over, those made of past days afterwards.
Made = Literal["auto", "in_time", "afterwards", "all"]

_CASE = ["region", "place", "place_kind", "indicator", "year", "period", "as_of"]
_PLACE = ["region", "place"]


@dataclass(frozen=True)
class Verification:
    """What was said and what came.

    Attributes:
        scores: columns ``group`` (``all``, ``lead``, ``place``, ``year``), ``cases`` (places × years),
            ``worth`` (independent cases they are worth), and those of
            :func:`forecast.verification.tables.score_table`, by indicator.
        differences: CRPS less that of each plain rule, of the same forecasts.
        targets: :func:`~forecast.verification.verify_targets.target_scores`; ``group`` ``all``,
            ``indicator`` or ``target``.
        reliability: ten bins of probability.
        drift: whether the latest forecasts lie to one side.
        pending: forecasts that can't be scored: ``reason, zh, en, year, forecasts, places``.
        forecasts: every forecast in scope: what was said, ``truth`` where it is known, ``state``
            (``scored`` or a reason of ``pending``).
        events: every probability that was said of a target whose year is over.
        check: the state of the register.
        counts: ``runs, forecasts, scored, cases, years, in_time, afterwards, pending``.
        sentences: what it comes to, in Chinese and English; the complaints stand first.
        complaints: what is wrong with the register, the stored runs beside it, and the clock.
        beside: finished runs that the register lacks, and those that differ from it.
        outlooks: the same of the outlooks of the next days; empty where one indicator is asked for.
    """

    scores: pd.DataFrame
    differences: pd.DataFrame
    targets: pd.DataFrame
    reliability: pd.DataFrame
    drift: pd.DataFrame
    pending: pd.DataFrame
    forecasts: pd.DataFrame
    events: pd.DataFrame
    check: Check
    counts: Mapping[str, int]
    sentences: tuple[tuple[str, str], ...]
    complaints: tuple[tuple[str, str], ...] = ()
    beside: Beside = field(default_factory=Beside)
    outlooks: OutlookRecord = field(default_factory=OutlookRecord)

    @property
    def whole(self) -> bool:
        """Whether all that was said is in the register, unaltered, and in the stored runs too."""
        return not (self.check.faults or self.beside.missing or self.beside.altered)

    def to_dict(self) -> dict[str, Any]:
        """The tables and sentences as JSON-ready data; single forecasts are in the CSV files."""
        check = self.check
        return {
            "register": {
                "runs": check.blocks, "sha256": check.sha256, "torn_lines": check.torn,
                "first": check.first and check.first.isoformat(),
                "last": check.last and check.last.isoformat(),
                "registered_later": check.later,
                **{
                    name: [{"where": f.where, "line": f.at, "zh": f.zh, "en": f.en} for f in found]
                    for name, found in (("faults", check.faults), ("set_back", check.set_back))
                },
                "unregistered": list(self.beside.missing), "altered": list(self.beside.altered),
            },
            "counts": dict(self.counts),
            "scores": _records(self.scores), "differences": _records(self.differences),
            "targets": _records(self.targets), "reliability": _records(self.reliability),
            "drift": _records(self.drift), "pending": _records(self.pending),
            "short_range": _records(self.outlooks.scores),
            "short_range_levels": _records(self.outlooks.levels),
            "sentences": [{"zh": zh, "en": en} for zh, en in self.sentences],
        }  # fmt: skip


def verify(
    workspace: Workspace,
    *,
    region: str | None = None,
    indicator: str | None = None,
    since: date | None = None,
    until: date | None = None,
    made: Made = "auto",
) -> Verification:
    """Score what has come true by the readings known today.

    Args:
        workspace: whose register and readings.
        region: only this region.
        indicator: only this indicator.
        since, until: only forecasts whose as-of date lies between (both included).
        made: ``in_time``: forecasts made before their year was over; ``afterwards``: those of past
            days made later, as for a review; ``all``; ``auto``: the former where any can be scored,
            else the latter.

    Raises:
        ForecastError: the register is empty, or nothing in it is what is asked for.
        UsageError: ``since`` is after ``until``.
        WorkspaceError: the register can't be read.
    """
    if since is not None and until is not None and since > until:
        raise UsageError(
            f"--since {since} is after --until {until}.", "Give the earlier day as --since."
        )
    check = check_register(workspace)
    beside = runs_beside(workspace, check.runs)
    said, targets = said_of(workspace, check, beside, region, indicator, since, until)
    known = _with_truth(workspace, said, region)
    chosen, known = _chosen(known, made)
    scorable = known[known["state"] == "scored"]
    rows = _rows(scorable)
    seed = workspace.config.run.seed
    events = _events(workspace, known, targets, region)
    drift = drift_table(rows) if len(rows) else drift_table(_no_rows())
    outlooks = OutlookRecord()
    if indicator is None:
        outlooks = verify_short_range(workspace, region=region, since=since, until=until, made=made)
    pending = _pending(known)
    complaints = verify_complaints(check, beside)
    counts = {
        "runs": int(known["run"].nunique()), "forecasts": len(known), "scored": len(rows),
        "cases": len(rows[[*_PLACE, "year"]].drop_duplicates()), "years": int(rows["year"].nunique()),
        "in_time": int(scorable["in_time"].sum()), "afterwards": int((~scorable["in_time"]).sum()),
        "pending": int((known["state"] == "open").sum()),
    }  # fmt: skip
    return Verification(
        scores=_scores(rows, seed),
        differences=_differences(rows, seed),
        targets=_target_tables(events, seed),
        reliability=reliability_table(events) if len(events) else pd.DataFrame(),
        drift=drift, pending=pending, forecasts=_told(known, rows, targets), events=events,
        check=check, counts=counts,
        sentences=(
            *complaints, *verify_sentences(counts, pending, drift, chosen, check),
            *outlooks.sentences,
        ),
        complaints=complaints, beside=beside, outlooks=outlooks,
    )  # fmt: skip


def _with_truth(workspace: Workspace, said: pd.DataFrame, region: str | None) -> pd.DataFrame:
    """The forecasts with what came, when they were made, and whether they can be scored."""
    asked = list(
        said[["year", "run_standard"]].drop_duplicates().itertuples(index=False, name=None)
    )
    truth, last = came(workspace, asked, region)
    keys = ["region", "place", "indicator", "year", "run_standard"]
    said = in_order_made(said)
    known = said.reset_index(names="entry").merge(truth, on=keys, how="left").set_index("entry")
    whole = known["period"] == known["year"].astype(str)
    whole_to = last.year if (last.month, last.day) == (12, 31) else last.year - 1
    state = np.select(
        [~whole, known["year"] > whole_to, known["over"].isna(), known["over"].eq(False),
         known["enough"].eq(True)],
        ["period", "open", "not_measured", "stopped", "scored"], "too_few",
    )  # fmt: skip
    zone = workspace.config.workspace.timezone
    made_on = known["created"].dt.tz_convert(zone).dt.tz_localize(None)
    ends = pd.to_datetime(known["year"].astype(str) + "-12-31") + pd.Timedelta(days=1)
    ahead = known["as_of"] + pd.Timedelta(days=1)
    return known.assign(
        state=state, in_time=(made_on < ends).to_numpy(),
        over=known["over"].eq(True), official=known["official"].eq(True),
        lead_months=12 * (known["year"] - ahead.dt.year) + 13 - ahead.dt.month,
    )  # fmt: skip


def _chosen(known: pd.DataFrame, made: Made) -> tuple[str, pd.DataFrame]:
    """Forecasts of the kind asked for; of several for the same day the last one that was made."""
    kind = made
    if made == "auto":
        kind = "in_time" if (known["in_time"] & (known["state"] == "scored")).any() else "all"
        if kind == "all" and not (known["state"] == "scored").any():
            kind = "in_time" if known["in_time"].any() else "all"
    if kind == "in_time":
        known = known[known["in_time"]]
    elif kind == "afterwards":
        known = known[~known["in_time"]]
    if known.empty:
        raise ForecastError(
            "The register holds no forecast that was made "
            + ("before its year was over." if kind == "in_time" else "after its year was over."),
            "Leave --made out.",
        )
    return kind, known[~known.duplicated(_CASE, keep="last")]


def _no_rows() -> pd.DataFrame:
    columns = ["region", "place", "indicator", "unit", "year", "lead_months", "origin", "mean",
               "truth", "pit"]  # fmt: skip
    return pd.DataFrame({c: pd.Series(dtype=float) for c in columns})


def _rows(scorable: pd.DataFrame) -> pd.DataFrame:
    """Scored rows, made one indicator at a time: 99 quantiles of all at once take much memory."""
    parts = [scored_rows(own) for _, own in scorable.groupby("indicator", sort=True)]
    if not parts:
        return _no_rows()
    return pd.concat(parts).assign(lead_months=lambda t: t["lead_months"].astype(int))


def _scores(rows: pd.DataFrame, seed: int) -> pd.DataFrame:
    tables = []
    for group, by in (
        ("all", []),
        ("lead", ["lead_months"]),
        ("place", _PLACE),
        ("year", ["year"]),
    ):
        if rows.empty:
            continue
        rng = stream(seed, "verify", group) if group in ("all", "lead") else None
        table = score_table(rows, by, rng=rng)
        keys = ["indicator", *by]
        worth = {
            key: (len(own[[*_PLACE, "year"]].drop_duplicates()),
                  effective_cases(own["year"], own["region"] + "\x1f" + own["place"]))
            for key, own in rows[list({*keys, *_PLACE, "year"})].groupby(keys)
        }  # fmt: skip
        found = [worth[tuple(r)] for r in table[keys].itertuples(index=False, name=None)]
        if rng is not None:
            table = _with_bias(table, rows, keys, rng)
        at = list(table.columns).index("n") + 1
        table.insert(at, "cases", [f[0] for f in found])
        table.insert(at + 1, "worth", [f[1] for f in found])
        tables.append(table.drop(columns="model").assign(group=group))
    if not tables:
        return pd.DataFrame()
    first = ["group", "indicator", "lead_months", "region", "place", "year"]
    joined = pd.concat(tables, ignore_index=True)
    joined = joined[[*first, *(c for c in joined.columns if c not in first)]]
    return joined.astype({"lead_months": "Int64", "year": "Int64"})


def _with_bias(
    table: pd.DataFrame, rows: pd.DataFrame, keys: list[str], rng: np.random.Generator
) -> pd.DataFrame:
    """The table with bounds of the bias that are never narrower than those of its few years."""
    bounds = {}
    for key, own in rows[[*keys, "mean", "truth", "year", "region"]].groupby(keys):
        off = paired_difference(own["mean"], own["truth"], own["year"], own["region"], rng)
        bounds[key] = (off.low, off.high)
    found = [bounds[tuple(r)] for r in table[keys].itertuples(index=False, name=None)]
    return table.assign(bias_low=[f[0] for f in found], bias_high=[f[1] for f in found])


def _differences(rows: pd.DataFrame, seed: int) -> pd.DataFrame:
    if rows.empty:
        return pd.DataFrame()
    return difference_table(rows, MODEL, rng=stream(seed, "verify", "differences"))


def _events(
    workspace: Workspace, known: pd.DataFrame, targets: pd.DataFrame, region: str | None
) -> pd.DataFrame:
    over = known[known["over"] & known["state"].isin(["scored", "too_few"])]
    own = targets[targets["entry"].isin(over.index) & targets["probability"].notna()]
    if own.empty:
        return pd.DataFrame()
    of = over.loc[own["entry"], ["year", "run_standard"]].drop_duplicates()
    final = verdicts(workspace, list(of.itertuples(index=False, name=None)), region)
    return judged_events(over, own, final)


def _target_tables(events: pd.DataFrame, seed: int) -> pd.DataFrame:
    if events.empty:
        return pd.DataFrame()
    one = ["region", "place", "indicator", "id", "comparator", "number"]
    tables = [
        target_scores(events, by, rng=stream(seed, "verify", "targets", group)).assign(group=group)
        for group, by in (("all", []), ("indicator", ["indicator"]), ("target", one))
    ]
    joined = pd.concat([t for t in tables if not t.empty] or tables[:1], ignore_index=True)
    first = [c for c in ("group", *one) if c in joined.columns]
    return joined[[*first, *(c for c in joined.columns if c not in first)]]


def _pending(known: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for (reason, year), own in known[known["state"] != "scored"].groupby(["state", "year"]):
        zh, en = REASONS[str(reason)]
        rows.append(
            {
                "reason": reason, "zh": zh, "en": en, "year": year, "forecasts": len(own),
                "places": len(own[_PLACE].drop_duplicates()),
            }
        )  # fmt: skip
    return pd.DataFrame(rows, columns=["reason", "zh", "en", "year", "forecasts", "places"])


def _told(known: pd.DataFrame, rows: pd.DataFrame, targets: pd.DataFrame) -> pd.DataFrame:
    """The forecasts for a file: names, what was said, what came, the score."""
    columns = ["run", "created", "as_of", "region", "place", "place_kind", "indicator", "unit", "year",
               "lead_months", "standard", "model", "n_paths", "mean", *level_columns(known).values(),
               "observed", "persistence", "ytd_ratio", "ytd_plus_rest", "climatology", "in_time",
               "state", "truth"]  # fmt: skip
    told = known[columns].copy()
    told.loc[told["state"] != "scored", "truth"] = np.nan
    told["crps"] = rows["crps"] if len(rows) else np.nan
    asked = targets[(targets["kind"] == "threshold") & targets["value"].notna()]
    told["target"] = asked.drop_duplicates("entry").set_index("entry")["value"]
    return told.sort_values(["region", "place", "indicator", "year", "as_of"], ignore_index=True)


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    def plain(value: Any) -> Any:
        if value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
            return None
        if isinstance(value, pd.Timestamp | date):
            return value.isoformat()
        value = value.item() if isinstance(value, np.generic) else value
        # What is left of a zero after many sums is no number to show.
        return round(value, 9) + 0.0 if isinstance(value, float) else value

    return [{str(k): plain(v) for k, v in row.items()} for row in table.to_dict("records")]
