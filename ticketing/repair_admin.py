"""The council's list of repairs: what rows and Redis had said of a sale, and what counts since."""

from django.contrib import admin
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ticketing.kept_admin import Kept
from ticketing.models import Repair

# In plain words, by the beginning of a kind; the first one that fits.
MEANINGS: tuple[tuple[str, Promise], ...] = (
    ("winner_without_ticket", _("A winner had no ticket.")),
    ("ticket_in_the_way", _("A ticket stood in the way of another one.")),
    ("ticket", _("A ticket was recorded otherwise than it was decided.")),
    ("holder", _("A ticket was recorded otherwise than it was decided.")),
    ("waiting", _("The waiting list was recorded otherwise than it was decided.")),
    ("offer", _("The waiting list was recorded otherwise than it was decided.")),
    ("place", _("A place was counted as free or taken, and was not.")),
    ("zone", _("A place was counted as free or taken, and was not.")),
    ("bar", _("A student was shut out on one side only.")),
    ("student", _("Who may press was known otherwise than in the roster.")),
    ("session", _("Who may press was known otherwise than in the roster.")),
    ("rules", _("Who may press was known otherwise than in the roster.")),
    ("incomplete", _("PostgreSQL had lost decisions that Redis knows.")),
)
OTHERWISE = _("A press or its number was recorded otherwise than it was decided.")


@admin.register(Repair)
class RepairAdmin(Kept):
    """One row for each difference that `manage.py reconcile --fix` has repaired."""

    list_display = ["at", "what", "kind", "about", "before", "after", "actor"]
    list_filter = ["kind"]
    list_select_related = ["actor"]
    search_fields = ["=about", "=group"]
    search_help_text = _("Key of a sale, or of what was repaired")
    fields = ["at", "what", "kind", "group", "about", "before", "after", "actor"]
    show_full_result_count = False

    @admin.display(description=pgettext_lazy("of a repair", "what was wrong"))
    def what(self, repair: Repair) -> str:
        return str(next((words for begin, words in MEANINGS if repair.kind.startswith(begin)), OTHERWISE))
