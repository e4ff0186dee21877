"""Each state of a sale, each answer and each ticket can be read and used by everybody."""

from io import BytesIO
from pathlib import Path

import pytest
from django.core.cache import caches
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from playwright.sync_api import Browser

from tests.conftest import Live
from tests.pages.looking import look
from tests.pages.sales import of_sales
from ticketing import posters
from ticketing.models import Festival

pytestmark = [pytest.mark.servers, pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def dress() -> None:
    """Hang a poster and a banner: these pages are seen with them, those of the table without."""
    file = BytesIO()
    Image.new("RGB", (1000, 1400), "#3b1c78").save(file, "JPEG")
    made = posters.made_of(SimpleUploadedFile("poster.jpg", file.getvalue()))
    festival = Festival.objects.get()
    posters.name(festival, made)
    festival.poster_words = festival.poster_words_en = "대동제, 5월 20일부터 사흘"
    festival.banner = "비가 와서 첫째 밤 입장이 30분 늦어집니다. 우산 대신 우비를 가져와 주세요."
    festival.banner_en = "Rain: doors open 30 minutes later. Please bring a raincoat instead of an umbrella."
    festival.save()
    posters.keep(festival, made)
    caches["process"].clear()


def test_every_state_of_a_sale(live: Live, browser: Browser, pictures: Path | None) -> None:
    dress()
    faults = look(browser, live.url, of_sales(), pictures)
    assert not faults, "\n" + "\n".join(faults)
