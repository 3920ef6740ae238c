"""The reference pages name everything that the code has, nothing that it has not, and work as shown."""

from __future__ import annotations

import re
import shlex
import sqlite3
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer

import forecast.tables
from forecast import Workspace
from forecast.cli import app
from forecast.fetch import FETCHERS
from forecast.fetch.arguments import accepted
from forecast.ingest.detect import LAYOUTS
from forecast.ingest.mapping.load import read_mapping
from forecast.quality.findings import RULES
from forecast.standards.city_mean import city_means, in_force
from forecast.standards.indicators import INDICATORS
from forecast.standards.items import ITEMS
from forecast.standards.versions import RULESETS
from forecast.store import Store

_ROOT = Path(__file__).parents[1]
_DOCS = _ROOT / "docs"
_PAGES = sorted(_DOCS.glob("*.md"))


def _page(name: str) -> str:
    return (_DOCS / name).read_text(encoding="utf-8")


def _section(page: str, heading: str) -> str:
    """The text under ``## heading…`` up to the next heading of that level."""
    _, _, rest = page.partition(f"\n## {heading}")
    assert rest, heading
    return rest.partition("\n## ")[0]


def _rows(text: str) -> list[list[str]]:
    """The lines of tables whose first cell is one code word, as cells without the code marks."""
    lines = [line for line in text.splitlines() if re.match(r"\| `[^`]+` \|", line)]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def _first_cells(text: str) -> list[str]:
    return [row[0].strip("` ") for row in _rows(text)]


def _blocks(page: str, language: str = "") -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL)


def _package(entry: str) -> str:
    return re.split(r"[\[<>=;~! ]", entry)[0]


def test_every_dependency_has_one_line_where_it_belongs() -> None:
    """docs/dependencies.md and pyproject.toml list the same packages, by purpose."""
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    page = _page("dependencies.md")
    needed = [_package(entry) for entry in project["dependencies"]]
    assert _first_cells(_section(page, "Needed to run")) == needed
    extras = dict(project["optional-dependencies"])
    developing = [_package(entry) for entry in extras.pop("dev")]
    assert sorted(_first_cells(_section(page, "Needed to develop"))) == sorted(developing)
    listed = [(row[1].strip("`"), row[0].strip("` ")) for row in _rows(_section(page, "Extras"))]
    declared = [(name, _package(entry)) for name, entries in extras.items() for entry in entries]
    assert sorted(listed) == sorted(declared)


def test_nomenclature_has_every_item_and_indicator() -> None:
    """Items of air, weather and flow and all indicators stand on the page with unit and name."""
    page = _page("nomenclature.md")
    for item in ITEMS.values():
        if item.domain != "water":
            assert f"| `{item.code}` | {item.zh} | {item.unit.replace('-', '–')} |" in page
    for name in INDICATORS:
        assert f"`{name}`" in page or f"`{name.removesuffix('annual_mean')}`" in page, name


def test_standards_page_names_every_version() -> None:
    """Each token of a ruleset and each grade of evidence is explained."""
    page = _page("standards.md")
    for rules in RULESETS:
        for token in (rules.aqi, rules.limits.removesuffix(" final"), rules.assessment):
            assert token in page
    for grade in ("verified", "secondary", "third party", "from memory"):
        assert f"| {grade} |" in page


def test_formats_page_names_every_layout_and_where_it_goes() -> None:
    """The layouts on the page are those of the register, each with its tables and its traps."""
    section = _section(_page("data_formats.md"), "Layouts")
    listed = {
        row[0].strip("` "): set(re.findall(r"`([a-z_]+)`", row[-1])) for row in _rows(section)
    }
    assert listed == {name: set(layout.tables) for name, layout in LAYOUTS.items()}
    assert len(_rows(section)) == len(listed)
    explained = re.findall(r"^- `([a-z_0-9]+)`", section, flags=re.MULTILINE)
    assert sorted(explained) == sorted(LAYOUTS)


def test_quality_page_names_every_rule_and_flag() -> None:
    """Rules with their Chinese names; every word that the column of flags can hold."""
    page = _page("quality.md")
    rules = {row[0].strip("` "): row[1] for row in _rows(_section(page, "Quality rules"))}
    assert rules == {name: zh for name, (zh, _) in RULES.items()}
    described = str(forecast.tables.__doc__)
    said = described[described.index("\nflag ") : described.index("\nknown_from ")]
    words = set(re.findall(r"``([a-z_0-9]+)``", said))
    assert words
    assert set(_first_cells(_section(page, "Flags in the tables"))) == words


def test_quality_page_example_of_a_city_mean() -> None:
    """The worked table: a point not yet in force, one missing value, one control point."""
    days = np.arange("2022-01-01", "2022-01-04", dtype="datetime64[D]")
    values = np.array([[40.0] * 3, [80.0] * 3, [40.0, np.nan, 40.0], [40.0] * 3])
    counted = in_force(
        days,
        ["evaluation", "evaluation", "evaluation", "control"],
        ["NaT", "2022-01-03", "NaT", "NaT"],
        ["NaT"] * 4,
    )
    means = city_means(values, [0] * 4, counted).values[0]
    rows = re.findall(r"^\| 2022-01-0\d .*\| ([^|]+) \|$", _page("quality.md"), flags=re.MULTILINE)
    shown = [float(match[0]) if (match := re.match(r"[0-9.]+", row)) else np.nan for row in rows]
    np.testing.assert_allclose(means, shown, atol=0.001)


def test_fetching_page_names_every_source() -> None:
    """The table has all sources, and keys only by the name of their variable."""
    page = _page("fetching.md")
    assert sorted(_first_cells(page)) == sorted(FETCHERS)
    for source in FETCHERS.values():
        assert source.key_variable in page


def _shown_commands() -> list[tuple[str, str]]:
    found = []
    for page in [*_PAGES, _ROOT / "README.md", _ROOT / "README.zh-CN.md"]:
        for block in _blocks(page.read_text(encoding="utf-8")):
            lines = [line for line in block.splitlines() if line.startswith("forecast ")]
            found += [(page.name, line) for line in lines]
    return found


def _command(words: list[str]) -> tuple[Any, list[str]]:
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands"):
        command = command.commands[words[0]]
        words = words[1:]
    return command, words


@pytest.mark.parametrize(("page", "line"), _shown_commands())
def test_every_command_shown_exists_with_its_options(page: str, line: str) -> None:
    """No page shows a command or an option that the program does not take."""
    command, words = _command(shlex.split(line, comments=True)[1:])
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known, line


@pytest.mark.parametrize(
    "line", [line for _, line in _shown_commands() if line.startswith("forecast fetch ")]
)
def test_every_fetch_shown_has_what_its_source_needs(line: str) -> None:
    words = shlex.split(line, comments=True)[2:]
    source = FETCHERS[words[0]]
    by_option = {argument.option: argument.name for argument in source.arguments}
    given: dict[str, Any] = {}
    for option, value in zip(words[1::2], words[2::2], strict=True):
        name = by_option[option]
        kind = {"start": date.fromisoformat, "end": date.fromisoformat, "latitude": float,
                "longitude": float, "location": int, "days": int}.get(name, str)  # fmt: skip
        given[name] = kind(value)
    assert accepted(source, given, date(2026, 1, 1))


def test_options_of_ingest_are_the_ones_on_the_page() -> None:
    """Each option of its own has a line; the common ones are told in the README."""
    command, _ = _command(["ingest"])
    common = {"--workspace", "--json", "--quiet", "--lang", "--help"}
    own = {option for p in command.params for option in p.opts if option.startswith("--")} - common
    listed = re.findall(r"^\| `(--[a-z-]+)", _page("data_formats.md"), flags=re.MULTILINE)
    assert sorted(listed) == sorted(own)


def test_the_mapping_of_the_example_reads_its_file(tmp_path: Path) -> None:
    """The shown file and the shown mapping give the shown values; the header finds it again."""
    page = _page("data_formats.md")
    text = next(block for block in _blocks(page) if block.startswith("监测时间"))
    mapping = next(block for block in _blocks(page, "toml") if "[match]" in block)
    folder = Workspace.create(tmp_path / "W").root
    (folder / "mappings").mkdir(exist_ok=True)
    (folder / "mappings" / "自建站日报.toml").write_text(mapping, encoding="utf-8")
    (tmp_path / "自建站日报.csv").write_text(text, encoding="gb18030")
    report = Workspace(folder).ingest([tmp_path / "自建站日报.csv"])
    assert [file.layout for file in report.read] == ["mapping_自建站日报"]
    stored = Store(folder / "data" / "processed").read("air_daily")
    values = stored.set_index("item")["value"].to_dict()
    assert values == pytest.approx({"pm25": 37, "pm10": 132, "so2": 30, "co": 1.5, "o3_8h": 66})
    assert set(stored["region"]) == {"甲市"}


def test_the_mapping_of_the_database_reads_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shown database mapping takes the rows of such a table, once."""
    pytest.importorskip("sqlalchemy")
    shown = next(b for b in _blocks(_page("data_formats.md"), "toml") if "[database]" in b)
    path = tmp_path / "db.toml"
    path.write_text(shown, encoding="utf-8")
    assert read_mapping(shown, name="db", where="the page").database is not None
    made = sqlite3.connect(tmp_path / "readings.db")
    made.execute("create table water (section, city, t, codmn real, nh3n real)")
    made.execute("insert into water values ('渡口桥', '甲市', '2024-01-05 08:00:00', 3.1, 0.22)")
    made.commit()
    made.close()
    monkeypatch.setenv("READINGS_URL", f"sqlite:///{(tmp_path / 'readings.db').as_posix()}")
    opened = Workspace.create(tmp_path / "W")
    assert opened.ingest([], mapping=path).total("new") == 2
    assert opened.ingest([], mapping=path).total("new") == 0
    rows = Store(opened.root / "data" / "processed").read("water_samples")
    assert rows.set_index("item")["value"].to_dict() == {"codmn": 3.1, "nh3n": 0.22}


def _slug(heading: str) -> str:
    """The anchor that a page's heading gets."""
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return kept.replace(" ", "-")


@pytest.mark.parametrize("page", _PAGES, ids=lambda p: p.name)
def test_links_of_the_pages_lead_somewhere(page: Path) -> None:
    """Files and headings that a page points to are there."""
    for link in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {_slug(heading) for heading in headings}, link


def test_the_licence_is_apache_2() -> None:
    """The full text lies at the root."""
    text = (_ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text and "END OF TERMS AND CONDITIONS" in text
