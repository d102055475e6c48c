"""The page that lists every refusal, printed from the enums that the code answers with."""

from coalition.card_lookup import CardLookupRefusal
from coalition.consents import ConsentRefusal
from coalition.identity.codes import CodeRefusal
from coalition.identity.staff import StaffRefusal
from coalition.members import EnrolmentRefusal
from coalition.programme.settings import ProgrammeRefusal
from coalition.refusals import CardRefusal, MemberRefusal
from ledger.refusals import PostingRefusal, Refusal
from partners.refusals import ContractRefusal, PurchaseRefusal, RegistrationRefusal
from partners.totals import TotalsRefusal
from schema.operator.refusals import DoorRefusal as OperatorDoorRefusal
from schema.partner.refusals import DoorRefusal
from service.identity import LogInRefusal

_PARTNERS = "`/graphql/partner`"
_OPERATORS = "`/graphql/operator`"
_MEMBERS = "`/graphql/member`"
_LOG_IN = "`/auth/...` and the member site"

_TABLES: tuple[tuple[str, str, type[Refusal]], ...] = (
    (
        "Purchases",
        f"`recordPurchase`, `recordPurchases`, `quotePurchase` at {_PARTNERS}",
        PurchaseRefusal,
    ),
    ("Cards at a till", f"`card` at {_PARTNERS}", CardLookupRefusal),
    ("The partner's door", f"every mutation, quote and scan at {_PARTNERS}", DoorRefusal),
    ("Partners, outlets, credentials", _OPERATORS, RegistrationRefusal),
    ("Contracts", _OPERATORS, ContractRefusal),
    ("Staff", f"{_OPERATORS}, `/auth/password`", StaffRefusal),
    ("The programme", _OPERATORS, ProgrammeRefusal),
    ("Enrolment", f"{_OPERATORS}, {_LOG_IN}", EnrolmentRefusal),
    ("Members", _OPERATORS, MemberRefusal),
    ("Cards", _OPERATORS, CardRefusal),
    ("Totals", _OPERATORS, TotalsRefusal),
    ("The operator's door", _OPERATORS, OperatorDoorRefusal),
    ("Consents", _MEMBERS, ConsentRefusal),
    ("One-time codes", _LOG_IN, CodeRefusal),
    ("Log-in", _LOG_IN, LogInRefusal),
    ("Postings", "`ledger.posting`, `ledger.statements`", PostingRefusal),
)


def refusals_page() -> str:
    """Return the page as Markdown: a table per enum, in the order in which they are checked."""
    parts = [
        "# Refusals",
        "",
        "Printed by `coalition schema export` from the code. The first that holds is the answer;"
        " nothing of what was refused is written.",
    ]
    for title, where, refusals in _TABLES:
        parts += [
            "",
            f"## {title}",
            "",
            where,
            "",
            "| code | meaning, and what to do |",
            "|---|---|",
        ]
        parts += [f"| `{refusal}` | {refusal.meaning} |" for refusal in refusals]
    return "\n".join(parts) + "\n"
