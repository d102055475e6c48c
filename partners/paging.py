"""Pages of many owners' lists in one statement, so that a list of lists costs one read."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Uuid, func, literal, select, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.selectable import LateralFromClause


def page_of_each(
    page: Select[Any],
    owner: ColumnElement[UUID],
    owners: Sequence[UUID],
    order: Callable[[LateralFromClause], ColumnElement[Any]],
) -> Select[Any]:
    """Return the rows of ``page``, which is ordered and limited, for each of the owners.

    ``owner`` is the column that names a row's owner; ``order`` gives the page's order again.
    """
    wanted = func.unnest(literal(list(owners), ARRAY(Uuid))).table_valued("owner").render_derived()
    rows = page.where(owner == wanted.c.owner).lateral("page")
    return select(rows).select_from(wanted.join(rows, true())).order_by(order(rows))
