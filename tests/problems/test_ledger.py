"""The ledger: nothing is lost, nothing goes below zero, whatever happens in whatever order and thread."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from ttgbench.errors import BudgetExhausted, InputError
from ttgbench.problems.ledger import Balance, Ledger, LedgerView

amounts = st.integers(0, 1000)


def check(balance: Balance) -> None:
    assert min(balance.spent, balance.reserved, balance.overrun) >= 0
    if balance.limit is not None:
        assert balance.remaining >= 0
        assert balance.limit == balance.spent + balance.reserved + balance.remaining


class LedgerMachine(RuleBasedStateMachine):
    """Any sequence of reservations, settlements and releases, against plain bookkeeping."""

    reservations = Bundle("reservations")

    @initialize(limit=st.none() | st.integers(0, 3000))
    def start(self, limit):
        self.ledger = Ledger(limit)
        self.used = 0

    @rule(target=reservations, amount=amounts, category=st.sampled_from(["evaluation", "agent", "retry"]))
    def reserve(self, amount, category):
        before = self.ledger.balance
        try:
            return self.ledger.reserve(amount, category)
        except BudgetExhausted:
            assert before.overrun or amount > before.remaining
            assert self.ledger.balance == before
            return None

    @rule(reservation=consumes(reservations), actual=amounts)
    def settle(self, reservation, actual):
        if reservation is not None:
            self.ledger.settle(reservation, actual)
            self.used += actual

    @rule(reservation=consumes(reservations))
    def release(self, reservation):
        if reservation is not None:
            before = self.ledger.spent
            self.ledger.release(reservation)
            assert self.ledger.spent == before

    @invariant()
    def nothing_is_lost(self):
        check(self.ledger.balance)
        assert self.ledger.spent + self.ledger.overrun == self.used
        assert sum(self.ledger.by_category.values()) == self.ledger.spent


LedgerMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestConservation = LedgerMachine.TestCase


@given(st.lists(amounts, max_size=20), st.integers(0, 5000))
def test_without_overruns_the_order_does_not_matter(costs, limit):
    forwards, backwards = Ledger(limit + sum(costs)), Ledger(limit + sum(costs))
    for ledger, order in ((forwards, costs), (backwards, costs[::-1])):
        for cost in order:
            ledger.settle(ledger.reserve(cost, "evaluation"), cost)
    assert forwards.balance == backwards.balance
    assert forwards.remaining == limit


def test_what_does_not_fit_is_refused_and_changes_nothing():
    ledger = Ledger(100)
    ledger.reserve(60, "evaluation")
    with pytest.raises(BudgetExhausted, match="agent may cost 41, 40 of 100 are left"):
        ledger.reserve(41, "agent")
    assert ledger.balance == Balance(100, spent=0, reserved=60)
    ledger.reserve(40, "agent")
    assert ledger.remaining == 0


def test_what_a_generation_cost_more_is_taken_from_what_remains_then_noted():
    ledger = Ledger(100)
    dear, other = ledger.reserve(10, "evaluation"), ledger.reserve(50, "agent")
    ledger.settle(dear, 70)
    assert ledger.balance == Balance(100, spent=50, reserved=50, overrun=20)
    ledger.settle(other, 50)
    assert ledger.balance == Balance(100, spent=100, reserved=0, overrun=20)
    assert ledger.by_category == {"evaluation": 50, "agent": 50}
    with pytest.raises(BudgetExhausted, match="was overrun"):
        ledger.reserve(0, "agent")


def test_without_a_limit_it_only_counts():
    ledger = Ledger(None)
    ledger.settle(ledger.reserve(10**30, "evaluation"), 10**31)
    assert ledger.balance == Balance(None, spent=10**31)
    assert ledger.remaining is None


def test_a_reservation_is_closed_once_and_by_its_own_ledger():
    ledger, other = Ledger(100), Ledger(100)
    reservation = ledger.reserve(10, "evaluation")
    with pytest.raises(InputError, match="another ledger's"):
        other.settle(reservation, 5)
    ledger.settle(reservation, 5)
    for close in (lambda: ledger.settle(reservation, 5), lambda: ledger.release(reservation)):
        with pytest.raises(InputError, match="closed already"):
            close()
    assert ledger.balance == Balance(100, spent=5)


@pytest.mark.parametrize("wrong", [-1, 1.5, "3", None])
def test_amounts_are_whole_and_not_negative(wrong):
    ledger = Ledger(100)
    reservation = ledger.reserve(10, "evaluation")
    with pytest.raises(InputError, match="amount: must"):
        ledger.reserve(wrong, "evaluation")
    with pytest.raises(InputError, match="actual: must"):
        ledger.settle(reservation, wrong)
    assert ledger.balance == Balance(100, reserved=10)
    if wrong is not None:
        with pytest.raises(InputError, match="limit: must"):
            Ledger(wrong)


def test_a_view_follows_its_ledger_and_cannot_spend():
    ledger = Ledger(100)
    view = ledger.view
    ledger.settle(ledger.reserve(30, "evaluation"), 25)
    assert (view.limit, view.spent, view.reserved, view.remaining, view.overrun) == (100, 25, 0, 75, 0)
    view.by_category["evaluation"] = 0
    assert view.by_category == {"evaluation": 25}
    with pytest.raises(AttributeError):
        view.limit = 10**9
    assert not {"reserve", "settle", "release"} & set(dir(LedgerView))


def test_sixty_four_generations_in_flight_never_spend_below_zero():
    ledger, seen, done = Ledger(50_000), [], threading.Event()

    def watch() -> None:
        while not done.is_set():
            seen.append(ledger.balance)

    def generate(seed: int) -> int:
        refused = 0
        for step in range(50):
            worst = 40 + (seed * 31 + step * 17) % 60
            try:
                reservation = ledger.reserve(worst, "evaluation")
            except BudgetExhausted:
                refused += 1
                continue
            if step % 7 == 0:
                ledger.release(reservation)
            else:
                ledger.settle(reservation, worst * (step % 5) // 3)
        return refused

    watcher = threading.Thread(target=watch)
    watcher.start()
    with ThreadPoolExecutor(64) as threads:
        refused = sum(threads.map(generate, range(64)))
    done.set()
    watcher.join()
    for balance in seen:
        check(balance)
    check(ledger.balance)
    assert refused > 0
    assert ledger.reserved == 0
    assert sum(ledger.by_category.values()) == ledger.spent
