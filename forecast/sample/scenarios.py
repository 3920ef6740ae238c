"""The made scenario of the sample city: round cuts, of no plan, that show what a scenario answers."""

from __future__ import annotations

from pathlib import Path

__all__ = ["SCENARIO", "write_sample_scenario"]

#: Text of the file; the cuts are invented.
SCENARIO = """\
# 示例情景:数字为编写示例而设,不是任何规划或方案的措施。每个键的说明见 forecast scenario new 写出的文件。
# A made-up scenario for the sample city; of no plan. forecast scenario new writes a file that explains every key.

format = 1
name = "示例:区域各项排放减两成"
name_en = "Made-up example: a fifth less of everything in the region"
region = "衡水"
source = "示例,非真实措施 made up"
note = "示例情景,数字为虚设。Made-up figures."

[[measures]]
name = "区域减排两成(示例)"
sector = "all"
pollutants = ["SO2", "NOx", "VOC", "NH3", "PM25", "PM10", "CO"]
cut = "20%"
start = 2025-09-01
full = 2025-10-31
shape = "linear"
scope = "region"
source = "示例,非真实措施 made up"
grade = "judgement"
"""


def write_sample_scenario(folder: Path) -> Path:
    """Write the scenario into ``folder`` and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "示例减排.toml"
    path.write_text(SCENARIO, encoding="utf-8", newline="\n")
    return path
