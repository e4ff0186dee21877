"""The university's login: a real OpenID provider in a process of its own, and what our side makes of its answers."""
