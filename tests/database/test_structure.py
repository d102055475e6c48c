"""What the catalogue says of our schemas: policies on, search paths pinned, references down."""

import re

from sqlalchemy import URL

from tests.database.catalogue import FLOORS, OURS, TABLES, administrator, names


def test_every_table_of_a_floor_has_row_security_enabled(location: URL) -> None:
    open_ = names(
        location,
        """
        select pg_class.oid::regclass from pg_class
        join pg_namespace on pg_namespace.oid = relnamespace
        where nspname = any(%s) and relkind in ('r', 'p') and not relrowsecurity
        """,
        FLOORS,
    )
    assert open_ == []


def test_every_table_is_plain_and_every_view_asks_as_its_caller(location: URL) -> None:
    kinds = names(
        location,
        """
        select format('%%s is %%s', pg_class.oid::regclass, relkind) from pg_class
        join pg_namespace on pg_namespace.oid = relnamespace
        where nspname = any(%s) and relkind in ('v', 'm', 'f', 'S')
          and not coalesce('security_invoker=true' = any(reloptions), false)
        """,
        OURS,
    )
    assert kinds == []


def test_every_function_has_a_pinned_search_path(location: URL) -> None:
    loose = names(
        location,
        """
        select pg_proc.oid::regprocedure from pg_proc
        join pg_namespace on pg_namespace.oid = pronamespace
        where nspname = any(%s)
          and not 'search_path=pg_catalog, pg_temp' = any(coalesce(proconfig, '{}'))
        """,
        OURS,
    )
    assert loose == []


def test_no_trigger_stands_in_the_path_of_correctness(location: URL) -> None:
    triggers = names(
        location,
        """
        select tgname from pg_trigger join pg_class on pg_class.oid = tgrelid
        join pg_namespace on pg_namespace.oid = relnamespace
        where nspname = any(%s) and not tgisinternal
        """,
        OURS,
    )
    assert triggers == []


def test_foreign_keys_refer_down_the_floors(location: URL) -> None:
    with administrator(location) as connection:
        rows = connection.execute(
            """
            select conname, source.nspname, target.nspname
            from pg_constraint
            join pg_class as referring on referring.oid = conrelid
            join pg_namespace as source on source.oid = referring.relnamespace
            join pg_class as referred on referred.oid = confrelid
            join pg_namespace as target on target.oid = referred.relnamespace
            where contype = 'f'
            """
        ).fetchall()
    assert rows
    assert [
        row for row in rows if FLOORS.index(row[1]) < FLOORS.index(row[2])
    ] == []  # fmt: skip


def test_no_hot_row_has_a_foreign_key(location: URL) -> None:
    hot = names(
        location,
        "select conrelid::regclass from pg_constraint where contype = 'f' and conrelid::regclass"
        " = any(array['ledger.transfer', 'ledger.partner_line', 'partners.purchase',"
        " 'partners.purchase_line', 'partners.customer', 'partners.idempotency',"
        " 'partners.receipt', 'coalition.member_rollup']::regclass[])",
    )
    assert hot == []


def test_functions_speak_of_floors_below_only(location: URL) -> None:
    with administrator(location) as connection:
        rows = connection.execute(
            """
            select pg_proc.oid::regprocedure::text, nspname,
              concat(prosrc, pg_get_function_arguments(pg_proc.oid),
                pg_get_function_result(pg_proc.oid))
            from pg_proc join pg_namespace on pg_namespace.oid = pronamespace
            where nspname = any(%s)
            """,
            [OURS],
        ).fetchall()
    assert len(rows) >= 10
    for signature, schema, source in rows:
        above = FLOORS[FLOORS.index(schema) + 1 :]
        code = re.sub(r"--.*", "", source)
        upward = [name for name in above if re.search(rf"\b{name}\s*\.", code)]
        assert upward == [], signature


def test_types_and_defaults_of_columns_come_from_below(location: URL) -> None:
    with administrator(location) as connection:
        rows = connection.execute(
            """
            select attrelid::regclass::text, attname, source.nspname, target.nspname
            from pg_attribute
            join pg_class on pg_class.oid = attrelid
            join pg_namespace as source on source.oid = relnamespace
            join pg_type on pg_type.oid = atttypid
            join pg_namespace as target on target.oid = typnamespace
            where source.nspname = any(%s) and target.nspname = any(%s) and attnum > 0
            """,
            [FLOORS, FLOORS],
        ).fetchall()
    assert rows
    assert [row for row in rows if FLOORS.index(row[2]) < FLOORS.index(row[3])] == []


def test_bucket_leads_every_unique_key_of_what_a_member_owns(location: URL) -> None:
    with administrator(location) as connection:
        rows = connection.execute(
            """
            select indexrelid::regclass::text,
              (select attname from pg_attribute
               where attrelid = indrelid and attnum = indkey[0])
            from pg_index
            where indisunique and exists (
              select from pg_attribute where attrelid = indrelid and attname = 'bucket'
            ) and indrelid::regclass::text = any(%s)
            """,
            [names(location, TABLES, FLOORS)],
        ).fetchall()
    lookups = {  # keyed by what is unique across the coalition
        "partners.idempotency_pkey",
        "partners.receipt_pkey",
        "coalition.contact_pkey",
        "coalition.card_number_pkey",
        "coalition.session_pkey",
        "coalition.session_token_hash_key",
    }
    assert {name for name, column in rows if column != "bucket"} == lookups
