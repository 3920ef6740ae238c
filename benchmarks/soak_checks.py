"""What must hold when the mornings are over. Each check returns its lines and what is wrong."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd
from soak_city import AUDITED, REALTIME, WATER_ITEMS, ZONE, Ledger
from soak_growth import Checked, flat
from soak_life import Life
from soak_source import weather

from forecast.runs.register import check_register
from forecast.standards.items import AIR_ITEMS
from forecast.store import Store

__all__ = ["CHECKS", "checked"]

#: Hidden files that stay for good: locks by the system's means, and what is on record.
_STAYS = {
    ".lock", ".building.lock", ".schedule.lock", ".schedule.json", ".index.json",
}  # fmt: skip

#: Items of weather that are compared, and the service's names.
_WEATHER = {
    "temp_mean": "temperature_2m_mean", "rh": "relative_humidity_2m_mean",
    "precip": "precipitation_sum",
}  # fmt: skip


def every_day(life: Life) -> Checked:
    """Each day on which the machine was on has a run or a reason that was said."""
    found = Checked("Every day")
    on = [m for m in life.mornings if m.what != "off"]
    good = [m for m in on if m.good]
    partly = [m for m in good if 4 in m.attempts]
    without = [m for m in on if not m.good]
    found.row("days", len(life.mornings))
    found.row("days on which the machine was off", len(life.mornings) - len(on))
    found.row("days with a run", len(good))
    found.row("of them done in part (exit 4), with the reason", len(partly))
    found.row("days without one: killed, and the machine back on the next day only", len(without))
    found.row("mornings killed (times a live process was hit)", sum(life.kills.values()))
    found.row(
        "kills by what was at work", ", ".join(f"{k} {n}" for k, n in sorted(life.kills.items()))
    )
    found.row("kills that came after the end", life.missed)
    for m in without:
        found.must("killed" in m.reason, f"{m.day} has no run: {m.attempts} {m.reason}")
    for m in partly:
        found.must(bool(m.reason), f"{m.day} was done in part and does not say why")
        amiss = m.source != "ok" or m.refused or m.what == "disk full"
        found.must(amiss, f"{m.day} was done in part though nothing was amiss: {m.reason}")
    found.must(
        life.mornings[-1].attempts == [0], f"the last morning says: {life.mornings[-1].reason}"
    )
    compared = [m for m in good if m.observed is not None]
    found.row("runs whose days and mean of PM2.5 were compared with the deliveries", len(compared))
    found.wrong += life.faults
    return found


def _moments(life: Life) -> dict[str, datetime]:
    """When each file came into the tables, by its name."""
    files = life.workspace.store.read("files", columns=["name", "path", "ingested_at"])
    first = files.sort_values("ingested_at").drop_duplicates("path", keep="first")
    return {
        row.path.rsplit("/", 1)[-1]: pd.Timestamp(row.ingested_at).to_pydatetime()
        for row in first.itertuples()
    }


def as_received(life: Life) -> Ledger:
    """Return the ledger with the moments at which files came into the tables."""
    moments = _moments(life)
    ledger = Ledger()
    # A file that repeats another is in no list; it says nothing new either.
    listed = [one for one in life.dropped if one.name in moments]
    for one in sorted(listed, key=lambda one: (moments[one.name], one.name)):
        ledger.receive(moments[one.name], [one])
    return ledger


def nothing_lost(life: Life) -> Checked:
    """Every reading that was delivered is stored, each version of it, or set aside with a reason."""
    found = Checked("Nothing lost")
    store, ledger = life.workspace.store, life.ledger
    air = store.read("air_daily")
    air = air[air["item"].isin(AIR_ITEMS)]
    air = air.assign(when=air["date"].dt.strftime("%Y-%m-%d"))
    water = store.read("water_samples")
    water = water[water["item"].isin(list(WATER_ITEMS))]
    water = water.assign(when=water["time"].dt.strftime("%Y-%m-%d %H:%M"))
    both = pd.concat([air, water])[
        ["source", "place", "when", "item", "value", "known_from", "version"]
    ]
    stored: dict[Any, list[float]] = {}
    for row in both.sort_values("known_from", kind="stable").itertuples(index=False):
        stored.setdefault((row.source, row.place, row.when, row.item), []).append(float(row.value))
    told = {key: [value for _, value in held] for key, held in ledger.versions.items()}
    lost = [key for key in told if key not in stored]
    other = [key for key in told if key in stored and not _equal(stored[key], told[key])]
    foreign = [key for key in stored if key not in told]
    found.row("readings delivered, repeats included", ledger.delivered)
    found.row("readings stored", len(stored))
    found.row("values with the ones they replaced", sum(len(v) for v in stored.values()))
    found.row("readings that came again with another value", sum(len(v) > 1 for v in told.values()))
    audited = sum((AUDITED, *key[1:]) in told for key in told if key[0] == REALTIME)
    found.row("real-time readings that an audited one followed", audited)
    found.must(not lost, f"{len(lost)} readings are lost, such as {lost[:3]}")
    found.must(
        not other,
        f"{len(other)} have other values, such as {[(k, stored[k], told[k]) for k in other[:3]]}",
    )
    found.must(not foreign, f"{len(foreign)} came from nowhere, such as {foreign[:3]}")
    for source, version in ((REALTIME, "realtime"), (AUDITED, "audited")):
        kinds = set(both.loc[both["source"] == source, "version"])
        found.must(kinds == {version}, f"{source} is stored as {kinds}")
    _set_aside(life, found)
    _weather(life, found)
    # Received between the morning it lay there and the next good one.
    moments = _moments(life)
    twice = {text for text, n in Counter(d.text for d in life.dropped).items() if n > 1}
    for one in life.dropped:
        if one.readings and one.name in moments and one.name in life.spans:
            day = moments[one.name].date()
            since, until = life.spans[one.name]
            found.must(
                since <= day <= until, f"{one.name} was received {day}, not {since} to {until}"
            )
        elif one.readings and one.text not in twice:
            found.must(False, f"{one.name} is in no list of files")
    return found


def _set_aside(life: Life, found: Checked) -> None:
    broken = [d for d in life.dropped if d.broken]
    folder = life.workspace.processed / "quarantine"
    texts = [p.read_text(encoding="utf-8-sig") for p in sorted(folder.glob("*.csv"))]
    said = sum(any(d.name in text for text in texts) for d in broken)
    found.row("broken files delivered", len(broken))
    found.row("of them listed in quarantine with a reason", said)
    found.must(
        said == len(broken),
        f"not in quarantine: {[d.name for d in broken if not any(d.name in t for t in texts)][:5]}",
    )


def _weather(life: Life, found: Checked) -> None:
    """Every day of weather that the service gave in time is there with the last value it gave."""
    rows = life.workspace.store.met_daily()
    rows = rows[rows["item"].isin(list(_WEATHER))]
    values = {
        (str(row.date)[:10], row.item): float(row.value) for row in rows.itertuples(index=False)
    }
    allowed: dict[tuple[str, str], set[float]] = {}
    for asked, good in life.fetched:
        for back in range(1, 11):
            day = asked - timedelta(days=back)
            for item, name in _WEATHER.items():
                value, key = weather(day, name, asked), (str(day), item)
                if good:
                    allowed[key] = {value}
                elif key in allowed:
                    # It may have come before the morning was killed.
                    allowed[key].add(value)
    lost = [key for key in allowed if key not in values]
    other = [key for key, held in allowed.items() if key in values and values[key] not in held]
    found.row("values of weather fetched", len(allowed))
    found.row("mornings on which the source failed", sum(not good for _, good in life.fetched))
    found.must(not lost, f"{len(lost)} values of weather are lost, such as {lost[:3]}")
    found.must(not other, f"{len(other)} values of weather differ, such as {other[:3]}")


def as_of(life: Life) -> Checked:
    """``--as-of`` shows of each day what was known then."""
    found = Checked("What was known then")
    ledger = as_received(life)
    store = life.workspace.store
    n = len(life.mornings)
    days = [life.mornings[k].day for k in range(1, n, max(1, n // 40, 60 // n))]
    compared = changed = ahead = 0
    for day in days:
        rows = store.air_daily(as_of=day)
        rows = rows[rows["item"].isin(AIR_ITEMS)]
        seen = {
            (str(row.date)[:10], row.item): float(row.value) for row in rows.itertuples(index=False)
        }
        expected = {
            (key[2], key[3]): value
            for key in ledger.versions
            if key[0] in (REALTIME, AUDITED)
            and (value := ledger.air(date.fromisoformat(key[2]), key[3], day)) is not None
        }
        compared += len(expected)
        now = {key: ledger.air(date.fromisoformat(key[0]), key[1]) for key in expected}
        changed += sum(now[key] != value for key, value in expected.items())
        wrong = [k for k in {*seen, *expected} if seen.get(k) != expected.get(k)]
        found.must(
            not wrong,
            f"as of {day}: {len(wrong)} differ, such as "
            f"{[(k, seen.get(k), expected.get(k)) for k in wrong[:3]]}",
        )
        for key, held in ledger.versions.items():
            if key[0] == AUDITED and held[0][0].date() > day and key[2] <= str(day):
                other = ledger.of_source((REALTIME, *key[1:]), day)
                ahead += other is not None and other != held[0][1]
    found.row("days asked", len(days))
    found.row("values compared", compared)
    found.row("of them another one today", changed)
    _known_from(store, ledger, found)
    found.row(
        "values shown as audited before the audit came (the first value of another source counts "
        "from its own time)", ahead,
    )  # fmt: skip
    return found


def _known_from(store: Store, ledger: Ledger, found: Checked) -> None:
    """A correction of a source is known from its receipt, the value before it from its own time."""
    rows = store.read("air_daily").sort_values("known_from", kind="stable")
    when: dict[Any, list[date]] = {}
    for row in rows.itertuples(index=False):
        key = (row.source, row.place, str(row.date)[:10], row.item)
        when.setdefault(key, []).append(pd.Timestamp(row.known_from).date())
    corrected = {key: days for key, days in when.items() if len(days) > 1}
    wrong = [
        key
        for key, days in corrected.items()
        if [str(days[0]), *days[1:]] != [key[2], *(at.date() for at, _ in ledger.versions[key][1:])]
    ]
    found.row("corrections of air by their own source", len(corrected))
    found.must(
        not wrong, f"{len(wrong)} corrections are known from another day, such as {wrong[:3]}"
    )


def register(life: Life) -> Checked:
    """Every run stands in the register once, and its chain is whole."""
    found = Checked("Register")
    state = check_register(life.workspace)
    found.row("runs", state.blocks)
    found.row("lines that a kill cut off", state.torn)
    found.row("first and last day", f"{state.first} to {state.last}")
    for fault in state.faults:
        found.must(False, f"{fault.where}, line {fault.at}: {fault.en}")
    lines = [
        line
        for path in sorted((life.workspace.reports / "register").glob("*.jsonl"))
        for line in path.read_bytes().decode("utf-8", errors="replace").splitlines()
    ]
    names = [m[1] for line in lines if (m := re.search(r'"run":\s*{"id":\s*"([0-9a-f-]+)"', line))]
    made = {m.run for m in life.mornings if m.run} | life.folders
    found.row("runs that were seen in the folder of reports", len(made))
    found.must(len(set(names)) == state.blocks, f"{len(set(names))} names, {state.blocks} blocks")
    missing = made - set(names)
    found.must(not missing, f"not in the register: {sorted(missing)[:5]}")
    return found


def verified(life: Life) -> Checked:
    """``forecast verify`` scores the year that ended."""
    found = Checked("forecast verify")
    last = life.mornings[-1].day
    moment = datetime(last.year, last.month, last.day, 9, 0, tzinfo=ZONE)
    ended = life.machine.run(moment, "verify", "--json")
    found.must(ended.code == 0, f"it ended in {ended.code}: {ended.said}")
    if ended.code:
        return found
    told = ended.told
    counts = told["counts"]
    for name in ("runs", "forecasts", "scored", "pending", "in_time"):
        found.row(name, int(counts[name]))
    if life.city.first.year < last.year:
        found.must(counts["scored"] > 0, "nothing was scored")
        found.must(counts["in_time"] > 0, "no forecast counts as made in time")
        pooled = [s for s in told["scores"] if s.get("group", s.get("by")) in ("pooled", "all")]
        found.row("rows of scores", len(told["scores"]))
        found.row("rows of pooled scores", len(pooled))
    standing = life.runs_standing()
    long = len(life.mornings) >= 200
    for name in standing[:: len(standing) // 3][:3] if long else standing[-3:-2]:
        again = life.machine.run(moment, "run", "--repeat", name)
        found.row(f"{name} made again", f"exit code {again.code}")
        found.must(again.code == 0, f"{name} is not as it was: {again.out} {again.said}")
    return found


def leftovers(life: Life) -> Checked:
    """Nothing unfinished lies about, and the log turns over."""
    found = Checked("Left over")
    left = [
        str(p.relative_to(life.root))
        for p in life.root.rglob(".*")
        if p.name not in _STAYS and not p.name.endswith(".lock")
    ]
    found.row("unfinished files and folders", len(left))
    found.must(not left, f"left over: {left[:10]}")
    logs = sorted((life.workspace.reports / "logs").glob("forecast.jsonl*"))
    settings = life.workspace.config.schedule
    found.row("files of the log", len(logs))
    found.row("largest of them [kB]", round(max(p.stat().st_size for p in logs) / 1000, 1))
    found.must(len(logs) <= settings.log_files + 1, f"{len(logs)} files of the log")
    found.must(len(logs) > 1, "the log never turned over")
    for path in logs:
        size = path.stat().st_size
        found.must(size <= settings.log_kilobytes * 1000 + 4000, f"{path.name} has {size} bytes")
    broken = 0
    for path in logs:
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                json.loads(line)
            except ValueError:
                broken += 1
    found.row("lines of the log that are cut off", broken)
    return found


def _equal(a: list[float], b: list[float]) -> bool:
    return len(a) == len(b) and all(abs(x - y) < 1e-9 for x, y in zip(a, b, strict=True))


CHECKS = (every_day, nothing_lost, as_of, register, verified, leftovers, flat)


def checked(life: Life) -> list[Checked]:
    """Do all checks; one that fails to run is wrong."""
    found = []
    for check in CHECKS:
        try:
            found.append(check(life))
        except Exception as error:
            found.append(Checked(check.__name__, wrong=[f"{type(error).__name__}: {error}"]))
    return found
