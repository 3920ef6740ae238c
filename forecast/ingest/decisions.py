"""Decisions on flagged readings: accepted or rejected, by whom, when and why, on record.

``data/raw/quality_decisions.csv`` holds every decision ever made, one line each, so that they
outlive a rebuild of the tables from ``data/raw`` and can be read without this program. A rejected
value stays in its table; a later version of it says ``rejected``, known from the decision on, so
what was forecast before it can still be repeated.
"""

from __future__ import annotations

import io
from collections.abc import Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from forecast.disk import drop, write_file
from forecast.errors import InputError, UsageError, WorkspaceError
from forecast.formula_guard import guarded, unguarded
from forecast.ingest.covered import covered_times, places_now, said_since
from forecast.ingest.hour_days import rebuild_days
from forecast.ingest.late_rows import Places
from forecast.ingest.receipt import received_at
from forecast.ingest.station_days import rebuild_city_days
from forecast.revisions import last_versions
from forecast.store import Writer
from forecast.tables import TABLES
from forecast.workspace import Workspace

__all__ = ["LEDGER", "decide", "past_decisions", "settle", "settle_left_over", "unsettled"]

#: Name of the plain file under ``data/raw``.
LEDGER = "quality_decisions.csv"

_COLUMNS = [
    "decided", "decision", "flag_id", "table", "source", "region", "place", "item", "first",
    "last", "rule", "decided_by", "reason",
]  # fmt: skip
_STATUS = {"accept": "accepted", "reject": "rejected"}


def past_decisions(ws: Workspace) -> pd.DataFrame:
    """Return every decision, in the order in which they were made.

    Raises:
        WorkspaceError: the plain file can't be read.
    """
    path = ws.raw / LEDGER
    try:
        text = path.read_text(encoding="utf-8-sig")
        table = pd.read_csv(io.StringIO(text), dtype="str", keep_default_na=False)
        return unguarded(table[_COLUMNS])
    except FileNotFoundError:
        return pd.DataFrame({column: pd.Series(dtype="str") for column in _COLUMNS})
    except (OSError, ValueError, KeyError) as error:
        raise WorkspaceError(
            f"{path} can't be read ({error.__class__.__name__}).",
            "It holds the decisions on flagged readings: put back a copy, or move it away.",
        ) from error


def decide(
    ws: Workspace,
    decision: str,
    flags: Iterable[str],
    *,
    reason: str = "",
    by: str = "",
    now: datetime | None = None,
) -> pd.DataFrame:
    """Accept or reject flagged readings and put the decision on record.

    A flag that was decided can be decided again; the last decision counts from then on. Days that
    were made of rejected hours are made again without them.

    Args:
        ws: the workspace.
        decision: ``accept`` or ``reject``.
        flags: names of flags, or their first characters where these are enough to tell them.
        reason: why, in the words of who decides.
        by: who decides.
        now: the moment; default the clock.

    Returns:
        The flags decided, as they stand now.

    Raises:
        UsageError: no flag given, or a name that fits none or several.
        InputError: a flag that is decided so already, or that says something for information.
        WorkspaceError: the tables can't be written; nothing was decided.
    """
    if decision not in _STATUS:
        raise UsageError(f"There is no decision {decision}.", "Use accept or reject.")
    moment = received_at(ws, now)
    with ws.store.writer() as writer:
        settle(ws, writer)
        writer.commit()
        every = writer.read("quality_flags")
        chosen = every[every["flag_id"].isin(_named(every, flags))].copy()
        said = chosen.loc[chosen["status"] == "information", "flag_id"]
        if len(said):
            raise InputError(
                f"{', '.join(said)} is said for information: there is nothing to decide.",
                "Leave it out; what waits for a decision is open in forecast status --quality.",
            )
        chosen = chosen[chosen["status"] != _STATUS[decision]]
        if chosen.empty:
            raise InputError(f"These flags are {_STATUS[decision]} already.", "Nothing to do.")
        chosen["status"] = _STATUS[decision]
        chosen["decided"] = moment
        chosen["decided_by"] = by.strip()
        chosen["reason"] = reason.strip()
        with _recorded(ws, chosen, decision):
            _apply(ws, writer, chosen, moment)
            writer.commit()
    return chosen


@contextmanager
def _recorded(ws: Workspace, chosen: pd.DataFrame, decision: str) -> Iterator[None]:
    """Have the decision on record while the tables follow; where they can't, it is taken off.

    To be used under the lock of the tables. The list as it was is kept beside until they have
    followed, because to bring it back must need no room on the disk.
    """
    ledger, kept = ws.raw / LEDGER, ws.raw / f".{LEDGER}.before.tmp"
    _drop_unfinished(ws)
    before = ledger.read_bytes() if ledger.exists() else None
    if before is not None:
        write_file(kept, before)
    try:
        _record(ws, chosen, decision)
        yield
    except WorkspaceError as error:
        try:
            if before is None:
                ledger.unlink(missing_ok=True)
            else:
                kept.replace(ledger)
        except OSError:
            raise WorkspaceError(
                f"The decision is on record in {ledger}, and the tables do not follow it yet: "
                f"{error.message}",
                f"{error.cure} The decision holds from the next command on.",
            ) from error
        raise
    finally:
        drop(kept)


def settle_left_over(ws: Workspace) -> None:
    """Let the tables follow a decision of a command that was stopped; mostly there is none.

    Raises:
        WorkspaceError: the tables can't be written.
    """
    if not (ws.raw / LEDGER).exists():
        return
    if not unsettled(ws, ws.store.read("quality_flags")).empty:
        with ws.store.writer() as writer:
            settle(ws, writer)


def unsettled(
    ws: Workspace, flags: pd.DataFrame, until: pd.Timestamp | None = None
) -> pd.DataFrame:
    """Return the decisions on record that ``flags`` do not show yet, in their order.

    Args:
        ws: the workspace.
        flags: the quality flags as they stand.
        until: leave out what was decided later.
    """
    past = past_decisions(ws)
    if past.empty:
        return past
    past = past[past["flag_id"].isin(flags["flag_id"])]
    decided = pd.to_datetime(past["decided"])
    shown = pd.to_datetime(flags.set_index("flag_id")["decided"]).loc[past["flag_id"]].to_numpy()
    late = np.isnat(shown) | (decided.to_numpy() > shown)
    if until is not None:
        late &= (decided <= until).to_numpy(bool)
    return past[late].assign(decided=decided[late])


def settle(ws: Workspace, writer: Writer, until: pd.Timestamp | None = None) -> None:
    """Let the tables follow the decisions on record that they do not show yet.

    After a rebuild of the tables the same fault raises the same flag, and what was decided on it
    holds again, each decision from its own moment. So it is after a stop between the record and the
    tables.
    """
    if not (ws.raw / LEDGER).exists():
        return
    lines = unsettled(ws, writer.read("quality_flags"), until)
    step = (lines[["decided", "decision"]] != lines[["decided", "decision"]].shift()).any(axis=1)
    for _, together in lines.groupby(step.cumsum()):
        one = together.drop_duplicates("flag_id", keep="last").set_index("flag_id")
        stored = writer.read("quality_flags")
        chosen = stored[stored["flag_id"].isin(one.index)].copy()
        found = one.loc[chosen["flag_id"]]
        chosen["status"] = found["decision"].map(_STATUS).to_numpy()
        chosen["decided"] = found["decided"].to_numpy("datetime64[s]")
        chosen["decided_by"] = found["decided_by"].to_numpy()
        chosen["reason"] = found["reason"].to_numpy()
        # The readings that were decided on; by now the fault may have gained some.
        for column in ("first", "last"):
            chosen[column] = pd.to_datetime(found[column]).to_numpy("datetime64[s]")
        _apply(ws, writer, chosen, pd.Timestamp(chosen["decided"].iloc[0]))


def _named(every: pd.DataFrame, flags: Iterable[str]) -> set[str]:
    wanted = [flag.strip().lower() for flag in flags]
    if not wanted or not all(wanted):
        raise UsageError("No flag is named.", "See the flags: forecast status --quality.")
    names: set[str] = set()
    for flag in wanted:
        fits = [name for name in every["flag_id"] if name.startswith(flag)]
        if not fits:
            raise UsageError(
                f"There is no flag {flag}.", "See the flags: forecast status --quality."
            )
        if len(fits) > 1:
            raise UsageError(
                f"{flag} fits {len(fits)} flags: {', '.join(sorted(fits)[:5])}.",
                "Give more of its characters.",
            )
        names.add(fits[0])
    return names


def _record(ws: Workspace, chosen: pd.DataFrame, decision: str) -> None:
    """Write the decision down before the tables follow it; a second line of it does no harm."""
    lines = chosen.assign(decision=decision)[_COLUMNS]
    for column in ("decided", "first", "last"):
        lines[column] = lines[column].dt.strftime("%Y-%m-%d %H:%M:%S")
    every = pd.concat([past_decisions(ws), lines], ignore_index=True)
    text = guarded(every).to_csv(index=False, lineterminator="\n")
    write_file(ws.raw / LEDGER, text.encode("utf-8-sig"))


def _drop_unfinished(ws: Workspace) -> None:
    for rest in ws.raw.glob(f".{LEDGER}.*.tmp"):
        # Of a writer that was killed; there is but one at a time.
        drop(rest)


def _apply(ws: Workspace, writer: Writer, chosen: pd.DataFrame, moment: pd.Timestamp) -> None:
    writer.upsert("quality_flags", chosen)
    every = writer.read("quality_flags")
    places = places_now(ws, writer.read("files"))
    months: dict[str, set[str]] = {}
    of_points: dict[str, set[str]] = {}
    for flag in chosen.to_dict("records"):
        table = str(flag["table"])
        if table == "air_hourly":
            ends = [
                np.datetime64(pd.Timestamp(flag[c]) - pd.Timedelta(hours=1))
                for c in ("first", "last")
            ]
            span = np.arange(ends[0].astype("datetime64[M]"), ends[1].astype("datetime64[M]") + 1)
            months.setdefault(str(flag["source"]), set()).update(str(month) for month in span)
        elif table in TABLES and TABLES[table].readings:
            _mark(writer, flag, every, moment, places)
            if table == "air_daily":
                of_points.setdefault(str(flag["source"]), set()).add(str(flag["region"]))
    if of_points:
        rebuild_city_days(writer, of_points, moment)
    if months:
        rebuild_days(ws, writer, months, moment, flags=every)


def _mark(
    writer: Writer,
    flag: Mapping[Hashable, Any],
    every: pd.DataFrame,
    moment: pd.Timestamp,
    places: Places,
) -> None:
    """Add a version of each reading that the decision covers, that says whether it is rejected.

    A reading is rejected where a decision on any flag of its series rejects it.
    """
    table = str(flag["table"])
    spec = TABLES[table]
    series = every[["table", "source", "region", "place"]].eq(
        [flag["table"], flag["source"], flag["region"], flag["place"]]
    )
    others = every[series.all(axis=1) & (every["status"] == "rejected")]
    for partition in writer.partitions(table):
        rows = writer.read(table, partition)
        mine = rows[
            (rows["source"] == flag["source"])
            & (rows["region"] == flag["region"])
            & (rows["place"] == flag["place"])
            & (rows["item"].eq(flag["item"]) if flag["item"] else True)
            & (rows[spec.year_of] >= flag["first"])
            & (rows[spec.year_of] <= flag["last"])
        ]
        for item, of_item in mine.groupby("item"):
            since = said_since(of_item, table, str(item), places)
            last = last_versions(of_item, list(spec.key))
            last = last[last[spec.year_of].isin(covered_times(flag, since))]
            rejected = np.zeros(len(last), dtype=bool)
            for other in others[others["item"].isin([item, ""])].to_dict("records"):
                rejected |= last[spec.year_of].isin(covered_times(other, since)).to_numpy(bool)
            words = last["flag"].str.replace("rejected", "", regex=False).str.strip()
            words = (words + np.where(rejected, " rejected", "")).str.strip()
            changed = words != last["flag"]
            fresh = last[changed].assign(flag=words[changed])
            later = np.maximum(
                fresh["known_from"].to_numpy("datetime64[s]") + np.timedelta64(1, "s"),
                np.datetime64(moment, "s"),
            )
            if len(fresh):
                writer.append(table, fresh.assign(known_from=later))
