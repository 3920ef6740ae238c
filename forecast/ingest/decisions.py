"""Decisions on flagged readings: accepted or rejected, by whom, when and why, on record.

``data/raw/quality_decisions.csv`` holds every decision ever made, one line each, so that they
outlive a rebuild of the tables from ``data/raw`` and can be read without this program. A rejected
value stays in its table; a later version of it says ``rejected``, known from the decision on, so
what was forecast before it can still be repeated.
"""

from __future__ import annotations

import io
from collections.abc import Hashable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from forecast.disk import drop, write_file
from forecast.errors import InputError, UsageError, WorkspaceError
from forecast.ingest.hour_days import rebuild_days
from forecast.ingest.receipt import received_at
from forecast.store import Writer
from forecast.tables import TABLES
from forecast.workspace import Workspace

__all__ = ["LEDGER", "decide", "past_decisions", "settle", "unsettled"]

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
        return table[_COLUMNS]
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
        WorkspaceError: the tables can't be written; nothing was decided.
    """
    if decision not in _STATUS:
        raise UsageError(f"There is no decision {decision}.", "Use accept or reject.")
    moment = received_at(ws, now)
    if not unsettled(ws, ws.store.read("quality_flags")).empty:
        with ws.store.writer() as writer:
            settle(ws, writer)
    ledger = ws.raw / LEDGER
    before = ledger.read_bytes() if ledger.exists() else None
    try:
        return _decide(ws, decision, flags, moment, reason.strip(), by.strip())
    except WorkspaceError:
        # The tables could not follow, so nothing was decided.
        with suppress(WorkspaceError):
            if before is None:
                drop(ledger)
            elif ledger.read_bytes() != before:
                write_file(ledger, before)
        raise


def _decide(
    ws: Workspace, decision: str, flags: Iterable[str], moment: pd.Timestamp, reason: str, by: str
) -> pd.DataFrame:
    with ws.store.writer() as writer:
        every = writer.read("quality_flags")
        chosen = every[every["flag_id"].isin(_named(every, flags))].copy()
        chosen = chosen[chosen["status"] != _STATUS[decision]]
        if chosen.empty:
            raise InputError(f"These flags are {_STATUS[decision]} already.", "Nothing to do.")
        chosen["status"] = _STATUS[decision]
        chosen["decided"] = moment
        chosen["decided_by"] = by
        chosen["reason"] = reason
        _record(ws, chosen, decision)
        _apply(ws, writer, chosen, moment)
    return chosen


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
    text = every.to_csv(index=False, lineterminator="\n")
    for rest in ws.raw.glob(f".{LEDGER}.*.tmp"):
        # Of a writer that was killed; there is but one at a time.
        drop(rest)
    write_file(ws.raw / LEDGER, text.encode("utf-8-sig"))


def _apply(ws: Workspace, writer: Writer, chosen: pd.DataFrame, moment: pd.Timestamp) -> None:
    writer.upsert("quality_flags", chosen)
    months: dict[str, set[str]] = {}
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
            _mark(writer, flag, moment)
    if months:
        flags = writer.read("quality_flags")
        rebuild_days(ws, writer, months, moment, flags=flags)


def _mark(writer: Writer, flag: Mapping[Hashable, Any], moment: pd.Timestamp) -> None:
    """Add a version of each reading under the flag that says whether it is rejected."""
    table = str(flag["table"])
    spec = TABLES[table]
    time = spec.year_of
    for partition in writer.partitions(table):
        rows = writer.read(table, partition)
        mine = rows[
            (rows["source"] == flag["source"])
            & (rows["region"] == flag["region"])
            & (rows["place"] == flag["place"])
            & (rows["item"] == flag["item"])
            & (rows[time] >= flag["first"])
            & (rows[time] <= flag["last"])
        ]
        if mine.empty:
            continue
        last = mine.sort_values("known_from", kind="stable").drop_duplicates(
            list(spec.key), keep="last"
        )
        words = last["flag"].str.replace("rejected", "", regex=False).str.strip()
        if flag["status"] == "rejected":
            words = (words + " rejected").str.strip()
        changed = words != last["flag"]
        fresh = last[changed].assign(flag=words[changed])
        if fresh.empty:
            continue
        later = np.maximum(
            fresh["known_from"].to_numpy("datetime64[s]") + np.timedelta64(1, "s"),
            np.datetime64(moment, "s"),
        )
        writer.append(table, fresh.assign(known_from=later))
