"""Where a participant stands in a plan, and which event leads where. Pure: one table, which a test reads."""

from collections.abc import Mapping
from enum import StrEnum


class State(StrEnum):
    """Where one participant of a plan stands."""

    QUEUED = "queued"  # the add is to be sent
    SENDING = "sending"  # the intent is stored; after a crash, the add may have been sent
    AWAITING_VERDICT = "awaiting_verdict"  # the add was sent; looks decide what became of it
    TO_INVITE = "to_invite"  # not added, and an invitation makes sense
    INVITING = "inviting"  # the intent is stored; after a crash, the invitation may have been sent
    DONE = "done"
    DUPLICATE = "duplicate"  # the same person stands earlier in the plan for this group
    INVALID = "invalid"  # the row cannot be read; `fault` says why


class Event(StrEnum):
    """What happens to a participant. A part behind a colon tells apart where the event leads."""

    PLANNED = "planned"
    PLANNED_DUPLICATE = "planned:duplicate"
    PLANNED_INVALID = "planned:invalid"
    DUPLICATE = "duplicate"
    ASKING = "asking"
    NOT_ASKED = "not_asked"
    ANSWERED = "answered"
    LOOKED = "looked"
    TO_ASK_AGAIN = "to_ask_again"
    SETTLED = "settled"
    SETTLED_INVITABLE = "settled:invitable"
    INVITING = "inviting"
    INVITED = "invited"
    INVITE_FAILED = "invite_failed"
    INVITE_UNKNOWN = "invite_unknown"
    NOT_INVITED = "not_invited"
    RETRIED = "retried"
    RETRIED_UNKNOWN = "retried:unknown"
    FORGOTTEN = "forgotten"

    @property
    def word(self) -> str:
        """The event's name in the audit."""
        return self.value.partition(":")[0]


# None is a participant without a row: not planned yet, or forgotten.
TRANSITIONS: Mapping[State | None, Mapping[Event, State | None]] = {
    None: {
        Event.PLANNED: State.QUEUED,
        Event.PLANNED_DUPLICATE: State.DUPLICATE,
        Event.PLANNED_INVALID: State.INVALID,
    },
    State.QUEUED: {
        Event.ASKING: State.SENDING,
        Event.DUPLICATE: State.DUPLICATE,
        Event.SETTLED: State.DONE,  # a look before the add shows the participant in the group
        Event.FORGOTTEN: None,
    },
    State.SENDING: {
        Event.NOT_ASKED: State.QUEUED,
        Event.ANSWERED: State.AWAITING_VERDICT,
        Event.SETTLED: State.DONE,
        Event.SETTLED_INVITABLE: State.TO_INVITE,
    },
    State.AWAITING_VERDICT: {
        Event.LOOKED: State.AWAITING_VERDICT,
        Event.TO_ASK_AGAIN: State.QUEUED,
        Event.SETTLED: State.DONE,
        Event.SETTLED_INVITABLE: State.TO_INVITE,
        Event.FORGOTTEN: None,
    },
    State.TO_INVITE: {
        Event.INVITING: State.INVITING,
        Event.NOT_INVITED: State.DONE,
        Event.FORGOTTEN: None,
    },
    State.INVITING: {
        Event.INVITED: State.DONE,
        Event.INVITE_FAILED: State.DONE,
        Event.INVITE_UNKNOWN: State.DONE,
    },
    State.DONE: {
        Event.RETRIED: State.QUEUED,
        Event.RETRIED_UNKNOWN: State.AWAITING_VERDICT,
        Event.FORGOTTEN: None,
    },
    State.DUPLICATE: {Event.FORGOTTEN: None},
    State.INVALID: {Event.FORGOTTEN: None},
}


class ImpossibleTransition(Exception):
    """The event cannot happen to a participant in this state: a fault of groupadd's own."""


def state_after(state: State | None, event: Event) -> State:
    """Return the state to which an event leads.

    Raises:
        ImpossibleTransition: The table has no such row, or the event deletes the participant's row.
    """
    after = TRANSITIONS[state].get(event)
    if after is None:
        raise ImpossibleTransition(f"{event!r} leads to no state from {state!r}")
    return after


def states_before(event: Event) -> tuple[State, ...]:
    """Return the states in which an event can happen to a participant who has a row."""
    return tuple(state for state, events in TRANSITIONS.items() if state is not None and event in events)
