"""The browser with a fake camera, for every test of the gate that asks for it."""

from tests.gate.studio import camera, open_gate, session, studio

__all__ = ["camera", "open_gate", "session", "studio"]
