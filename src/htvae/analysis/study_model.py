"""A trained model that studies people: groups of them compared, studies planned, norms of controls."""

from collections.abc import Sequence
from typing import Any

from htvae.analysis.groups.comparison import CompareRequest, Comparison, compare_recordings
from htvae.analysis.groups.motif_measures import NamedMotifs
from htvae.analysis.groups.scene_making import make_scenes
from htvae.analysis.groups.scenes import Scene
from htvae.analysis.motifs.motifs import Motifs
from htvae.analysis.norm.norm import Norm, NormFit, fit_norm
from htvae.analysis.norm.score import NormScore, score_norm
from htvae.analysis.power.planner import PowerPlan, PowerRequest, plan_power
from htvae.data.processing import ProcessedSequence
from htvae.generation.model import GenerativeModel
from htvae.inference.model import Recording


class StudyingModel(GenerativeModel):
    """A trained model that generates, and compares people with each other or with controls."""

    def compare(
        self,
        recordings: Sequence[Recording | ProcessedSequence],
        by: str,
        motifs: Motifs | NamedMotifs | None = None,
        **options: Any,
    ) -> Comparison:
        """Compare groups of subjects in every measure.

        Args:
            recordings: files, sequences, or recordings in the model's coordinates; their metadata name the
                groups.
            by: column of the groups: ``label``, ``subject`` or a column of manifest.csv.
            motifs: from `find_motifs`; their usage, durations, rates and transitions are compared, too.
            **options: fields of `CompareRequest`.

        Raises:
            ValueError: a column does not exist, or cannot be compared.
        """
        request = CompareRequest(by=by, **options)
        return compare_recordings(self, self._process_all(recordings), request, motifs=NamedMotifs.of(motifs))

    def show_differences(
        self, recordings: Sequence[Recording | ProcessedSequence], comparison: Comparison
    ) -> list[Scene]:
        """Return what the differences between groups look like as motion, the strongest first.

        Args:
            recordings: those that were compared.
            comparison: from `compare`.
        """
        return make_scenes(self, self._process_all(recordings), comparison)

    def fit_norm(self, controls: Sequence[Recording | ProcessedSequence]) -> NormFit:
        """Return what controls do, as a reference for others; see `htvae.analysis.norm.norm`.

        Args:
            controls: files, sequences, or recordings in the model's coordinates; their metadata name the
                subjects.

        Raises:
            ValueError: a recording cannot be read, or fewer than three controls.
        """
        return fit_norm(self, self._process_all(controls))

    def score_norm(self, recordings: Sequence[Recording | ProcessedSequence], norm: Norm) -> NormScore:
        """Return where recordings differ from controls, by part of the body, second and measure.

        Args:
            recordings: as for `fit_norm`.
            norm: ``norm`` of `fit_norm`'s result, or from `htvae.cli.norm.files.load_norm`.

        Raises:
            ValueError: a recording cannot be read, or the norm belongs to another model.
        """
        return score_norm(self, self._process_all(recordings), norm)

    def plan_power(
        self,
        controls: Sequence[Recording | ProcessedSequence],
        effect: str,
        motifs: Motifs | NamedMotifs | None = None,
        **options: Any,
    ) -> PowerPlan:
        """Return how many subjects a study needs to find an effect; see `htvae.analysis.power.planner`.

        Args:
            controls: files, sequences, or recordings in the model's coordinates; their metadata name the
                subjects.
            effect: the effect in words, such as ``speed of RIGHT_WRIST -10%``.
            motifs: fitted motifs, whose measures are tested, too; needed for an effect on a motif.
            **options: further fields of `PowerRequest`.

        Raises:
            ValueError: too few controls, or the effect names what is not there or cannot be planted.
        """
        request = PowerRequest(effect=effect, **options)
        return plan_power(self, self._process_all(controls), request, NamedMotifs.of(motifs))

    def _process_all(self, recordings: Sequence[Recording | ProcessedSequence]) -> list[ProcessedSequence]:
        return [r if isinstance(r, ProcessedSequence) else self.process(r) for r in recordings]
