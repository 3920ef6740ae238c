"""The series of an item of one water section, for a trend."""

from __future__ import annotations

import pandas as pd

from forecast.charts.style import Footer
from forecast.errors import InputError, UsageError
from forecast.features.hydrology import monthly_means as sample_means
from forecast.projection.panel import Panel
from forecast.report.review_days import Notices
from forecast.report.trend_answers import TrendInput
from forecast.runs.trend_subjects import Subject
from forecast.standards.items import ITEMS
from forecast.standards.water_class import class_limits

__all__ = ["water_subject"]

_STANDARD = "GB 3838-2002"
#: Months that an annual mean needs, so that no season is missing from it.
_FEWEST = 9


def water_subject(
    panel: Panel,
    name: str,
    place: str | None,
    span: tuple[pd.Timestamp, pd.Timestamp],
    notices: Notices,
) -> Subject:
    """The monthly means of an item of a section; values below detection are half their limit.

    Raises:
        UsageError: the section has to be named. InputError: no sample of it.
    """
    item = name.removesuffix("_mean")
    wanted = [r for r in panel.water["region"].unique() if panel.wants(str(r))]
    rows = panel.water[panel.water["region"].isin(wanted)]
    own = rows[rows["item"] == item]
    places = sorted({str(p) for p in own["place"].unique()})
    if not places:
        items = sorted({str(i) for i in rows["item"].unique()})
        raise InputError(
            f"{ITEMS[item].en} was never measured in the sections of "
            f"{panel.only or 'the workspace'}.",
            f"Items with samples: {', '.join(items)}." if items
            else "Take in samples of sections first: forecast ingest <folder>.",
        )  # fmt: skip
    listed = f"{', '.join(places[:20])}{' …' if len(places) > 20 else ''}."
    if place is None and len(places) > 1:
        raise UsageError(
            f"A trend of {ITEMS[item].en} is that of one section, and there are {len(places)}.",
            f"Name one with --place: {listed}",
        )
    chosen = places[0] if place is None else place
    if chosen not in places:
        raise UsageError(
            f"There is no section {chosen} with {ITEMS[item].en}.", f"There are: {listed}"
        )
    own = own[own["place"] == chosen]
    regions = sorted({str(r) for r in own["region"].unique()})
    if len(regions) > 1:
        raise UsageError(
            f"The section {chosen} is in {len(regions)} regions.",
            f"Name one with --region: {', '.join(regions)}.",
        )
    own = own[(own["time"] >= span[0]) & (own["time"] < span[1] + pd.Timedelta(days=1))]
    if own.empty:
        raise InputError(
            f"There are no samples of {ITEMS[item].en} at {chosen} in that period.",
            "See with forecast status which years there are.",
        )
    series = sample_means(own)[(chosen, item)]
    series.name = item
    about = ITEMS[item]
    by_year = series.dropna().groupby(pd.DatetimeIndex(series.dropna().index).year)
    annual = {int(y): float(v.mean()) for y, v in by_year if len(v) >= _FEWEST}
    lake = "lake" in {str(w) for w in own["water_type"]} if "water_type" in own else False
    classes = class_limits(item, "lake" if lake else "river") if item != "ph" else None
    limits: tuple[tuple[str, str, dict[int, float]], ...] = ()
    if classes is not None:
        limits = (("Ⅲ类限值", "class III limit", {int(series.index[0].year): classes[2]}),)
    below = float(own["censored"].mean())
    more: Notices = ()
    if below:
        more = ((f"{100 * below:.0f} %的样品低于检出限，按检出限的一半计",
                 f"{100 * below:.0f} % of the samples are below detection and enter as half of it"),)  # fmt: skip
    first, last = own["time"].min().date(), own["time"].max().date()
    return Subject(
        item, chosen, about.zh, about.en, about.unit,
        TrendInput(
            series, annual, f"{about.zh}年均值", f"annual mean of {about.en}", {}, (), limits,
            "higher" if item == "do" else "lower",
        ),
        Footer(f"{first}/{last}", int(series.notna().sum()), len(series), _STANDARD,
               notices=(*notices, *more), unit_zh="个月", unit_en="months"),
        f"{first:%Y-%m-%d} to {last:%Y-%m-%d}", (*notices, *more),
    )  # fmt: skip
