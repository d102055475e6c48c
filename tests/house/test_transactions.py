"""One module opens the service's transactions; a few others speak as the administrator."""

import ast

from tests.house.source import calls, modules

TRANSACTIONS = "operator/service/database/transactions.py"

ADMINISTRATORS = {
    "operator/service/database/location.py",  # creates the database
    "operator/service/database/migration.py",  # migrates it
    "operator/service/command/database.py",  # tells its state, before there are roles
    "alembic/env.py",
}

ENGINES = {
    "create_async_engine", "async_engine_from_config", "create_async_pool_from_url",
    "async_sessionmaker", "AsyncSession", "AsyncEngine", "AsyncConnectionPool", "AsyncTransaction",
}  # fmt: skip


def _imported(tree: ast.Module) -> set[str]:
    return {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }


def _called(tree: ast.Module) -> set[str]:
    """What is called, with its owner where it has a plain one: ``psycopg.connect``."""
    return {name for name, _ in calls(tree)} | {ast.unparse(call.func) for _, call in calls(tree)}


def test_one_module_makes_engines() -> None:
    makers = {path for path, tree in modules().items() if _imported(tree) & ENGINES}
    assert makers == {TRANSACTIONS}


def test_one_module_begins_and_ends_transactions() -> None:
    ending = {"begin", "begin_twophase", "commit", "rollback", "set_autocommit"}
    found = {path for path, tree in modules().items() if _called(tree) & ending}
    assert TRANSACTIONS in found
    assert found <= {TRANSACTIONS} | ADMINISTRATORS


def test_few_modules_connect_by_themselves() -> None:
    connecting = {"create_engine", "psycopg.connect", "psycopg.AsyncConnection.connect"}
    found = {path for path, tree in modules().items() if _called(tree) & connecting}
    assert found <= ADMINISTRATORS


def test_floors_below_the_service_know_nothing_of_it() -> None:
    below = [path for path in modules() if not path.startswith(("operator/service", "alembic"))]
    assert len(below) > 20
    assert not set(below) & (ADMINISTRATORS | {TRANSACTIONS})


def test_what_sets_the_partner_is_local_to_the_transaction() -> None:
    tree = modules()[TRANSACTIONS]
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    setting = [text for text in texts if isinstance(text, str) and "app." in text]
    assert setting
    assert all("set local app." in text for text in setting)
    everywhere = "\n".join(ast.unparse(tree) for tree in modules().values())
    assert "set_config(" not in everywhere
    assert "set session" not in everywhere
