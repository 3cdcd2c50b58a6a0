"""The page of a report: facts in, HTML out. It loads nothing and runs nothing; its own policy forbids it to."""

from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import TypeAlias
from xml.etree.ElementTree import Element, tostring

from groupadd.drip.facts import AccountFacts, Chart, Facts, Someone, Task
from groupadd.model.outcome import Status
from groupadd.model.reasons import REASONS

Part: TypeAlias = Element | str

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_NAMES: Mapping[Status, str] = {
    Status.ADDED: "added",
    Status.ALREADY_MEMBER: "in before",
    Status.INVITED: "invited",
    Status.PENDING_APPROVAL: "waiting for approval",
    Status.NOT_ADDED: "not added",
    Status.UNKNOWN: "unknown",
}
_IN = (Status.ADDED, Status.ALREADY_MEMBER)
_WAITING = (Status.INVITED, Status.PENDING_APPROVAL)


def page(facts: Facts) -> str:
    """Return the whole page."""
    head = _e(
        "head",
        _e("meta", charset="utf-8"),
        _e("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        _e("meta", name="viewport", content="width=device-width, initial-scale=1"),
        _e("meta", name="robots", content="noindex"),
        _e("title", f"{_in(facts):,} of {_people(facts.status.people)} are in"),
        _e("style", files("groupadd.drip").joinpath("report.css").read_text("utf-8")),
    )
    main = _e("main", *_totals(facts), *_over_time(facts), *_accounts(facts), *_reasons(facts), *_tasks(facts))
    main.extend([*_unusable(facts), _footer(facts)])
    html = _e("html", head, _e("body", main), lang="en")
    return f"<!doctype html>\n{tostring(html, encoding='unicode', method='html')}\n"


def _totals(facts: Facts) -> Iterable[Element]:
    told, counts = facts.status, facts.status.counts
    yield _e("p", "groupadd drip", class_="eyebrow")
    yield _e("h1", f"{_in(facts):,} of {_people(told.people)} {'is' if told.people == 1 else 'are'} in")
    yield _e("p", f"{_ahead(facts)} As of {_moment(facts)}.", class_="soft")
    tiles = (
        ("in the group", sum(counts.get(one, 0) for one in _IN), Status.ADDED),
        ("invited or waiting for approval", sum(counts.get(one, 0) for one in _WAITING), Status.INVITED),
        ("not added", counts.get(Status.NOT_ADDED, 0), Status.NOT_ADDED),
        ("unknown", counts.get(Status.UNKNOWN, 0), Status.UNKNOWN),
        ("still to do", told.left, None),
    )
    yield _e("div", *(_tile(*tile) for tile in tiles), class_="tiles")
    known = [(status, counts[status]) for status in Status if counts.get(status)]
    parts = (_e("i", style=f"{_hue(status)}; flex: {count}") for status, count in known)
    rest = [_e("i", style=f"--hue: transparent; flex: {told.left}")] if told.left else []
    yield _e("div", *parts, *rest, class_="whole")
    yield _legend(known)


def _in(facts: Facts) -> int:
    return sum(facts.status.counts.get(status, 0) for status in _IN)


def _tile(name: str, count: int, status: Status | None) -> Element:
    return _e("div", _e("b", f"{count:,}"), _e("span", name), class_="tile", style=_hue(status) if count else "")


def _legend(known: Sequence[tuple[Status, int]]) -> Element:
    rows = (_e("li", _e("i", style=_hue(status)), f"{count:,} {_NAMES[status]}") for status, count in known)
    return _e("ul", *rows, class_="legend")


def _ahead(facts: Facts) -> str:
    told = facts.status
    if not told.left:
        return "Nobody is left."
    going = [one.eta_s for one in told.accounts if one.state not in {"stopped", "done"} and one.eta_s is not None]
    stopped = sum(one.state == "stopped" for one in told.accounts)
    words = [f"{told.left:,} left"]
    if going:
        words.append(f"through in about {_lasting(max(going))} if nothing goes wrong")
    if stopped:
        words.append(f"{stopped} of {len(told.accounts)} accounts stopped")
    return f"{'; '.join(words)}."


def _over_time(facts: Facts) -> Iterable[Element]:
    most = max((sum(column.values()) for column in facts.verdicts), default=0)
    if not most:
        return
    bars = (_bar(facts.chart, number, counts, most) for number, counts in enumerate(facts.verdicts))
    size = {"viewBox": f"0 0 {facts.chart.columns} {most}", "preserveAspectRatio": "none"}
    chart = _e("svg", *bars, class_="time", role="img", aria_label="Verdicts over time", **size)
    caption = f"Verdicts; a column is {_lasting(facts.chart.column_s)}, the highest is {_people(most)}"
    yield _e("h2", "Over time")
    yield _e("figure", _e("figcaption", caption), chart, _axis(facts.chart))


def _bar(chart: Chart, number: int, counts: Mapping[Status, int], most: int) -> Element:
    told = ", ".join(f"{counts[status]:,} {_NAMES[status]}" for status in Status if counts.get(status))
    bar = _e("g", _e("title", f"{chart.begins(number):%a %d %b %H:%M}: {told or 'nobody'}"))
    top = most
    for status in Status:
        if count := counts.get(status, 0):
            top -= count
            bar.append(_rect(number, top, count, _hue(status)))
    return bar


def _rect(column: int, top: float, height: float, style: str) -> Element:
    place = {"x": f"{column + 0.08:g}", "y": f"{top:g}", "width": "0.84", "height": f"{height:g}"}
    return _e("rect", style=style, **place)


def _axis(chart: Chart) -> Element:
    marks = sorted({chart.columns * part // 4 for part in range(5)})
    form = "%H:%M:%S" if chart.column_s < 60 else "%d %b %H:%M" if chart.column_s < 86400 else "%d %b"
    return _e("div", *(_e("span", f"{chart.begins(mark):{form}}") for mark in marks), class_="axis")


def _accounts(facts: Facts) -> Iterable[Element]:
    if facts.accounts:
        yield _e("h2", "Accounts and their pace")
    for account in facts.accounts:
        yield _account(facts, account)


def _account(facts: Facts, account: AccountFacts) -> Element:
    standing, pace = account.standing, facts.pace
    name = _e("h3", standing.provider, _e("span", standing.state, class_=f"state {standing.state}"))
    card = _e(
        "section", _e("div", name, _e("span", _progress(account), class_="soft small"), class_="head"), class_="card"
    )
    if standing.why is not None:
        card.append(
            _e("p", f"Stopped: {standing.why}.", _e("br"), *_coded(f"→ {standing.how_to_go_on}"), class_="note")
        )
    per_minute = ("most in any minute", account.most_in_a_minute, pace.adds_per_minute)
    per_day = ("most in any 24 hours", account.most_in_a_day, pace.adds_per_day)
    card.append(_e("div", _meter(*per_minute), _meter(*per_day), class_="meters"))
    if account.adds:
        card.append(_course(facts.chart, account, pace.adds_per_minute))
    return card


def _progress(account: AccountFacts) -> str:
    standing = account.standing
    words = [f"{standing.done:,} done", f"{standing.left:,} left", f"{account.adds:,} adds"]
    if standing.eta_s is not None and standing.state != "stopped":
        words.append(f"about {_lasting(standing.eta_s)} to go")
    return " · ".join(words)


def _meter(name: str, most: int, limit: float) -> Element:
    told = _e("p", _e("span", name, class_="soft"), _e("span", f"{most:,} of {limit:g} allowed"))
    filled = _e("div", _e("i", style=f"width: {min(most / limit, 1):.1%}"))
    return _e("div", told, filled, class_="meter over" if most > limit else "meter")


def _course(chart: Chart, account: AccountFacts, limit: float) -> Element:
    top = max(limit, account.most_in_a_minute) * 1.1
    bars = [
        _rect(number, top - most, most, f"--hue: var(--{'not_added' if most > limit else 'accent'})")
        for number, most in enumerate(account.course)
        if most
    ]
    height = f"{top - limit:g}"
    line = _e("line", x1="0", x2=f"{chart.columns}", y1=height, y2=height, class_="limit")
    size = {"viewBox": f"0 0 {chart.columns} {top:g}", "preserveAspectRatio": "none"}
    label = f"Adds in a minute over time, at most {account.most_in_a_minute} where {limit:g} are allowed"
    drawn = _e("svg", *bars, line, class_="pace", role="img", aria_label=label, **size)
    return _e("figure", _e("figcaption", "Adds a minute; the dashed line is what is allowed"), drawn, _axis(chart))


def _reasons(facts: Facts) -> Iterable[Element]:
    if not facts.reasons:
        return
    most = max(facts.reasons.values())
    rows = (
        (
            _words(reason),
            _e("div", style=f"width: {count / most:.0%}"),
            f"{count:,}",
            REASONS[reason].meaning,
        )
        for reason, count in facts.reasons.items()
    )
    yield _e("h2", "Reasons")
    yield _table(("Reason", "", "People", "What it means"), rows, ("", "bar", "number", "soft"))


def _tasks(facts: Facts) -> Iterable[Element]:
    if facts.tasks:
        count = sum(task.count for task in facts.tasks)
        yield _e("h2", f"{_people(count)} {'needs' if count == 1 else 'need'} a human")
        yield _e("div", *map(_task, facts.tasks), class_="tasks")


def _task(task: Task) -> Element:
    explanation = REASONS[task.reason]
    status = _e("span", f"{task.count:,} {_NAMES[task.status]}", class_="tag", style=_hue(task.status))
    people = _table(("Person", "Group", "Account", "Where"), map(_row, task.people), ("", "", "", "soft"))
    hidden = task.count - len(task.people)
    more = (
        [_e("p", *_coded(f"and {hidden:,} more: `groupadd drip export` has all"), class_="soft small")]
        if hidden
        else []
    )
    title = f"{_words(task.reason).capitalize()}: {explanation.meaning}".replace("whatsapp", "WhatsApp")
    step = _e("p", *_coded(explanation.next_step or ""), class_="step")
    return _e("section", _e("div", _e("h3", title), status, class_="head"), step, people, *more, class_="card")


def _row(one: Someone) -> tuple[str, str, str, str]:
    return one.name, one.group, one.provider, one.place


def _unusable(facts: Facts) -> Iterable[Element]:
    if facts.unusable:
        count = facts.unusable
        yield _e("h2", f"{count:,} {'row' if count == 1 else 'rows'} cannot be used")
        yield _table(("Where", "Why"), facts.unusable_rows, ("", "soft"))
        if hidden := count - len(facts.unusable_rows):
            yield _e("p", *_coded(f"and {hidden:,} more: `groupadd drip export` has all"), class_="soft small")


def _footer(facts: Facts) -> Element:
    told = "Made by groupadd from the ledger, which is the truth: `groupadd drip audit` prints every step of it. "
    kept = "This page names people: keep it as long as you need it, and no longer."
    return _e("footer", _e("p", *_coded(told + kept)), _e("p", facts.status.ledger))


def _table(head: Sequence[str], rows: Iterable[Sequence[Part]], classes: Sequence[str]) -> Element:
    top = _e("tr", *(_e("th", name, class_=kind) for name, kind in zip(head, classes, strict=True)))
    body = (_e("tr", *(_e("td", cell, class_=kind) for cell, kind in zip(row, classes, strict=True))) for row in rows)
    return _e("table", _e("thead", top), _e("tbody", *body))


def _coded(text: str) -> Iterable[Part]:
    """Return a text with what stands in backticks as code."""
    return (_e("code", part) if number % 2 else part for number, part in enumerate(text.split("`")))


def _hue(status: Status | None) -> str:
    return "" if status is None else f"--hue: var(--{status.value})"


def _words(name: str) -> str:
    return name.replace("_", " ").replace("whatsapp", "WhatsApp")


def _moment(facts: Facts) -> str:
    return f"{facts.now:%A %d %B %Y, %H:%M}"


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count:,} people"


def _lasting(seconds: float) -> str:
    """Return a length of time in its greatest fitting unit: `15 min`, `3 hours`, `2 days`."""
    for length_s, unit in ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= 2 * length_s or (seconds == length_s) or unit == "second":
            break
    count = round(seconds / length_s)
    return f"{count} {unit}{'' if count == 1 else 's'}"


def _e(tag: str, *children: Part, **attributes: str) -> Element:
    """Return an element. Serialising escapes whatever its texts and attributes hold."""
    element = Element(tag, {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items() if value})
    for child in children:
        if isinstance(child, Element):
            element.append(child)
        elif len(element):
            element[-1].tail = (element[-1].tail or "") + child
        else:
            element.text = (element.text or "") + child
    return element
