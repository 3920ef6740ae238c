"""What the commands print for people: short tables and sentences, in Chinese or English."""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from forecast.errors import ForecastError, UsageError
from forecast.terminal_text import without_orders

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console as RichConsole

    from forecast.projection.observed import Assessment
    from forecast.runs.execute import Outcome

__all__ = ["Console", "complain", "in_words", "known_language", "progress_bar"]

#: Days that differ without a known cause are shown up to this many.
_MOST_DAYS = 20

#: Remarks on the readings that are printed after a run; of more their number is.
_MOST_REMARKS = 12

_STAGES = {
    "ingest": ("读入文件", "reading files"),
    "air": ("大气预测", "projecting air"),
    "water": ("水质预测", "projecting water"),
    "charts": ("绘图", "drawing charts"),
    "pages": ("编写页面", "writing pages"),
    "review": ("编写报告", "writing the review"),
    "hindcasts": ("历史回报", "past forecasts"),
}


@contextmanager
def progress_bar(lang: str, *, quiet: bool) -> Iterator[Callable[[str, int, int], None] | None]:
    """Show progress on stderr while the block runs, if that is a terminal."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console as Rich
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TimeRemainingColumn(compact=True),
        console=Rich(stderr=True), transient=True,
    ) as bar:  # fmt: skip
        tasks = {}

        def advance(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                zh, en = _STAGES.get(stage, (stage, stage))
                tasks[stage] = bar.add_task(zh if lang == "zh" else en, total=total)
            bar.update(tasks[stage], completed=done, total=total)

        yield advance


def known_language(lang: str) -> str:
    """Return ``lang``; checked before a command does anything.

    Raises:
        UsageError: a language other than zh and en.
    """
    if lang not in ("zh", "en"):
        raise UsageError(f"--lang {lang} is not known.", "Use zh or en.")
    return lang


def complain(said: str | ForecastError, lang: str = "en") -> None:
    """Write one sentence and its cure to the error stream, after the name of the command.

    Names of files and places may stand in it; none of them gives the terminal an order.

    Args:
        said: an error, or a sentence.
        lang: the language of the reader; what is said in English is put into Chinese unless it is
            ``en``.
    """
    sys.stderr.write(f"forecast: {without_orders(in_words(said, lang))}\n")


def in_words(said: str | ForecastError, lang: str) -> str:
    """Return an error, or an English sentence, in the language of the reader."""
    if lang == "en":
        return str(said)
    from forecast.messages import in_chinese

    return in_chinese(said)


class Console:
    """Prints to stdout in one language.

    Raises:
        UsageError: a language other than zh and en.
    """

    def __init__(self, lang: str, *, quiet: bool = False) -> None:
        self.lang = known_language(lang)
        self.quiet = quiet

    @property
    def _rich(self) -> RichConsole:
        from rich.console import Console as Rich

        # Names come from files: brackets and colons in them are no orders to the printer.
        return Rich(
            file=sys.stdout, highlight=False, markup=False, emoji=False,
            width=None if sys.stdout.isatty() else 160, legacy_windows=False,
        )  # fmt: skip

    def _word(self, zh: str, en: str) -> str:
        return zh if self.lang == "zh" else en

    def say(self, zh: str, en: str, *, always: bool = False) -> None:
        """Print one sentence unless quiet."""
        if always or not self.quiet:
            print(without_orders(self._word(zh, en)))

    def assessment(self, found: Assessment) -> None:
        """Print the indicators of a year and the checks of the AQI."""
        from rich.table import Table

        shown = Table(show_edge=False, pad_edge=False)
        for zh, en in (
            ("地区", "region"), ("点位", "place"), ("指标", "indicator"), ("年", "year"),
            ("值", "value"), ("单位", "unit"), ("有效/应有", "valid/expected"), ("标准", "standard"),
            ("达标", "attains"), ("说明", "remark"),
        ):  # fmt: skip
            shown.add_column(self._word(zh, en))
        for r in found.table.to_dict("records"):
            met = {True: self._word("是", "yes"), False: self._word("否", "no")}.get(
                r["attains"], ""
            )
            cells = (
                r["region"], r["place"], r["indicator"], str(r["year"]), self._both_dust(r),
                r["unit"], f"{r['n_valid']}/{r['n_expected']}", r["standard"], met,
                r["reason"] if self.lang == "zh" else r["reason_en"],
            )  # fmt: skip
            shown.add_row(*map(without_orders, cells))
        self._rich.print(shown)
        for c in found.checks:
            share = 100 * c.within_1 / c.n if c.n else float("nan")
            self.say(
                f"{c.place} AQI复核 {c.first}至{c.last}:{c.n}天中{c.within_1}天相差不超过1"
                f"({share:.2f}%);由NO2、SO2或CO主导而公布值不同的有{len(c.gas_led)}天,"
                f"其他{len(c.other)}天",
                f"{c.place} AQI check {c.first} to {c.last}: {c.within_1} of {c.n} days within 1 "
                f"({share:.2f} %); {len(c.gas_led)} days led by NO2, SO2 or CO differ, "
                f"{len(c.other)} others",
            )
            for day in (*c.gas_led, *c.other[:_MOST_DAYS]):
                self.say(
                    f"  {day['date']} 重算{day['aqi']} 公布{day['published']} 主导{day['primary']}",
                    f"  {day['date']} ours {day['aqi']} published {day['published']} "
                    f"led by {day['primary']}",
                )
            if len(c.other) > _MOST_DAYS:
                self.say(
                    f"  …其余{len(c.other) - _MOST_DAYS}天见 --json",
                    f"  … {len(c.other) - _MOST_DAYS} more days: --json",
                )

    def _both_dust(self, row: Mapping[Hashable, Any]) -> str:
        """Return the value, with that under the other treatment of dust days where it differs."""
        value, other = row["value_official"], row.get("dust_other")
        shown = "" if value is None else str(value)
        if not isinstance(other, str):
            return shown
        words = {"kept": ("含沙尘", "dust kept"), "removed_where_known": ("扣沙尘", "dust removed")}
        return f"{shown} ({self._word(*words[other])} {row['value_official_other']})"

    def targets(self, table: pd.DataFrame) -> None:
        """Print the targets."""
        from rich.table import Table

        shown = Table(show_edge=False, pad_edge=False)
        for zh, en in (
            ("编号", "id"), ("目标", "target"), ("值", "value"), ("单位", "unit"), ("年", "year"),
            ("属性", "binding"), ("已录入", "entered"),
        ):  # fmt: skip
            shown.add_column(self._word(zh, en))
        label = "label_zh" if self.lang == "zh" else "label_en"
        for r in table.to_dict("records"):
            value = f"{r['value']:g}" if isinstance(r["value"], float) else str(r["value"])
            cells = (
                r["id"], r[label], f"{r['comparator']} {value}".strip(), r["unit"],
                r["period"] or str(r["year"]), r["binding"], r["entered"],
            )  # fmt: skip
            shown.add_row(*(without_orders(str(cell)) for cell in cells))
        self._rich.print(shown)

    def run(self, outcome: Outcome, *, sample: bool) -> None:
        """Print the verdicts and the path of the page."""
        from forecast.report.short_range_terminal import say_outlook
        from forecast.report.terminal import render_table

        if not self.quiet:
            lang: Literal["zh", "en"] = "zh" if self.lang == "zh" else "en"
            render_table(outcome.result, lang, self._rich)
            say_outlook(outcome.result.get("short_range"), lang, self._rich)
        if not outcome.new:
            self.say(
                "输入没有变化,沿用已有结果。",
                "Nothing new: the inputs are unchanged, this run stood.",
            )
        for zh, en in outcome.remarks[:_MOST_REMARKS]:
            self.say(f"注意:{zh}", f"Note: {en}")
        more = len(outcome.remarks) - _MOST_REMARKS
        if more > 0:
            self.say(f"另有{more}条提示,见报告页。", f"{more} more notes: see the page.")
        if sample:
            self.say(
                "注意:逐日数据为按公布年度数字生成的样例,不是监测数据。",
                "Note: the daily values are generated from annual figures; they are not measured.",
                always=True,
            )
        self.say(f"报告页:{outcome.page}", f"page: {outcome.page}", always=True)
