"""The university's login by OpenID Connect: django-allauth talks to the provider, and nothing of it is kept.

allauth would make users, social accounts and sessions of what it hears. Here it ends where the answer is proven:
state, PKCE, signature, issuer and audience are checked by it, nonce and subject by us, and the claims go to our own
step.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import urlsplit

from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp, SocialLogin
from allauth.socialaccount.providers.base.constants import AuthError, AuthProcess
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.core.cache import caches
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare, get_random_string
from requests import RequestException

from festival.errors import FestivalError

log = logging.getLogger(__name__)
PROVIDER = "university"
DISCOVERY_SECONDS = 600
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")
OURS = ("invalid_request", "unauthorized_client", "unsupported_response_type", "invalid_scope")
THEIRS = ("server_error", "temporarily_unavailable")
Claims = Mapping[str, Any]


class LoginCancelled(FestivalError):
    """You have not logged in at the university."""

    code = "login_cancelled"


class LoginExpired(FestivalError):
    """The login has been used, is too old, or was begun in another browser."""

    code = "login_expired"


class UniversityFailed(FestivalError):
    """The university's login has answered something that we cannot use."""

    code = "university_failed"


class UniversityUnavailable(FestivalError):
    """The university's login does not answer."""

    code = "university_unavailable"


@dataclass(frozen=True, slots=True)
class Proof:
    """What the provider says of somebody, and what we had put aside when they left for it."""

    userinfo: Claims
    id_token: Claims
    aside: Mapping[str, Any]


class Proven(Exception):
    """No error: carries a proof out of allauth before that would log somebody in."""

    def __init__(self, proof: Proof) -> None:
        super().__init__()
        self.proof = proof


def leave(request: HttpRequest, **aside: Any) -> str:
    """Return the provider's address to send a browser to; what is put aside waits in its session for its return.

    Raises UniversityUnavailable, UniversityFailed.
    """
    provider = ProvesOnly(request).get_provider(request, PROVIDER)
    nonce = get_random_string(32)
    try:
        response = provider.redirect(
            request, AuthProcess.LOGIN, data={"nonce": nonce, **aside}, auth_params={"nonce": nonce}
        )
    except (RequestException, OAuth2Error) as error:
        fail(error)
    return str(response.url)


def come_back(request: HttpRequest) -> Proof:
    """Return what the provider has proven about whoever comes back from it in this browser.

    Raises LoginCancelled, LoginExpired, UniversityFailed, UniversityUnavailable.
    """
    try:
        OAuth2CallbackView.adapter_view(CheckedAnswers(request, PROVIDER))(request)
    except Proven as end:
        return end.proof
    except (RequestException, OAuth2Error) as error:
        fail(error)
    raise UniversityFailed  # allauth has answered by itself, which it never should


def fail(error: BaseException | None) -> NoReturn:
    """Log by its kinds what went wrong between us and the provider, whose words may name people, and say so."""
    kinds = " by ".join(type(each).__name__ for each in (error, error and error.__cause__) if each)
    log.error("the university's login failed: %s", kinds)
    raise UniversityUnavailable if isinstance(error, RequestException) else UniversityFailed from error


@contextmanager
def from_outside() -> Iterator[None]:
    """Treat an answer of the wrong shape as a fault of the provider, not of ours."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, ImproperlyConfigured) as error:
        if isinstance(error, RequestException):  # an answer that is no JSON is a ValueError too
            raise
        raise OAuth2Error("malformed answer") from error


class ConfiguredProvider(OpenIDConnectProvider):  # type: ignore[misc]  # allauth has no types
    """The one provider, whose addresses and answers are checked."""

    def get_oauth2_adapter(self, request: HttpRequest) -> "CheckedAnswers":
        return CheckedAnswers(request, PROVIDER)


class CheckedAnswers(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]  # allauth has no types
    """Asks the provider, and checks what the library leaves to TLS and trust."""

    @property
    def openid_config(self) -> dict[str, Any]:
        """Return the provider's discovery document, asked for every ten minutes, with safe addresses only."""
        key, known = f"oidc:{settings.OIDC_SERVER}", caches["process"]
        config: dict[str, Any] | None = known.get(key)
        if config is None:
            with from_outside():
                config = super().openid_config
                check_addresses(config)
            known.set(key, config, DISCOVERY_SECONDS)
        return config

    def get_access_token_data(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        with from_outside():
            data: dict[str, Any] = super().get_access_token_data(*args, **kwargs)
        # The token's signature is verified too, TLS is not trusted alone.
        self.did_fetch_access_token = False
        return data

    def parse_token(self, data: dict[str, Any]) -> Any:
        with from_outside():
            return super().parse_token(data)

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **kwargs: Any) -> SocialLogin:
        """Return what the provider says, where ID token and user info are of one person and for us."""
        with from_outside():
            login = super().complete_login(request, app, token, **kwargs)
            said = login.account.extra_data
            if said["id_token"]["sub"] != said["userinfo"]["sub"]:
                raise OAuth2Error("the user info is of another person than the token")
            if said["id_token"].get("azp", app.client_id) != app.client_id:
                raise OAuth2Error("the token is for another client")
        return login


def check_addresses(config: Mapping[str, Any]) -> None:
    """Refuse a provider that would send people or secrets over plain HTTP while it is itself reached by HTTPS."""
    schemes = {urlsplit(config[name]).scheme for name in ENDPOINTS}
    allowed = {"https", urlsplit(settings.OIDC_SERVER).scheme}
    if not schemes <= allowed:
        raise ValueError("an address of the provider is not safe")


class ProvesOnly(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Knows the one provider of the settings, and stops allauth before it looks for users or makes one."""

    def list_apps(self, *args: Any, **kwargs: Any) -> list[SocialApp]:
        """Return the app of the settings; rows of the database are never asked."""
        app = SocialApp(
            provider=OpenIDConnectProvider.id,
            provider_id=PROVIDER,
            name=PROVIDER,
            client_id=settings.OIDC_CLIENT_ID,
            secret=settings.OIDC_CLIENT_SECRET,
            settings={"server_url": settings.OIDC_SERVER},
        )
        return [app] if settings.OIDC_SERVER else []

    def get_provider(self, request: HttpRequest, provider: str, client_id: str | None = None) -> Any:
        return ConfiguredProvider(request, app=self.get_app(request, provider, client_id))

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> NoReturn:
        """Hand the proof to our own step, if it answers what this browser had asked."""
        said, aside = sociallogin.account.extra_data, sociallogin.state["data"]
        if not constant_time_compare(str(said["id_token"].get("nonce")), aside["nonce"]):
            fail(OAuth2Error("the token answers another question"))
        raise Proven(Proof(said["userinfo"], said["id_token"], aside))

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: str | None = None,
        exception: Exception | None = None,
        extra_context: Mapping[str, Any] | None = None,
    ) -> NoReturn:
        """Say which of our errors it is."""
        if exception is not None:
            fail(exception)
        if not (extra_context or {}).get("state"):
            raise LoginExpired
        if error == AuthError.CANCELLED:
            raise LoginCancelled
        said = request.GET.get("error", "")
        log.error(
            "the university's login answered: %s", said if said in OURS + THEIRS else "an unknown error"
        )
        raise UniversityUnavailable if said in THEIRS else UniversityFailed
