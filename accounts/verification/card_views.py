"""The pages of the student card: send its picture, wait for the council, log in."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import cards, sessions
from accounts.forms import CardForm, SharedForm
from accounts.models import CardReason, CardReview, CardState
from accounts.networks import network_of
from accounts.verification import CARD, offered
from accounts.verification.base import Result
from accounts.verification.card import review_of
from accounts.verification.chosen import NotOffered
from accounts.verification.pages import (
    AFTERWARDS,
    PROBLEM_STATUS,
    let_in,
    over,
    page,
    wanted_page,
)
from accounts.verification.pictures import PictureRefused, too_big
from accounts.verification.uploads import PictureInMemory

# Beside the challenge of the mailed code: asking for one does not lose the card that waits.
BOUND = "card_challenge"


def bound_to(request: HttpRequest) -> UUID | None:
    """Return the card's challenge that this browser has sent."""
    bound = request.session.get(BOUND)
    return UUID(bound) if bound else None


def bind(request: HttpRequest, challenge: UUID, wanted: str) -> None:
    """Bind a card to this browser for as long as it may wait; a login of staff keeps its own end."""
    request.session[BOUND], request.session[AFTERWARDS] = str(challenge), wanted
    if request.user.is_anonymous:
        request.session.set_expiry(int(cards.GOOD_FOR.total_seconds()))


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("number", "name")
def card(request: HttpRequest) -> HttpResponse:
    """Take number, name and picture. Its size is bounded before anything reads the body, even against forgery."""
    handler = PictureInMemory(request)
    request.upload_handlers = [handler]

    @csrf_protect
    def checked(request: HttpRequest) -> HttpResponse:
        wanted = wanted_page(request)
        if sessions.current_student(request):
            return redirect(wanted)
        if closed := over(request):
            return closed
        if CARD not in offered():
            raise Http404
        if request.method == "POST":
            return hand_in(request, wanted, too_big=handler.exceeded)
        review = review_of(bound_to(request))
        if review and review.state in (CardState.WAITING, CardState.APPROVED) and "again" not in request.GET:
            return redirect("verify_card_waiting")
        return page(request, "card", form=CardForm(), next=wanted)

    return checked(request)


def hand_in(request: HttpRequest, wanted: str, *, too_big: bool) -> HttpResponse:
    """Keep a picture that can be taken, and lead to where its sender waits."""
    form = CardForm(request.POST, request.FILES, too_big=words_for_too_big() if too_big else "")
    if not form.is_valid():
        return page(request, "card", form=form, next=wanted, status=PROBLEM_STATUS)
    typed = {key: form.cleaned_data[key] for key in ("number", "name")}
    picture = form.cleaned_data["photo"].read()
    try:
        challenge = CARD.hand_in(
            **typed, picture=picture, network=network_of(request), instead_of=bound_to(request)
        )
    except NotOffered as error:
        raise Http404 from error
    except PictureRefused as error:
        form.add_error("photo", str(error.detail))
        return page(request, "card", form=form, next=wanted, status=PROBLEM_STATUS)
    bind(request, challenge, wanted)
    return redirect("verify_card_waiting")


def words_for_too_big() -> str:
    return str(too_big().detail)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def waiting(request: HttpRequest) -> HttpResponse:
    """Show what has become of this browser's card; an approved one logs it in when asked."""
    challenge = bound_to(request)
    if challenge is None:
        return redirect("verify_card")
    if request.method == "POST":
        return log_in(request, challenge)
    return show(request, review_of(challenge))


def log_in(request: HttpRequest, challenge: UUID) -> HttpResponse:
    """Log in by an approved card, or show what has become of it."""
    verdict = CARD.finish(challenge=challenge, proof="", network=network_of(request))
    if verdict.student is not None:
        del request.session[BOUND]
        return let_in(request, verdict.student, shared="shared" in request.POST)
    review = review_of(challenge)
    approved = review is not None and review.state == CardState.APPROVED
    return show(request, None if approved and verdict.result is Result.OVER else review)


def show(request: HttpRequest, review: CardReview | None) -> HttpResponse:
    """Show a card's state; without one its challenge is over."""
    state = review.state if review else CardState.OVER
    refusal = CardReason(review.reason).label if review and review.reason else ""
    return page(
        request,
        "card_waiting",
        state=state,
        refusal=refusal,
        review=review,
        form=SharedForm(),
        next=request.session.get(AFTERWARDS, "/"),
    )


@never_cache
@require_POST
def take_back(request: HttpRequest) -> HttpResponse:
    """Delete this browser's picture, and forget that there was one."""
    if challenge := bound_to(request):
        cards.end(challenge)
        del request.session[BOUND]
    return redirect("verify_card")
