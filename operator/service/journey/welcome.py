"""What the demo tells a newcomer: a till's credential, and a purchase to send."""

from service.journey.founding import CURRENCY, TERMINAL, Founded, till_credential
from service.journey.partners import PARTNERS
from service.keys import Keys
from service.settings import Settings

_WELCOME = """
Be a till of the supermarket. Get an access token:

  TOKEN=$(curl -s {base}/oauth/token -u '{client_id}:{secret}' \\
    -d grant_type=client_credentials | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')

Record a purchase of household {household}, who holds card {card}:

  curl -s {base}/graphql/partner -H "Authorization: Bearer $TOKEN" \\
    -H 'Content-Type: application/json' -d @- <<REQUEST
  {{"query": "mutation Buy($input: RecordPurchaseInput!) {{ recordPurchase(input: $input)
      {{ points replayed errors {{ code message path }} purchase {{ id points total {{ amount }}
      customer {{ id purchaseCount }} explanation {{ kind rate points }} }} }} }}",
   "variables": {{"input": {{"idempotencyKey": "demo-1", "receipt": {{
     "card": "{card}", "outlet": "{outlet}", "terminal": "{terminal}",
     "receiptNumber": "demo-1", "occurredAt": "$(date -u +%Y-%m-%dT%H:%M:%SZ)",
     "currency": "{currency}", "total": "12.50", "lines": [
       {{"sku": "42", "name": "Coffee", "category": "COFFEE", "quantity": "1", "amount": "9.00"}},
       {{"sku": "43", "name": "Milk", "category": "MILK", "quantity": "2", "amount": "3.50"}}]
   }}}}}}}}
  REQUEST

Stop with Ctrl-C; `make demo` goes on where it was.
"""


def welcome(founded: Founded, keys: Keys, settings: Settings) -> str:
    """Return the demo's text: credentials of the supermarket's till, and a curl that works."""
    partner = PARTNERS[-1].key
    caller = founded.callers[partner]
    credential = till_credential(keys, caller.credential_id, partner)
    household, card = next(iter(founded.cards.items()))
    return _WELCOME.format(
        base=f"http://{settings.host}:{settings.port}",
        client_id=credential.id,
        secret=credential.secret,
        household=household,
        card=card,
        outlet=founded.journey.outlets()[partner][0],
        terminal=TERMINAL,
        currency=CURRENCY,
    )
