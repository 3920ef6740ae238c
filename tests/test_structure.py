"""The flow of the package goes one way, and no file holds two subjects."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

_PACKAGE = Path(__file__).resolve().parents[1] / "forecast"

#: From left to right; what stands left imports nothing of what stands right. The rules and the
#: targets stand beside the flow: they import nothing of it and may be imported by all.
_FLOW = (
    ("errors",),
    ("region_names",),
    ("formula_guard", "terminal_text", "zip_bounds"),
    ("standards",),
    ("targets",),
    ("disk", "table_lock", "tables", "sample"),
    ("partitions",),
    ("revisions",),
    ("store",),
    ("store_then",),
    (
        "configuration_alerts",
        "configuration_paths",
        "configuration_retention",
        "configuration_schedule",
    ),
    ("configuration", "configuration_template"),
    ("workspace",),
    ("quality",),
    ("ingest",),
    ("fetch",),
    ("features",),
    ("trend",),
    ("models",),
    ("scenario",),
    ("projection",),
    ("charts",),
    ("report",),
    ("runs",),
    ("verification",),
    ("terminal",),
    ("terminal_data",),
    ("api_options",),
    (
        "api_alert",
        "api_backup",
        "api_outlook",
        "api_scenario",
        "api_schedule",
        "api_targets",
        "api_verify",
    ),
    ("api",),
    ("cli_options",),
    (
        "cli_alert",
        "cli_backtest",
        "cli_backup",
        "cli_chart",
        "cli_data",
        "cli_outlook",
        "cli_report",
        "cli_scenario",
        "cli_schedule",
        "cli_standard",
        "cli_target",
        "cli_trend",
        "cli_verify",
    ),
    ("cli",),
    ("__main__",),
)
_PLACE = {name: at for at, names in enumerate(_FLOW) for name in names}

_FILES = sorted(p for p in _PACKAGE.rglob("*.py"))


def _part(path: Path) -> str:
    relative = path.relative_to(_PACKAGE)
    return relative.parts[0].removesuffix(".py")


def _imports(path: Path) -> set[str]:
    """Parts of the package that a module needs to run; imports for type checking are left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    found = set()
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("forecast."):
            found.add(node.module.split(".")[1])
        elif isinstance(node, ast.Import):
            found |= {a.name.split(".")[1] for a in node.names if a.name.startswith("forecast.")}
    return found


@pytest.mark.parametrize("path", _FILES, ids=lambda p: p.relative_to(_PACKAGE).as_posix())
def test_nothing_imports_against_the_flow(path: Path) -> None:
    part = _part(path)
    if part == "__init__":
        return
    assert part in _PLACE, f"{part} has no place in the flow"
    for other in _imports(path) - {part}:
        assert _PLACE[other] < _PLACE[part], f"{part} imports {other}"


@pytest.mark.parametrize("path", _FILES, ids=lambda p: p.relative_to(_PACKAGE).as_posix())
def test_no_file_is_over_400_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


def test_rules_and_targets_stand_beside_the_flow() -> None:
    for part, allowed in (
        ("standards", {"errors"}),
        ("targets", {"errors", "region_names", "standards", "formula_guard", "zip_bounds"}),
    ):
        for path in (_PACKAGE / part).rglob("*.py"):
            assert _imports(path) - {part} <= allowed, path.name
