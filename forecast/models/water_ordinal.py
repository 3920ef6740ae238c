"""Ordinal model of sections of which only the class is published.

Cumulative logit (McCullagh 1980, doi 10.1111/j.2517-6161.1980.tb01109.x; statsmodels' OrderedModel):

    P(class ≤ k) = 1 / (1 + exp(-(a_k - x b)))

with x the section's shrunk mean class, its shrunk season, how far its last month, quarter and
year lay from them (fading with the lead), the same of the region, and two harmonics of the year.
Every term of an origin is made from the months before it, for the fit as for the forecast. The
fit holds for all sections and leads together. Weak made-up cases (two of the best and two of the
worst class at each end of each term) keep the coefficients finite where classes are rare or part
the record neatly; a class that never came keeps a small probability.

Monthly classes of all sections are drawn together: the stated distributions stay as they are, a
Gaussian copula with one correlation between any two sections and an autoregression along months
joins them, both estimated from past forecasts of the record.
"""

from __future__ import annotations

import warnings
from typing import Self

import numpy as np
from numpy.typing import NDArray

from forecast.errors import UsageError
from forecast.models.class_ahead import ClassAhead
from forecast.models.class_history import N_CLASSES, ClassHistory
from forecast.models.class_references import MonthlyFrequencies
from forecast.models.class_years import YearOfMonths
from forecast.models.kept_fits import KeptFits
from forecast.models.ordinal_features import (
    FEATURES,
    OrdinalState,
    ordinal_features,
    ordinal_states,
)

__all__ = ["WaterOrdinal"]

#: Leads [months] of the past forecasts the model is fitted to.
_LEADS = (1, 2, 3, 6, 9, 12)
#: Months before the first origin of a past forecast.
_FIRST_ORIGIN = 6
#: Cases a fit uses at most; a second of time, and more change the third digit.
_MOST_CASES = 4000
#: Sections whose past forecasts are learned from, spread evenly over all.
_MOST_PLACES = 200
#: Cases below which only frequencies are stated.
_FEWEST_CASES = 60
#: Months of record that the plain frequencies count for in what is stated: a year of record says
#: as much through the logit as through how often each class came; classes that never came stay
#: possible.
_FREQUENCY_MONTHS = 12.0
#: Terms of the season, and months of record from which on they are used.
_SEASONAL = np.array([name[:3] in ("cos", "sin") for name in FEATURES])
_SEASON_MONTHS = 18
#: Months between two months from which on what they have in common lasts.
_FAR = 3
#: Bound of the correlations of the copula.
_MOST_CORRELATION = 0.95
#: What is learned from past forecasts.
_LEARNED = ("fitted", "note", "common", "lasting", "serial", "_beta", "_cuts", "_kinds")
#: Draws behind the class of a year.
_YEAR_PATHS = 1000


def _some_places(history: ClassHistory) -> ClassHistory:
    """The history of the sections that are learned from."""
    n = len(history.places)
    if n <= _MOST_PLACES:
        return history
    at = np.unique(np.linspace(0, n - 1, _MOST_PLACES).astype(np.int64))
    return ClassHistory(
        history.months, tuple(history.places[k] for k in at), history.monthly[:, at],
        history.running[:, at], history.n_running[:, at],
    )  # fmt: skip


class WaterOrdinal:
    """Cumulative logit of monthly classes.

    Args:
        seed: of the draws behind :meth:`year_probabilities`.
        fits: where fits are kept; None keeps none.

    Attributes:
        name: ``"ordinal"``.
        places: sections, after :meth:`fit`.
        fitted: whether the logit was fitted; else the section's frequencies are stated.
        note: why not, in Chinese and English; empty where it was.
        common: correlation between two sections in one month.
        lasting: correlation between any two months of one section, whatever lies between.
        serial: what months that follow each other have in common of the rest; it fades as a power.
    """

    name = "ordinal"

    def __init__(self, *, seed: int = 3838, fits: KeptFits | None = None) -> None:
        self.seed = seed
        self.fits = fits
        self.places: tuple[str, ...] = ()
        self.fitted = False
        self.note: tuple[str, str] = ("", "")
        self.common = 0.0
        self.lasting = 0.0
        self.serial = 0.5

    def fit(self, history: ClassHistory) -> Self:
        """Fit to the classes of the past.

        Raises:
            UsageError: statsmodels is not installed.
        """
        self.history = history
        self.places = history.places
        self._frequencies = MonthlyFrequencies().fit(history)
        self._years = YearOfMonths.of(history)
        self.fitted, self.note = False, ("", "")
        self._state: OrdinalState | None = None
        if not len(history.months) or not (history.monthly > 0).any():
            self.note = ("没有任何水质类别", "there is no class at all")
            return self
        last = np.array([len(history.months) - 1])
        self._state = ordinal_states(history.months, history.monthly, last)[0]
        if self.fits is None:
            self._learn()
            return self
        learned = self.fits.get(
            (self.name, *self.places), _some_places(history),
            lambda: {n: v for n, v in vars(self._learn()).items() if n in _LEARNED},
        )  # fmt: skip
        vars(self).update(learned)
        return self

    def _learn(self) -> Self:
        """Fit the logit and the copula to the past forecasts, where there are enough."""
        history = _some_places(self.history)
        cases, x, y = self._past_forecasts(history)
        kinds = np.unique(y)
        if len(np.unique(history.monthly[history.monthly > 0])) < 2:
            self.note = (
                "记录中只有一个类别,只给出频率", "the record has one class only: frequencies are stated"
            )  # fmt: skip
        elif len(y) < _FEWEST_CASES or len(kinds) < 2:
            self.note = (
                f"可用的历史月份太少({len(y)}例),只给出频率",
                f"too few past months ({len(y)} cases): frequencies are stated",
            )
        else:
            self._fit_logit(x, y, kinds, len(history.places))
        if self.fitted:
            self._fit_dependence(cases, self._stated(x), y)
        return self

    @staticmethod
    def _past_forecasts(
        h: ClassHistory,
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int8]]:
        """Past forecasts: (case, [origin, lead, place]), their terms (case, term), what came."""
        origins = np.arange(_FIRST_ORIGIN - 1, len(h.months) - 1)
        leads = np.array(_LEADS)
        cases, terms, came = [], [], []
        states = ordinal_states(h.months, h.monthly, origins)
        for state, t in zip(states, origins, strict=True):
            own = leads[t + leads < len(h.months)]
            x = ordinal_features(state, h.months[t], h.months[t + own])
            truth = h.monthly[t + own].T
            # Only sections with a class so far: before it a section is the region's mean.
            met = np.asarray((h.monthly[: t + 1] > 0).any(axis=0))
            good = (truth > 0) & met[:, None]
            place, lead = np.nonzero(good)
            cases.append(np.stack([np.full(len(place), t), own[lead], place], axis=1))
            terms.append(x[good])
            came.append(truth[good])
        if not cases:
            return np.zeros((0, 3), np.int64), np.zeros((0, len(FEATURES))), np.zeros(0, np.int8)
        return np.concatenate(cases), np.concatenate(terms), np.concatenate(came)

    def _fit_logit(
        self, x: NDArray[np.float64], y: NDArray[np.int8], kinds: NDArray[np.int8], n_places: int
    ) -> None:
        """Fit thresholds and coefficients on a regular part of the cases."""
        try:
            from statsmodels.miscmodels.ordinal_model import OrderedModel
        except ImportError as error:
            raise UsageError(
                "The ordinal model needs statsmodels, which is not installed.",
                "Install it with: pip install statsmodels",
            ) from error
        centre, scale = x.mean(axis=0), x.std(axis=0)
        # A season is not told from a drift before a year and a half is there.
        used = (scale > 1e-9) & (~_SEASONAL | (len(self.history.months) >= _SEASON_MONTHS))
        scale = np.where(used, scale, np.inf)
        step = -(-len(y) // _MOST_CASES)
        # The step is kept off the number of leads and of sections, else some are never taken.
        while step > 1 and (len(_LEADS) % step == 0 or n_places % step == 0):
            step += 1
        terms = (x[::step] - centre) / scale
        code = np.searchsorted(kinds, y[::step])
        if len(np.unique(code)) < len(kinds):
            terms, code = (x - centre) / scale, np.searchsorted(kinds, y)
        k, top = x.shape[1], len(kinds) - 1
        ends = np.concatenate([2.0 * np.eye(k), -2.0 * np.eye(k)])
        made = np.concatenate([ends, ends])
        made_code = np.repeat([0, top], 2 * k)
        model = OrderedModel(
            np.concatenate([code, made_code]), np.concatenate([terms, made]), distr="logit"
        )
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            for method in ("lbfgs", "bfgs"):
                try:
                    found = model.fit(method=method, disp=0, maxiter=300)
                except (ValueError, ArithmeticError, np.linalg.LinAlgError):
                    continue
                if found.mle_retvals.get("converged") and np.isfinite(found.params).all():
                    break
            else:
                self.note = (
                    "有序模型没有收敛,只给出频率",
                    "the ordinal model did not converge: frequencies are stated",
                )
                return
        params = np.asarray(found.params, dtype=np.float64)
        self._beta = params[:k] / scale
        self._cuts = (
            np.asarray(model.transform_threshold_params(params)[1:-1]) + centre @ self._beta
        )
        self._kinds = kinds.astype(np.int64)
        self.fitted = True

    def _stated(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """P(class = k) of terms (…, term), (…, class), without the share of the frequencies."""
        eta = x @ self._beta
        below = 1.0 / (1.0 + np.exp(-np.clip(self._cuts - eta[..., None], -40.0, 40.0)))
        whole = np.concatenate(
            [np.zeros((*eta.shape, 1)), below, np.ones((*eta.shape, 1))], axis=-1
        )
        out = np.zeros((*eta.shape, N_CLASSES))
        out[..., self._kinds - 1] = np.diff(whole, axis=-1)
        return out

    def _fit_dependence(
        self, cases: NDArray[np.int64], stated: NDArray[np.float64], came: NDArray[np.int8]
    ) -> None:
        """Correlations of the copula from the expected normal scores of what came.

        With e the mean of a standard normal variable within the class that came and V the variance
        of e under the stated distribution, the mean product of two such scores is, to first
        order, the correlation times V1 V2.
        """
        from scipy.special import ndtri
        from scipy.stats import norm

        edges = np.concatenate([np.zeros((len(stated), 1)), np.cumsum(stated, axis=1)], axis=1)
        density = norm.pdf(ndtri(np.clip(edges, 1e-9, 1.0 - 1e-9)))
        density[:, [0, -1]] = 0.0
        p = np.maximum(stated, 1e-9)
        score = np.where(stated > 1e-9, -np.diff(density, axis=1) / p, 0.0)
        e = score[np.arange(len(came)), came.astype(np.int64) - 1]
        v = (stated * score**2).sum(axis=1)
        origin, lead = cases[:, 0], cases[:, 1]
        top, bottom = 0.0, 0.0
        for key in np.unique(origin * 1000 + lead):
            at = origin * 1000 + lead == key
            top += e[at].sum() ** 2 - (e[at] ** 2).sum()
            bottom += v[at].sum() ** 2 - (v[at] ** 2).sum()
        self.common = float(np.clip(top / max(bottom, 1e-9), 0.0, _MOST_CORRELATION))
        # Two leads of one origin and section: near ones tell of months, far ones of what stays.
        wide = np.full((*(cases.max(axis=0) + 1)[[0, 2]], len(_LEADS), 2), np.nan)
        wide[origin, cases[:, 2], np.searchsorted(_LEADS, lead)] = np.stack([e, v], axis=1)
        near, far = np.zeros(2), np.zeros(2)
        for i, first in enumerate(_LEADS):
            for j in range(i + 1, len(_LEADS)):
                product = np.nansum(wide[:, :, i] * wide[:, :, j], axis=(0, 1))
                gap = _LEADS[j] - first
                near += product * (gap == 1)
                far += product * (gap >= _FAR)
        lasting = float(np.clip(far[0] / max(far[1], 1e-9), 0.0, _MOST_CORRELATION))
        month = float(np.clip(near[0] / max(near[1], 1e-9), lasting, _MOST_CORRELATION))
        self.lasting, self.serial = lasting, (month - lasting) / (1.0 - lasting)

    def probabilities(self, months: NDArray[np.datetime64]) -> NDArray[np.float64]:
        """P(class = k) of months after the history, (place, month, class), sums 1."""
        plain = self._frequencies.probabilities(months)
        if not self.fitted or self._state is None:
            return plain
        x = ordinal_features(self._state, self.history.months[-1], months)
        share = _FREQUENCY_MONTHS / (_FREQUENCY_MONTHS + len(self.history.months))
        return np.asarray((1.0 - share) * self._stated(x) + share * plain)

    def sample_classes(
        self, months: NDArray[np.datetime64], n_paths: int, rng: np.random.Generator
    ) -> NDArray[np.int8]:
        """Draw monthly classes of all sections together.

        Args:
            months: months after the history, in order.
            n_paths: number of paths.
            rng: random generator; the same state gives the same paths.

        Returns:
            Classes 1 to 6, int8 (path, month, place).
        """
        return self.ahead(months, n_paths, rng).draw()

    def ahead(
        self, months: NDArray[np.datetime64], n_paths: int, rng: np.random.Generator
    ) -> ClassAhead:
        """What is needed to draw monthly classes, of all sections or a part: :meth:`sample_classes`."""
        return ClassAhead(
            self.places, months.astype("datetime64[M]"), self.probabilities(months), self.common,
            self.lasting, self.serial, int(rng.integers(2**63)), n_paths,
        )  # fmt: skip

    def year_paths(self, year: int, n_paths: int, rng: np.random.Generator) -> NDArray[np.int8]:
        """Draw the class of the calendar year of all sections together, int8 (path, place).

        Months of the year that are over stay as observed, and so does a year that is over; how the
        class of a year follows from its months is
        :class:`~forecast.models.class_years.YearOfMonths`.
        """
        h = self.history
        months = np.datetime64(f"{year}-01", "M") + np.arange(12)
        inside = np.isin(h.months, months)
        over = (h.monthly[inside] > 0).sum(axis=0).astype(np.float64)
        ahead = months[months > h.months[-1]] if len(h.months) else months
        if not len(ahead):
            stands = h.running[inside][-1] if inside.any() else np.zeros(len(self.places), np.int8)
            drawn = self._drawn(self._frequencies.year_probabilities(year), n_paths, rng)
            return np.where(stands > 0, stands, drawn).astype(np.int8)
        total = h.monthly[inside].sum(axis=0) + self.sample_classes(ahead, n_paths, rng).sum(axis=1)
        mean = total / (over + len(ahead))
        return self._years.draw(mean, year, over, rng)

    def _drawn(
        self, stated: NDArray[np.float64], n_paths: int, rng: np.random.Generator
    ) -> NDArray[np.int8]:
        """Independent draws of (place, class), int8 (path, place)."""
        u = rng.random((n_paths, len(stated)))
        below = np.cumsum(stated, axis=1)[:, :-1]
        return np.asarray(1 + (u[:, :, None] > below).sum(axis=2), dtype=np.int8)

    def year_probabilities(self, year: int) -> NDArray[np.float64]:
        """P(class = k) of the calendar year, (place, class), months so far as observed."""
        rng = np.random.default_rng([self.seed, year])
        drawn = self.year_paths(year, _YEAR_PATHS, rng)
        return np.stack([(drawn == k + 1).mean(axis=0) for k in range(N_CLASSES)], axis=1)
