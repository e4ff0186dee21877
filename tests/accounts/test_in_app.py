"""The windows of other apps are noticed, and the way to a real browser is shown without a script."""

import html
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from accounts.templatetags.windows import way_out
from tests.factories import make_event
from tests.unit.test_translations import assert_korean

pytestmark = [pytest.mark.servers, pytest.mark.django_db]

ANDROID = "Mozilla/5.0 (Linux; Android 15; SM-S921N Build/AP3A; wv) AppleWebKit/537.36 Version/4.0 Chrome/140.0 Mobile "
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 "
IN_APPS = [
    ("KakaoTalk", ANDROID + "Safari/537.36;KAKAOTALK 2510330", "kakaotalk"),
    ("KakaoTalk", IPHONE + "KAKAOTALK 25.1.0", "kakaotalk"),
    ("Instagram", ANDROID + "Safari/537.36 Instagram 350.0.0.0 Android (35/15; 450dpi)", "intent"),
    ("Instagram", IPHONE + "Instagram 350.0.0.0 (iPhone15,4; iOS 18_0; ko_KR)", ""),
    ("Everytime", ANDROID + "Safari/537.36 everytimeApp/8.1.0", "intent"),
    ("Everytime", IPHONE + "EverytimeApp", ""),
    ("NAVER", ANDROID + "Safari/537.36 NAVER(inapp; search; 2000; 12.10.1)", "intent"),
    ("NAVER", IPHONE + "Safari/604.1 NAVER(inapp; search; 2000; 12.10.1; 15PRO)", ""),
    ("Facebook", ANDROID + "Safari/537.36 [FB_IAB/FB4A;FBAV/480.0.0.1;]", "intent"),
    ("Facebook", IPHONE + "[FBAN/FBIOS;FBAV/480.0.0.1;FBDV/iPhone15,4]", ""),
]
REAL = [
    ANDROID.replace("; wv", "") + "Safari/537.36",
    ANDROID + "SamsungBrowser/28.0 Safari/537.36",
    ANDROID + "Whale/3.0 Safari/537.36",
    IPHONE + "Version/18.0 Safari/604.1",
    IPHONE + "CriOS/140.0 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
    "",
]


def pages() -> dict[str, str]:
    """Return the pages that students come to by a link in a chat, and the address each tells to open."""
    event = make_event({"A": 1})
    back = f"/events/{event.pk}/"
    verify = f"/accounts/verify/?next=%2Fevents%2F{event.pk}%2F"
    return {verify: f"http://testserver{verify}", back: f"http://testserver{back}"}


@pytest.mark.parametrize(("app", "agent", "scheme"), IN_APPS, ids=lambda value: str(value)[:40])
def test_a_window_of_an_app_is_noticed_and_left_by_a_link_or_by_hand(
    client: Client, app: str, agent: str, scheme: str
) -> None:
    for path, address in pages().items():
        answer = client.get(path, headers={"User-Agent": agent})
        page = answer.content.decode()
        assert f'data-in-app="{app}"' in page
        assert f"<code>{html.escape(address)}</code>" in page
        assert re.findall(r'href="(kakaotalk|intent):', page) == ([scheme] if scheme else [])
        assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=", page)
        assert_korean(page)


@pytest.mark.parametrize("agent", REAL)
def test_a_real_browser_is_left_in_peace(client: Client, agent: str) -> None:
    for path in pages():
        assert "data-in-app" not in client.get(path, headers={"User-Agent": agent}).content.decode()


def test_the_notice_keeps_the_way_back_after_a_mistake(client: Client) -> None:
    path = next(iter(pages()))
    wanted = parse_qs(urlsplit(path).query)["next"][0]
    answer = client.post("/accounts/verify/", {"next": wanted}, headers={"User-Agent": IN_APPS[0][1]})
    assert answer.status_code == 422
    assert f"<code>http://testserver{path}</code>" in answer.content.decode()


def test_a_way_out_carries_the_whole_address() -> None:
    address = "https://tickets.example/accounts/verify/?next=%2Fevents%2F1%2F&a=%26b"
    kakao = urlsplit(way_out("KakaoTalk", "iOS", address))
    assert (kakao.scheme, kakao.netloc, kakao.path) == ("kakaotalk", "web", "/openExternal")
    assert parse_qs(kakao.query) == {"url": [address]}
    intent = way_out("Instagram", "Android", address)
    assert intent.startswith(address.replace("https://", "intent://") + "#Intent;scheme=https;")
    assert intent.endswith(";end")
    assert way_out("Instagram", "iOS", address) == ""


def test_a_foreign_address_is_never_told(client: Client) -> None:
    answer = client.get("/accounts/verify/?next=https://evil.example/", headers={"User-Agent": IN_APPS[0][1]})
    (told,) = re.findall(r"<aside.*?</aside>", answer.content.decode(), re.DOTALL)
    assert "<code>http://testserver/accounts/verify/?next=%2F</code>" in told
    assert "evil" not in told
