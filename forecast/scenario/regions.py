"""Where a place lies: the region whose defaults of the air response apply to it.

Three things depend on the place: the shares of the sectors in PM2.5 (eight regions of a published
model, provinces between two of them as a mixture), the centres of the component model (basins and
plains), and the ozone regime. All three are read from ``tables/places.csv``,
``tables/region_centres.csv`` and ``tables/sector_shares.csv``; provinces are known by name in
Chinese and English, cities by their name in Chinese.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

from forecast.errors import UsageError
from forecast.region_names import normalise_region
from forecast.scenario.priors import read_table

__all__ = ["Region", "find_region", "region_names"]

_ENDS = re.compile(r"(省|市|维吾尔自治区|壮族自治区|回族自治区|自治区|特别行政区)$")
#: Component region of a sector region that is asked for as a whole.
_OF_SECTORS = {"north": "ncp", "east": "yrd", "southwest": "sichuan", "gba": "prd"}
#: Sector regions of a plain or basin that is asked for as a whole.
_OF_COMPONENTS = {
    "ncp": (("north", 0.7), ("east", 0.15), ("southcentral", 0.15)),
    "fenwei": (("northwest", 0.6), ("north", 0.4)),
    "sichuan": (("southwest", 1.0),),
    "hunan": (("southcentral", 1.0),),
    "guizhou": (("southwest", 1.0),),
    "yrd": (("east", 1.0),),
    "prd": (("gba", 1.0),),
    "national": (("china", 1.0),),
}

Level = Literal["country", "region", "province", "city"]


@dataclass(frozen=True)
class Region:
    """Where defaults come from.

    Attributes:
        name: the place as it was asked for, trimmed.
        level: what it is: the country, a region of the tables, a province or a city.
        sectors: regions of ``sector_shares.csv`` with their weights, which add to 1.
        components: region of ``region_centres.csv``.
        ozone: region of ``ozone_regimes.csv``.
        province: province in Chinese; empty where the place is larger than one.
        controlled: factor on the shares of the sectors: below 1 where natural dust or sea air
            makes more of PM2.5 than in the region as a whole.
    """

    name: str
    level: Level
    sectors: tuple[tuple[str, float], ...]
    components: str
    ozone: str
    province: str = ""
    controlled: float = 1.0


def _plain(name: str) -> str:
    return re.sub(r"[\s\-_]", "", name).casefold()


@cache
def _known() -> dict[str, Region]:
    """Every name that is known, plain, with its region; what comes first wins."""
    known: dict[str, Region] = {}

    def add(word: str, region: Region) -> None:
        known.setdefault(_plain(word), region)

    for row in read_table("sector_shares"):
        code = row["region"]
        region = Region(
            row["zh"],
            "country" if code == "china" else "region",
            ((code, 1.0),),
            _OF_SECTORS.get(code, "national"),
            code,
        )
        for word in (code, row["zh"], row["en"], *row["aliases"].split("|")):
            add(word, region)
    centres = read_table("region_centres")
    basin = {city: row["region"] for row in centres for city in row["cities"].split()}
    for row in read_table("places"):
        sectors = tuple(
            (part.split(":")[0], float(part.split(":")[1])) for part in row["sectors"].split()
        )
        ozone = max(sectors, key=lambda pair: pair[1])[0]
        name = row["province"]
        part = float(row["controlled"])
        province = Region(name, "province", sectors, row["components"], ozone, name, part)
        for word in (row["province"], row["en"]):
            add(word, province)
        for city in row["cities"].split():
            outside = name == "广东"
            add(
                city,
                Region(
                    city,
                    "city",
                    (("southcentral", 0.6), ("gba", 0.4)) if outside else sectors,
                    basin.get(city, row["components"]),
                    "southcentral" if outside else ozone,
                    "广东" if name == "粤港澳大湾区" and city not in ("香港", "澳门") else name,
                    part,
                ),
            )
    for row in centres:
        sectors = _OF_COMPONENTS[row["region"]]
        region = Region(row["zh"], "region", sectors, row["region"], sectors[0][0])
        for word in (row["region"], row["zh"], row["en"]):
            add(word, region)
    return known


def region_names() -> tuple[str, ...]:
    """Chinese names of the regions and provinces whose defaults are known; cities are left out."""
    return tuple(dict.fromkeys(r.name for r in _known().values() if r.level != "city"))


def find_region(name: str) -> Region:
    """Return the region of defaults of ``name``.

    Args:
        name: a region of the tables or a province in Chinese or English, or a city in Chinese; the
            province may stand before a city and a district behind it. A district or county alone
            is not known: give its city.

    Raises:
        UsageError: the place is not known; the message lists the regions.

    >>> find_region("衡水市").sectors, find_region("湖南省张家界市").components
    ((('north', 1.0),), 'hunan')
    >>> find_region("South-central").level, find_region("邵阳市北塔区").level
    ('region', 'city')
    """
    known = _known()
    bare = "".join(name.split())
    found = _lookup(bare, known)
    if found is None:
        raise UsageError(
            f"The place «{name}» is not among those whose defaults of the air response are known.",
            "Give its city or province in Chinese, or one of these: "
            + ", ".join(region_names())
            + ".",
        )
    return replace(found, name=name.strip())


def _lookup(bare: str, known: dict[str, Region]) -> Region | None:
    if len(bare) < 2:
        return None
    for word in (bare, normalise_region(bare), _ENDS.sub("", bare)):
        if _plain(word) in known:
            return known[_plain(word)]
    # The province before the city, the district behind it: the longest name that it starts with.
    for length in range(len(bare) - 1, 1, -1):
        head, rest = bare[:length], bare[length:]
        if head in known:
            if known[head].level == "province":
                inner = _lookup(re.sub(r"^(省|市|.{0,3}自治区)", "", rest), known)
                if inner is not None:
                    return inner
            return known[head] if re.search(r"[省市区县州盟旗]$", rest) else None
    return None
