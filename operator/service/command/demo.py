"""``coalition demo``: from nothing to a served coalition with a quarter, or a year, of receipts."""

from contextlib import ExitStack
from typing import Annotated
from uuid import UUID

import anyio
import typer

from service.command import load, serve, verify
from service.command.console import AsJson, console, say
from service.database.location import database_location
from service.database.migration import migrate
from service.database.transactions import Database
from service.journey.partners import PARTNERS
from service.journey.people import hire
from service.journey.welcome import samples, welcome
from service.keys import Keys
from service.settings import Settings


def demo(
    full: load.Full = False,
    original_dates: load.OriginalDates = False,
    serving: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Serve when all is loaded.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Migrate, load The Complete Journey, verify it, and serve. Interrupted, it goes on."""
    settings = Settings()
    keys = settings.keys()
    with ExitStack() as opened:
        address = opened.enter_context(serve.claim_address(settings)) if serving else None
        say("Starting the database ...")
        location = opened.enter_context(database_location(settings))
        migrate(location, keys)
        founded, summary = anyio.run(
            load.load, Database(location, keys), keys, full, original_dates
        )
        load.report(summary, as_json=as_json)
        say("Verifying every balance, rollup and partner line from raw rows ...")
        findings = anyio.run(verify.audit, Database(location, keys))
        wrong = [finding for finding in findings if finding.wrong]
        if wrong:
            verify.report(wrong, as_json=False)
            raise typer.Exit(1)
        checked = sum(finding.checked for finding in findings)
        say(f"All {len(findings)} invariants hold, over {checked:,} rows looked at.")
        if address is not None:
            settings.development = True  # the codes of log-ins go to the log, below the welcome
            partner = PARTNERS[-1].key
            anyio.run(
                _hire, Database(location, keys), keys, partner, founded.callers[partner].partner_id
            )
            console.print(welcome(founded, keys, settings), soft_wrap=True, markup=False)
            database = Database(location, keys, pool_size=settings.pool_size)
            serve.run(database, settings, keys, address, samples(founded))


async def _hire(database: Database, keys: Keys, partner_code: str, partner_id: UUID) -> None:
    try:
        await hire(database, keys, {partner_code: partner_id})
    finally:
        await database.close()
