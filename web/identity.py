"""Signing in with an OpenID provider: authorization code with PKCE, state and nonce; who somebody is, is issuer and `sub`.

What belongs to one attempt travels in a short-lived cookie of our own host that no script reads; the provider's keys are read
from its document. Addresses and names that the provider states decide nothing.
"""

from __future__ import annotations

import secrets
import time
from typing import Any

import httpx2
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from domain.messages import Frozen
from settings import Settings

COOKIE = "__Host-sign-in"
LASTS = 600
"""Seconds that an attempt may take."""
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""Signatures by a key of the provider; never one by a shared secret, never none."""
_KEPT = 3600
_LEEWAY = 60


class IdentityRefused(Exception):
    """The provider did not say who it is, or what it said does not hold; the message is for the log."""


class Attempt(Frozen):
    """One way to the provider and back."""

    state: str
    nonce: str
    verifier: str
    next: str
    invitation: str | None = None


class Provider:
    """The OpenID provider of the settings. `redirect` is our own address, as registered there."""

    def __init__(self, settings: Settings, redirect: str) -> None:
        assert settings.oidc_issuer is not None
        self.issuer = settings.oidc_issuer.rstrip("/")
        secret = settings.oidc_client_secret
        self._client_id, self._secret = settings.oidc_client_id, secret.get_secret_value() if secret else None
        self._redirect = redirect
        self._read_at = 0.0
        self._document: dict[str, Any] = {}
        self._keys: KeySet | None = None

    def begin(self, next_: str, invitation: str | None) -> tuple[str, Attempt]:
        """Where to send the browser, and what to keep until it is back. Raises `IdentityRefused`."""
        attempt = Attempt(
            state=secrets.token_urlsafe(24),
            nonce=secrets.token_urlsafe(24),
            verifier=secrets.token_urlsafe(48),
            next=next_,
            invitation=invitation,
        )
        with self._client() as client:
            url, _ = client.create_authorization_url(
                self._known()["authorization_endpoint"],
                state=attempt.state,
                nonce=attempt.nonce,
                code_verifier=attempt.verifier,
            )
        return str(url), attempt

    def finish(self, attempt: Attempt, state: str, code: str, issuer: str | None) -> str:
        """The `sub` of who came back. Raises `IdentityRefused`."""
        if not secrets.compare_digest(attempt.state.encode(), state.encode()):
            raise IdentityRefused("state")
        known = self._known()
        if issuer is not None and issuer.rstrip("/") != self.issuer:
            raise IdentityRefused(f"iss {issuer!r}")  # RFC 9207: another provider's answer
        try:
            with self._client() as client:
                tokens = client.fetch_token(known["token_endpoint"], code=code, code_verifier=attempt.verifier)
            return self._subject(str(tokens["id_token"]), attempt.nonce)
        except (OAuthError, httpx2.HTTPError, KeyError, ValueError) as error:
            raise IdentityRefused(f"{type(error).__name__}: {error}") from None

    def _subject(self, token: str, nonce: str) -> str:
        rules = jwt.JWTClaimsRegistry(
            leeway=_LEEWAY,
            iss={"essential": True, "values": [self.issuer, self.issuer + "/"]},
            aud={"essential": True, "value": self._client_id},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
            sub={"essential": True},
        )
        for fresh in (False, True):  # the provider may have changed its keys since
            try:
                claims = jwt.decode(token, self._key_set(fresh), algorithms=ALGORITHMS).claims
                rules.validate(claims)
            except (JoseError, ValueError) as error:
                if fresh:
                    raise IdentityRefused(f"{type(error).__name__}: {error}") from None
                continue
            audience = claims["aud"]
            if isinstance(audience, list) and len(audience) > 1 and claims.get("azp") != self._client_id:
                raise IdentityRefused("azp")
            return str(claims["sub"])
        raise AssertionError

    def _client(self) -> OAuth2Client:
        return OAuth2Client(
            self._client_id,
            self._secret,
            scope="openid",
            redirect_uri=self._redirect,
            code_challenge_method="S256",
            token_endpoint_auth_method="client_secret_basic" if self._secret else "none",
            timeout=10,
        )

    def _known(self) -> dict[str, Any]:
        """The provider's own description of itself, which must be of the issuer that we mean."""
        if not self._document or time.monotonic() - self._read_at > _KEPT:
            found = _read(f"{self.issuer}/.well-known/openid-configuration")
            if str(found.get("issuer", "")).rstrip("/") != self.issuer:
                raise IdentityRefused(f"the document is of {found.get('issuer')!r}")
            if not all(isinstance(found.get(n), str) for n in ("authorization_endpoint", "token_endpoint", "jwks_uri")):
                raise IdentityRefused("the document lacks an endpoint")
            self._document, self._read_at, self._keys = found, time.monotonic(), None
        return self._document

    def _key_set(self, fresh: bool) -> KeySet:
        if self._keys is None or fresh:
            self._keys = KeySet.import_key_set(_read(self._known()["jwks_uri"]))  # type: ignore[arg-type]
        return self._keys


def _read(url: str) -> dict[str, Any]:
    try:
        found = httpx2.get(url, timeout=10).raise_for_status().json()
    except (httpx2.HTTPError, ValueError) as error:
        raise IdentityRefused(f"{url}: {error}") from None
    if not isinstance(found, dict):
        raise IdentityRefused(f"{url}: no document")
    return found
