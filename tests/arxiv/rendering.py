"""OAI-PMH's records in the two formats that programs read."""

from datetime import datetime
from functools import cache

from papers.categories import CATEGORIES
from tests.arxiv.texts import both_names, tex_names, wrapped, xml
from tests.arxiv.truth import State

FORMATS = ("arXivRaw", "arXiv")
_GROUPS = {
    "Computer Science": "cs",
    "Economics": "econ",
    "Electrical Engineering and Systems Science": "eess",
    "Mathematics": "math",
    "Physics": "physics",
    "Quantitative Biology": "q-bio",
    "Quantitative Finance": "q-fin",
    "Statistics": "stat",
}
_SCHEMA = (
    '<{0} xmlns="http://arxiv.org/OAI/{0}/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xsi:schemaLocation="http://arxiv.org/OAI/{0}/ https://oaipmh.arxiv.org/OAI/{0}.xsd">'
)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@cache
def set_specs(categories: tuple[str, ...]) -> tuple[str, ...]:
    """The sets of a paper as its header names them: `cs:cs:CL`, `physics:hep-th`; an alias has its own."""
    return tuple(sorted(map(_set_spec, both_names(categories))))


def _set_spec(code: str) -> str:
    archive, _, division = code.partition(".")
    group = next(category.group for category in CATEGORIES.values() if category.archive == archive)
    return f"{_GROUPS[group]}:{archive}" + (f":{division}" if division else "")


def header(state: State, deleted: bool) -> str:
    """The header of a record."""
    sets = "".join(f"<setSpec>{spec}</setSpec>" for spec in set_specs(state.categories))
    status = ' status="deleted"' if deleted else ""
    return (
        f"    <header{status}><identifier>oai:arXiv.org:{state.arxiv_id}</identifier>"
        f"<datestamp>{state.datestamp}</datestamp>{sets}</header>\n"
    )


def record(state: State, form: str, deleted: bool) -> str:
    """A record; of a deleted one there is the header alone."""
    if deleted:
        return f"   <record>\n{header(state, deleted)}   </record>\n"
    metadata = _raw(state) if form == "arXivRaw" else _plain(state)
    return f"   <record>\n{header(state, deleted)}    <metadata>\n{metadata}    </metadata>\n   </record>\n"


def _optional(name: str, text: str) -> str:
    return f"<{name}>{xml(wrapped(text, '  '))}</{name}>" if text else ""


def _lesser(state: State) -> str:
    return "".join(
        _optional(name, text)
        for name, text in (
            ("comments", state.latest.comment),
            ("report-no", state.report_number),
            ("journal-ref", state.journal_ref),
            ("doi", state.doi),
            ("license", state.license),
        )
    )


def _raw(state: State) -> str:
    last = state.latest
    versions = "".join(
        f'<version version="v{version.number}"><date>{_mail_date(version.submitted)}</date>'
        f"<size>{100 + len(version.abstract) % 900}kb</size></version>"
        for version in state.versions
    )
    submitter = last.authors[0] if last.authors else "arXiv Admin"
    authors = xml(wrapped(tex_names(last.authors), "  "))
    return (
        f"{_SCHEMA.format('arXivRaw')}\n <id>{state.arxiv_id}</id><submitter>{xml(submitter)}</submitter>{versions}"
        f"<title>{xml(wrapped(last.title, '  '))}</title><authors>{authors}</authors>"
        f"<categories>{' '.join(both_names(state.categories))}</categories>{_lesser(state)}"
        f"<abstract>  {xml(wrapped(last.abstract))}\n</abstract></arXivRaw>\n"
    )


def _mail_date(moment: datetime) -> str:
    day, month = _DAYS[moment.weekday()], _MONTHS[moment.month - 1]
    return f"{day}, {moment.day} {month} {moment.year} {moment:%H:%M:%S} GMT"


def _plain(state: State) -> str:
    last = state.latest
    updated = f"<updated>{last.submitted:%Y-%m-%d}</updated>" if last.number > 1 else ""
    return (
        f"{_SCHEMA.format('arXiv')}\n <id>{state.arxiv_id}</id>"
        f"<created>{state.versions[0].submitted:%Y-%m-%d}</created>{updated}"
        f"<authors>{''.join(map(_author, last.authors))}</authors><title>{xml(last.title)}</title>"
        f"<categories>{' '.join(both_names(state.categories))}</categories>{_lesser(state)}"
        f"<abstract>{xml(last.abstract)}</abstract></arXiv>\n"
    )


def _author(name: str) -> str:
    first, _, last = name.rpartition(" ")
    forenames = f"<forenames>{xml(first)}</forenames>" if first else ""
    return f"<author><keyname>{xml(last)}</keyname>{forenames}</author>"
