"""What staff are refused about members and their cards, with what to do next."""

from ledger.refusals import Refusal


class MemberRefusal(Refusal):
    """Why staff could not find a member, or do something for one. Nothing was written."""

    SEARCH_UNCLEAR = (
        "SEARCH_UNCLEAR",
        "A member is found by one thing. Give exactly one of phone, email and card.",
    )
    CONTACT_UNCLEAR = (
        "CONTACT_UNCLEAR",
        "A member is enrolled by one contact. Give exactly one of phone and email.",
    )
    MEMBER_UNKNOWN = (
        "MEMBER_UNKNOWN",
        "There is no member with this id. Find them by phone, e-mail or card.",
    )
    MEMBER_BLOCKED = (
        "MEMBER_BLOCKED",
        "The member is blocked and gets no card. Unblock the member first.",
    )


class CardRefusal(Refusal):
    """Why staff could not do something with a card. Nothing was written."""

    CARD_NUMBER_INVALID = (
        "CARD_NUMBER_INVALID",
        "A card number has 16 digits, the last a check digit. Scan or type it again.",
    )
    CARD_UNKNOWN = (
        "CARD_UNKNOWN",
        "No such card was ever issued. Find the holder and take the card from their cards.",
    )
    REASON_INVALID = (
        "REASON_INVALID",
        "A reason has 1 to 200 printable characters. Write why the card is blocked.",
    )
    CARD_ALREADY_BLOCKED = (
        "CARD_ALREADY_BLOCKED",
        "The card is blocked already and stays so. Issue another if the holder has none.",
    )
    CARDS_TOO_MANY = (
        "CARDS_TOO_MANY",
        "The member has 5 cards in force. Block one, or replace it instead.",
    )
