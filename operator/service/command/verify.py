"""``coalition verify``: prove balances, rollups and partner lines again from raw rows."""

from dataclasses import asdict

import anyio
import typer

from coalition.verification import INVARIANTS as COALITION
from ledger.verification import INVARIANTS as LEDGER
from ledger.verification import Finding, check
from partners.verification import INVARIANTS as PARTNERS
from service.command.console import AsJson, print_json, print_table, say
from service.database.location import database_location
from service.database.transactions import Database
from service.settings import Settings


def verify(as_json: AsJson = False) -> None:
    """Audit the database from its raw rows. Exits 1 and names what differs, if anything does."""
    settings = Settings()
    keys = settings.keys()
    with database_location(settings) as location:
        findings = anyio.run(audit, Database(location, keys))
    report(findings, as_json=as_json)
    if any(finding.wrong for finding in findings):
        raise typer.Exit(1)


async def audit(database: Database) -> list[Finding]:
    """Check every invariant over one snapshot. Closes the database's pools."""
    try:
        await database.require_current()
        async with database.audit() as connection:
            return await check(connection, (*LEDGER, *PARTNERS, *COALITION))
    finally:
        await database.close()


def report(findings: list[Finding], *, as_json: bool) -> None:
    """Print the findings: a row per invariant."""
    if as_json:
        print_json(
            {
                "sound": not any(finding.wrong for finding in findings),
                "invariants": [asdict(finding) for finding in findings],
            }
        )
        return
    print_table(
        "Invariants",
        ("invariant", "checked", "wrong"),
        [(finding.name, finding.checked, finding.wrong) for finding in findings],
    )
    for finding in findings:
        for example in finding.examples:
            say(f"{finding.name}: {example}")
