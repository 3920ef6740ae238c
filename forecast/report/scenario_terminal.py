"""An answer of the scenario engine as lines of a terminal: at most 100 columns, PM2.5 beside ozone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

from forecast.charts.style import wrap
from forecast.report.document import Cell, Column, Paragraph, TableBlock
from forecast.report.scenario_evidence import (
    hindcast_blocks,
    learning_blocks,
    left_out_table,
)
from forecast.report.scenario_lever_tables import levers_table, map_table, packages_table
from forecast.report.scenario_parts import CONDITIONAL
from forecast.report.scenario_tables import (
    TOGETHER,
    pair_table,
    solutions_table,
    targets_table,
    variance_table,
)
from forecast.report.scenario_told import (
    Told,
    answered_names,
    decided_lines,
    decimals_of,
    grade_text,
    indicator_row,
    package_name,
    reason_text,
)
from forecast.report.scenario_water_tables import sections_table, water_table
from forecast.report.words import UNIT_ZH, Pair, indicator_text
from forecast.standards.indicators import indicator

__all__ = ["scenario_lines"]

_WIDTH, _GAP = 100, 2
#: A column of text is never narrower; a head's words stay whole up to so many columns.
_TEXT, _WORD = 10, 12
#: Packages side by side in one table of indicators.
_ACROSS = 4

#: Characters that a Chinese Windows console (code page 936) lacks, and what stands for them.
_PLAIN = str.maketrans({"µ": "μ", "³": "3", "²": "2", "₃": "3", "−": "-"})

_MARKS: dict[str, Pair] = {
    "refusal": Pair("不予计算", "refused"),
    "warning": Pair("警告", "warning"),
    "confidence": Pair("注意", "mind"),
}

#: Rules whose notes stand above already.
_SAID = frozenset({"conditional", "decided"})

_Lang = Literal["zh", "en"]


def scenario_lines(told: Told, lang: _Lang) -> list[str]:
    """Return the answer as lines: what is decided first, the tables, warnings, what it rests on.

    Args:
        told: one answer.
        lang: language of the lines.
    """
    lines = [*_head(told, lang), *_tables(told, lang), *_remarks(told, lang)]
    return [line.translate(_PLAIN).rstrip() for line in lines]


def _head(told: Told, lang: _Lang) -> Iterator[str]:
    place, year = told["place"], told["year"]
    yield from _wrapped(
        f"{place}{year}年减排情景：起报 {told['as_of']}，自 {told['first_day']} 起为模拟，{told['n_paths']} 条样本路径"
        if lang == "zh"
        else f"{place}: emission-cut scenarios, {year}; as of {told['as_of']}, drawn from "
        f"{told['first_day']} on, {told['n_paths']} paths"
    )  # fmt: skip
    yield from _wrapped(getattr(CONDITIONAL, lang))
    decided = decided_lines(told)
    if decided:
        yield ""
        for line in decided:
            yield from _wrapped(getattr(line, lang), mark="* ")


def _tables(told: Told, lang: _Lang) -> Iterator[str]:
    # The folder says where a package is written; a terminal needs what it cuts.
    shown = (
        (levers_table(told, ""), (0, 2)),
        (packages_table(told, ""), (0, 1)),
        (_targets(told), None),
        (pair_table(told, ""), None),
        *((block, None) for block in _indicator_tables(told)),
        (water_table(told, ""), (0, 1, 2, 3, 5, 6, 7)),
        (sections_table(told, ""), None),
        (map_table(told, ""), None),
        (solutions_table(told, ""), (0, 1, 2, 3, 4, 5, 6, 7)),
        (variance_table(told, ""), None),
    )
    for block, columns in shown:
        if block is not None and block.rows:
            yield ""
            yield from _table(block, lang, columns)
    for found in told["solutions"]:
        for sentence in found["sentences"]:
            yield from _wrapped(sentence[lang], mark="- ")


def _targets(told: Told) -> TableBlock | None:
    """The chances with their sampling errors, and those under the regimes in one column."""
    block = targets_table(told, "")
    if block is None:
        return None
    rows = []
    for target, package, chance, error, change, _, centre, *regimes in block.rows:
        known = chance.text.zh if error.value is None else f"{chance.text.zh} ± {error.text.zh}"
        parts = "/".join(c.text.zh.removesuffix(" %") for c in regimes)
        by_regime = parts if any(c.value is not None for c in regimes) else "—"
        rows.append(
            (target, package, Cell(Pair(known, known)), change, centre,
             Cell(Pair(by_regime, by_regime)))
        )  # fmt: skip
    columns = block.columns
    return replace(
        block,
        columns=(
            *columns[:2], Column(Pair("概率 ± 误差", "P ± error")), columns[4], columns[6],
            Column(Pair("臭氧饱和/过渡/控制区", "ozone saturated/ transit./ limited"), Pair("%", "%")),
        ),
        rows=tuple(rows),
    )  # fmt: skip


def _indicator_tables(told: Told) -> Iterator[TableBlock]:
    """The other indicators, packages side by side: mean and change."""
    every = ["", *answered_names(told)]
    named = dict.fromkeys(str(r["indicator"]) for r in told["rows"] if r["kind"] == "indicator")
    names = [n for n in named if n not in TOGETHER]
    for at in range(0, len(every) if names else 0, _ACROSS):
        own = every[at : at + _ACROSS]
        yield TableBlock(
            "indicators",
            Pair("其他指标：均值（较基准）", "Other indicators: mean (change)"),
            (
                Column(Pair("指标", "indicator"), align="left"),
                *(Column(package_name(told, p)) for p in own),
            ),
            tuple((_label(n), *(_mean(told, p, n) for p in own)) for n in names),
        )


def _label(name: str) -> Cell:
    said, unit = indicator_text(name), indicator(name).unit
    if unit == "days":
        return Cell(said)
    zh, en = UNIT_ZH.get(unit, unit), unit.strip("-")
    return Cell(Pair(f"{said.zh} {zh}".strip(), f"{said.en} {en}".strip()))


def _mean(told: Told, package: str, name: str) -> Cell:
    row, places = indicator_row(told, package, name), decimals_of(name)
    if row is None or row["mean"] is None:
        return Cell(Pair("—", "—"))
    text = f"{row['mean']:.{places}f}"
    moved = (row.get("change") or {}).get("mean")
    if moved is not None:
        rounded = round(float(moved), places) + 0.0
        text += f" ({rounded:+.{places}f})" if rounded else f" ({rounded:.{places}f})"
    return Cell(Pair(text, text))


def _remarks(told: Told, lang: _Lang) -> Iterator[str]:
    yield ""
    for kind, mark in _MARKS.items():
        for found in told["findings"]:
            if found["kind"] == kind:
                yield from _said(
                    told, found["package"], found[lang], lang, f"[{mark[lang == 'en']}] "
                )
    for found in told["findings"]:
        if found["kind"] not in _MARKS and found["rule"] not in _SAID:
            yield from _said(told, found["package"], found[lang], lang, "- ")
    missing = told["not_quantified"]
    if missing:
        yield ""
        yield (
            "不能量化、不在结果之内："
            if lang == "zh"
            else "Not quantified, in none of the results:"
        )
        for found in missing:
            yield from _wrapped(getattr(reason_text(found), lang), mark="- ")
    table = left_out_table(told, "")
    if table is not None:
        yield ""
        yield "不回答的目标：" if lang == "zh" else "Targets without an answer:"
        for reason, number, names in table.rows:
            why, which = getattr(reason.text, lang), getattr(names.text, lang)
            count = f"（{number.text.zh} 项）" if lang == "zh" else f" ({number.text.en})"
            yield from _wrapped(f"{why}{count}: {which}", mark="- ")
    yield ""
    yield from _evidence(told, lang)


def _said(told: Told, package: str, text: str, lang: _Lang, mark: str) -> Iterator[str]:
    whose = getattr(package_name(told, package), lang) if package else ""
    lead = f"{whose}{'：' if lang == 'zh' else ': '}" if whose else ""
    yield from _wrapped(lead + text, mark=mark)


def _evidence(told: Told, lang: _Lang) -> Iterator[str]:
    """The hindcast, what was learned, and where every default is listed."""
    yield "回溯检验与参数修正：" if lang == "zh" else "Hindcast, and what the record teaches:"
    for block in (*hindcast_blocks(told, ""), *learning_blocks(told, "")):
        if isinstance(block, Paragraph):
            said = [block.text]
        else:
            said = list(block.notes) or [row[0].text for row in block.rows]
        for text in said:
            yield from _wrapped(getattr(text, lang), mark="- ")
    grades = Counter(str(row["grade"]) for row in told["defaults"])
    if grades:
        counts = [(getattr(grade_text(g), lang), n) for g, n in grades.most_common()]
        if lang == "zh":
            listed = "，".join(f"{grade} {n}" for grade, n in counts)
            yield from _wrapped(
                f"所用参数 {sum(grades.values())} 个（依据等级：{listed}），逐项的范围、等级和来源见结果文件夹的 "
                "index.html 与 scenario.json（defaults）。"
            )
        else:
            listed = ", ".join(f"{grade} {n}" for grade, n in counts)
            yield from _wrapped(
                f"{sum(grades.values())} parameters (grade of evidence: {listed}); range, grade and "
                "source of each stand in index.html and scenario.json (defaults) of the answer's folder."
            )


def _cells(text: str) -> int:
    """Columns that a text takes; a Chinese character takes two."""
    return sum(2 if ord(c) > 0x2E7F else 1 for c in text)


def _wrapped(text: str, *, mark: str = "") -> Iterator[str]:
    indent = " " * _cells(mark)
    for k, line in enumerate(_lines(text, _WIDTH - _cells(mark))):
        yield (indent if k else mark) + line


def _lines(text: str, width: int) -> list[str]:
    """Lines of at most ``width`` columns; a word that is longer is cut."""
    out: list[str] = []
    for line in wrap(text, width) or [""]:
        while _cells(line) > width:
            at = next(k for k in range(len(line), 0, -1) if _cells(line[:k]) <= width)
            out.append(line[:at])
            line = line[at:]
        out.append(line)
    return out


def _table(block: TableBlock, lang: _Lang, columns: Sequence[int] | None) -> Iterator[str]:
    """A table with its caption; what is repeated down the first column stands once."""
    chosen = list(columns if columns is not None else range(len(block.columns)))
    heads = [(getattr(c.head, lang), getattr(c.unit, lang)) for c in block.columns]
    heads = [heads[k] for k in chosen]
    rows = [[getattr(row[k].text, lang) for k in chosen] for row in block.rows]
    left = [block.columns[k].align == "left" for k in chosen]
    widths = _widths(heads, rows, left)
    yield getattr(block.caption, lang)
    titles = [
        [*_lines(head, w), *(_lines(unit, w) if unit else [])]
        for (head, unit), w in zip(heads, widths, strict=True)
    ]
    yield from _row(titles, widths, left)
    yield "-" * (sum(widths) + _GAP * (len(widths) - 1))
    before = ""
    for row in rows:
        shown = ["" if row[0] == before and len(row) > 2 else row[0], *row[1:]]
        before = row[0]
        lines = [_lines(t, w) for t, w in zip(shown, widths, strict=True)]
        yield from _row(lines, widths, left)


def _widths(heads: list[tuple[str, str]], rows: list[list[str]], left: list[bool]) -> list[int]:
    """Widths of the columns: entries of numbers stay whole, those of text share what is left."""
    widest = [max([_cells(r[k]) for r in rows], default=1) for k in range(len(heads))]
    widths = [
        max(w, _cells(head)) if text else max(w, _word(head), _cells(unit))
        for w, (head, unit), text in zip(widest, heads, left, strict=True)
    ]
    room = _WIDTH - _GAP * (len(widths) - 1)
    while sum(widths) > room:
        wide = [k for k, text in enumerate(left) if text and widths[k] > _TEXT]
        k = max(wide or range(len(widths)), key=lambda k: widths[k])
        widths[k] -= 1
    return widths


def _word(head: str) -> int:
    """Columns of the longest piece of a head that is not broken; Chinese heads break in halves."""
    if any(ord(c) > 0x2E7F for c in head):
        return min(_cells(head), max(10, _cells(head) // 2 + 1))
    return min(max(_cells(word) for word in head.split()), _WORD)


def _row(lines: list[list[str]], widths: list[int], left: list[bool]) -> Iterator[str]:
    for at in range(max(len(x) for x in lines)):
        parts = []
        for own, width, text in zip(lines, widths, left, strict=True):
            piece = own[at] if at < len(own) else ""
            room = " " * (width - _cells(piece))
            parts.append(piece + room if text else room + piece)
        yield (" " * _GAP).join(parts)
