"""What the READMEs promise: their commands exist, their example runs, their links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import forecast
from forecast.cli import app
from forecast.ingest.detect import LAYOUTS

_ROOT = Path(__file__).resolve().parents[1]
_READMES = [_ROOT / "README.md", _ROOT / "README.zh-CN.md"]


@pytest.mark.parametrize("readme", _READMES, ids=lambda p: p.name)
def test_links_and_pictures_exist(readme: Path) -> None:
    text = readme.read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    assert links
    for link in links:
        assert (_ROOT / link).exists(), link


@pytest.mark.parametrize("readme", _READMES, ids=lambda p: p.name)
def test_make_commands_are_targets(readme: Path) -> None:
    makefile = (_ROOT / "Makefile").read_text(encoding="utf-8")
    named = re.findall(r"^make (\w+)", readme.read_text(encoding="utf-8"), re.M)
    assert named == ["demo", "test"]
    for target in named:
        assert re.search(rf"^{target}:", makefile, re.M)
    assert "make test" in (_ROOT / ".ci" / "run").read_text(encoding="utf-8")


@pytest.mark.parametrize("readme", _READMES, ids=lambda p: p.name)
def test_every_command_named_exists_and_the_other_way_round(readme: Path) -> None:
    named = set(re.findall(r"forecast (\w+)", readme.read_text(encoding="utf-8")))
    known = {c.name or c.callback.__name__ for c in app.registered_commands if c.callback}
    known |= {str(g.name) for g in app.registered_groups}
    assert known <= named
    assert named - known <= {"import"}


@pytest.mark.parametrize("readme", _READMES, ids=lambda p: p.name)
def test_the_number_of_layouts_is_right(readme: Path) -> None:
    """Layouts that are only recognised, to be refused with the way in, are not counted."""
    text = readme.read_text(encoding="utf-8")
    (number,) = re.findall(r"([0-9]+) ?(?:layouts|种格式)", text)
    assert int(number) == sum(bool(layout.tables) for layout in LAYOUTS.values())


@pytest.mark.usefixtures("no_charts")
def test_the_python_example_runs(
    air_sample: forecast.Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (_ROOT / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", text, re.S)
    air_sample.root.rename(tmp_path / "W")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    # The sample begins in 2015, so the example's date is one that it knows.
    exec(compile(example, "README.md", "exec"), names)  # noqa: S102
    outcome = names["outcome"]
    assert outcome.page.is_file()  # type: ignore[attr-defined]


def test_the_public_names_are_these() -> None:
    assert sorted(forecast.__all__) == ["Workspace", "__version__"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", forecast.__version__)
    with pytest.raises(AttributeError, match="nothing"):
        _ = forecast.nothing
