"""AMASS and other parameters of SMPL: turns of joints, from which places follow with SMPL's body model only.

Source: nghorbani/amass, ``README.md``: ``poses``, ``betas``, ``trans``, ``mocap_framerate``.
"""

from htvae.io.formats import npy
from htvae.io.formats.base import Refusal
from htvae.io.opening import Source


def _recognise(source: Source) -> str:
    names = npy.headers_of(source)
    is_smpl = {"poses", "trans"} <= names.keys() or {"poses", "betas"} <= names.keys()
    return "arrays poses, trans, betas" if is_smpl else ""


PARAMETERS = Refusal(
    name="parameters of SMPL (AMASS)",
    suffixes=(".npz",),
    recognise=_recognise,
    remedy=(
        "They hold turns of joints, no places: compute the joints with the SMPL body model (package smplx), "
        "and save them as an array (frames, 22, 3)."
    ),
)
