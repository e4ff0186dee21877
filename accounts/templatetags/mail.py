"""Answers of mail servers as the council reads them."""

from django import template
from django.utils.functional import Promise

from accounts.mail.figures import meaning

register = template.Library()


@register.simple_tag
def meaning_of(status: str, code: int | None) -> str | Promise:
    """Return what an answer of a mail server says, in our words."""
    return meaning(status, code)
