"""The made sample city: readings generated from published annual figures, never measurements."""

from forecast.sample.hengshui import NOTICE, PUBLISHED, PublishedFigure, write_sample
from forecast.sample.scenarios import write_sample_scenario

__all__ = ["NOTICE", "PUBLISHED", "PublishedFigure", "write_sample", "write_sample_scenario"]
