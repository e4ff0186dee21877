"""The council's desk for lists of students: pasted or as a file, whole or not at all."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from ticketing.history_admin import WithHistory
from ticketing.models import StudentList
from ticketing.student_lists import decode, numbers_in, replace_members, students_of

MOST_BYTES = 5 * 1024 * 1024


class StudentListForm(forms.ModelForm[StudentList]):
    """A list with its members: pasted or as a file, in place of those it had."""

    numbers = forms.CharField(
        label=_("student numbers"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 8, "cols": 60}),
        help_text=_("One on each line, or with commas. They take the place of the present members."),
    )
    file = forms.FileField(
        label=_("or a CSV file"),
        required=False,
        help_text=_("With a title row it is read by its column of student numbers."),
    )

    class Meta:
        model = StudentList
        fields = ("festival", "name")

    def clean_file(self) -> UploadedFile | None:
        file: UploadedFile | None = self.cleaned_data["file"]
        if file is not None and file.size is not None and file.size > MOST_BYTES:
            raise forms.ValidationError(_("This file is too large for a list of student numbers."))
        return file

    def clean(self) -> dict[str, Any]:
        """Find the students; one unknown number and nothing is saved."""
        cleaned = super().clean() or self.cleaned_data
        file, text = cleaned.get("file"), cleaned.get("numbers", "")
        self.students: list[int] | None = None
        if file and text:
            raise forms.ValidationError(_("Give either numbers or a file, not both."))
        if file or text:
            field = "file" if file else "numbers"
            try:
                self.students = students_of(numbers_in(decode(file.read()) if file else text))
            except forms.ValidationError as error:
                self.add_error(field, error)
        elif self.instance._state.adding and not self.errors:
            self.add_error("numbers", _("There is no student number in it."))
        return cleaned


@admin.register(StudentList)
class StudentListAdmin(WithHistory):
    form = StudentListForm
    list_display = ["name", "festival", "members", "created_at"]
    list_select_related = ["festival"]
    search_fields = ["name"]
    fields = ["festival", "name", "members", "numbers", "file"]
    readonly_fields = ["members"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[StudentList]:
        lists: QuerySet[StudentList] = super().get_queryset(request)
        return lists.annotate(members=Count("entries"))

    @admin.display(description=_("students on it"))
    def members(self, student_list: Any) -> str:
        return str(number_format(getattr(student_list, "members", 0), use_l10n=True, force_grouping=True))

    def save_model(self, request: HttpRequest, obj: StudentList, form: Any, change: bool) -> None:
        """Save the list and, where some were given, its members."""
        super().save_model(request, obj, form, change)
        if form.students is not None:
            replace_members(obj, form.students)
