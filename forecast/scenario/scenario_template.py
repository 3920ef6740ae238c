"""The text of a new scenario file: every key with its meaning, the region's sectors, the plan's measures."""

from __future__ import annotations

import json

from forecast.scenario.inventory import ALL_POLLUTANTS, Inventory, range_rows
from forecast.scenario.pollutants import POLLUTANTS, SECTOR_NAMES, SECTORS
from forecast.scenario.scenario_model import Measure, Scenario

__all__ = ["new_scenario"]


def new_scenario(
    region: str, year: int, *, inventory: Inventory | None = None, package: Scenario | None = None
) -> str:
    """Return the text of a commented scenario file, which loads as it is.

    Args:
        region: the place.
        year: the year asked; examples start in it.
        inventory: the region's inventory, listed in comments so that its sectors can be named.
        package: measures to fill in, as of the region's plan; None: one example, commented out.
    """
    parts = [
        _HEAD.format(
            name=_quoted(package.name if package else f"{region} {year}"),
            name_en=_quoted(package.name_en if package else ""),
            region=_quoted(region),
            source=_quoted(package.source if package else ""),
            note=_quoted(package.note if package else ""),
        ),
        _inventory_part(inventory),
        _GROWTH,
        _emissions_part(package),
        _MEASURES.format(year=year, sectors=_sectors_line(inventory)),
    ]
    if package is not None:
        parts += [_measure(m) for m in package.measures]
        parts += [_no_factor(package)]
    parts += [_response_part(package), _WATER]
    return "\n".join(part.strip("\n") + "\n" for part in parts if part)


def _quoted(text: str) -> str:
    # JSON's escapes are those of a TOML string.
    return json.dumps(text, ensure_ascii=False)


_HEAD = """\
# 减排情景文件。未知的键会报错；数量必须带单位。
# A scenario of emission cuts. An unknown key is an error; amounts need a unit.

format = 1
name = {name}
name_en = {name_en}
region = {region}
source = {source}            # 措施的出处 / where the measures come from
note = {note}
"""

_GROWTH = """\
# 照常增长，每年 %：减排是相对照常发展的排放而言 / business as usual, % a year: cuts are of the projected emission
[growth]
# all = 0.0
# transport = 2.0
"""

_MEASURES = """\
# 措施：谁、减什么、减多少、何时起 / measures: who, what, how much, from when
# sector：{sectors}
# pollutants：{pollutants}；或 "all" / or "all"
# cut："20%" 为照常排放的百分比；"4000 t"、"0.4万吨" 为每年吨数（需要清单）/ % of the projected emission, or tonnes a year
# against：写年份则表示比该年水平低这么多 / with a year: that much below the level of that year
# shape：step 一步到位；linear、s_curve 需要 full（全部见效日）/ full: day of the full effect
# season：all、heating（11-15 至 3-15）、warm（4–9 月）、cold（10–3 月）或月份列表 / or a list of months
# scope：city 只在本市，region 区域同步 / city only, or the region as well
# compliance：落实率，默认均值 0.85、范围 0.6–1（判断）；写 1.0 为完全落实 / share put into effect; the default is judgement
#
# [[measures]]
# name = "工业 VOC 治理"
# sector = "industry"
# pollutants = ["VOC"]
# cut = "30%"
# start = {year}-04-01
# full = {year}-12-31
# shape = "linear"
# season = "all"
# scope = "city"
# compliance = {{ mean = 0.85, low = 0.6, high = 1.0 }}
# quote = ""
# source = ""
""".replace("{pollutants}", ", ".join(POLLUTANTS))

_RESPONSE = """\
# 空气响应：本市已知的数值，用来替换或修正默认值（可选）/ what the city knows better than the defaults (optional)
[response]
# pm25_model = "auto"              # auto、components（组分）、sectors（行业）
# uptake = false                   # PM2.5 下降使 O3 上升，大小几乎未知 / O3 answers the fall of PM2.5, hardly known
# 参数：一个数，或 80 % 区间的两端 / a parameter: one number, or the ends of its 80 % range
# overrides.L = [0.30, 0.60]       # 本地份额 / local share
# overrides.e_so2 = 0.12
# O3 敏感区概率：saturated（VOC 控制）、transitional、limited（NOx 控制）/ chances of the ozone regimes
# regimes.cold = [0.80, 0.15, 0.05]
# hcho_no2.warm = 2.1              # 卫星 HCHO/NO2 柱浓度比，4–9 月 / ratio of satellite columns, April to September
# no2.warm = 38.0                  # 季均 NO2 µg/m³（珠三角判据）/ mean NO2, rule of the Pearl River Delta
# suburban = false                 # 城郊或小城市 / a suburb or a small town
# 实测组分占 PM2.5 的份额与标准误差 / measured shares of PM2.5 and their standard errors
# components.primary = [0.35, 0.05]
# components.inorganic = [0.42, 0.04]
# model_runs = "model_runs.csv"    # 数值模式结果表，路径相对本文件 / runs of another model, relative to this file
"""

_WATER = """\
# 水：断面上游的来源（可选），水的措施写 pollutants = ["COD"] 等，sector 写来源种类或名称
# Water: what stands above a section (optional); its measures name COD, NH3N, TN or TP, the sector is a kind or a name
# [[water_sections]]
# name = "断面甲"
# flow_m3s = 12.0
# [[water_sources]]
# section = "断面甲"
# name = "污水处理厂"
# kind = "point"
# load = { cod = 300.0, nh3n = 20.0 }
# distance_km = 8.0
"""


def _sectors_line(inventory: Inventory | None) -> str:
    if inventory is None:
        return "、".join(f"{s}（{SECTOR_NAMES[s][0]}）" for s in SECTORS) + "，all（全部）"
    return "、".join(inventory.rows) + "，all（全部）"


def _inventory_part(inventory: Inventory | None) -> str:
    lines = [
        "# 排放清单：年份与来源，空为最新的一年 / the inventory; empty: the latest year",
        "[inventory]",
    ]
    if inventory is None:
        lines += [
            "# 没有本地区的清单：吨数不能换算为百分比，请先 forecast ingest 清单文件，或填写下面的 [[emissions]]",
            "# No inventory of this region: tonnes can't become percent until one is ingested or written below",
            "# year = 2020",
        ]
    else:
        lines.append(f"year = {inventory.year}")
        lines.append(f"source = {_quoted(inventory.source)}")
        lines.append(f"# {inventory.year} 年 / t a year:")
        for row, values in zip(inventory.rows, inventory.values, strict=True):
            given = [
                f"{p} {v:,.0f}" for p, v in zip(ALL_POLLUTANTS, values, strict=True) if v > 0.0
            ]
            lines.append(f"#   {row}: {', '.join(given) or '–'}")
    lines.append("# 95 % 范围 %，默认值 / 95 % ranges, the defaults:")
    for row_of in range_rows():
        low, high = row_of["low_percent"], row_of["high_percent"]
        lines.append(f"# ranges.{row_of['pollutant']} = [{low}, {high}]   # {row_of['grade']}")
    lines.append(
        "# months.residential = [3, 2.5, 2, 1, 0.5, 0.5, 0.5, 0.5, 0.5, 1, 2, 3]   # 逐月权重 / weights of months"
    )
    return "\n".join(lines)


def _response_part(package: Scenario | None) -> str:
    """The comments, with what the package itself says below them."""
    said = {} if package is None else package.response.model_dump(exclude_defaults=True)
    lines = []
    for key, value in said.items():
        if isinstance(value, dict):
            given = {k: v for k, v in value.items() if v is not None}
            lines += [f"{key}.{k} = {json.dumps(v)}" for k, v in given.items()]
        else:
            lines.append(f"{key} = {json.dumps(value, ensure_ascii=False)}")
    return "\n".join([_RESPONSE.rstrip("\n"), *lines])


def _emissions_part(package: Scenario | None) -> str:
    lines = ["# 直接写在文件里的排放量 / emissions written into this file"]
    if package is None or not package.emissions:
        return "\n".join(
            [*lines, "# [[emissions]]", "# year = 2020", '# sector = "industry"', '# pollutant = "NOx"',
             '# amount = "9000 t"']
        )  # fmt: skip
    for row in package.emissions:
        lines += [
            "[[emissions]]", f"year = {row.year}", f"sector = {_quoted(row.sector)}",
            f"pollutant = {_quoted(row.pollutant)}", f"amount = {_quoted(row.amount)}",
            f"quote = {_quoted(row.quote)}", f"source = {_quoted(row.source)}",
            f"grade = {_quoted(row.grade)}", "",
        ]  # fmt: skip
    return "\n".join(lines)


def _measure(measure: Measure) -> str:
    c = measure.compliance
    lines = [
        "[[measures]]",
        f"name = {_quoted(measure.name)}",
        f"sector = {_quoted(measure.sector)}",
        f"pollutants = {_quoted_list(measure.pollutants)}",
        f"cut = {_quoted(measure.cut)}" if measure.cut else f"rise = {_quoted(measure.rise)}",
        f"start = {measure.start}",
    ]
    if measure.full is not None:
        lines.append(f"full = {measure.full}")
    if measure.against is not None:
        lines.append(f"against = {measure.against}")
    season = measure.season
    shown = _quoted(season) if isinstance(season, str) else str(season)
    lines += [f"shape = {_quoted(measure.shape)}", f"season = {shown}"]
    lines += [
        f"scope = {_quoted(measure.scope)}",
        f"compliance = {{ mean = {c.mean}, low = {c.low}, high = {c.high}, "
        f"concentration = {c.concentration} }}",
        f"quote = {_quoted(measure.quote)}",
        f"source = {_quoted(measure.source)}",
        f"grade = {_quoted(measure.grade)}",
        f"note = {_quoted(measure.note)}",
    ]
    return "\n".join(lines)


def _quoted_list(words: list[str]) -> str:
    return json.dumps(words, ensure_ascii=False)


def _no_factor(package: Scenario) -> str:
    lines = [
        "# 规划中不能量化的措施：补充排放因子后可改写为 [[measures]] / levers without a factor"
    ]
    for lever in package.not_quantifiable:
        lines.append("[[not_quantifiable]]")
        lines += [f"{key} = {_quoted(value)}" for key, value in lever.model_dump().items() if value]
        lines.append("")
    for past in package.past_changes:
        lines.append("[[past_changes]]")
        lines += [
            f"{key} = {_quoted(value) if isinstance(value, str) else value}"
            for key, value in past.model_dump(exclude_none=True).items()
        ]
        lines.append("")
    return "\n".join(lines)
