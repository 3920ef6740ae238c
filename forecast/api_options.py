"""Options that several calls share: a date, a year."""

from __future__ import annotations

from datetime import date

from forecast.errors import UsageError

__all__ = ["as_date", "known_year"]


def as_date(value: str | date | None, option: str = "--as-of") -> date | None:
    """Return ``value`` as a date; ``YYYY-MM-DD`` is the only written form.

    Raises:
        UsageError: not a date.
    """
    if value is None or isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise UsageError(
            f"{option} {value} is not a date.", "Write it as year-month-day, such as 2025-06-30."
        ) from error


def known_year(year: int | None) -> int | None:
    """Return ``year`` if it is one that a calendar of readings can have."""
    if year is not None and not 1980 <= year <= 2100:
        raise UsageError(f"--year {year} is not a year of readings.", "Give one such as 2025.")
    return year
