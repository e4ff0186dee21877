"""The devices of the gate, in the admin: a token is shown once, a lost device is shut out by one action."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from ticketing import devices, qr
from ticketing.filters import InUse
from ticketing.kept_admin import Kept
from ticketing.models import GateDevice, GateLookUp


@admin.register(GateDevice)
class GateDeviceAdmin(admin.ModelAdmin[GateDevice]):
    list_display = ["name", "created_at", "revoked_at"]
    list_filter = [InUse]
    search_fields = ["name"]
    fields = ["name", "created_at", "revoked_at"]
    readonly_fields = ["created_at", "revoked_at"]
    actions = ["invite_phones", "shut_out", "give_new_token"]

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
        token = devices.new_token()
        obj.token_digest = devices.digest(token)
        super().save_model(request, obj, form, change)
        self.show(request, obj, token)

    @admin.action(description=_("Make a phone this device, by a QR code"), permissions=["change"])
    def invite_phones(self, request: HttpRequest, queryset: QuerySet[GateDevice]) -> HttpResponse:
        """Show for each device a QR that makes the phone that opens it this device: once, within ten minutes."""
        address = request.build_absolute_uri(reverse("gate-device"))
        invitations = [
            (
                device,
                qr.svg(f"{address}#{devices.invite(device)}", label=gettext("QR code for the gate's phone")),
            )
            for device in queryset
        ]
        self.record(request, [device for device, _picture in invitations], "invitation")
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Phones for the gate"),
            "opts": self.opts,
            "invitations": invitations,
            "address": address,
            "minutes": int(devices.INVITATION_LASTS.total_seconds() // 60),
        }
        return TemplateResponse(request, "admin/ticketing/gatedevice/invitations.html", context)

    @admin.action(description=_("Shut these devices out"), permissions=["change"])
    def shut_out(self, request: HttpRequest, queryset: QuerySet[GateDevice]) -> None:
        """Refuse the devices from their next scan on."""
        going = list(queryset.filter(revoked_at__isnull=True))
        count = devices.shut_out(queryset)
        self.record(request, going, "revoked_at")
        text = ngettext("%(count)d device is shut out.", "%(count)d devices are shut out.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)

    @admin.action(description=_("Give these devices a new token"), permissions=["change"])
    def give_new_token(self, request: HttpRequest, queryset: QuerySet[GateDevice]) -> None:
        """Replace the tokens, which lets devices that were shut out in again; the old tokens end at once."""
        for device in queryset:
            token = devices.give_token(device)
            self.record(request, [device], "token")
            self.show(request, device, token)

    def show(self, request: HttpRequest, device: GateDevice, token: str) -> None:
        """Show a token to whoever made it: nobody can read it again."""
        text = gettext("The token of {name}, shown this once: {token}")
        line = format_html(text, name=device.name, token=format_html("<code>{}</code>", token))
        self.message_user(request, line, messages.WARNING)

    def record(self, request: HttpRequest, changed: list[GateDevice], change: str) -> None:
        """Write into the admin's log who did what to which device."""
        for device in changed:
            message: list[dict[str, Any]] = [{"changed": {"fields": [change]}}]
            self.log_change(request, device, message)


@admin.register(GateLookUp)
class GateLookUpAdmin(Kept):
    list_display = ["at", "gate", "user", "device", "key", "reason", "found", "let_in"]
    list_filter = ["key", "gate", "user"]
    list_select_related = ["user", "device"]
    fields = ["at", "gate", "event", "user", "device", "key", "reason", "found"]
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[GateLookUp]:
        """Count what followed from each look-up with the list itself."""
        return GateLookUp.objects.annotate(scan_count=Count("scans"))

    @admin.display(description=_("tickets shown"))
    def found(self, look_up: GateLookUp) -> int:
        return len(look_up.shown)

    @admin.display(description=_("scans by it"))
    def let_in(self, look_up: GateLookUp) -> int:
        return int(vars(look_up)["scan_count"])
