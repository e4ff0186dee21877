from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("people")

    def ready(self) -> None:
        from accounts.roles import keep_roles  # the app registry must be complete first

        post_migrate.connect(keep_roles, dispatch_uid="accounts.roles")
