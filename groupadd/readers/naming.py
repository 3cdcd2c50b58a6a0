"""What vendors want a person to be called, where it is not by JID.

A phone number and a LID are different kinds of name, and bare digits do not say which of them they are: where a vendor
would take one for the other, nobody is asked for.
"""

from collections.abc import Sequence

from groupadd.errors import RequestRefused, Unsupported
from groupadd.model.identity import Participant


def chat_id(person: Participant) -> str:
    """Return a person's id as WhatsApp Web writes it: a number ends in `@c.us`, a LID stays what it is."""
    return f"{person.phone}@c.us" if person.phone else person.id


def phones(people: Sequence[Participant], vendor: str) -> Sequence[str]:
    """Return people's bare numbers, for a vendor that would take a LID's digits for one.

    Raises:
        Unsupported: Somebody is named by LID.
    """
    named = [person.phone for person in people if person.phone]
    if len(named) < len(people):
        raise Unsupported(f"{vendor} adds people by number only, not by LID")
    return named


def digits(person: Participant, longest_phone: int) -> str | None:
    """Return a person's digits, for a vendor that takes them for a LID's if there are many.

    Args:
        person: Who is meant.
        longest_phone: How many digits it takes for a number's.

    Returns:
        None where it would take the person for somebody else.
    """
    told = person.phone or person.lid or ""
    return told if (len(told) <= longest_phone) is bool(person.phone) else None


def phone(number: str, longest_phone: int) -> str:
    """Return a number, for a vendor of the same kind.

    Raises:
        RequestRefused: It would be taken for a LID.
    """
    if len(number) > longest_phone:
        raise RequestRefused(f"the provider takes more than {longest_phone} digits for a LID; nothing was sent")
    return number
