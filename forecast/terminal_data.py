"""What the commands on readings print."""

from __future__ import annotations

import sys
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecast.errors import InputError
from forecast.shell_words import as_word
from forecast.terminal import Console, in_words
from forecast.terminal_text import without_orders

if TYPE_CHECKING:
    import pandas as pd

    from forecast.fetch import FetchReport, Source
    from forecast.ingest.own_layouts import Proposed
    from forecast.ingest.quality_log import Quality
    from forecast.ingest.report import FileReport, IngestReport

__all__ = ["DataConsole"]

#: More files than this are told by layout, more rows of a table cut short.
_MOST_FILES = 20
_MOST_ROWS = 200
_MOST_YEARS = 6


class DataConsole(Console):
    """The terminal of the commands on readings."""

    def ingest_report(self, report: IngestReport) -> None:
        """Print what became of each file, of many files by layout; refusals go to stderr."""
        done = report.read + report.already_read
        if len(done) <= _MOST_FILES:
            for file in done:
                self._file(file)
        else:
            self._by_layout(done)
        for path, why in report.skipped:
            self.say(f"跳过 {path}:{in_words(why, 'zh')}", f"skipped {path}: {why}")
        for file in report.passed_over:
            self.say(
                f"跳过 {file.path} 的表 {file.part}:{in_words(file.reason, 'zh')}",
                f"skipped {file.path}, sheet {file.part}: {file.reason}",
            )
        for file in report.refused:
            name = f"{file.path} [{file.part}]" if file.part else str(file.path)
            where = "" if str(file.path) in file.reason and not file.part else f"{name}: "
            why = in_words(InputError(file.reason, file.cure), self.lang)
            print(f"{self._word('拒收', 'refused')} {where}{why}", file=sys.stderr)
        if report.nothing_aside:
            self.say("没有被拒收或隔离的内容,无需重读。", report.message)
        elif report.message and not report.refused:
            print(in_words(report.message, self.lang), file=sys.stderr)
        self._remarks(done)
        for name in report.outdated:
            self.say(
                f"对照 {name} 改动过,而数据表中还有按其旧状态读入的文件:"
                f"forecast ingest {as_word(f'data/raw/{name}')} 重读。",
                f"the mapping {name} was changed, and the tables hold files that were read by its "
                f"earlier state: read them again with forecast ingest {as_word(f'data/raw/{name}')}.",
            )
        if report.read:
            self.say(
                f"共读入{len(report.read)}个表,新值{report.total('new')},"
                f"隔离{report.total('quarantined')}。",
                f"{len(report.read)} tables read: {report.total('new')} new values, "
                f"{report.total('quarantined')} quarantined.",
            )
        aside = [file.quarantine for file in report.files if file.quarantine is not None]
        if aside:
            self.say(
                f"隔离的行列清单(文件、行、列、值、原因):{aside[0].parent}",
                f"what was set aside, with row, column, value and reason: {aside[0].parent}",
            )
        if report.days:
            self.say(
                f"由小时值或点位算得日值{report.days}个。",
                f"{report.days} values of days from hours or points.",
            )
        if report.strays:
            n, first = len(report.strays), ", ".join(report.strays[:5])
            self.say(
                f"点位清单中{n}个对照点在该城市的数据中没有同码或同名的点,城市均值未扣除它们:{first}",
                f"{n} control points of the lists have neither code nor name of a point in their "
                f"city's readings, so they are left out of no mean: {first}",
            )
        if report.flags:
            self.say(
                f"质控新标记{report.flags}条:forecast status --quality 查看。",
                f"{report.flags} new quality flags: see forecast status --quality.",
            )

    def _remarks(self, files: list[FileReport]) -> None:
        """Print what a person should look at, of many files the first ones."""
        said = [(file, remark.partition("|")) for file in files for remark in file.remarks]
        for file, (zh, _, en) in said[:_MOST_FILES]:
            self.say(f"请核对 {file.path}:{zh}", f"please check {file.path}: {en}")
        if (more := len(said) - _MOST_FILES) > 0:
            self.say(f"另有{more}处需核对,--json 看全部。", f"{more} more to check: see --json.")

    def _file(self, file: FileReport) -> None:
        known = file.status == "already_read"
        name = f"{file.path} ({file.part})" if file.part else str(file.path)
        zh = f"地区{file.region}" + ("(取自文件名)" if file.region_of_name else "")
        en = f"region {file.region}" + (" (by the file's name)" if file.region_of_name else "")
        self.say(
            f"{'已读过' if known else '读入'} {name} [{file.layout}] "
            + (f"{zh} " if file.region else "")
            + f"{file.rows_read}行,新值{file.new},更正{file.corrected},缺测{file.missing},"
            f"隔离{file.quarantined},标记{file.flagged}"
            + (f",留空而沿用旧值{file.silent}" if file.silent else "")
            + (f",撤回{file.withdrawn}" if file.withdrawn else ""),
            f"{'already read' if known else 'read'} {name} [{file.layout}] "
            + (f"{en}, " if file.region else "")
            + f"{file.rows_read} rows: {file.new} new values, {file.corrected} corrected, "
            f"{file.missing} missing, {file.quarantined} quarantined, {file.flagged} flagged"
            + (f", {file.silent} blank where a stored value stays" if file.silent else "")
            + (f", {file.withdrawn} withdrawn" if file.withdrawn else ""),
        )

    def _by_layout(self, files: list[FileReport]) -> None:
        """Print one line a layout, and the files of which something was set aside."""
        for layout in dict.fromkeys(file.layout for file in files):
            mine = [file for file in files if file.layout == layout]
            fresh = [file for file in mine if file.status == "read"]
            rows, new, corrected, aside = (
                sum(getattr(file, count) for file in fresh)
                for count in ("rows_read", "new", "corrected", "quarantined")
            )
            self.say(
                f"[{layout}] 读入{len(fresh)}个表,已读过{len(mine) - len(fresh)}个;"
                f"{rows}行,新值{new},更正{corrected},隔离{aside}",
                f"[{layout}] {len(fresh)} tables read, {len(mine) - len(fresh)} already read; "
                f"{rows} rows: {new} new values, {corrected} corrected, {aside} quarantined",
            )
        for file in [file for file in files if file.quarantined][:_MOST_FILES]:
            self._file(file)

    def coverage(self, root: Path, table: pd.DataFrame, run: Path | None) -> None:
        """Print what a workspace holds."""
        self.say(f"工作区 {root}", f"workspace {root}", always=True)
        if table.empty:
            self.say(
                "还没有监测数据:forecast ingest <文件夹>",
                "no readings yet: forecast ingest <folder>",
                always=True,
            )
            return
        shown = _latest_years(table if len(table) <= _MOST_ROWS else _by_place(table))
        self._table(list(shown.columns), _texts(shown.head(_MOST_ROWS)))
        if len(table) > _MOST_ROWS:
            self.say(
                f"共{len(table)}行(点位×项目),此处按点位合并;--region 地区 看一个地区,--json 看全部。",
                f"{len(table)} rows of place and item, joined by place here; --region NAME shows "
                "one region, --json all.",
                always=True,
            )
        self.say(
            f"最近一次运行:{run.name if run else '无'}",
            f"latest run: {run.name if run else 'none'}",
            always=True,
        )

    def _table(self, columns: list[str], rows: list[list[str]]) -> None:
        from rich.table import Table

        shown = Table(show_edge=False, pad_edge=False)
        for column in columns:
            shown.add_column(column, overflow="fold")
        for row in rows:
            shown.add_row(*map(without_orders, row))
        self._rich.print(shown)

    def quality(self, found: Quality) -> None:
        """Print the flags, what was set aside or corrected, and real-time beside audited values."""
        rows = [self._flag(flag) for flag in found.flags.head(_MOST_ROWS).to_dict("records")]
        if rows:
            names = (
                ("编号", "flag"), ("状态", "status"), ("地区", "region"), ("点位", "place"),
                ("项目", "item"), ("起", "first"), ("止", "last"), ("个数", "n"), ("规则", "rule"),
                ("说明", "detail"),
            )  # fmt: skip
            self._table([self._word(*name) for name in names], rows)
        waiting = int((found.flags["status"] == "open").sum())
        said = int((found.flags["status"] == "information").sum())
        self.say(
            f"质控标记{len(found.flags)}条,其中待定{waiting}条、供参考{said}条"
            + (
                f",此处显示{_MOST_ROWS}条,--json 看全部。"
                if len(found.flags) > _MOST_ROWS
                else "。"
            )
            + "标记的值在剔除之前照用;forecast accept|reject 编号 作决定。",
            f"{len(found.flags)} quality flags, {waiting} open, {said} for information"
            + (f", {_MOST_ROWS} shown, --json has all" if len(found.flags) > _MOST_ROWS else "")
            + "; flagged values are used until rejected: forecast accept|reject FLAG.",
            always=True,
        )
        if len(found.versions):
            heads = (
                ("地区", "region"), ("点位", "place"), ("项目", "item"), ("年", "year"),
                ("天数", "days"), ("实时均值", "real-time mean"), ("审核均值", "audited mean"),
                ("变化", "change"),
            )  # fmt: skip
            rows = [
                [r["region"], r["place"], r["item"], str(r["year"]), str(r["n"])]
                + [f"{r[c]:.1f}" for c in ("realtime", "audited")] + [f"{r['change']:+.1f}"]
                for r in found.versions.head(_MOST_ROWS).to_dict("records")
            ]  # fmt: skip
            self._table([self._word(*head) for head in heads], rows)
        self._corrections(found)
        for r in found.quarantine.head(_MOST_FILES).to_dict("records"):
            name = f"{r['name']}({r['part']})" if r["part"] else r["name"]
            self.say(
                f"隔离 {name}:{r['rows_quarantined']}处,清单 {r['list']}",
                f"quarantined of {name}: {r['rows_quarantined']}, listed in {r['list']}",
                always=True,
            )
        for r in found.refused.head(_MOST_FILES).to_dict("records"):
            # The reason mostly names the file already.
            where = "" if r["path"] in r["reason"] else f"{r['path']}: "
            self.say(
                f"拒收 {where}{in_words(r['reason'], 'zh')}",
                f"refused {where}{r['reason']}",
                always=True,
            )

    def _corrections(self, found: Quality) -> None:
        """Print how many values their source corrected, by place and item, or each of them."""
        if found.corrections.empty:
            return
        heads = [
            ("来源", "source"), ("地区", "region"), ("点位", "place"), ("项目", "item"),
        ]  # fmt: skip
        if found.corrected.empty:
            heads += [
                ("起", "first"),
                ("止", "last"),
                ("更正数", "corrections"),
                ("收到", "known from"),
            ]
            shown = found.corrections.head(_MOST_ROWS).to_dict("records")
            cells = [[*(_moment(r[c]) for c in ("first", "last")), str(r["n"])] for r in shown]
        else:
            heads += [
                ("时间", "time"), ("原值", "old"), ("新值", "new"), ("文件", "file"), ("收到", "known from"),
            ]  # fmt: skip
            shown = found.corrected.head(_MOST_ROWS).to_dict("records")
            cells = [
                [_moment(r["when"]), *(_number(r[c]) for c in ("old", "new")), r["file"]]
                for r in shown
            ]
        rows = [
            [r["source"], r["region"], r["place"], r["item"], *of, _moment(r["known_from"])]
            for r, of in zip(shown, cells, strict=True)
        ]
        self._table([self._word(*head) for head in heads], rows)
        n = int(found.corrections["n"].sum())
        self.say(
            f"同一来源更正{n}个值" + (";--all 逐个列出。" if found.corrected.empty else "。"),
            f"{n} values corrected by their own source"
            + ("; --all lists each." if found.corrected.empty else "."),
            always=True,
        )

    def _flag(self, flag: Mapping[Hashable, Any]) -> list[str]:
        zh, _, en = str(flag["detail"]).partition("|")
        words = {
            "open": ("待定", "open"), "information": ("参考", "information"),
            "accepted": ("认可", "accepted"), "rejected": ("剔除", "rejected"),
        }  # fmt: skip
        from forecast.quality.findings import RULES

        ends = [_moment(flag[c]) for c in ("first", "last")]
        return [
            flag["flag_id"], self._word(*words[flag["status"]]), flag["region"], flag["place"],
            flag["item"], *ends, str(flag["n"]),
            self._word(*RULES.get(flag["rule"], (flag["rule"], flag["rule"]))),
            self._word(zh, en or zh),
        ]  # fmt: skip

    def proposal(self, made: Proposed) -> None:
        """Print what a mapping reads, what is to be checked, and where it lies."""
        if len(made.preview):
            self._table(list(made.preview.columns), _texts(made.preview))
        for note in made.notes:
            zh, _, en = note.partition("|")
            self.say(f"- {zh}", f"- {en or zh}")
        self.say(f"对照已写入 {made.path}", f"the mapping is in {made.path}", always=True)
        if made.confirmed:
            self.say(
                "核对上面的十行;无误即可 forecast ingest 文件,以后同样表头的文件不需再指定。",
                "Check the rows above; then forecast ingest FILE. Files with this header need no "
                "flag from now on.",
            )
        else:
            self.say(
                "有必须由人决定的问题:在文件中改好后,把 confirmed 改为 true。",
                "Questions are left for a person: answer them in the file, then set confirmed = true.",
                always=True,
            )

    def decided(self, flags: pd.DataFrame) -> None:
        """Print what was decided."""
        for flag in flags.to_dict("records"):
            rejected = flag["status"] == "rejected"
            self.say(
                f"{'已剔除' if rejected else '已认可'} {flag['flag_id']} {flag['region']} "
                f"{flag['place']} {flag['item']} {flag['first']}至{flag['last']},{flag['n']}个值;"
                "决定已记入 data/raw/quality_decisions.csv",
                f"{flag['status']} {flag['flag_id']} {flag['region']} {flag['place']} "
                f"{flag['item']} {flag['first']} to {flag['last']}, {flag['n']} values; on record "
                "in data/raw/quality_decisions.csv",
            )

    def sources(self, sources: Sequence[Source]) -> None:
        """Print the public sources and what each takes; options in brackets may be left out."""
        rows = [
            [
                source.name,
                self._word(*source.title),
                " ".join(
                    one.option if one.required else f"[{one.option}]" for one in source.arguments
                ),
                source.key_variable,
            ]
            for source in sources
        ]
        heads = (
            ("数据源", "source"),
            ("内容", "content"),
            ("参数", "options"),
            ("密钥变量", "key from"),
        )
        self._table([self._word(*head) for head in heads], rows)
        self.say(
            "用法:forecast fetch 数据源 参数…", "usage: forecast fetch SOURCE OPTIONS…", always=True
        )

    def fetched(self, report: FetchReport) -> None:
        """Print what came from a source."""
        self.say(
            f"{report.source}:新下载{len(report.downloaded)}个文件,未变{len(report.unchanged)}个,"
            f"续传{len(report.resumed)}个,沿用旧文件{len(report.stale)}个 → {report.folder}",
            f"{report.source}: {len(report.downloaded)} files downloaded, {len(report.unchanged)} "
            f"unchanged, {len(report.resumed)} resumed, {len(report.stale)} older copies used "
            f"→ {report.folder}",
        )
        for file in report.stale[:_MOST_FILES]:
            self.say(
                f"  沿用 {file.name}:{file.age_days:.0f}天前的文件,{file.reason}",
                f"  using {file.name} of {file.age_days:.0f} days ago: {file.reason}",
            )
        self.say(f"许可与限制:{report.terms}", f"terms: {report.terms}")


def _moment(moment: Any) -> str:
    """Return a moment without a time of day that says nothing; blank where there is none."""
    text = str(moment)
    return "" if text == "NaT" else text.removesuffix(":00").removesuffix(" 00:00")


def _number(value: float) -> str:
    """Return a value, blank where it was withdrawn."""
    return "" if value != value else f"{value:g}"


def _texts(table: pd.DataFrame) -> list[list[str]]:
    """Return the cells as text, what is missing as blank."""
    filled = table.astype(object).where(table.notna(), "")
    return [[str(cell) for cell in row] for row in filled.to_numpy().tolist()]


def _latest_years(table: pd.DataFrame) -> pd.DataFrame:
    """Join the counts of all but the latest years into one column, so that a line holds them."""
    years = [column for column in table.columns if column.isdigit()]
    earlier = years[:-_MOST_YEARS]
    if not earlier:
        return table
    summed = table.assign(**{f"≤{earlier[-1]}": table[earlier].sum(axis=1)})
    others = [column for column in table.columns if not column.isdigit()]
    return summed[[*others, f"≤{earlier[-1]}", *years[len(earlier) :]]]


def _by_place(table: pd.DataFrame) -> pd.DataFrame:
    """Join the rows of coverage by place: its items, the whole period, values by year."""
    key = ["domain", "region", "place"]
    years = [column for column in table.columns if column.isdigit()]
    found = table.groupby(key, sort=False).agg(
        items=("item", lambda items: " ".join(items)),
        first=("first", "min"),
        last=("last", "max"),
        n=("n", "sum"),
        **{year: (year, "sum") for year in years},
    )
    return found.reset_index()
