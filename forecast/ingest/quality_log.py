"""The log of quality flags: rules run on what came in, flags kept with their decisions.

A flag is named by what it says (table, source, place, item, rule, first reading), so the same fault
found again is the same flag and keeps its decision, which covers the readings that it was made on:
what the fault gains later, and a covered reading that is corrected, is a flag of its own. A flag that nobody decided on and that is no
longer found, because the readings were corrected, is dropped. What a rule says for information
(``quality.findings.INFORMATION``) stands in the log too and never waits for a decision.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecast.ingest.corrections import corrections, counted
from forecast.ingest.coverage import regions_named
from forecast.ingest.covered import DECIDED, SERIES, left_open
from forecast.ingest.decisions import settle, settle_left_over, unsettled
from forecast.ingest.hour_blocks import hour_blocks, months_of
from forecast.ingest.hour_rules import HourLook, HourRules
from forecast.ingest.points import with_cities
from forecast.ingest.retry import refused_files
from forecast.ingest.storing import CHECKS_PENDING
from forecast.ingest.touched import Touched
from forecast.quality.find import find
from forecast.quality.findings import INFORMATION, flag_id
from forecast.revisions import last_versions
from forecast.store import Store, Writer
from forecast.tables import TABLES
from forecast.workspace import Workspace

__all__ = ["Quality", "log_findings", "quality"]

#: States of flags in the order in which they are shown; the first two were never decided.
_STATES = ("open", "information", "accepted", "rejected")

#: Tables with rules by source and region.
_DATED = ("air_daily", "water_samples")


@dataclass(frozen=True)
class Quality:
    """What ``forecast status --quality`` shows.

    Attributes:
        flags: the flags that wait for a decision, then what is said for information (``status``
            ``open`` and ``information``), then those that were decided, where asked for.
        versions: real-time beside audited values: ``region, place, item, year, n, realtime,
            audited, change`` (means over the days that have both, and their difference).
        corrections: values that their own source gave again otherwise, by place and item: ``table,
            source, region, place, item, n, first, last, known_from`` (of the last one).
        corrected: where all is asked for, each of them: ``table, source, region, place, item, when,
            old, new, file, known_from``; else empty.
        quarantine: files with something set aside: ``name, layout, rows_quarantined, list``.
        refused: files that were refused: ``path, part, reason, cure, refused_at``.
    """

    flags: pd.DataFrame
    versions: pd.DataFrame
    corrections: pd.DataFrame
    corrected: pd.DataFrame
    quarantine: pd.DataFrame
    refused: pd.DataFrame


@dataclass(frozen=True)
class Scope:
    """Which flags a look at the readings can confirm or drop; None stands for all."""

    table: str
    source: str | None = None
    regions: frozenset[str] | None = None
    months: frozenset[str] | None = None

    def of(self, flags: pd.DataFrame) -> pd.Series[bool]:
        """Return which of ``flags`` lie within."""
        within = flags["table"] == self.table
        if self.source is not None:
            within &= flags["source"] == self.source
        if self.regions is not None:
            within &= flags["region"].isin(self.regions)
        if self.months is not None:
            # Hour 24 of a month's last day is of that month, by the time of its end of the next.
            edge = pd.Timedelta(seconds=1 if TABLES[self.table].end_stamped else 0)
            within &= (flags["first"] - edge).dt.strftime("%Y-%m").isin(self.months)
        return within


def log_findings(
    ws: Workspace,
    touched: Touched,
    received: pd.Timestamp,
    *,
    until: pd.Timestamp | None = None,
) -> int:
    """Run the rules on what was touched; return how many new flags wait for a decision.

    Files of an ingest that was stopped before its rules ran are looked at too, and decisions that
    are on record and not in the tables are brought there.

    Args:
        ws: the workspace.
        touched: what came in.
        received: when, for the flags that are new.
        until: decisions after this moment wait; in a rebuild later readings come before them.

    Raises:
        WorkspaceError: the tables can't be written; the readings stand, the log is as before.
    """
    files = ws.store.files()
    pending = files[files["status"] == CHECKS_PENDING]
    _add_left_over(ws.store, pending[~pending["file_id"].isin(touched.files)], touched)
    found: list[pd.DataFrame] = []
    scopes: list[Scope] = []
    for look in _hourly(ws.store, touched):
        found.append(look.found.assign(table="air_hourly", source=look.source))
        scopes.append(Scope("air_hourly", look.source, months=look.months))
    for table in _DATED:
        for source, regions in touched.regions.get(table, {}).items():
            rows = ws.store.read(table, regions=regions)
            rows = last_versions(rows[rows["source"] == source], list(TABLES[table].key))
            found.append(find(rows, table).assign(table=table))
            scopes.append(Scope(table, source, regions=frozenset(regions)))
    if touched.regions.get("sites"):
        found.append(find(ws.store.read("sites"), "sites").assign(table="sites"))
        scopes.append(Scope("sites"))
    stored = ws.store.read("quality_flags")
    if not found and pending.empty and unsettled(ws, stored, until).empty:
        return 0
    new = 0
    with ws.store.writer() as writer:
        # What was decided before these readings came in covers none of them.
        settle(ws, writer, received if until is None else min(received, until))
        if found:
            every = pd.concat(found, ignore_index=True)
            new = _bring_up_to_date(ws, writer, every, scopes, received)
        settle(ws, writer, until)
        files = writer.read("files")
        done = (files["status"] == CHECKS_PENDING) & files["file_id"].isin(pending["file_id"])
        if done.any():
            writer.upsert("files", files[done].assign(status="read"))
    return new


def _hourly(store: Store, touched: Touched) -> list[HourLook]:
    """Return the findings on hours: those made with the days, and those still to be made."""
    seen = {(look.source, month) for look in touched.looks for month in look.months}
    left = {
        source: {month for month in months if (source, month) not in seen}
        for source, months in touched.months.items()
    }
    if not any(left.values()):
        return list(touched.looks)
    rules = HourRules(store.read("sites"))
    for source, months in left.items():
        for block in hour_blocks(store, source, months):
            rules.see(block)
    return [*touched.looks, *rules.finish()]


def _add_left_over(store: Store, files: pd.DataFrame, touched: Touched) -> None:
    """Add to ``touched`` what these files brought, as far as it can be told from the tables."""
    if files.empty:
        return
    ids = set(files["file_id"])
    for of, months in months_of(store, ids).items():
        touched.months.setdefault(of, set()).update(months)
    for table in _DATED:
        rows = store.read(table, columns=["source", "region", "file_id"])
        for source, regions in rows[rows["file_id"].isin(ids)].groupby("source")["region"]:
            touched.add(table, str(source), set(regions.unique()))
    touched.add("sites", "", set())


def _bring_up_to_date(
    ws: Workspace,
    writer: Writer,
    found: pd.DataFrame,
    scopes: list[Scope],
    received: pd.Timestamp,
) -> int:
    stored = writer.read("quality_flags")
    if found.empty and stored.empty:
        return 0
    names = ["table", "source", "region", "place", "item", "rule", "first"]
    found["flag_id"] = [flag_id(*cells) for cells in found[names].itertuples(index=False)]
    found = left_open(ws, found.drop_duplicates("flag_id", ignore_index=True), stored)
    within = pd.Series(False, index=stored.index)
    for scope in scopes:
        within |= scope.of(stored)
    undecided = stored["status"].isin(_STATES[:2])
    gone = within & undecided & ~stored["flag_id"].isin(found["flag_id"])
    kept = stored[~gone]
    found = found[~_told(found, stored[~within & undecided])]
    # What a decision covers does not change.
    again = kept["flag_id"].isin(found["flag_id"]) & ~kept["status"].isin(DECIDED)
    known = kept[again].set_index("flag_id")
    now = found[found["flag_id"].isin(known.index)].set_index("flag_id")
    renewed = known.assign(last=now["last"], detail=now["detail"], n=now["n"]).reset_index()
    fresh = found[~found["flag_id"].isin(kept["flag_id"])]
    fresh = fresh.assign(
        raised=received,
        status=np.where(fresh["rule"].isin(INFORMATION), "information", "open"),
        decided=np.datetime64("NaT", "s"),
        decided_by="",
        reason="",
    )
    others = kept[~kept["flag_id"].isin(known.index)]
    if gone.any() or len(fresh) or not renewed.empty:
        parts = [part for part in (others, renewed, fresh) if len(part)]
        writer.replace("quality_flags", pd.concat(parts) if parts else others)
    return int((fresh["status"] == "open").sum())


def _told(found: pd.DataFrame, flags: pd.DataFrame) -> pd.Series[bool]:
    """Return which findings lie within an undecided flag of a month that was not looked at.

    A fault that goes on over the end of a month was found whole when both were looked at together.
    """
    if found.empty or flags.empty:
        return pd.Series(False, index=found.index)
    names = [*SERIES, "rule"]
    both = found.reset_index().merge(
        flags[[*names, "flag_id", "first", "last"]], on=names, suffixes=("", "_told")
    )
    inside = (both["first"] > both["first_told"]) & (both["last"] <= both["last_told"])
    return pd.Series(found.index.isin(both.loc[inside, "index"]), index=found.index)


def quality(ws: Workspace, region: str | None = None, *, every: bool = False) -> Quality:
    """Return the state of the readings.

    Args:
        ws: the workspace.
        region: only this region, with or without 市 and the like.
        every: also flags that were decided, and each value that was corrected.

    Raises:
        InputError: there are no readings of the region.
    """
    settle_left_over(ws)
    regions = None if region is None else regions_named(ws, region)
    flags = with_cities(ws.store.read("quality_flags"), ws.store.read("sites"))
    if not every:
        flags = flags[flags["status"].isin(_STATES[:2])]
    if regions is not None:
        flags = flags[flags["region"].isin(regions)]
    flags = flags.assign(at=flags["status"].map(_STATES.index)).sort_values(
        ["at", "table", "region", "place", "first"], kind="stable"
    )
    files = ws.store.files()
    aside = files[files["rows_quarantined"] > 0]
    lists = [f"data/processed/quarantine/{name}.csv" for name in aside["file_id"]]
    quarantine = aside[["name", "part", "layout", "rows_quarantined"]].assign(list=lists)
    corrected = corrections(ws.store)
    if regions is not None:
        corrected = corrected[corrected["region"].isin(regions)]
    return Quality(
        flags.drop(columns="at").reset_index(drop=True),
        _versions(ws, regions),
        counted(corrected),
        corrected.reset_index(drop=True) if every else corrected.iloc[:0],
        quarantine.reset_index(drop=True),
        refused_files(ws),
    )


def _versions(ws: Workspace, regions: list[str] | None) -> pd.DataFrame:
    """Return real-time beside audited values of air, by place, item and year."""
    rows = ws.store.read("air_daily", regions=regions)
    rows = rows[rows["version"].isin(["realtime", "audited"])]
    key = ["region", "place", "item", "date"]
    rows = rows.sort_values("known_from", kind="stable").drop_duplicates(
        [*key, "version"], keep="last"
    )
    wide = rows.pivot_table(index=key, columns="version", values="value")
    columns = ["region", "place", "item", "year", "n", "realtime", "audited", "change"]
    if not {"realtime", "audited"}.issubset(wide.columns):
        return pd.DataFrame(columns=columns)
    both = wide.dropna().reset_index()
    both["year"] = both["date"].dt.year
    table = both.groupby(["region", "place", "item", "year"]).agg(
        n=("date", "size"), realtime=("realtime", "mean"), audited=("audited", "mean")
    )
    table["change"] = table["audited"] - table["realtime"]
    return table.reset_index()[columns]
