"""Several processes, shown in one process; test_two_processes.py runs two real ones."""

import pytest
import torch
from torch import distributed, nn

from htvae.training import distributed as processes
from htvae.utils.world import World


def test_one_process_gathers_its_own():
    assert processes.gather("a") == ["a"]
    processes.wait_for_all()
    processes.check_alike({"settings": 1})
    layer = nn.Linear(2, 1)
    processes.GradientSum(list(layer.parameters()))()
    assert layer.weight.grad is None
    assert processes.share_out(torch.neg, [torch.ones(1), torch.zeros(1)], torch.float32) == [-1, 0]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_gradients_go_through_the_sum_unharmed(dtype):
    """A group of one: in every step what is packed comes out again, and what has no gradient keeps none."""
    layers = nn.ModuleList([nn.Linear(3, 2), nn.Linear(2, 2)])
    sum_gradients = processes.GradientSum(list(layers.parameters()), dtype)
    distributed.init_process_group("gloo", rank=0, world_size=1, store=distributed.HashStore())
    try:
        for used, other in (layers, reversed(layers)):
            layers.zero_grad()
            used(torch.rand(4, used.in_features)).sum().backward()
            before = [p.grad.to(dtype).float() for p in used.parameters()]
            sum_gradients()
            assert all(map(torch.equal, before, [p.grad for p in used.parameters()]))
            assert other.weight.grad is None
        assert processes.gather({"a": 1}) == [{"a": 1}]
    finally:
        distributed.destroy_process_group()


def test_each_process_computes_its_share_and_gets_the_rest(monkeypatch):
    sent = []

    def broadcast(tensor, src):
        if src == 0:
            tensor.fill_(-1.0)  # what the other process has computed
        else:
            sent.append(tensor.clone())

    monkeypatch.setattr(processes, "_several", lambda: True)
    for name, stand_in in (
        ("get_rank", lambda: 1),
        ("get_world_size", lambda: 2),
        ("broadcast", broadcast),
    ):
        monkeypatch.setattr(distributed, name, stand_in)
    matrices = [torch.full((2, number + 1), float(number)) for number in range(4)]
    results = processes.share_out(lambda matrix: 10 * matrix.bfloat16(), matrices, torch.bfloat16)
    assert {result.dtype for result in results} == {torch.bfloat16}
    assert [result.unique().tolist() for result in results] == [[-1], [10], [-1], [30]]
    assert [result.shape for result in results] == [matrix.shape for matrix in matrices]
    assert [tensor.unique().tolist() for tensor in sent] == [[10], [30]]


def test_others_that_differ_are_named(monkeypatch):
    monkeypatch.setattr(processes, "gather", lambda facts: [facts, facts, facts | {"settings": 2}])
    with pytest.raises(ValueError, match="same settings, but process 2 has others than process 0"):
        processes.check_alike({"settings": 1, "recordings": 3})


@pytest.mark.parametrize(
    ("device", "message"),
    [
        ("mps", "device must be one of cpu, cuda"),
        ("cuda", "at most the number of GPUs, 1 here, but is 2"),
    ],
)
def test_devices_that_several_processes_cannot_use(monkeypatch, device, message):
    monkeypatch.setattr(World, "from_environment", lambda: World(0, 2, 0, 2))
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    monkeypatch.setenv("MASTER_PORT", "1")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(ValueError, match=message), processes.join_processes(device):
        pass


def test_a_rank_without_a_meeting_place(monkeypatch):
    monkeypatch.setattr(World, "from_environment", lambda: World(0, 2, 0, 2))
    monkeypatch.delenv("MASTER_ADDR", raising=False)
    message = r"this is process 1 of 2, so MASTER_ADDR.*unset RANK"
    with pytest.raises(ValueError, match=message), processes.join_processes("cpu"):
        pass
