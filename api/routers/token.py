"""The token that a request came with."""

from django.http import HttpRequest
from ninja import Router

from api import schemas_own as schemas
from api.tokens import Needs, token_of

router = Router(tags=["token"])


@router.get("/token", response=schemas.Token, auth=Needs("read"), summary="The token that asks", operation_id="token")
def token(request: HttpRequest) -> schemas.Token | None:
    """What the token of this request may do, and until when."""
    found = token_of(request)
    return schemas.Token.model_validate(found, from_attributes=True) if found else None
