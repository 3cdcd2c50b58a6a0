"""Options that several commands share."""

from typing import Annotated

from attrs import frozen
from cyclopts import Parameter

from groupadd.config.load import Config, ConfiguredProvider, load
from groupadd.people_file import STDIN
from groupadd.settings import Invitation, Verify


def _require_file(_: object, source: str | None) -> None:
    """Require a file or `-` after `--from`; cyclopts accepts every text with a hyphen, or none."""
    if source is not None and source != STDIN and source.startswith("-"):
        raise ValueError("--from needs a file, or - for standard input")


Flag: Parameter = Parameter(negative=(), show_default=False)
Json = Annotated[bool, Parameter(name="--json"), Flag]
FromFile = Annotated[str | None, Parameter(name="--from", allow_leading_hyphen=True, validator=_require_file)]


@Parameter(name="*")
@frozen(kw_only=True)
class ProviderOptions:
    """The provider, and the form of the output.

    Attributes:
        provider: The provider's name in the config; left out: the default provider.
        config: The config file; left out: the usual places.
        json: Print one JSON object.
    """

    provider: str | None = None
    config: str | None = None
    json: Json = False

    def load(self) -> tuple[Config, ConfiguredProvider]:
        """Read the config and build the provider.

        Raises:
            ConfigError: The config cannot be used.
        """
        config = load(self.config)
        return config, config.provider(self.provider)


@Parameter(name="*")
@frozen(kw_only=True)
class AddOptions:
    """How people are added.

    Attributes:
        verify: When to read the list of members; auto: only where the provider's answer is not enough.
        invite: How to invite people who could not be added, where this makes sense; link: send the group's link;
            personal: WhatsApp's own invitation.
        dry_run: Show the first request, and send nothing.
    """

    verify: Verify | None = None
    invite: Invitation | None = None
    dry_run: Annotated[bool, Flag] = False
