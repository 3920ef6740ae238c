"""What changed since an earlier run, in words: for a terminal, a message and a page."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from forecast.charts.words import VERDICTS, percent
from forecast.report.words import Pair, target_text
from forecast.standards.indicators import indicator
from forecast.standards.items import ITEMS

__all__ = ["change_fragment", "change_lines", "change_sentences", "points"]

#: Sentences of one kind are told up to this many; beyond it their number is.
_MOST = 12

_SETTINGS = {
    "version": Pair("程序版本", "the program's version"),
    "seed": Pair("随机种子", "the seed"),
    "standard": Pair("标准版本", "the version of the standard"),
    "year": Pair("评价年份", "the year judged"),
    "config_sha256": Pair("配置文件", "the configuration"),
    "paths": Pair("路径数", "the number of paths"),
    "model": Pair("模型", "the model"),
    "rules": Pair("评价标准", "the standard in force"),
    "dust": Pair("沙尘日处理", "the treatment of dust days"),
}

_PARTS = {
    "target": Pair("目标值变了", "the target's number changed"),
    "settings": Pair("设置或程序变化", "changed settings or program"),
    "revised": Pair("修订的读数", "revised readings"),
    "new": Pair("新读数与预期之差", "new readings against what was expected of them"),
    "outlook": Pair("余下时段预期的变化", "the outlook for the days left"),
    "time": Pair("时间推移(不确定性改变)", "time passing (how much is still open)"),
    "readings": Pair("新读数及其带来的预期变化", "new readings and what follows from them"),
}


def points(parts: dict[str, float], change: float) -> dict[str, float]:
    """Return parts in percentage points with one decimal that add up to the printed change.

    The rounded parts are changed by a tenth where they have to be, those next to the tie first.

    Args:
        parts: part → share [1]; they add up to ``change``.
        change: the change [1].

    >>> points({"new": 0.0344, "time": 0.0103, "outlook": 0.0103}, 0.055)
    {'new': 3.5, 'time': 1.0, 'outlook': 1.0}
    """
    tenths = {name: 1000 * value for name, value in parts.items()}
    rounded = {name: math.floor(value + 0.5) for name, value in tenths.items()}
    missing = math.floor(1000 * change + 0.5) - sum(rounded.values())
    step = 1 if missing > 0 else -1
    order = sorted(tenths, key=lambda name: step * (rounded[name] - tenths[name]))
    for name in (order * (abs(missing) // max(len(order), 1) + 1))[: abs(missing)]:
        rounded[name] += step
    return {name: value / 10 for name, value in rounded.items()}


def change_sentences(told: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the changes in words, (zh, en): settings, readings, targets, scenarios, probabilities.

    Args:
        told: the object of ``changes.json``.
    """
    rows = told["rows"]
    since, run = told["since"], told["run"]
    out = [
        (
            f"与上一次运行 {since['id']}(截至 {since['as_of']})相比,本次截至 {run['as_of']}:",
            f"Compared with the run {since['id']} (up to {since['as_of']}), up to {run['as_of']} now:",
        )
    ]
    for kind in (
        "settings",
        "new_days",
        "late_days",
        "revised",
        "target",
        "scenario",
        "probability",
    ):
        kinds = ("revised", "withdrawn") if kind == "revised" else (kind,)
        own = [row for row in rows if row["kind"] in kinds]
        out += _limited([_WORDS[row["kind"]](row) for row in own], own, kind)
    if not any(row["kind"] == "probability" for row in rows):
        out.append(
            (
                "没有目标的达标概率变化超出抽样误差。",
                "No target's probability moved by more than drawing paths alone makes.",
            )
        )
    return out


def change_lines(told: dict[str, Any], lang: str) -> list[str]:
    """Return the changes as lines of a terminal; characters that code page 936 lacks are replaced."""
    plain = str.maketrans({"µ": "μ", "³": "3", "²": "2", "₃": "3", "−": "-", "±": "+/-"})
    head, *rest = (zh if lang == "zh" else en for zh, en in change_sentences(told))
    return [head.translate(plain), *(f"  {line}".translate(plain) for line in rest)]


def change_fragment(told: dict[str, Any]) -> str:
    """Return the changes as a fragment of HTML in both languages; names in it are escaped.

    Every sentence stands twice, in elements of class ``zh`` and ``en`` as the page has them.
    """
    (zh, en), *rest = change_sentences(told)
    items = "".join(f"<li>{_both(a, b)}</li>" for a, b in rest)
    return (
        '<section id="changes" aria-labelledby="changes-head">'
        f'<h2 id="changes-head">{_both("与上次相比", "Since the last run")}</h2>'
        f"<p>{_both(zh, en)}</p><ul>{items}</ul></section>"
    )


def _both(zh: str, en: str) -> str:
    return f'<span class="zh" lang="zh">{escape(zh)}</span><span class="en" lang="en">{escape(en)}</span>'


def _limited(
    words: Sequence[tuple[str, str]], rows: Sequence[dict[str, Any]], kind: str
) -> list[tuple[str, str]]:
    if kind == "revised":
        return _revised(rows)
    if kind in ("new_days", "late_days") and len(rows) > _MOST:
        return _days_together(rows)
    return [*words[:_MOST], *_more(len(words) - _MOST)]


def _days_together(rows: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    """New days of many places: how many places have the same, the most first."""
    alike: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in rows:
        alike.setdefault((row["domain"], row["first"], row["last"], row["days"]), []).append(row)
    most = sorted(alike.values(), key=lambda one: -len(one))
    out = []
    for own in most[:_MOST]:
        zh, en = _days(own[0], len(own))
        out.append((zh, en))
    return out + _more(sum(map(len, most[_MOST:])))


def _more(count: int) -> list[tuple[str, str]]:
    """That there is more, and where."""
    if count <= 0:
        return []
    return [(f"……另有{count}条,见 changes.json。", f"… {count} more: changes.json.")]


def _revised(rows: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    """One sentence a place: how many values, and those that changed most; the most first of many."""
    places: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in rows:
        places.setdefault((row["domain"], row["region"], row["place"]), []).append(row)
    told = list(places)
    if len(told) > _MOST:
        told = sorted(told, key=lambda place: -places[place][0]["of"])
    out = []
    for key in told[:_MOST]:
        own, (_, region, place) = places[key], key
        of = own[0]["of"]
        shown = sorted(own, key=_relative, reverse=True)[:3]
        zh = ";".join(_value_words(row).zh for row in shown)
        en = "; ".join(_value_words(row).en for row in shown)
        more_zh, more_en = ("等", ", among others") if of > len(shown) else ("", "")
        name = _place(region, place)
        out.append(
            (
                f"{name}:{of}个已有数值被修订:{zh}{more_zh}。",
                f"{name}: {of} known value{'s were' if of > 1 else ' was'} revised: {en}{more_en}.",
            )
        )
    return out + _more(len(told) - _MOST)


def _relative(row: dict[str, Any]) -> float:
    if row["new"] is None:
        return math.inf
    return float(abs(row["new"] - row["old"]) / max(abs(row["old"]), 1e-9))


def _value_words(row: dict[str, Any]) -> Pair:
    item = ITEMS.get(row["item"])
    zh, en = (item.zh, item.en) if item else (row["item"], row["item"])
    if row["new"] is None:
        return Pair(
            f"{row['day']} {zh} {row['old']:g} 已撤销",
            f"{row['day']} {en} {row['old']:g} withdrawn",
        )
    return Pair(
        f"{row['day']} {zh} {row['old']:g} → {row['new']:g}",
        f"{row['day']} {en} {row['old']:g} → {row['new']:g}",
    )


def _place(region: str, place: str) -> str:
    return region if place == region else f"{region} {place}"


def _settings(row: dict[str, Any]) -> tuple[str, str]:
    name = _SETTINGS.get(row["setting"], Pair(row["setting"], row["setting"]))
    if row["setting"] == "config_sha256":
        return f"{name.zh}有改动。", f"{name.en.capitalize()} was edited."
    return (
        f"{name.zh}:{row['old']} → {row['new']}。",
        f"{name.en[:1].upper()}{name.en[1:]}: {row['old']} → {row['new']}.",
    )


def _days(row: dict[str, Any], places: int = 1) -> tuple[str, str]:
    name = en_name = _place(row["region"], row["place"])
    if places > 1:
        name, en_name = f"{places}个地点", f"{places} places"
    one = row["first"] == row["last"]
    zh = row["first"] if one else f"{row['first']}至{row['last']}"
    en = row["first"] if one else f"{row['first']} to {row['last']}"
    count = row["days"]
    late = row["kind"] == "late_days"
    air = row["domain"] == "air"
    unit_zh = "天" if air else "次"
    unit_en = ("day" if air else "sampling day") + ("s" if count > 1 else "")
    return (
        f"{name}:{'补上' if late else '新增'}{count}{unit_zh}({zh})。",
        f"{en_name}: {count} {unit_en} {'filled in' if late else 'new'} ({en}).",
    )


def _target(row: dict[str, Any]) -> tuple[str, str]:
    where = _place(row["region"], row["place"])
    zh, en = f"{where} {row['label_zh']}", f"{where}, {row['label_en']}"
    old, new = (_asked(row, row[name]) for name in ("old", "new"))
    verdicts = [
        VERDICTS[row[name]] if row[name] else None for name in ("old_verdict", "new_verdict")
    ]
    v_zh = "、".join(v.zh for v in verdicts[1:] if v)
    v_en = ", ".join(v.en.lower() for v in verdicts[1:] if v)
    source = f"({row['source']})" if row["source"] else ""
    told = {
        "added": (f"新目标:{zh} {new.zh}", f"New target: {en} {new.en}"),
        "gone": (f"不再评价:{zh} {old.zh}", f"No longer judged: {en} {old.en}"),
        "asked": (f"目标值变化:{zh} {old.zh} → {new.zh}{source}", f"Target changed: {en} {old.en} → {new.en}{source}"),
        "entered": (f"已录入:{zh} {new.zh}{source}", f"Entered: {en} {new.en}{source}"),
        "judged": (f"现在可以评价:{zh} {new.zh},{v_zh}", f"Can be judged now: {en} {new.en}, {v_en}"),
        "unjudged": (f"现在无法评价:{zh} {new.zh},{v_zh}", f"Can no longer be judged: {en} {new.en}, {v_en}"),
        "verdict": (f"结论变化:{zh},{v_zh}", f"Verdict changed: {en}, {v_en}"),
    }[row["what"]]  # fmt: skip
    return f"{told[0].rstrip()}。", f"{told[1].rstrip()}."


def _asked(row: dict[str, Any], value: Any) -> Pair:
    if value is None or not row["comparator"]:
        # Targets such as "keeps falling" say in their label what they ask.
        return Pair("", "")
    try:
        decimals = indicator(row["indicator"]).judged_decimals
    except KeyError:
        decimals = None
    return target_text({"comparator": row["comparator"], "value": value}, row["unit"], decimals)


def _scenario(row: dict[str, Any]) -> tuple[str, str]:
    zh, en = {
        "added": ("新情景", "New scenario"),
        "gone": ("不再采用的情景", "Scenario no longer used"),
        "changed": ("情景有改动", "Scenario changed"),
    }[row["what"]]
    file = f"({row['file']})" if row["file"] else ""
    return (
        f"{zh}:{row['region']} {row['name']}{file}。",
        f"{en}: {row['region']}, {row['name_en'] or row['name']} {file}".rstrip() + ".",
    )


def _probability(row: dict[str, Any]) -> tuple[str, str]:
    where = _place(row["region"], row["place"])
    asked = _asked(row, row["value"])
    head = Pair(
        f"{where} {row['label_zh']} {asked.zh}".rstrip(),
        f"{where}, {row['label_en']} {asked.en}".rstrip(),
    )
    change = math.floor(1000 * row["change"] + 0.5) / 10
    error = 100 * row["error"]
    zh = (
        f"{head.zh}:达标概率 {percent(row['old'])} → {percent(row['new'])}"
        f"({change:+.1f}个百分点,抽样误差±{error:.1f})"
    )
    en = (
        f"{head.en}: probability {percent(row['old'])} → "
        f"{percent(row['new'])} ({change:+.1f} points, ±{error:.1f} from drawing)"
    )
    if row["old_verdict"] != row["new_verdict"]:
        before, after = VERDICTS[row["old_verdict"]], VERDICTS[row["new_verdict"]]
        zh += f",{before.zh} → {after.zh}"
        en += f", {before.en.lower()} → {after.en.lower()}"
    told = {n: v for n, v in points(row["parts"], row["change"]).items() if v != 0.0}
    if told:
        words = dict(_PARTS)
        if row["with_settings"]:
            for name in ("outlook", "readings"):
                words[name] = Pair(
                    f"{_PARTS[name].zh}(含设置或程序变化的影响)",
                    f"{_PARTS[name].en} (changed settings or program included)",
                )
        order = [name for name in _PARTS if name in told]
        zh += ":" + ",".join(f"{words[n].zh} {told[n]:+.1f}" for n in order)
        en += ": " + ", ".join(f"{words[n].en} {told[n]:+.1f}" for n in order)
    return f"{zh}。", f"{en}."


_WORDS: dict[str, Callable[[dict[str, Any]], tuple[str, str]]] = {
    "settings": _settings,
    "new_days": _days,
    "late_days": _days,
    "revised": _value_words,
    "withdrawn": _value_words,
    "target": _target,
    "scenario": _scenario,
    "probability": _probability,
}
