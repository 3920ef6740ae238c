"""A past run made again from its manifest, and compared with what it said, byte for byte."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from forecast.configuration import Config
from forecast.errors import ForecastError, WorkspaceError
from forecast.runs.execute import finished_result
from forecast.runs.lock import alone
from forecast.runs.manifest import file_sha256, to_json, versions
from forecast.runs.projecting import answered, question_of
from forecast.runs.request import Request
from forecast.store_then import StoreThen
from forecast.workspace import Workspace

__all__ = ["Repeated", "repeat"]

Progress = Callable[[str, int, int], None]
Words = tuple[str, str]

#: Places of the object that are named where two answers differ.
_NAMED = 20


@dataclass(frozen=True)
class Repeated:
    """A run made again.

    Attributes:
        run_id: its name.
        same: whether ``projection.json`` has the same bytes, its times apart.
        reasons: what is not as it was then (zh, en): versions, plans, a damaged file.
        places: where the two objects differ, such as ``projections/3/forecast/mean``; the first 20.
        result: the object made now, with the times of then.
    """

    run_id: str
    same: bool
    reasons: tuple[Words, ...]
    places: tuple[str, ...]
    result: dict[str, Any]

    def told(self) -> dict[str, Any]:
        """Return it JSON-ready, without the object itself."""
        return {
            "run": self.run_id, "same": self.same,
            "reasons": [{"zh": zh, "en": en} for zh, en in self.reasons],
            "differs_at": list(self.places),
        }  # fmt: skip


def repeat(
    workspace: Workspace, run_id: str, *, jobs: int | None = None, progress: Progress | None = None
) -> Repeated:
    """Make a run again from its manifest, on the readings that the workspace had then.

    Nothing is written: the run that stands is left as it is.

    Args:
        workspace: the tables; files taken in since then are left out.
        run_id: name of the run's folder.
        jobs: processes.
        progress: called with the stage, places done and in all.

    Raises:
        ForecastError: there is no such run, or its manifest can't be used.
    """
    folder = workspace.reports / run_id
    manifest, stored = _kept(folder, run_id)
    reasons = _unlike(manifest, folder)
    asked = manifest["request"]
    with alone(workspace), tempfile.TemporaryDirectory() as aside:
        then = _then(workspace, manifest, Path(aside), reasons)
        # A run without --as-of also used corrections received later than its last day.
        day = None if "corrections" in asked else date.fromisoformat(asked["as_of"])
        request = Request(
            as_of=day, year=asked["year"], plan=asked["plan"], region=asked["region"],
            standard=asked["standard"], model=asked["model"], paths=asked["paths"],
            seed=asked["seed"],
        )  # fmt: skip
        question = question_of(then, request)
        if question.plans_sha256 != manifest.get("plans_sha256", question.plans_sha256):
            reasons.append(
                ("规划或录入的数字已改变", "the plans or figures entered are not as they were")
            )
        if question.asked.get("scenarios") != asked.get("scenarios"):
            reasons.append(("情景文件已改变", "the scenario files are not as they were"))
        if question.asked.get("weather_forecasts") != asked.get("weather_forecasts"):
            reasons.append(("天气预报已改变", "the weather forecasts are not as they were"))
        if question.asked["as_of"] != asked["as_of"]:
            reasons.append(
                (
                    f"当时的起报日为{asked['as_of']},现为{question.asked['as_of']}",
                    f"the last day known was {asked['as_of']} and is {question.asked['as_of']} now",
                )
            )
        made = answered(then, question, run_id, jobs=jobs, progress=progress)
    result = made.result
    result["run"] |= {k: stored["run"][k] for k in ("created", "seconds")}
    told = json.loads(to_json(result))
    same = to_json(_ordered(told)) == to_json(_ordered(stored))
    places = tuple(
        place for place, _ in zip(_differences(stored, told), range(_NAMED), strict=False)
    )
    return Repeated(run_id, same, tuple(reasons), places, result)


def _kept(folder: Path, run_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The manifest and the object of a run."""
    cure = "See the folder names under reports; a run has its manifest.json and projection.json."
    if run_id in ("", ".", "..") or Path(run_id).name != run_id or not folder.is_dir():
        raise ForecastError(f"There is no run {run_id} in this workspace.", cure)
    stored = finished_result(folder)
    try:
        manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise WorkspaceError(f"The manifest of the run {run_id} can't be read.", cure) from error
    keys = {"as_of", "year", "plan", "region", "standard", "model", "paths", "seed"}
    if stored is None or not keys <= set(manifest.get("request", {})) or "run" not in stored:
        raise WorkspaceError(f"The run {run_id} is damaged and can't be made again.", cure)
    return manifest, stored


def _unlike(manifest: Mapping[str, Any], folder: Path) -> list[Words]:
    """What made the run and is another today, and whether its files are as they were written."""
    out: list[Words] = []
    now = versions()
    for name, version in manifest.get("versions", {}).items():
        if now.get(name) != version:
            out.append(
                (
                    f"{name} 当时为 {version},现为 {now.get(name)}",
                    f"{name} was {version} and is {now.get(name)}",
                )
            )
    for one in manifest.get("outputs", []):
        if one["path"] != "projection.json":
            continue
        if file_sha256(folder / one["path"]) != one["sha256"]:
            out.append(
                (
                    "projection.json 在运行之后被改动",
                    "projection.json was changed after the run had written it",
                )
            )
    return out


def _then(
    workspace: Workspace, manifest: Mapping[str, Any], aside: Path, reasons: list[Words]
) -> Workspace:
    """The workspace with the configuration and the tables of the run."""
    then = copy(workspace)
    then.__dict__.pop("store", None)
    # All is worked out anew: what is kept from other runs would only be found again.
    then.models = aside
    if "configuration" in manifest:
        path = aside / "forecast.toml"
        path.write_bytes(str(manifest["configuration"]).encode("utf-8"))
        then.config_path = path
        then.config = Config.load(path)
    else:
        reasons.append(("该运行没有记录配置", "the run did not record its configuration"))
    if "read_at" in manifest:
        # Files are dated to the second, in the workspace's time zone.
        read_at = datetime.fromisoformat(manifest["read_at"]).astimezone(workspace.timezone)
        moment = read_at.replace(tzinfo=None) + timedelta(seconds=1)
        store = StoreThen(workspace.processed, moment)
        then.__dict__["store"] = store
        if store.later:
            reasons.append(
                (
                    f"此后读入的 {len(store.later)} 个文件未用",
                    f"{len(store.later)} files taken in since then are left out",
                )
            )
    return then


def _ordered(told: Mapping[str, Any]) -> dict[str, Any]:
    """The object with the keys of ``run`` in one order: the two times come from the stored one."""
    return {**told, "run": dict(sorted(told["run"].items()))}


def _differences(one: Any, other: Any, at: str = "") -> Iterator[str]:
    """Where two JSON values differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in dict.fromkeys((*one, *other)):
            if key in one and key in other:
                yield from _differences(one[key], other[key], f"{at}/{key}".lstrip("/"))
            else:
                yield f"{at}/{key}".lstrip("/")
    elif isinstance(one, list) and isinstance(other, list):
        if len(one) != len(other):
            yield at
        for k, (a, b) in enumerate(zip(one, other, strict=False)):
            yield from _differences(a, b, f"{at}/{k}")
    elif one != other:
        yield at
