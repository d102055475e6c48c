"""The entry point of the ``coalition`` command, and how it fails: clearly and with exit code 1."""

import sys

import psycopg
import typer
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError, ProgrammingError

from coalition.programme.settings import ProgrammeMissingError
from ledger.refusals import RefusedError
from service.command import (
    database,
    demo,
    load,
    operator,
    partner,
    programme,
    schema,
    serve,
    verify,
)
from service.command.console import say
from service.database.migration import SchemaOutdatedError
from service.embedded import EmbeddedPostgresError
from service.journey.files import DistributionMissingError
from service.journey.founding import OtherPeriodError
from service.journey.loading import LoadFailedError
from service.logs import set_up_logs
from service.settings import SecretMissingError, Settings

command = typer.Typer(
    name="coalition",
    help="A loyalty programme shared by independent businesses.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
command.command()(serve.serve)
command.command()(database.migrate)
command.command()(demo.demo)
command.command()(verify.verify)
command.add_typer(load.command, name="load")
command.add_typer(programme.command, name="programme")
command.add_typer(partner.command, name="partner")
command.add_typer(operator.command, name="operator")
command.add_typer(schema.command, name="schema")
command.add_typer(database.command, name="database")

EXPECTED = (
    serve.AddressTakenError,
    DistributionMissingError,
    EmbeddedPostgresError,
    LoadFailedError,
    operator.PasswordMissingError,
    OtherPeriodError,
    ProgrammeMissingError,
    RefusedError,
    SchemaOutdatedError,
    SecretMissingError,
)


def main() -> None:
    """Run the command; an expected failure is one line that says what to do."""
    try:
        set_up_logs(Settings())
        command()
    except EXPECTED as error:
        say(f"coalition: {error}")
        sys.exit(1)
    except ValidationError as error:
        for flaw in error.errors():
            name = "_".join(("COALITION", *(str(part).upper() for part in flaw["loc"])))
            say(f"coalition: {name}: {flaw['msg']}")
        sys.exit(1)
    except OperationalError as error:
        say(f"coalition: the database can't be reached: {error.orig}")
        sys.exit(1)
    except (ProgrammingError, psycopg.errors.InsufficientPrivilege) as error:
        say(f"coalition: the database refused: {getattr(error, 'orig', error)}")
        sys.exit(1)
