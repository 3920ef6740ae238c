"""Pooled figures of the short-range model: what many cities say of its regressions and errors."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray

from forecast.models.pooled import read_table
from forecast.models.short_range_design import LEADS, OWN_TERMS
from forecast.standards.items import AIR_ITEMS

__all__ = ["ShortRangePooled", "shipped_short_range"]

#: Errors of days that overlap are alike; so many rows count as one, by lead.
_INFLATION = np.array([1.0 + 0.7 * lead for lead in range(LEADS)])
_DEGREES = 6.0


def _plain() -> NDArray[np.float64]:
    return np.zeros((LEADS, len(AIR_ITEMS), len(AIR_ITEMS) + len(OWN_TERMS)))


@dataclass(frozen=True)
class ShortRangePooled:
    """Figures over cities; axes (lead, item, term), items in the order of ``AIR_ITEMS``.

    Attributes:
        mean, sd: of the coefficients over cities.
        error_sd: standard deviation of the errors, (lead, item).
        error_items, error_leads: their correlation over items, and over leads.
    """

    mean: NDArray[np.float64] = field(default_factory=_plain)
    sd: NDArray[np.float64] = field(default_factory=lambda: _plain() + 0.3)
    error_sd: NDArray[np.float64] = field(
        default_factory=lambda: np.full((LEADS, len(AIR_ITEMS)), 0.9)
    )
    error_items: NDArray[np.float64] = field(default_factory=lambda: np.eye(len(AIR_ITEMS)))
    error_leads: NDArray[np.float64] = field(default_factory=lambda: np.eye(LEADS))

    def fit(
        self,
        items: tuple[str, ...],
        terms: NDArray[np.float64],
        targets: NDArray[np.float64],
        weights: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Coefficients (lead, item, term) of a record, drawn to those of the panel.

        Args:
            items: codes of the record's items.
            terms: (item, day, term) of :func:`origin_terms`.
            targets: (day, lead, item), NaN where missing.
            weights: (day,).
        """
        own = [AIR_ITEMS.index(item) for item in items]
        columns = [*own, *range(len(AIR_ITEMS), len(AIR_ITEMS) + len(OWN_TERMS))]
        leads = np.arange(targets.shape[1])
        known = np.isfinite(targets)
        weighted = terms * weights[:, None]
        whole = weighted.transpose(0, 2, 1) @ terms
        # (item, lead, term), and the same with two axes of terms.
        moment = np.where(known, targets, 0.0).transpose(2, 1, 0) @ weighted
        gram = np.repeat(whole[:, None], len(leads), axis=1)
        for i in range(len(items)):
            for lead in leads:
                # Few days lack a target: what they bring is taken out again.
                absent = np.flatnonzero(~known[:, lead, i])
                gram[i, lead] -= weighted[i, absent].T @ terms[i, absent]
        at = np.ix_(np.array(own), leads)
        mean, sd = (
            figures.transpose(1, 0, 2)[at][..., columns] for figures in (self.mean, self.sd)
        )
        noise = (_INFLATION[leads] * self.error_sd[leads][:, own].T ** 2)[..., None]
        gram = gram / noise[..., None] + np.eye(len(columns)) / (sd**2)[..., None]
        found = np.linalg.solve(gram, (moment / noise + mean / sd**2)[..., None])[..., 0]
        return np.asarray(found.transpose(1, 0, 2))

    def errors(
        self, items: tuple[str, ...], n_paths: int, rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Draw errors (path, lead, item) of the pooled distribution, Student t."""
        own = [AIR_ITEMS.index(item) for item in items]
        over_items = np.linalg.cholesky(
            self.error_items[np.ix_(own, own)] + 1e-6 * np.eye(len(own))
        )
        over_leads = np.linalg.cholesky(self.error_leads + 1e-6 * np.eye(LEADS))
        unit = rng.standard_normal((n_paths, LEADS, len(own)))
        tail = np.sqrt((_DEGREES - 2.0) / rng.chisquare(_DEGREES, size=n_paths))
        drawn = over_leads @ unit @ over_items.T
        found: NDArray[np.float64] = drawn * tail[:, None, None] * self.error_sd[:, own]
        return found


@cache
def shipped_short_range() -> ShortRangePooled:
    """The figures that ship with the package (table ``short_range``)."""
    terms = [*AIR_ITEMS, *OWN_TERMS]
    found = ShortRangePooled()
    for row in read_table("short_range"):
        value, kind, lead = float(row["value"]), row["quantity"], int(row["lead"]) - 1
        item = AIR_ITEMS.index(row["item"]) if row["item"] else 0
        if kind == "coefficient":
            at = (lead, item, terms.index(row["term"]))
            found.mean[at], found.sd[at] = value, float(row["sd"])
        elif kind == "error_sd":
            found.error_sd[lead, item] = value
        elif kind == "error_items":
            found.error_items[item, AIR_ITEMS.index(row["term"])] = value
        else:
            found.error_leads[lead, int(row["term"]) - 1] = value
    return found
