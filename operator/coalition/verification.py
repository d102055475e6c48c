"""What must hold between members, cards, purchases and the ledger, proved from raw rows."""

from sqlalchemy import text

from ledger.verification import Invariant

INVARIANTS = (
    Invariant(
        "members' rollups equal their purchases",
        text("select count(*) from coalition.member_rollup"),
        text("""
            select format('member %s, %s: has %s for %s; purchases say %s for %s',
              coalesce(rollup.member_id, raw.member_id), coalesce(rollup.currency, raw.currency),
              rollup.purchases, rollup.amount, raw.purchases, raw.amount)
            from coalition.member_rollup as rollup
            full join (
              select bucket, member_id, currency, count(*) as purchases, sum(amount) as amount,
                sum(points) as points, min(business_date) as first_date,
                max(business_date) as last_date
              from partners.purchase group by bucket, member_id, currency
            ) as raw on raw.bucket = rollup.bucket and raw.member_id = rollup.member_id
              and raw.currency = rollup.currency
            where (rollup.purchases, rollup.amount, rollup.points, rollup.first_date,
                rollup.last_date)
              is distinct from (raw.purchases, raw.amount, raw.points, raw.first_date,
                raw.last_date)
        """),
    ),
    Invariant(
        "every accrual is a purchase's, from its partner to its member",
        text("select count(*) from ledger.transfer where purpose = 'accrual'"),
        text("""
            with owed as (
              select purchase.bucket, purchase.id, partner.issued_account,
                member_account.account_id, purchase.points, purchase.occurred_at,
                purchase.recorded_at
              from partners.purchase
              join partners.partner on partner.id = purchase.partner_id
              left join coalition.member_account
                on member_account.bucket = purchase.bucket
                  and member_account.member_id = purchase.member_id
                  and member_account.kind = 'member_available'
              where purchase.points > 0
            ), posted as (
              select bucket, posting_id, debit_account, credit_account, amount, occurred_at,
                posted_at
              from ledger.transfer where purpose = 'accrual'
            )
            select format('purchase %s: %s points have no such posting', missing.id,
              missing.points)
            from (select * from owed except all select * from posted) as missing
            union all
            select format('posting %s: no purchase says so', extra.posting_id)
            from (select * from posted except all select * from owed) as extra
        """),
    ),
    Invariant(
        "every member has an open points account",
        text("select count(*) from coalition.member"),
        text("""
            select format('member %s', member.id)
            from coalition.member
            left join coalition.member_account as link
              on link.bucket = member.bucket and link.member_id = member.id
                and link.kind = 'member_available'
            left join ledger.account
              on account.bucket = link.bucket and account.id = link.account_id
                and account.kind = link.kind and account.party is null
            where account.id is null
        """),
    ),
    Invariant(
        "every card number leads to its card and back",
        text("select count(*) from coalition.card_number"),
        text("""
            select format('card %s', coalesce(card.id, card_number.card_id))
            from coalition.card
            full join coalition.card_number
              on card_number.bucket = card.bucket and card_number.card_id = card.id
            where card.number is distinct from card_number.number
        """),
    ),
    Invariant(
        "a replaced card is blocked, and its holder has the other",
        text("select count(*) from coalition.card where replaced_by is not null"),
        text("""
            select format('card %s', card.id)
            from coalition.card
            left join coalition.card as other
              on other.bucket = card.bucket and other.id = card.replaced_by
            where card.replaced_by is not null
              and (card.blocked_at is null or other.member_id is distinct from card.member_id)
        """),
    ),
    Invariant(
        "every look-up of a card is of a till of its partner",
        text("select count(*) from coalition.card_lookup"),
        text("""
            select format('look-up %s of partner %s', lookup.id, lookup.partner_id)
            from coalition.card_lookup as lookup
            left join partners.terminal
              on terminal.id = lookup.terminal_id and terminal.partner_id = lookup.partner_id
            where terminal.id is null
        """),
    ),
    Invariant(
        "every contact leads to a member",
        text("select count(*) from coalition.contact"),
        text("""
            select format('a contact of member %s', contact.member_id)
            from coalition.contact
            left join coalition.member
              on member.bucket = contact.bucket and member.id = contact.member_id
            where member.id is null
        """),
    ),
)
"""The coalition's invariants."""
