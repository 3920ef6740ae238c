"""Messages reach a mail server, a webhook and the three chats; failures are one sentence each."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from alert_servers import Mail, Web, mail_server, self_signed, web_server

from forecast.errors import UsageError
from forecast.report.alert_words import harmless, message
from forecast.runs.alerts_channels import Channel, Sent, channels_of, deliver
from forecast.runs.run_log import Secrets

pytest.importorskip("apprise")

_PAIRS = [("衡水 PM2.5:较可能达标 → 存在风险。", "Hengshui PM2.5: likely → at risk.")]


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def web() -> Iterator[Web]:
    with web_server() as server:
        yield server


@pytest.fixture
def mail() -> Iterator[Mail]:
    with mail_server() as server:
        yield server


def _send(
    address: str,
    *,
    pairs: list[tuple[str, str]] | None = None,
    workspace: str = "衡水",
    lang: str = "zh",
    timeout: float = 20,
    secrets: tuple[str, ...] = (),
) -> Sent:
    return deliver(
        Channel("ALERT_A", address),
        lambda limit: message(workspace, pairs or _PAIRS, lang, limit=limit),
        timeout=timeout,
        secrets=Secrets(secrets),
    )


def _mail(mail: Mail, extra: str = "") -> str:
    return (
        f"mailto://user:geheim-wort@127.0.0.1:{mail.port}?from=a@example.cn&to=b@example.cn{extra}"
    )


def test_a_mail_is_handed_over_in_a_real_dialogue(mail: Mail) -> None:
    """Sender, recipient, subject and text arrive; the server hears the commands in order."""
    sent = _send(_mail(mail))
    assert sent.done, sent
    words = [c.split(" ")[0].upper() for c in mail.commands]
    assert [w for w in words if w in ("EHLO", "AUTH", "MAIL", "RCPT", "DATA", "QUIT")] == [
        "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "QUIT",
    ]  # fmt: skip
    (one,) = mail.messages
    assert one["Subject"] == "衡水:1条提醒"
    assert "b@example.cn" in one["To"]
    body = one.get_body(preferencelist=("plain", "html"))
    assert body is not None
    assert "衡水 PM2.5:较可能达标 → 存在风险。" in body.get_content()


def test_names_with_line_breaks_add_no_header_to_a_mail(mail: Mail) -> None:
    hostile = "衡水\r\nBcc: all@example.cn\r\n\r\n<script>alert(1)</script>"
    sent = _send(_mail(mail), workspace=hostile, pairs=[(hostile, hostile)])
    assert sent.done, sent
    (one,) = mail.messages
    assert one["Bcc"] is None
    assert not [c for c in mail.commands if "all@" in c]
    for part in one.walk():
        if part.get_content_maintype() == "text":
            assert "<script>" not in part.get_content()


def test_a_webhook_gets_title_and_text_as_json(web: Web) -> None:
    sent = _send(f"json://127.0.0.1:{web.port}/hook", lang="en")
    assert sent.done, sent
    ((path, headers, body),) = web.requests
    assert path.rstrip("/") == "/hook"
    assert headers["Content-Type"].startswith("application/json")
    assert body["title"] == "衡水: 1 alert"
    assert body["message"] == "- Hengshui PM2.5: likely → at risk."


@pytest.fixture
def services(web: Web, monkeypatch: pytest.MonkeyPatch) -> Callable[[], tuple[str, dict[str, Any]]]:
    """Lead what goes to the three services to the loopback server; return what arrived last."""
    import requests

    original = requests.adapters.HTTPAdapter.send
    asked: list[str] = []

    def led(self: Any, request: Any, **kwargs: Any) -> Any:
        asked.append(request.url)
        there = request.copy()
        path = request.url.partition("://")[2].partition("/")[2]
        there.url = f"http://127.0.0.1:{web.port}/{path}"
        return original(self, there, **kwargs)

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", led)
    # HTTPS addresses are led to plain HTTP here, so the adapter of the latter is used.
    monkeypatch.setattr(requests.Session, "get_adapter", lambda self, url: self.adapters["http://"])
    return lambda: (asked[-1], web.requests[-1][2])


_SERVICES = {
    "wecombot://KEY-of-the-robot": (
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=KEY-of-the-robot",
        lambda body: (body["msgtype"], body["text"]["content"]),
        b'{"errcode":0,"errmsg":"ok"}',
        b'{"errcode":93000,"errmsg":"invalid webhook url, key KEY-of-the-robot"}',
        "93000",
    ),
    "dingtalk://tokenofthegroup": (
        "https://oapi.dingtalk.com/robot/send?access_token=tokenofthegroup",
        lambda body: (body["msgtype"], body["text"]["content"]),
        b'{"errcode":0,"errmsg":"ok"}',
        b'{"errcode":310000,"errmsg":"keywords not in content"}',
        "310000",
    ),
    "feishu://token-of-the-hook": (
        "https://open.feishu.cn/open-apis/bot/v2/hook/token-of-the-hook/",
        lambda body: (body["msg_type"], body["content"]["text"]),
        b'{"code":0,"data":{},"msg":"success"}',
        b'{"code":19024,"msg":"Key Words Not Found"}',
        "19024",
    ),
}


@pytest.mark.parametrize("address", _SERVICES)
def test_chats_get_the_request_of_their_own_form(
    address: str, web: Web, services: Callable[[], tuple[str, dict[str, Any]]]
) -> None:
    """URL and JSON of WeCom, DingTalk and Feishu robots, as their documentation has them."""
    url, text_of, good, _, _ = _SERVICES[address]
    web.answer = good
    sent = _send(address)
    assert sent.done, sent
    asked, body = services()
    assert asked == url
    kind, text = text_of(body)
    assert kind == "text"
    assert "衡水:1条提醒" in text and "- 衡水 PM2.5:较可能达标 → 存在风险。" in text


@pytest.mark.parametrize("address", _SERVICES)
def test_a_refusal_inside_an_answer_of_200_is_a_failure(
    address: str, web: Web, services: Callable[[], tuple[str, dict[str, Any]]]
) -> None:
    """The three services answer 200 to a wrong key too; the number in the answer is told."""
    _, _, _, web.answer, code = _SERVICES[address]
    sent = _send(address)
    assert not sent.done
    assert code in sent.en and code in sent.zh
    assert "KEY-of" not in sent.en + sent.zh
    web.answer = b"<html>a portal that wants a login</html>"
    assert not _send(address).done


@pytest.mark.parametrize("address", _SERVICES)
def test_names_call_nobody_together(
    address: str, web: Web, services: Callable[[], tuple[str, dict[str, Any]]]
) -> None:
    """No mention of all, no markup and no link is left of a name from a file."""
    web.answer = _SERVICES[address][2]
    hostile = '@all <at user_id="all">所有人</at> [点我](http://x.cn) **粗** `code` @13800138000'
    assert _send(address, workspace=hostile, pairs=[(hostile, hostile)]).done
    _, body = services()
    text = json.dumps(body, ensure_ascii=False)
    for mark in ("@all", "<at", "](http", "http://", "**", "`", "@138"):
        assert mark not in text, mark
    assert body.get("at", {"isAtAll": False})["isAtAll"] is False
    assert "mentioned_list" not in text


def test_a_long_digest_stays_below_what_a_chat_takes(
    web: Web, services: Callable[[], tuple[str, dict[str, Any]]]
) -> None:
    """WeCom takes 2,048 bytes; what does not fit is counted."""
    web.answer = b'{"errcode":0}'
    pairs = [(f"第{n}条" + "长" * 80, f"number {n} " + "long " * 20) for n in range(40)]
    assert _send("wecombot://KEY", pairs=pairs).done
    _, body = services()
    text = body["text"]["content"]
    assert len(text.encode()) <= 2048
    shown = sum(line.startswith("- 第") for line in text.splitlines())
    assert f"另有{40 - shown}条" in text and shown >= 3


def _refused() -> str:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


def test_failures_are_told_without_any_secret(
    web: Web, mail: Mail, tmp_path: Path, caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """Refused, wrong certificate, HTTP 500, refused login and recipient, no address at all."""
    secret = "s3cret-Pfad"
    with web_server(self_signed(tmp_path)) as wrong:
        told = {
            "refused": _send(f"json://u:{secret}@{_refused()}/{secret}"),
            "refused mail": _send(f"mailto://u:{secret}@{_refused()}?from=a@b.cn&to=c@d.cn"),
            "certificate": _send(f"jsons://127.0.0.1:{wrong.port}/{secret}"),
            "address": _send(f"no-such-scheme://{secret}"),
        }
    web.status = 500
    told["500"] = _send(f"json://127.0.0.1:{web.port}/{secret}")
    mail.refuse_login = True
    told["login"] = _send(_mail(mail))
    mail.refuse_login, mail.refuse_recipient = False, True
    told["recipient"] = _send(_mail(mail))
    for why, words in {
        "refused": "refused the connection", "refused mail": "refused the connection",
        "certificate": "certificate", "address": "no address", "500": "HTTP 500",
        "login": "login", "recipient": "recipient",
    }.items():  # fmt: skip
        sent = told[why]
        assert not sent.done and words in sent.en, (why, sent)
        assert sent.zh.startswith("ALERT_A:") and sent.en.startswith("ALERT_A: ")
        assert "\n" not in sent.en
    out, err = capfd.readouterr()
    everything = repr(told) + caplog.text + out + err
    assert secret not in everything and "geheim" not in everything


def test_a_server_that_hangs_is_left_after_the_time_given(web: Web) -> None:
    web.hang = True
    sent = _send(f"json://127.0.0.1:{web.port}/", timeout=1)
    assert "did not answer in time" in sent.en


def test_a_variable_that_is_not_set_is_named() -> None:
    (one,) = channels_of(["ALERT_NONE"], {})
    sent = deliver(one, lambda limit: ("", ""), timeout=1, secrets=Secrets())
    assert sent.en == "the environment variable ALERT_NONE is not set"


def test_a_channel_that_is_none_of_ours_is_not_printed() -> None:
    """Somebody may paste the address itself behind --channel."""
    with pytest.raises(UsageError) as error:
        channels_of(["ALERT_A"], {}, "mailto://u:pw@h")
    assert "pw" not in str(error.value) and "ALERT_A" in str(error.value)
    with pytest.raises(UsageError, match="No channel"):
        channels_of([], {})


def test_nothing_of_an_address_is_in_the_look_of_a_channel() -> None:
    assert "pw" not in repr(Channel("A", "mailto://u:pw@h"))


def test_secrets_are_taken_out_of_the_message_itself(web: Web) -> None:
    """A sentence of a failed step may hold a key that a source echoed."""
    sent = _send(
        f"json://127.0.0.1:{web.port}/", pairs=[("键 abcdef-12345 无效", "key abcdef-12345 wrong")],
        secrets=("abcdef-12345",),
    )  # fmt: skip
    assert sent.done
    assert "abcdef-12345" not in json.dumps(web.requests[0][2])


def test_the_log_of_apprise_is_as_before_when_a_message_has_left(web: Web) -> None:
    logger = logging.getLogger("apprise")
    stream = logging.StreamHandler(io.StringIO())
    logger.addHandler(stream)
    try:
        assert _send(f"json://127.0.0.1:{web.port}/").done
        assert stream in logger.handlers and logger.propagate
    finally:
        logger.removeHandler(stream)


def test_control_and_direction_characters_leave_no_trace() -> None:
    assert harmless("a\u202eb\x1b[2Jc\u2028d") == "a b ［2Jc d"
