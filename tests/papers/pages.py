"""What the tests of the pages share."""

from datetime import UTC, datetime
from typing import Any

from django.test import Client
from lxml import html

from papers.models import Paper
from tests.papers.factories import PaperFactory


def paper(arxiv_id: str, categories: str = "cs.CL", day: str = "2025-11-03", **fields: Any) -> Paper:
    published = datetime.fromisoformat(day).replace(tzinfo=UTC)
    made: Paper = PaperFactory.create(arxiv_id=arxiv_id, categories=categories.split(), published=published, **fields)
    return made


def page_of(client: Client, address: str, status: int = 200) -> Any:
    response = client.get(address)
    assert response.status_code == status, address
    return html.fromstring(response.content.decode())


def shown(page: Any) -> list[str]:
    return [link.rpartition("/arxiv/")[2] for link in page.xpath("//h3/a/@href")]
