"""Days of weather whose hours came in several files."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecast.ingest.detect import LAYOUTS
from forecast.ingest.storing import CHECKS_PENDING
from forecast.workspace import Workspace

__all__ = ["join_edge_days"]

_DAY = ["source", "region", "place", "date"]
_HOUR = ["region", "place", "place_kind", "date", "time"]


def join_edge_days(ws: Workspace, received: pd.Timestamp) -> int:
    """Make the days of which new files have hours beside older ones; return how many values changed.

    To be called before the rules look at what came in: files that they have not looked at are the
    new ones, also after a stop.

    Raises:
        WorkspaceError: the tables can't be written; the days are made next time.
    """
    hours = ws.store.read("met_edges")
    if hours.empty:
        return 0
    files = ws.store.files()
    pending = files.loc[files["status"] == CHECKS_PENDING, "file_id"]
    hours["new"] = hours["file_id"].isin(pending)
    of_day = hours.groupby(_DAY)
    several = (of_day["file_id"].transform("nunique") > 1) & of_day["new"].transform("any")
    made = [_made(str(source), mine) for source, mine in hours[several].groupby("source")]
    made = [part for part in made if len(part)]
    if not made:
        return 0
    rows = pd.concat(made, ignore_index=True)
    with ws.store.writer() as writer:
        outcome = writer.merge("met_daily", rows, received)
    return int((outcome["outcome"] != "unchanged").sum())


def _made(source: str, hours: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of ``met_daily`` of one source; each names the newest of its files."""
    make = LAYOUTS[source].joins_days if source in LAYOUTS else None
    if make is None:
        return hours.iloc[:0]
    wide = hours.pivot_table(index=_HOUR, columns="item", values="value")
    wide["row"] = hours.groupby(_HOUR)["row"].min()
    rows = make(wide.reset_index().rename_axis(columns=None))
    newest = hours.sort_values("new", kind="stable").drop_duplicates(_DAY, keep="last")
    named = newest.set_index(["region", "place", "date"])[["file_id", "row"]]
    found = named.loc[pd.MultiIndex.from_frame(rows[["region", "place", "date"]])]
    return rows.assign(
        source=source, file_id=found["file_id"].to_numpy(), row=found["row"].to_numpy(np.int32)
    )
