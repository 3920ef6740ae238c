"""Made places, and a plain model whose paths are known by heart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from forecast.charts.fonts import ONLY_PACKAGED_VARIABLE
from forecast.models.paths import Paths
from forecast.models.registry import AirModel
from forecast.projection.hindcast_rows import COLUMNS, LEVELS, QUANTILE_COLUMNS, THRESHOLDS
from forecast.verification.scores import crps_quantiles


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


def normal_rows(
    *, shift: float = 0.0, spread: float = 1.0, years: range = range(2000, 2012), places: int = 12,
    months: tuple[int, ...] = (1, 7), model: str = "made", seed: int = 3, width: float = 4.0,
    indicator: str = "pm25_annual_mean",
) -> pd.DataFrame:  # fmt: skip
    """Forecasts N(centre, ``width``²) of truths N(centre + 4 ``shift``, (4 ``spread``)²).

    Places, years and months are independent and each has a centre of its own, between 30 and 50;
    one seed gives the same truths for every model.
    """
    rng = np.random.default_rng(seed)
    z = np.asarray(ndtri(LEVELS))
    made = []
    for year in years:
        for k in range(places):
            for month in months:
                centre, off = rng.uniform(30.0, 50.0), rng.standard_normal()
                truth = centre + 4.0 * (shift + spread * off)
                row: dict[str, Any] = dict.fromkeys(COLUMNS, np.nan)
                row |= dict(zip(QUANTILE_COLUMNS, centre + width * z, strict=True))
                row |= {
                    "place": f"p{k:02d}", "region": f"r{k // 3}", "model": model,
                    "indicator": indicator, "year": year, "start_month": month,
                    "origin": pd.Timestamp(year, month, 1) - pd.Timedelta(days=1),
                    "truth": truth, "previous": 40.0, "mean": centre, "sd": width,
                    "pit": float(ndtr((truth - centre) / width)), "n_paths": 100_000,
                    "seconds": 0.5, "persistence": 40.0,
                    **{
                        f"p_{label}": float(ndtr((40.0 * (1.0 + t) - centre) / width))
                        for label, t in THRESHOLDS.items()
                    },
                }  # fmt: skip
                made.append(row)
    table = pd.DataFrame(made)
    quantiles = table[list(QUANTILE_COLUMNS)].to_numpy(float)
    return table.assign(crps=crps_quantiles(quantiles, LEVELS, table["truth"]))


@pytest.fixture(scope="session")
def made_rows() -> Callable[..., pd.DataFrame]:
    """Make past forecasts whose faults are known; see :func:`normal_rows`."""
    return normal_rows
