"""A token with PyJWT, cryptography and requests, for scripts/bench: KEYSTORE PASSWORD_FILE CLIENT_ID SCOPE ISSUER."""

import base64
import sys
import time
import uuid

import jwt
import requests
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

keystore, password_file, client_id, scope, issuer = sys.argv[1:]
with open(keystore, "rb") as file, open(password_file, "rb") as password:
    key, certificate, above = pkcs12.load_key_and_certificates(file.read(), password.read().strip())
now = int(time.time())
assertion = jwt.encode(
    {"aud": issuer, "iss": client_id, "scope": scope, "iat": now, "exp": now + 120, "jti": str(uuid.uuid4())},
    key,
    "RS256",
    {"x5c": [base64.b64encode(one.public_bytes(Encoding.DER)).decode() for one in (certificate, *above)]},
)
form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
answer = requests.post(f"{issuer}token", data=form, timeout=10)
answer.raise_for_status()
print(answer.json()["access_token"])
