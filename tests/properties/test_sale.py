"""Random programs of a sale in both modes, switched in between, against a notebook that knows neither."""

import pytest
from hypothesis.stateful import run_state_machine_as_test

from tests.properties.losing import Losing
from tests.properties.machine import Sale
from tests.recovery.losing import kept_tables
from ticketing.allocation.rush import recovering

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]


def test_whatever_happens_the_sale_is_as_the_notebook_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovering, "LISTEN_MS", 0)  # nobody but this process needs to be heard
    run_state_machine_as_test(Sale)


def test_whatever_is_lost_who_presents_a_receipt_has_what_was_promised() -> None:
    with kept_tables():
        run_state_machine_as_test(Losing)
