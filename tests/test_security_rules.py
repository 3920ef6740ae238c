"""What no module of the package may do, whatever it is given: looked up in the code itself."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

_PACKAGE = Path(__file__).resolve().parents[1] / "forecast"
_FILES = sorted(_PACKAGE.rglob("*.py"))

#: Modules that make objects, and so run code, out of bytes; or that parse XML with entities.
_FORBIDDEN = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "yaml", "imp", "lxml"}

#: Calls that run what a text says.
_CALLS = {"eval", "exec", "compile", "__import__"}

#: Functions of joblib that stay in the process: work is shared out, nothing is stored or loaded.
_JOBLIB = {
    "BrokenProcessPool", "Parallel", "cpu_count", "delayed", "get_reusable_executor", "hash",
    "parallel_config",
}  # fmt: skip

#: Calls that take a query.
_QUERIES = {"execute", "exec_driver_sql", "sql"}


@pytest.fixture(scope="module")
def trees() -> dict[str, ast.Module]:
    """What each module of the package says."""
    return {
        path.relative_to(_PACKAGE).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for path in _FILES
    }


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.module, alias.name) for alias in node.names)


@pytest.fixture(scope="module")
def calls(trees: dict[str, ast.Module]) -> list[tuple[str, ast.Call]]:
    """Every call of the package, with the place where it stands."""
    return [
        (f"{name}:{node.lineno}", node)
        for name, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
    ]


def test_no_object_is_made_of_foreign_bytes_and_no_text_is_run(
    trees: dict[str, ast.Module], calls: list[tuple[str, ast.Call]]
) -> None:
    for path, tree in trees.items():
        for module, name in _imported(tree):
            head = module.split(".")[0]
            # Word documents are made by python-docx, whose own parser reads no entities.
            allowed = head not in _FORBIDDEN or Path(path).name.startswith("word_")
            assert allowed, f"{path} imports {module}"
            assert head != "joblib" or name in _JOBLIB, f"{path} imports joblib.{name}"
    for place, node in calls:
        called = ast.unparse(node.func)
        assert called not in _CALLS, f"{place} calls {called}"
        if called in ("np.load", "numpy.load"):
            given = {k.arg: ast.unparse(k.value) for k in node.keywords}
            assert given.get("allow_pickle") == "False", f"{place} may load objects"
        assert called not in ("pd.read_pickle", "joblib.load", "os.system"), place
        for keyword in node.keywords:
            if keyword.arg in ("shell", "allow_pickle", "autoescape"):
                text = f"{keyword.arg}={ast.unparse(keyword.value)}"
                assert text not in ("shell=True", "allow_pickle=True", "autoescape=False"), place


def test_no_query_is_put_together_from_values(calls: list[tuple[str, ast.Call]]) -> None:
    queries = 0
    for place, node in calls:
        if isinstance(node.func, ast.Attribute) and node.func.attr in _QUERIES:
            queries += 1
            built = [a for a in node.args if isinstance(a, ast.JoinedStr | ast.BinOp)]
            assert not built, f"{place}: {ast.unparse(node)}"
    assert queries


def test_every_page_escapes_and_marks_safe_only_what_the_program_drew(
    calls: list[tuple[str, ast.Call]],
) -> None:
    environments = [node for _, node in calls if getattr(node.func, "id", "") == "Environment"]
    assert environments
    for node in environments:
        assert "autoescape=True" in [ast.unparse(k) for k in node.keywords]
    marked = [
        found.strip()
        for path in _PACKAGE.rglob("*.j2")
        for found in re.findall(r"{{(.*?)\|\s*safe", path.read_text(encoding="utf-8"))
    ]
    # Figures drawn here, their letters, and the changes and outlook, each name of which is escaped.
    assert set(marked) <= {
        "glyphs.svg()",
        "figure.svg",
        "block.svg",
        "context.changes",
        "short_range",
    }
    for path in _PACKAGE.rglob("*.j2"):
        scripts = re.findall(r"<script[^>]*>(.*?)</script>", path.read_text(encoding="utf-8"), re.S)
        assert not any("{{" in script for script in scripts), f"{path.name} puts values in a script"
