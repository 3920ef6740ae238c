"""From lines of hours to rows of ``air_hourly``: names, times, numbers, repeats, units, ranges.

``time`` is the end of the hour in local time: 00:00 closes the day before. A source that stamps the
start of the hour is moved by one hour in its own module. Only 1-hour values are stored; running
means and daily values follow from them by law.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.ingest.files.cells import numbers
from forecast.ingest.parsed import Notes
from forecast.ingest.readers.checks import (
    check_co_beside,
    check_pm_order,
    check_ranges_hold,
    outside,
)
from forecast.ingest.readers.daily import BASIS_CHANGE
from forecast.ingest.readers.repeats import keep_first
from forecast.tables import HOUR_ITEMS

__all__ = ["HOUR", "hour_rows", "read_lines", "stale"]

HOUR = np.timedelta64(3600, "s")

#: A reading that is this much older than the lines around it was not taken with them.
_STALE = 2 * 86400

#: Lines around a line, for the time at which they were taken.
_AROUND = 51


def read_lines(
    body: pd.DataFrame,
    notes: Notes,
    *,
    region: pd.Series[str],
    place: pd.Series[str],
    moments: NDArray[np.datetime64],
    why: pd.Series[str],
    time: str,
    columns: dict[str, str],
    usable: NDArray[np.bool_] | None = None,
) -> pd.DataFrame:
    """Read the names, the times and the numbers of lines of hours.

    A line without place, without a time on the hour, or with a number that can't be read goes to
    quarantine whole; one without any value is counted as missing.

    Args:
        body: data lines as text; the index is the line.
        notes: where findings go.
        region: region of each line.
        place: place of each line.
        moments: end of the hour of each line, shape ``(line,)``, NaT where there is none.
        why: the reason of each NaT.
        time: the column of the time, for findings.
        columns: column → name of its numbers in the result.
        usable: lines to read; others were dealt with before.

    Returns:
        ``region, place, time`` and the numbers of the lines with at least one value, as they stand
        in the file: same unit, not yet told apart from what can't be true.
    """
    keep = np.ones(len(body), bool) if usable is None else usable.copy()

    def set_aside(where: NDArray[np.bool_], column: str, reason: pd.Series[str] | str) -> None:
        at = np.flatnonzero(where & keep)
        if not len(at):
            return
        text = list(body[column].iloc[at]) if column else [""] * len(at)
        said = reason if isinstance(reason, str) else list(reason.iloc[at])
        notes.problem(list(body.index[at]), column, text, said)
        keep[at] = False

    set_aside(((region == "") | (place == "")).to_numpy(bool), "", "no place")
    set_aside(np.isnat(moments), time, why)
    whole = moments.astype("datetime64[h]").astype("datetime64[s]") == moments
    set_aside(~whole, time, "not a time on the hour; row set aside")
    values: dict[str, NDArray[np.float64]] = {}
    for column, name in columns.items():
        read = numbers(body[column])
        set_aside(read.bad, column, "not a number; row set aside")
        values[name] = read.values
    frame = pd.DataFrame(values, index=body.index)[keep]
    frame.insert(0, "region", region[keep])
    frame.insert(1, "place", place[keep])
    frame.insert(2, "time", moments[keep])
    empty = frame[list(values)].isna().all(axis=1).to_numpy(bool)
    notes.missing += int(empty.sum()) * len(values)
    return frame[~empty]


def hour_rows(
    path: Path,
    frame: pd.DataFrame,
    notes: Notes,
    *,
    names: dict[str, str],
    time: str,
    version: str,
    place_kind: str = "station",
    flag: NDArray[np.str_] | None = None,
) -> pd.DataFrame:
    """Return the rows of ``air_hourly`` of lines whose numbers are in the units of the items.

    Args:
        path: the file, for messages.
        frame: ``region, place, time`` and one column an item [µg/m³; CO mg/m³]; the index is the
            line in the file.
        notes: where findings go.
        names: item → the column's own name.
        time: the column of the time, for findings.
        version: version of all rows.
        place_kind: ``station`` or ``city``.
        flag: flag of each row of ``frame``.

    Raises:
        ContradictionError: a column can't be what its header says.
    """
    items = [item for item in HOUR_ITEMS if item in names]
    if flag is not None:
        frame = frame.assign(flag=flag)
    frame, conflicting = keep_first(
        frame, ["region", "place", "time"], items, notes, column=time, shown="%Y-%m-%d %H:%M",
        what="hour",
    )  # fmt: skip
    values = {item: frame[item].to_numpy(np.float64).copy() for item in items}
    if "pm10" in values and "pm25" in values:
        check_pm_order(path, values["pm10"], values["pm25"], names["pm10"], names["pm25"])
    check_co_beside(path, values, names)
    lines = frame.index.to_numpy()
    some = np.zeros(len(frame), bool)
    for item, found in values.items():
        check_ranges_hold(path, names[item], item, found)
        wrong = outside(item, found)
        notes.problem(
            list(lines[wrong]), names[item], [f"{v:g}" for v in found[wrong]],
            f"outside what {item} can be; the rest of the row is kept",
        )  # fmt: skip
        notes.missing += int(np.isnan(found).sum())
        found[wrong] = np.nan
        some |= ~np.isnan(found)
    ends = frame["time"].to_numpy("datetime64[s]")
    # The last hour of the day before the change ends at 00:00 of the day of the change.
    before = ends <= BASIS_CHANGE
    flags = np.where(conflicting, "conflicting", "")
    if flag is not None:
        own = frame["flag"].to_numpy(dtype=str)
        flags = np.where(conflicting, np.strings.strip(np.strings.add(own, " conflicting")), own)
    rows = pd.DataFrame(
        {
            "region": frame["region"].array,
            "place": frame["place"].array,
            "place_kind": place_kind,
            "time": ends,
            **values,
            "basis": np.where(before, "standard_state", "actual"),
            "version": version,
            "flag": flags,
            "known_from": ends,
            "row": lines.astype(np.int32),
        }
    )
    return rows if some.all() else rows[some].reset_index(drop=True)


def stale(place: pd.Series[str], moments: NDArray[np.datetime64]) -> NDArray[np.bool_]:
    """Return which lines repeat an old reading of a closed station.

    A closed station stays in the lists with its last time and values. It is told by having no
    other time in the file, more than two days from that of the lines around it.

    Args:
        place: place of each line, shape ``(line,)``.
        moments: time of each line, shape ``(line,)``; NaT never is stale.
    """
    result = np.zeros(len(moments), bool)
    there = ~np.isnat(moments)
    if not there.any():
        return result
    seconds = moments[there].astype(np.int64)
    codes = pd.factorize(place.to_numpy(dtype=object)[there])[0]
    lowest = np.full(codes.max() + 1, np.iinfo(np.int64).max)
    highest = np.full(codes.max() + 1, np.iinfo(np.int64).min)
    np.minimum.at(lowest, codes, seconds)
    np.maximum.at(highest, codes, seconds)
    single = (lowest == highest)[codes]
    if not (single & (np.abs(seconds - np.median(seconds)) > _STALE)).any():
        return result
    around = pd.Series(seconds.astype(np.float64))
    middle = around.rolling(_AROUND, center=True, min_periods=1).median().to_numpy()
    result[there] = single & (middle - seconds > _STALE)
    return result
