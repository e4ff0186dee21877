"""The demo's staff: one login for each role, without a password, so that only log-in-as lets them in."""

from dataclasses import dataclass

from django.contrib.auth.models import Group
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from accounts import roles
from accounts.models import User


@dataclass(frozen=True, slots=True)
class Post:
    """A login of the staff: the role it has, what it is called, and the page where its work is."""

    username: str
    role: str
    display_name: str
    title: str | Promise
    task: str | Promise
    home: str


POSTS = {
    post.username: post
    for post in (
        Post(
            "council",
            roles.COUNCIL,
            "총학생회 이한결",
            pgettext_lazy("demo", "Student council"),
            pgettext_lazy("demo", "plans events, opens and pauses sales, looks tickets up"),
            "/admin/",
        ),
        Post(
            "viewer",
            roles.VIEWER,
            "총학생회 참관 서유진",
            pgettext_lazy("demo", "Council viewer"),
            pgettext_lazy("demo", "sees what the council sees and changes nothing"),
            "/admin/",
        ),
        Post(
            "gate",
            roles.GATE,
            "게이트 정예린",
            pgettext_lazy("demo", "Gate"),
            pgettext_lazy("demo", "scans tickets and lets people in"),
            "/gate/",
        ),
        Post(
            "booth",
            roles.BOOTH,
            "부스 한지우",
            pgettext_lazy("demo", "Booth"),
            pgettext_lazy(
                "demo", "checks student cards of those without mail; the council confirms as the second"
            ),
            "/accounts/booth/",
        ),
    )
}


def keep_staff() -> None:
    """Make the logins that are missing and put each into its role."""
    for post in POSTS.values():
        user, made = User.objects.get_or_create(
            username=post.username, defaults={"display_name": post.display_name, "is_staff": True}
        )
        if made:
            user.set_unusable_password()
            user.save(update_fields=["password"])
            user.groups.add(Group.objects.get(name=post.role))
