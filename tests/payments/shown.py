"""What a page shows: facts, tables, acts, sums, what will happen."""

from typing import Any

from bs4 import BeautifulSoup
from django.contrib.messages import get_messages


def _soup(answer: Any) -> Any:
    assert answer.status_code == 200, answer.status_code
    return BeautifulSoup(answer.content, "html.parser")


def _words(tag: Any) -> str:
    return " ".join(tag.get_text(" ", strip=True).split())


def facts(answer: Any) -> dict[str, str]:
    """Of a detail page, by label."""
    soup = _soup(answer).select_one(".one-facts")
    labels, values = soup.find_all("dt"), soup.find_all("dd")
    return {_words(dt): _words(dd) for dt, dd in zip(labels, values, strict=True)}


def links(answer: Any) -> dict[str, str]:
    """Where a detail page's facts lead, by label."""
    soup = _soup(answer).select_one(".one-facts")
    return {_words(dd.find_previous_sibling("dt")): dd.a["href"] for dd in soup.select("dd:has(a)")}


def acts(answer: Any) -> list[str]:
    """What may be done, by the words on the buttons."""
    soup = _soup(answer).select_one(".one-facts")
    return [_words(each) for each in soup.parent.select(".button")]


def tables(answer: Any) -> dict[str, list[list[str]]]:
    """The rows under each heading of a detail page."""
    found = {}
    for table in _soup(answer).select("h2 + table.listing"):
        found[_words(table.find_previous_sibling("h2"))] = _rows(table)
    return found


def listed(answer: Any) -> list[list[str]]:
    """The rows of a listing, cell by cell; without the box to choose one."""
    table = _soup(answer).select_one("table.listing")
    if table is None:
        return []
    rows = [row.select("td, th") for row in table.select("tbody tr")]
    return [[_words(cell) for cell in row if not cell.select("input")] for row in rows]


def together(answer: Any) -> str:
    """What a listing adds up to."""
    found = [_words(each) for each in _soup(answer).select("p.nice-padding")]
    return next((each for each in found if each.startswith("合计")), "")


def consequences(answer: Any) -> list[str]:
    """What a page says will happen before it is done."""
    return [_words(each) for each in _soup(answer).select("main h2 + ul > li")]


def _rows(table: Any) -> list[list[str]]:
    return [[_words(cell) for cell in row.find_all("td")] for row in table.select("tbody tr")]


# --- a learner's page ----------------------------------------------------------------------------


def said(answer: Any) -> list[str]:
    """The messages that an answer leaves for the next page."""
    return [f"{each.level_tag}: {each.message}" for each in get_messages(answer.wsgi_request)]


def lines(answer: Any) -> list[str]:
    """The words of a page's main part, element by element."""
    main = BeautifulSoup(answer.content, "html.parser").main
    assert main is not None
    return [" ".join(each.split()) for each in main.stripped_strings]


def filled(answer: Any, action: str = "") -> dict[str, str]:
    """What a page's form would send as it stands: the one that posts."""
    main = BeautifulSoup(answer.content, "html.parser").main
    assert main is not None
    form = main.select_one(f'form[action="{action}"]' if action else "form[method=post]")
    if form is None:
        return {}
    sent = {}
    for choice in form.select("select[name]"):
        taken = choice.select_one("option[selected]") or choice.select("option")[0]
        sent[str(choice["name"])] = str(taken["value"])
    for field in form.select("input[name], textarea[name]"):
        if field.get("type") not in ("radio", "checkbox") or field.has_attr("checked"):
            text = field.get_text().removeprefix("\n")
            sent[str(field["name"])] = str(field.get("value") or text)
    sent.pop("csrfmiddlewaretoken", None)
    return sent


def wrong(answer: Any) -> dict[str, list[str]]:
    """What a form finds wrong, by field."""
    return {
        str(tag["id"]).removeprefix("id_").removesuffix("_error"): [
            _words(li) for li in tag.select("li")
        ]
        for tag in BeautifulSoup(answer.content, "html.parser").select(".field-errors[id]")
    }
