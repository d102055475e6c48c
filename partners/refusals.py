"""Every way a partner's purchase can be refused, with what the till can do next."""

from ledger.refusals import Refusal


class PurchaseRefusal(Refusal):
    """Why a purchase was not recorded. Nothing of it is written but the refusal under its key.

    What is stored under the key comes first: another content is IDEMPOTENCY_CONFLICT, whatever
    its form. Then the codes from the top: the form, the receipt, what the coalition knows.
    """

    KEY_INVALID = (
        "KEY_INVALID",
        "The idempotency key must be 1 to 200 printable characters. Send a fresh random one.",
    )
    CARD_NUMBER_INVALID = (
        "CARD_NUMBER_INVALID",
        "A card number has 16 digits, the last a check digit. Scan or type it again.",
    )
    TEXT_INVALID = (
        "TEXT_INVALID",
        "The text is empty, too long or has control characters.",
    )
    BUSINESS_DATE_INVALID = (
        "BUSINESS_DATE_INVALID",
        "The business date is over a day away from the date of occurredAt.",
    )
    LINES_MISSING = ("LINES_MISSING", "A receipt has at least one line.")
    TOO_MANY_LINES = ("TOO_MANY_LINES", "A receipt has at most 1,000 lines.")
    TOO_MANY_TENDERS = ("TOO_MANY_TENDERS", "A receipt has at most 20 tenders.")
    AMOUNT_NEGATIVE = (
        "AMOUNT_NEGATIVE",
        "An amount is negative. Goods that were brought back are a return, not a purchase.",
    )
    AMOUNT_TOO_LARGE = (
        "AMOUNT_TOO_LARGE",
        "An amount is over 10^12 minor units (kopecks, cents).",
    )
    QUANTITY_INVALID = (
        "QUANTITY_INVALID",
        "A quantity is 0 to 10^9 with at most 6 decimal places.",
    )
    CURRENCY_UNKNOWN = ("CURRENCY_UNKNOWN", "The currency is no ISO 4217 code that we know.")
    AMOUNT_NOT_OF_CURRENCY = (
        "AMOUNT_NOT_OF_CURRENCY",
        "An amount has more decimal places than its currency.",
    )
    TOTAL_ZERO = ("TOTAL_ZERO", "The receipt's total is zero; nothing can be earned on it.")
    LINES_DO_NOT_SUM = ("LINES_DO_NOT_SUM", "The lines' amounts don't sum to the total.")
    TENDERS_DO_NOT_SUM = ("TENDERS_DO_NOT_SUM", "The tenders' amounts don't sum to the total.")
    CREDENTIAL_REVOKED = (
        "CREDENTIAL_REVOKED",
        "The credential is revoked or its partner suspended. Ask the operator.",
    )
    IDEMPOTENCY_CONFLICT = (
        "IDEMPOTENCY_CONFLICT",
        "The key was used before with other content. Send new content under a new key.",
    )
    RECEIPT_CONFLICT = (
        "RECEIPT_CONFLICT",
        "This receipt of this till and day is recorded with other content.",
    )
    OUTLET_UNKNOWN = ("OUTLET_UNKNOWN", "You have no outlet with this code.")
    TERMINAL_UNKNOWN = ("TERMINAL_UNKNOWN", "The outlet has no terminal with this code.")
    OCCURRED_IN_FUTURE = (
        "OCCURRED_IN_FUTURE",
        "The purchase lies over five minutes ahead. Set the till's clock and offset right.",
    )
    TOO_LATE = (
        "TOO_LATE",
        "The purchase is older than the contract's acceptance window.",
    )
    NO_CONTRACT = ("NO_CONTRACT", "You had no contract in force when the purchase occurred.")
    CURRENCY_NOT_OF_CONTRACT = (
        "CURRENCY_NOT_OF_CONTRACT",
        "The contract that was in force is in another currency.",
    )
    CARD_UNKNOWN = ("CARD_UNKNOWN", "No card with this number was ever issued.")
    CARD_NOT_YET_VALID = (
        "CARD_NOT_YET_VALID",
        "The card was issued after the purchase occurred.",
    )
    CARD_BLOCKED = ("CARD_BLOCKED", "The card was blocked when the purchase occurred.")
    MEMBER_BLOCKED = ("MEMBER_BLOCKED", "The card's holder can't take part at present.")
    POINTS_TOO_MANY = (
        "POINTS_TOO_MANY",
        "The purchase would earn over 10^12 points. Ask the operator about the contract's rates.",
    )
