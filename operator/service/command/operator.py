"""``coalition operator create``: an employee of the operator, who may log in to its door."""

import sys
from typing import Annotated

import anyio
import typer

from coalition.identity.passwords import hash_password, password_valid
from coalition.identity.staff import StaffMember, StaffRefusal, create_staff
from ledger.refusals import RefusedError
from service.command.console import AsJson, print_json, say
from service.database.location import database_location
from service.database.transactions import Database
from service.settings import Settings

command = typer.Typer(help="The people who run the coalition.", no_args_is_help=True)


class PasswordMissingError(Exception):
    """Nobody is there to type a password, and none was piped in."""


@command.callback()
def operator() -> None:
    """The people who run the coalition."""


@command.command()
def create(
    email: Annotated[str, typer.Argument(help="The address to log in by.")],
    name: Annotated[str, typer.Option(help="The person's name.")],
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Let a person log in as the operator's staff. The password is asked for twice."""
    password = _password(from_stdin=password_stdin)
    if not password_valid(password):
        raise RefusedError(StaffRefusal.PASSWORD_INVALID)
    settings = Settings()
    keys = settings.keys()
    with database_location(settings) as location:
        created = anyio.run(_create, Database(location, keys), email, name, password)
    if as_json:
        print_json({"id": str(created.id), "email": created.email, "name": created.name})
    else:
        say(f"{created.name} may log in as {created.email}.")


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise PasswordMissingError("there is no terminal to ask at: pipe it in, --password-stdin")
    typed: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return typed


async def _create(database: Database, email: str, name: str, password: str) -> StaffMember:
    try:
        await database.require_current()
        password_hash = await anyio.to_thread.run_sync(hash_password, password)
        async with database.operator() as connection:
            return await create_staff(
                connection, email=email, name=name, partner_id=None, password_hash=password_hash
            )
    finally:
        await database.close()
