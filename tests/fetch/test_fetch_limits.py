"""A source out of order, or an unfriendly one, costs little memory, disk and time, and no traceback."""

from __future__ import annotations

import gzip
import json
import time
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dripping import Dripping
from source_cases import CASES, POINT
from source_forms import hours_wide, openaq_hours
from source_server import Failure, Made, SourceServer

from forecast.fetch import FetchReport
from forecast.fetch.answers import SourceUnavailable, seconds_asked
from forecast.fetch.client import Client
from forecast.fetch.redaction import Redaction
from forecast.fetch.source import (
    Unusable,
    json_of,
)

Pull = Callable[..., FetchReport]

CASE = {case.source: case for case in CASES}
KEY = "k3y-of-a-test-0123456789"
DEEP = b"[" * 100_000
OK = b"HTTP/1.1 200 OK\r\n"
MB = 1 << 20
DAY: dict[str, Any] = {"start": date(2025, 2, 20), "end": date(2025, 2, 20)}
DAY_PATH = "/china_sites_20250220.csv"


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAQ_API_KEY", KEY)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """A client whose tries last half a second and whose files have one MB at most."""
    monkeypatch.setattr("forecast.fetch.client._PATIENCE", 10)
    with Client(
        gap=0.0, rng=np.random.default_rng(1), attempts=2, timeout=0.05, largest=MB,
        sleep=lambda _: None, secrets=(KEY,),
    ) as made:  # fmt: skip
        yield made


def _ways(client: Client, part: Path) -> list[Callable[[str], Any]]:
    return [client.get, lambda url: client.download(url, part)]


@pytest.mark.parametrize("way", [0, 1])
def test_a_packed_answer_is_not_unpacked_without_end(
    client: Client, server: SourceServer, tmp_path: Path, way: int
) -> None:
    """100 MB of zeros in 100 kB: refused after one MB, in one request, and nothing stays."""
    bomb = gzip.compress(bytes(100 * MB), 1)
    server.files["/f"] = Made(bomb, '"e"', headers={"Content-Encoding": "gzip"})
    part = tmp_path / ".p"
    tracemalloc.start()
    try:
        with pytest.raises(SourceUnavailable, match="sends more than 1 MB") as told:
            _ways(client, part)[way](f"{server.url}/f")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 20 * MB
    assert told.value.lasting and told.value.cure
    assert len(server.seen) == 1
    assert list(tmp_path.iterdir()) == []


def test_packed_twice_is_not_unpacked(client: Client, server: SourceServer) -> None:
    """Layers of packing multiply; only the one that was asked for is taken off."""
    server.files["/f"] = Made(b"x", headers={"Content-Encoding": "gzip, gzip"})
    with pytest.raises(SourceUnavailable, match="which was not asked for"):
        client.get(f"{server.url}/f")


@pytest.mark.parametrize("way", [0, 1])
@pytest.mark.parametrize("head", [b'ETag: "e"\r\n\r\n', b"Content-Length: 999999999999\r\n\r\n"])
def test_an_answer_without_end_is_cut_off(
    client: Client, tmp_path: Path, way: int, head: bytes
) -> None:
    """No more than the limit lands on disk or in memory, and the part does not stay."""
    with Dripping(OK + head, bytes(65536)) as source:
        with pytest.raises(SourceUnavailable, match="sends more than 1 MB"):
            _ways(client, tmp_path / ".p")[way](f"{source.url}/f")
        assert source.asked == 1
        # What the limit lets in, and what was under way in the buffers of both sides.
        assert source.sent < 30 * MB
    assert list(tmp_path.iterdir()) == []


def test_parts_count_together(client: Client, server: SourceServer, tmp_path: Path) -> None:
    """A file that comes in pieces is as large as all of them."""
    part = tmp_path / ".p"
    body = bytes(range(256)) * 8192
    server.files["/f"] = Made.file(body[:MB])
    server.fail(*[Failure(cut=300_000)] * 2)
    with pytest.raises(SourceUnavailable, match="cut"):
        client.download(f"{server.url}/f", part)
    assert part.stat().st_size > 0
    etag = server.files["/f"].etag  # type: ignore[union-attr]
    server.files["/f"] = Made(body, etag)
    note = part.with_name(".p.json")
    note.write_text(
        json.dumps({**json.loads(note.read_bytes()), "size": len(body)}), encoding="utf-8"
    )
    with pytest.raises(SourceUnavailable, match="sends more than 1 MB"):
        client.download(f"{server.url}/f", part)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("way", [0, 1])
@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (OK, b"X-A: 1\r\n"),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
        (OK + b"Content-Length: 100000\r\n\r\n", b"1"),
        (OK + b"\r\n", b"1"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X-A: 1\r\n"),
    ],
    ids=["headers", "hints", "body", "body without length", "trailers"],
)
def test_drops_are_not_waited_for(
    client: Client, tmp_path: Path, way: int, head: bytes, piece: bytes
) -> None:
    """Each byte comes in time, all of them never: one try, then a sentence; nothing stays."""
    begun = time.monotonic()
    with Dripping(head, piece, 0.02) as source:
        with pytest.raises(SourceUnavailable, match="it sends too slowly; tried once") as told:
            _ways(client, tmp_path / ".p")[way](f"{source.url}/f")
        assert source.asked == 1
    assert told.value.lasting
    assert time.monotonic() - begun < 10
    # Without a validator nothing can be gone on with.
    assert list(tmp_path.iterdir()) == []


def test_a_slow_part_that_can_be_gone_on_with_stays(client: Client, tmp_path: Path) -> None:
    """The next run asks for the rest."""
    part = tmp_path / ".p"
    with (
        Dripping(OK + b'ETag: "e"\r\nContent-Length: 100000\r\n\r\n', b"1", 0.02) as source,
        pytest.raises(SourceUnavailable, match="it sends too slowly"),
    ):
        client.download(f"{source.url}/f", part)
    assert part.stat().st_size > 1


def test_a_slow_line_that_brings_much_is_used_again(
    monkeypatch: pytest.MonkeyPatch, client: Client, tmp_path: Path
) -> None:
    """A try that ran out of time is followed by another where enough of the file came."""
    monkeypatch.setattr("forecast.fetch.client._WORTH_GOING_ON", 5)
    with (
        Dripping(OK + b'ETag: "e"\r\nContent-Length: 100000\r\n\r\n', b"1", 0.02) as source,
        pytest.raises(SourceUnavailable, match="tried 2 times"),
    ):
        client.download(f"{source.url}/f", tmp_path / ".p")


@pytest.mark.parametrize("pause", [0.0, 0.02])
def test_an_error_page_without_end(client: Client, pause: float) -> None:
    """The status is the answer; the page is looked at for a moment only."""
    begun = time.monotonic()
    with (
        Dripping(b"HTTP/1.1 503 Busy\r\n\r\n", b" ", pause) as source,
        pytest.raises(SourceUnavailable, match=r"busy or out of order \(503\); tried 2 times"),
    ):
        client.get(f"{source.url}/f")
    assert time.monotonic() - begun < 5


def test_the_page_of_a_redirect_is_not_read(client: Client, server: SourceServer) -> None:
    """It may have no end; the address in it is followed, though not for ever."""
    server.files["/f"] = Made(b"here")
    head = f"HTTP/1.1 302 Found\r\nLocation: {server.url}/f\r\n\r\n".encode()
    with Dripping(head, bytes(65536)) as source:
        assert client.get(f"{source.url}/f") == b"here"
        assert source.sent < 30 * MB
    server.break_down(Failure(302, {"Location": "/f"}))
    server.seen.clear()
    with pytest.raises(SourceUnavailable, match="from one address to the next without end"):
        client.get(f"{server.url}/f")
    assert len(server.seen) == 21


@pytest.mark.parametrize(
    ("after", "told"),
    [("9" * 400, "more than a day"), ("90000", "more than a day"), ("3600", "60 minutes")],
)
def test_any_wait_is_a_sentence(
    client: Client, server: SourceServer, after: str, told: str
) -> None:
    """A number with 400 digits is no number of minutes."""
    server.break_down(Failure(429, {"Retry-After": after}))
    with pytest.raises(SourceUnavailable, match=f"asks to wait {told}"):
        client.get(f"{server.url}/f")


def test_waits_that_mean_nothing() -> None:
    """Dates at the ends of the calendar, and infinite numbers, are finite waits."""
    now = datetime(2025, 3, 2, tzinfo=UTC)
    assert seconds_asked("9" * 400, now) == 366 * 86400
    assert seconds_asked("Fri, 31 Dec 9999 23:59:59 -2359", now) == 366 * 86400
    assert seconds_asked("Mon, 01 Jan 0001 00:00:00 +2359", now) == 0.0


def test_deep_json_is_an_answer(pull: Pull, server: SourceServer) -> None:
    """As data it is rejected; as an error page it is no reason; as a list there is no list."""
    asked = {**POINT, "start": date(2025, 1, 1), "end": date(2025, 1, 2)}
    server.break_down(Failure(body=DEEP))
    report = pull("open-meteo", **asked)
    assert report.files[0].state == "rejected" and "nested without end" in report.message
    report = pull("openaq", **CASE["openaq"].asked)
    assert report.exit_code == 1 and "nested without end" in report.note
    server.break_down(Failure(400, body=DEEP[:4000]))
    report = pull("open-meteo", **asked)
    assert "did not accept the request (400)." in report.message


def test_json_that_python_could_still_read_is_too_deep() -> None:
    """What is read here is written again below; both must go well, in every Python."""
    assert json_of(b'{"a":[{"b":{"c":[1]}}]}') == {"a": [{"b": {"c": [1]}}]}
    with pytest.raises(Unusable, match="nested without end"):
        json_of(b"[" * 60 + b"]" * 60)


@pytest.mark.parametrize("before", [0, 150, 185, 190, 195, 250, 290, 295])
def test_a_key_is_not_shown_in_part(client: Client, server: SourceServer, before: int) -> None:
    """A message that is cut within the key shows none of it."""
    said = f"{'a' * before} {KEY} is not valid {'b' * 500}"
    server.fail(Failure(403, body=json.dumps({"detail": said}).encode()))
    with pytest.raises(SourceUnavailable) as told:
        client.get(f"{server.url}/f", key={"X-API-Key": KEY})
    assert not any(KEY[at : at + 4] in str(told.value) for at in range(len(KEY) - 3))
    assert len(told.value.message) < 500


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (f"a {KEY} b", "a *** b"), (f"{KEY}{KEY}", "***"), (f"a {KEY[:8]} b", "a *** b"),
        (f"a {KEY[:15]}… b", "a ***… b"), (f"ends with {KEY[-8:]}", "ends with ***"),
        (f"a {KEY[:7]} b", f"a {KEY[:7]} b"), ("nothing", "nothing"),
    ],
)  # fmt: skip
def test_parts_of_a_key_are_found(said: str, shown: str) -> None:
    """Eight characters of it in a row, from anywhere; a short key only as a whole."""
    redaction = Redaction((KEY, ""))
    assert redaction.text(said) == shown
    assert redaction.data(b"\xff" + said.encode()) == b"\xff" + shown.encode()
    assert Redaction(("s3cret",)).text("a s3cret b s3cre") == "a *** b s3cre"


def test_a_header_that_echoes_the_key(pull: Pull, server: SourceServer) -> None:
    """The first line of a table is quoted in the reason: short, on one line, without the key."""
    body = f"{'x' * 70}{KEY},\x1b[2J{'y' * 5000}\n1\n".encode()
    server.files[DAY_PATH] = Made(body)
    report = pull("cnemc-archive", **DAY)
    assert report.files[0].state == "rejected"
    assert len(report.message) < 600 and "\x1b" not in report.message


def test_openaq_may_echo_the_key_in_its_data(pull: Pull, server: SourceServer) -> None:
    """What is stored does not hold it."""
    CASE["openaq"].setup(server)
    hours = openaq_hours("pm25", 3)
    server.files["/v3/sensors/11/hours"] = lambda query: hours(query).replace(
        b'"results": [{', f'"results": [{{"for": "{KEY}", '.encode(), 1
    )
    report = pull("openaq", **CASE["openaq"].asked)
    stored = report.files[0].paths[0].read_bytes()
    assert b'"for": "***"' in stored


def test_nothing_has_changed_in_what_we_never_had(pull: Pull, server: SourceServer) -> None:
    """304 without a question is no content."""
    server.break_down(Failure(304))
    report = pull("cnemc-archive", **DAY, attempts=2)
    assert report.exit_code == 1 and "the answer 304 was not expected" in report.message


def test_a_mark_that_fits_into_no_header(pull: Pull, server: SourceServer) -> None:
    """An ETag with other characters than ASCII is not sent back."""
    server.files[DAY_PATH] = Made(hours_wide(date(2025, 2, 20)), '"\xe9"')
    assert pull("cnemc-archive", **DAY).exit_code == 0
    again = pull("cnemc-archive", start=date(2025, 2, 20), end=date(2025, 3, 1), attempts=1)
    assert again.files[0].state == "unchanged"
