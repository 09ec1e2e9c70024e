"""What can go wrong with an engine as such, whatever the picture."""

from __future__ import annotations

from common.errors import InvalidRequest, PlatformError, Unavailable
from common.vocabulary import FaceAttribute


class EngineUnknown(InvalidRequest):
    """Somebody asked the registry for a name that it does not have."""

    code = "engine-unknown"
    title = "There is no engine of this name"


class WeightsMissing(Unavailable):
    """A weight file is not in the models folder; the detail names the command that fetches it."""

    code = "engine-not-loaded"
    title = "The engine's models are not installed"
    retryable = False


class WeightsAltered(WeightsMissing):
    """A weight file is not the one that the manifest declares."""

    code = "engine-weights-altered"
    title = "The engine's models are not the declared ones"


class CalibrationMissing(Unavailable):
    """Nobody measured what the scores of this model mean, so neither a per cent nor a threshold can be given."""

    code = "engine-not-calibrated"
    title = "The engine's scores were never measured"
    retryable = False


class RuntimeUnusable(Unavailable):
    """No inference runtime could be loaded, or none gives the declared results on this machine."""

    code = "engine-runtime-unusable"
    title = "No inference runtime works on this machine"
    retryable = False


class EngineInWrongProcess(PlatformError):
    """An engine crossed a fork. Its threads did not, so using it would hang: get one from the registry instead."""

    code = "engine-in-wrong-process"
    title = "The engine was loaded in another process"


class AttributesNotOffered(InvalidRequest):
    """An attribute was asked for that this engine does not say; the detail lists what it does."""

    code = "attributes-not-offered"
    title = "This engine does not say that of a face"


def require_offered(wanted: frozenset[FaceAttribute], *, offered: frozenset[FaceAttribute]) -> None:
    """Refuse what an engine does not offer.

    Raises:
        AttributesNotOffered: something of it is not offered.
    """
    if unknown := sorted(wanted - offered):
        names = ", ".join(sorted(offered)) or "none beyond box, landmarks, pose and quality"
        raise AttributesNotOffered(f"Not offered: {', '.join(unknown)}. Offered: {names}.")
