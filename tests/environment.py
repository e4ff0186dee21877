"""The environment of a site for tests and played sales; its secrets protect nothing."""

from pathlib import Path


def settings_for_tests(folder: Path, addresses: dict[str, str]) -> dict[str, str]:
    """Return a whole environment for tests; its secrets protect nothing."""
    return {
        **addresses,
        "FESTIVAL_MODE": "test",
        "FESTIVAL_DATA_DIR": str(folder),
        "FESTIVAL_SECRET_KEY": "secret-key-for-tests-only-0123456789abcdef",
        "FESTIVAL_SIGNING_KEYS": "signing-key-for-tests-only-0123456789abcdef",
        "FESTIVAL_HOSTS": "testserver,127.0.0.1,localhost",
        "FESTIVAL_HTTPS": "no",
        "FESTIVAL_REDIS_MAY_FORGET": "yes",  # throw-away servers do not sync
        "FESTIVAL_MAIL_URL": f"folder://{folder / 'mail'}",
        "FESTIVAL_MAIL_FROM": "festival@example.org",
    }
