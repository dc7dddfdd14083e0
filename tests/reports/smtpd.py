"""A mail server for tests: takes mail, reads it with Python's own parser, and keeps what it finds.

smtpd.py DIRECTORY TLS [USER PASSWORD]: TLS is none, starttls or tls; certificate and key are in
DIRECTORY/server.pem and server.key. The port is written to DIRECTORY/port, each mail to DIRECTORY/N.eml and what was found
in it to N.json.
"""

import asyncio
import email
import email.policy
import json
import os
import ssl
import struct
import sys
import zlib

from aiosmtpd.smtp import SMTP, AuthResult

directory, tls = sys.argv[1:3]
login = sys.argv[3:5]
count = 0


def put(name, text):
    """Nobody sees half of it."""
    path = os.path.join(directory, name)
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(path + ".new", path)


def picture(data):
    """Width, height and number of colours of a PNG with a palette, every checksum checked."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n", "no PNG"
    at, pixels, size, kinds = 8, b"", None, []
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        (crc,) = struct.unpack(">I", data[at + 8 + length : at + 12 + length])
        assert crc == zlib.crc32(kind + body), kind
        kinds.append(kind.decode())
        if kind == b"IHDR":
            size = struct.unpack(">IIBBBBB", body)
        if kind == b"IDAT":
            pixels += body
        at += 12 + length
    width, height, depth, colour, compression, filtering, interlace = size
    assert (depth, colour, compression, filtering, interlace) == (8, 3, 0, 0, 0), size
    raw = zlib.decompress(pixels)
    assert len(raw) == height * (width + 1), len(raw)
    above, colours = bytes(width), set()
    for row in range(height):
        line = raw[row * (width + 1) : (row + 1) * (width + 1)]
        assert line[0] == 2, line[0]
        above = bytes((a + b) % 256 for a, b in zip(line[1:], above))
        colours.update(above)
    assert kinds[0] == "IHDR" and kinds[-1] == "IEND" and "PLTE" in kinds, kinds
    return {"width": width, "height": height, "colours": len(colours)}


class Keep:
    async def handle_DATA(self, server, session, envelope):
        global count
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        parts = []
        for part in message.walk():
            found = {"type": part.get_content_type(), "id": part["Content-ID"],
                     "disposition": part.get_content_disposition()}
            if found["type"].startswith("text/"):
                found["text"] = part.get_content()
            if found["type"] == "image/png":
                found["picture"] = picture(part.get_content())
            parts.append(found)
        # For people to look at.
        with open(os.path.join(directory, f"{count}.eml"), "wb") as file:
            file.write(envelope.content)
        put(f"{count}.json", json.dumps({
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "tls": session.ssl is not None,
            "authenticated": bool(session.authenticated),
            "headers": {name: str(value) for name, value in message.items()},
            "defects": [str(d) for d in message.defects],
            "raw_headers": envelope.content.split(b"\r\n\r\n")[0].decode("ascii"),
            "longest_line": max(map(len, envelope.content.split(b"\r\n"))),
            "parts": parts,
        }))
        count += 1
        return "250 OK kept"


def authenticate(server, session, envelope, mechanism, data):
    given = [data.login.decode(), data.password.decode()]
    put("logins", json.dumps(given))
    # Not handled here: the server answers.
    return AuthResult(success=given == login, handled=False)


async def main():
    context = None
    if tls != "none":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.path.join(directory, "server.pem"), os.path.join(directory, "server.key"))
    options = {"enable_SMTPUTF8": True, "hostname": "mail.test"}
    if login:
        options |= {"authenticator": authenticate, "auth_required": True, "auth_require_tls": tls == "starttls"}
    if tls == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(Keep(), **options), "127.0.0.1", 0, ssl=context if tls == "tls" else None)
    put("port", str(server.sockets[0].getsockname()[1]))
    await server.serve_forever()


asyncio.run(main())
