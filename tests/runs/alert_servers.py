"""Small servers on the loopback interface that alerts are sent to: HTTP, HTTPS and SMTP."""

from __future__ import annotations

import json
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@dataclass
class Web:
    """An HTTP server that keeps what it was sent and answers what it is told to."""

    port: int = 0
    status: int = 200
    answer: bytes = b"{}"
    wait: threading.Event = field(default_factory=threading.Event)
    hang: bool = False
    requests: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)


@contextmanager
def web_server(certificate: Path | None = None) -> Iterator[Web]:
    """Serve HTTP, or HTTPS with a certificate that nobody signed."""
    web = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            web.requests.append((self.path, dict(self.headers), json.loads(body)))
            if web.hang:
                web.wait.wait(20)
                return
            self.send_response(web.status)
            self.send_header("Content-Length", str(len(web.answer)))
            self.end_headers()
            self.wfile.write(web.answer)

        def log_message(self, *_: Any) -> None:
            return

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            return

    server = Quiet(("127.0.0.1", 0), Handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    web.port = server.server_port
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
    )
    thread.start()
    try:
        yield web
    finally:
        web.wait.set()
        server.shutdown()
        server.server_close()


@dataclass
class Mail:
    """An SMTP server: the commands it heard, and the messages it took."""

    port: int = 0
    refuse_login: bool = False
    refuse_recipient: bool = False
    commands: list[str] = field(default_factory=list)
    messages: list[EmailMessage] = field(default_factory=list)


@contextmanager
def mail_server() -> Iterator[Mail]:
    """Speak SMTP as RFC 5321 has it, as far as one sender needs it."""
    mail = Mail()

    class Handler(socketserver.StreamRequestHandler):
        def say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

        def handle(self) -> None:
            self.say("220 loopback ESMTP")
            while line := self.rfile.readline():
                command = line.decode().strip()
                mail.commands.append(command)
                word = command.split(" ")[0].upper()
                if word == "EHLO":
                    self.say("250-loopback")
                    self.say("250-SMTPUTF8")
                    self.say("250 AUTH PLAIN LOGIN")
                elif word == "AUTH" and mail.refuse_login:
                    self.say("535 5.7.8 Authentication credentials invalid")
                elif word == "AUTH":
                    self.say("235 ok")
                elif word == "RCPT" and mail.refuse_recipient:
                    self.say("550 5.1.1 no such recipient")
                elif word == "DATA":
                    self.say("354 go on")
                    body = b""
                    while (part := self.rfile.readline()) != b".\r\n":
                        body += part[1:] if part.startswith(b"..") else part
                    found = message_from_bytes(body, policy=policy.default)
                    assert isinstance(found, EmailMessage)
                    mail.messages.append(found)
                    self.say("250 taken")
                elif word == "QUIT":
                    self.say("221 bye")
                    return
                else:
                    self.say("250 ok")

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    mail.port = server.server_address[1]
    threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
    ).start()
    try:
        yield mail
    finally:
        server.shutdown()
        server.server_close()


def self_signed(folder: Path) -> Path:
    """Write a certificate for 127.0.0.1 that nobody signed, with its key."""
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path
