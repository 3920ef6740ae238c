"""A made-up review that holds every kind of block, and what its readers must find."""

from __future__ import annotations

import io
from datetime import date
from functools import cache

import pandas as pd
from matplotlib.figure import Figure

from forecast.charts import Chart, svg_text
from forecast.charts.fonts import chart_fonts
from forecast.report.document import (
    Cell,
    Chapter,
    Column,
    Document,
    Drawing,
    FigureBlock,
    Paragraph,
    Section,
    TableBlock,
    cell,
    say,
)
from forecast.report.words import Pair

#: What a careless source may hold: markup of HTML, typst and Excel, control characters.
HOSTILE = "=1+1<b>&amp;</b> #panic(\"x\") $a_b$ *c* \x00\x1b[31m @lab \\ `d` 'e'"
#: The same without what no format may hold.
CLEAN = HOSTILE.replace("\x00", "").replace("\x1b", "")
NOTICE = Pair("逐日数据为生成的样例", "daily values are generated")


def both(text: str) -> Pair:
    return Pair(text, text)


def drawing(table: pd.DataFrame | None = None) -> Drawing:
    """The small chart over a table of its data; by default dates, a gap and a text of the data."""
    svg, png = _chart()
    if table is None:
        table = pd.DataFrame({
            "date": pd.to_datetime(["2024-01-01", "2024-01-02"]), "pm25_ugm3": [35.5, float("nan")],
            "days": [1, 2], "item": ["=cmd|x", None], "dust": [True, False],
        })  # fmt: skip
    return Drawing(svg, png, 4.0, 2.5, table)


@cache
def _chart() -> tuple[str, bytes]:
    """A chart with a hatch, a clip and Chinese letters, as SVG and PNG."""
    buffer = io.BytesIO()
    with chart_fonts(only_packaged=True):
        figure = Figure(figsize=(4, 2.5))
        axes = figure.add_subplot()
        axes.bar([0, 1], [1, 2], hatch="//")
        axes.set_title("优良天数")
        svg = svg_text(Chart(figure, pd.DataFrame(), "made", "图", "chart"))
        figure.savefig(buffer, format="png", dpi=100, metadata={"Software": None})
    return svg, buffer.getvalue()


def targets() -> TableBlock:
    """A table with a fill, a missing value, a sign and a text of the data."""
    return TableBlock(
        "targets",
        Pair("主要目标完成情况", "Targets"),
        (
            Column(Pair("指标", "indicator"), align="left", weight=2.0),
            Column(Pair("实绩", "reached"), both("µg/m³")),
            Column(Pair("同比", "on last year"), both("%"), align="right"),
            Column(Pair("天数", "days"), Pair("天", "")),
            Column(Pair("结论", "verdict")),
        ),
        (
            (cell("细颗粒物", en="PM2.5"), cell(40.5, decimals=1, strong=True),
             cell(-3.25, decimals=1, signed=True), cell(260),
             Cell(Pair("较难达标", "Unlikely"), "UNLIKELY", fill="#c0392b", ink="#ffffff")),
            (cell(HOSTILE), cell(None), cell(0.8, decimals=1, signed=True), cell(0),
             Cell(Pair("已达标", "Met"), "MET")),
        ),
        (Pair("含沙尘日（见<figure:bars>）。", "Dust days kept (<figure:bars>)."),),
    )  # fmt: skip


def long_table(rows: int = 200) -> TableBlock:
    """A table that fills several pages."""
    return TableBlock(
        "sections",
        Pair("断面[类别]:甲/乙*?", "Classes [all]: a/b*?"),
        (Column(Pair("断面", "section"), align="left"), Column(Pair("类别", "class"))),
        tuple(
            (cell(f"第{k}断面", en=f"section {k}"), cell(3, zh="Ⅲ", en="III")) for k in range(rows)
        ),
    )


def wide_table(columns: int = 16) -> TableBlock:
    """A table whose heads and entries ask for a page across."""
    return TableBlock(
        "ranks",
        Pair("名次", "Ranks"),
        tuple(Column(Pair(f"综合指数{k}", f"composite{k}"), both("µg/m³")) for k in range(columns)),
        (tuple(cell(1234.56 + k, decimals=2) for k in range(columns)),),
    )


def review(*more: TableBlock | FigureBlock, notices: tuple[Pair, ...] = (NOTICE,)) -> Document:
    """The review; ``more`` blocks stand at its end."""
    table = targets()
    summary = Chapter(
        "summary",
        Pair("摘要", "Summary"),
        (
            say("年均浓度为{v}µg/m³（见<table:targets>）。", "The mean is {v} µg/m³ (<table:targets>).",
                style="finding", v=table.rows[0][1]),
            say("没有的不提（见<table:absent>）。", "What is absent (<table:absent>) is not said.",
                style="finding"),
            Paragraph(both("数据为样例"), "reservation"),
            table,
        ),
    )  # fmt: skip
    air = Chapter(
        "air",
        Pair("环境空气", "Air"),
        (
            Section(Pair("总体情况", "Overview")),
            Paragraph(both(HOSTILE)),
            FigureBlock("bars", Pair("天数", "Days"), drawing(), (both("空心为缺测"),)),
            Section(Pair("说明", "Remarks")),
            Paragraph(Pair("见<figure:bars>。", "See <figure:bars>."), "note"),
            TableBlock("flags", Pair("存疑数据", "Flags"), (Column(Pair("站点", "station")),), ()),
            *more,
        ),
    )  # fmt: skip
    return Document(
        Pair("衡水市评价报告", "Hengshui: review"), Pair("2024年", "2024"), "衡水", 2024,
        "衡水市生态环境局", date(2025, 7, 3), "20250630-3f9a1c", (summary, air), notices,
    )  # fmt: skip


def printed(document: Document, lang: str) -> list[str]:
    """Every printed entry of every table."""
    texts = [getattr(c.text, lang) for t in document.tables() for row in t.rows for c in row]
    return [text.replace(HOSTILE, CLEAN) for text in texts]
