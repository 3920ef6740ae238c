"""What an answer of the scenario engine says, piece by piece and ready to print.

``told`` is the JSON object of one region and year as it is stored in ``scenario.json`` and in the
``scenarios`` of ``projection.json``; nothing but it is needed to print an answer anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import NormalDist
from typing import Any

from forecast.report.document import Cell
from forecast.report.words import (
    LEVELS,
    Pair,
    class_text,
    indicator_text,
    percent,
    target_text,
)
from forecast.scenario.pollutants import POLLUTANT_NAMES, POLLUTANTS, SECTOR_NAMES
from forecast.standards.indicators import indicator

__all__ = [
    "BASELINE",
    "Told",
    "answered_names",
    "asked_text",
    "chance_cell",
    "cut_details",
    "decided_lines",
    "decimals_of",
    "grade_text",
    "indicator_row",
    "lever_text",
    "no_values",
    "package_name",
    "package_names",
    "pollutant_text",
    "reason_text",
    "sector_text",
    "span_cell",
    "target_name",
    "target_rows",
    "target_span",
    "value_text",
]

#: One answer, as read from JSON.
Told = Mapping[str, Any]

#: What stands in the rows of the year without a package.
BASELINE = Pair("基准", "baseline")

_GRADES: dict[str, Pair] = {
    "verified": Pair("已核", "verified"),
    "secondary": Pair("转引", "secondary"),
    "judgement": Pair("判断", "judgement"),
    "from memory": Pair("凭记忆", "from memory"),
    "user": Pair("用户给定", "the user's own"),
}

#: Pollutants as formulas, which both languages share; the rest go by their names.
_FORMULAS: dict[str, str] = {
    **{name: name for name in POLLUTANTS}, "PM25": "PM2.5", "NH3N": "NH3-N",
}  # fmt: skip


def package_names(told: Told) -> list[str]:
    """Names of the packages in the order told, without the baseline."""
    return [str(p["name"]) for p in told["packages"]]


def answered_names(told: Told) -> list[str]:
    """Names of the packages of which something of the air was worked out."""
    there = {str(r["package"]) for r in told["rows"]}
    return [name for name in package_names(told) if name in there]


def package_name(told: Told, name: str) -> Pair:
    """What a package is called; an empty name is the baseline."""
    if not name:
        return BASELINE
    own: Mapping[str, Any] = next((p for p in told["packages"] if p["name"] == name), {})
    return Pair(name, str(own.get("name_en") or name))


def no_values(told: Told) -> bool:
    """Whether nothing of the air was worked out."""
    return not told["rows"]


def target_rows(told: Told) -> list[list[Mapping[str, Any]]]:
    """Rows of each target of the air, the baseline's first, in the order of the packages."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in told["rows"]:
        if row["kind"] == "target":
            found.setdefault(str(row["id"]), []).append(row)
    return list(found.values())


def indicator_row(told: Told, package: str, name: str) -> Mapping[str, Any] | None:
    """The row of an indicator under a package; None where it is not forecast."""
    return next(
        (
            r
            for r in told["rows"]
            if r["kind"] == "indicator" and r["package"] == package and r["indicator"] == name
        ),
        None,
    )


def target_name(row: Mapping[str, Any]) -> Pair:
    """What a target is called: its label, else its indicator; with its level."""
    named = indicator_text(str(row["indicator"]), dict(row))
    zh = str(row.get("label_zh") or named.zh)
    en = str(row.get("label_en") or named.en)
    level = LEVELS.get(str(row.get("level") or "single"), LEVELS["single"])
    # Many a plan's label says its level itself.
    return Pair(
        zh if level[0] in zh else f"{zh}（{level[0]}）",
        en if level[1] in en else f"{en} ({level[1]})",
    )


def asked_text(row: Mapping[str, Any]) -> Pair:
    """What a target asks: comparator, value and unit."""
    name = str(row["indicator"])
    try:
        known = indicator(name)
    except KeyError:
        # The composite over six items: none of them over class II.
        return target_text(dict(row), "items", 0)
    return target_text(dict(row), str(row.get("unit") or known.unit), known.judged_decimals)


def decimals_of(name: str) -> int:
    """Places that a mean over paths is printed with: one more than an observed concentration."""
    known = indicator(name)
    places = known.judged_decimals or 0
    return places + 1 if places == 0 and known.unit != "class" else places


def value_text(name: str, value: float | None) -> str:
    """A mean over paths as printed; a class is a number between two classes."""
    if value is None:
        return "—"
    unit = indicator(name).unit
    return class_text(round(value)) if unit == "class" else f"{value:.{decimals_of(name)}f}"


def chance_cell(probability: float | None, **look: Any) -> Cell:
    """A probability as a cell; what is not certain never reads 0 % or 100 %."""
    text = percent(probability)
    return Cell(Pair(text, text), probability, **look)


def span_cell(low: float | None, high: float | None, decimals: int, *, signed: bool = True) -> Cell:
    """An interval as a cell; a missing end lies beyond what was worked out."""
    if low is None and high is None:
        return Cell(Pair("—", "—"))

    def end(value: float | None, beyond: str) -> str:
        if value is None:
            return beyond
        rounded = round(value, decimals) + 0.0
        return f"{rounded:+.{decimals}f}" if signed and rounded else f"{rounded:.{decimals}f}"

    return Cell(
        Pair(f"{end(low, '')} 至 {end(high, '范围外')}", f"{end(low, '')} to {end(high, 'beyond')}")
    )


def target_span(told: Told, row: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Monte-Carlo interval of the change of a probability [points]; Nones for the baseline."""
    change, error = row.get("change"), row.get("change_error")
    if change is None or error is None:
        return None, None
    wide = NormalDist().inv_cdf((1.0 + float(told["interval"])) / 2.0) * float(error)
    return 100.0 * (float(change) - wide), 100.0 * (float(change) + wide)


def decided_lines(told: Told) -> list[Pair]:
    """What no package changes, one sentence for what is missed and one for what is met."""
    out = []
    for verdict, zh, en in (
        ("missed", "低于 1 %", "below 1 %"),
        ("met", "高于 99 %", "above 99 %"),
    ):
        own = [r[0] for r in target_rows(told) if r[0].get("decided") == verdict]
        named = [(target_name(row), asked_text(row)) for row in own]
        if own:
            out.append(
                Pair(
                    f"已成定局：有无所列减排，条件估计的达标概率均{zh}：{_joined(named, 0, '；')}。",
                    f"Decided: with or without these cuts the conditional estimate of the "
                    f"probability is {en}: {_joined(named, 1, '; ')}.",
                )
            )
    return out


def _joined(named: Sequence[tuple[Pair, Pair]], lang: int, between: str) -> str:
    return between.join(f"{name[lang]} {asked[lang]}" for name, asked in named)


def reason_text(found: Mapping[str, Any]) -> Pair:
    """Why a measure is not quantified, led by its name where the reason doesn't name it."""
    name, zh, en = (str(found[k]) for k in ("measure", "zh", "en"))
    # An English reason that has a colon leads with the measure's English name.
    return Pair(
        zh if name in zh else f"{name}：{zh}", en if name in en or ": " in en else f"{name}: {en}"
    )


def grade_text(grade: str) -> Pair:
    """A grade of evidence in words."""
    return _GRADES.get(grade, Pair(grade or "—", grade or "—"))


def pollutant_text(name: str) -> Pair:
    """A pollutant as a table names it."""
    if name in _FORMULAS:
        return Pair(_FORMULAS[name], _FORMULAS[name])
    return Pair(*POLLUTANT_NAMES.get(name, (name, name)))


def lever_text(lever: str) -> Pair:
    """A lever as it is written on the command line: ``NOx``, ``industry:VOC``, ``industry``.

    >>> lever_text("industry:VOC")
    Pair(zh='工业 VOC', en='industry VOC')
    """
    sector, colon, pollutant = lever.rpartition(":")
    if not colon and lever in SECTOR_NAMES:
        return Pair(*SECTOR_NAMES[lever])
    zh, en = SECTOR_NAMES.get(sector, (sector, sector))
    said = pollutant_text(pollutant)
    return Pair(f"{zh} {said.zh}".strip(), f"{en} {said.en}".strip())


def sector_text(row: Mapping[str, Any]) -> Pair:
    """A sector of the inventory by its own name, with its group in English."""
    own, group = str(row.get("sector") or ""), str(row.get("group") or "")
    if own in ("", "total", "all"):
        return Pair("全部门", "all sectors")
    zh, en = SECTOR_NAMES.get(group, (own, own))
    return Pair(SECTOR_NAMES.get(own, (own, own))[0], SECTOR_NAMES.get(own, ("", ""))[1] or
                (f"{own} ({en})" if zh != own and en != own else en))  # fmt: skip


def cut_details(told: Told, package: str) -> Pair:
    """What a package cuts in the year: tonnes by pollutant, else percent, and from when."""
    own = [r for r in told["tonnes"] if r["package"] == package]
    parts: list[Pair] = []
    for scope in dict.fromkeys(str(r["scope"]) for r in own):
        found = _cuts([r for r in own if r["scope"] == scope])
        zh, en = ("区域", "region: ") if scope == "region" else ("", "")
        parts.append(Pair((f"{zh}：" if zh else "") + "，".join(p.zh for p in found),
                          en + ", ".join(p.en for p in found)))  # fmt: skip
    start = next((p.get("start") for p in told["packages"] if p["name"] == package), None)
    if start:
        parts.append(Pair(f"自 {start} 起", f"from {start}"))
    return Pair("；".join(p.zh for p in parts if p.zh), "; ".join(p.en for p in parts if p.en))


def _cuts(rows: Sequence[Mapping[str, Any]]) -> list[Pair]:
    """Cuts of one scope: pollutants with tonnes over all sectors, the others by sector in percent."""
    out: list[Pair] = []
    weighed = [r for r in rows if r["cut_t"] is not None]
    for name in dict.fromkeys(str(r["pollutant"]) for r in weighed):
        total = sum(float(r["cut_t"]) for r in weighed if r["pollutant"] == name)
        said = pollutant_text(name)
        out.append(Pair(f"{said.zh} {-total:+.0f} t", f"{said.en} {-total:+.0f} t"))
    # Cuts of whole sectors stand once, not once for each pollutant.
    rest: dict[tuple[str, float], list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["cut_t"] is None and row["cut_percent"] is not None:
            rest.setdefault((str(row["sector"]), round(float(row["cut_percent"]), 1)), []).append(
                row
            )
    for (_, share), own in rest.items():
        sector, names = sector_text(own[0]), [str(r["pollutant"]) for r in own]
        what = _listed(pollutant_text(n) for n in names)
        if set(POLLUTANTS) <= set(names):
            what = Pair("全部污染物", "all pollutants")
        whole = sector.en == "all sectors"
        out.append(
            Pair(
                f"{'' if whole else sector.zh}{what.zh} {_signed(-share)} %（按全年）",
                f"{'' if whole else sector.en + ' '}{what.en} {_signed(-share)} % of the year",
            )
        )
    return out


def _signed(value: float) -> str:
    return f"{value + 0.0:+g}"


def _listed(pairs: Iterable[Pair]) -> Pair:
    every = list(pairs)
    return Pair("、".join(p.zh for p in every), ", ".join(p.en for p in every))
