"""The client: what it does when a source is busy, cuts, lies or is silent."""

from __future__ import annotations

import base64
import gzip
import hashlib
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from source_server import Failure, Made, SourceServer

from forecast.errors import WorkspaceError
from forecast.fetch.answers import AccessRefused, NotThere, SourceUnavailable
from forecast.fetch.client import Answer, Client

BODY = bytes(range(256)) * 400
NOW = datetime(2025, 3, 2, 6, tzinfo=UTC)


@pytest.fixture
def client(clock: Any) -> Iterator[Client]:
    with Client(
        gap=2.0, rng=np.random.default_rng(1), timeout=5.0, sleep=clock.sleep, clock=clock,
        now=lambda: NOW, secrets=("s3cret",),
    ) as made:  # fmt: skip
        yield made


@pytest.fixture
def get(client: Client, server: SourceServer, tmp_path: Path) -> Callable[..., Answer]:
    """Download one file of the server and clear the part away."""
    server.files["/f.bin"] = Made.file(BODY)
    part = tmp_path / ".f.part"

    def run(**given: Any) -> Answer:
        answer = client.download(f"{server.url}/f.bin", part, **given)
        client.discard(part)
        return answer

    return run


def test_a_file_comes_whole(get: Callable[..., Answer]) -> None:
    """The content, and what to ask with the next time."""
    answer = get()
    assert answer.data == BODY
    assert answer.etag == f'"{hashlib.md5(BODY).hexdigest()}"'
    assert not answer.resumed


def test_an_unchanged_file_is_not_sent_again(
    get: Callable[..., Answer], server: SourceServer
) -> None:
    """If-None-Match is sent and 304 is understood."""
    answer = get(etag=get().etag)
    assert answer.unchanged and answer.data == b""
    assert server.seen[-1].headers["if-none-match"] == answer.etag


def test_requests_keep_their_distance(get: Callable[..., Answer], clock: Any) -> None:
    """The second request comes two seconds after the first; the first waits for nothing."""
    get()
    assert clock.slept == []
    get()
    assert clock.slept == [2.0]


@pytest.mark.parametrize(
    ("after", "wait"),
    [("7", 7.0), ("Sun, 02 Mar 2025 06:00:30 GMT", 30.0), ("Sun, 02 Mar 2025 05:00:00 GMT", 0.0)],
)
def test_retry_after_is_kept(
    get: Callable[..., Answer], server: SourceServer, clock: Any, after: str, wait: float
) -> None:
    """429 with a wait in seconds or as a date: that long, no longer, apart from the distance."""
    server.fail(Failure(429, {"Retry-After": after}))
    assert get().data == BODY
    assert sum(clock.slept) == pytest.approx(max(wait, 2.0))


def test_a_long_wait_is_an_answer(
    get: Callable[..., Answer], server: SourceServer, clock: Any
) -> None:
    """A source that asks for an hour is not waited for."""
    server.fail(Failure(429, {"Retry-After": "3600"}))
    with pytest.raises(SourceUnavailable, match="asks to wait 60 minutes") as told:
        get()
    assert told.value.lasting and len(server.seen) == 1 and clock.slept == []


def test_back_off_doubles_with_jitter(
    get: Callable[..., Answer], server: SourceServer, clock: Any
) -> None:
    """Pauses lie between half and all of 1, 2, 4, 8 s; then the source counts as unavailable."""
    server.break_down(Failure(503))
    with pytest.raises(SourceUnavailable, match=r"127\.0\.0\.1.* busy or out of order \(503\)"):
        get()
    assert len(server.seen) == 5
    # Pauses below the distance of two seconds are followed by the rest of it.
    marks = np.cumsum(clock.slept)
    assert marks[-1] <= 2 + 2 + 4 + 8
    assert any(np.isclose(marks, 2.0)) and 2 <= clock.slept[-1] <= 8


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
def test_passing_failures_are_tried_again(
    get: Callable[..., Answer], server: SourceServer, status: int
) -> None:
    """One failure, then the file."""
    server.fail(Failure(status, body=HTML_PAGE))
    assert get().data == BODY
    assert len(server.seen) == 2


HTML_PAGE = b"<html>busy</html>"


def test_a_cut_download_is_resumed(get: Callable[..., Answer], server: SourceServer) -> None:
    """The rest is asked for with Range and If-Range, and only the rest is sent."""
    server.fail(Failure(cut=60_000))
    answer = get()
    assert answer.data == BODY and answer.resumed
    second = server.seen[1].headers
    assert 0 < int(second["range"].removeprefix("bytes=").rstrip("-")) <= 60_000
    assert second["if-range"] == answer.etag


def test_a_later_run_goes_on_with_the_part(
    client: Client, server: SourceServer, tmp_path: Path
) -> None:
    """After all tries are cut the part stays, and the next call completes it."""
    server.files["/f.bin"] = Made.file(BODY)
    part = tmp_path / ".f.part"
    server.fail(*[Failure(cut=10_000)] * 5)
    with pytest.raises(SourceUnavailable, match="the connection was cut; tried 5 times"):
        client.download(f"{server.url}/f.bin", part)
    have = part.stat().st_size
    assert 0 < have < len(BODY)
    server.seen.clear()
    answer = client.download(f"{server.url}/f.bin", part)
    assert answer.data == BODY and answer.resumed
    assert server.seen[0].headers["range"] == f"bytes={have}-"


def test_a_part_that_is_complete_is_taken(
    client: Client, server: SourceServer, tmp_path: Path
) -> None:
    """All bytes were here when the program was ended: the source says 416 and sends nothing."""
    server.files["/f.bin"] = Made.file(BODY)
    part = tmp_path / ".f.part"
    client.download(f"{server.url}/f.bin", part)
    answer = client.download(f"{server.url}/f.bin", part)
    assert answer.data == BODY and answer.resumed
    assert server.seen[-1].headers["range"] == f"bytes={len(BODY)}-"


def test_a_file_that_changed_meanwhile_is_not_patched(
    client: Client, server: SourceServer, tmp_path: Path
) -> None:
    """If-Range fails, the whole new file comes, and no byte of the old one is in it."""
    server.files["/f.bin"] = Made.file(BODY)
    part = tmp_path / ".f.part"
    server.fail(*[Failure(cut=10_000)] * 5)
    with pytest.raises(SourceUnavailable):
        client.download(f"{server.url}/f.bin", part)
    server.files["/f.bin"] = Made.file(BODY[::-1])
    answer = client.download(f"{server.url}/f.bin", part)
    assert answer.data == BODY[::-1] and not answer.resumed


@pytest.mark.parametrize("etag", ["", 'W/"weak"'])
def test_without_a_strong_validator_nothing_is_patched(
    client: Client, server: SourceServer, tmp_path: Path, etag: str
) -> None:
    """Two halves could be of two files, so the second try asks for all."""
    server.files["/f.bin"] = Made(BODY, etag)
    server.fail(Failure(cut=10_000))
    assert client.download(f"{server.url}/f.bin", tmp_path / ".p").data == BODY
    assert "range" not in server.seen[1].headers


def test_a_source_that_ignores_ranges_is_read_from_the_start(
    client: Client, server: SourceServer, tmp_path: Path
) -> None:
    """It answers 200 to a Range; the part is dropped."""
    server.files["/f.bin"] = Made(BODY, '"e"', ranges=False)
    server.fail(Failure(cut=10_000))
    answer = client.download(f"{server.url}/f.bin", tmp_path / ".p")
    assert answer.data == BODY and not answer.resumed
    assert "range" in server.seen[1].headers


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-MD5": base64.b64encode(b"0" * 16).decode()},
        {"x-amz-checksum-sha256": base64.b64encode(b"0" * 32).decode()},
        {"Repr-Digest": f"sha-256=:{base64.b64encode(b'0' * 32).decode()}:"},
    ],
)
def test_a_wrong_checksum_is_fetched_again_and_then_refused(
    get: Callable[..., Answer], server: SourceServer, headers: dict[str, str]
) -> None:
    """Once: the second answer is taken. Always: unavailable, and no part stays."""
    server.fail(Failure(headers=headers))
    assert get().data == BODY
    server.break_down(Failure(headers=headers, etag='"other"'))
    with pytest.raises(SourceUnavailable, match=r"its (MD5|SHA256) is not the one"):
        get()


def test_half_a_file_with_the_right_length_is_found_by_its_checksum(
    get: Callable[..., Answer], server: SourceServer
) -> None:
    """The length fits what is sent; the MD5 of the list of files does not."""
    server.fail(Failure(body=BODY[: len(BODY) // 2]))
    answer = get(md5=hashlib.md5(BODY).hexdigest(), sha256=hashlib.sha256(BODY).hexdigest())
    assert answer.data == BODY
    assert len(server.seen) == 2


def test_packed_answers_are_unpacked(client: Client, server: SourceServer, tmp_path: Path) -> None:
    """Content-Encoding gzip, in one piece and resumed; a damaged one is fetched again."""
    packed = gzip.compress(np.random.default_rng(1).bytes(90_000), mtime=0)
    server.files["/f"] = Made(packed, '"p"', headers={"Content-Encoding": "gzip"})
    server.fail(Failure(cut=30_000))
    answer = client.download(f"{server.url}/f", tmp_path / ".p")
    assert answer.data == gzip.decompress(packed) and answer.resumed
    server.fail(Failure(body=packed[:100]))
    assert client.download(f"{server.url}/f", tmp_path / ".q").data == answer.data
    assert client.get(f"{server.url}/f") == answer.data


def test_silence_ends_in_a_sentence(server: SourceServer, clock: Any) -> None:
    """A source that says nothing in time, and one that is not there."""
    server.break_down(Failure(pause=0.4))
    settings: dict[str, Any] = {
        "gap": 0.0, "rng": np.random.default_rng(1), "timeout": 0.1, "attempts": 2,
        "sleep": clock.sleep, "clock": clock,
    }  # fmt: skip
    with (
        Client(**settings) as client,
        pytest.raises(SourceUnavailable, match="no answer in time; tried 2 times"),
    ):
        client.get(f"{server.url}/x")
    with Client(**settings) as client, pytest.raises(SourceUnavailable, match="no connection"):
        client.get("http://127.0.0.1:9/x")


def test_a_trickle_is_not_waited_for_for_ever(server: SourceServer) -> None:
    """A try that lasts too long is given up though something keeps coming; the next goes on."""
    server.files["/f.bin"] = Made.file(BODY * 4)
    ticks = iter(range(0, 10_000_000, 60))
    with (
        Client(
            gap=0.0, rng=np.random.default_rng(1), timeout=5.0, attempts=2,
            sleep=lambda _: None, clock=lambda: float(next(ticks)),
        ) as client,
        pytest.raises(SourceUnavailable, match="it sends too slowly"),
    ):  # fmt: skip
        client.get(f"{server.url}/f.bin")


def test_the_allowance_is_heeded(client: Client, server: SourceServer, clock: Any) -> None:
    """When none is left the next request waits for the reset; a moment in epoch seconds is no wait."""
    left = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "41"}
    server.files["/a"] = Made(b"1", headers=left)
    server.files["/b"] = Made(b"2", headers=left | {"X-RateLimit-Reset": "1740873600"})
    client.get(f"{server.url}/a")
    client.get(f"{server.url}/b")
    assert clock.slept == [41.0]
    client.get(f"{server.url}/a")
    assert clock.slept == [41.0, 2.0]


@pytest.mark.parametrize(
    ("status", "kind", "lasting"),
    [(404, NotThere, False), (410, NotThere, False), (401, AccessRefused, True),
     (403, AccessRefused, True), (400, SourceUnavailable, False), (301, SourceUnavailable, True)],
)  # fmt: skip
def test_final_answers_are_not_tried_again(
    client: Client, server: SourceServer, status: int, kind: type[SourceUnavailable], lasting: bool
) -> None:
    """One request; the reason that the source gives in JSON is passed on."""
    server.fail(Failure(status, body=b'{"error":true,"reason":"Parameter start_date is wrong"}'))
    with pytest.raises(kind) as told:
        client.get(f"{server.url}/x?key=1", key={"X-API-Key": "s3cret"})
    assert type(told.value) is kind and told.value.lasting is lasting
    assert len(server.seen) == 1
    assert status == 301 or "Parameter start_date is wrong" in told.value.message
    assert "?" not in told.value.message


def test_a_key_goes_nowhere_else(
    client: Client, server: SourceServer, caplog: pytest.LogCaptureFixture
) -> None:
    """It is in the header of the request; not in messages, not in logs, not sent after a redirect."""
    caplog.set_level(logging.DEBUG)
    other = SourceServer()
    try:
        server.fail(
            Failure(403, body=b'{"detail":"key s3cret is not valid"}'),
            Failure(302, {"Location": f"{other.url}/x"}),
        )
        for _ in range(2):
            with pytest.raises(SourceUnavailable) as told:
                client.get(f"{server.url}/x", key={"X-API-Key": "s3cret"})
            assert "s3cret" not in str(told.value)
        assert server.seen[0].headers["x-api-key"] == "s3cret"
        assert other.seen == []
    finally:
        other.close()
    assert "s3cret" not in caplog.text


def test_a_full_disk_says_so(get: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch) -> None:
    """The part can't grow: one sentence."""

    class Full:
        def __enter__(self) -> Full:
            return self

        def __exit__(self, *_: object) -> None:
            return

        def write(self, _: bytes) -> None:
            raise OSError(28, "No space left on device")

    true_open = Path.open

    def opened(path: Path, mode: str = "r", *a: Any, **k: Any) -> Any:
        return Full() if mode == "ab" else true_open(path, mode, *a, **k)

    monkeypatch.setattr(Path, "open", opened)
    with pytest.raises(WorkspaceError, match="The disk is full") as told:
        get()
    assert "goes on where it stopped" in told.value.cure


@pytest.mark.parametrize("proxy", ["nonsense://x", "socks9://127.0.0.1:1"])
def test_a_wrong_proxy_is_said(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    """The environment's mistake ends in a sentence."""
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(SourceUnavailable, match="proxy"):
        Client(gap=0.0, rng=np.random.default_rng(1))
