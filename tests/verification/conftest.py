"""Made places, and a plain model whose paths are known by heart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from forecast.charts.fonts import ONLY_PACKAGED_VARIABLE
from forecast.models.paths import Paths
from forecast.models.registry import AirModel


@pytest.fixture(autouse=True)
def _packaged_font_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ONLY_PACKAGED_VARIABLE, "1")


class LastMean:
    """Every day to come is the mean of the record's last 365 days times e^N(0, spread)."""

    name = "last_mean"

    def __init__(self, place: str, spread: float = 0.1, fewest: int = 60) -> None:
        self.place, self.spread, self.fewest = place, spread, fewest
        self.items: tuple[str, ...] = ()
        self.last_day: np.datetime64 | None = None
        self.fits = 0

    def fit(self, history: pd.DataFrame) -> Self:
        self.fits += 1
        enough = history.notna().sum() >= self.fewest
        self.items = tuple(history.columns[enough])
        self.last_day = np.datetime64(history.index.max(), "D")
        self.means = history[list(self.items)].tail(365).mean().to_numpy()
        return self

    def sample(self, days: NDArray[np.datetime64], n_paths: int, rng: np.random.Generator) -> Paths:
        year = np.exp(self.spread * rng.standard_normal((n_paths, 1, 1)))
        values = (self.means * year * np.ones((1, len(days), 1))).astype(np.float32)
        return Paths(values, days, self.items, (self.place,) * len(self.items), self.name)


@pytest.fixture
def last_mean() -> Callable[..., AirModel]:
    """Make a model of :class:`LastMean`; ``seen`` counts its fits by place and last day."""

    def make(
        name: str = "last_mean",
        *,
        spread: float = 0.1,
        fewest: int = 60,
        seen: list[tuple[str, str]] | None = None,
        panel: bool = False,
    ) -> AirModel:
        def one(place: str, pooled: Any = None, *, dispersed: bool = True) -> Any:
            made = LastMean(place, spread, fewest)
            fit = made.fit

            def counted(history: pd.DataFrame) -> LastMean:
                if seen is not None:
                    seen.append((place, f"{history.index.max():%Y-%m-%d}"))
                return fit(history)

            made.fit = counted  # type: ignore[method-assign]
            return made

        def many(
            histories: Mapping[str, pd.DataFrame], pooled: Any = None, *, dispersed: bool = True
        ) -> Any:
            return {place: one(place).fit(h) for place, h in histories.items()}

        return AirModel(name, "上年均值", "mean of last year", one, "", many if panel else None)

    return make


def city(
    first: str = "2014-01-01", last: str = "2018-12-31", *, level: float = 60.0, fall: float = 5.0,
    items: tuple[str, ...] = ("pm25",), seed: int = 1,
) -> pd.DataFrame:  # fmt: skip
    """Daily values that fall by ``fall`` a year, with a winter and noise."""
    days = pd.date_range(first, last)
    rng = np.random.default_rng(seed)
    years = np.asarray(days.year - days.year.min(), dtype=float)
    season = 15.0 * np.cos(2 * np.pi * days.day_of_year.to_numpy() / 365.25)
    values = {
        item: np.maximum(level - fall * years + season + rng.normal(0, 5, len(days)), 1.0).round()
        for item in items
    }
    return pd.DataFrame(values, index=days)


@pytest.fixture
def made_city() -> Callable[..., pd.DataFrame]:
    """Make the daily values of one place; see :func:`city`."""
    return city
