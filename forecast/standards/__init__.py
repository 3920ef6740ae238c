"""The law as tables and pure functions: AQI, air and water assessment, rounding, budgets.

Nothing here imports another part of the package (its errors excepted); everything may import it.
"""

from forecast.standards.indicators import INDICATORS, WATER_CLASSES, class_number, indicator
from forecast.standards.items import AIR_ITEMS, CLASS_ITEMS, ITEMS, WATER_ITEMS

__all__ = [
    "AIR_ITEMS",
    "CLASS_ITEMS",
    "INDICATORS",
    "ITEMS",
    "WATER_CLASSES",
    "WATER_ITEMS",
    "class_number",
    "indicator",
]
