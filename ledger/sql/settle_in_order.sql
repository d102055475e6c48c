-- Decides, posting by posting in the order given, what a set cannot decide at once: whether
-- a floored account still covers a debit after the postings before it, and whether an id was
-- taken by an earlier posting of the same call. A refused posting counts for nothing after it.
-- Called by ledger.post_many under its locks; reads balances, writes nothing.
create or replace function ledger.settle_in_order(
  ordinals int[],
  buckets smallint[],
  posting_ids uuid[],
  debit_accounts uuid[],
  credit_accounts uuid[],
  amounts bigint[],
  inout reasons text[],
  inout refused_by int[]
)
language plpgsql security definer set search_path = pg_catalog, pg_temp
-- Joins arrays to arrays, unlike its caller.
set enable_hashjoin = on
as $$
declare
  debit_slots int[];     -- per transfer: the floored account debited, as an index of available
  credit_slots int[];
  posting_slots int[];   -- per transfer: its posting id, as an index of taken
  available bigint[];    -- per floored account: what the postings so far have left
  taken boolean[];       -- per posting id: whether a posting of this call has it
  first int := 1;        -- the posting being decided is first .. last
  last int;
  size int := cardinality(ordinals);
  failed int;
begin
  with floored as (
    select account.bucket, account.id, account.credits - account.debits as balance,
      row_number() over ()::int as slot
    from ledger.account
    where account.floored and (account.bucket, account.id) in (
      select * from unnest(buckets, debit_accounts)
      union
      select * from unnest(buckets, credit_accounts)
    )
  ), placed as (
    select item.n, debit.slot as debit_slot, credit.slot as credit_slot,
      dense_rank() over (order by item.bucket, item.posting_id)::int as posting_slot
    from unnest(buckets, posting_ids, debit_accounts, credit_accounts)
      with ordinality as item (bucket, posting_id, debit_account, credit_account, n)
    left join floored as debit
      on debit.bucket = item.bucket and debit.id = item.debit_account
    left join floored as credit
      on credit.bucket = item.bucket and credit.id = item.credit_account
  )
  select
    (select array_agg(placed.debit_slot order by placed.n) from placed),
    (select array_agg(placed.credit_slot order by placed.n) from placed),
    (select array_agg(placed.posting_slot order by placed.n) from placed),
    (select array_agg(floored.balance order by floored.slot) from floored)
  into debit_slots, credit_slots, posting_slots, available;
  taken := array_fill(false, array[size]);

  while first <= size loop
    last := first;
    while last < size and ordinals[last + 1] = ordinals[first] loop
      last := last + 1;
    end loop;

    -- An id that an earlier posting took refuses the first line that nothing refuses before it.
    failed := refused_by[first];
    for i in first .. coalesce(failed, last) loop
      if reasons[i] is null and taken[posting_slots[i]] then
        reasons[i] := 'ALREADY_POSTED';
        failed := i;
        exit;
      end if;
    end loop;

    if failed is null then
      for i in first .. last loop
        if debit_slots[i] is not null then
          available[debit_slots[i]] := available[debit_slots[i]] - amounts[i];
        end if;
        if credit_slots[i] is not null then
          available[credit_slots[i]] := available[credit_slots[i]] + amounts[i];
        end if;
      end loop;
      -- The floor holds at the end of a posting, not between its transfers.
      for i in first .. last loop
        if failed is null and debit_slots[i] is not null and available[debit_slots[i]] < 0 then
          failed := i;
          reasons[i] := 'BALANCE_TOO_LOW';
        end if;
      end loop;
      for i in first .. last loop
        if failed is null then
          taken[posting_slots[i]] := true;
        else
          if debit_slots[i] is not null then
            available[debit_slots[i]] := available[debit_slots[i]] + amounts[i];
          end if;
          if credit_slots[i] is not null then
            available[credit_slots[i]] := available[credit_slots[i]] - amounts[i];
          end if;
        end if;
      end loop;
    end if;
    for i in first .. last loop
      refused_by[i] := failed;
    end loop;
    first := last + 1;
  end loop;
end
$$;
