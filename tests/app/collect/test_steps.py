"""Progress never goes back."""

import pytest

from htvae.app.collect.steps import STEPS, Steps


def test_progress_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    monkeypatch.setattr("htvae.utils.progress.Progress.update", lambda self, done: seen.append(done))
    steps = Steps()
    for name in STEPS:
        steps.begin(name)
        for share in (0.3, 1.0):
            steps.advance(share)
    steps.close()
    assert seen == sorted(seen) and seen[0] == 0 and seen[-1] == sum(STEPS.values()) == 100
