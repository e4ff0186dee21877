"""A picture as a stranger sends it, and the one that we make of it: small, and nothing in it but what is seen."""

import struct
import zlib
from collections.abc import Callable
from io import BytesIO

from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps, UnidentifiedImageError

from festival.errors import FestivalError

FORMATS = ("JPEG", "PNG", "WEBP")
MOST_BYTES = 8 * 1024 * 1024
MOST_PIXELS = 50_000_000  # a phone's best camera; three bytes each while it is decoded
SHORTEST_SIDE, LONGEST_SIDE = 200, 1600
QUALITY = 85
BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)
BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error, zlib.error)


class PictureRefused(FestivalError):
    """This picture cannot be taken."""

    code = "malformed"


def too_big() -> PictureRefused:
    return PictureRefused(_("The picture is larger than 8 MB. Please take a smaller one."))


def reencode(content: bytes) -> bytes:
    """Return a new JPEG of what a picture shows, upright and at most 1600 pixels long; nothing else is kept.

    Raises PictureRefused, with a sentence for the sender.
    """
    return written(decoded(content, longest=LONGEST_SIDE, check=check_size))


def decoded(content: bytes, *, longest: int, check: Callable[[int, int], None]) -> Image.Image:
    """Return what a picture shows as a new one, upright, without transparency, and at most that long.

    `check` judges width and height before anything is decoded. Raises PictureRefused, with a sentence for the sender.
    """
    if len(content) > MOST_BYTES:
        raise too_big()
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as picture:
            check(*picture.size)
            picture.draft("RGB", (longest, longest))  # a JPEG is decoded at a part of its size
            return flat(picture, longest)
    except UnidentifiedImageError as error:
        raise PictureRefused(
            _("This is not a picture that we can read. Please send a JPEG, PNG or WebP.")
        ) from error
    except BOMBS as error:
        raise too_many_pixels() from error
    except BROKEN as error:
        raise PictureRefused(
            _("This picture is damaged or was not sent whole. Please send it again.")
        ) from error


def check_size(width: int, height: int) -> None:
    """Refuse what is too large to decode, and what is too small to read."""
    check_pixels(width, height)
    if min(width, height) < SHORTEST_SIDE:
        raise PictureRefused(_("This picture is too small to read the card on it."))


def check_pixels(width: int, height: int) -> None:
    """Refuse what is too large to decode."""
    if width * height > MOST_PIXELS:
        raise too_many_pixels()


def too_many_pixels() -> PictureRefused:
    return PictureRefused(_("This picture has too many pixels. Please take a smaller one."))


def flat(picture: Image.Image, longest: int) -> Image.Image:
    """Return the picture upright, small and without transparency, in a new one that has none of its annotations."""
    picture.thumbnail((longest, longest))
    upright = ImageOps.exif_transpose(picture)
    shown = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    paper = Image.new("RGB", shown.size, "white")
    paper.paste(shown, mask=shown if shown.mode == "RGBA" else None)
    return paper


def written(picture: Image.Image) -> bytes:
    """Return a picture as a JPEG."""
    file = BytesIO()
    picture.save(file, "JPEG", quality=QUALITY, optimize=True)
    return file.getvalue()
