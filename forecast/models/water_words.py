"""What is said of each series of water: what it has, on which rung it stands, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.models.water_choice import FEWEST_LEVEL

__all__ = ["REPORT_COLUMNS", "Series", "report_table"]

#: Columns of the report: ``censored`` [%]; ``last`` is the last month with a value; ``why`` in
#: Chinese and English; ``wrtds`` whether an exact WRTDS of the section is possible.
REPORT_COLUMNS: tuple[str, ...] = (
    "place", "item", "n", "censored", "last", "level", "wrtds", "why_zh", "why_en",
)  # fmt: skip

#: Values, years and part of the months with flow that an exact WRTDS needs.
_WRTDS_VALUES, _WRTDS_YEARS, _WRTDS_FLOW = 100, 10, 0.9
#: Fewer values than this are few; months of silence after which a series has ended.
_FEW, _SILENT = 6, 4
#: Typical months between values from which on samples are rare.
_RARE = 6.0


@dataclass(frozen=True)
class Series:
    """What the report is made from.

    Attributes:
        place, item: of the series.
        months: of the record, shape (month,).
        values, limits: monthly values, and limits of detection where the value is below it.
        rung: name of its rung.
        gain: score of the rung over that of rung 1, less one (negative is better).
        last_flow: last month of flow, NaT without flow.
        n_flow: months with flow.
        breaks: declared breaks.
    """

    place: str
    item: str
    months: NDArray[np.datetime64]
    values: NDArray[np.float64]
    limits: NDArray[np.float64]
    rung: str
    gain: float
    last_flow: np.datetime64
    n_flow: int
    breaks: Sequence[np.datetime64]


def report_table(series: Sequence[Series]) -> pd.DataFrame:
    """One row a series, columns :data:`REPORT_COLUMNS`."""
    return pd.DataFrame([_row(s) for s in series], columns=list(REPORT_COLUMNS))


def _row(series: Series) -> dict[str, object]:
    at = np.flatnonzero(np.isfinite(series.values))
    n = len(at)
    hidden = int(np.isfinite(series.limits).sum())
    said = [_of_rung(series, n), *_of_record(series, at, hidden)]
    years = (at[-1] - at[0] + 1) / 12.0
    wrtds = (
        n >= _WRTDS_VALUES
        and years >= _WRTDS_YEARS
        and series.n_flow >= _WRTDS_FLOW * 12 * _WRTDS_YEARS
    )
    if wrtds:
        said.append(("可做 WRTDS 精确分析", "an exact WRTDS is possible"))
    return {
        "place": series.place,
        "item": series.item,
        "n": n,
        "censored": 100.0 * hidden / n,
        "last": str(series.months[at[-1]]),
        "level": series.rung,
        "wrtds": wrtds,
        "why_zh": ";".join(zh for zh, _ in said),
        "why_en": "; ".join(en for _, en in said),
    }


def _of_rung(series: Series, n: int) -> tuple[str, str]:
    """Why the series stands on its rung."""
    better = -100.0 * series.gain
    if series.rung == "0" and n < FEWEST_LEVEL:
        return (
            f"仅{n}个月有监测值(少于{FEWEST_LEVEL}),用全区域季节气候值加断面偏移",
            f"only {n} months with a value (fewer than {FEWEST_LEVEL}): season of the region with "
            "an offset of the section",
        )
    if series.rung == "0":
        return (
            f"逐月起报检验中,不含水平漂移的季节模型得分更好({better:.1f}%)",
            f"in forecasts of its past the season without a drifting level scored better by {better:.1f} %",
        )
    if series.rung == "1":
        return (
            "季节加缓变水平,逐月起报检验中没有更好的模型",
            "season and damped level: nothing scored better in forecasts of its past",
        )
    parts = [("流量", "flow")] if series.rung.startswith("2") else []
    parts += [("线性趋势", "a straight trend")] if series.rung.endswith("trend") else []
    return (
        f"逐月起报检验中,加入{'和'.join(zh for zh, _ in parts)}后得分改善{better:.1f}%",
        f"with {' and '.join(en for _, en in parts)} forecasts of its past scored better by {better:.1f} %",
    )


def _of_record(series: Series, at: NDArray[np.int64], hidden: int) -> list[tuple[str, str]]:
    """What is unusual about the record."""
    said = []
    n = len(at)
    last = series.months[at[-1]]
    silent = int((series.months[-1] - last).astype(np.int64))
    if n < _FEW:
        said.append(
            (
                f"监测值不足{_FEW}个月,区间很宽,主要依据其他断面",
                f"fewer than {_FEW} months: wide intervals that rest on other sections",
            )
        )
    elif np.median(np.diff(at)) >= _RARE:
        said.append(
            (
                f"约每{np.median(np.diff(at)):.0f}个月一个监测值,看不出季节",
                f"about one value every {np.median(np.diff(at)):.0f} months: its own season can't be seen",
            )
        )
    if hidden == n:
        said.append(
            (
                "全部低于检出限,只知道在检出限以下",
                "all values are below detection: all that is known is that they are below the limit",
            )
        )
    elif hidden:
        said.append(
            (
                f"{100.0 * hidden / n:.0f}%低于检出限,按删失处理",
                f"{100.0 * hidden / n:.0f} % below detection, taken as censored",
            )
        )
    if hidden < n and n >= _FEW and np.ptp(series.values[at]) == 0.0:
        said.append(("监测值全部相同", "all values are alike"))
    if silent > _SILENT:
        said.append(
            (
                f"最后监测月为{last},之后{silent}个月没有监测值",
                f"the last value is of {last}: nothing in the {silent} months since",
            )
        )
    flow = series.last_flow
    if not np.isnat(flow) and flow < series.months[-1]:
        said.append(
            (
                f"流量资料止于{flow},之后按往年流量抽取",
                f"the flow record ends in {flow}: flows of past years are drawn",
            )
        )
    said.extend(
        (
            f"{day}起为新的水平(申报的断点),之前的值只用于季节",
            f"a new level from {day} on (declared break): earlier values serve for the season alone",
        )
        for day in series.breaks
    )
    return said
