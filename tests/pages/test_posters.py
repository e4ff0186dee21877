"""A festival's poster: taken strictly, served from our host for ever, and the picture of a shared address."""

import re
from io import BytesIO
from typing import Any

import pytest
from django.core.cache import caches
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from accounts.verification.pictures import MOST_BYTES
from tests.accounts.test_card import opened, picture
from tests.admin.conftest import council
from tests.factories import make_event
from ticketing.models import Festival, PosterPicture

__all__ = ["council"]
pytestmark = [pytest.mark.servers, pytest.mark.django_db]
POSTER = (1000, 1400)


def hang(desk: Client, content: bytes | None, **fields: Any) -> Any:
    """Send the festival's form of the admin with a poster."""
    festival = Festival.objects.get()
    sent = {
        "name": festival.name,
        "accent": "violet",
        "verification_methods": ["mail"],
        **({"poster_file": SimpleUploadedFile("poster.jpg", content)} if content else {}),
        **fields,
    }
    answer = desk.post(f"/admin/ticketing/festival/{festival.pk}/change/", sent)
    caches["process"].clear()
    return answer


def addresses(text: str) -> list[str]:
    return sorted(set(re.findall(r"/posters/[0-9a-f]{32}/[\w.]+", text)))


def test_a_poster_leads_home_and_events(council: tuple[Client, User], client: Client) -> None:
    answer = hang(council[0], picture(POSTER), poster_words="대동제, 5월 20일부터 사흘")
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    event = make_event()
    for page in ("/", f"/events/{event.pk}/"):
        text = client.get(page).content.decode()
        assert 'alt="대동제, 5월 20일부터 사흘"' in text
        assert 'width="1000" height="1400"' in text, "nothing jumps while it loads"
        assert "480w" in text
        assert "1000w" in text
        for address in addresses(text):
            shown = client.get(address)
            assert shown["Cache-Control"] == "public, max-age=31536000, immutable"
            assert not shown.cookies
            assert "Cookie" not in shown.get("Vary", "")
            size = opened(shown.content).size
            assert (
                size == (1200, 630)
                if address.endswith(".jpg")
                else size[0] / size[1] == pytest.approx(5 / 7, abs=0.01)
            )


def test_nothing_of_the_sent_file_is_kept(council: tuple[Client, User]) -> None:
    exif = Image.Exif()
    exif[0x010F] = "a telling camera"
    hang(council[0], picture(POSTER, exif=exif, comment=b"a telling comment"))
    kept = [bytes(row.content) for row in PosterPicture.objects.all()]
    assert len(kept) == 4
    assert not any(b"telling" in content or opened(content).getexif() for content in kept)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no picture at all", "not a picture"),
        (picture(POSTER)[:-9000], "damaged"),
        (picture((599, 900)), "too narrow"),
        (picture((3000, 1000)), "too long"),
        (b"\xff\xd8" + b"\0" * MOST_BYTES, "larger than 8 MB"),
    ],
    ids=["text", "cut off", "narrow", "a strip", "many bytes"],
)
def test_what_is_no_poster_is_refused(council: tuple[Client, User], content: bytes, said: str) -> None:
    council[0].cookies["django_language"] = "en"
    answer = hang(council[0], content)
    assert answer.status_code == 200
    assert said in str(answer.context["adminform"].form.errors["poster_file"])
    assert not PosterPicture.objects.exists()
    assert Festival.objects.get().poster == ""


def test_a_bomb_is_refused_before_it_is_decoded(council: tuple[Client, User]) -> None:
    file = BytesIO()
    Image.new("1", (8_000, 7_500)).save(file, "PNG")
    assert len(file.getvalue()) < 100_000
    council[0].cookies["django_language"] = "en"
    answer = hang(council[0], file.getvalue())
    assert "too many pixels" in str(answer.context["adminform"].form.errors["poster_file"])


def test_a_poster_that_is_taken_down_is_gone(council: tuple[Client, User], client: Client) -> None:
    hang(council[0], picture(POSTER))
    found = addresses(client.get("/").content.decode())
    hang(council[0], None, **{"poster_file-clear": "on"})
    assert addresses(client.get("/").content.decode()) == []
    assert {client.get(address).status_code for address in found} == {404}
    assert not PosterPicture.objects.exists()


def test_another_save_leaves_the_poster(council: tuple[Client, User], client: Client) -> None:
    hang(council[0], picture(POSTER))
    found = addresses(client.get("/").content.decode())
    hang(council[0], None, banner="안내")
    assert addresses(client.get("/").content.decode()) == found
    assert client.get(found[0]).status_code == 200


def test_a_crowd_reads_a_poster_from_the_database_once(
    council: tuple[Client, User], client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    hang(council[0], picture(POSTER))
    address = addresses(client.get("/").content.decode())[0]
    with django_assert_num_queries(1):
        client.get(address)
    with django_assert_num_queries(0):
        client.get(address)
        client.get("/")


@pytest.mark.parametrize("size", ["9.webp", "480.png", "../480.webp", "share.webp", "1" * 400])
def test_other_addresses_are_not_found(client: Client, size: str) -> None:
    assert client.get(f"/posters/{'a' * 32}/{size}").status_code == 404


@pytest.mark.parametrize("hung", [False, True], ids=["without a poster", "with a poster"])
def test_a_shared_address_says_what_it_is(council: tuple[Client, User], client: Client, hung: bool) -> None:
    if hung:
        hang(council[0], picture(POSTER))
    event = make_event(name="둘째 밤", name_en="Second night")
    client.cookies["django_language"] = "en"
    text = client.get(f"/events/{event.pk}/").content.decode()
    told = dict(re.findall(r'<meta property="og:([\w:]+)" content="([^"]*)">', text))
    assert told["title"] == "Second night"
    assert told["description"].startswith("Tickets for Second night")
    assert told["locale"] == "en_US"
    assert told["url"] == f"http://testserver/events/{event.pk}/"
    image = told["image"].removeprefix("http://testserver")
    assert image.startswith("/posters/" if hung else "/static/img/share-violet")
