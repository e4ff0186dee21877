"""What the provider's process tells of people."""

from typing import Any

from oauth2_provider.oauth2_validators import OAuth2Validator

from tests.university.people import LIES, PEOPLE, TURNS


class Claims(OAuth2Validator):  # type: ignore[misc]  # no types
    """Tells the claims of PEOPLE, and lies where a name says so."""

    oidc_claim_scope = None

    def get_additional_claims(self, request: Any) -> dict[str, Any]:
        return dict(PEOPLE[request.user.username])

    def get_userinfo_claims(self, request: Any) -> dict[str, Any]:
        claims: dict[str, Any] = super().get_userinfo_claims(request)
        return claims | dict(TURNS.get(request.user.username, {}))

    def get_id_token_dictionary(self, token: Any, token_handler: Any, request: Any) -> Any:
        claims, expires = super().get_id_token_dictionary(token, token_handler, request)
        return claims | dict(LIES.get(request.user.username, {})), expires

    def finalize_id_token(self, id_token: Any, token: Any, token_handler: Any, request: Any) -> str:
        made: str = super().finalize_id_token(id_token, token, token_handler, request)
        if request.user.username != "forger":
            return made
        signed, _dot, _signature = made.rpartition(".")
        return f"{signed}.{'A' * 342}"
