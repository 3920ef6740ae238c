"""Verification: what past forecasts said against what came; scores, reliability, the backtest."""

from forecast.verification.recalibration import recalibrated, recalibration_effect
from forecast.verification.reliability import Corp, corp, probability_bins, track_record
from forecast.verification.stacking import stacked, stacking_effect
from forecast.verification.tables import (
    difference_table,
    event_rows,
    event_table,
    same_rows,
    score_table,
)

__all__ = [
    "Corp",
    "corp",
    "difference_table",
    "event_rows",
    "event_table",
    "probability_bins",
    "recalibrated",
    "recalibration_effect",
    "same_rows",
    "score_table",
    "stacked",
    "stacking_effect",
    "track_record",
]
