"""From paths to paths: the cut is applied to the days ahead, everything else stays as it was.

concentration' = background + (concentration - background) · F with F and the background of the same
draw as the path (common random numbers). A value at or below the background has nothing that a cut
could take away and stays. Where F is exactly 1 nothing is computed at all, so a scenario without a
cut returns the very bits that it was given.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Factors", "applied_column", "apply_factors", "changing_days", "fitting_factors"]


class Factors(Protocol):
    """What a response to cuts offers (as :class:`forecast.scenario.air_response.AirFactors`)."""

    @property
    def values(self) -> NDArray[np.float32]:
        """F, float32 (draw or 1, day, item), exactly 1 where nothing is cut."""
        ...

    @property
    def background(self) -> NDArray[np.float32]:
        """What no cut can lower, float32 (draw or 1, day or 1, item) [unit of the item]."""
        ...


def apply_factors(
    values: NDArray[np.float32],
    days: NDArray[np.datetime64],
    factors: Factors,
    *,
    first_day: np.datetime64,
    untouched: NDArray[np.bool_] | None = None,
) -> NDArray[np.float32]:
    """Apply ``factors`` to paths of one place.

    Args:
        values: float32 (path, day, item), observed days first [µg/m³, CO mg/m³].
        days: datetime64[D] (day,).
        factors: of the same days and items; one draw for each path, or a single one for all.
        first_day: days before it stay: what has been observed, and what lies before the start of
            the first measure.
        untouched: bool (day,) or (path, day): days of dust or fireworks, which no measure changes.

    Returns:
        float32 of the same shape, never below the background unless it was before; ``values``
        itself where nothing changes.

    Raises:
        ValueError: shapes do not fit.

    >>> from types import SimpleNamespace
    >>> one = np.float32(1.0)
    >>> cut = SimpleNamespace(values=np.full((1, 2, 1), 0.8, np.float32),
    ...                       background=np.full((1, 1, 1), 10, np.float32))
    >>> days = np.array(["2025-06-01", "2025-06-02"], dtype="datetime64[D]")
    >>> paths = np.full((1, 2, 1), 60, np.float32)
    >>> apply_factors(paths, days, cut, first_day=days[1])[0, :, 0].tolist()
    [60.0, 50.0]
    """
    fitting_factors(factors, values.shape)
    chosen = changing_days(days, first_day, untouched, len(values))
    out = values
    for column in range(values.shape[2]):
        factor = factors.values[:, :, column]
        moved = (factor != 1.0).any(axis=0) & chosen.any(axis=0)
        if not moved.any():
            continue
        first = int(np.argmax(moved))
        part = values[:, first:, column]
        found = applied_column(
            part, factor[:, first:], _from(factors.background[:, :, column], first)
        )
        keep = ~chosen[:, first:]
        if keep.any():
            found = np.where(keep, part, found)
        if out is values:
            out = values.copy()
        out[:, first:, column] = found
    return out


def applied_column(
    values: NDArray[np.float32], factor: NDArray[np.float32], background: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Apply F to the days of one item.

    Args:
        values: (path, day), NaN passes.
        factor: (draw or 1, day).
        background: (draw or 1, day or 1).
    """
    # Written as a change, F = 1 adds exactly nothing.
    out: NDArray[np.float32] = np.subtract(values, background, dtype=np.float32)
    out *= factor - np.float32(1.0)
    out += values
    np.maximum(out, background, out=out)
    above = values > background
    if not above.all():
        # At or below the background there is nothing to cut, and NaN stays NaN.
        out = np.where(above, out, values)
    return out


def changing_days(
    days: NDArray[np.datetime64],
    first_day: np.datetime64,
    untouched: NDArray[np.bool_] | None,
    n_paths: int,
) -> NDArray[np.bool_]:
    """Which days a cut may change, bool (path or 1, day)."""
    chosen = (np.asarray(days, dtype="datetime64[D]") >= first_day)[None]
    if untouched is None:
        return np.asarray(chosen)
    mask = np.asarray(untouched, dtype=np.bool_)
    if mask.shape not in ((len(days),), (n_paths, len(days))):
        raise ValueError(
            f"untouched must have shape ({len(days)},) or ({n_paths}, {len(days)}), got {mask.shape}"
        )
    return np.asarray(chosen & ~np.atleast_2d(mask))


def fitting_factors(factors: Factors, shape: tuple[int, ...]) -> None:
    """Check that ``factors`` fit paths of ``shape`` (path, day, item).

    Raises:
        ValueError: they do not, or a factor is negative or missing.
    """
    values, background = factors.values, factors.background
    if (
        values.ndim != 3
        or values.shape[1:] != tuple(shape[1:])
        or values.shape[0] not in (1, shape[0])
    ):
        raise ValueError(
            f"factors of shape {values.shape} do not fit paths of shape {tuple(shape)}; one draw for "
            "each path, or one for all"
        )
    wide: tuple[Any, ...] = ((1, shape[0]), (1, shape[1]), (shape[2],))
    if background.ndim != 3 or any(
        n not in allowed for n, allowed in zip(background.shape, wide, strict=True)
    ):
        raise ValueError(
            f"a background of shape {background.shape} does not fit paths of shape {tuple(shape)}"
        )
    if values.dtype != np.float32:
        raise ValueError(f"factors must be float32, got {values.dtype}")
    if not bool((values >= 0).all()):
        raise ValueError("a factor is negative or missing")


def _from(background: NDArray[np.float32], first: int) -> NDArray[np.float32]:
    return background[:, first:] if background.shape[1] > 1 else background
