"""Past forecasts of water: what was said of the class of a month and of a year, and what came.

Every month may be an origin: models see nothing after it. A model of items draws paths, which go
through the official rules; a model of classes states probabilities. The months of the calendar
year that are over at the origin stay as observed. One row is one section, origin, horizon and
model, with the probabilities of classes 1 (I) to 6 (worse than V) and the class that came; beside
it one row an item with quantiles of its mean over the same month or year.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.models.class_history import N_CLASSES, ClassHistory, ClassModel, period_classes
from forecast.models.paths import Paths
from forecast.standards.water_period import period_means

__all__ = [
    "CLASS_COLUMNS",
    "HORIZONS",
    "ITEM_COLUMNS",
    "ITEM_LEVELS",
    "PROBABILITIES",
    "YEAR",
    "ItemModel",
    "WaterHindcasts",
    "water_hindcasts",
]

#: Months ahead whose class is forecast.
HORIZONS: tuple[int, ...] = (1, 3, 6, 12)
#: Word of the horizon of the calendar year of the month after the origin.
YEAR = "year"
#: Columns of the probabilities of the classes.
PROBABILITIES: tuple[str, ...] = tuple(f"p{k}" for k in range(1, N_CLASSES + 1))
#: Levels of the quantiles of items: ends of the central 50, 80 and 90 %, and the median.
ITEM_LEVELS: tuple[float, ...] = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)

#: One row of past forecasts of a class; ``left`` is the number of months not yet over at the
#: origin, ``horizon`` the months ahead as text, or ``year``.
CLASS_COLUMNS: tuple[str, ...] = (
    "model", "place", "origin", "horizon", "target", "left", "truth", *PROBABILITIES,
)  # fmt: skip
#: One row of past forecasts of the mean of an item [mg/L; pH without unit].
ITEM_COLUMNS: tuple[str, ...] = (
    "model", "place", "item", "origin", "horizon", "target", "left", "truth",
    *(f"q{round(100 * level):02d}" for level in ITEM_LEVELS), "crps",
)  # fmt: skip


class ItemModel(Protocol):
    """A model that draws monthly means of items.

    Attributes:
        columns: (place, item) of every fitted series, after ``fit``.
        last_month: the last month with a value, after ``fit``.
    """

    columns: tuple[tuple[str, str], ...]
    last_month: np.datetime64 | None

    def fit(self, history: pd.DataFrame) -> Self:
        """Fit to monthly means: index of months, columns (place, item), NaN where missing."""
        ...

    def sample(
        self, months: NDArray[np.datetime64], n_paths: int, rng: np.random.Generator
    ) -> Paths:
        """Draw ``n_paths`` futures of months after ``last_month``."""
        ...


@dataclass(frozen=True)
class WaterHindcasts:
    """Past forecasts of classes and of items.

    Attributes:
        classes: columns :data:`CLASS_COLUMNS`.
        items: columns :data:`ITEM_COLUMNS`.
    """

    classes: pd.DataFrame
    items: pd.DataFrame


@dataclass(frozen=True)
class _Asked:
    """What every origin is told, and what came."""

    monthly: pd.DataFrame
    months: NDArray[np.datetime64]
    truth: ClassHistory
    places: tuple[str, ...]
    types: Mapping[str, str]
    horizons: tuple[int, ...]
    fewest: int
    n_paths: int
    seed: int
    years: dict[int, NDArray[np.int8]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Target:
    """One month or year of one origin: its months, and those that are still to come."""

    horizon: str
    label: str
    months: NDArray[np.datetime64]
    left: int


def water_hindcasts(
    monthly: pd.DataFrame,
    origins: Iterable[np.datetime64],
    *,
    item_models: Mapping[str, Callable[[], ItemModel]] | None = None,
    class_models: Mapping[str, Callable[[], ClassModel]] | None = None,
    places: Sequence[str] | None = None,
    water_types: Mapping[str, str] | None = None,
    horizons: Sequence[int] = HORIZONS,
    fewest_months: int = 10,
    n_paths: int = 500,
    seed: int = 20140601,
) -> WaterHindcasts:
    """Make past forecasts of classes and of items.

    Args:
        monthly: index of first days of months, columns (place, item) [mg/L], NaN where missing.
        origins: last months used, datetime64[M].
        item_models: name → maker of a model that draws items.
        class_models: name → maker of a model of classes.
        places: sections that are scored; default all. The models see all columns.
        water_types: section → river or lake; river where it is not named.
        horizons: months ahead; beside them always the calendar year of the month after the origin.
        fewest_months: months with a class without which a year that came is no case.
        n_paths: paths a forecast.
        seed: of the random streams, which belong to (seed, origin, model).

    Returns:
        The tables; a forecast whose truth is missing, or that a model can't make, has no row.
    """
    truth = ClassHistory.from_items(monthly, water_types=water_types)
    chosen = tuple(truth.places if places is None else places)
    years, found = truth.years(months_needed=fewest_months)
    asked = _Asked(
        monthly, monthly.index.to_numpy().astype("datetime64[M]"), truth, chosen, water_types or {},
        tuple(horizons), fewest_months, n_paths, seed,
        {int(y): f for y, f in zip(years, found, strict=True)},
    )  # fmt: skip
    classes: list[dict[str, Any]] = []
    items: list[dict[str, Any]] = []
    for origin in sorted({o.astype("datetime64[M]") for o in origins}):
        targets = _targets(origin, asked)
        for name, make_items in (item_models or {}).items():
            made = _by_items(name, make_items(), origin, targets, asked)
            classes.extend(made[0])
            items.extend(made[1])
        for name, make_classes in (class_models or {}).items():
            classes.extend(_by_classes(name, make_classes(), origin, targets, asked))
    return WaterHindcasts(_table(classes, CLASS_COLUMNS), _table(items, ITEM_COLUMNS))


def _table(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> pd.DataFrame:
    order = [c for c in ("model", "place", "item", "origin", "horizon") if c in columns]
    table = pd.DataFrame(rows, columns=list(columns))
    # Also a table without rows is compared with dates.
    table["origin"] = table["origin"].astype("datetime64[s]")
    return table.sort_values(order, kind="stable", ignore_index=True)


def _targets(origin: np.datetime64, asked: _Asked) -> list[_Target]:
    out = []
    for ahead in asked.horizons:
        month = origin + ahead
        out.append(_Target(str(ahead), str(month), np.array([month]), 1))
    year = (origin + 1).astype("datetime64[Y]")
    months = year.astype("datetime64[M]") + np.arange(12)
    left = int((months > origin).sum())
    out.append(_Target(YEAR, str(year), months, left))
    return out


def _class_that_came(target: _Target, place: str, asked: _Asked) -> int:
    p = asked.truth.places.index(place)
    if target.horizon == YEAR:
        found = asked.years.get(int(target.label))
        return int(found[p]) if found is not None else 0
    at = np.flatnonzero(asked.truth.months == target.months[0])
    return int(asked.truth.monthly[at[0], p]) if len(at) else 0


def _head(name: str, place: str, origin: np.datetime64, target: _Target) -> dict[str, Any]:
    return {
        "model": name, "place": place, "origin": pd.Timestamp(origin.astype("datetime64[ns]")),
        "horizon": target.horizon, "target": target.label, "left": target.left,
    }  # fmt: skip


def _by_classes(
    name: str, model: ClassModel, origin: np.datetime64, targets: list[_Target], asked: _Asked
) -> list[dict[str, Any]]:
    """Rows of a model of classes."""
    fitted = model.fit(asked.truth.until(origin))
    out = []
    months = np.array([t.months[0] for t in targets if t.horizon != YEAR])
    ahead = fitted.probabilities(months)
    for number, target in enumerate(targets):
        if target.horizon == YEAR:
            stated = fitted.year_probabilities(int(target.label))
        else:
            stated = ahead[:, number]
        for place in asked.places:
            came = _class_that_came(target, place, asked)
            if not came:
                continue
            row = stated[asked.truth.places.index(place)]
            out.append(
                _head(name, place, origin, target)
                | {"truth": came}
                | dict(zip(PROBABILITIES, row.tolist(), strict=True))
            )
    return out


def _by_items(
    name: str, model: ItemModel, origin: np.datetime64, targets: list[_Target], asked: _Asked
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of classes and of items of a model that draws paths."""
    fitted = model.fit(asked.monthly[asked.months <= origin])
    if fitted.last_month is None or fitted.last_month > origin:
        return [], []
    ahead = max(int((t.months[-1] - origin).astype(np.int64)) for t in targets)
    drawn_months = np.arange(fitted.last_month + 1, origin + ahead + 1)
    code = int(origin.astype(np.int64))
    rng = np.random.default_rng([asked.seed, code, *name.encode()])
    values = fitted.sample(drawn_months, asked.n_paths, rng).values
    column = {key: c for c, key in enumerate(fitted.columns)}
    classes: list[dict[str, Any]] = []
    items: list[dict[str, Any]] = []
    for place in asked.places:
        own = asked.monthly[place]
        named = tuple(str(i) for i in own.columns)
        # What the section does not measure any more can't be asked of it.
        past = own[asked.months <= origin]
        measured = tuple(i for i in named if past[i].notna().any())
        if not measured or any((place, i) not in column for i in measured):
            continue
        at = [column[place, i] for i in measured]
        for target in targets:
            came = _class_that_came(target, place, asked)
            real = own[list(measured)].reindex(
                pd.DatetimeIndex(target.months.astype("datetime64[ns]"))
            )
            joined = _joined(
                real.to_numpy(np.float64), values[:, :, at], target, drawn_months, origin
            )
            if joined is None:
                continue
            head = _head(name, place, origin, target)
            if came:
                found = period_classes(joined, measured, asked.types.get(place, "river"))
                found = found[found > 0]
                if len(found):
                    share = np.bincount(found, minlength=N_CLASSES + 1)[1:] / len(found)
                    classes.append(
                        head
                        | {"truth": came}
                        | dict(zip(PROBABILITIES, share.tolist(), strict=True))
                    )
            items.extend(
                _item_rows(head, measured, joined, real.to_numpy(np.float64), target, asked)
            )
    return classes, items


def _joined(
    real: NDArray[np.float64],
    drawn: NDArray[np.float32],
    target: _Target,
    drawn_months: NDArray[np.datetime64],
    origin: np.datetime64,
) -> NDArray[np.float64] | None:
    """Months of the target (path, month, item): observed up to the origin, drawn after it.

    A month up to the origin without a value stays without one. None where a month is not drawn.
    """
    out = np.repeat(real[None], len(drawn), axis=0)
    for m, month in enumerate(target.months):
        if month <= origin:
            continue
        at = int((month - drawn_months[0]).astype(np.int64))
        if not 0 <= at < len(drawn_months):
            return None
        out[:, m] = drawn[:, at]
    return out


def _item_rows(
    head: dict[str, Any],
    items: tuple[str, ...],
    joined: NDArray[np.float64],
    real: NDArray[np.float64],
    target: _Target,
    asked: _Asked,
) -> list[dict[str, Any]]:
    """Quantiles of the mean of each item over the target, beside the mean that came."""
    seen = np.isfinite(real).sum(axis=0)
    needed = asked.fewest if target.horizon == YEAR else 1
    means = period_means(joined, items, axis=1)
    came = period_means(real, items, axis=0)
    quantiles = np.quantile(means, ITEM_LEVELS, axis=0)
    out = []
    for i, item in enumerate(items):
        if seen[i] < needed or not np.isfinite(quantiles[:, i]).all():
            continue
        row = dict(zip(ITEM_COLUMNS[-len(ITEM_LEVELS) - 1 : -1], quantiles[:, i], strict=True))
        out.append(
            head
            | {"item": item, "truth": float(came[i]), "crps": _crps(means[:, i], came[i])}
            | row
        )
    return out


def _crps(sample: NDArray[np.float64], truth: float) -> float:
    from forecast.projection.hindcast_scores import crps_ensemble

    return float(crps_ensemble(sample, truth))
