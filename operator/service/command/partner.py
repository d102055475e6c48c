"""``coalition partner create``: a partner with a contract, an outlet and a till's credential."""

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated

import anyio
import typer

from coalition.programme.settings import read_programme
from partners.contracts import Terms, agree_contract
from partners.credentials import Credential, new_credential, store_credential
from partners.registry import Outlet, create_partner, open_outlets
from partners.terms import find_terms_flaw
from service.command.console import AsJson, print_json, say
from service.database.location import database_location
from service.database.transactions import Database
from service.settings import Settings

command = typer.Typer(help="The businesses that take part.", no_args_is_help=True)


def _positive(typed: str) -> Decimal:
    try:
        rate = Decimal(typed)
    except InvalidOperation:
        raise typer.BadParameter("a decimal number, such as 1.5") from None
    flaw = find_terms_flaw(Terms(currency="USD", points_per_unit=rate))
    if flaw is not None:
        raise typer.BadParameter(flaw.refusal.meaning)
    return rate


@command.command()
def create(
    code: Annotated[str, typer.Argument(help="A short name, unique in the coalition.")],
    legal_name: Annotated[str, typer.Option(help="The name in its contracts.")],
    category: Annotated[str, typer.Option(help="What kind of business it is.")],
    name: Annotated[str | None, typer.Option(help="The name that members know.")] = None,
    points_per_unit: Annotated[
        str, typer.Option(help="Points for one unit of money, an exact decimal.")
    ] = "1",
    outlet: Annotated[list[str] | None, typer.Option(help="Codes of its outlets.")] = None,
    as_json: AsJson = False,
) -> None:
    """Register a partner with a contract from now on, and print its till's credential once."""
    rate = _positive(points_per_unit)
    settings = Settings()
    keys = settings.keys()
    with database_location(settings) as location:
        credential = anyio.run(
            _create,
            Database(location, keys),
            code,
            name or code,
            legal_name,
            category,
            rate,
            outlet or ["1"],
        )
    answer = {
        "partner": code,
        "client_id": str(credential.id),
        "client_secret": credential.secret,
    }
    if as_json:
        print_json(answer)
    else:
        for key, value in answer.items():
            typer.echo(f"{key}: {value}")
        say("The secret can't be shown again.")


async def _create(
    database: Database,
    code: str,
    name: str,
    legal_name: str,
    category: str,
    rate: Decimal,
    outlets: list[str],
) -> Credential:
    try:
        await database.require_current()
        fresh, secret_hash = await anyio.to_thread.run_sync(new_credential)
        async with database.operator() as connection:
            programme = await read_programme(connection)
            created = await create_partner(
                connection, code=code, name=name, legal_name=legal_name, category=category
            )
            await agree_contract(
                connection,
                created.id,
                Terms(currency=programme.currency, points_per_unit=rate),
                valid_from=datetime.now(UTC),
            )
            await open_outlets(
                connection, created.id, [Outlet(code=each, name=each) for each in outlets]
            )
            await store_credential(connection, created.id, fresh.id, secret_hash, label="till")
        return fresh
    finally:
        await database.close()
