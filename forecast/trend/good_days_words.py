"""The words of the explained good days, Chinese and English; every number is one of the result."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from forecast.standards.air_assessment import YEAR_DAYS
from forecast.standards.items import ITEMS

if TYPE_CHECKING:
    from forecast.trend.good_days_explained import GoodDaysChange, GoodDaysYear

__all__ = ["SPLITS", "change_words", "days_text", "year_words"]

#: The rules by which a bad day is shared: Chinese, English.
SPLITS: dict[str, tuple[str, str]] = {
    "primary": (
        "每个超标日计 1 天，由当日首要污染物均分",
        "each bad day is 1, shared equally by its primary pollutants",
    ),
    "exceeding": (
        "每个超标日计 1 天，由当日全部超标项目均分",
        "each bad day is 1, shared equally by all items above their limit",
    ),
}
_NAMES = {
    "spring_festival": ("春节前后", "about Spring Festival"),
    "qingming": ("清明", "Qingming"),
    "national_day": ("国庆", "National Day"),
}


def days_text(days: Fraction | float, *, sign: bool = False) -> str:
    """Days with at most one decimal, rounded half to even.

    >>> days_text(Fraction(5, 2)), days_text(3), days_text(Fraction(-1, 3), sign=True)
    ('2.5', '3', '-0.3')
    """
    number = float(round(Fraction(days), 1))
    text = f"{number:.0f}" if number == int(number) else f"{number:.1f}"
    return f"+{text}" if sign and number > 0 else text


def _item(code: str, lang: str) -> str:
    return ITEMS[code].en if lang == "en" or code in ("pm10", "pm25") else ITEMS[code].zh


def year_words(found: GoodDaysYear, lang: Literal["zh", "en"]) -> str:
    """One year in words."""
    zh = lang == "zh"
    order = sorted(found.by_item, key=lambda i: -found.by_item[i])
    items = ("、" if zh else ", ").join(
        f"{_item(i, lang)} {days_text(found.by_item[i])}" + (" 天" if zh else "")
        for i in order if found.by_item[i]
    )  # fmt: skip
    rule = found.standard if found.standard != "by date" else (
        "逐日按当日有效标准" if zh else "each day by the rule in force")  # fmt: skip
    until = ""
    if found.until != (12, 31):
        month, day = found.until
        until = f"（至 {month} 月 {day} 日）" if zh else f" (to {month:02d}-{day:02d})"
    at_holiday = sum(found.holidays.values())
    if zh:
        said = [
            f"{found.year} 年{until}（{rule}）有效 {found.valid} 天，优良 {found.good} 天，"
            f"超标 {found.bad} 天" + (f"：{items}" if items else ""),
            SPLITS[found.split][0],
            "沙尘日资料缺失，未区分沙尘" if found.dust is None else
            f"超标日中沙尘日 {found.dust} 天（其中仅颗粒物超标 {found.dust_alone} 天）",
            f"节假日超标 {at_holiday} 天（春节、清明、国庆共 "
            f"{sum(found.holiday_days.values())} 个有效日）",
        ]  # fmt: skip
        if found.weather is not None:
            said.append(
                f"正常气象下应超标 {days_text(found.normal_bad or 0)} 天，"
                f"气象影响 {days_text(found.weather, sign=True)} 天"
            )
        if found.incomplete:
            said.append(f"另有 {found.incomplete} 天项目不全，不参加统计")
        if found.valid < _enough(found):
            said.append(f"有效天数不足 {_enough(found)} 天，不作评价")
        if found.never_measured:
            names = "、".join(_item(i, lang) for i in found.never_measured)
            said.append(f"{names} 全年无监测值，无法判定优良天")
        return "；".join(said)
    said = [
        f"{found.year}{until} ({rule}): {found.valid} valid days, {found.good} good, {found.bad} bad"
        + (f": {items}" if items else ""),
        SPLITS[found.split][1],
        "dust days are not known" if found.dust is None else
        f"{found.dust} of the bad days were dust days, {found.dust_alone} of them bad by "
        "particles alone",
        f"{at_holiday} bad days on holidays (Spring Festival, Qingming, National Day: "
        f"{sum(found.holiday_days.values())} valid days)",
    ]  # fmt: skip
    if found.weather is not None:
        said.append(
            f"normal weather would have had {days_text(found.normal_bad or 0)} bad days, the "
            f"weather's part is {days_text(found.weather, sign=True)}"
        )
    if found.incomplete:
        said.append(f"{found.incomplete} more days lack an item and do not count")
    if found.valid < _enough(found):
        said.append(f"fewer than {_enough(found)} valid days: no judgement")
    if found.never_measured:
        names = ", ".join(_item(i, lang) for i in found.never_measured)
        said.append(f"{names} has no value in the year, so no day can be judged")
    return "; ".join(said)


def _enough(found: GoodDaysYear) -> int:
    """Valid days that the period must have: 324 of a year, scaled with its length."""
    whole = found.until == (12, 31)
    return YEAR_DAYS if whole else -(-YEAR_DAYS * found.expected // 365)


def change_words(found: GoodDaysChange, lang: Literal["zh", "en"]) -> str:
    """A change between two years in words."""
    zh = lang == "zh"
    order = sorted(found.by_item, key=lambda i: -abs(found.by_item[i]))
    items = ("、" if zh else ", ").join(
        f"{_item(i, lang)} {days_text(found.by_item[i], sign=True)}"
        for i in order if found.by_item[i]
    )  # fmt: skip
    years = f"{found.first.year}", f"{found.last.year}"
    valid = days_text(found.valid, sign=True)
    if zh:
        said = [
            f"{years[1]} 年优良天数比 {years[0]} 年 {days_text(found.good, sign=True)} 天"
            + (f"：{items}" if items else "")
            + f"，有效天数 {valid}",
            SPLITS[found.first.split][0],
        ]
        if found.by_dust is not None:
            said.append(
                f"按沙尘：沙尘日 {days_text(found.by_dust['dust'], sign=True)} 天、"
                f"其他 {days_text(found.by_dust['other'], sign=True)} 天"
            )
        parts = "、".join(
            f"{_NAMES[n][0]} {days_text(v, sign=True)} 天"
            for n, v in found.by_holiday.items() if n in _NAMES
        )  # fmt: skip
        said.append(f"按节假日：{parts}、其他 {days_text(found.by_holiday['other'], sign=True)} 天")
        if found.by_weather is not None:
            said.append(
                f"按气象：气象 {days_text(found.by_weather['weather'], sign=True)} 天、"
                f"其余（排放等）{days_text(found.by_weather['rest'], sign=True)} 天"
            )
        few = [str(y.year) for y in (found.first, found.last) if y.valid < _enough(y)]
        if few:
            said.append(f"{'、'.join(few)} 年有效天数不足，两年不宜直接相比")
        return "；".join([*said, "各种分法各自加总，不能相加"])
    said = [
        f"{days_text(found.good, sign=True)} good days from {years[0]} to {years[1]}"
        + (f": {items}" if items else "")
        + f", valid days {valid}",
        SPLITS[found.first.split][1],
    ]
    if found.by_dust is not None:
        said.append(
            f"by dust: dust days {days_text(found.by_dust['dust'], sign=True)}, other days "
            f"{days_text(found.by_dust['other'], sign=True)}"
        )
    parts = ", ".join(
        f"{_NAMES[n][1]} {days_text(v, sign=True)}"
        for n, v in found.by_holiday.items() if n in _NAMES
    )  # fmt: skip
    said.append(f"by holiday: {parts}, other {days_text(found.by_holiday['other'], sign=True)}")
    if found.by_weather is not None:
        said.append(
            f"by weather: weather {days_text(found.by_weather['weather'], sign=True)}, the rest "
            f"(emissions and others) {days_text(found.by_weather['rest'], sign=True)}"
        )
    few = [str(y.year) for y in (found.first, found.last) if y.valid < _enough(y)]
    if few:
        said.append(f"too few valid days in {' and '.join(few)} to compare the years as they are")
    return "; ".join([*said, "each way adds up by itself; the ways are not to be added"])
