"""The made sample city: readings generated from published annual figures, never measurements."""

from forecast.sample.hengshui import NOTICE, PUBLISHED, PublishedFigure, write_sample

__all__ = ["NOTICE", "PUBLISHED", "PublishedFigure", "write_sample"]
