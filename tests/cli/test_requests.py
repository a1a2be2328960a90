"""Requests of analyses take every field from the options of their command."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from htvae.analysis.groups.comparison import CompareRequest
from htvae.analysis.latents.latents import LatentRequest
from htvae.analysis.power.planner import PowerRequest
from htvae.cli.compare.options import CompareOptions
from htvae.cli.latents.options import LatentsOptions
from htvae.cli.power.options import PowerOptions
from htvae.cli.requests import fill_request

GIVEN: list[tuple[type, Callable[..., Any], dict[str, Any], dict[str, str]]] = [
    (CompareRequest, CompareOptions, {"by": "diet", "blocks": "camera", "adjust": ("age",), "seed": 3}, {}),
    (
        LatentRequest,
        LatentsOptions,
        {"kind": "tsne", "has_probes": False, "num_neighbours": 4},
        {"kind": "map", "has_probes": "probes"},
    ),
    (
        PowerRequest,
        PowerOptions,
        {"effect": "speed -10%", "sizes": (8, 12), "targets": (0.9,), "num_studies": 200},
        {"sizes": "num_subjects", "targets": "target"},
    ),
]


@pytest.mark.parametrize(("kind", "make", "given", "renamed"), GIVEN)
def test_every_field_comes_from_its_option(
    kind: type, make: Callable[..., Any], given: dict[str, Any], renamed: dict[str, str]
) -> None:
    options = make(checkpoint=Path("m.pt"), **{renamed.get(name, name): v for name, v in given.items()})
    request = fill_request(kind, options, **renamed)
    assert asdict(request).items() >= given.items()
    assert request == kind(**given)  # the other defaults of options and requests are the same


def test_values_are_checked() -> None:
    options = PowerOptions(effect="speed -10%", num_subjects=(3,))
    with pytest.raises(ValueError, match="num_subjects must be 4 to 500"):
        fill_request(PowerRequest, options, sizes="num_subjects", targets="target")
