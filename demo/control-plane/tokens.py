"""Access tokens: JSON Web Tokens signed with HMAC-SHA256 (RFC 7519, RFC 7515), issued and checked."""

import base64
import json
import os
import threading
import time


def _encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _decode(text):
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))


class TokenIssuer:
    """Issues tokens that expire after `seconds`, and checks whether a token is still valid."""

    def __init__(self, seconds=300, clock=time.time):
        self.seconds = seconds
        self.issued = 0
        self._revoked_up_to = 0
        self._clock = clock
        self._key = os.urandom(32)
        self._lock = threading.Lock()

    def issue(self, client_id):
        """A new token; the first has number 1."""
        with self._lock:
            self.issued += 1
            number = self.issued
        now = self._clock()
        claims = {
            "iss": "http://localhost", "sub": client_id, "typ": "io.airbyte.auth.dataplane_v1",
            "roles": ["DATAPLANE"], "iat": int(now), "exp": int(now + self.seconds), "jti": str(number),
        }
        body = b".".join(_encode(json.dumps(part).encode()) for part in ({"alg": "HS256"}, claims))
        return (body + b"." + _encode(self._signature(body))).decode()

    def revoke_all(self):
        """Makes every token issued so far worthless; the next one issued is good again."""
        with self._lock:
            self._revoked_up_to = self.issued

    def check(self, authorization):
        """(state, number) of an Authorization header; state is `valid` or says why it is not."""
        if authorization is None:
            return "missing", None
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return "not a bearer token", None
        try:
            body, signature = token.encode("ascii").rsplit(b".", 1)
            import hmac
            if not hmac.compare_digest(_decode(signature), self._signature(body)):
                return "wrongly signed", None
            claims = json.loads(_decode(body.split(b".")[1]))
        except (ValueError, IndexError):
            return "malformed", None
        number = int(claims["jti"])
        if number <= self._revoked_up_to:
            return "revoked", number
        if self._clock() >= claims["exp"]:
            return "expired", number
        return "valid", number

    def _signature(self, body):
        import hmac  # costs start-up time, and most runs have no tokens
        return hmac.digest(self._key, body, "sha256")
