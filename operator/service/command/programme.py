"""``coalition programme create``: the one programme of this installation."""

from typing import Annotated
from zoneinfo import ZoneInfo

import anyio
import typer

from coalition.programme.settings import Programme, find_time_zone, set_up_programme
from ledger.currencies import MINOR_DIGITS
from service.command.console import say
from service.database.location import database_location
from service.database.transactions import Database
from service.settings import Settings

command = typer.Typer(help="The programme's own settings.", no_args_is_help=True)


@command.callback()
def settings_of_the_programme() -> None:
    """The programme's own settings."""


def _zone(typed: str) -> ZoneInfo:
    zone = find_time_zone(typed)
    if zone is None:
        raise typer.BadParameter(f"{typed!r} is no time zone, such as Europe/Moscow")
    return zone


def _currency(typed: str) -> str:
    if typed not in MINOR_DIGITS:
        raise typer.BadParameter(f"one of {', '.join(MINOR_DIGITS)}")
    return typed


@command.command()
def create(
    name: Annotated[str, typer.Argument(help="What members call it.")],
    time_zone: Annotated[
        ZoneInfo, typer.Option(parser=_zone, help="Days are cut in it: Europe/Moscow.")
    ],
    currency: Annotated[str, typer.Option(callback=_currency, help="Partners settle in it: RUB.")],
) -> None:
    """Set the programme up, once, before its first partner."""
    settings = Settings()
    keys = settings.keys()
    programme = Programme(name=name, time_zone=time_zone, currency=currency)
    with database_location(settings) as location:
        created = anyio.run(_create, Database(location, keys), programme)
    if not created:
        say("The programme is set up already; nothing was changed.")
        raise typer.Exit(1)


async def _create(database: Database, programme: Programme) -> bool:
    try:
        await database.require_current()
        async with database.operator() as connection:
            return await set_up_programme(connection, programme)
    finally:
        await database.close()
