"""Credentials of partners' systems: listed without their secrets, created and revoked."""

from datetime import datetime
from typing import Annotated

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection

from partners import credentials as register
from partners.credentials import RegisteredCredential, new_credential
from partners.refusals import RegistrationRefusal
from schema.connections import Connection, connection
from schema.fields import resolved
from schema.nodes import Node
from schema.opaque import CREDENTIAL, CREDENTIAL_CURSOR, PARTNER
from schema.operator.context import Info
from schema.operator.hashing import hashed
from schema.operator.identifiers import named
from schema.operator.refusals import Refusal
from schema.scalars import Cursor


@strawberry.type(description="What a partner's system logs in with at /oauth/token.")
class Credential(Node):
    """A credential without its secret, which nobody can read again."""

    client_id: strawberry.ID = strawberry.field(
        description="The client_id that the system sends to /oauth/token."
    )
    label: str = strawberry.field(description="Which system uses it.")
    created_at: datetime = strawberry.field(description="Since when it works.")
    revoked_at: datetime | None = strawberry.field(
        description="Since when it no longer works; null while it does."
    )


def credential(registered: RegisteredCredential) -> Credential:
    """Return a credential as the door shows it."""
    return Credential(
        id=strawberry.ID(CREDENTIAL.seal(registered.id)),
        client_id=strawberry.ID(str(registered.id)),
        label=registered.label,
        created_at=registered.created_at,
        revoked_at=registered.revoked_at,
    )


def credential_page(
    rows: list[RegisteredCredential], size: int, after: Cursor | None
) -> Connection[Credential]:
    """Return a page of credentials as the door shows it."""
    return connection(
        rows,
        size=size,
        after=after,
        cursor=lambda row: CREDENTIAL_CURSOR.seal(row.id),
        node=credential,
    )


@strawberry.input(description="A credential to create.")
class CreateCredentialInput:
    """Whose it is, and what for."""

    partner_id: strawberry.ID = strawberry.field(description="The partner whose system it is for.")
    label: str = strawberry.field(
        description="Which system will use it: 1 to 200 printable characters."
    )


@strawberry.input(description="A credential to revoke.")
class RevokeCredentialInput:
    """Which credential."""

    id: strawberry.ID = strawberry.field(description="The credential's id.")


@strawberry.type(description="A new credential, with the secret that is shown this once.")
class CreateCredentialPayload:
    """The credential, or why there is none."""

    credential: Credential | None = strawberry.field(
        description="The credential; null when it was refused."
    )
    client_secret: str | None = strawberry.field(
        description="The client_secret for /oauth/token. Keep it: it can't be shown again."
        " Null when it was refused."
    )
    errors: list[Refusal] = strawberry.field(description="Why it was refused; else empty.")


@strawberry.type(description="A credential that no longer works.")
class RevokeCredentialPayload:
    """The credential, or why it was not revoked."""

    credential: Credential | None = strawberry.field(
        description="The credential as it is now; null when it was refused."
    )
    errors: list[Refusal] = strawberry.field(description="Why it was refused; else empty.")


@strawberry.type
class CredentialMutation:
    """What the door does to credentials."""

    @resolved("Let a system of a partner log in. The secret is in this answer and nowhere else.")
    async def create_credential(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 as every mutation's argument is called
            CreateCredentialInput, strawberry.argument(description="The credential.")
        ],
    ) -> CreateCredentialPayload:
        """Create a credential."""
        fresh, secret_hash = await hashed(new_credential)

        async def create(connection: AsyncConnection) -> None:
            partner_id = named(
                PARTNER, input.partner_id, RegistrationRefusal.PARTNER_UNKNOWN, "partnerId"
            )
            await register.store_credential(
                connection, partner_id, fresh.id, secret_hash, label=input.label
            )

        refused = await info.context.write(create)
        if refused is not None:
            return CreateCredentialPayload(credential=None, client_secret=None, errors=[refused])
        created = await info.context.loaders.credentials.load(fresh.id)
        assert created is not None
        return CreateCredentialPayload(
            credential=credential(created), client_secret=fresh.secret, errors=[]
        )

    @resolved(
        "Let a credential record and log in no more, at once; tokens that it got may still read"
        " until they expire. Safe to repeat."
    )
    async def revoke_credential(
        self,
        info: Info,
        input: Annotated[  # noqa: A002
            RevokeCredentialInput, strawberry.argument(description="Which credential.")
        ],
    ) -> RevokeCredentialPayload:
        """Revoke a credential."""

        async def revoke(connection: AsyncConnection) -> RegisteredCredential:
            identifier = named(CREDENTIAL, input.id, RegistrationRefusal.CREDENTIAL_UNKNOWN, "id")
            await register.revoke_credential(connection, identifier)
            return (await register.credentials_by_id(connection, [identifier]))[identifier]

        revoked = await info.context.write(revoke)
        if isinstance(revoked, Refusal):
            return RevokeCredentialPayload(credential=None, errors=[revoked])
        return RevokeCredentialPayload(credential=credential(revoked), errors=[])
