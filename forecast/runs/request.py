"""What a run or a scenario is asked for, and how the workspace's configuration fills it in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from forecast.configuration import Config
from forecast.projection.settings import Settings

__all__ = ["Request", "settings_of"]


@dataclass(frozen=True)
class Request:
    """What is asked of a run or of a scenario; None takes the workspace's value.

    Attributes:
        as_of: last day whose readings may be used; None: the last day with a reading.
        year: calendar year judged; None: the year of ``as_of``.
        plan: only the targets of this plan.
        region: only this region (with or without 市 and the like).
        standard: token of a standard version instead of those in force by date.
        model: name of the model that draws.
        paths, seed, jobs: number of paths, root seed, processes.
        cluster: address of a Dask scheduler that a run works on; empty: on this machine.
    """

    as_of: date | None = None
    year: int | None = None
    plan: str | None = None
    region: str | None = None
    standard: str | None = None
    model: str | None = None
    paths: int | None = None
    seed: int | None = None
    jobs: int | None = None
    cluster: str | None = None


def settings_of(config: Config, request: Request, as_of: date, *, outlook: bool) -> Settings:
    """Return how to project: the request, else the configuration, else the year of ``as_of``.

    Args:
        config: of the workspace.
        request: the question.
        as_of: last day whose readings are used.
        outlook: whether to look at later years of a plan too.
    """
    return Settings(
        as_of=as_of,
        year=as_of.year if request.year is None else request.year,
        standard=request.standard or config.standards.aqi or config.standards.limits or None,
        n_paths=request.paths or config.run.paths,
        seed=config.run.seed if request.seed is None else request.seed,
        denominator=config.standards.denominator,
        likely=config.thresholds.likely,
        unlikely=config.thresholds.unlikely,
        model=request.model or config.run.model,
        outlook=outlook,
        month_rule=config.water.stable,
        month_share=config.water.stable_share,
    )
