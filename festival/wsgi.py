"""The entry point of the web server."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "festival.settings")
application = get_wsgi_application()

from festival.starting import refuse_unfit_servers  # noqa: E402 - Django is set up from here on

refuse_unfit_servers()
