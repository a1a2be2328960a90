"""When to stop: patience, warm-up, going on."""

import pytest

from htvae.utils import EarlyStopping


def count(figures, **options):
    """Return the validations until training stops."""
    stopping = EarlyStopping(**options)
    for number, figure in enumerate(figures, start=1):
        stopping.update(figure, 2 * number)
        if stopping.should_stop:
            return number
    return len(figures)


@pytest.mark.parametrize(
    ("figures", "options", "validations"),
    [
        ([3.0, 2.0, 1.0, 0.5, 0.2, 0.1], {"patience": 1}, 6),
        ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], {"patience": 1}, 2),
        ([1.0, 2.0, 0.5, 1.0, 1.0, 1.0], {"patience": 2}, 5),
        ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], {"patience": 1, "start_step": 6}, 4),
    ],
)
def test_patience(figures, options, validations):
    assert count(figures, **options) == validations


def test_what_had_stopped_stays_stopped_but_for_more_patience():
    stopping = EarlyStopping(patience=1)
    for figure in (1.0, 2.0):
        stopping.update(figure, 1)
    assert stopping.should_stop
    again, longer = EarlyStopping(patience=1), EarlyStopping(patience=2)
    for other in (again, longer):
        other.load_state_dict(stopping.state_dict())
    assert again.should_stop and not longer.should_stop
    longer.update(3.0, 2)
    assert longer.should_stop
