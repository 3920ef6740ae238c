"""The scenario files that come with the package: the own measures of the plans it knows."""

from __future__ import annotations

from functools import cache
from importlib import resources

from forecast.errors import UsageError
from forecast.region_names import normalise_region
from forecast.scenario.scenario_file import scenario_of_text
from forecast.scenario.scenario_model import Scenario

__all__ = ["PACKAGES", "load_package", "package_for", "package_text"]

#: Names of the shipped files, which are those of the plans.
PACKAGES: tuple[str, ...] = ("ankang", "beita", "hengshui", "qiandongnan", "zhangjiajie")


def package_text(name: str) -> str:
    """Return the text of a shipped scenario file.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in PACKAGES:
        raise UsageError(
            f"No scenario named {name!r} comes with the package.",
            f"There are {', '.join(PACKAGES)}; or give the path of a file.",
        )
    file = resources.files("forecast.scenario") / "packages" / f"{name}.toml"
    return file.read_text(encoding="utf-8")


@cache
def load_package(name: str) -> Scenario:
    """Read a shipped scenario file.

    Raises:
        UsageError: there is none of that name.

    >>> load_package("hengshui").measures[0].cut
    '4000 t'
    """
    return scenario_of_text(package_text(name), f"{name}.toml")


def package_for(region: str) -> Scenario | None:
    """Return the shipped scenario of a region, in any form of its name; None: there is none.

    >>> package_for("衡水市").name_en
    "Measures of Hengshui's plan for 2021-2025"
    """
    wanted = normalise_region(region)
    for name in PACKAGES:
        scenario = load_package(name)
        if normalise_region(scenario.region) == wanted:
            return scenario
    return None
