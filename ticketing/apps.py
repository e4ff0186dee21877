from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class TicketingConfig(AppConfig):
    name = "ticketing"
    verbose_name = _("tickets")

    def ready(self) -> None:
        from ticketing.events import keep_a_festival  # the app registry must be complete first

        post_migrate.connect(keep_a_festival, sender=self, dispatch_uid="ticketing.festival")
