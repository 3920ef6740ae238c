"""Charts of the annual review, one module each; every one returns its figure and its table."""

from forecast.charts.aqi_calendar import AqiCalendarData, OtherVersion, aqi_calendar
from forecast.charts.chart import Chart, save, svg_text
from forecast.charts.scenario_chart import Package, ScenarioChartData, scenario_chart
from forecast.charts.scenario_map import ScenarioMapData, scenario_map
from forecast.charts.section_tiles import (
    SectionRow,
    SectionTilesData,
    ShareTarget,
    section_tiles,
)
from forecast.charts.style import Footer
from forecast.charts.target_tracker import TargetLine, TargetTrackerData, target_tracker

__all__ = [
    "AqiCalendarData",
    "Chart",
    "Footer",
    "OtherVersion",
    "Package",
    "ScenarioChartData",
    "ScenarioMapData",
    "SectionRow",
    "SectionTilesData",
    "ShareTarget",
    "TargetLine",
    "TargetTrackerData",
    "aqi_calendar",
    "save",
    "scenario_chart",
    "scenario_map",
    "section_tiles",
    "svg_text",
    "target_tracker",
]
