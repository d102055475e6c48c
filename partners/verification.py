"""What must hold between the partners' rows, proved again from the raw ones."""

from sqlalchemy import text

from ledger.verification import Invariant

INVARIANTS = (
    Invariant(
        "lines sum to their purchase",
        text("select count(*) from partners.purchase"),
        text("""
            select format('purchase %s: amount %s, points %s; lines say %s, %s',
              coalesce(purchase.id, lines.purchase_id), purchase.amount, purchase.points,
              lines.amount, lines.points)
            from partners.purchase
            full join (
              select bucket, purchase_id, sum(amount) as amount, sum(points) as points
              from partners.purchase_line group by bucket, purchase_id
            ) as lines on lines.bucket = purchase.bucket and lines.purchase_id = purchase.id
            where purchase.amount is distinct from lines.amount
              or purchase.points is distinct from lines.points
        """),
    ),
    Invariant(
        "purchases earned what their contract and lines say",
        text("select count(*) from partners.purchase"),
        text("""
            with priced as (
              select line.bucket, line.purchase_id, contract.rounding,
                sum(line.amount * contract.points_per_unit * case
                  when line.category = any (contract.excluded_categories) then 0
                  else coalesce((contract.category_multipliers ->> line.category)::numeric, 1)
                end) * case
                  when contract.currency in ('JPY', 'KRW') then 1
                  when contract.currency in ('BHD', 'KWD') then 0.001
                  else 0.01
                end as exact
              from partners.purchase_line as line
              join partners.purchase
                on purchase.bucket = line.bucket and purchase.id = line.purchase_id
              join partners.contract on contract.id = purchase.contract_id
              group by line.bucket, line.purchase_id, contract.rounding, contract.currency
            )
            select format('purchase %s has %s points for %s', purchase.id, purchase.points,
              priced.exact)
            from partners.purchase
            join priced
              on priced.bucket = purchase.bucket and priced.purchase_id = purchase.id
            where purchase.points <> case priced.rounding
              when 'down' then floor(priced.exact)
              when 'up' then ceil(priced.exact)
              when 'half_up' then floor(priced.exact + 0.5)
              else floor(priced.exact + 0.5) - case
                when priced.exact - floor(priced.exact) = 0.5
                  and mod(floor(priced.exact), 2) = 0 then 1 else 0 end
            end
        """),
    ),
    Invariant(
        "lines are of their purchase's partner",
        text("select count(*) from partners.purchase_line"),
        text("""
            select format('purchase %s, line %s', line.purchase_id, line.line)
            from partners.purchase_line as line
            join partners.purchase
              on purchase.bucket = line.bucket and purchase.id = line.purchase_id
            where purchase.partner_id <> line.partner_id
        """),
    ),
    Invariant(
        "customers' rollups equal their purchases",
        text("select count(*) from partners.customer"),
        text("""
            select format('customer %s of partner %s, %s: has %s for %s; purchases say %s for %s',
              coalesce(customer.customer_id, raw.customer_id),
              coalesce(customer.partner_id, raw.partner_id),
              coalesce(customer.currency, raw.currency), customer.purchases, customer.amount,
              raw.purchases, raw.amount)
            from partners.customer
            full join (
              select bucket, member_id, partner_id, currency, customer_id,
                count(*) as purchases, sum(amount) as amount, sum(points) as points,
                min(business_date) as first_date, max(business_date) as last_date
              from partners.purchase
              group by bucket, member_id, partner_id, currency, customer_id
            ) as raw on raw.bucket = customer.bucket and raw.member_id = customer.member_id
              and raw.partner_id = customer.partner_id and raw.currency = customer.currency
            where (customer.customer_id, customer.purchases, customer.amount, customer.points,
                customer.first_date, customer.last_date)
              is distinct from (raw.customer_id, raw.purchases, raw.amount, raw.points,
                raw.first_date, raw.last_date)
        """),
    ),
    Invariant(
        "customers' ids are their partner's keyed hash",
        text("select count(*) from partners.customer"),
        text("""
            select format('customer %s of partner %s', customer_id, partner_id)
            from partners.customer
            where customer_id is distinct from partners.customer_id(partner_id, member_id)
        """),
    ),
    Invariant(
        "every purchase has its receipt and every receipt its purchase",
        text("select count(*) from partners.receipt"),
        text("""
            select format('receipt %s of %s, purchase %s',
              coalesce(receipt.number, purchase.number),
              coalesce(receipt.business_date, purchase.business_date),
              coalesce(receipt.purchase_id, purchase.id))
            from partners.receipt
            full join partners.purchase
              on purchase.bucket = receipt.bucket and purchase.id = receipt.purchase_id
            left join partners.outlet on outlet.id = purchase.outlet_id
            left join partners.terminal on terminal.id = purchase.terminal_id
            where (purchase.partner_id, outlet.code, terminal.code, purchase.number,
                purchase.business_date)
              is distinct from (receipt.partner_id, receipt.outlet, receipt.terminal,
                receipt.number, receipt.business_date)
        """),
    ),
    Invariant(
        "every key leads to one outcome",
        text("select count(*) from partners.idempotency"),
        text("""
            select format('key %s of partner %s', stored.key, stored.partner_id)
            from partners.idempotency as stored
            left join partners.purchase
              on purchase.bucket = stored.bucket and purchase.id = stored.purchase_id
                and purchase.partner_id = stored.partner_id
            where (stored.refusal is null) <> (purchase.id is not null)
        """),
    ),
    Invariant(
        "every purchase has the key that it was recorded under",
        text("select count(*) from partners.purchase"),
        text("""
            select format('purchase %s of partner %s', purchase.id, purchase.partner_id)
            from partners.purchase
            where not exists (
              select from partners.idempotency as stored
              where stored.partner_id = purchase.partner_id
                and stored.purchase_id = purchase.id and stored.refusal is null
            )
        """),
    ),
    Invariant(
        "purchases name outlets, terminals and contracts of their partner",
        text("select count(*) from partners.purchase"),
        text("""
            select format('purchase %s', purchase.id)
            from partners.purchase
            left join partners.outlet
              on outlet.id = purchase.outlet_id and outlet.partner_id = purchase.partner_id
            left join partners.terminal
              on terminal.id = purchase.terminal_id and terminal.outlet_id = outlet.id
                and terminal.partner_id = outlet.partner_id
            left join partners.contract
              on contract.id = purchase.contract_id
                and contract.partner_id = purchase.partner_id
                and contract.currency = purchase.currency
                and contract.period @> purchase.occurred_at
            where outlet.id is null or terminal.id is null or contract.id is null
        """),
    ),
    Invariant(
        "partners have their points accounts in every bucket",
        text("select 2 * 1024 * count(*) from partners.partner"),
        text("""
            select format('partner %s, bucket %s, %s', partner.code, place, wanted.kind)
            from partners.partner
            cross join generate_series(0, 1023) as place
            cross join lateral (values
              (partner.issued_account, 'partner_issued'::ledger.account_kind),
              (partner.redeemed_account, 'partner_redeemed')
            ) as wanted (id, kind)
            left join ledger.account
              on account.bucket = place::smallint and account.id = wanted.id
            where account.kind is distinct from wanted.kind
              or account.party is distinct from partner.id
        """),
    ),
)
"""The partners' invariants."""
