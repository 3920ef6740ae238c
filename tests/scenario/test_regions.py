"""Places find the region whose defaults apply to them."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pytest

from forecast.errors import UsageError
from forecast.scenario.priors import read_table
from forecast.scenario.regions import find_region, region_names


@pytest.mark.parametrize(
    ("name", "level", "sector", "components"),
    [
        ("China", "country", "china", "national"),
        ("全国", "country", "china", "national"),
        ("North", "region", "north", "ncp"),
        ("north-east", "region", "northeast", "national"),
        ("South-central", "region", "southcentral", "national"),
        ("Greater Bay Area", "region", "gba", "prd"),
        ("粤港澳大湾区", "region", "gba", "prd"),
        ("四川盆地", "region", "southwest", "sichuan"),
        ("河北", "province", "north", "ncp"),
        ("Hunan", "province", "southcentral", "hunan"),
        ("广西壮族自治区", "province", "southcentral", "national"),
        ("内蒙古自治区", "province", "north", "national"),
        ("新疆维吾尔自治区", "province", "northwest", "national"),
        ("衡水", "city", "north", "ncp"),
        ("衡水市", "city", "north", "ncp"),
        ("张家界", "city", "southcentral", "hunan"),
        ("邵阳市北塔区", "city", "southcentral", "hunan"),
        ("安康", "city", "northwest", "national"),
        ("黔东南苗族侗族自治州", "city", "southwest", "guizhou"),
        ("黔东南州凯里市", "city", "southwest", "guizhou"),
        ("贵州省黔东南州", "city", "southwest", "guizhou"),
        ("西安", "city", "northwest", "fenwei"),
        ("临汾市", "city", "north", "fenwei"),
        ("洛阳", "city", "southcentral", "fenwei"),
        ("深圳市", "city", "gba", "prd"),
        ("湛江", "city", "southcentral", "prd"),
        ("西藏自治区", "province", "southwest", "national"),
    ],
)
def test_a_place_has_its_region(name: str, level: str, sector: str, components: str) -> None:
    """The model's regions are the six greater ones and the bay; basins have their own centres."""
    found = find_region(name)
    assert (found.level, found.sectors[0][0], found.components) == (level, sector, components)
    assert found.name == name


@pytest.mark.parametrize(
    "name", ["", "某", "某某市", "Atlantis", "伦敦", "Hunan province of nowhere"]
)
def test_an_unknown_place_names_the_regions(name: str) -> None:
    """The message lists what is known, in Chinese."""
    with pytest.raises(UsageError) as caught:
        find_region(name)
    assert (
        "华北" in caught.value.cure and "湖南" in caught.value.cure and caught.value.exit_code == 2
    )


def test_all_provinces_are_known_and_their_weights_add_to_one() -> None:
    """31 provinces and the bay; every mixture of regions is a whole."""
    rows = read_table("places")
    names = {row["province"] for row in rows} - {"粤港澳大湾区"}
    assert len(names) == 31
    codes = {row["region"] for row in read_table("sector_shares")}
    centres = {row["region"] for row in read_table("region_centres")}
    for row in rows:
        for place in (row["province"], row["en"], *row["cities"].split()):
            found = find_region(place)
            assert sum(w for _, w in found.sectors) == pytest.approx(1.0)
            assert {code for code, _ in found.sectors} <= codes
            assert found.components in centres and found.ozone in codes
    assert "全国" in region_names() and len(region_names()) >= 39


def test_no_city_stands_in_two_provinces() -> None:
    """A name that stood twice would silently take the first province."""
    cities = [city for row in read_table("places") for city in row["cities"].split()]
    assert len(cities) == len(set(cities)) and len(cities) > 340


def test_a_city_tells_its_province() -> None:
    """Cities of the bay belong to Guangdong."""
    assert [find_region(n).province for n in ("广州", "韶关", "衡水", "北京", "香港")] == [
        "广东", "广东", "河北", "北京", "粤港澳大湾区",
    ]  # fmt: skip


def test_every_city_of_real_records_is_known(real_data: Path) -> None:
    """No city of the published daily records is left without defaults."""
    cities = {p.stem for p in (real_data / "air" / "city_daily_headerless").glob("*.csv")}
    cities |= {p.stem for p in (real_data / "air" / "city_daily_o3_8h").glob("*.csv")}
    for name in ("city_daily_long_2013_2020", "pm25_daily_2013_2026"):
        with gzip.open(real_data / "air" / f"{name}.csv.gz", "rt", encoding="utf-8") as lines:
            cities |= {row["city"] for row in csv.DictReader(lines)}
    assert len(cities) > 90
    assert all(find_region(city).province for city in cities)
