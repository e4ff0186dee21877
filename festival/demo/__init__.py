"""The demo: one command that sets everything up, starts the real servers and programs, and ends them cleanly.

Nothing here imports Django: it runs before the settings can be read, and starts what can read them.
"""
