"""What the fake camera of a browser sees: pictures of QR codes as a film."""

from collections.abc import Iterable
from io import BytesIO

import qrcode
from PIL import Image, ImageOps
from qrcode.constants import ERROR_CORRECT_M

WIDTH, HEIGHT = 640, 480
FRAMES_A_SECOND = 5
PIXELS_A_MODULE = 6
WHITE, BLACK, GREY = b"\xff", b"\x00", b"\x80"


def blank() -> bytes:
    """Return a picture of nothing."""
    return WHITE * (WIDTH * HEIGHT)


def frame_of(text: str) -> bytes:
    """Return a picture of a phone held before the camera: the QR of the ticket's page, in the middle."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=4)
    code.add_data(text, optimize=0)
    rows = [stretched(row) for row in code.get_matrix() for _line in range(PIXELS_A_MODULE)]
    side = len(rows)
    left, above = (WIDTH - side) // 2, (HEIGHT - side) // 2
    lines = [WHITE * WIDTH] * above
    lines += [WHITE * left + row + WHITE * (WIDTH - left - side) for row in rows]
    lines += [WHITE * WIDTH] * (HEIGHT - above - side)
    return b"".join(lines)


def frame_of_screen(screenshot: bytes) -> bytes:
    """Return a picture of a phone held before the camera: what stands on its screen, as large as the picture."""
    screen = Image.open(BytesIO(screenshot)).convert("L")
    return ImageOps.pad(screen, (WIDTH, HEIGHT), color=WHITE[0]).tobytes()


def stretched(modules: list[bool]) -> bytes:
    return b"".join((BLACK if dark else WHITE) * PIXELS_A_MODULE for dark in modules)


def moving_picture(frames: Iterable[bytes]) -> bytes:
    """Return frames as a film (YUV4MPEG2, no colours), which a fake camera plays over and over."""
    head = f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{FRAMES_A_SECOND}:1 Ip A1:1 C420mpeg2\n".encode()
    colourless = GREY * (WIDTH * HEIGHT // 2)
    return head + b"".join(b"FRAME\n" + frame + colourless for frame in frames)
