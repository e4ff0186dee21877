from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FestivalConfig(AppConfig):
    name = "festival"
    label = "festival"
    verbose_name = _("system")

    def ready(self) -> None:
        from festival import checks, connection_checks, redis_checks  # noqa: F401 - register the system checks
