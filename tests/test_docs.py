"""The reference pages name everything that the code has, and nothing that it has not."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from forecast.ingest.detect import LAYOUTS
from forecast.standards.indicators import INDICATORS
from forecast.standards.items import ITEMS
from forecast.standards.versions import RULESETS

_ROOT = Path(__file__).parents[1]
_DOCS = _ROOT / "docs"


def _page(name: str) -> str:
    return (_DOCS / name).read_text(encoding="utf-8")


def test_every_dependency_has_one_line() -> None:
    """docs/dependencies.md and pyproject.toml list the same packages."""
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = [*project["dependencies"]]
    for extra in project["optional-dependencies"].values():
        declared += extra
    names = {re.split(r"[\[<>=;~! ]", entry)[0] for entry in declared}
    listed = re.findall(r"^\| `([^`]+)` \|", _page("dependencies.md"), flags=re.MULTILINE)
    assert sorted(listed) == sorted(names)


def test_nomenclature_has_every_item_and_indicator() -> None:
    """Air items and indicators stand on the page with unit and Chinese name or as a family."""
    page = _page("nomenclature.md")
    for item in ITEMS.values():
        if item.domain == "air":
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


def test_formats_page_names_every_layout() -> None:
    """The layouts on the page are those of the register."""
    listed = re.findall(r"^\| `([a-z_]+)` \|", _page("data_formats.md"), flags=re.MULTILINE)
    assert sorted(listed) == sorted(LAYOUTS)


def test_the_licence_is_apache_2() -> None:
    """The full text lies at the root."""
    text = (_ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text and "END OF TERMS AND CONDITIONS" in text
