"""The poster of a festival: made anew in a few widths, kept in the database so that every server has it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO

from django.core.cache import caches
from django.core.files.uploadedfile import UploadedFile
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from accounts.verification.pictures import MOST_BYTES, PictureRefused, check_pixels, decoded, too_big
from ticketing.models import Festival, PosterPicture

NARROWEST, LONGEST = 600, 2000
WIDTHS = (480, 900, 1400)
QUALITY = 82
SHARED, SHARED_SIZE = "share.jpg", (1200, 630)
KEPT_SECONDS = (
    60  # in each process, so that a crowd's first visit does not read it from the database ten thousand times
)


@dataclass(frozen=True, slots=True)
class Made:
    """A poster that may hang: the size of its largest picture, and the bytes of each by the end of its address."""

    width: int
    height: int
    pictures: Mapping[str, bytes]

    @property
    def digest(self) -> str:
        """Return the name of exactly these pictures."""
        return hashlib.sha256(b"".join(self.pictures.values())).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Poster:
    """The poster that hangs, as templates read it."""

    digest: str
    width: int
    height: int
    words: str

    def __str__(self) -> str:
        return self.words

    @property
    def url(self) -> str:
        """Return the address of the largest picture."""
        return self.address(f"{self.width}.webp")

    @property
    def smallest(self) -> str:
        """Return the address of the smallest picture."""
        return self.address(f"{widths(self.width)[0]}.webp")

    @property
    def shared(self) -> str:
        """Return the address of the picture for those to whom a page is recommended."""
        return self.address(SHARED)

    @property
    def srcset(self) -> str:
        """Return all widths as an img element takes them."""
        return ", ".join(f"{self.address(f'{width}.webp')} {width}w" for width in widths(self.width))

    def address(self, size: str) -> str:
        return reverse("poster", args=[self.digest, size])


def shown(festival: Festival | None) -> Poster | None:
    """Return the poster of a festival, if one hangs; asks nobody."""
    if festival is None or not festival.poster:
        return None
    size = festival.poster_width, festival.poster_height
    return Poster(festival.poster, *size, festival.display_poster_words)


def widths(largest: int) -> list[int]:
    """Return the widths in which a poster is served whose largest picture is that wide."""
    return [*(width for width in WIDTHS if width < largest), largest]


def made_of(sent: UploadedFile) -> Made:
    """Make the pictures of a file that the council sent; raises PictureRefused, with a sentence for it."""
    if (sent.size or 0) > MOST_BYTES:
        raise too_big()
    whole = decoded(sent.read(), longest=LONGEST, check=check_size)
    largest = at_width(whole, min(whole.width, max(WIDTHS)))
    pictures = {f"{width}.webp": as_webp(at_width(whole, width)) for width in widths(largest.width)}
    return Made(*largest.size, {**pictures, SHARED: as_jpeg(on_a_wide_card(whole))})


def check_size(width: int, height: int) -> None:
    """Refuse what cannot be decoded, what would look blurred, and strips that no page has room for."""
    check_pixels(width, height)
    if width < NARROWEST:
        raise PictureRefused(_("This picture is too narrow for a poster. It needs at least 600 pixels."))
    if not 1 / 2 <= width / height <= 2:
        raise PictureRefused(_("This picture is too long for a poster: one side is over twice the other."))


def at_width(picture: Image.Image, width: int) -> Image.Image:
    height = round(picture.height * width / picture.width)
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def on_a_wide_card(poster: Image.Image) -> Image.Image:
    """Return the whole poster in the shape of a link's preview, before a blurred and darker one of itself."""
    behind = ImageOps.fit(poster, SHARED_SIZE).filter(ImageFilter.GaussianBlur(40))
    card = ImageEnhance.Brightness(behind).enhance(0.55)
    whole = ImageOps.contain(poster, SHARED_SIZE)
    card.paste(whole, ((card.width - whole.width) // 2, (card.height - whole.height) // 2))
    return card


def as_webp(picture: Image.Image) -> bytes:
    file = BytesIO()
    picture.save(file, "WEBP", quality=QUALITY, method=5)
    return file.getvalue()


def as_jpeg(picture: Image.Image) -> bytes:
    file = BytesIO()
    picture.save(file, "JPEG", quality=QUALITY, optimize=True, progressive=True)
    return file.getvalue()


def name(festival: Festival, made: Made | None) -> None:
    """Let a festival, which is still to be saved, name its new poster, or none."""
    festival.poster = made.digest if made else ""
    festival.poster_width, festival.poster_height = (made.width, made.height) if made else (0, 0)


def keep(festival: Festival, made: Made | None) -> None:
    """Keep the pictures of the poster that a saved festival names, and no others.

    Its row was written before in the same transaction, so two who hang a poster at once come here one after the other.
    """
    PosterPicture.objects.filter(festival=festival).exclude(digest=festival.poster).delete()
    if made is not None and not PosterPicture.objects.filter(festival=festival).exists():
        PosterPicture.objects.bulk_create(
            PosterPicture(festival=festival, digest=made.digest, size=size, content=content)
            for size, content in made.pictures.items()
        )


def picture(digest: str, size: str) -> bytes | None:
    """Return a picture of a poster that hangs, or hung there in the last minute; None when there is none."""
    key = f"poster:{digest}:{size}"
    found: bytes | None = caches["process"].get(key)
    if found is None:
        rows = PosterPicture.objects.filter(digest=digest, size=size).values_list("content", flat=True)
        content = rows.first()
        if content is None:
            return None
        found = bytes(content)
        caches["process"].set(key, found, KEPT_SECONDS)
    return found
