"""Tables of the page on what lies ahead: what moves the forecasts, later years, groups of regions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from forecast.report.scoreboard import printed_forecast
from forecast.report.words import Pair, indicator_text, percent, target_text
from forecast.standards.indicators import indicator

__all__ = ["Explained", "GroupRow", "LaterRow", "explained_of", "group_rows", "later_rows"]

#: How the parts of a mean are called, in the order shown.
_PARTS = ("season", "state", "trend", "calendar")


@dataclass(frozen=True)
class Explained:
    """What moves the forecasts of one place.

    Attributes:
        means: a row for each annual mean: its name, then printed numbers: typical level, season,
            recent days, trend, calendar, rest of the year, year so far, year, against last year.
        texts: name and sentences of the indicators that have a target or count days.
    """

    region: str
    place: str
    means: tuple[tuple[Pair, tuple[str, ...]], ...]
    texts: tuple[tuple[Pair, Pair], ...]


@dataclass(frozen=True)
class LaterRow:
    """One number that is asked, over later years.

    ``cells`` holds for each year of the table the probability and the forecast behind it.
    """

    region: str
    place: str
    name: Pair
    target: Pair
    cells: tuple[tuple[str, str], ...]
    lasting: Pair


@dataclass(frozen=True)
class GroupRow:
    """What is asked of all members of a group, and how likely all attain."""

    group: str
    members: int
    name: Pair
    target: Pair
    probability: str
    independent: str
    expected: str
    missing: str
    reason: Pair


def explained_of(result: dict[str, Any]) -> list[Explained]:
    """Return one item for each place with an explained forecast."""
    places: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for entry in result.get("projections", []):
        if entry.get("explain"):
            places.setdefault((str(entry["region"]), str(entry["place"])), []).append(entry)
    out = []
    for (region, place), entries in places.items():
        names = {e["indicator"] for e in entries}
        means, texts = [], []
        for entry in entries:
            told, name = entry["explain"], str(entry["indicator"])
            if told["kind"] == "mean":
                means.append((indicator_text(name), _mean_cells(told)))
            # The ratio and the number of good days have the same story.
            twice = name == "good_days" and "good_day_ratio" in names
            if not twice and (entry.get("targets") or told["kind"] == "days"):
                texts.append((indicator_text(name), Pair(told["text"], told["text_en"])))
        out.append(Explained(region, place, tuple(means), tuple(texts)))
    return out


def _mean_cells(told: dict[str, Any]) -> tuple[str, ...]:
    parts, before = told.get("parts"), told.get("last_year")
    first = ["—"] * (1 + len(_PARTS))
    if parts:
        first = [_plain(parts["typical"]), *(_signed(parts["added"][p]) for p in _PARTS)]
    rest = told["rest"]
    return (
        *first,
        f"{_plain(rest['median'])} ({_plain(rest['low'])} – {_plain(rest['high'])})",
        _plain(told["so_far"]["mean"]),
        _plain(told["year"]),
        _signed(before["change"]) if before else "—",
    )


def _plain(value: Any) -> str:
    return "—" if value is None else f"{value:.1f}"


def _signed(value: Any) -> str:
    if value is None:
        return "—"
    text = f"{value:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text.replace("-", "−")


def later_rows(result: dict[str, Any]) -> tuple[list[int], list[LaterRow]]:
    """Return the later years looked at, and a row for each number that is asked of an indicator.

    A number that only a later year asks, or one of the year asked tried on later years.
    """
    entries = [e for e in result.get("projections", []) if (e.get("outlook") or {}).get("years")]
    years = sorted({int(y["year"]) for e in entries for y in e["outlook"]["years"]})
    rows = []
    for entry in entries:
        name, unit = str(entry["indicator"]), str(entry.get("unit", ""))
        told = {int(y["year"]): y["quantiles"] for y in entry["outlook"]["years"]}
        for asked in entry["outlook"]["attainment"]:
            cells = tuple(
                (percent(asked["by_year"].get(str(y))), _spread(told.get(y), unit, name))
                for y in years
            )
            wanted = target_text(asked, unit, _decimals(name))
            when = asked.get("target_year")
            if when is not None and when != entry["year"]:
                wanted = Pair(f"{wanted.zh}（{when}年）", f"{wanted.en} ({when})")
            rows.append(
                LaterRow(
                    str(entry["region"]), str(entry["place"]), indicator_text(name, asked), wanted,
                    cells, Pair(asked["text"], asked["text_en"]),
                )
            )  # fmt: skip
    return years, rows


def _spread(quantiles: dict[str, Any] | None, unit: str, name: str) -> str:
    if not quantiles:
        return ""
    low, middle, high = (
        printed_forecast(quantiles[q], unit, name) for q in ("0.05", "0.5", "0.95")
    )
    return f"{middle} ({low} – {high})"


def _decimals(name: str) -> int | None:
    try:
        return indicator(name).judged_decimals
    except KeyError:
        return None


def group_rows(result: dict[str, Any]) -> list[GroupRow]:
    """Return one row for each thing that is asked of a group of regions."""
    rows = []
    for entry in result.get("groups", []):
        name = str(entry["indicator"])
        try:
            unit = indicator(name).unit
            label = indicator_text(name)
            target = target_text(entry, unit, _decimals(name))
        except KeyError:
            # The composite over six items: none of them over class II.
            label = Pair("超过二级标准的监测项目", "items over class II")
            target = target_text(entry, "items", 0)
        expected = entry.get("expected")
        rows.append(
            GroupRow(
                str(entry["group"]), len(entry["members"]), label, target,
                percent(entry.get("probability")), percent(entry.get("independent")),
                "—" if expected is None else f"{expected:.1f} / {len(entry['members'])}",
                "、".join(map(str, entry.get("missing", []))) or "—",
                Pair(str(entry.get("reason", "")), str(entry.get("reason_en", ""))),
            )
        )  # fmt: skip
    return rows
