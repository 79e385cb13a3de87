"""A reader's subscriptions, for programs that hold a token of hers."""

from datetime import date
from typing import Annotated, cast

from django.http import HttpRequest
from ninja import Path, Query, Router, Status
from ninja.errors import HttpError

from api import cursors, fields, schemas_own
from api.tokens import Needs, visitor_of
from papers.announcements import ANNOUNCE_TYPES
from papers.listing import present
from papers.models import Subscription
from search.encoder import EncoderError
from search.subscriptions import keeping
from search.subscriptions.matching import MOST_DAYS, days_announced, matches

router = Router(tags=["subscriptions"])
READS, WRITES = Needs("subscriptions:read"), Needs("subscriptions:write")
Number = Annotated[int, Path(ge=1, lt=2**31, description="The subscription's number.")]


@router.get(
    "/subscriptions",
    response=schemas_own.SubscriptionList,
    auth=READS,
    summary="Subscriptions",
    operation_id="subscriptions",
)
def all_subscriptions(request: HttpRequest) -> schemas_own.SubscriptionList:
    """All that is followed, the oldest first."""
    items = [_shown(row) for row in visitor_of(request).subscriptions.all()]
    return schemas_own.SubscriptionList(items=items, total=len(items))


@router.post(
    "/subscriptions",
    response={201: schemas_own.Subscription},
    auth=WRITES,
    summary="Subscribe",
    operation_id="subscribe",
)
def subscribe(request: HttpRequest, body: schemas_own.NewSubscription) -> Status[schemas_own.Subscription]:
    """Follow categories, a search, an author, a text or the stars. Who follows the same already has that one changed.

    `text` is categories as in an address (`cs.AI+cs.LG-cs.CY`), a query, a name or a text; for `text` and `stars` there
    must be a `threshold`.
    """
    row = keeping.subscribe(
        visitor_of(request),
        keeping.read(body.kind, body.text, body.threshold),
        name=body.name,
        rhythm=body.rhythm,
        crosses=body.crosses,
        replacements=body.replacements,
    )
    return Status(201, _shown(row))


@router.get(
    "/subscriptions/{number}",
    response=schemas_own.Subscription,
    auth=READS,
    summary="A subscription",
    operation_id="subscription",
)
def one_subscription(request: HttpRequest, number: Number) -> schemas_own.Subscription:
    """One subscription."""
    return _shown(_one(request, number))


@router.patch(
    "/subscriptions/{number}",
    response=schemas_own.Subscription,
    auth=WRITES,
    summary="Change a subscription",
    operation_id="changeSubscription",
)
def change_subscription(
    request: HttpRequest, number: Number, body: schemas_own.SubscriptionChange
) -> schemas_own.Subscription:
    """Change what is given; 422 where another subscription asks the same."""
    row = _one(request, number)
    asked = None
    if body.text is not None or body.threshold is not None:
        text = row.text if body.text is None else body.text
        asked = keeping.read(row.kind, text, row.threshold if body.threshold is None else body.threshold)
    keeping.change(row, asked=asked, **body.model_dump(exclude={"text", "threshold"}))
    return _shown(_one(request, number))


@router.delete(
    "/subscriptions/{number}", response={204: None}, auth=WRITES, summary="Unsubscribe", operation_id="unsubscribe"
)
def unsubscribe(request: HttpRequest, number: Number) -> Status[None]:
    """End a subscription."""
    keeping.remove(_one(request, number))
    return Status(204, None)


@router.get(
    "/subscriptions/{number}/papers",
    response=schemas_own.MatchList,
    auth=READS,
    summary="What a subscription brings",
    operation_id="subscriptionPapers",
)
def papers_of(
    request: HttpRequest,
    number: Number,
    days: Annotated[int, Query(ge=1, le=MOST_DAYS, description="How many announcement days, the newest.")] = 1,
    size: Annotated[int, Query(ge=1, le=cursors.LARGEST_SIZE, description="Papers in one answer.")] = 25,
    cursor: Annotated[str | None, Query(description="`next` of the answer before.")] = None,
    wanted: fields.Fields = None,
) -> schemas_own.MatchList:
    """The announced papers of the newest days that match a subscription: the newest day first, in arXiv's order, best
    first where it goes by meaning."""
    fields.choose(request, wanted, schemas_own.Match)
    row = _one(request, number)
    here = cursors.start(cursor, size, cursors.digest("subscription", number, days))
    newest = days_announced(date.min, days)
    try:
        found = matches([row], newest)[row.pk]
    except EncoderError as error:
        raise HttpError(503, "Search by meaning is away for the moment; try again soon.") from error
    part = found[here.offset : here.offset + here.size]
    rows = present(match.paper for match in part)
    items = [
        schemas_own.Match.of(
            rows[match.paper], request, day=match.day, announced_as=ANNOUNCE_TYPES[match.kind], cosine=match.score
        )
        for match in part
        if match.paper in rows
    ]
    total = len(found)
    return schemas_own.MatchList(items=items, total=total, next=here.following(total), days=newest)


def _one(request: HttpRequest, number: int) -> Subscription:
    row = visitor_of(request).subscriptions.filter(pk=number).first()
    if row is None:
        raise HttpError(404, "There is no such subscription.")
    return row


def _shown(row: Subscription) -> schemas_own.Subscription:
    # Not the address of its feed: whoever gets hold of a token must not read on once it is revoked.
    return schemas_own.Subscription(
        id=row.pk,
        kind=cast(schemas_own.Kind, row.kind),
        text=row.text,
        name=row.name,
        label=keeping.label(row),
        threshold=row.threshold,
        crosses=row.crosses,
        replacements=row.replacements,
        rhythm=cast(schemas_own.Rhythm, row.rhythm),
        paused=row.paused,
        since=row.since,
        made=row.made,
    )
