"""The page that lists every refusal, printed from the enums that the code answers with."""

from coalition.members import EnrolmentRefusal
from ledger.refusals import PostingRefusal, Refusal
from partners.refusals import PurchaseRefusal
from schema.partner.refusals import DoorRefusal

_TABLES: tuple[tuple[str, str, type[Refusal]], ...] = (
    ("Purchases", "`recordPurchase`, `recordPurchases`, `quotePurchase`", PurchaseRefusal),
    ("The door", "every mutation and quote at `/graphql/partner`", DoorRefusal),
    ("Enrolment", "`coalition.members.enrol`", EnrolmentRefusal),
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
