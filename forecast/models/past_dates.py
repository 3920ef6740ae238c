"""Past dates from which days to come are drawn, in unbroken runs of days.

All items take the innovations of the same past date, so that weather and chemistry stay together; a
run starts in a random past year at the same time of the year.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Dates", "draw_dates", "draw_positions", "run_shifts"]

#: Mean length of an unbroken run of past days [days].
MEAN_RUN = 30.0
#: Most days by which a run is moved within the season.
WINDOW = 20
#: Part of the variance of run means that is missing with one year of record: not all of it, since
#: runs are moved within the season (seen in the spread of period means of drawn paths).
_MISSING = 0.6


def draw_positions(
    n_past: int,
    n_future: int,
    n_paths: int,
    rng: np.random.Generator,
    *,
    year: float = 365.25,
    mean_run: float = MEAN_RUN,
    window: int = WINDOW,
) -> NDArray[np.int64]:
    """Past days whose innovations future days take.

    Each path walks through past years in runs of days of geometric length; a run starts in a
    random past year at the same time of the year, moved by up to ``window`` days.

    Args:
        n_past: number of days in the record, the last being the day before the first to draw.
        n_future: number of days to draw.
        n_paths: number of paths.
        rng: random generator.
        year: length of a year in steps: 365.25 for days, 12 for months.
        mean_run: mean length of a run [steps].
        window: most steps by which a run is moved within the season.

    Returns:
        Indices into the record, shape (path, day). A record shorter than a year has no past day
        of the same season for part of the year: there any past day serves.
    """
    runs = _drawn_runs(n_past, n_future, n_paths, rng, year=year, mean_run=mean_run, window=window)
    found = np.repeat(runs.past - runs.first, runs.length).reshape(n_paths, n_future)
    found += np.arange(n_future)
    return found


@dataclass(frozen=True)
class _Runs:
    """Unbroken runs of past days, path after path; shape (run,).

    Attributes:
        path: whose future it is part of.
        first: first future day of the run, from 0.
        length: days of the run.
        past: past day that the first one takes.
    """

    path: NDArray[np.int64]
    first: NDArray[np.int64]
    length: NDArray[np.int64]
    past: NDArray[np.int64]

    def numbers(self, n_paths: int, n_future: int) -> NDArray[np.int32]:
        """Number of the run of each future day, shape (path, day), the days first in memory."""
        number = np.arange(len(self.path), dtype=np.int32)
        return np.asarray(np.repeat(number, self.length).reshape(n_paths, n_future), order="F")

    def inside(self, n_past: int, span: int) -> _Runs:
        """Split where a run leaves the record: it goes on ``span`` days earlier or later."""
        runs = self
        while True:
            end = runs.past + runs.length
            out = np.flatnonzero((runs.past < 0) | (end > n_past))
            if not len(out):
                return runs
            # Days before the record, within it, and after it.
            days = runs.length[out]
            before = np.clip(-runs.past[out], 0, days)
            after = np.clip(end[out] - n_past, 0, days)
            parts = np.stack([before, days - before - after, after])
            skipped = np.stack([0 * before, before, days - after])
            moved = np.array([[span], [0], [-span]])
            kept, there = np.delete(np.arange(len(runs.path)), out), parts > 0
            columns = (
                (runs.path, np.tile(runs.path[out], (3, 1))),
                (runs.first, runs.first[out] + skipped),
                (runs.length, parts),
                (runs.past, runs.past[out] + skipped + moved),
            )
            path, first, length, past = (
                np.concatenate([whole[kept], split[there]]) for whole, split in columns
            )
            # Those that are kept are in order already.
            order = np.argsort(path * (int(first.max()) + 1) + first, kind="stable")
            runs = _Runs(path[order], first[order], length[order], past[order])

    def joined(self) -> _Runs:
        """Runs of one path of which one goes on where the other ends are one."""
        goes_on = (
            (self.path[1:] == self.path[:-1])
            & (self.past[1:] == self.past[:-1] + self.length[:-1])
        )  # fmt: skip
        at = np.flatnonzero(np.concatenate([[True], ~goes_on]))
        return _Runs(
            self.path[at], self.first[at], np.add.reduceat(self.length, at), self.past[at]
        )  # fmt: skip


def _drawn_runs(
    n_past: int,
    n_future: int,
    n_paths: int,
    rng: np.random.Generator,
    *,
    year: float,
    mean_run: float,
    window: int,
) -> _Runs:
    """Draw the runs of all paths; arguments as for :func:`draw_positions`."""
    # Rounding an exponential down gives the days that follow the first one of a run.
    days = -1.0 / np.log1p(-1.0 / mean_run) if mean_run > 1.0 else 0.0
    expected = n_future / mean_run
    at_once = 2 + int(expected + 3.0 * np.sqrt(expected))
    ends = np.zeros((n_paths, 1), dtype=np.int64)
    while ends[:, -1].min() < n_future:
        drawn = 1.0 + np.floor(days * rng.standard_exponential((n_paths, at_once)))
        ends = np.concatenate([ends, ends[:, -1:] + np.cumsum(drawn.astype(np.int64), axis=1)], 1)
    first, last = ends[:, :-1], np.minimum(ends[:, 1:], n_future)
    path, _ = taken = np.nonzero(first < n_future)
    day, length = first[taken], (last - first)[taken]
    ahead = np.arange(1, n_future + 1)
    fewest = np.ceil(ahead / year)
    most = np.floor((n_past - 1 + ahead) / year)
    choices = np.maximum(most - fewest + 1, 0)
    years = fewest[day] + np.floor(rng.random(len(day)) * choices[day])
    moved = rng.integers(-window, window + 1, size=len(day))
    shift = np.rint(years * year).astype(np.int64) - moved
    # Where no past year has the season, a run starts on any past day.
    anywhere = rng.integers(0, n_past, size=len(day))
    past = np.where(choices[day] > 0, n_past - 1 + ahead[day] - shift, anywhere)
    # A run that leaves the record goes on a year earlier or later, or anywhere in a short one.
    span = round(year) if n_past > year else n_past
    return _Runs(path, day, length, past).inside(n_past, span).joined()


@dataclass(frozen=True)
class Dates:
    """Past days drawn for future ones, in unbroken runs.

    Attributes:
        run: number of the run of each day, counted through all paths, shape (path, day); the days
            come first in memory.
        offset: what is added to a future day, counted from 0, to give the past day that it takes:
            an index into the record; shape (run,).
        units: standard normal draws of each run, shape (run, item).
        first: number of the first future day.
    """

    run: NDArray[np.int32]
    offset: NDArray[np.int64]
    units: NDArray[np.float32]
    first: int = 0

    @property
    def positions(self) -> NDArray[np.int64]:
        """Indices into the record, shape (path, day)."""
        found = self.offset[self.run]
        found += self.first + np.arange(found.shape[1])
        return np.asarray(found)

    def part(self, first: int, n_days: int, items: Sequence[int]) -> Dates:
        """Those of ``n_days`` days from the future day ``first`` on, and units of some items."""
        return Dates(
            self.run[:, first : first + n_days], self.offset, self.units[:, items],
            self.first + first,
        )  # fmt: skip


def draw_dates(
    n_past: int,
    n_future: int,
    n_paths: int,
    n_items: int,
    rng: np.random.Generator,
    *,
    year: float = 365.25,
    mean_run: float = MEAN_RUN,
) -> Dates:
    """Draw past days as :func:`draw_positions` does, with a normal draw of each run and item."""
    runs = _drawn_runs(n_past, n_future, n_paths, rng, year=year, mean_run=mean_run, window=WINDOW)
    units = rng.standard_normal((len(runs.path), n_items), dtype=np.float32)
    return Dates(runs.numbers(n_paths, n_future), runs.past - runs.first, units)


def run_shifts(
    units: NDArray[np.float32],
    innovations: NDArray[np.float32],
    own: NDArray[np.int64] | None = None,
    *,
    year: float = 365.25,
    mean_run: float = MEAN_RUN,
) -> NDArray[np.float32]:
    """What the mean of each drawn run could have been in a year that the record does not hold.

    Runs of the same season of K years have (K - 1)/K of the variance that run means have over
    many years; with one year nearly all futures would have the very same season. The part that
    is missing is added: one vector a run, with the covariance of innovations over items.

    Args:
        units: standard normal draws, shape (run, item).
        innovations: the table they are added to, without gaps, shape (past day, item).
        own: steps of each item that were not taken from another year, shape (item,); None: all.
        year: length of a year in steps.
        mean_run: mean length of a run [steps].

    Returns:
        Shape (run, item), to be added to the innovations of each run.
    """
    counts = np.full(innovations.shape[1], len(innovations)) if own is None else own
    years = np.maximum(counts / year, 1.0)
    covariance = np.atleast_2d(np.cov(innovations.astype(np.float64), rowvar=False))
    # Days lie in runs of twice the mean length, since long runs hold more of them.
    most = float(years.max())
    values, vectors = np.linalg.eigh(covariance * (_MISSING / (2.0 * mean_run * most)))
    root = vectors * np.sqrt(np.maximum(values, 0.0)) * np.sqrt(most / years)[:, None]
    shifts: NDArray[np.float32] = units @ root.T.astype(np.float32)
    return shifts
