"""One chart of the annual review, made from what a workspace holds today."""

from __future__ import annotations

from dataclasses import dataclass

from forecast.charts.chart import Chart
from forecast.charts.style import Lang
from forecast.errors import UsageError
from forecast.report.review_figures import ReviewRequest, known_chart, review_chart
from forecast.runs.inputs import load_panel
from forecast.runs.request import Request, settings_of
from forecast.workspace import Workspace

__all__ = ["ChartOptions", "draw_chart"]


@dataclass(frozen=True)
class ChartOptions:
    """What a chart is asked for.

    Attributes:
        region: a region of the workspace; None where it has one alone.
        year: the year drawn; None = the last with values.
        standard: token of a version; None: that of the configuration, else by date.
        target: a good-day ratio [%] in place of the plan's, for the budget of bad days.
        lang: ``zh``, ``en`` or ``both``.
        item: of the chart of weather normalisation.
        forecast: whether charts of a year that is not over show what is projected of its rest.
    """

    region: str | None = None
    year: int | None = None
    standard: str | None = None
    target: float | None = None
    lang: Lang = "both"
    item: str = "pm25"
    forecast: bool = True


def draw_chart(workspace: Workspace, name: str, options: ChartOptions) -> list[Chart]:
    """Draw the chart called ``name``.

    Raises:
        UsageError: no such chart or language, or several regions and none is named.
        ForecastError: there are no readings, or none of the region or year.
    """
    known_chart(name)
    if options.lang not in ("zh", "en", "both"):
        raise UsageError(f"The language {options.lang} is not known.", "Use zh, en or both.")
    # All that is known today counts, as in an assessment of a past year.
    panel, last = load_panel(workspace, None, year=options.year, region=options.region)
    config = workspace.config
    notices: tuple[tuple[str, str], ...] = ()
    if config.workspace.sample:
        from forecast.sample import NOTICE

        notices = ((NOTICE["zh"], NOTICE["en"]),)
    standard = options.standard or config.standards.aqi or config.standards.limits or None
    asked = ReviewRequest(
        panel, workspace.store, last, options.year, standard, config.standards.denominator,
        options.lang, notices, options.target,
        settings=settings_of(config, Request(standard=standard), last, outlook=False)
        if options.forecast
        else None,
        item=options.item,
    )  # fmt: skip
    return review_chart(name, asked)
