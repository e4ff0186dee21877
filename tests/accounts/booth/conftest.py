"""The cast of the booth: alice asks, hana checks first, dul of the council confirms."""

import pytest

from accounts.models import Student, User
from tests.gate.cast import make_staff
from ticketing.models import Festival


@pytest.fixture(autouse=True)
def alice() -> Student:
    Festival.objects.update(verification_methods=["mail", "booth"])
    return Student.objects.create(
        student_number="2024123456", name="김앨리스", department="국어국문학과", year=2
    )


@pytest.fixture
def hana() -> User:
    return make_staff("booth", username="hana")


@pytest.fixture
def dul() -> User:
    return make_staff("council", username="dul")
