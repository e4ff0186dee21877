"""The documents of the API, as OpenAPI tells them."""

from rest_framework import serializers

from ticketing.allocation import Decision
from ticketing.models import Ticket, TicketStatus


class Clock(serializers.Serializer[None]):
    now_ms = serializers.IntegerField(help_text="Milliseconds since 1970 by the deciding clock.")


class LastTicket(serializers.Serializer[None]):
    arrival = serializers.IntegerField()
    elapsed_ms = serializers.IntegerField()


class ZoneDocument(serializers.Serializer[None]):
    name = serializers.CharField(help_text="The zone's key in a claim, in every language.")
    name_en = serializers.CharField(help_text="For show; may be empty.")
    capacity = serializers.IntegerField()
    left = serializers.IntegerField(
        allow_null=True, help_text="What a newcomer could win now; null when unknown."
    )
    last_ticket = LastTicket(
        allow_null=True,
        help_text="Of a full zone: the latest arrival that got one of its places when these were first given.",
    )
    last_returned = LastTicket(
        allow_null=True,
        help_text="Of a full zone: the latest arrival that got a place somebody had given back.",
    )


class EventDocument(serializers.Serializer[None]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    name_en = serializers.CharField()
    opens_at = serializers.DateTimeField()
    closes_at = serializers.DateTimeField()
    state = serializers.ChoiceField(["scheduled", "open", "paused", "sold_out", "closed", "recovering"])
    rehearsal = serializers.BooleanField()
    pause_reason = serializers.CharField()
    pause_reason_en = serializers.CharField()
    resumes_at = serializers.DateTimeField(allow_null=True)
    zones = ZoneDocument(many=True)


class EventList(serializers.Serializer[None]):
    results = EventDocument(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class ClaimRequest(serializers.Serializer[None]):
    zones = serializers.ListField(
        child=serializers.CharField(),
        min_length=1,
        max_length=20,
        help_text="Different names, the first choice first.",
    )


class ClaimAnswer(serializers.Serializer[None]):
    outcome = serializers.ChoiceField([Decision.WON.value, Decision.ALREADY_WON.value])
    ticket = serializers.CharField()
    zone = serializers.CharField()
    number = serializers.IntegerField()
    arrival = serializers.IntegerField(allow_null=True)
    elapsed_ms = serializers.IntegerField(allow_null=True)
    receipt = serializers.CharField()


class OfferDocument(serializers.Serializer[None]):
    zone = serializers.CharField()
    number = serializers.IntegerField()
    until = serializers.DateTimeField(help_text="Accept before it, by the deciding clock.")


class WaitingAnswer(serializers.Serializer[None]):
    outcome = serializers.ChoiceField([Decision.WAITLISTED.value])
    position = serializers.IntegerField(help_text="From 1, by arrival.")
    arrival = serializers.IntegerField()
    elapsed_ms = serializers.IntegerField()
    receipt = serializers.CharField()
    offer = OfferDocument(required=False)


class ReceiptRequest(serializers.Serializer[None]):
    receipt = serializers.CharField(help_text="As the answer to the press said it.")


class LeftDocument(serializers.Serializer[None]):
    outcome = serializers.ChoiceField(["left"])


class Problem(serializers.Serializer[None]):
    """Problem details (RFC 9457); further members depend on the code."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField(help_text="Stable; the one member to decide by.")
    detail = serializers.CharField(required=False)


class TicketDocument(serializers.ModelSerializer[Ticket]):
    ticket = serializers.CharField(source="code")
    event = serializers.UUIDField(source="event_id")
    event_name = serializers.CharField(source="event.name")
    zone = serializers.CharField(source="zone.name")
    status = serializers.ChoiceField(TicketStatus.choices)

    class Meta:
        model = Ticket
        fields = [
            "ticket",
            "event",
            "event_name",
            "zone",
            "number",
            "status",
            "arrival",
            "issued_at",
            "used_at",
        ]


class TicketList(serializers.Serializer[None]):
    results = TicketDocument(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class QrDocument(serializers.Serializer[None]):
    text = serializers.CharField(help_text="What the QR says in the present step.")
    valid_until_ms = serializers.IntegerField(
        help_text="The end of the step; a gate takes the text 30 s longer."
    )
