"""What the demo tells a newcomer: log-ins, the pages to open, and a purchase to send."""

from service.graphiql import Samples
from service.journey.founding import CURRENCY, TERMINAL, Founded, till_credential
from service.journey.partners import PARTNERS
from service.journey.people import OPERATOR, employee, member_phone, partner_email
from service.keys import Keys
from service.settings import Settings

_WELCOME = """
Open in a browser

  member's site       {base}/en/ or {base}/ru/
                      log in by {phone}; the code appears here, below
  operator's door     {base}/graphql/operator
                      {operator.email}  {operator.password}
  partner's door      {base}/graphql/partner
                      {staff.email}  {staff.password}
                      or as its till: {client_id}
                      {secret}
  member's door       {base}/graphql/member
                      {phone} and a code

Be a till of the supermarket. Paste this to get an access token:

TOKEN=$(curl -s {base}/oauth/token -u '{client_id}:{secret}' \\
  -d grant_type=client_credentials | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')

Record a purchase of household {household}, who holds card {card}:

SALE=demo-$(date +%s); curl -s {base}/graphql/partner \\
  -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{{
  "query": "{mutation}",
  "variables": {{"input": {{"idempotencyKey": "'$SALE'", "receipt": {{
    "card": "{card}", "outlet": "{outlet}", "terminal": "{terminal}",
    "receiptNumber": "'$SALE'", "occurredAt": "'$(date -u +%Y-%m-%dT%H:%M:%SZ)'",
    "currency": "{currency}", "total": "12.50", "lines": [
      {{"sku": "42", "name": "Coffee", "category": "COFFEE", "quantity": "1", "amount": "9.00"}},
      {{"sku": "43", "name": "Milk", "category": "MILK", "quantity": "2", "amount": "3.50"}}
    ]}}}}}}}}'

See it among the purchases:

curl -s {base}/graphql/partner \\
  -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{{
  "query": "{query}"}}'

Stop with Ctrl-C; `make demo` goes on where it was.
"""

_MUTATION = (
    "mutation Buy($input: RecordPurchaseInput!) { recordPurchase(input: $input)"
    " { points replayed errors { code message path }"
    " purchase { id total { amount currency } customer { id purchaseCount }"
    " explanation { kind category rate points } } } }"
)

_QUERY = (
    "{ purchases(first: 1) { edges { node { receiptNumber occurredAt points"
    " lines { name points } customer { id purchaseCount lastVisit } } } } }"
)


def sample_member(founded: Founded) -> tuple[int, str]:
    """Return the household that the demo's texts speak of, and its card."""
    return next(iter(founded.cards.items()))


def samples(founded: Founded) -> Samples:
    """Return what the examples at the doors' pages name, and whom to log in as."""
    partner = PARTNERS[-1].key
    household, card = sample_member(founded)
    return Samples(
        card=card,
        outlet=founded.journey.outlets()[partner][0],
        terminal=TERMINAL,
        log_ins={
            "operator": OPERATOR,
            "partner": str(founded.callers[partner].credential_id),
            "member": member_phone(household),
        },
    )


def welcome(founded: Founded, keys: Keys, settings: Settings) -> str:
    """Return the demo's text: credentials of the supermarket's till, and a curl that works."""
    partner = PARTNERS[-1].key
    caller = founded.callers[partner]
    credential = till_credential(keys, caller.credential_id, partner)
    household, card = sample_member(founded)
    return _WELCOME.format(
        base=f"http://{settings.host}:{settings.port}",
        phone=member_phone(household),
        operator=employee(keys, OPERATOR),
        staff=employee(keys, partner_email(partner)),
        client_id=credential.id,
        secret=credential.secret,
        household=household,
        card=card,
        outlet=founded.journey.outlets()[partner][0],
        terminal=TERMINAL,
        currency=CURRENCY,
        mutation=_MUTATION,
        query=_QUERY,
    )
