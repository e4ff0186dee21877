"""Mail that leaves: a queue in the database, one delivery at a time, and what comes back."""
