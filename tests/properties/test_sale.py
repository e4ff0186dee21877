"""Random programs of a sale in both modes, switched in between, against a notebook that knows neither."""

import pytest
from hypothesis.stateful import run_state_machine_as_test

from tests.properties.machine import Sale

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]


def test_whatever_happens_the_sale_is_as_the_notebook_says() -> None:
    run_state_machine_as_test(Sale)
