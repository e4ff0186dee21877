"""The demo's own rooms: invented students, new sales at a press, log-in-as. Nothing of it answers outside the demo."""
