"""What the job worker does with photos of student cards."""

from procrastinate.contrib.django import app

from accounts import cards


@app.periodic(cron="*/10 * * * *")
@app.task(queue="cards", queueing_lock="forget old cards")
def forget_old_cards(timestamp: int) -> None:
    """Delete the pictures that nobody has decided in time."""
    cards.end_expired()
