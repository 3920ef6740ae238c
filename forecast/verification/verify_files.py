"""Write a verification: its tables as CSV for Excel, its charts, its words."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
import pandas as pd

from forecast.charts.chart import Chart, save
from forecast.charts.forecast_record import ForecastRecordData, RecordPanel, forecast_record
from forecast.charts.style import Footer, Lang
from forecast.disk import write_file
from forecast.errors import WorkspaceError
from forecast.formula_guard import guarded_cell
from forecast.region_names import normalise_region
from forecast.report.words import UNIT_ZH, indicator_text
from forecast.runs.publishing import publish
from forecast.verification.verify import Verification
from forecast.workspace import Workspace

__all__ = ["record_charts", "write_verification"]

#: What a chart shows first; at most so many panels.
_FIRST = (
    "good_day_ratio", "pm25_annual_mean", "o3_8h_p90", "heavy_days", "composite_index",
    "share_class_iii", "pm10_annual_mean", "no2_annual_mean", "section_class",
)  # fmt: skip
_PANELS = 6
#: Charts of so many places are drawn; the others are in the tables.
_CHARTS = 12

#: Finer than any reading or score is meant.
_DECIMALS = 9

_LEVELS = ("q0.05", "q0.25", "q0.5", "q0.75", "q0.95")


def record_charts(
    found: Verification, notices: tuple[tuple[str, str], ...] = (), *, lang: Lang = "both"
) -> list[Chart]:
    """Draw the forecast record of each region, its city before its sections."""
    table = found.forecasts
    if not set(_LEVELS) <= set(table.columns):
        return []
    table = table[table[list(_LEVELS)].notna().all(axis=1)]
    table = table[table["state"].isin(["scored", "open"])]
    key = table["region"].map(normalise_region)
    charts = []
    for name, own in list(table.groupby(key, sort=True))[:_CHARTS]:
        shown = _shown(own)
        stem = hashlib.sha256(str(name).encode("utf-8", "replace")).hexdigest()[:8]
        used = pd.concat(shown)
        data = ForecastRecordData(
            str(used["region"].iloc[0]), tuple(_panel(rows) for rows in shown),
            _footer(notices, used), name=f"forecast_record_{stem}",
        )  # fmt: skip
        charts.append(forecast_record(data, lang=lang))
    return charts


def _footer(notices: tuple[tuple[str, str], ...], used: pd.DataFrame) -> Footer:
    return Footer(
        period=f"{used['as_of'].min():%Y-%m-%d}/{used['as_of'].max():%Y-%m-%d}",
        n_valid=int((used["state"] == "scored").sum()), n_expected=len(used),
        standard=", ".join(sorted(set(used["standard"]) - {""})), notices=notices,
        unit_zh="次预测", unit_en="forecasts",
    )  # fmt: skip


def _shown(own: pd.DataFrame) -> list[pd.DataFrame]:
    """The forecasts of each panel: the region's city or set; sections where there is nothing else."""
    order = {name: k for k, name in enumerate(_FIRST)}
    whole = own[own["place_kind"].isin(["city", "section_set"])]
    whole = own if whole.empty else whole
    groups = {
        (order.get(str(name), len(order)), str(name), str(place)): rows
        for (name, place), rows in whole.groupby(["indicator", "place"])
    }
    return [groups[k].sort_values("as_of", kind="stable") for k in sorted(groups)[:_PANELS]]


def _panel(rows: pd.DataFrame) -> RecordPanel:
    said = indicator_text(str(rows["indicator"].iloc[0]))
    # A section says its name; a city is that of the title.
    own = rows["place_kind"].iloc[0] not in ("city", "section_set")
    more = f" {rows['place'].iloc[0]}" if own else ""
    unit = str(rows["unit"].iloc[0])
    return RecordPanel(
        said.zh + more, said.en + more, unit, rows["as_of"].to_numpy("datetime64[D]"),
        rows["year"].to_numpy(np.int64), rows[list(_LEVELS)].to_numpy(np.float64),
        rows["truth"].to_numpy(np.float64),
        rows["target"].to_numpy(np.float64) if rows["target"].notna().any() else None,
        unit_zh=UNIT_ZH.get(unit, unit),
    )  # fmt: skip


def write_verification(
    workspace: Workspace, found: Verification, out: Path | None = None, *, lang: Lang = "both"
) -> Path:
    """Write tables, charts and ``summary.txt`` to ``out``, or to ``reports/verify``; return where.

    ``reports/verify`` is replaced as a whole; in a folder of one's own only files of these names are.

    Raises:
        WorkspaceError: the folder can't be written.
    """
    notices: tuple[tuple[str, str], ...] = ()
    if workspace.config.workspace.sample:
        from forecast.sample import NOTICE

        notices = ((NOTICE["zh"], NOTICE["en"]),)
    charts = record_charts(found, notices, lang=lang)
    if out is None:
        folder = workspace.reports / "verify"
        publish(folder, lambda aside: _write(aside, found, charts), what="verification")
        return folder
    try:
        _write(out, found, charts)
    except OSError as error:
        raise WorkspaceError(
            f"The verification can't be written to {out} ({error.strerror or error}).",
            "Make room or check the permissions, then run again.",
        ) from error
    return out


def _write(folder: Path, found: Verification, charts: list[Chart]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for stem, table in (
        ("scores", found.scores), ("differences", found.differences), ("targets", found.targets),
        ("reliability", found.reliability), ("drift", found.drift), ("pending", found.pending),
        ("forecasts", found.forecasts), ("events", found.events),
        ("short_range", found.outlooks.scores), ("short_range_levels", found.outlooks.levels),
        ("outlooks", found.outlooks.days),
    ):  # fmt: skip
        write_file(folder / f"{stem}.csv", _csv(table))
    for chart in charts:
        save(chart, folder / "charts", ("svg", "png"))
    check = found.check
    lines = [f"{zh}\n{en}" for zh, en in found.sentences]
    lines.append(f"register: {check.blocks} runs, sha256 {check.sha256}")
    write_file(folder / "summary.txt", ("\n\n".join(lines) + "\n").encode("utf-8-sig"))


def _csv(table: pd.DataFrame) -> bytes:
    """A table for Excel: with a byte-order mark, and no name that could be taken for a formula."""
    shown = table.copy()
    # What is left of a zero after many sums is no number to show.
    floats = list(shown.select_dtypes("float").columns)
    shown[floats] = shown[floats].round(_DECIMALS) + 0.0
    for name in shown.columns:
        if not pd.api.types.is_numeric_dtype(shown[name]):
            shown[name] = pd.Series(
                [_inert(v) for v in shown[name]], index=shown.index, dtype=object
            )
    buffer = io.StringIO()
    shown.map(_guarded).to_csv(buffer, index=False, lineterminator="\n", date_format="%Y-%m-%d")
    return buffer.getvalue().encode("utf-8-sig", "replace")


def _inert(value: object) -> object:
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") and len(value) > 1:
        return f"'{value}"
    return value


def _guarded(value: object) -> object:
    """A cell that no spreadsheet takes for a formula; lists of numbers stay as they are."""
    return guarded_cell(value) if isinstance(value, str) else value
