"""Every way the ledger can refuse a posting: the specification of ``post_many``.

Checked in this order; the first that holds is the answer. ``docs/refusals.md`` is printed
from this enum, and a test keeps it so.
"""

from enum import StrEnum
from typing import Self


class Refusal(StrEnum):
    """A named way to be refused: the code, and what it means with what to do next."""

    meaning: str

    def __new__(cls, code: str, meaning: str) -> Self:
        """Keep what the code means beside it."""
        refusal = str.__new__(cls, code)
        refusal._value_ = code
        refusal.meaning = meaning
        return refusal


class RefusedError(Exception):
    """A use case was refused; the transaction that it began in must not be committed.

    ``path`` names the input that the refusal is about, outermost first; empty: none of it.
    """

    def __init__(self, refusal: Refusal, *path: str) -> None:
        """Take the refusal and the input's path."""
        super().__init__(refusal.meaning)
        self.refusal = refusal
        self.path = path


class PostingRefusal(Refusal):
    """Why a posting or reversal was refused. Nothing of a refused posting is written."""

    AMOUNT_NOT_POSITIVE = (
        "AMOUNT_NOT_POSITIVE",
        "A transfer's amount is zero or negative. To move the other way, swap the accounts.",
    )
    AMOUNT_TOO_LARGE = (
        "AMOUNT_TOO_LARGE",
        "A transfer's amount is over 10^12. Split it.",
    )
    ACCOUNTS_MUST_DIFFER = (
        "ACCOUNTS_MUST_DIFFER",
        "A transfer debits and credits the same account.",
    )
    DEBIT_ACCOUNT_UNKNOWN = (
        "DEBIT_ACCOUNT_UNKNOWN",
        "The bucket has no account with the debit account's id. Open it first.",
    )
    CREDIT_ACCOUNT_UNKNOWN = (
        "CREDIT_ACCOUNT_UNKNOWN",
        "The bucket has no account with the credit account's id. Open it first.",
    )
    UNITS_MUST_MATCH = (
        "UNITS_MUST_MATCH",
        "The two accounts count in different units. Exchange through an account of each.",
    )
    UNIT_NOT_OF_ACCOUNTS = (
        "UNIT_NOT_OF_ACCOUNTS",
        "The transfer names another unit than its accounts count in.",
    )
    ALREADY_POSTED = (
        "ALREADY_POSTED",
        "The bucket has a posting with this id. A retry may take this for success.",
    )
    ALREADY_REVERSED = (
        "ALREADY_REVERSED",
        "The posting was reversed before; a posting is reversed once.",
    )
    BALANCE_TOO_LOW = (
        "BALANCE_TOO_LOW",
        "A floored account would fall below zero. Post less, or after a credit.",
    )
    POSTING_UNKNOWN = (
        "POSTING_UNKNOWN",
        "There is no posting with the id that is to be reversed.",
    )
    AS_OF_NOT_SETTLED = (
        "AS_OF_NOT_SETTLED",
        "A posting older than knownAt may still be open. Ask for an earlier instant, or again.",
    )
