"""Failures of a store are one kind of error, in words for a person."""

from __future__ import annotations

from pathlib import Path

import pytest

from hansard_bias.tracking import Store, StoreError
from hansard_bias.tracking.store import _what_failed


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "API request to http://h:9/api failed with exception HTTPConnectionPool(host='h', port=9): Max retries "
            "exceeded with url: /api (Caused by NewConnectionError(\"HTTPConnection(host='h', port=9): Failed to "
            'establish a new connection: [Errno 111] Connection refused"))',
            "does not answer ([Errno 111] Connection refused)",
        ),
        (
            "(raised as a result of Query-invoked autoflush) (sqlite3.OperationalError) attempt to write a readonly "
            "database [SQL: INSERT INTO runs] [parameters: ()]",
            "cannot be used (attempt to write a readonly database)",
        ),
        ("INVALID_PARAMETER_VALUE: no such key", "failed: INVALID_PARAMETER_VALUE: no such key"),
    ],
)
def test_failures_are_told_in_short(text: str, said: str) -> None:
    assert _what_failed(text) == said


def test_a_deleted_experiment_is_named(store_root: Path) -> None:
    store = Store("x")
    store.client.delete_experiment(store.experiment)
    with pytest.raises(StoreError, match=r"'x' was deleted .*restore it with `mlflow experiments restore"):
        Store("x")


def test_what_is_logged_already_is_not_logged_twice(store_root: Path) -> None:
    store = Store("x")
    run_id = store.create("a run", {}, {})
    for value in (1.0, 1.0, 2.0):
        store.log_changed(run_id, {"m": value})
    assert [item.value for item in store.client.get_metric_history(run_id, "m")] == [1.0, 2.0]


def test_a_run_takes_more_parameters_and_numbers_than_one_request_does(store_root: Path) -> None:
    store = Store("x")
    run_id = store.create("a run", {}, {f"p{number}": number for number in range(200)})
    store.log_changed(run_id, {f"m{number}": number for number in range(1100)})
    data = store.client.get_run(run_id).data
    assert (len(data.params), len(data.metrics)) == (200, 1100)
