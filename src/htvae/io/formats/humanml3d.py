"""HumanML3D's joints, ``new_joints/*.npy``: (frames, 22, 3), SMPL's body, metres, y up, 20 frames per second.

- An array does not say what it is: all of this shape are read as HumanML3D's, with a note.
- ``new_joint_vecs/*.npy``, (frames, 263), are features for networks, and are refused.

Source: EricGuo5513/HumanML3D, ``README.md`` and ``motion_representation.ipynb``.
"""

from htvae.config import ReadingConfig
from htvae.io.faults import DataError
from htvae.io.formats import npy
from htvae.io.formats.base import Format, Refusal
from htvae.io.formats.numbers import check_coordinates
from htvae.io.opening import Source
from htvae.io.tracks import Content, Track
from htvae.poses.layouts_3d import SMPL_22

FPS = 20.0
_NUM_FEATURES = (263, 251)
"""Features of HumanML3D and of KIT-ML, which its code also writes."""
_NOTE = (
    "an array of 22 points is read as HumanML3D's joints: SMPL's names, y up, 20 frames per second; "
    "for others, give --source arrays"
)


def is_humanml3d(header: npy.Header) -> bool:
    """Whether an array has the shape of HumanML3D's joints."""
    return header.is_numbers and len(header.shape) == 3 and header.shape[1:] == (len(SMPL_22), 3)


def _recognise(source: Source) -> str:
    header = npy.header_of(source)
    return "array (frames, 22, 3)" if header is not None and is_humanml3d(header) else ""


def _read(source: Source, config: ReadingConfig) -> Content:
    array = npy.read_array(source.read_bytes(), source.shown)
    if array.ndim != 3 or array.shape[1:] != (len(SMPL_22), 3):
        raise DataError(
            [f"{source.shown}: its array must be (frames, 22, 3), but is {array.shape}. Try --source arrays."]
        )
    points = npy.to_points(array, source.shown)
    check_coordinates(points, source.shown)
    return Content(individuals=[Track(landmarks=SMPL_22, points=points)], fps=FPS, notes=(_NOTE,))


def _is_features(source: Source) -> str:
    header = npy.header_of(source)
    fits = header is not None and len(header.shape) == 2 and header.shape[1] in _NUM_FEATURES
    return "array (frames, 263) or (frames, 251)" if fits else ""


FORMAT = Format(name="humanml3d", title="HumanML3D", suffixes=(".npy",), recognise=_recognise, read=_read)
FEATURES = Refusal(
    name="features of HumanML3D",
    suffixes=(".npy",),
    recognise=_is_features,
    remedy="They are turns and speeds, no places: give the folder new_joints instead of new_joint_vecs.",
)
