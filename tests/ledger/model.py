"""The model to compare with: the ledger's rules of posting once more, in plain Python."""

from dataclasses import dataclass, field

from ledger.tables import POINT
from tests.ledger.books import FLOORED, KINDS


@dataclass(frozen=True)
class Move:
    """A transfer by the names of its accounts."""

    bucket: int
    debit: str
    credit: str
    amount: int
    unit: str = POINT


@dataclass(frozen=True)
class Plan:
    """A posting; equal numbers are one id."""

    number: int
    moves: tuple[Move, ...]


@dataclass
class Model:
    """Balances by (bucket, name), and the numbers that each bucket has."""

    balances: dict[tuple[int, str], int] = field(default_factory=dict)
    numbers: set[tuple[int, int]] = field(default_factory=set)

    def post(self, plan: Plan) -> tuple[str, int]:
        for line, move in enumerate(plan.moves):
            refusal = self._refusal(plan.number, move)
            if refusal is not None:
                return refusal, line
        after = dict(self.balances)
        for move in plan.moves:
            for name, change in ((move.debit, -move.amount), (move.credit, move.amount)):
                after[move.bucket, name] = after.get((move.bucket, name), 0) + change
        for line, move in enumerate(plan.moves):
            if move.debit in FLOORED and after[move.bucket, move.debit] < 0:
                return "BALANCE_TOO_LOW", line
        self.balances = after
        self.numbers |= {(move.bucket, plan.number) for move in plan.moves}
        return "POSTED", 0

    def _refusal(self, number: int, move: Move) -> str | None:
        if move.amount <= 0:
            return "AMOUNT_NOT_POSITIVE"
        if move.amount > 10**12:
            return "AMOUNT_TOO_LARGE"
        if move.debit == move.credit:
            return "ACCOUNTS_MUST_DIFFER"
        if move.debit not in KINDS:
            return "DEBIT_ACCOUNT_UNKNOWN"
        if move.credit not in KINDS:
            return "CREDIT_ACCOUNT_UNKNOWN"
        if KINDS[move.debit][1] != KINDS[move.credit][1]:
            return "UNITS_MUST_MATCH"
        if KINDS[move.debit][1] != move.unit:
            return "UNIT_NOT_OF_ACCOUNTS"
        if (move.bucket, number) in self.numbers:
            return "ALREADY_POSTED"
        return None
