"""Compares what the two authorities say of a sale, at one moment and one position of its stream, and repairs it.

What PostgreSQL calls final stands (used, void, cancelled, barred), nobody who was told "won" is left without a ticket.
Everything else is as the stream tells it since Redis was built, then as the rows have it, then as Redis has it.
"""
