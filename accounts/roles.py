"""The roles of staff: groups and their permissions, kept by every migration run."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.apps import AppConfig, apps
from django.contrib.auth.management import create_permissions
from django.db import transaction

COUNCIL, VIEWER, GATE, BOOTH = "council", "council viewer", "gate", "booth"
OUR_APPS = ("accounts", "ticketing")

SEEN = (
    "accounts.view_student",
    "accounts.view_studentsession",
    "accounts.view_verificationattempt",
    "accounts.view_consent",
    "accounts.view_boothcheck",
    "accounts.view_boothlook",
    "accounts.view_outgoingmail",
    "ticketing.view_festival",
    "ticketing.view_event",
    "ticketing.view_zone",
    "ticketing.view_limitgroup",
    "ticketing.view_studentlist",
    "ticketing.view_eligibilityrule",
    "ticketing.view_exclusion",
    "ticketing.view_ticket",
    "ticketing.view_claim",
    "ticketing.view_scan",
    "ticketing.view_gatelookup",
    "ticketing.view_bar",
    "ticketing.view_gatedevice",
    "ticketing.view_streamposition",
    "ticketing.view_recovery",
    "ticketing.view_refusedreceipt",
    "ticketing.view_repair",
    "ticketing.view_waitingentry",
    "ticketing.view_studentlook",
    "ticketing.view_listexport",
    "ticketing.look_up_student",
)
MANAGED = tuple(
    f"ticketing.{verb}_{model}"
    for model in (
        *("festival", "event", "zone", "limitgroup", "gatedevice"),
        *("studentlist", "eligibilityrule", "exclusion"),
    )
    for verb in ("add", "change")
)
# What is only wanted and belongs to its event may be taken back; the history keeps it.
TAKEN_BACK = ("ticketing.delete_eligibilityrule", "ticketing.delete_exclusion")
ROLES: Mapping[str, tuple[str, ...]] = {
    COUNCIL: (
        *(*SEEN, *MANAGED, *TAKEN_BACK),
        *(
            "accounts.change_student",
            "ticketing.add_ticket",
            "ticketing.change_ticket",
            "ticketing.change_waitingentry",
            "ticketing.add_bar",
            "ticketing.change_bar",
            "ticketing.change_streamposition",
            "ticketing.change_recovery",
            "ticketing.export_list",
            "accounts.check_booth",
            "accounts.review_card",
            "accounts.add_outgoingmail",
        ),
    ),
    VIEWER: SEEN,
    GATE: ("ticketing.add_scan", "ticketing.change_scan", "ticketing.add_gatelookup"),
    BOOTH: ("accounts.check_booth",),
}


def keep_roles(app_config: AppConfig, using: str, **kwargs: Any) -> None:
    """Bring the groups to what stands above, once in a migration run, when all their tables are there.

    Django creates the permissions of an app after its own signal, which may come later than ours: so we ask for them.
    """
    migrated = kwargs.get("apps", apps)  # absent after a flush, which needs a whole database
    complete = migrated.is_installed("ticketing") and "scan" in migrated.all_models["ticketing"]
    if app_config.label != OUR_APPS[-1] or not complete:
        return
    for label in OUR_APPS:
        create_permissions(apps.get_app_config(label), verbosity=0, using=using)
    with transaction.atomic(using=using):
        for name, wanted in ROLES.items():
            keep_role(name, wanted, using)


def keep_role(name: str, wanted: Iterable[str], using: str) -> None:
    """Give a group exactly the wanted permissions; one that does not exist is a fault of ours."""
    from django.contrib.auth.models import Group, Permission  # models are not loaded when the apps are set up

    group, _created = Group.objects.using(using).get_or_create(name=name)
    known = (
        Permission.objects.using(using)
        .filter(content_type__app_label__in=OUR_APPS)
        .select_related("content_type")
    )
    by_name = {f"{entry.content_type.app_label}.{entry.codename}": entry for entry in known}
    group.permissions.set(by_name[label] for label in wanted)
