"""What each serving role may do, read from the catalogue and tried at the door."""

import psycopg
import pytest
from psycopg import errors
from sqlalchemy import URL

from service.keys import Keys
from tests.database.catalogue import (
    FLOORS,
    FUNCTIONS,
    OURS,
    ROLES,
    TABLES,
    administrator,
    names,
    serving,
)

PAST = [
    "ledger.account",
    "ledger.transfer",
    "ledger.partner_line",
    "partners.purchase",
    "partners.purchase_line",
]
"""What no role may change: it is written by functions, and only added to."""

CHANGES = [
    "delete from {table}",
    "truncate {table}",
    "truncate {table} cascade",
    "drop table {table}",
    "alter table {table} disable row level security",
    "insert into {table} select * from {table}",
]

EXECUTABLE = {
    "coalition_partner": set[str](),
    "coalition_identity": {
        "ledger.open_accounts(smallint[],uuid[],ledger.account_kind[],text[],uuid[])",
        "partners.credential_secret(uuid)",
    },
    "coalition_operator": {
        "partners.end_contract(uuid,timestamp with time zone)",
        "ledger.open_accounts(smallint[],uuid[],ledger.account_kind[],text[],uuid[])",
        "ledger.settled_until()",
    },
    "coalition_member": set[str](),
    "coalition_worker": {
        "ledger.post_many",
        "ledger.reverse(uuid,uuid,timestamp with time zone)",
        "ledger.settled_until()",
        "partners.customer_id(uuid,uuid)",
    },
    "coalition_desk": {
        "coalition.claim_purchases",
        "coalition.look_up_card",
        "coalition.purchase_facts(uuid[],text[],text[],text[],timestamp with time zone[])",
        "coalition.record_purchases",
        "coalition.refuse_purchases",
    },
}
"""Every function of ours that a role may call; of the long ones the name alone."""

WRITABLE = {
    "coalition_partner": set[str](),
    "coalition_member": {"INSERT coalition.consent"},
    "coalition_worker": set[str](),
    "coalition_desk": set[str](),
    "coalition_identity": {
        "UPDATE coalition.staff",
        "INSERT coalition.session",
        "UPDATE coalition.session",
        "INSERT coalition.one_time_code",
        "UPDATE coalition.one_time_code",
        "INSERT coalition.code_allowance",
        "UPDATE coalition.code_allowance",
        "INSERT coalition.contact",
        "INSERT coalition.member",
        "INSERT coalition.member_account",
        "INSERT coalition.card",
        "INSERT coalition.card_number",
    },
    "coalition_operator": {
        "INSERT partners.partner",
        "UPDATE partners.partner",
        "UPDATE partners.outlet",
        "UPDATE partners.credential",
        "INSERT coalition.staff",
        "UPDATE coalition.staff",
        "UPDATE coalition.session",
        "UPDATE coalition.member",
        "INSERT partners.outlet",
        "INSERT partners.terminal",
        "INSERT partners.contract",
        "INSERT partners.credential",
        "INSERT partners.customer_key",
        "INSERT coalition.programme",
        "INSERT coalition.member",
        "INSERT coalition.contact",
        "INSERT coalition.member_account",
        "INSERT coalition.card",
        "INSERT coalition.card_number",
        "UPDATE coalition.card",
    },
}
"""Every table that a role may write to, whole or in some columns."""


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("table", PAST)
def test_no_role_changes_the_past(location: URL, keys: Keys, role: str, table: str) -> None:
    columns = names(
        location,
        "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0",
        table,
    )
    changes = CHANGES + [f"update {{table}} set {column} = {column}" for column in columns]
    with serving(location, keys, role) as connection:
        for change in changes:
            with pytest.raises(errors.InsufficientPrivilege), connection.transaction():
                connection.execute(change.format(table=table).encode())


@pytest.mark.parametrize("role", ROLES)
def test_a_role_writes_to_no_table_but_its_own(location: URL, role: str) -> None:
    with administrator(location) as connection:
        rows = connection.execute(
            """
            select privilege || ' ' || relation from unnest(%s::text[]) as relation,
              unnest(array['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'])
                as privilege
            where has_table_privilege(%s, relation, privilege)
              or privilege in ('INSERT', 'UPDATE', 'REFERENCES')
                and has_any_column_privilege(%s, relation, privilege)
            """,
            [names(location, TABLES, OURS), role, role],
        ).fetchall()
    assert {row[0] for row in rows} == WRITABLE[role]


def test_the_desk_reads_no_table(location: URL, keys: Keys) -> None:
    tables = names(location, TABLES, OURS)
    assert "partners.purchase" in tables
    readable = []
    with serving(location, keys, "coalition_desk") as connection:
        for table in tables:
            try:
                with connection.transaction():
                    connection.execute(f"select from {table} limit 0".encode())
                readable.append(table)
            except errors.InsufficientPrivilege:
                pass
    assert readable == []


def test_the_members_role_reads_only_what_is_a_members(location: URL) -> None:
    with administrator(location) as connection:
        rows = connection.execute(
            "select relation from unnest(%s::text[]) as relation"
            " where has_any_column_privilege('coalition_member', relation, 'SELECT')",
            [names(location, TABLES, FLOORS)],
        ).fetchall()
    assert {row[0] for row in rows} == {
        "coalition.programme",
        "coalition.member",
        "coalition.contact",
        "coalition.member_account",
        "coalition.card",
        "coalition.consent",
        "ledger.account",
        "ledger.transfer",
        "partners.partner",
        "partners.outlet",
        "partners.terminal",
        "partners.contract",
        "partners.purchase",
        "partners.purchase_line",
    }


@pytest.mark.parametrize("role", ROLES)
def test_a_role_calls_its_own_functions_and_no_other(location: URL, role: str) -> None:
    with administrator(location) as connection:
        rows = connection.execute(
            "select signature from unnest(%s::text[]) as signature"
            " where has_function_privilege(%s, signature, 'EXECUTE')",
            [names(location, FUNCTIONS, OURS), role],
        ).fetchall()
    callable_ = {row[0] for row in rows}
    assert {
        name if name in EXECUTABLE[role] else name.partition("(")[0] for name in callable_
    } == EXECUTABLE[role]
    assert len(callable_) == len(EXECUTABLE[role])


def test_nobody_else_may_call_a_function(location: URL) -> None:
    public = names(
        location,
        """
        select pg_proc.oid::regprocedure from pg_proc
        join pg_namespace on pg_namespace.oid = pronamespace
        cross join lateral aclexplode(coalesce(proacl, acldefault('f', proowner))) as granted
        where nspname = any(%s) and granted.grantee = 0
        """,
        OURS,
    )
    assert public == []


@pytest.mark.parametrize("role", ROLES)
def test_a_role_owns_nothing_and_is_nobodys_member(location: URL, role: str) -> None:
    with administrator(location) as connection:
        attributes = connection.execute(
            """
            select rolcanlogin, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication,
              rolinherit
            from pg_roles where rolname = %s
            """,
            [role],
        ).fetchone()
        assert attributes == (True, False, False, False, False, False, False)
        owned = "select count(*) from pg_shdepend where refobjid = %s::regrole and deptype = 'o'"
        assert connection.execute(owned.encode(), [role]).fetchone() == (0,)
        related = "select count(*) from pg_auth_members where %s::regrole in (member, roleid)"
        assert connection.execute(related.encode(), [role]).fetchone() == (0,)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "statement",
    [
        "set role coalition_owner",
        "set session authorization coalition_owner",
        "create table public.mine (id int)",
        "create table ledger.mine (id int)",
        "create schema mine",
        "create temporary table mine (id int)",
        "create function public.mine() returns int language sql as 'select 1'",
    ],
)
def test_a_role_makes_nothing_and_becomes_no_one(
    location: URL, keys: Keys, role: str, statement: str
) -> None:
    with serving(location, keys, role) as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute(statement.encode())


@pytest.mark.parametrize("role", ROLES)
def test_a_role_logs_in_with_its_own_password(location: URL, keys: Keys, role: str) -> None:
    with serving(location, keys, role) as connection:
        assert connection.execute("select current_user").fetchone() == (role,)
    if location.password is not None:  # Debian's server of the tests trusts everyone
        guess = location.set(drivername="postgresql", username=role, password="guess")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(guess.render_as_string(hide_password=False))


def test_the_owner_cannot_log_in(location: URL) -> None:
    with administrator(location) as connection:
        owners = connection.execute(
            """
            select distinct pg_get_userbyid(relowner) from pg_class
            join pg_namespace on pg_namespace.oid = relnamespace where nspname = any(%s)
            union
            select distinct pg_get_userbyid(proowner) from pg_proc
            join pg_namespace on pg_namespace.oid = pronamespace where nspname = any(%s)
            union select pg_get_userbyid(nspowner) from pg_namespace where nspname = any(%s)
            """,
            [OURS, OURS, OURS],
        ).fetchall()
        assert owners == [("coalition_owner",)]
        attributes = "select rolcanlogin, rolsuper, rolbypassrls from pg_roles where rolname = %s"
        assert connection.execute(attributes.encode(), ["coalition_owner"]).fetchone() == (
            False,
            False,
            False,
        )
