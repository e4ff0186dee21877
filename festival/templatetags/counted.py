"""Counts as people read them."""

from django import template
from django.utils.formats import number_format

register = template.Library()


@register.filter
def grouped(number: int | None) -> str:
    """Return a count with its thousands set apart, in every language; nothing for None."""
    return "" if number is None else number_format(number, force_grouping=True)
