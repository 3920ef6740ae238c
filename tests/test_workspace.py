"""The workspace folder and its configuration."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from forecast.configuration import Config
from forecast.errors import WorkspaceError
from forecast.workspace import CONFIG_NAME, Workspace


def test_create_makes_folders_and_a_config_that_opens(tmp_path: Path) -> None:
    ws = Workspace.create(tmp_path / "深" / "工作区")
    for folder in (ws.raw, ws.processed, ws.models, ws.reports):
        assert folder.is_dir()
    assert ws.config.workspace.name == "工作区"
    again = Workspace.open(ws.root)
    assert again.config == ws.config
    assert again.raw == ws.root / "data" / "raw"
    assert str(again.timezone) == "Asia/Shanghai"


def test_written_config_shows_every_default(tmp_path: Path) -> None:
    """What ``create`` writes is every scalar key of the model with the model's own default."""
    ws = Workspace.create(tmp_path, name="x")
    written = tomllib.loads(ws.config_path.read_text(encoding="utf-8"))
    defaults = Config().model_dump()
    for table, values in defaults.items():
        if isinstance(values, list):
            assert not values
            assert f"# [[{table}]]" in ws.config_path.read_text(encoding="utf-8")
            continue
        assert set(written[table]) == set(values), table
    assert ws.config == Config.model_validate({"workspace": {"name": "x"}})


@pytest.mark.parametrize("name", ['引号"与\\反斜线', "两\n行", "plain"])
def test_any_name_survives_the_config(tmp_path: Path, name: str) -> None:
    assert Workspace.create(tmp_path / "w", name=name).config.workspace.name == name


def test_sample_is_marked(tmp_path: Path) -> None:
    assert Workspace.create(tmp_path / "w", sample=True).config.workspace.sample is True


def test_create_refuses_a_workspace_but_fills_its_folders(tmp_path: Path) -> None:
    ws = Workspace.create(tmp_path)
    ws.config_path.write_text("[run]\npaths = 77\n", encoding="utf-8")
    ws.reports.rmdir()
    with pytest.raises(WorkspaceError, match="already is a workspace") as caught:
        Workspace.create(tmp_path)
    assert caught.value.cure
    assert ws.reports.is_dir()
    assert Workspace.open(tmp_path).config.run.paths == 77


def test_create_in_a_folder_with_other_things(tmp_path: Path) -> None:
    (tmp_path / "data" / "raw").mkdir(parents=True)
    (tmp_path / "data" / "raw" / "a.csv").write_text("1", encoding="utf-8")
    Workspace.create(tmp_path)
    assert (tmp_path / "data" / "raw" / "a.csv").read_text(encoding="utf-8") == "1"


def test_create_where_a_file_is_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file", encoding="utf-8")
    with pytest.raises(WorkspaceError, match="can't be made a workspace"):
        Workspace.create(tmp_path)


def test_open_names_the_cure(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="is not a workspace") as caught:
        Workspace.open(tmp_path / "nowhere")
    assert "forecast init" in caught.value.cure


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[run]\npath = 3\n", ["[run] path is not a known key", "paths", "seed"]),
        ("[runs]\npaths = 3\n", ["[runs] is not a known key", "thresholds"]),
        ("[run]\npaths = 0\n", ["[run] paths = 0", "greater than or equal to 1"]),
        ('[run]\npaths = "many"\n', ["[run] paths = 'many'", "integer"]),
        ("[run]\npaths = true\n", ["[run] paths = True", "integer"]),
        ('[workspace]\nlang = "de"\n', ["[workspace] lang = 'de'", "'zh' or 'en'"]),
        ('[workspace]\ntimezone = "Mars"\n', ["[workspace] timezone = 'Mars'", "Asia/Shanghai"]),
        ('[standards]\naqi = "HJ 633"\n', ["[standards] aqi = 'HJ 633'", "HJ 633-2026"]),
        ("[thresholds]\nlikely = 1.5\n", ["[thresholds] likely = 1.5", "less than 1"]),
        ("[thresholds]\nlikely = 0.3\nunlikely = 0.4\n", ["unlikely must be below likely"]),
        (
            '[[section_sets]]\nname = "a"\nregion = "b"\nsections = []\n',
            ["[[section_sets]] 1 sections", "at least 1"],
        ),
        ('[[section_sets]]\nname = "a"\n', ["[[section_sets]] 1 region is missing"]),
        (
            '[[section_sets]]\nname = "a"\nregion = "b"\nsections = ["x", "x"]\n',
            ["[[section_sets]] 1", "listed twice"],
        ),
        (
            '[[section_sets]]\nname = "a"\nregion = "b"\nsections = ["x"]\ncolor = 1\n',
            ["color is not a known key", "valid_from"],
        ),
        ("[run\n", ["is not valid TOML"]),
        ('[regions.aliases]\n"a" = 3\n', ["[regions] aliases a = 3", "string"]),
    ],
)
def test_wrong_config_names_file_key_and_what_is_allowed(
    tmp_path: Path, text: str, expected: list[str]
) -> None:
    (tmp_path / CONFIG_NAME).write_text(text, encoding="utf-8")
    with pytest.raises(WorkspaceError) as caught:
        Workspace.open(tmp_path)
    said = str(caught.value)
    assert CONFIG_NAME in said
    for part in expected:
        assert part in said
    assert "\n" not in said


def test_config_with_bom_and_values(tmp_path: Path) -> None:
    text = (
        '[workspace]\nlang = "en"\n[regions.aliases]\n"黔东南苗族侗族自治州" = "黔东南州"\n'
        '[[section_sets]]\nname = "国控"\nregion = "衡水"\nsections = ["甲", "乙"]\n'
        'valid_from = 2021-01-01\n[plans]\nnames = ["a"]\n'
    )
    (tmp_path / CONFIG_NAME).write_text(text, encoding="utf-8-sig")
    config = Workspace.open(tmp_path).config
    assert config.workspace.lang == "en"
    assert config.regions.aliases == {"黔东南苗族侗族自治州": "黔东南州"}
    assert config.section_sets[0].sections == ["甲", "乙"]
    assert str(config.section_sets[0].valid_from) == "2021-01-01"
    assert config.run.seed == 20150101


def test_config_in_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / CONFIG_NAME).write_bytes('[workspace]\nname = "衡水"\n'.encode("gb18030"))
    with pytest.raises(WorkspaceError, match="not UTF-8"):
        Workspace.open(tmp_path)


@pytest.mark.parametrize(
    "table", ["section_sets", "region_groups", "exceptional_spans", "breaks", "sections"]
)
def test_the_examples_in_a_new_file_are_valid(tmp_path: Path, table: str) -> None:
    """Taking the comment marks off an example gives one entry of its table."""
    ws = Workspace.create(tmp_path)
    lines = ws.config_path.read_text(encoding="utf-8").splitlines()
    start = lines.index(f"# [[{table}]]")
    stop = next(k for k in range(start, len(lines)) if not lines[k].startswith("#"))
    example = "\n".join(line.removeprefix("# ") for line in lines[start:stop])
    assert len(getattr(Config.model_validate(tomllib.loads(example)), table)) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[sections]]\nregion = "甲"\nname = "乙"\ntyp = "lake"\n', "[[sections]] 1 typ"),
        (
            '[[sections]]\nregion = "甲"\nname = "乙"\n'
            "dry = [{ first = 2021-02-01, last = 2021-01-01 }]\n",
            "last is before first",
        ),
        (
            '[[sections]]\nregion = "甲"\nname = "乙"\n\n'
            '[[sections]]\nregion = "甲"\nname = "丙"\nother_names = ["乙"]\n',
            "乙 of 甲 is named twice",
        ),
        (
            '[[breaks]]\nday = 2021-01-01\nregion = "甲"\nsection = "乙"\nitems = ["pm25"]\n',
            "pm25 is none of",
        ),
    ],
)
def test_what_is_said_of_sections_is_checked(tmp_path: Path, text: str, said: str) -> None:
    ws = Workspace.create(tmp_path)
    ws.config_path.write_text(text, encoding="utf-8")
    with pytest.raises(WorkspaceError) as caught:
        Workspace.open(tmp_path)
    assert said in str(caught.value)
