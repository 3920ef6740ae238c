"""Names of regions: the forms in which plans, aliases and readings give one and the same."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["normalise_region", "of_region"]

_SUFFIX = re.compile(r"(自治州|地区|市|州|盟)$")
#: Peoples in the full names of autonomous prefectures (恩施土家族苗族自治州 is 恩施).
_PEOPLES = re.compile(
    r"(?:朝鲜|土家|苗|侗|布依|壮|藏|羌|彝|哈尼|傣|白|景颇|傈僳|回|蒙古)族|蒙古|哈萨克|柯尔克孜"
)


def normalise_region(name: str) -> str:
    """The name that plans, aliases and readings are matched by.

    One of 市, 地区, 自治州, 州, 盟 is dropped from the end (never down to one character, so 杭州
    stays 杭州), and the peoples of an autonomous prefecture with it. A district keeps its full
    name: 邵阳市北塔区 is not 邵阳.

    >>> [normalise_region(n) for n in ("衡水市", "黔东南州", "黔东南苗族侗族自治州", "邵阳市北塔区", "杭州")]
    ['衡水', '黔东南', '黔东南', '邵阳市北塔区', '杭州']
    """
    bare = "".join(name.split())
    match = _SUFFIX.search(bare)
    if match is None or match.start() < 2:
        return bare
    short = bare[: match.start()]
    if match[1] == "自治州":
        people = _PEOPLES.search(short, 2)
        if people is not None:
            short = short[: people.start()]
    return short


def of_region(names: pd.Series[str], region: str) -> pd.Series[bool]:
    """Which rows of a column of names are of ``region``, in whatever form either is given.

    Each distinct name is looked at once: readings are many and regions few.
    """
    wanted = normalise_region(region)
    return names.isin([n for n in names.unique() if normalise_region(str(n)) == wanted])
