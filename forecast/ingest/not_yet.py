"""Readings of days that have not come yet: slips of the pen, set aside."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecast.ingest.parsed import Layout, Parsed

__all__ = ["without_days_to_come"]

#: Layouts whose files may go on beyond the day of their receipt: the weather that a service foresees.
_FORESEEN = frozenset(["open_meteo"])

#: Tables of readings, and where each has its moment.
_MOMENT = {
    "air_daily": "date", "air_hourly": "time", "met_daily": "date", "flow_daily": "date",
    "water_samples": "time", "dust_days": "date",
}  # fmt: skip


def without_days_to_come(layout: Layout, parsed: Parsed, received: pd.Timestamp) -> None:
    """Set readings aside that are dated after the day that follows their receipt, in place.

    One day of grace covers a clock that is slow and a stamp of 24:00.

    Args:
        layout: the layout of the file.
        parsed: its rows.
        received: when it came in.
    """
    if layout.name in _FORESEEN:
        return
    limit = np.datetime64(received.date().isoformat(), "s") + np.timedelta64(2 * 86400, "s")
    for table, column in _MOMENT.items():
        rows = parsed.tables.get(table)
        if rows is None or rows.empty or column not in rows:
            continue
        moments = rows[column].to_numpy("datetime64[s]")
        # The last hour of tomorrow ends at the limit.
        late = moments > limit if column == "time" else moments >= limit
        if not late.any():
            continue
        lines = rows["row"].to_numpy()[late] if "row" in rows else np.zeros(int(late.sum()), int)
        first = pd.DataFrame({"row": lines, "moment": moments[late]}).drop_duplicates()
        form = "%Y-%m-%d" if column == "date" else "%Y-%m-%d %H:%M"
        parsed.notes.problem(
            list(first["row"]), "", list(first["moment"].dt.strftime(form)),
            f"a reading of a day to come: the file was received on {received:%Y-%m-%d}",
        )  # fmt: skip
        parsed.tables[table] = rows[~late].reset_index(drop=True)
