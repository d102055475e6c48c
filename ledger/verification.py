"""What must hold in a live ledger, proved again from its raw rows."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Invariant:
    """A rule over rows: ``checked`` counts what it is about, ``wrong`` names what breaks it.

    ``wrong`` returns one text a row that tells which row differs and how.
    """

    name: str
    checked: TextClause
    wrong: TextClause


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of an invariant: how many rows it looked at, how many are wrong, and some."""

    name: str
    checked: int
    wrong: int
    examples: tuple[str, ...]


async def check(connection: AsyncConnection, invariants: Iterable[Invariant]) -> list[Finding]:
    """Check invariants over the snapshot of the caller's transaction."""
    findings = []
    for invariant in invariants:
        checked = (await connection.execute(invariant.checked)).scalar_one()
        wrong, examples = 0, []
        async for example in await connection.stream_scalars(invariant.wrong):
            wrong += 1
            if wrong <= EXAMPLES:
                examples.append(example)
        findings.append(Finding(invariant.name, checked, wrong, tuple(examples)))
    return findings


INVARIANTS = (
    Invariant(
        "every unit sums to zero",
        text("select count(distinct unit) from ledger.account"),
        text("""
            select format('%s: credits less debits are %s', unit, sum(credits - debits))
            from ledger.account group by unit having sum(credits - debits) <> 0
        """),
    ),
    Invariant(
        "every unit sums to zero in every bucket",
        text("select count(*) from (select distinct bucket, unit from ledger.account) as pair"),
        text("""
            select format('bucket %s, %s: credits less debits are %s', bucket, unit,
              sum(credits - debits))
            from ledger.account group by bucket, unit having sum(credits - debits) <> 0
        """),
    ),
    Invariant(
        "balances equal the sums of transfers",
        text("select count(*) from ledger.account"),
        text("""
            select format('account %s in bucket %s: debits %s, credits %s; transfers say %s, %s',
              coalesce(account.id, moved.account), coalesce(account.bucket, moved.bucket),
              account.debits, account.credits, coalesce(moved.debits, 0),
              coalesce(moved.credits, 0))
            from ledger.account
            full join (
              select side.bucket, side.account, sum(side.debit) as debits,
                sum(side.credit) as credits
              from (
                select bucket, debit_account as account, amount as debit, 0 as credit
                from ledger.transfer
                union all
                select bucket, credit_account, 0, amount from ledger.transfer
              ) as side
              group by side.bucket, side.account
            ) as moved on moved.bucket = account.bucket and moved.account = account.id
            where account.debits is distinct from coalesce(moved.debits, 0)
              or account.credits is distinct from coalesce(moved.credits, 0)
        """),
    ),
    Invariant(
        "floored accounts are not below zero",
        text("select count(*) from ledger.account where floored"),
        text("""
            select format('account %s in bucket %s has %s', id, bucket, credits - debits)
            from ledger.account where floored and credits < debits
        """),
    ),
    Invariant(
        "members' accounts are floored",
        text("select count(*) from ledger.account where kind = 'member_available'"),
        text("""
            select format('account %s in bucket %s has no floor', id, bucket)
            from ledger.account where kind = 'member_available' and not floored
        """),
    ),
    Invariant(
        "transfers name open accounts of their bucket and unit",
        text("select count(*) from ledger.transfer"),
        text("""
            select format('posting %s, line %s', transfer.posting_id, transfer.line)
            from ledger.transfer
            left join ledger.account as debit
              on debit.bucket = transfer.bucket and debit.id = transfer.debit_account
            left join ledger.account as credit
              on credit.bucket = transfer.bucket and credit.id = transfer.credit_account
            where debit.unit is distinct from transfer.unit
              or credit.unit is distinct from transfer.unit
        """),
    ),
    Invariant(
        "partner lines equal the transfers' partner side",
        text("select count(*) from ledger.partner_line"),
        text("""
            with derived as (
              select transfer.bucket, account.party, transfer.posted_at, transfer.posting_id,
                transfer.line, account.kind, transfer.unit,
                case when account.id = transfer.debit_account then -transfer.amount
                  else transfer.amount end as amount,
                transfer.purpose, transfer.occurred_at
              from ledger.transfer
              join ledger.account on account.bucket = transfer.bucket
                and account.id in (transfer.debit_account, transfer.credit_account)
                and account.party is not null
            )
            select format('posting %s, line %s of party %s: the line is missing or differs',
              missing.posting_id, missing.line, missing.party)
            from (
              select * from derived except all
              select bucket, party, posted_at, posting_id, line, kind, unit, amount, purpose,
                occurred_at from ledger.partner_line
            ) as missing
            union all
            select format('posting %s, line %s of party %s: no transfer says so',
              extra.posting_id, extra.line, extra.party)
            from (
              select bucket, party, posted_at, posting_id, line, kind, unit, amount, purpose,
                occurred_at from ledger.partner_line
              except all select * from derived
            ) as extra
        """),
    ),
    Invariant(
        "reversals mirror what they reverse",
        text("select count(*) from ledger.transfer where reverses is not null"),
        text("""
            select format('posting %s, line %s', reversal.posting_id, reversal.line)
            from ledger.transfer as reversal
            left join ledger.transfer as original
              on original.bucket = reversal.bucket and original.posting_id = reversal.reverses
                and original.line = reversal.line
            where reversal.purpose = 'reversal' and reversal.reverses is null
              or reversal.reverses is not null and (
              original.debit_account is distinct from reversal.credit_account
              or original.credit_account is distinct from reversal.debit_account
              or original.amount is distinct from reversal.amount
              or original.unit is distinct from reversal.unit
            )
            union all
            select format('posting %s: line %s is not reversed', original.posting_id,
              original.line)
            from ledger.transfer as original
            join (select distinct reverses from ledger.transfer where reverses is not null)
              as whole on whole.reverses = original.posting_id
            where not exists (
              select from ledger.transfer as reversal
              where reversal.bucket = original.bucket
                and reversal.reverses = original.posting_id and reversal.line = original.line
            )
        """),
    ),
)
"""The ledger's invariants."""
