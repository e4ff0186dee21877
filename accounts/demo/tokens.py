"""The design's tokens, read out of the style sheet that defines them."""

import re
from pathlib import Path

from django.contrib.staticfiles import finders

STYLE_SHEET = "css/tokens.css"
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_DARK = r"@media \(prefers-color-scheme: dark\) \{\s*"
_RULE = re.compile(rf"(?P<dark>{_DARK})?(?P<selector>[^{{}}]+)\{{(?P<body>[^{{}}]*)\}}")
_DECLARED = re.compile(r"--([\w-]+):\s*([^;]+);")
_NAMED = re.compile(r"var\(--([\w-]+)\)")


def tokens(accent: str, scheme: str) -> dict[str, str]:
    """Return every token as a browser has it for a festival's colour and a scheme, named values followed."""
    values: dict[str, str] = {}
    for rule in _RULE.finditer(_COMMENT.sub("", style_sheet())):
        meant = rule["dark"] is None or scheme == "dark"
        if meant and is_for(accent, rule["selector"]):
            values |= {name: " ".join(value.split()) for name, value in _DECLARED.findall(rule["body"])}
    return {name: followed(values, value) for name, value in values.items()}


def style_sheet() -> str:
    """Return the text of tokens.css as it is now: whoever changes it reloads the page and sees."""
    return Path(str(finders.find(STYLE_SHEET))).read_text(encoding="utf-8")


def is_for(accent: str, selector: str) -> bool:
    """Tell whether a rule speaks for every page, or for the pages of a festival with this colour."""
    everywhere = any(part.strip() == ":root" for part in selector.split(","))
    return everywhere or f'[data-accent="{accent}"]' in selector


def followed(values: dict[str, str], value: str) -> str:
    while named := _NAMED.fullmatch(value):
        value = values[named[1]]
    return value
