"""How a picture comes in: in memory only, and never more of it than is taken."""

from io import BytesIO

from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile

from accounts.verification.pictures import MOST_BYTES


class PictureInMemory(FileUploadHandler):
    """Takes files up to the limit, all of a request together; the rest goes nowhere, and `exceeded` says so.

    No picture touches the disk, where it might stay.
    """

    exceeded = False
    taken = 0

    def new_file(self, *args: object, **kwargs: object) -> None:
        super().new_file(*args, **kwargs)  # type: ignore[arg-type]  # handed on as they come
        self.file = BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.taken += len(raw_data)
        if self.taken > MOST_BYTES:
            self.exceeded = True
            self.file = BytesIO()
            raise SkipFile
        self.file.write(raw_data)

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        self.file.seek(0)
        return InMemoryUploadedFile(
            self.file, self.field_name, self.file_name, self.content_type or "", file_size, self.charset
        )
