"""What came: indicators of the years that are over and the targets' last word, by today's readings.

Values come from the project's own assessment, under the standard that the forecast was made for;
verdicts from the same judgement as a run's. A year is over where the readings of the place reach its
end. A value that falls short of the official count of days by a few of one month is no official
mean; a forecast can still be scored on it, as in the backtest, but no target is judged on it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import numpy as np
import pandas as pd

from forecast.projection.answers import project_panel
from forecast.projection.observed import assess
from forecast.projection.panel import Panel
from forecast.projection.settings import Settings
from forecast.runs.inputs import load_panel
from forecast.standards.air_assessment import YEAR_DAYS
from forecast.workspace import Workspace

__all__ = ["BY_DATE", "came", "verdicts"]

#: The name that a run gives to the standards in force by date.
BY_DATE = "by date"

#: A record that stops so long before the end of the year lacks a month of it [days].
_OPEN_DAYS = 27

_KEY = ["region", "place", "indicator"]


def _token(standard: str) -> str | None:
    return None if standard in ("", BY_DATE) else standard


def came(
    workspace: Workspace, asked: Iterable[tuple[int, str]], region: str | None = None
) -> tuple[pd.DataFrame, date]:
    """Indicators of years that are over, as they stand today, and the last day with a reading.

    Args:
        workspace: whose readings.
        asked: (year, standard of the run) of each assessment wanted.
        region: only this region.

    Returns:
        ``region, place, indicator, year, run_standard, truth`` [unit of the indicator], ``over`` (the
        readings of the place reach the year's end), ``enough`` (a forecast can be scored),
        ``official`` (so can its targets); no row of a year that the readings have not left behind.

    Raises:
        ForecastError: there are no readings, or none of the region.
    """
    panel, last = load_panel(workspace, None, region=region)
    ends = panel.air.groupby(["region", "place", panel.air["date"].dt.year])["date"].max()
    tables = [
        _year(panel, last, year, standard, ends, workspace.config.standards.denominator)
        for year, standard in sorted(set(asked))
        if last >= date(year, 12, 31)
    ]
    columns = [*_KEY, "year", "run_standard", "truth", "over", "enough", "official"]
    tables = [t for t in tables if not t.empty]
    if not tables:
        return pd.DataFrame(columns=columns).astype({"year": np.int64, "truth": float}), last
    return pd.concat(tables, ignore_index=True)[columns], last


def _year(
    panel: Panel, last: date, year: int, standard: str, ends: pd.Series, denominator: str
) -> pd.DataFrame:
    found = assess(
        panel, last, year, standard=_token(standard), denominator=denominator
    ).table.drop_duplicates(_KEY)  # fmt: skip
    end = pd.Timestamp(year, 12, 31)
    stops = pd.Series(
        [ends.get((r, p, year)) for r, p in zip(found["region"], found["place"], strict=True)],
        index=found.index, dtype="datetime64[s]",
    )  # fmt: skip
    # Water has no days; its own rule on months says whether the year is whole.
    whole = (end - stops).dt.days < _OPEN_DAYS
    days = found["n_valid"] * 365 >= YEAR_DAYS * found["n_expected"].clip(upper=365)
    official = found["complete"].astype(bool)
    return found.assign(
        year=year, run_standard=standard, truth=found["value"].astype(float),
        over=whole | stops.isna(), official=official,
        enough=(official | (whole & days)) & found["value"].notna(),
    )  # fmt: skip


def verdicts(
    workspace: Workspace, asked: Iterable[tuple[int, str]], region: str | None = None
) -> pd.DataFrame:
    """The last word on every target that applies to years that are over.

    Arguments as for :func:`came`.

    Returns:
        ``region, place, indicator, year, run_standard, id, comparator, value`` (number, class or
        wording as text), ``verdict``.
    """
    config = workspace.config
    rows = []
    for year, standard in sorted(set(asked)):
        panel, last = load_panel(workspace, None, year=year, region=region)
        if last < date(year, 12, 31):
            continue
        settings = Settings(
            date(year, 12, 31), year, _token(standard), n_paths=2, outlook=False,
            denominator=config.standards.denominator, month_rule=config.water.stable,
            month_share=config.water.stable_share,
        )  # fmt: skip
        for entry in project_panel(panel, settings).entries:
            rows += [
                {
                    **{name: entry[name] for name in _KEY}, "year": year, "run_standard": standard,
                    "id": t["id"], "comparator": t["comparator"], "value": str(t["value"]),
                    "verdict": t["verdict"],
                }
                for t in entry["targets"]
            ]  # fmt: skip
    columns = [*_KEY, "year", "run_standard", "id", "comparator", "value", "verdict"]
    return pd.DataFrame(rows, columns=columns)
