"""The copy of the tables for workers: in memory, and on a server that speaks S3."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pandas as pd
import pytest

from forecast.configuration_paths import check_shared
from forecast.errors import ForecastError, WorkspaceError
from forecast.shared_tables import fetched, publish
from forecast.store import Store


def readings(day: str, regions: int = 3) -> pd.DataFrame:
    """A value of PM2.5 of some cities on one day."""
    return pd.DataFrame(
        {
            "region": [f"{k}市" for k in range(regions)], "place": [f"{k}市" for k in range(regions)],
            "place_kind": "city", "date": pd.Timestamp(day), "item": "pm25",
            "value": [30.0 + k for k in range(regions)], "known_from": pd.Timestamp(day),
        }
    )  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "processed")
    made.upsert("air_daily", readings("2024-05-01"))
    made.upsert("air_daily", readings("2025-05-01"))
    return made


@pytest.fixture
def memory(request: pytest.FixtureRequest) -> Iterator[str]:
    folder = request.node.name.partition("[")[0]
    yield f"memory://{folder}/tables"
    fsspec.filesystem("memory").rm("/" + folder, recursive=True)


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    moto = pytest.importorskip("moto.server", reason="moto, which speaks S3, is not installed")
    pytest.importorskip("s3fs", reason="s3fs is not installed")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "key")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        fsspec.filesystem("s3").mkdir("bureau")
        yield "s3://bureau/forecast/tables"
    server.stop()


def same_tables(found: Store, store: Store) -> bool:
    """Whether two stores say the same, read from their files."""
    return found.fingerprint() == store.fingerprint() and found.read("air_daily").equals(
        store.read("air_daily")
    )


def test_what_is_fetched_is_what_was_published(store: Store, memory: str, tmp_path: Path) -> None:
    assert publish(store, memory) == 2
    found = fetched(memory, store.fingerprint(), tmp_path / "worker")
    assert same_tables(found, store)
    assert found.processed.is_relative_to(tmp_path / "worker")


def test_a_server_that_speaks_s3_serves_as_well(store: Store, s3: str, tmp_path: Path) -> None:
    publish(store, s3)
    store.upsert("air_daily", readings("2025-05-02"))
    assert publish(store, s3) == 1
    assert same_tables(fetched(s3, store.fingerprint(), tmp_path / "worker"), store)


def test_a_folder_that_somebody_made_first_is_no_file_of_others(store: Store, s3: str) -> None:
    address = s3.rpartition("/")[0] + "/made"
    fsspec.filesystem("s3").pipe_file(address.removeprefix("s3://") + "/", b"")
    assert publish(store, address) == 2


def test_a_bucket_that_is_not_there_is_named(store: Store, s3: str) -> None:
    with pytest.raises(ForecastError, match="s3://nowhere/tables can't be written") as told:
        publish(store, "s3://nowhere/tables")
    assert "\n" not in str(told.value)
    assert "every worker may read it" in told.value.cure


def test_folders_of_a_disk_are_made(store: Store, tmp_path: Path) -> None:
    url = (tmp_path / "share" / "tables").as_uri()
    assert publish(store, url) == 2
    assert same_tables(fetched(url, store.fingerprint(), tmp_path / "worker"), store)


def test_only_what_changed_travels(store: Store, memory: str, tmp_path: Path) -> None:
    publish(store, memory)
    first = fetched(memory, store.fingerprint(), tmp_path / "worker")
    kept = {p: p.stat().st_mtime_ns for p in first.processed.rglob("part-*") if "2024" in str(p)}
    store.upsert("air_daily", readings("2025-05-02"))
    assert publish(store, memory) == 1
    assert publish(store, memory) == 0
    second = fetched(memory, store.fingerprint(), tmp_path / "worker")
    assert same_tables(second, store)
    assert {p: p.stat().st_mtime_ns for p in kept} == kept
    assert len(list(second.processed.rglob("part-*"))) == 2


def test_parts_of_the_copy_before_stay_for_its_readers(store: Store, memory: str) -> None:
    files = fsspec.filesystem("memory")
    root = memory.removeprefix("memory:/")
    counts = []
    for day in ("2025-05-02", "2025-05-03", "2025-05-04"):
        publish(store, memory)
        store.upsert("air_daily", readings(day))
        counts.append(sum(p.endswith(".parquet") for p in files.find(root)))
    publish(store, memory)
    counts.append(sum(p.endswith(".parquet") for p in files.find(root)))
    assert counts == [2, 3, 3, 3]


def test_tables_fetched_before_serve_without_the_copy(
    store: Store, memory: str, tmp_path: Path
) -> None:
    publish(store, memory)
    fetched(memory, store.fingerprint(), tmp_path / "worker")
    fsspec.filesystem("memory").rm(memory.removeprefix("memory:/") + "/manifest.json")
    assert same_tables(fetched(memory, store.fingerprint(), tmp_path / "worker"), store)


def test_a_copy_of_another_run_is_refused(store: Store, memory: str, tmp_path: Path) -> None:
    publish(store, memory)
    with pytest.raises(WorkspaceError, match="are not those of this run"):
        fetched(memory, "0" * 64, tmp_path / "worker")


def test_a_damaged_part_is_named_and_not_kept(store: Store, memory: str, tmp_path: Path) -> None:
    publish(store, memory)
    files = fsspec.filesystem("memory")
    part = next(p for p in files.find(memory.removeprefix("memory:/")) if "2025" in p)
    data = bytearray(files.cat_file(part))
    data[len(data) // 2] ^= 1
    files.pipe_file(part, bytes(data))
    with pytest.raises(WorkspaceError, match=r"part-\w+\.parquet at memory://.* is damaged"):
        fetched(memory, store.fingerprint(), tmp_path / "worker")
    assert not [p for p in (tmp_path / "worker").rglob("part-*") if "2025" in str(p)]


def test_files_of_others_stay_and_a_folder_that_is_theirs_is_refused(
    store: Store, tmp_path: Path
) -> None:
    lake = tmp_path / "lake"
    theirs = [lake / "mine.parquet", lake / "air_daily" / "year=2024" / "results.parquet"]
    for path in theirs:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"precious")
    with pytest.raises(ForecastError, match="holds other files") as told:
        publish(store, lake.as_uri())
    assert told.value.cure == "Name a folder of its own."
    foreign = tmp_path / "app"
    foreign.mkdir()
    (foreign / "manifest.json").write_text('{"name": "an app"}')
    with pytest.raises(ForecastError, match=r"holds other files \(manifest\.json\)"):
        publish(store, foreign.as_uri())
    own = tmp_path / "own"
    publish(store, own.as_uri())
    (own / "notes.parquet").write_bytes(b"precious")
    for day in ("2025-05-02", "2025-05-03", "2025-05-04"):
        store.upsert("air_daily", readings(day))
        publish(store, own.as_uri())
    assert [p.read_bytes() for p in (*theirs, own / "notes.parquet")] == [b"precious"] * 3
    assert len(list(own.rglob("part-*"))) == 3


def test_a_part_that_was_written_in_part_is_written_again(store: Store, tmp_path: Path) -> None:
    url = (tmp_path / "share").as_uri()
    publish(store, url)
    part = next(tmp_path.glob("share/air_daily/year=2025/**/part-*"))
    part.write_bytes(part.read_bytes()[:300])
    assert publish(store, url) == 1
    assert same_tables(fetched(url, store.fingerprint(), tmp_path / "worker"), store)


@pytest.mark.parametrize("damage", ["cut", "changed", "gone"])
def test_what_was_fetched_and_is_damaged_is_fetched_anew(
    store: Store, memory: str, tmp_path: Path, damage: str
) -> None:
    publish(store, memory)
    fetched(memory, store.fingerprint(), tmp_path / "worker")
    part = next((tmp_path / "worker").rglob("year=2025/**/part-*"))
    data = bytearray(part.read_bytes())
    data[300] ^= 1
    part.unlink()
    if damage != "gone":
        part.write_bytes(data[:500] if damage == "cut" else data)
    assert same_tables(fetched(memory, store.fingerprint(), tmp_path / "worker"), store)


def test_what_is_missing_at_the_copy_is_named(store: Store, memory: str, tmp_path: Path) -> None:
    publish(store, memory)
    files = fsspec.filesystem("memory")
    part = next(p for p in files.find(memory.removeprefix("memory:/")) if "2025" in p)
    files.rm_file(part)
    with pytest.raises(WorkspaceError, match=r"part-\w+\.parquet is missing at memory://") as told:
        fetched(memory, store.fingerprint(), tmp_path / "worker")
    assert told.value.cure.startswith("Run again")


def test_a_list_that_leads_out_of_the_folder_is_refused(
    store: Store, memory: str, tmp_path: Path
) -> None:
    publish(store, memory)
    files, name = fsspec.filesystem("memory"), memory.removeprefix("memory:/") + "/manifest.json"
    text = json.load(io.BytesIO(files.cat_file(name)))
    next(iter(text["tables"]["air_daily"].values()))["path"] = "../../evil/part-0.parquet"
    files.pipe_file(name, json.dumps(text).encode())
    with pytest.raises(WorkspaceError, match=r"list of the tables at memory://.* is damaged"):
        fetched(memory, store.fingerprint(), tmp_path / "worker")
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/srv/tables", "no address of files"),
        ("C:/tables", "no address of files"),
        ("", "no address of files"),
        ("s3://user:secret@host/tables", "must not hold a password"),
        ("file://share/tables", "does not begin at the root"),
        ("memory://tables", "can't be seen"),
    ],
)
def test_an_address_that_is_none_is_refused_without_its_password(address: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as told:
        check_shared(address)
    assert "secret" not in str(told.value)


def test_a_file_system_without_its_package_is_named(store: Store) -> None:
    with pytest.raises(ForecastError, match=r"nosuch://.*can't be written") as told:
        publish(store, "nosuch://host/tables")
    assert "\n" not in str(told.value)
