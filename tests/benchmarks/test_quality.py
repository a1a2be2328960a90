"""The table of quality: cells are measured once, kept, and shown; who is ahead is said."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from htvae.config import Config
from htvae.io.writing import write_sequences

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
OWN = '''
import torch
from baselines.interface import Baseline

TITLE = "my own"


class Still(Baseline):
    window = training_window = 16

    def __init__(self, task):
        super().__init__(task)
        self.shift = torch.nn.Parameter(torch.zeros(()))

    def numbers(self, num_frames):
        return 4

    def loss(self, pose, observed):
        return (self.standardise(pose) - self.shift).square().mean()

    def reconstruct(self, pose, observed):
        return self.restore(0 * self.standardise(pose) + self.shift)


def build_baseline(task):
    return Still(task)
'''


@pytest.fixture(autouse=True)
def _on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))


@pytest.fixture
def folder(make_walks, tmp_path):
    write_sequences(make_walks([40, 60, 51, 70, 33, 90]), tmp_path / "walks")
    return tmp_path / "walks"
