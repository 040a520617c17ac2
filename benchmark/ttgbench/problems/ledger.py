"""The ledger: what a run may spend, what it has reserved, what it has spent. Counts in one integer metric; thread-safe.

    reservation = ledger.reserve(nominal_cost, "evaluation")   # BudgetExhausted if it does not fit; nothing is spent
    ledger.settle(reservation, what_it_really_cost)          # or ledger.release(reservation) if it came to nothing

At every moment limit = spent + reserved + remaining, and none of them is negative. What costs more than was reserved
and more than remains is an overrun: it ends all spending.
"""

from __future__ import annotations

import operator
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ttgbench.errors import BudgetExhausted, InputError


@dataclass(frozen=True, slots=True)
class Balance:
    """The state of a ledger at one moment. Amounts in the ledger's metric."""

    limit: int | None
    """None: nothing is refused, spending is only counted."""
    spent: int = 0
    reserved: int = 0
    overrun: int = 0
    """What was used beyond the limit: something cost more than was reserved for it, and more than was left."""

    @property
    def remaining(self) -> int | None:
        """What can still be reserved; None without a limit."""
        return None if self.limit is None else self.limit - self.spent - self.reserved


@dataclass(frozen=True, slots=True, eq=False)
class Reservation:
    """An amount set aside. Closed by exactly one `settle` or `release`."""

    amount: int
    category: str


class _Account:
    """Reads a balance."""

    __slots__ = ()

    @property
    def balance(self) -> Balance:
        """All amounts at one moment."""
        raise NotImplementedError

    @property
    def limit(self) -> int | None:
        """The most that can be spent; None: no limit."""
        return self.balance.limit

    @property
    def spent(self) -> int:
        """What settled reservations cost, without `overrun`."""
        return self.balance.spent

    @property
    def reserved(self) -> int:
        """What open reservations hold."""
        return self.balance.reserved

    @property
    def remaining(self) -> int | None:
        """What can still be reserved; None without a limit."""
        return self.balance.remaining

    @property
    def overrun(self) -> int:
        """What was used beyond the limit; see `Balance`."""
        return self.balance.overrun


class Ledger(_Account):
    """Reserves, settles and refuses. limit: a whole number >= 0, or None to count only. Raises InputError."""

    def __init__(self, limit: int | None) -> None:
        self._balance = Balance(None if limit is None else _amount(limit, "limit"))
        self._open: set[Reservation] = set()
        self._by_category: dict[str, int] = {}
        self._lock = threading.Lock()

    @property
    def balance(self) -> Balance:
        """All amounts at one moment."""
        return self._balance

    @property
    def by_category(self) -> dict[str, int]:
        """What was spent on what; sums up to `spent`."""
        with self._lock:
            return dict(self._by_category)

    @property
    def view(self) -> LedgerView:
        """What a search method may see of this ledger; stays up to date."""
        return LedgerView(self)

    def reserve(self, amount: int, category: str) -> Reservation:
        """Sets an amount aside. Raises BudgetExhausted, and changes nothing, if it does not fit what remains, or after
        an overrun, whatever it is."""
        amount = _amount(amount, "amount")
        with self._lock:
            remaining = self._balance.remaining
            if self._balance.overrun:
                raise BudgetExhausted(f"the budget of {self._balance.limit:,} was overrun: nothing more can be spent")
            if remaining is not None and amount > remaining:
                message = f"{category} may cost {amount:,}, {remaining:,} of {self._balance.limit:,} are left"
                raise BudgetExhausted(message)
            reservation = Reservation(amount, category)
            self._open.add(reservation)
            self._balance = replace(self._balance, reserved=self._balance.reserved + amount)
        return reservation

    def settle(self, reservation: Reservation, actual: int) -> None:
        """Closes a reservation with what it really cost; the rest is free again.

        What exceeds the reservation is taken from what remains, and what exceeds that as well counts as `overrun`:
        other reservations stay covered. Raises InputError if the reservation is not open here.
        """
        actual = _amount(actual, "actual")
        with self._lock:
            freed = self._close(reservation)
            remaining = freed.remaining
            paid = actual if remaining is None else min(actual, remaining)
            category = reservation.category
            self._by_category[category] = self._by_category.get(category, 0) + paid
            self._balance = replace(freed, spent=freed.spent + paid, overrun=freed.overrun + actual - paid)

    def release(self, reservation: Reservation) -> None:
        """Closes a reservation that cost nothing. Raises InputError if it is not open here."""
        with self._lock:
            self._balance = self._close(reservation)

    def _close(self, reservation: Reservation) -> Balance:
        """Forgets the reservation and returns the balance without it."""
        if reservation not in self._open:
            raise InputError("this reservation is closed already, or another ledger's", field="reservation")
        self._open.remove(reservation)
        return replace(self._balance, reserved=self._balance.reserved - reservation.amount)


class LedgerView(_Account):
    """A ledger without the means to spend: limit, spent, reserved, remaining, by category."""

    __slots__ = ("_ledger",)

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    @property
    def balance(self) -> Balance:
        """All amounts at one moment."""
        return self._ledger.balance

    @property
    def by_category(self) -> Mapping[str, int]:
        """What was spent on what; sums up to `spent`."""
        return self._ledger.by_category


def _amount(value: Any, field: str) -> int:
    try:
        amount = operator.index(value)
    except TypeError:
        raise InputError(f"must be a whole number, not {type(value).__name__}", field=field) from None
    if amount < 0:
        raise InputError(f"must not be negative, is {amount}", field=field)
    return amount
