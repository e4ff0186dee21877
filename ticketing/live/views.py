"""The council's live pages, and the small documents that keep them live."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ticketing.live import figures, series
from ticketing.live.board import Board, board_of, board_of_one, second
from ticketing.live.plots import plots_of
from ticketing.live.series import Span
from ticketing.live.shared import Made, shared
from ticketing.live.viewers import still_watching, watching
from ticketing.models import Event


def made_figures() -> Made:
    return shared("council:figures", figures.of_festival)


@require_safe
@watching
def overview(request: HttpRequest) -> HttpResponse:
    """Show every event of the festival."""
    made = made_figures()
    board, events = board_of(made.value)
    return render(request, "council/overview.html", {"events": events, **about(board, made)})


@require_safe
@still_watching
def overview_figures(request: HttpRequest) -> HttpResponse:
    """Return the figures of every event as the page shows them."""
    made = made_figures()
    board, _events = board_of(made.value)
    return JsonResponse(board.document(made))


def about(board: Board, made: Made) -> dict[str, Any]:
    return {"shape": board.shape, "as_of": second(made.at)}


def found(made: Made, event_id: UUID) -> dict[str, Any]:
    """Return the figures of one event; raises Http404."""
    for event in made.value["events"]:
        if event["id"] == str(event_id):
            return dict(event)
    raise Http404


@require_safe
@watching
def event(request: HttpRequest, event_id: UUID) -> HttpResponse:
    """Show one event, large enough for a wall."""
    made = made_figures()
    figures_of_event = found(made, event_id)
    board, shown = board_of_one(figures_of_event)
    span = asked_span(request, figures_of_event)
    context = {
        "event": shown,
        "span": span.value,
        "plots": plots_of(made_series(event_id, span).value),
        **about(board, made),
    }
    return render(request, "council/event.html", context)


@require_safe
@still_watching
def event_figures(request: HttpRequest, event_id: UUID) -> HttpResponse:
    """Return the figures of one event as its page shows them."""
    made = made_figures()
    board, _shown = board_of_one(found(made, event_id))
    return JsonResponse(board.document(made))


@require_safe
@still_watching
def event_plots(request: HttpRequest, event_id: UUID) -> HttpResponse:
    """Return the plots of one event as a piece of its page."""
    span = asked_span(request, found(made_figures(), event_id))
    context = {"plots": plots_of(made_series(event_id, span).value)}
    return render(request, "council/plots.html", context)


def asked_span(request: HttpRequest, event: dict[str, Any]) -> Span:
    """Return which time is to be shown; without a known word, what tells most."""
    wanted = request.GET.get("span", "")
    return Span(wanted) if wanted in tuple(Span) else series.usual(event)


def made_series(event_id: UUID, span: Span) -> Made:
    """Return what the plots of an event show, at most a second old; raises Http404 and Unavailable."""
    try:
        return shared(f"council:series:{event_id}:{span}", lambda: series.of_event(event_id, span))
    except Event.DoesNotExist:
        raise Http404 from None
