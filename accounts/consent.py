"""The consent of students: which notice is in force, who has agreed to it."""

from collections.abc import Iterable

from accounts.models import Consent, Student

CURRENT = "2026-11"  # change it with the words of templates/accounts/notice.html: everybody is asked again


def give(student: Student) -> None:
    """Record that a student agrees to the notice in force; once is enough."""
    Consent.objects.get_or_create(student=student, version=CURRENT, withdrawn_at=None)


def give_many(students: Iterable[Student]) -> None:
    """Record the consent of many students at once; those who have agreed before keep their date."""
    rows = [Consent(student=student, version=CURRENT) for student in students]
    Consent.objects.bulk_create(rows, batch_size=2000, ignore_conflicts=True)


def in_force(student: Student) -> bool:
    """Tell whether a student has agreed to the notice in force and not withdrawn it."""
    return Consent.objects.filter(student=student, version=CURRENT, withdrawn_at=None).exists()
