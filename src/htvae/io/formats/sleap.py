"""SLEAP's files: .slp, analysis HDF5 and analysis CSV, each in a module of its own."""

from htvae.config import ReadingConfig
from htvae.io.formats import sleap_csv, sleap_h5, sleap_slp
from htvae.io.formats.base import Format, Refusal
from htvae.io.formats.hdf5 import SUFFIXES
from htvae.io.opening import Source
from htvae.io.tracks import Content


def _recognise(source: Source) -> str:
    if not source.is_hdf5:
        return sleap_csv.recognise_csv(source)
    return sleap_slp.recognise_slp(source) or sleap_h5.recognise_h5(source)


def _read(source: Source, config: ReadingConfig) -> Content:
    if not source.is_hdf5:
        return sleap_csv.read_csv(source, config)
    if source.suffix == ".slp" or sleap_slp.recognise_slp(source):
        return sleap_slp.read_slp(source, config)
    return sleap_h5.read_h5(source, config)


FORMAT = Format(
    name="sleap",
    title="SLEAP",
    suffixes=(".slp", *SUFFIXES, ".csv"),
    recognise=_recognise,
    read=_read,
    is_one_of_many=True,
)
HAND_LABELS = Refusal(
    name="hand labels of SLEAP",
    suffixes=(".slp", *SUFFIXES),
    recognise=sleap_slp.recognise_hand_labels,
    remedy="They label single frames and are no recording: give the file that sleap-track wrote.",
)
