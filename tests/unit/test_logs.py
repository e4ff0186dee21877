"""Log lines are JSON, carry the request's id, and hold no personal data."""

import json
import logging

import pytest
from django.db import IntegrityError

from accounts.models import Student
from festival.logs import JsonFormatter, request_id


def line_of(error: BaseException | None = None, message: str = "told") -> dict[str, object]:
    info = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("festival", logging.ERROR, __file__, 1, message, None, info)
    found: dict[str, object] = json.loads(JsonFormatter().format(record))
    return found


def test_a_line_has_time_level_and_the_requests_id() -> None:
    token = request_id.set("abc-123")
    line = line_of()
    request_id.reset(token)
    assert (line["level"], line["message"], line["request_id"]) == ("ERROR", "told", "abc-123")
    assert str(line["at"]).endswith("+00:00")


@pytest.mark.servers
@pytest.mark.django_db
def test_a_database_error_is_told_by_its_constraint_and_not_by_its_row() -> None:
    Student.objects.create(student_number="20269999", name="홍길동")
    with pytest.raises(IntegrityError) as raised:
        Student.objects.create(student_number="20269999", name="홍길동")
    text = json.dumps(line_of(raised.value), ensure_ascii=False)
    assert "20269999" in str(raised.value), "the message would have told the number"
    assert "20269999" not in text
    assert "홍길동" not in text
    assert "23505" in text
    assert "accounts_student_student_number" in text
