"""Pages and tables for people, written from the object of a run."""

from forecast.report.page import PageChart, PageContext, write_page
from forecast.report.terminal import render_table

__all__ = ["PageChart", "PageContext", "render_table", "write_page"]
