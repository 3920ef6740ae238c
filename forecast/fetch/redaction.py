"""Texts and contents of a source without the secrets that it may echo."""

from __future__ import annotations

import re

__all__ = ["Redaction"]

#: So many characters of a secret in a row are a part of it worth hiding: a message that a source
#: or a reader cuts may hold the secret's beginning, one that shows it half may hold its end.
_TELLING = 8

#: As much of a message is shown [character].
_SHOWN = 300

#: More of it is not even looked at [character].
_LOOKED_AT = 20_000


class Redaction:
    """Replaces secrets, and what is recognisably a part of one.

    Args:
        secrets: what must not be shown; blanks are passed over.
    """

    def __init__(self, secrets: tuple[str, ...]) -> None:
        self._secrets = tuple(secret for secret in secrets if secret)

    def text(self, text: str) -> str:
        """Return ``text`` without the secrets.

        >>> Redaction(("abcdefghijkl",)).text("key abcdefghijkl, begins abcdefghi")
        'key ***, begins ***'
        """
        for secret in self._secrets:
            text = _without(text, secret)
        return text

    def data(self, data: bytes) -> bytes:
        """Return a content without the secrets."""
        # Each byte as one character: a content need not be a text.
        text = data.decode("latin-1")
        for secret in self._secrets:
            text = _without(text, secret.encode().decode("latin-1"))
        return text.encode("latin-1")

    def shown(self, text: str) -> str:
        """Return a source's words on one line, short, without secrets and what can't be printed.

        >>> Redaction(()).shown("no\\n  such\\x1b[2Jplace. ")
        'no such [2Jplace'
        """
        # Redacted before it is cut, and once more where whitespace is folded.
        redacted = self.text(text)[:_LOOKED_AT]
        plain = "".join(one if one.isprintable() else " " for one in redacted)
        line = self.text(re.sub(r"\s+", " ", plain)).strip().rstrip(".")
        return line if len(line) <= _SHOWN else f"{line[:_SHOWN]} …"


def _without(text: str, secret: str, mask: str = "***") -> str:
    if len(secret) <= _TELLING:
        return text.replace(secret, mask)
    windows = {secret[at : at + _TELLING] for at in range(len(secret) - _TELLING + 1)}
    if not any(window in text for window in windows):
        return text
    pieces: list[str] = []
    last = 0
    # Looked ahead, so that windows which overlap are found one after the other.
    for found in re.finditer(f"(?={'|'.join(map(re.escape, windows))})", text):
        if not pieces or found.start() > last:
            pieces += [text[last : found.start()], mask]
        last = found.start() + _TELLING
    return "".join([*pieces, text[last:]])
