"""Defaults of the water response: distributions with their unit, grade of evidence and source.

Each row of ``tables/water_priors.csv`` is one quantity, for one item or kind of source where it
differs. Grades: ``verified`` (a published value was read), ``from memory``, ``judgement``.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from forecast.errors import InputError

__all__ = ["GROUPS", "WaterPrior", "WaterPriors", "shipped_water_priors"]

#: Groups of quantities whose uncertainty can be turned off together.
GROUPS: tuple[str, ...] = ("sensitivity", "inventory", "flow")
_DISTRIBUTIONS = ("lognormal", "normal", "uniform", "fixed")


@dataclass(frozen=True)
class WaterPrior:
    """Distribution of one quantity.

    Attributes:
        quantity: what it is, such as ``decay``; ``item`` and ``kind`` empty where it holds for all.
        distribution: ``lognormal`` (a median, b sd of the logarithm), ``normal`` (a mean, b sd),
            ``uniform`` (from a to b) or ``fixed`` (a).
        low, high: bounds at which it is truncated, None for none.
        group: one of :data:`GROUPS`.
        grade: ``verified``, ``from memory`` or ``judgement``; ``user`` for an own value.
        zh, en: its name in words; ``source`` says where the value is from.
    """

    quantity: str
    item: str
    kind: str
    distribution: str
    a: float
    b: float
    low: float | None
    high: float | None
    unit: str
    group: str
    grade: str
    zh: str
    en: str
    source: str

    def __post_init__(self) -> None:
        if self.distribution not in _DISTRIBUTIONS:
            raise InputError(
                f"The distribution {self.distribution!r} of {self.en} is not known.",
                f"Known are {', '.join(_DISTRIBUTIONS)}.",
            )
        bad_spread = self.distribution in ("lognormal", "normal") and not self.b > 0.0
        if bad_spread or (self.distribution == "lognormal" and not self.a > 0.0):
            raise InputError(
                f"The {self.distribution} distribution of {self.en} has a = {self.a:g} and "
                f"b = {self.b:g}.",
                "The spread, and the median of a lognormal, must be above 0.",
            )

    def quantile(self, z: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values that stand where the standard normal has ``z``; any shape.

        >>> prior = shipped_water_priors().of("decay", item="cod")
        >>> prior.quantile(np.zeros(1)).round(2).item()
        0.15
        """
        from scipy.special import ndtr, ndtri

        if self.distribution == "fixed":
            return np.full(z.shape, self.a)
        if self.distribution == "uniform":
            return np.asarray(self.a + (self.b - self.a) * ndtr(z))
        log = self.distribution == "lognormal"
        centre = np.log(self.a) if log else self.a

        def share(bound: float | None, none: float) -> float:
            if bound is None:
                return none
            return float(ndtr(((np.log(bound) if log else bound) - centre) / self.b))

        low, high = share(self.low, 0.0), share(self.high, 1.0)
        inside = z if (low, high) == (0.0, 1.0) else ndtri(low + (high - low) * ndtr(z))
        value = centre + self.b * inside
        return np.asarray(np.exp(value) if log else value)


@dataclass(frozen=True)
class WaterPriors:
    """All quantities by (quantity, item, kind)."""

    rows: Mapping[tuple[str, str, str], WaterPrior]

    def of(self, quantity: str, *, item: str = "", kind: str = "") -> WaterPrior:
        """The narrowest row that holds for ``item`` and ``kind``.

        Raises:
            KeyError: there is none.
        """
        for key in ((item, kind), (item, ""), ("", kind), ("", "")):
            row = self.rows.get((quantity, *key))
            if row is not None:
                return row
        raise KeyError(f"no default of {quantity} for item {item!r} and kind {kind!r}")

    def has(self, quantity: str, *, item: str = "", kind: str = "") -> bool:
        """Whether a row holds for exactly ``item`` and ``kind``."""
        return (quantity, item, kind) in self.rows

    def with_value(
        self, quantity: str, value: float, *, item: str = "", kind: str = "", sd: float = 0.0
    ) -> WaterPriors:
        """The defaults with one of them replaced by a user's own value.

        Args:
            value: the value, or the median of a lognormal with ``sd`` above 0 (sd of the
                logarithm); the mean where the default is normal.

        Raises:
            InputError: no default has that name.
        """
        try:
            old = self.of(quantity, item=item, kind=kind)
        except KeyError as error:
            known = sorted({row.quantity for row in self.rows.values()})
            raise InputError(
                f"There is no default called {quantity!r} for item {item!r} and kind {kind!r}.",
                f"Known quantities: {', '.join(known)}.",
            ) from error
        spread = "normal" if old.distribution == "normal" else "lognormal"
        own = replace(
            old, item=item, kind=kind, distribution=spread if sd > 0.0 else "fixed", a=value,
            b=sd if sd > 0.0 else np.nan, low=None, high=None, grade="user", source="given by the user",
        )  # fmt: skip
        return WaterPriors({**self.rows, (quantity, item, kind): own})

    def table(self) -> list[dict[str, str]]:
        """Every default in words: zh, en, value, unit, grade, source; for a report."""
        return [
            {
                "zh": row.zh, "en": row.en, "value": _words(row), "unit": row.unit,
                "grade": row.grade, "source": row.source,
            }
            for row in self.rows.values()
        ]  # fmt: skip


def _words(row: WaterPrior) -> str:
    if row.distribution == "fixed":
        return f"{row.a:g}"
    name = {"lognormal": "LN", "normal": "N", "uniform": "U"}[row.distribution]
    bounds = "" if row.low is None or row.high is None else f" [{row.low:g}, {row.high:g}]"
    return f"{name}({row.a:g}, {row.b:g}){bounds}"


@cache
def shipped_water_priors() -> WaterPriors:
    """The defaults that ship with the package (``tables/water_priors.csv``)."""
    path = files("forecast.scenario") / "tables" / "water_priors.csv"
    rows: dict[tuple[str, str, str], WaterPrior] = {}
    for raw in csv.DictReader(path.read_text(encoding="utf-8").splitlines()):
        numbers = {n: float(raw.pop(n) or "nan") for n in ("a", "b")}
        bounds = {n: float(text) if (text := raw.pop(n)) else None for n in ("low", "high")}
        row = WaterPrior(**raw, **numbers, **bounds)  # type: ignore[arg-type]
        rows[row.quantity, row.item, row.kind] = row
    return WaterPriors(rows)
