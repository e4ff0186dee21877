from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class TicketingConfig(AppConfig):
    name = "ticketing"
    verbose_name = _("tickets")

    def ready(self) -> None:
        # the app registry must be complete first
        import ticketing.letters  # noqa: F401 - says what the mails about a place say
        from accounts.endings import logins_ended
        from ticketing.allocation.rush.telling import tell_ended
        from ticketing.events import keep_a_festival

        post_migrate.connect(keep_a_festival, sender=self, dispatch_uid="ticketing.festival")
        logins_ended.connect(tell_ended, dispatch_uid="ticketing.logins")
