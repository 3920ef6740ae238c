"""One message to one channel: an address from the environment, apprise, a sentence if it fails.

Nothing that apprise or a server says is ever shown: both echo addresses, and an address is a
password. What went wrong is told in words of our own, chosen by what is recognised.
"""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

from forecast.errors import UsageError
from forecast.runs.run_log import Secrets

__all__ = ["Channel", "Sent", "channels_of", "deliver"]

#: A message is never longer than this [byte]; some services take far less.
_LONGEST = 15_000

#: Services that answer 200 also when they refuse, with the truth in a number of their answer.
_TRUTH_INSIDE = {
    "qyapi.weixin.qq.com": "errcode",
    "oapi.dingtalk.com": "errcode",
    "open.feishu.cn": "code",
    "open.larksuite.com": "code",
}

#: What is recognised in what apprise says, and the words for it; the first that fits counts.
_CAUSES: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (("certificate", "ssl"), "服务器证书无效", "the server's certificate is not valid"),
    (
        ("name or service not known", "nameresolution", "getaddrinfo", "nodename", "no address associated"),
        "找不到服务器地址", "the server's name is not known",
    ),
    (("refused",), "服务器拒绝连接", "the server refused the connection"),
    (("timed out", "timeout"), "连接超时", "the server did not answer in time"),
    (
        ("authentication", "(535", "(534", "username and password"),
        "登录被拒绝", "the server refused the login",
    ),
    (("unreachable", "no route"), "网络不通", "the network is not reachable"),
    (
        ("recipient", "(550", "(551", "(553", "(554"),
        "服务器不接受收件人或发件人", "the server refused the sender or a recipient",
    ),
    (
        ("connection error", "socket exception", "connection unexpectedly closed", "remotedisconnected", "reset by peer"),
        "连接中断", "the connection broke",
    ),
)  # fmt: skip


class Writer(Protocol):
    """Makes title and body of a message that is at most so many bytes long."""

    def __call__(self, limit: int) -> tuple[str, str]:
        """Return title and body."""


@dataclass(frozen=True)
class Channel:
    """Where messages go: the name of an environment variable, and its value (None: not set)."""

    name: str
    address: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Sent:
    """What became of a message: ``zh`` and ``en`` say why it failed, and are empty where it did not."""

    channel: str
    zh: str = ""
    en: str = ""

    @property
    def done(self) -> bool:
        """Whether the channel took it."""
        return not self.en


def channels_of(
    names: Sequence[str], environment: Mapping[str, str], only: str | None = None
) -> list[Channel]:
    """Return the channels of the configuration with their addresses.

    Raises:
        UsageError: ``only`` is none of them, or there is none.
    """
    if not names:
        raise UsageError(
            "No channel is configured.",
            'Put the address into an environment variable and its name into forecast.toml: '
            '[alerts] channels = ["FORECAST_ALERT_MAIL"]; docs/alerts.md has the addresses.',
        )  # fmt: skip
    if only is not None and only not in names:
        raise UsageError(
            # What is no name of ours may be an address that was pasted here.
            "The channel named is none of [alerts] channels in forecast.toml.",
            f"Use one of {', '.join(names)}.",
        )
    return [Channel(n, environment.get(n, "").strip() or None) for n in names if only in (None, n)]


def deliver(channel: Channel, write: Writer, *, timeout: float, secrets: Secrets) -> Sent:
    """Send one message; whatever goes wrong is in the answer.

    Args:
        channel: where to.
        write: makes the message, as long as the service takes it.
        timeout: after this time it has failed [s].
        secrets: taken out of the message.

    Raises:
        UsageError: apprise is not installed.
    """
    _apprise()
    if channel.address is None:
        return Sent(
            channel.name,
            f"环境变量 {channel.name} 没有设置",
            f"the environment variable {channel.name} is not set",
        )
    answer = _Answer()
    with _listening(answer):
        service = _service(channel.address, answer)

        def work() -> None:
            try:
                _send(service, write, secrets, timeout, answer)
            except Exception as error:
                # A thread has nobody to raise to; any failure of a foreign library is a channel's.
                answer.heard.append(f"{type(error).__name__}: {error}")

        late = False
        if service is not None:
            # apprise has a limit for each read, none for a server that drips.
            thread = threading.Thread(target=work, name=f"alert {channel.name}", daemon=True)
            thread.start()
            thread.join(timeout)
            late = thread.is_alive()
    if answer.done and not late:
        return Sent(channel.name)
    zh, en = ("连接超时", "the server did not answer in time") if late else _cause(answer)
    return Sent(channel.name, f"{channel.name}:{zh}", f"{channel.name}: {en}")


@dataclass
class _Answer:
    """What came back: whether it was taken, what apprise said, and what a server answered."""

    done: bool = False
    known: bool = True
    heard: list[str] = field(default_factory=list)
    status: int = 0
    refused: str = ""


def _apprise() -> Any:
    try:
        import apprise
    except ImportError as error:
        raise UsageError(
            "Alerts need the package apprise, which is not installed.",
            "Install it: pip install 'apprise>=1.9'.",
        ) from error
    return apprise


def _service(address: str, answer: _Answer) -> Any:
    """Return apprise's object for an address, None where the address is none."""
    apprise = _apprise()
    with warnings.catch_warnings():
        # All services are loaded at the first address, and some import what is to be removed.
        warnings.simplefilter("ignore")
        asset = apprise.AppriseAsset(
            app_id="forecast", app_desc="forecast", app_url="", storage_mode="memory",
            secure_logging=True, async_mode=False,
        )  # fmt: skip
        try:
            service = apprise.Apprise.instantiate(address, asset=asset)
        except (TypeError, ValueError):
            service = None
    answer.known = service is not None
    return service


def _send(service: Any, write: Writer, secrets: Secrets, timeout: float, answer: _Answer) -> None:
    for name in ("socket_connect_timeout", "socket_read_timeout"):
        setattr(service, name, min(float(getattr(service, name) or timeout), timeout))
    title, body = write(min(_LONGEST, int(service.body_maxlen)))
    answer.done = bool(
        service.notify(
            body=secrets.without(body), title=secrets.without(title),
            body_format=_apprise().NotifyFormat.TEXT,
        )
    )  # fmt: skip
    if answer.refused:
        answer.done = False


def _cause(answer: _Answer) -> tuple[str, str]:
    if not answer.known:
        return (
            "变量的内容不是可用的地址(应如 mailtos://…、wecombot://…)",
            "its value is no address that can be used (such as mailtos://… or wecombot://…)",
        )
    if answer.refused:
        return (
            f"服务拒绝了消息(代码 {answer.refused}),请检查密钥、关键词、加签和IP白名单",
            f"the service refused the message (code {answer.refused}); "
            "check its key, keywords, signature and allowed addresses",
        )
    said = " ".join(answer.heard).lower()
    for words, zh, en in _CAUSES:
        if any(word in said for word in words):
            return zh, en
    if answer.status:
        return f"服务器回答 HTTP {answer.status}", f"the server answered HTTP {answer.status}"
    return "发送失败", "it could not be sent"


@contextmanager
def _listening(answer: _Answer) -> Iterator[None]:
    """Hear what apprise logs and what servers answer while the block runs; nothing is printed."""
    import requests

    logger = logging.getLogger("apprise")
    handler = _Heard(answer)
    before = logger.level, logger.propagate, list(logger.handlers)
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.DEBUG)
    session: Any = requests.Session
    send = session.send

    # apprise takes every answer of 200 for success and hands none on, so it is looked at here.
    def heard(self: Any, request: Any, **kwargs: Any) -> Any:
        found = send(self, request, **kwargs)
        answer.status = int(found.status_code)
        answer.refused = answer.refused or _refusal(str(request.url), found)
        return found

    session.send = heard
    try:
        yield
    finally:
        session.send = send
        logger.handlers, logger.propagate = before[2], before[1]
        logger.setLevel(before[0])


class _Heard(logging.Handler):
    def __init__(self, answer: _Answer) -> None:
        super().__init__(logging.DEBUG)
        self._answer = answer

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what may tell why a message failed: not the message, nor the address."""
        try:
            text = record.getMessage()
        except (TypeError, ValueError):
            return
        if record.levelno >= logging.WARNING or "xception" in text:
            self._answer.heard.append(text)


def _refusal(url: str, response: Any) -> str:
    """Return the number by which a service refused in an answer of 200; empty where it took it."""
    name = _TRUTH_INSIDE.get(urlsplit(url).hostname or "")
    if name is None or response.status_code != 200:
        return ""
    try:
        code = response.json().get(name)
    except (ValueError, AttributeError):
        return "?"
    if code is None:
        return "?"
    return "" if code in (0, "0") else f"{code}"[:12]
