"""Runs migrations over the connection that ``service.database.migration`` hands in.

From a developer's ``alembic`` command there is none: it reaches the database that the
settings name, as ``coalition migrate`` does.
"""

from pathlib import Path

from alembic import context
from sqlalchemy import Connection, text

from coalition.tables import metadata as coalition
from ledger.tables import metadata as ledger
from partners.tables import metadata as partners
from service.database.migration import administrator

FLOORS = {"ledger", "partners", "coalition"}


def belongs_to_a_floor(name: str | None, kind: str, _parents: object) -> bool:
    """Compare the floors' schemas only: others belong to libraries."""
    return name in FLOORS if kind == "schema" else True


def migrate(connection: Connection) -> None:
    """Ensure the roles, then run the migrations as the role that owns every object."""
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute((Path(__file__).parent / "roles.sql").read_text())
    connection.execute(text("set role coalition_owner"))
    connection.execute(text("create schema if not exists migrations"))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=[ledger, partners, coalition],
        include_schemas=True,
        include_name=belongs_to_a_floor,
        compare_server_default=True,
        version_table_schema="migrations",
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.execute(text("reset role"))
    connection.commit()


handed_in = context.config.attributes.get("connection")
if handed_in is not None:
    migrate(handed_in)
else:
    with administrator() as connection:
        migrate(connection)
