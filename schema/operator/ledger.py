"""The ledger as staff audit it: accounts, postings, and the trial balance at past instants."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from ledger import records, statements
from ledger.posting import Refused
from partners.refusals import RegistrationRefusal
from schema.fields import resolved
from schema.opaque import ACCOUNT, PARTNER, POSTING
from schema.operator.context import Info
from schema.operator.holdings import Account, Posting, load_account, load_posting
from schema.operator.kinds import AccountKind
from schema.operator.partners import Partner, partner
from schema.operator.refusals import DoorRefusal, Refusal, refusal
from schema.scalars import Points

_AMOUNT = "in the unit: points, or minor units of a currency (kopecks, cents)"

EffectiveAt = Annotated[
    datetime | None,
    strawberry.argument(description="Only what occurred up to this instant; now unless given."),
]
KnownAt = Annotated[
    datetime | None,
    strawberry.argument(
        description="Only what the ledger knew at this instant; unless given, the latest at which"
        " nothing is still open."
    ),
]


@strawberry.type(description="Debits and credits of accounts that are alike, together.")
class SummedAccounts:
    """Accounts of one kind and unit."""

    kind: AccountKind = strawberry.field(description="Whose side they stand on.")
    unit: str = strawberry.field(description="POINT, or the ISO 4217 code of a currency.")
    debits: Points = strawberry.field(description=f"All that left them, {_AMOUNT}.")
    credits: Points = strawberry.field(description=f"All that came to them, {_AMOUNT}.")
    balance: Points = strawberry.field(description=f"Credits less debits, {_AMOUNT}.")


@strawberry.type(description="A partner's accounts of one kind and unit, of all buckets together.")
class PartnerAccounts(SummedAccounts):
    """What a partner has in the ledger."""


@strawberry.type(description="All accounts of one kind and unit, and of one partner if any.")
class TrialBalanceRow(SummedAccounts):
    """A row of the trial balance."""

    party: strawberry.Private[UUID | None]

    @resolved("The partner whose accounts they are; null when they are none's.")
    async def partner(self, info: Info) -> Partner | None:
        """Load the partner."""
        if self.party is None:
            return None
        found = await info.context.loaders.partners.load(self.party)
        return None if found is None else partner(found)


@strawberry.type(description="The ledger at a pair of instants. For the pair it never changes.")
class TrialBalancePayload:
    """The trial balance, or why it can't be told."""

    effective_at: datetime | None = strawberry.field(
        description="The instant up to which things occurred; null when refused."
    )
    known_at: datetime | None = strawberry.field(
        description="The instant up to which the ledger knew of them; null when refused."
    )
    rows: list[TrialBalanceRow] = strawberry.field(
        description="In each unit the debits equal the credits. Empty when refused."
    )
    errors: list[Refusal] = strawberry.field(description="Why it was refused; else empty.")


@strawberry.type(description="An account's balance at a pair of instants; it never changes.")
class BalancePayload:
    """A balance, or why it can't be told."""

    effective_at: datetime | None = strawberry.field(
        description="The instant up to which things occurred; null when refused."
    )
    known_at: datetime | None = strawberry.field(
        description="The instant up to which the ledger knew of them; null when refused."
    )
    balance: Points | None = strawberry.field(
        description=f"Credits less debits, {_AMOUNT}. Null when refused."
    )
    errors: list[Refusal] = strawberry.field(description="Why it was refused; else empty.")


@strawberry.type(description="A partner's accounts, or why they can't be told.")
class PartnerAccountsPayload:
    """A partner's side of the ledger."""

    accounts: list[PartnerAccounts] = strawberry.field(
        description="As they stand now, a row for each kind and unit. Empty when refused."
    )
    errors: list[Refusal] = strawberry.field(description="Why it was refused; else empty.")


@strawberry.type
class LedgerQuery:
    """What the door tells of the ledger."""

    @resolved("The account with this id; null for any other text.")
    async def account(
        self,
        info: Info,
        id: Annotated[  # noqa: A002 Relay's name
            strawberry.ID, strawberry.argument(description="The account's id.")
        ],
    ) -> Account | None:
        """Find an account."""
        key = ACCOUNT.unseal(id)
        return None if key is None else await load_account(info.context, key)

    @resolved("The posting with this id; null for any other text.")
    async def posting(
        self,
        info: Info,
        id: Annotated[  # noqa: A002
            strawberry.ID, strawberry.argument(description="The posting's id.")
        ],
    ) -> Posting | None:
        """Find a posting."""
        posting_id = POSTING.unseal(id)
        return None if posting_id is None else await load_posting(info.context, posting_id)

    @resolved("A partner's accounts as they stand, each kind summed over all buckets.")
    async def partner_accounts(
        self,
        info: Info,
        partner_id: Annotated[strawberry.ID, strawberry.argument(description="The partner's id.")],
    ) -> PartnerAccountsPayload:
        """Sum a partner's accounts."""
        party = PARTNER.unseal(partner_id)
        if party is None or await info.context.loaders.partners.load(party) is None:
            unknown = refusal(RegistrationRefusal.PARTNER_UNKNOWN, "partnerId")
            return PartnerAccountsPayload(accounts=[], errors=[unknown])
        async with info.context.reading() as reader:
            found = await records.accounts_of_party(reader, party)
        return PartnerAccountsPayload(
            accounts=[PartnerAccounts(**_summed(each)) for each in found], errors=[]
        )

    @resolved(
        "Debits and credits of all accounts at a pair of instants, by kind, unit and partner. It"
        " sums every transfer: for audits, not for dashboards."
    )
    async def trial_balance(
        self, info: Info, effective_at: EffectiveAt = None, known_at: KnownAt = None
    ) -> TrialBalancePayload:
        """Draw up the trial balance."""
        async with info.context.reading() as reader:
            at = await statements.as_of(reader, effective_at, known_at)
            if isinstance(at, Refused):
                return TrialBalancePayload(
                    effective_at=None, known_at=None, rows=[], errors=[_unsettled(at)]
                )
            rows = await statements.trial_balance(reader, at)
        return TrialBalancePayload(
            effective_at=at.effective_at,
            known_at=at.known_at,
            rows=[TrialBalanceRow(**_summed(each), party=each.party) for each in rows],
            errors=[],
        )

    @resolved(
        "The balance of an account at a pair of instants, from its transfers. An account that"
        " isn't has none."
    )
    async def balance_as_of(
        self,
        info: Info,
        account_id: Annotated[strawberry.ID, strawberry.argument(description="The account's id.")],
        effective_at: EffectiveAt = None,
        known_at: KnownAt = None,
    ) -> BalancePayload:
        """Sum an account's transfers."""
        key = ACCOUNT.unseal(account_id)
        if key is None or await info.context.loaders.accounts.load(key) is None:
            unknown = refusal(DoorRefusal.ACCOUNT_UNKNOWN, "accountId")
            return BalancePayload(effective_at=None, known_at=None, balance=None, errors=[unknown])
        async with info.context.reading() as reader:
            at = await statements.as_of(reader, effective_at, known_at)
            if isinstance(at, Refused):
                return BalancePayload(
                    effective_at=None, known_at=None, balance=None, errors=[_unsettled(at)]
                )
            stood = await statements.balance_as_of(reader, *key, at)
        return BalancePayload(
            effective_at=at.effective_at, known_at=at.known_at, balance=Points(stood), errors=[]
        )


def _unsettled(refused: Refused) -> Refusal:
    return refusal(refused.refusal, "knownAt")


def _summed(row: records.PartyAccount | statements.TrialBalanceRow) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "unit": row.unit,
        "debits": Points(row.debits),
        "credits": Points(row.credits),
        "balance": Points(row.credits - row.debits),
    }
