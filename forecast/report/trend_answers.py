"""The methods of ``forecast.trend`` applied to one series, each with its words or its reason."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import numpy as np
import pandas as pd

from forecast.errors import ForecastError, InputError
from forecast.trend.annual import annual_theil_sen
from forecast.trend.attainment import attainment_year
from forecast.trend.break_points import BreakPoints, break_points
from forecast.trend.conclusion import short_record
from forecast.trend.daniel_test import daniel_test
from forecast.trend.monthly import TheilSen, theil_sen
from forecast.trend.months import monthly_means
from forecast.trend.rank_test import mann_kendall
from forecast.trend.seasonal_kendall import SeasonalKendall, seasonal_mann_kendall
from forecast.trend.smooth import SmoothTrend, smooth_trend
from forecast.trend.table import agreeing

__all__ = ["ANNUAL", "MONTHLY", "TrendInput", "TrendPart", "annual_parts", "monthly_parts",
           "numbers_of", "trend_columns"]  # fmt: skip

#: Methods for a monthly series and for annual values alone, in the order told.
MONTHLY: tuple[str, ...] = (
    "theil_sen", "seasonal_mann_kendall", "mann_kendall", "daniel", "smooth", "breaks", "attainment",
)  # fmt: skip
ANNUAL: tuple[str, ...] = ("theil_sen", "mann_kendall", "daniel")

Better = Literal["lower", "higher"]
_Found = TypeVar("_Found", bound=TheilSen | SeasonalKendall)


@dataclass(frozen=True)
class TrendInput:
    """What is asked of one series.

    Attributes:
        series: monthly means by first day of the month, every month from first to last, NaN
            missing [unit]; None for an indicator that is a number a year.
        annual: year → official annual value [unit]; years without enough days left out.
        annual_zh, annual_en: what that value is.
        bases: year → basis of measurement.
        breaks: first days of a new basis.
        limits: (Chinese, English, year → limit) of each limit or target whose year of attainment
            is asked [unit].
        better: which way is better.
        deseason: whether the season is taken off.
        horizon: last year looked at for attainment; None: ten years after the record.
    """

    series: pd.Series | None
    annual: Mapping[int, float]
    annual_zh: str
    annual_en: str
    bases: Mapping[int, str]
    breaks: tuple[dt.date, ...] = ()
    limits: tuple[tuple[str, str, Mapping[int, float]], ...] = ()
    better: Better = "lower"
    deseason: bool = True
    horizon: int | None = None


@dataclass(frozen=True)
class TrendPart:
    """The answer of one method.

    Attributes:
        method: one of :data:`MONTHLY`, or ``weather``.
        words_zh, words_en: the result in words; the reason where there is none.
        found: the result; None where there is none.
        cure: what would make one possible; ``why``: the sentence it was refused with.
    """

    method: str
    words_zh: str
    words_en: str
    found: Any = field(default=None, repr=False, compare=False)
    cure: str = ""
    why: str = ""

    @property
    def refused(self) -> bool:
        """Whether the method gave no result."""
        return self.found is None

    @property
    def conclusive(self) -> bool | None:
        """Whether the result allows a conclusion on a trend; None where that is not asked."""
        found = getattr(self.found, "conclusive", None)
        return None if found is None else bool(found)


def monthly_parts(asked: TrendInput, methods: Sequence[str]) -> list[TrendPart]:
    """Apply ``methods`` to a monthly series; one that can't be applied says why.

    Mann-Kendall is that of the series without its season, corrected for serial dependence (Hamed
    and Rao); Daniel's test takes the annual values. A record under five years has numbers and no
    conclusion, nor has one whose slope and Sen's seasonal slope differ in sign; neither has a year
    of attainment.
    """
    series = asked.series
    assert series is not None
    slope: TheilSen | InputError | None = None
    seasonal: SeasonalKendall | InputError | None = None
    if {"theil_sen", "seasonal_mann_kendall", "mann_kendall", "attainment"} & set(methods):
        try:
            slope = theil_sen(series, asked.deseason, breaks=asked.breaks)
        except InputError as error:
            slope = error
        try:
            seasonal = seasonal_mann_kendall(series, breaks=asked.breaks)
        except InputError as error:
            seasonal = error
        if isinstance(slope, TheilSen) and isinstance(seasonal, SeasonalKendall):
            slope, seasonal = agreeing(slope, seasonal)
    parts: list[TrendPart] = []
    for method in methods:
        if method == "theil_sen":
            parts.append(_named(_part(method, lambda: _given(slope))))
        elif method == "seasonal_mann_kendall":
            parts.append(_part(method, lambda: _given(seasonal)))
        elif method == "mann_kendall":
            parts.append(_kendall(slope, asked))
        elif method == "daniel":
            parts.append(_daniel(asked))
        elif method == "smooth":
            parts.append(
                _part(method, lambda: smooth_trend(series, asked.deseason, breaks=asked.breaks))
            )
        elif method == "breaks":
            parts.append(
                _part(
                    method, lambda: break_points(series, asked.deseason, known_breaks=asked.breaks)
                )
            )
        elif method == "attainment":
            parts += _attainment(slope, asked)
    return parts


def annual_parts(asked: TrendInput, methods: Sequence[str]) -> list[TrendPart]:
    """Apply ``methods`` to annual values."""
    parts = []
    values = dict(asked.annual)
    for method in methods:
        if method == "daniel":
            parts.append(_daniel(asked))
        elif not values:
            parts.append(_none(method, "没有天数足够的年份", "no year has enough days"))
        elif method == "theil_sen":
            found = annual_theil_sen(values, bases=asked.bases)
            if math.isnan(found.slope):
                parts.append(_none(method, found.reason_zh, found.reason_en))
            else:
                parts.append(_named(TrendPart(method, found.words_zh, found.words_en, found)))
        elif method == "mann_kendall":
            last = asked.bases.get(max(values), "")
            own = [v for y, v in sorted(values.items()) if asked.bases.get(y, "") == last]
            parts.append(_part(method, lambda own=own: mann_kendall(own)))  # type: ignore[misc]
    return parts


def _named(part: TrendPart) -> TrendPart:
    """Begin the words on a slope with its name, as those of the tests do."""
    if part.refused:
        return part
    return dataclasses.replace(
        part, words_zh=f"Theil–Sen：{part.words_zh}", words_en=f"Theil-Sen: {part.words_en}"
    )


def _given(found: _Found | InputError | None) -> _Found:
    if isinstance(found, InputError):
        raise found
    assert found is not None
    return found


def _part(method: str, make: Callable[[], Any]) -> TrendPart:
    try:
        found = make()
    except InputError as error:
        zh, en = _NAMES.get(method, ("", ""))
        return _none(
            method, f"{zh}：{_reason_zh(error)}，不能给出",
            f"no {en}: {error.message[0].lower()}{error.message[1:]}".rstrip("."), error.cure,
            error.message,
        )  # fmt: skip
    return TrendPart(method, found.words_zh, found.words_en, found)


def _none(method: str, zh: str, en: str, cure: str = "", why: str = "") -> TrendPart:
    return TrendPart(method, zh, en, None, cure, why)


#: What a method is called where it gives no result.
_NAMES = {
    "theil_sen": ("Theil–Sen 斜率", "Theil-Sen slope"),
    "seasonal_mann_kendall": ("季节性 Mann–Kendall 检验", "seasonal Mann-Kendall test"),
    "mann_kendall": ("Mann–Kendall 检验", "Mann-Kendall test"),
    "smooth": ("平滑趋势", "smooth trend"),
    "breaks": ("突变点", "break points"),
    "attainment": ("达标年份", "year of attainment"),
}
#: Beginnings of the sentences that the methods refuse with, and their Chinese.
_REASONS = (
    ("A monthly trend needs", "同一监测状态下有值的月份不足12个"),
    ("Taking the season off needs", "记录不足25个月，不能去季节"),
    ("Break points need", "不足5年或缺测过多"),
    ("No ", "有的日历月各年均无值，不能去季节"),
    ("There is no reading", "没有监测值"),
)


def _reason_zh(error: ForecastError) -> str:
    return next((zh for en, zh in _REASONS if error.message.startswith(en)), "有值的月份太少")


def _kendall(slope: TheilSen | InputError | None, asked: TrendInput) -> TrendPart:
    def test() -> Any:
        values = _given(slope).values
        if asked.breaks:
            # Ranks can't tell a step from a trend: the stretch after the last change alone.
            after = values[values.index >= pd.Timestamp(max(asked.breaks))]
            values = after if len(after) else values
        found = mann_kendall(values.to_numpy(), autocorrelation="hamed_rao")
        one = _given(slope)
        zh, en = (one.reason_zh, one.reason_en) if not one.conclusive else short_record(values)
        if not zh:
            return found
        return dataclasses.replace(found, direction=0, conclusive=False, reason_zh=zh, reason_en=en)

    return _part("mann_kendall", test)


def _daniel(asked: TrendInput) -> TrendPart:
    if not asked.annual:
        return _none(
            "daniel", "没有天数足够的年份，不作检验", "no year has enough days for the test"
        )
    found = daniel_test(asked.annual, better=asked.better, bases=asked.bases)
    zh, en = f"{asked.annual_zh}：{found.words_zh}", f"{asked.annual_en}: {found.words_en}"
    return TrendPart("daniel", zh, en, None if math.isnan(found.rs) else found)


def _attainment(slope: TheilSen | InputError | None, asked: TrendInput) -> list[TrendPart]:
    if not asked.limits:
        return [_none(
            "attainment", "该项目没有年均值限值，不推算达标年份",
            "the item has no limit of its annual mean: no year of attainment",
        )]  # fmt: skip
    parts = []
    for zh, en, limits in asked.limits:
        if isinstance(slope, TheilSen) and not slope.conclusive:
            # Numbers of such a record are told; ten years carried on from them would be a claim.
            parts.append(_none(
                "attainment", f"{zh}：{slope.reason_zh}，不推算达标年份",
                f"{en}: {slope.reason_en}; no year of attainment",
                "Give a record of five years or more.",
                f"No year of attainment is worked out ({slope.reason_en}).",
            ))  # fmt: skip
            continue
        part = _part(
            "attainment",
            lambda limits=limits: attainment_year(  # type: ignore[misc]
                _given(slope), limits, better=asked.better, horizon=asked.horizon
            ),
        )
        parts.append(dataclasses.replace(
            part, words_zh=f"{zh}：{part.words_zh}", words_en=f"{en}: {part.words_en}"
        ))  # fmt: skip
    return parts


def trend_columns(series: pd.Series, parts: Sequence[TrendPart]) -> pd.DataFrame:
    """Return what the methods drew, month by month, in the columns of the chart of a trend."""
    monthly = monthly_means(series)
    table = pd.DataFrame({"mean": monthly})
    nan = np.full(len(table), np.nan)
    for name in ("deseasonalised", "line", "line_lower", "line_upper", "smooth", "smooth_lower",
                 "smooth_upper"):  # fmt: skip
        table[name] = nan
    table["filled"] = False
    for part in parts:
        found = part.found
        if isinstance(found, TheilSen):
            if found.deseasonalised:
                table["deseasonalised"] = found.values.reindex(table.index)
            table["filled"] = table.index.isin(list(found.filled))
            table["line"] = found.line().reindex(table.index)
            for bound in ("lower", "upper"):
                table[f"line_{bound}"] = found.line(bound).reindex(table.index)
        elif isinstance(found, SmoothTrend):
            for column, name in (("estimate", "smooth"), ("lower", "smooth_lower"),
                                 ("upper", "smooth_upper")):  # fmt: skip
                table[name] = found.curve[column].reindex(table.index)
        elif isinstance(found, BreakPoints):
            table["broken_line"] = found.fitted.reindex(table.index)
    return table


def numbers_of(found: Any) -> Any:
    """A result as numbers and texts that JSON can hold; arrays and series are left out.

    >>> numbers_of((1.0, float("nan"), dt.date(2018, 9, 1)))
    [1.0, None, '2018-09-01']
    """
    if dataclasses.is_dataclass(found) and not isinstance(found, type):
        return {
            f.name: numbers_of(getattr(found, f.name)) for f in dataclasses.fields(found) if f.repr
        }
    if isinstance(found, Mapping):
        return {str(k): numbers_of(v) for k, v in found.items()}
    if isinstance(found, list | tuple):
        return [numbers_of(v) for v in found]
    if isinstance(found, pd.Timestamp):
        return f"{found:%Y-%m-%d}"
    if isinstance(found, dt.date):
        return found.isoformat()
    if isinstance(found, float | np.floating):
        return float(found) if math.isfinite(found) else None
    if isinstance(found, np.integer):
        return int(found)
    return found
