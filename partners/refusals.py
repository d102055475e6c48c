"""Every way a purchase, a registration or a contract can be refused, with what to do next."""

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
    CURRENCY_UNKNOWN = (
        "CURRENCY_UNKNOWN",
        "The currency is no ISO 4217 code that we know. Send the contract's.",
    )
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
        "This receipt of this till and day is recorded with other content. Give another number.",
    )
    OUTLET_UNKNOWN = (
        "OUTLET_UNKNOWN",
        "You have no outlet with this code. Read your outlets, or ask the operator to register it.",
    )
    TERMINAL_UNKNOWN = (
        "TERMINAL_UNKNOWN",
        "The outlet has no terminal with this code. Ask the operator to register it.",
    )
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
    CARD_UNKNOWN = (
        "CARD_UNKNOWN",
        "No card with this number was ever issued. Scan or type it again.",
    )
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


class RegistrationRefusal(Refusal):
    """Why the register of partners, outlets, terminals and credentials was not changed."""

    CODE_INVALID = (
        "CODE_INVALID",
        "A code has 1 to 64 printable characters, as receipts name it. Choose another.",
    )
    NAME_INVALID = ("NAME_INVALID", "A name has 1 to 200 printable characters. Write it so.")
    CATEGORY_INVALID = (
        "CATEGORY_INVALID",
        "A category has 1 to 200 printable characters. Write it so.",
    )
    ADDRESS_INVALID = (
        "ADDRESS_INVALID",
        "An address has 1 to 500 printable characters, in one line. Leave it out if there is none.",
    )
    LABEL_INVALID = (
        "LABEL_INVALID",
        "A label has 1 to 200 printable characters. Tell which system will use the credential.",
    )
    TOO_MANY_OUTLETS = (
        "TOO_MANY_OUTLETS",
        "Over 1,000 outlets at once; none was opened. Send them in parts.",
    )
    TOO_MANY_TERMINALS = (
        "TOO_MANY_TERMINALS",
        "Over 100 terminals of an outlet at once; nothing was registered. Send them in parts.",
    )
    PARTNER_UNKNOWN = ("PARTNER_UNKNOWN", "No partner has this id. Read the partners.")
    OUTLET_UNKNOWN = ("OUTLET_UNKNOWN", "No outlet has this id. Read the partner's outlets.")
    CREDENTIAL_UNKNOWN = (
        "CREDENTIAL_UNKNOWN",
        "No credential has this id. Read the partner's credentials.",
    )
    PARTNER_CODE_TAKEN = (
        "PARTNER_CODE_TAKEN",
        "A partner with this code takes part already. Choose another code.",
    )
    OUTLET_CODE_TAKEN = (
        "OUTLET_CODE_TAKEN",
        "The partner has an outlet with this code, or the request names it twice. Choose another.",
    )
    TERMINAL_CODE_TAKEN = (
        "TERMINAL_CODE_TAKEN",
        "The outlet has a terminal with this code, or the request names it twice. Choose another.",
    )


class ContractRefusal(Refusal):
    """Why a contract was not agreed, changed or ended. First the terms, then the period."""

    CURRENCY_UNKNOWN = (
        "CURRENCY_UNKNOWN",
        "The currency is no ISO 4217 code that we know. Send one such as EUR.",
    )
    RATE_INVALID = (
        "RATE_INVALID",
        "Points per unit of money are 0 to 1,000,000, with at most 12 decimal places."
        " Send such a rate.",
    )
    TOO_MANY_CATEGORIES = (
        "TOO_MANY_CATEGORIES",
        "A contract names at most 1,000 excluded and 1,000 multiplied categories. Name fewer.",
    )
    CATEGORY_TWICE = (
        "CATEGORY_TWICE",
        "The category has a multiplier already. Give it one.",
    )
    MULTIPLIER_INVALID = (
        "MULTIPLIER_INVALID",
        "A multiplier is 0 to 1,000, with at most 12 decimal places. Send such a number.",
    )
    REDEEM_VALUE_INVALID = (
        "REDEEM_VALUE_INVALID",
        "A point is worth 0 to 1,000,000 minor units, with at most 12 decimal places."
        " Send such a value.",
    )
    REDEEM_STEP_INVALID = (
        "REDEEM_STEP_INVALID",
        "Points are paid in steps of 1 to 10^9. Take 1 to leave the amount free.",
    )
    REDEEM_BALANCE_INVALID = (
        "REDEEM_BALANCE_INVALID",
        "The least balance to pay with is 0 to 10^9 points. Take 0 for none.",
    )
    REDEEM_SHARE_INVALID = (
        "REDEEM_SHARE_INVALID",
        "The greatest share of a receipt is 0 to 1, with at most 12 decimal places."
        " Take 1 for no limit.",
    )
    PRICE_INVALID = (
        "PRICE_INVALID",
        "The price of a point is 0 to 1,000,000 minor units, with at most 12 decimal places."
        " Send such a price.",
    )
    ACCEPTANCE_INVALID = (
        "ACCEPTANCE_INVALID",
        "Purchases are accepted for 0 to 36,500 days. Send a number of days within.",
    )
    PERIOD_INVALID = (
        "PERIOD_INVALID",
        "A period begins before it ends, in the years 2000 to 2199."
        " Send other instants, or leave one out.",
    )
    CONTRACT_UNKNOWN = (
        "CONTRACT_UNKNOWN",
        "No contract has this id. Read the partner's contracts.",
    )
    CONTRACT_NOT_OPEN = (
        "CONTRACT_NOT_OPEN",
        "The contract has an end, perhaps since a moment ago. Read the partner's contracts, and"
        " change the open one or agree another.",
    )
    CONTRACT_BEGINS_LATER = (
        "CONTRACT_BEGINS_LATER",
        "The contract begins at this instant or later. Choose an instant after its beginning.",
    )
    CONTRACT_CHANGE_TOO_SOON = (
        "CONTRACT_CHANGE_TOO_SOON",
        "A contract ends or changes ten minutes from now at the earliest: tills may have priced"
        " purchases by it. Choose a later instant.",
    )
    CONTRACT_OVERLAPS = (
        "CONTRACT_OVERLAPS",
        "The partner has a contract in force during part of the period. Change that one, or begin"
        " when it ends.",
    )
