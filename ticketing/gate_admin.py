"""The devices of the gate, in the admin: a token is shown once, a lost device is shut out by one action."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from ticketing.devices import digest, new_token
from ticketing.filters import InUse
from ticketing.models import GateDevice


@admin.register(GateDevice)
class GateDeviceAdmin(admin.ModelAdmin[GateDevice]):
    list_display = ["name", "created_at", "revoked_at"]
    list_filter = [InUse]
    search_fields = ["name"]
    fields = ["name", "created_at", "revoked_at"]
    readonly_fields = ["created_at", "revoked_at"]
    actions = ["shut_out", "give_new_token"]

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Devices stay: their scans name them."""
        return False

    def save_model(
        self, request: HttpRequest, obj: GateDevice, form: ModelForm[GateDevice], change: bool
    ) -> None:
        """Give a new device its token."""
        if change:
            super().save_model(request, obj, form, change)
            return
        token = new_token()
        obj.token_digest = digest(token)
        super().save_model(request, obj, form, change)
        self.show(request, obj, token)

    @admin.action(description=_("Shut these devices out"), permissions=["change"])
    def shut_out(self, request: HttpRequest, queryset: QuerySet[GateDevice]) -> None:
        """Refuse the devices from their next scan on."""
        devices = list(queryset.filter(revoked_at__isnull=True))
        count = queryset.filter(revoked_at__isnull=True).update(revoked_at=timezone.now())
        self.record(request, devices, "revoked_at")
        text = ngettext("%(count)d device is shut out.", "%(count)d devices are shut out.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)

    @admin.action(description=_("Give these devices a new token"), permissions=["change"])
    def give_new_token(self, request: HttpRequest, queryset: QuerySet[GateDevice]) -> None:
        """Replace the tokens, which lets devices that were shut out in again; the old tokens end at once."""
        for device in queryset:
            token = new_token()
            GateDevice.objects.filter(pk=device.pk).update(token_digest=digest(token), revoked_at=None)
            self.record(request, [device], "token")
            self.show(request, device, token)

    def show(self, request: HttpRequest, device: GateDevice, token: str) -> None:
        """Show a token to whoever made it: nobody can read it again."""
        text = gettext("The token of {name}, shown this once: {token}")
        line = format_html(text, name=device.name, token=format_html("<code>{}</code>", token))
        self.message_user(request, line, messages.WARNING)

    def record(self, request: HttpRequest, devices: list[GateDevice], change: str) -> None:
        """Write into the admin's log who did what to which device."""
        for device in devices:
            message: list[dict[str, Any]] = [{"changed": {"fields": [change]}}]
            self.log_change(request, device, message)
