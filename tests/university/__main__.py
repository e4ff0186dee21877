"""Run the provider: `UNIVERSITY_FOLDER=… python -m tests.university PORT REDIRECT_URI…`."""

import os
import sys
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIServer, make_server

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.university.settings"

import django
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application


class Server(ThreadingMixIn, WSGIServer):
    """Answers requests beside each other: ours come back to it while a browser waits."""

    daemon_threads = True


def settle(redirect_uris: list[str]) -> None:
    """Make the database: the people, our client and another one."""
    from django.contrib.auth.models import User
    from oauth2_provider.models import Application

    from tests.university.people import CLIENT, OTHER_CLIENT, PASSWORD, PEOPLE, SECRET

    call_command("migrate", verbosity=0)
    for name in PEOPLE:
        User.objects.create_user(name, password=PASSWORD)
    for client in (CLIENT, OTHER_CLIENT):
        Application.objects.create(
            client_id=client,
            client_secret=SECRET,
            name=client,
            client_type=Application.CLIENT_CONFIDENTIAL,
            authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
            redirect_uris=" ".join(redirect_uris),
            algorithm=Application.RS256_ALGORITHM,
            skip_authorization=True,
        )


def main(port: int, redirect_uris: list[str]) -> None:
    django.setup()
    settle(redirect_uris)
    with make_server("127.0.0.1", port, get_wsgi_application(), server_class=Server) as server:
        server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
