"""The council's list of receipts that were refused: whoever presented what is not theirs, or none of ours."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from ticketing.filters import NoneOfOurs
from ticketing.kept_admin import Kept
from ticketing.models import RefusedReceipt
from ticketing.presenting import ForgedReceipt


@admin.register(RefusedReceipt)
class RefusedReceiptAdmin(Kept):
    """One row for each receipt and student, however often it was presented. Of a forged one nothing else is known."""

    list_display = ["at", "student", "why", "event"]
    list_filter = [NoneOfOurs, "event"]
    list_select_related = ["student", "event"]
    search_fields = ["=student__student_number", "=student__name"]
    search_help_text = _("Student number or whole name")
    fields = ["at", "student", "why", "event"]
    show_full_result_count = False

    @admin.display(description=_("why it was refused"), ordering="code")
    def why(self, refused: RefusedReceipt) -> str:
        forged = refused.code == ForgedReceipt.code
        return str(_("none of ours, or changed") if forged else _("another student's"))
