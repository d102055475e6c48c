"""No SQL is built from strings: row policies guard against forgetting, this against injecting."""

import ast
import re

import pytest

from tests.house.source import calls, modules

TAKES_SQL = {
    "text", "execute", "executemany", "exec_driver_sql", "scalar", "scalars", "stream",
    "literal_column", "TextClause", "SQL",
}  # fmt: skip
SQL_ARGUMENTS = {"statement", "text", "query", "sql", "obj"}

ALLOWED = {
    # `set local` takes no parameters; ids are UUIDs by their type.
    ("operator/service/database/transactions.py", "exec_driver_sql", "partner_id"),
    ("operator/service/database/transactions.py", "exec_driver_sql", "holder.member_id"),
    ("operator/service/database/transactions.py", "exec_driver_sql", "listed"),
}


def _built(node: ast.expr, assigned: dict[str, list[ast.expr]]) -> set[str]:
    """The names that a string is built with; nothing for a constant one."""
    match node:
        case ast.JoinedStr(values=values):
            parts = [value.value for value in values if isinstance(value, ast.FormattedValue)]
            return {ast.unparse(part) for part in parts}
        case ast.BinOp(op=ast.Add() | ast.Mod()):
            sides = (node.left, node.right)
            return set[str]().union(*(_built(side, assigned) or _unknown(side) for side in sides))
        case ast.Call(func=ast.Attribute(attr="format" | "join" | "replace", value=value)) if not (
            isinstance(value, ast.Call) and ast.unparse(value.func).split(".")[-1] == "SQL"
        ):
            return {ast.unparse(node)}
        case ast.Name(id=name):
            return set[str]().union(*(_built(each, {}) for each in assigned.get(name, [])))
    return set()


def _unknown(node: ast.expr) -> set[str]:
    return set() if isinstance(node, ast.Constant) else {ast.unparse(node)}


def offences(path: str, tree: ast.Module) -> list[str]:
    """Every place where SQL is built, but for the allowed ones."""
    assigned: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                assigned.setdefault(ast.unparse(target), []).append(node.value)
        elif isinstance(node, ast.AugAssign):  # SQL that is added to
            assigned.setdefault(ast.unparse(node.target), []).append(
                ast.BinOp(node.target, node.op, node.value)
            )
    found = []
    for name, call in calls(tree):
        if name not in TAKES_SQL:
            continue
        named = [each.value for each in call.keywords if each.arg in SQL_ARGUMENTS]
        for argument in [*call.args[:1], *named]:
            parts = _built(argument, assigned)
            if parts and not all((path, name, part) in ALLOWED for part in parts):
                found.append(f"{path}:{call.lineno} {name}({', '.join(sorted(parts))})")
    return found


def test_no_sql_is_built_from_strings() -> None:
    assert [each for path, tree in modules().items() for each in offences(path, tree)] == []


def test_what_is_allowed_is_there() -> None:
    transactions = modules()["operator/service/database/transactions.py"]
    found = {re.sub(r"^.*\((.*)\)$", r"\1", each) for each in offences("x.py", transactions)}
    assert found == {part for _, _, part in ALLOWED}


@pytest.mark.parametrize(
    "code",
    [
        'connection.execute(f"select {x}")',
        'connection.execute(text(f"select {x}"))',
        'text("select %s" % x)',
        'text("select " + x)',
        'text("select " + x + " from t")',
        'text("select {}".format(x))',
        'text(" ".join(parts))',
        'text("select x".replace("x", y))',
        'connection.exec_driver_sql(f"set x = {y}")',
        'query = f"select {x}"\nconnection.execute(query)',
        'query = "select 1"\nquery += x\nconnection.execute(query)',
        'sql.SQL(f"select {x}")',
        'connection.execute(statement=f"select {x}")',
        'cursor.executemany("insert %s" % x, rows)',
    ],
)
def test_the_rule_sees(code: str) -> None:
    assert offences("somewhere.py", ast.parse(code))


@pytest.mark.parametrize(
    "code",
    [
        'text("select 1")',
        'text("select 1 " "from t")',
        'text("select 1 " + "from t")',
        'connection.execute(text("select :x"), {"x": x})',
        'sql.SQL("alter role {}").format(sql.Identifier(x))',
        "connection.execute(select(table.c.x + 1))",
        'QUERY = "select 1"\nconnection.execute(QUERY)',
        'print(f"select {x}")',
        "connection.execute(file.read_text())",
    ],
)
def test_the_rule_lets_pass(code: str) -> None:
    assert offences("somewhere.py", ast.parse(code)) == []
