"""``[response]`` of a scenario file: what is read, what is refused, and ranges that come out as written."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.errors import InputError
from forecast.scenario.air_defaults import air_default_rows, air_priors
from forecast.scenario.learning import read_model_runs
from forecast.scenario.override_ranges import distribution_of_range, drawn_overrides
from forecast.scenario.priors import prior, read_table
from forecast.scenario.response_model import RegimeChances, ResponseChoice, SeasonValues
from forecast.scenario.scenario_file import load_scenario, scenario_of_text
from forecast.scenario.scenario_template import new_scenario

_HEAD = 'name = "a"\nregion = "衡水"\n[response]\n'


def _read(text: str) -> ResponseChoice:
    return scenario_of_text(_HEAD + text, "a.toml").response


def test_everything_is_read() -> None:
    """Numbers, ranges, probabilities, shares; integers are numbers."""
    found = _read(
        """
pm25_model = "sectors"
uptake = true
suburban = true
overrides = { L = 0.5, e_so2 = [0.10, 0.20], o3_background_warm = 60 }
regimes.cold = [0.7, 0.2, 0.1]
hcho_no2.warm = 2
components.primary = [0.35, 0.03]
"""
    )
    assert found.overrides == {"L": 0.5, "e_so2": (0.1, 0.2), "o3_background_warm": 60.0}
    assert found.regimes is not None and found.regimes.of("cold") == pytest.approx((0.7, 0.2, 0.1))
    assert found.regimes.of("warm") is None
    assert found.hcho_no2 == SeasonValues(warm=2.0)
    assert found.components == {"primary": (0.35, 0.03)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("overrides.moon = 1", "moon is no parameter of the air response; it has P, S"),
        ("overrides.sector_scale = 1", "sector_scale is no parameter"),
        ("overrides.L = 2", "outside what is physically possible, 0.02 to 0.98"),
        ("overrides.L = [0.2, 1.2]", "outside what is physically possible"),
        ("overrides.L = [0.6, 0.3]", "the lower end of the 80 % range comes first"),
        ("overrides.L = [0.1, 0.2, 0.3]", "one number, or the two ends"),
        ("overrides.L = true", "one number, or the two ends"),
        ("overrides.L = nan", "one number, or the two ends"),
        ("overrides.o3_cold_voc = [0.3, 0.5]", "is one fixed number"),
        ("overrides.o3_uptake = 0.1", "nothing without uptake = true"),
        ("overrides = 3", "valid dictionary"),
        ("regimes.warm = [1, 1, 1]", "three probabilities that add to 1"),
        ("regimes.warm = [1.2, -0.2, 0]", "three probabilities that add to 1"),
        ("regimes.warm = [1, 0]", "three probabilities that add to 1"),
        ("regimes.summer = [1, 0, 0]", r"regimes summer is not a known key. Allowed here: cold"),
        ("regimes.warm = [1, 0, 0]\nno2.warm = 40", "give either the probabilities"),
        ("regimes.warm = [1, 0, 0]\nsuburban = true", "leaves suburban nothing to say"),
        ("no2.warm = 40\nno2_from_record = true", "either no2 or no2_from_record"),
        (
            "regimes = { warm = [1, 0, 0], cold = [1, 0, 0] }\nno2_from_record = true",
            "leaves no2_from_record nothing",
        ),
        ("hcho_no2.warm = -1", "warm = -1.0 must lie above 0"),
        ("hcho_no2 = {}", "give warm, cold or both"),
        ("components.soot = [0.1, 0.1]", "soot is no share; shares are primary"),
        ("components.primary = [40, 5]", "both as fractions"),
        ("components.primary = [0.4, 0]", "both as fractions"),
        ("components.primary = 0.4", "both as fractions"),
        ("components = { primary = [0.6, 0.1], inorganic = [0.6, 0.1] }", "add to 1.20"),
        ('pm25_model = "ctm"', "'auto', 'components' or 'sectors'"),
        ("model_runs = 3", "valid string"),
        ("moon = 3", r"\[response\] moon is not a known key. Allowed here: components"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(text: str, said: str) -> None:
    """File, table and key, and what to do."""
    with pytest.raises(InputError, match=said) as caught:
        _read(text)
    assert caught.value.message.startswith("a.toml: [response]")
    assert caught.value.cure and "\n" not in str(caught.value)


def test_past_changes_go_forwards() -> None:
    """A year before itself is refused."""
    text = 'name="a"\nregion="衡水"\n[[past_changes]]\npollutant="SO2"\nfrom_year=2020\nto_year=2015\nchange_percent=-9\n'
    with pytest.raises(InputError, match="from_year must lie before to_year"):
        scenario_of_text(text, "a.toml")


def test_a_table_of_runs_lies_beside_the_file(tmp_path: Path) -> None:
    """Its path is relative to the scenario file; rows that are wrong stop the file."""
    folder = tmp_path / "scenarios"
    folder.mkdir()
    path = folder / "a.toml"
    path.write_text(f'{_HEAD}model_runs = "runs/ctm.csv"\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"ctm\.csv can't be read") as caught:
        load_scenario(path)
    assert "relative to the scenario file" in caught.value.cure
    table = folder / "runs" / "ctm.csv"
    table.parent.mkdir()
    for text, said in (
        ("response,cut_NOx\n0.9,ten\n", "ctm.csv:2"),
        ("response,cut_NOx\n", "no row"),
        ("response,moon\n1,1\n", "moon"),
    ):
        table.write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match=said):
            load_scenario(path)
    table.write_bytes("名,response\n试,0.9\n".encode("gbk"))
    with pytest.raises(InputError, match="not UTF-8"):
        load_scenario(path)
    table.write_text("response,cut_NOx\n0.98,0.3\n", encoding="utf-8")
    assert Path(load_scenario(path).response.model_runs) == table.resolve()


@pytest.mark.parametrize("named", ["../runs.csv", "{folder}/runs.csv", "C:/runs.csv", "~/runs.csv"])
def test_a_table_of_runs_does_not_lead_elsewhere(tmp_path: Path, named: str) -> None:
    """A file that somebody else wrote reads nothing outside of its folder unless that is allowed."""
    folder, outside = tmp_path / "scenarios", tmp_path.as_posix()
    folder.mkdir()
    (tmp_path / "runs.csv").write_text("response,cut_NOx\n0.98,0.3\n", encoding="utf-8")
    path = folder / "a.toml"
    path.write_text(f'{_HEAD}model_runs = "{named.format(folder=outside)}"\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"model_runs.*leads out of the workspace"):
        load_scenario(path)


@pytest.mark.parametrize(
    ("named", "allowed"), [("../runs.csv", ".."), ("{folder}/runs.csv", "{folder}")]
)
def test_a_table_of_runs_may_lie_in_a_folder_that_is_allowed(
    tmp_path: Path, named: str, allowed: str
) -> None:
    """``[paths] outside`` names it."""
    folder, outside = tmp_path / "scenarios", tmp_path.as_posix()
    folder.mkdir()
    (tmp_path / "runs.csv").write_text("response,cut_NOx\n0.98,0.3\n", encoding="utf-8")
    path = folder / "a.toml"
    path.write_text(f'{_HEAD}model_runs = "{named.format(folder=outside)}"\n', encoding="utf-8")
    found = load_scenario(path, [allowed.format(folder=outside)])
    assert Path(found.response.model_runs) == (tmp_path / "runs.csv").resolve()


def test_a_new_file_carries_the_table() -> None:
    """What a package says of the response is written out and read back."""
    text = new_scenario("衡水", 2025)
    assert "[response]" in text and scenario_of_text(text, "n").response == ResponseChoice()
    own = scenario_of_text(
        _HEAD
        + 'overrides.L = [0.3, 0.6]\nregimes.warm = [0.2, 0.3, 0.5]\npm25_model = "components"\n',
        "a.toml",
    )
    again = scenario_of_text(new_scenario("衡水", 2025, package=own), "b.toml").response
    assert again == own.response


def test_every_key_of_the_table_stands_on_the_page() -> None:
    """Nothing that it may hold is undocumented."""
    page = (Path(__file__).parents[2] / "docs" / "scenario_files.md").read_text(encoding="utf-8")
    for model in (ResponseChoice, RegimeChances, SeasonValues):
        for key in model.model_fields:
            assert f"`{key}`" in page, key
    (example,) = re.findall(r"^```toml\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL)
    shown = scenario_of_text(example, "page").response
    assert shown.overrides == {"L": (0.3, 0.55)} and shown.components == {"primary": (0.35, 0.05)}


def test_the_table_of_runs_on_the_page_is_read(tmp_path: Path) -> None:
    """What is shown works."""
    page = (Path(__file__).parents[2] / "docs" / "scenario_files.md").read_text(encoding="utf-8")
    (table,) = re.findall(r"^```csv\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL)
    path = tmp_path / "runs.csv"
    path.write_text(table, encoding="utf-8")
    runs = read_model_runs(path)
    assert [(r.item, r.season, r.level) for r in runs][1] == ("o3_8h", "warm", 130.0)
    assert runs[0].cuts == {"SO2": 0.4, "NOx": 0.2}


_SPREAD = sorted(n for n in air_priors("全国") if prior(n).distribution != "fixed")


@given(st.sampled_from(_SPREAD), st.floats(0.25, 0.6), st.floats(0.05, 0.3))
def test_a_range_comes_out_as_written(name: str, at: float, width: float) -> None:
    """10 % and 90 % quantiles of what is drawn are the ends that were given."""
    known = prior(name)
    span = known.high - known.low
    low = known.low + at * span
    high = low + width * span
    row = next(
        r
        for r in air_default_rows("全国", overrides={name: distribution_of_range(name, low, high)})
        if r["parameter"] == name
    )
    # Uniform ranges that reach over the physical ends are cut there.
    close = 0.06 if known.distribution == "uniform" else 0.02
    assert float(row["q10"]) == pytest.approx(low, abs=close * (high - low))
    assert float(row["q90"]) == pytest.approx(high, abs=close * (high - low))
    assert row["grade"] == "user"


def test_the_elasticity_of_so2_belongs_to_its_time() -> None:
    """Today's number stands 1.8 times as high in draws of 2013, as the default does."""
    given_ = {"e_so2": 0.1, "L": 0.5}
    assert drawn_overrides(given_) == given_
    assert drawn_overrides(given_, era="2013") == {"e_so2": pytest.approx(0.18), "L": 0.5}
    first, second = drawn_overrides({"e_so2": (0.08, 0.12)}, era="2013")["e_so2"]  # type: ignore[misc]
    assert first == pytest.approx(1.8 * np.sqrt(0.08 * 0.12), rel=1e-3)
    assert second == pytest.approx(np.log(1.5) / 2.563, rel=1e-2)


def test_every_parameter_has_a_name_in_both_languages() -> None:
    """Those of the components, ozone, the other items and the sectors."""
    names = {row["parameter"]: row for row in read_table("parameter_names")}
    assert set(air_priors("全国")) <= set(names)
    assert all(row["zh"] and row["en"] for row in names.values())
