#!/usr/bin/env python3
"""Makes the sample files that neither openssl nor keytool can write: BER, PBMAC1, and deliberately broken ones.

Reads PKCS#12 (RFC 7292) that OpenSSL 3 wrote with its defaults, changes one thing and writes it again.
Standard library only; AES by openssl. For scripts/testdata alone: it does not validate its input.
"""

import argparse
import base64
import hashlib
import hmac
import json
import subprocess
import sys
from pathlib import Path

SEQUENCE, OCTETS, INTEGER, OID, NULL, CONTEXT_0 = 0x30, 0x04, 0x02, 0x06, 0x05, 0xA0
DATA, ENCRYPTED_DATA = "1.2.840.113549.1.7.1", "1.2.840.113549.1.7.6"
PBES2, PBKDF2, PBMAC1 = "1.2.840.113549.1.5.13", "1.2.840.113549.1.5.12", "1.2.840.113549.1.5.14"
HMAC_SHA256, SHA256 = "1.2.840.113549.2.9", "2.16.840.1.101.3.4.2.1"
AES256_CBC = "2.16.840.1.101.3.4.1.42"
ITERATIONS = 2048  # what OpenSSL 3 writes


# --- DER ---------------------------------------------------------------------------------------------


def length(n):
    if n < 0x80:
        return bytes([n])
    octets = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(octets)]) + octets


def tlv(tag, *values):
    value = b"".join(values)
    return bytes([tag]) + length(len(value)) + value


def integer(n):
    return tlv(INTEGER, n.to_bytes(n.bit_length() // 8 + 1, "big"))


def oid(dotted):
    first, second, *rest = map(int, dotted.split("."))
    out = bytearray([first * 40 + second])
    for arc in rest:
        septets = [arc & 0x7F]
        while arc := arc >> 7:
            septets.append(0x80 | arc & 0x7F)
        out += bytes(reversed(septets))
    return tlv(OID, bytes(out))


def read(der, at=0):
    """Returns the tag, value and end of the element at `at`; definite lengths only."""
    tag, first, start = der[at], der[at + 1], at + 2
    if first >= 0x80:
        start += first & 0x7F
        first = int.from_bytes(der[at + 2 : start], "big")
    return tag, der[start : start + first], start + first


def value(der):
    return read(der)[1]


def children(constructed_value):
    """Returns the elements inside a constructed value, each with its header."""
    out, at = [], 0
    while at < len(constructed_value):
        end = read(constructed_value, at)[2]
        out.append(constructed_value[at:end])
        at = end
    return out


def parts(der):
    return children(value(der))


# --- PKCS#12 -----------------------------------------------------------------------------------------


class Pfx:
    """PFX: version, one `data` content with the AuthenticatedSafe, and MacData if there is any."""

    def __init__(self, path):
        self.version, content, *mac = parts(Path(path).read_bytes())
        # ContentInfo { data, [0] { OCTET STRING } }; the MAC is over the octets.
        self.safe = value(value(parts(content)[1]))
        self.mac = mac[0] if mac else b""

    def contents(self):
        return parts(self.safe)

    def set_contents(self, contents, password):
        self.safe = tlv(SEQUENCE, *contents)
        self.mac = mac_sha256(self.safe, password)

    def write(self, path):
        content = data(self.safe)
        Path(path).write_bytes(tlv(SEQUENCE, self.version, content, self.mac))


def data(octets):
    return tlv(SEQUENCE, oid(DATA), tlv(CONTEXT_0, tlv(OCTETS, octets)))


def bags(content):
    """Returns the bags of a `data` content."""
    return parts(value(value(parts(content)[1])))


def is_encrypted(content):
    return parts(content)[0] == oid(ENCRYPTED_DATA)


def algorithm(dotted, *parameters):
    return tlv(SEQUENCE, oid(dotted), *parameters)


def pbkdf2_parameters(salt, iterations, *key_length):
    prf = algorithm(HMAC_SHA256, tlv(NULL))
    return algorithm(PBKDF2, tlv(SEQUENCE, tlv(OCTETS, salt), integer(iterations), *key_length, prf))


def aes(direction, key, iv, octets):
    command = ["openssl", "enc", direction, "-aes-256-cbc", "-K", key.hex(), "-iv", iv.hex()]
    return subprocess.run(command, input=octets, stdout=subprocess.PIPE, check=True).stdout


def derive(password, salt, iterations):
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations, 32)


def decrypt(content, password):
    """Decrypts the bags of an EncryptedData content under PBES2 with PBKDF2, HMAC-SHA-256 and AES-256-CBC."""
    encrypted_data = parts(value(parts(content)[1]))
    _, pbes2, octets = parts(encrypted_data[1])
    derivation, cipher = parts(parts(pbes2)[1])
    salt, iterations, *_ = parts(parts(derivation)[1])
    key = derive(password, value(salt), int.from_bytes(value(iterations), "big"))
    return parts(aes("-d", key, value(parts(cipher)[1]), value(octets)))


def encrypt(bags, password):
    salt, iv = fixed("salt", 16), fixed("iv", 16)
    octets = aes("-e", derive(password, salt, ITERATIONS), iv, tlv(SEQUENCE, *bags))
    cipher = algorithm(AES256_CBC, tlv(OCTETS, iv))
    pbes2 = algorithm(PBES2, tlv(SEQUENCE, pbkdf2_parameters(salt, ITERATIONS), cipher))
    info = tlv(SEQUENCE, oid(DATA), pbes2, tlv(0x80, octets))
    return tlv(SEQUENCE, oid(ENCRYPTED_DATA), tlv(CONTEXT_0, tlv(SEQUENCE, integer(0), info)))


def fixed(what, size):
    """Returns a salt that is the same every time: these files protect nothing."""
    return hashlib.sha256(what.encode()).digest()[:size]


def kdf_sha256(password, salt, iterations, purpose=3):
    """RFC 7292 appendix B.2 for one block of SHA-256; purpose 3 is the MAC key."""
    block = 64

    def stretch(octets):
        size = -(-len(octets) // block) * block
        return (octets * (size // len(octets) + 1))[:size]

    digest = bytes([purpose]) * block + stretch(salt) + stretch(password.encode("utf-16-be") + b"\0\0")
    for _ in range(iterations):
        digest = hashlib.sha256(digest).digest()
    return digest


def mac_sha256(safe, password):
    salt = fixed("mac", 8)
    digest = hmac.digest(kdf_sha256(password, salt, ITERATIONS), safe, "sha256")
    info = tlv(SEQUENCE, algorithm(SHA256, tlv(NULL)), tlv(OCTETS, digest))
    return tlv(SEQUENCE, info, tlv(OCTETS, salt), integer(ITERATIONS))


def with_iterations(der, iterations):
    """Sets the count in every { OCTET STRING salt, INTEGER count } below `der`: PBES1 and PBKDF2 alike."""
    tag, inner, end = read(der)
    if tag == OCTETS and inner[:1] == bytes([SEQUENCE]) and read(inner)[2] == len(inner):
        return tlv(OCTETS, with_iterations(inner, iterations))
    if not tag & 0x20:
        return der
    elements = children(inner)
    if tag == SEQUENCE and [e[0] for e in elements[:2]] == [OCTETS, INTEGER]:
        elements[1] = integer(iterations)
    return tlv(tag, *(with_iterations(e, iterations) for e in elements))


# --- One function per kind of file -------------------------------------------------------------------


def pbmac1(source, target, password):
    """Replaces the MAC with one of RFC 9579: PBKDF2 and HMAC, both with SHA-256."""
    pfx = Pfx(source)
    salt = fixed("pbmac1", 16)
    digest = hmac.digest(derive(password, salt, ITERATIONS), pfx.safe, "sha256")
    derivation = pbkdf2_parameters(salt, ITERATIONS, integer(32))
    scheme = algorithm(PBMAC1, tlv(SEQUENCE, derivation, algorithm(HMAC_SHA256, tlv(NULL))))
    info = tlv(SEQUENCE, scheme, tlv(OCTETS, digest))
    # The outer salt and count are then unused; these are the values of the RFC's vectors.
    pfx.mac = tlv(SEQUENCE, info, tlv(OCTETS, b"NOT USED"), integer(1))
    pfx.write(target)


def ber(source, target):
    """Writes the same content with indefinite lengths outside and the octet string in chunks (X.690 8.1.3.6)."""
    pfx = Pfx(source)
    chunks = b"".join(tlv(OCTETS, pfx.safe[i : i + 1000]) for i in range(0, len(pfx.safe), 1000))

    def indefinite(tag, *values):
        return bytes([tag, 0x80]) + b"".join(values) + b"\0\0"

    octets = indefinite(0x24, chunks)
    content = indefinite(SEQUENCE, oid(DATA), indefinite(CONTEXT_0, octets))
    Path(target).write_bytes(indefinite(SEQUENCE, pfx.version, content, pfx.mac))


def reverse_certificates(source, target, password):
    """Reverses the order of the certificates."""
    pfx = Pfx(source)
    contents = [encrypt(decrypt(c, password)[::-1], password) if is_encrypted(c) else c for c in pfx.contents()]
    pfx.set_contents(contents, password)
    pfx.write(target)


def swap_key(source, other, target, password):
    """Replaces the key by the other file's, under this file's name and local key id."""
    pfx = Pfx(source)

    def key_bag(p):
        return parts(next(bags(c) for c in p.contents() if not is_encrypted(c))[0])

    bag_id, _, *attributes = key_bag(pfx)
    _, key, *_ = key_bag(Pfx(other))
    swapped = data(tlv(SEQUENCE, tlv(SEQUENCE, bag_id, key, *attributes)))
    pfx.set_contents([c if is_encrypted(c) else swapped for c in pfx.contents()], password)
    pfx.write(target)


def hide_iterations(source, target, password, iterations):
    """Writes one encrypted content with certificates and key, where only the key's own count is `iterations`."""
    pfx = Pfx(source)
    found = []
    for content in pfx.contents():
        if is_encrypted(content):
            found += decrypt(content, password)
        else:
            found += [with_iterations(b, int(iterations)) for b in bags(content)]
    pfx.set_contents([encrypt(found, password)], password)
    pfx.write(target)


def iterations(source, target, mac=None, content=None):
    """Changes the counts alone: the file then opens with no password."""
    pfx = Pfx(source)
    if mac is not None:
        info, salt, *_ = parts(pfx.mac)
        pfx.mac = tlv(SEQUENCE, info, salt, integer(int(mac)))
    if content is not None:
        pfx.safe = with_iterations(pfx.safe, int(content))
    pfx.write(target)


def flip(source, target):
    """Flips a bit in the encrypted certificates: the structure stays valid, the MAC does not."""
    der = bytearray(Path(source).read_bytes())
    safe = Pfx(source).safe
    der[bytes(der).index(safe) + 1000] ^= 0x10
    Path(target).write_bytes(der)


def nested_indefinite(target, depth):
    """Writes nested SEQUENCEs of indefinite length without their ends."""
    Path(target).write_bytes(b"\x30\x80" * int(depth))


def nested_definite(target, depth):
    """Writes well-formed, deeply nested DER."""
    headers, size = [], 0
    for _ in range(int(depth)):
        headers.append(b"\x30" + length(size))
        size += len(headers[-1])
    Path(target).write_bytes(b"".join(reversed(headers)))


def huge_length(target):
    """Writes a PFX whose header announces 2^63 - 1 octets, with 21 octets."""
    exabytes = b"\x88\x7f" + b"\xff" * 7
    Path(target).write_bytes(b"\x30" + exabytes + integer(3) + b"\x30" + exabytes)


def jwk(source, target):
    """Writes an RSA private key as a JSON Web Key (RFC 7517); the kid is its thumbprint (RFC 7638)."""
    pem = Path(source).read_text().split("-----")[2]
    pkcs1 = value(parts(base64.b64decode(pem))[2])
    numbers = [value(n).lstrip(b"\0") for n in parts(pkcs1)[1:9]]

    def url(octets):
        return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()

    key = dict(zip("n e d p q dp dq qi".split(), map(url, numbers)))
    public = {"e": key["e"], "kty": "RSA", "n": key["n"]}
    thumbprint = hashlib.sha256(json.dumps(public, separators=(",", ":")).encode()).digest()
    named = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": url(thumbprint)}
    Path(target).write_text(json.dumps({**named, **key}, indent=2) + "\n")


def main():
    commands = [pbmac1, ber, reverse_certificates, swap_key, hide_iterations, flip]
    commands += [nested_indefinite, nested_definite, huge_length, jwk]
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0], epilog="The commands are in README.md.")
    sub = parser.add_subparsers(dest="command", required=True)
    for function in commands:
        command = sub.add_parser(function.__name__.replace("_", "-"), help=function.__doc__)
        for name in function.__code__.co_varnames[: function.__code__.co_argcount]:
            command.add_argument(name)
        command.set_defaults(function=function)
    command = sub.add_parser("iterations", help=iterations.__doc__)
    command.add_argument("source")
    command.add_argument("target")
    command.add_argument("--mac", help="the MAC's count")
    command.add_argument("--content", help="every other count")
    command.set_defaults(function=iterations)
    given = vars(parser.parse_args())
    given.pop("command")
    given.pop("function")(**given)


if __name__ == "__main__":
    sys.exit(main())
