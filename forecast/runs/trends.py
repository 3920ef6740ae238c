"""One trend from what a workspace holds: the command ``forecast trend``."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from forecast.charts.chart import Chart, save
from forecast.errors import InputError, UsageError
from forecast.formula_guard import guarded
from forecast.projection.panel import Panel
from forecast.report.review_days import CityDays, Notices, city_of
from forecast.report.review_figures import ReviewRequest
from forecast.report.trend_answers import ANNUAL, MONTHLY, TrendPart, numbers_of
from forecast.runs.inputs import load_panel
from forecast.runs.trend_groups import BY, grouped_trends
from forecast.runs.trend_subjects import (
    Subject,
    annual_subject,
    every_item,
    item_subject,
    kind_of,
    name_zh,
)
from forecast.runs.trend_water import water_subject
from forecast.runs.trend_weather import weather_parts
from forecast.standards.items import ITEMS
from forecast.trend.weather_model import METHODS as MODELS
from forecast.workspace import Workspace

__all__ = ["METHODS", "TrendAnswer", "TrendOptions", "find_trend", "save_trend"]

#: Every method of the command; without a choice all but ``weather`` and ``mann_kendall``, which
#: says the same of a series without its season as the seasonal test says with it.
METHODS: tuple[str, ...] = (*MONTHLY, "weather")
_DEFAULT = tuple(m for m in MONTHLY if m != "mann_kendall")


@dataclass(frozen=True)
class TrendOptions:
    """What is asked.

    Attributes:
        region: a region of the workspace; None where it has one alone.
        place: a section of water.
        first, last: the period, ``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``; None: all there is.
        methods: of :data:`METHODS`; empty: the usual ones.
        deseason: whether the season is taken off.
        by: ``station``, ``season`` or ``month``; empty: the whole.
        model: ``forest`` or ``boosting``, of the weather.
        horizon: last year looked at for attainment.
        standard: token of a version; None: that of the configuration, else by date.
    """

    region: str | None = None
    place: str | None = None
    first: str | None = None
    last: str | None = None
    methods: tuple[str, ...] = ()
    deseason: bool = True
    by: str = ""
    model: str = "forest"
    horizon: int | None = None
    standard: str | None = None


@dataclass(frozen=True)
class TrendAnswer:
    """The trend in words, numbers, tables and charts.

    Attributes:
        name: what was asked, ``all`` for the table of the six items.
        place: where; ``title_zh`` and ``title_en`` name item, place and period.
        parts: one a method.
        table: the series month by month, or a row an item, station or season.
        notices: lines that must not be missed.
        tables: more tables by name, such as ``partial_dependence``.
        draw: makes the charts, for one language.
    """

    name: str
    place: str
    title_zh: str
    title_en: str
    parts: tuple[TrendPart, ...]
    table: pd.DataFrame
    notices: Notices = ()
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    drawn: tuple[Any, ...] = field(default=(), repr=False)

    def charts(self, lang: str = "both") -> list[Chart]:
        """Draw the charts of the answer."""
        return [make(lang) for make in self.drawn]

    def words(self, lang: str = "zh") -> list[str]:
        """The answer in lines."""
        said = [self.title_zh if lang == "zh" else self.title_en]
        said += [zh if lang == "zh" else en for zh, en in self.notices]
        return said + [p.words_zh if lang == "zh" else p.words_en for p in self.parts]

    def as_json(self) -> dict[str, Any]:
        """The answer as numbers and texts."""
        return {
            "name": self.name, "place": self.place, "title_zh": self.title_zh,
            "title_en": self.title_en, "notices": [list(n) for n in self.notices],
            "methods": [
                {"method": p.method, "refused": p.refused, "words_zh": p.words_zh,
                 "words_en": p.words_en, "conclusive": p.conclusive,
                 "result": numbers_of(p.found)}
                for p in self.parts
            ],
            "table": json.loads(self.table.to_json(orient="records", date_format="iso")),
        }  # fmt: skip


def find_trend(workspace: Workspace, name: str | None, options: TrendOptions) -> TrendAnswer:
    """Find the trend of an item or an indicator; without a name, a table of the six items.

    Args:
        workspace: where the readings are.
        name: one of the six items (``pm25``), an indicator (``good_day_ratio``,
            ``pm25_annual_mean``), or an item of water with ``options.place``.
        options: the rest.

    Raises:
        UsageError: a name, method or option is not known, or a region or place has to be named.
        InputError: there is nothing to take a trend of, or too little for every method asked.
    """
    _check(name, options)
    panel, _ = load_panel(workspace, None, region=options.region)
    notices: Notices = ()
    if workspace.config.workspace.sample:
        from forecast.sample import NOTICE

        notices = ((NOTICE["zh"], NOTICE["en"]),)
    kind = "" if name is None else kind_of(name)
    if kind == "water" and name is not None:
        subject = water_subject(panel, name, options.place, _span(options), notices)
        return _monthly(subject, options, panel, None)
    if options.place is not None:
        raise UsageError("--place is of water sections.", "Leave it out for the air of a city.")
    city = _city(panel, workspace, options)
    if name is None:
        return _every(city, options, notices)
    if kind == "indicator":
        return _annual(annual_subject(city, name, notices), options)
    item = name.removesuffix("_annual_mean")
    if options.by:
        last = city.history.index[-1].date()
        asked = ReviewRequest(panel, workspace.store, last, standard=city.standard)
        return _grouped(city, asked, item, options, notices)
    subject = item_subject(city, panel, item, notices)
    return _monthly(subject, options, panel, city)


def _check(name: str | None, options: TrendOptions) -> None:
    unknown = [m for m in options.methods if m not in METHODS]
    if unknown:
        raise UsageError(
            f"There is no method {unknown[0]} of a trend.", f"Methods: {', '.join(METHODS)}."
        )
    if options.by and options.by not in BY:
        raise UsageError(f"Trends can't be told apart by {options.by}.", f"Use {', '.join(BY)}.")
    if options.by and (name is None or kind_of(name) != "item"):
        raise UsageError(
            "--by tells apart the stations, seasons or months of one item of air.",
            "Name an item: forecast trend pm25 --by season.",
        )
    if name is None and options.methods:
        raise UsageError(
            "The table of the six items has its own methods.", "Name an item with --method."
        )
    if options.model not in MODELS:
        raise UsageError(
            f"There is no model {options.model} of the weather.", f"Models: {', '.join(MODELS)}."
        )
    if options.model != MODELS[0] and "weather" not in options.methods:
        raise UsageError(
            f"The model {options.model} is of the weather, which is not asked for.",
            f"Add --method weather to --model {options.model}, or leave it out.",
        )
    if name is not None:
        kind_of(name)


def _city(panel: Panel, workspace: Workspace, options: TrendOptions) -> CityDays:
    config = workspace.config.standards
    regions = sorted({str(r) for r in panel.air["region"].unique()})
    if panel.only is None and len(regions) > 1:
        raise UsageError(
            f"A trend is that of one region, and the workspace has {len(regions)}.",
            f"Name one with --region: {', '.join(regions[:20])}{' …' if len(regions) > 20 else ''}.",
        )
    standard = options.standard or config.aqi or config.limits or None
    city = city_of(panel, standard, config.denominator)
    first, last = _span(options)
    inside = city.history
    inside = inside[(inside.index >= first) & (inside.index <= last)]
    if inside.dropna(how="all").empty:
        index = city.history.dropna(how="all").index
        raise InputError(
            f"There are no daily values of {city.place} from {first:%Y-%m-%d} to {last:%Y-%m-%d}.",
            f"The values are of {index.min():%Y-%m-%d} to {index.max():%Y-%m-%d}.",
        )
    return replace(city, history=inside, basis=city.basis.reindex(inside.index).dropna())


def _span(options: TrendOptions) -> tuple[pd.Timestamp, pd.Timestamp]:
    ends = []
    for text, option, at in ((options.first, "--from", 0), (options.last, "--to", 1)):
        if text is None:
            ends.append((pd.Timestamp("1900-01-01"), pd.Timestamp("2200-12-31"))[at])
            continue
        try:
            freq = {4: "Y", 7: "M", 10: "D"}[len(text)]
            period = pd.Period(text, freq=freq)
        except (KeyError, ValueError) as error:
            raise UsageError(
                f"{option} {text} is not a time.", "Write 2015, 2015-03 or 2015-03-01."
            ) from error
        ends.append(period.start_time if at == 0 else period.end_time.normalize())
    if ends[0] > ends[1]:
        raise UsageError(
            f"--from {options.first} lies after --to {options.last}.", "Turn them round."
        )
    return ends[0], ends[1]


def _monthly(
    subject: Subject, options: TrendOptions, panel: Panel, city: CityDays | None
) -> TrendAnswer:
    methods = options.methods or _DEFAULT
    subject = replace(
        subject, asked=replace(subject.asked, deseason=options.deseason, horizon=options.horizon)
    )
    parts = subject.parts([m for m in methods if m != "weather"])
    drawn: list[Any] = []
    if any(not p.refused for p in parts) or not parts:
        drawn = [subject.chart(parts)] if parts else []
    tables: dict[str, pd.DataFrame] = {}
    if "weather" in methods:
        if city is None:
            raise UsageError(
                "--method weather is of the air of a city.", "Leave it out for water sections."
            )
        found = weather_parts(city, panel, subject, options.model)
        parts, drawn, tables = [*parts, *found.parts], [*drawn, *found.drawn], found.tables
    _something(parts, subject)
    return TrendAnswer(
        subject.name, subject.place, subject.title_zh, subject.title_en, tuple(parts),
        subject.table(parts), subject.notices, tables, tuple(drawn),
    )  # fmt: skip


def _annual(subject: Subject, options: TrendOptions) -> TrendAnswer:
    wrong = [m for m in options.methods if m not in ANNUAL]
    if wrong:
        raise UsageError(
            f"{subject.name} is one number a year, and {wrong[0]} needs months.",
            f"Methods for it: {', '.join(ANNUAL)}.",
        )
    parts = subject.parts(options.methods or ANNUAL)
    _something(parts, subject)
    return TrendAnswer(
        subject.name, subject.place, subject.title_zh, subject.title_en, tuple(parts),
        subject.table(parts), subject.notices, {}, (subject.chart(parts),),
    )  # fmt: skip


def _something(parts: list[TrendPart], subject: Subject) -> None:
    """Stop where no method has an answer; the first says why."""
    if parts and all(p.refused for p in parts):
        why = (parts[0].why or parts[0].words_en).rstrip(".")
        raise InputError(
            f"There is no trend of {subject.en} in {subject.place}, {subject.span}: "
            f"{why[0].lower() if parts[0].why else why[0]}{why[1:]}.",
            parts[0].cure or "Give a longer record; five years serve every method.",
        )


def _every(city: CityDays, options: TrendOptions, notices: Notices) -> TrendAnswer:
    table, span = every_item(city, deseason=options.deseason)
    parts = [
        TrendPart("table", f"{name_zh(row['item'])}：{row['words_zh'] or row['reason_zh']}",
                  f"{ITEMS[row['item']].en}: {row['words_en'] or row['reason_en']}",
                  None if not row["words_en"] else {})
        for row in table.to_dict("records")
    ]  # fmt: skip
    if all(p.refused for p in parts):
        raise InputError(
            f"There is no trend of any item in {city.place}, {span} ({parts[0].words_en.rstrip('.')}).",
            "Give a longer record: 25 months with a value, or 12 with --no-deseason.",
        )
    return TrendAnswer(
        "all", city.place, f"{city.place} {span.replace(' to ', ' 至 ')} 六项污染物月均值趋势",
        f"{city.place}: trends of the six items, {span}", tuple(parts), table, notices,
    )  # fmt: skip


def _grouped(
    city: CityDays, asked: ReviewRequest, item: str, options: TrendOptions, notices: Notices
) -> TrendAnswer:
    if options.methods and options.methods != ("theil_sen",):
        raise UsageError("--by goes with --method theil_sen alone.", "Leave --method out.")
    parts, table = grouped_trends(city, asked, item, options.by)
    subject = item_subject(city, asked.panel, item, notices)
    _something(parts, subject)
    words = {"station": ("分点位", "by station"), "season": ("分季节", "by season"),
             "month": ("分月份", "by calendar month")}[options.by]  # fmt: skip
    return TrendAnswer(
        f"{item}-by-{options.by}", city.place, f"{subject.title_zh}（{words[0]}）",
        f"{subject.title_en}, {words[1]}", tuple(parts), table, notices,
    )  # fmt: skip


def save_trend(
    answer: TrendAnswer, folder: Path, formats: tuple[str, ...] = ("png", "svg"), lang: str = "both"
) -> list[Path]:
    """Write the answer: JSON, the table as CSV for Excel, more tables, charts; return the paths."""
    from forecast.report.figure_parts import stem

    folder.mkdir(parents=True, exist_ok=True)
    name = stem("trend", answer.name, answer.place)
    files = [folder / f"{name}.json"]
    text = json.dumps(answer.as_json(), ensure_ascii=False, indent=1, allow_nan=False)
    files[0].write_text(text + "\n", encoding="utf-8", newline="\n")
    for key, table in {"": answer.table, **answer.tables}.items():
        path = folder / f"{name}{'-' if key else ''}{key}.csv"
        path.write_text(guarded(table).to_csv(index=False, lineterminator="\n"),
                        encoding="utf-8-sig", newline="\n")  # fmt: skip
        files.append(path)
    for chart in answer.charts(lang):
        files += [p for p in save(chart, folder, formats) if p not in files]
    return files
