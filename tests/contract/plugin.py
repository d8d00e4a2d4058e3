"""Holds against the contract, in every test, whatever goes through the sandbox."""

from collections.abc import Generator, Iterable

import pytest

from tests.contract import check

_broken: list[str] = []


def pytest_runtest_setup(item: pytest.Item) -> None:
    _broken.clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    yield
    fail_if_broken()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    yield
    fail_if_broken()


def fail_if_broken() -> None:
    """Fails with each breach since the test began."""
    if breaches := take():
        pytest.fail("Not as Stripe's SDK declares it:\n" + "\n".join(breaches), pytrace=False)


def take() -> list[str]:
    """The breaches so far, in order, each once; forgotten afterwards."""
    breaches = list(dict.fromkeys(_broken))
    _broken.clear()
    return breaches


@pytest.fixture(scope="session", autouse=True)
def contract() -> Generator[None]:
    """Listens at the sandbox's doors for the whole run."""
    from payments.sandbox import dispatch, events

    def exchange(seen: dispatch.Exchange) -> None:
        method, path = seen.operation.method, seen.operation.template
        if seen.status < 400 or seen.status == 402:
            _note(check.request(method, path, seen.params))
        _note(check.answer(method, path, seen.status, seen.body))

    def event(body: dict[str, object]) -> None:
        _note(check.event(body))

    dispatch.observers.append(exchange)
    events.observers.append(event)
    yield
    dispatch.observers.remove(exchange)
    events.observers.remove(event)


def _note(breaches: Iterable[str]) -> None:
    _broken.extend(breaches)
