"""How long the random programs are: the same short ones each time for the gate, new and many with a profile."""

import os

from hypothesis import HealthCheck, Phase, settings

settings.register_profile(
    "gate",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=40,
    stateful_step_count=30,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
settings.register_profile(
    "long",
    parent=settings.get_profile("gate"),
    derandomize=False,
    max_examples=2000,
    stateful_step_count=60,
    phases=[Phase.generate, Phase.shrink],
)
settings.register_profile(
    "shrink", parent=settings.get_profile("gate"), phases=[Phase.generate, Phase.shrink]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "gate"))
