#!/usr/bin/env python3
"""Makes JSON Web Keys (RFC 7517) from private keys in PEM, valid or with one fault.

Standard library only; the public half by openssl. For scripts/testdata alone: it does not validate its input.
"""

import argparse
import base64
import json
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True
from p12 import parts, value  # noqa: E402  # beside this file

CURVES = {256: ("P-256", "ES256", 32), 384: ("P-384", "ES384", 48), 521: ("P-521", "ES512", 66)}


def url(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def members(path):
    """Returns every member of the private JWK except `kid`."""
    pem = Path(path).read_text().split("-----")[2]
    private = value(parts(base64.b64decode(pem))[2])
    public = subprocess.check_output(["openssl", "pkey", "-in", path, "-pubout", "-outform", "DER"])
    text = subprocess.check_output(["openssl", "pkey", "-in", path, "-noout", "-text"], text=True)
    if "ED25519" in text:
        okp = {"kty": "OKP", "use": "sig", "alg": "EdDSA", "crv": "Ed25519"}
        return {**okp, "x": url(public[-32:]), "d": url(value(private))}
    if "prime1" in text:
        numbers = [value(number).lstrip(b"\0") for number in parts(private)[1:9]]
        rsa = {"kty": "RSA", "use": "sig", "alg": "RS256"}
        return {**rsa, **dict(zip("n e d p q dp dq qi".split(), map(url, numbers)))}
    curve, algorithm, size = CURVES[int(text.split("(")[1].split()[0])]
    x, y = public[-2 * size : -size], public[-size:]
    d = value(parts(private)[1])
    return {"kty": "EC", "use": "sig", "alg": algorithm, "crv": curve, "x": url(x), "y": url(y), "d": url(d)}


def certificates(path):
    blocks = Path(path).read_text().split("-----BEGIN CERTIFICATE-----")[1:]
    return ["".join(block.split("-----")[0].split()) for block in blocks]


def write(target, content):
    Path(target).write_text(json.dumps(content, indent=2) + "\n")


def private(source, target, options):
    """Writes one private key; --set and --without change it, --with-d takes `d` from another key."""
    key = {"kid": options.kid, **members(source)}
    if options.kid is None:
        del key["kid"]
    if options.with_d:
        key["d"] = members(options.with_d)["d"]
    for file in options.x5c:
        key.setdefault("x5c", []).extend(certificates(file))
    for name, text in (pair.split("=", 1) for pair in options.set):
        key[name] = text
    for name in options.without:
        del key[name]
    write(target, key)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0], epilog="The commands are in README.md.")
    sub = parser.add_subparsers(dest="command", required=True)
    one = sub.add_parser("private", help=private.__doc__)
    one.add_argument("source")
    one.add_argument("target")
    one.add_argument("--kid")
    one.add_argument("--with-d", metavar="PEM")
    one.add_argument("--x5c", action="append", default=[], metavar="PEM")
    one.add_argument("--set", action="append", default=[], metavar="NAME=TEXT")
    one.add_argument("--without", nargs="*", default=[], metavar="NAME")
    several = sub.add_parser("set", help="a JWK set, each key with the name of its file as kid")
    several.add_argument("target")
    several.add_argument("sources", nargs="+")
    shared = sub.add_parser("oct", help="a symmetric key of 32 zeros")
    shared.add_argument("target")
    count = sub.add_parser("count", help="prints how many keys a file holds, and how many of them are private")
    count.add_argument("file")
    given = parser.parse_args()
    if given.command == "private":
        private(given.source, given.target, given)
    elif given.command == "set":
        named = [(Path(source).stem.removesuffix("-key"), members(source)) for source in given.sources]
        write(given.target, {"keys": [{"kid": name, **key} for name, key in named]})
    elif given.command == "oct":
        write(given.target, {"kty": "oct", "kid": "shared", "alg": "HS256", "k": url(bytes(32))})
    else:
        content = json.loads(Path(given.file).read_text())
        keys = content.get("keys", [content])
        print(len(keys), sum("d" in key for key in keys))


if __name__ == "__main__":
    sys.exit(main())
