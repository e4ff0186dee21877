"""Faults in the midst of a sale: real processes are killed, and what was promised is counted."""
