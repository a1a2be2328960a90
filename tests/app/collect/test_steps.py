"""Progress never goes back."""

import pytest

from htvae.app.collect.steps import STEPS, Steps
from htvae.utils.progress import Progress


def test_progress_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    update = Progress.update
    monkeypatch.setattr(Progress, "update", lambda own, done: (seen.append(done), update(own, done)))
    steps = Steps()
    for name in STEPS:
        steps.begin(name)
        for share in (0.3, 1.0, 0.1):  # packed once more, coarser
            steps.advance(share)
    steps.close()
    assert seen == sorted(seen) and seen[0] == 0 and seen[-1] == sum(STEPS.values()) == 100
