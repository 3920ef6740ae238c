"""The flow of the package goes one way, and no file holds two subjects."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

_PACKAGE = Path(__file__).resolve().parents[1] / "forecast"

#: From left to right; what stands left imports nothing of what stands right. The rules and the
#: targets stand beside the flow: they import nothing of it and may be imported by all.
_FLOW = (
    ("errors",),
    ("region_names",),
    ("formula_guard", "shell_words", "terminal_text", "zip_bounds"),
    ("standards",),
    ("targets",),
    ("messages",),
    ("disk", "processes", "row_groups", "table_lock", "tables", "sample"),
    ("part_files", "partitions"),
    ("revisions",),
    ("store",),
    ("store_then",),
    (
        "configuration_alerts",
        "configuration_paths",
        "configuration_retention",
        "configuration_schedule",
    ),
    ("configuration", "configuration_template", "shared_tables"),
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


def _own(module: str) -> bool:
    return module == "forecast" or module.startswith("forecast.")


@cache
def _imports(path: Path) -> tuple[tuple[str, tuple[str, ...], bool], ...]:
    """Modules of the package that a file imports, with the names taken, and whether only when called.

    Imports for type checking are left out.
    """
    found = []

    def look(node: ast.AST, late: bool) -> None:
        if isinstance(node, ast.expr):
            return  # no statement in it
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for inner in node.orelse:
                look(inner, late)
            return
        if isinstance(node, ast.ImportFrom) and node.module and _own(node.module):
            found.append((node.module, tuple(alias.name for alias in node.names), late))
        elif isinstance(node, ast.Import):
            found.extend((alias.name, (), late) for alias in node.names if _own(alias.name))
        late |= isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.iter_child_nodes(node):
            look(inner, late)

    look(ast.parse(path.read_text(encoding="utf-8")), False)
    return tuple(found)


def _parts(path: Path) -> set[str]:
    """Parts of the package that a module needs to run."""
    return {module.split(".")[1] for module, _, _ in _imports(path) if "." in module}


def test_nothing_imports_against_the_flow() -> None:
    wrong = []
    for path in _FILES:
        part = _part(path)
        if part == "__init__":
            continue
        assert part in _PLACE, f"{part} has no place in the flow"
        wrong += [
            f"{path.relative_to(_PACKAGE).as_posix()} imports {other}"
            for other in _parts(path) - {part}
            if _PLACE[other] >= _PLACE[part]
        ]
    assert wrong == []


def _with_packages(module: str) -> list[str]:
    """A module and the packages it lies in, all of which are loaded with it."""
    words = module.split(".")
    return [".".join(words[:n]) for n in range(1, len(words) + 1)]


def _module(path: Path) -> str:
    words = ("forecast", *path.relative_to(_PACKAGE).with_suffix("").parts)
    return ".".join(words[:-1] if words[-1] == "__init__" else words)


def _needed(path: Path, modules: set[str]) -> Iterator[str]:
    """Modules that must be whole before a module can be loaded.

    Of a package that it lies in itself, only what it names: that package began to load before it.
    """
    around = set(_with_packages(_module(path))[:-1])
    for module, names, late in _imports(path):
        if late:
            continue
        inside = [f"{module}.{name}" for name in names if f"{module}.{name}" in modules]
        for wanted in inside if names and len(inside) == len(names) else [module, *inside]:
            yield wanted
            yield from (one for one in _with_packages(wanted) if one not in around)


def test_every_module_loads_whichever_is_loaded_first() -> None:
    """Where none needs one that is still loading, no order of imports can fail."""
    modules = {_module(path) for path in _FILES}
    needs = {_module(path): {*_needed(path, modules)} - {_module(path)} for path in _FILES}
    try:
        order = [*TopologicalSorter(needs).static_order()]
    except CycleError as circle:
        pytest.fail(" <- ".join(circle.args[1]))
    assert set(order) == modules


def test_no_file_is_over_400_lines() -> None:
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in _FILES}
    assert {path.name: count for path, count in lines.items() if count > 400} == {}


def test_rules_and_targets_stand_beside_the_flow() -> None:
    for part, allowed in (
        ("standards", {"errors"}),
        ("targets", {"errors", "region_names", "standards", "formula_guard", "zip_bounds"}),
    ):
        for path in (_PACKAGE / part).rglob("*.py"):
            assert _parts(path) - {part} <= allowed, path.name
