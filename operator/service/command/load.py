"""``coalition load complete-journey``: a real year of receipts, through the tills' use case."""

import resource
from typing import Annotated

import anyio
import typer

from service.command.console import AsJson, print_json, print_table, progress_bar, say
from service.database.location import database_location
from service.database.transactions import Database
from service.journey.clock import Months
from service.journey.founding import Founded, found_coalition
from service.journey.loading import Progress, load_receipts
from service.journey.summary import Summary, summarise
from service.keys import Keys
from service.settings import Settings

command = typer.Typer(help="Load data.", no_args_is_help=True)

Full = Annotated[bool, typer.Option("--full", help="The whole year, not the first quarter.")]
OriginalDates = Annotated[
    bool, typer.Option("--original-dates", help="Keep 2017 instead of ending last week.")
]


@command.callback()
def data() -> None:
    """Load data."""


@command.command("complete-journey")
def complete_journey(
    full: Full = False, original_dates: OriginalDates = False, as_json: AsJson = False
) -> None:
    """Load The Complete Journey as a coalition of eleven partners. Interrupted, it goes on."""
    settings = Settings()
    keys = settings.keys()
    with database_location(settings) as location:
        _, summary = anyio.run(load, Database(location, keys), keys, full, original_dates)
    report(summary, as_json=as_json)


async def load(
    database: Database, keys: Keys, full: bool, original_dates: bool
) -> tuple[Founded, Summary]:
    """Load the journey and summarise what the database then holds. Closes the pools."""
    months = Months.ALL if full else Months.FIRST_QUARTER
    try:
        await database.require_current()
        say("Setting up partners, contracts, outlets, members and cards ...")
        founded = await found_coalition(database, keys, months, original_dates=original_dates)
        expected = sum(counts.receipts for counts in founded.journey.counts().values())
        say(f"Loading {expected:,} receipts ...")
        with progress_bar("receipts", expected) as bar:

            def tell(progress: Progress) -> None:
                bar.update(bar.task_ids[0], completed=progress.done)

            progress = await load_receipts(database, founded, tell)
        summary = await summarise(database, progress, memory_mib=_peak_memory_mib())
    finally:
        await database.close()
    return founded, summary


def _peak_memory_mib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def report(summary: Summary, *, as_json: bool) -> None:
    """Print what the coalition holds now."""
    if as_json:
        print_json(summary.as_dict())
        return
    print_table(
        "The coalition",
        ("partner", "receipts", "lines", "turnover", "points issued", "customers"),
        [
            (row.partner, row.receipts, row.lines, row.turnover, row.points, row.customers)
            for row in summary.partners
        ],
    )
    total = summary.as_dict()
    for name in ("members", "receipts", "lines", "turnover", "points", "refused"):
        say(f"{name}: {total[name]}")
    say(
        f"{total['loaded']:,} receipts in {total['seconds']} s,"
        f" {total['receipts_a_second']:,} a second; {total['memory_mib']} MiB at most"
    )
