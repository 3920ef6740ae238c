"""The order in which forecasts were made, of which the last one for a day counts."""

from __future__ import annotations

import pandas as pd

__all__ = ["in_order_made"]


def in_order_made(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of the register with its rows in the order in which their runs were made.

    That is the order of the register, whatever the clock said; runs that were registered later from
    their stored results stand where their own times put them.

    Args:
        table: with ``created`` and ``registered``, as :func:`forecast.runs.register.read_register`
            and :func:`~forecast.runs.register.read_outlooks` return it.
    """
    later = table["registered"] != ""
    if not later.any():
        return table
    at = table["created"].where(later, table["created"].where(~later).cummax())
    return table.loc[at.sort_values(kind="stable").index]
