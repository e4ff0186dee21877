"""Addresses of students' logins."""

from django.urls import URLPattern, path

from accounts import views
from accounts.verification import booth_desk_views, booth_views, card_views, oidc, university_views
from accounts.verification import views as verification

urlpatterns: list[URLPattern] = [
    path("verify/", verification.verify, name="verify"),
    path("verify/code/", verification.code, name="verify_code"),
    path("verify/booth/", booth_views.begin, name="verify_booth"),
    path("verify/booth/code/", booth_views.code, name="verify_booth_code"),
    path("booth/", booth_desk_views.desk, name="booth"),
    path("verify/university/", university_views.start, name="verify_university"),
    path(  # the one address of allauth's social logins, under the name by which it finds it
        "university/callback/",
        university_views.callback,
        {"provider_id": oidc.PROVIDER},
        name="openid_connect_callback",
    ),
    path("verify/card/", card_views.card, name="verify_card"),
    path("verify/card/waiting/", card_views.waiting, name="verify_card_waiting"),
    path("verify/card/take-back/", card_views.take_back, name="verify_card_take_back"),
    path("logout/", views.log_out, name="log_out"),
    path("devices/", views.my_devices, name="devices"),
    path("privacy/", views.privacy, name="privacy"),
    path("privacy/withdraw/", views.withdraw, name="withdraw_consent"),
]
