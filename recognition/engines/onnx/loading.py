"""Loading a model: on the first backend of its list that is there and reproduces its golden vector on this machine."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from recognition.engines import weights
from recognition.engines.errors import RuntimeUnusable
from recognition.engines.manifest import YUNET, ModelCard
from recognition.engines.onnx import choosing, golden
from recognition.engines.onnx.session import Backend, RuntimeMissing, Session, open_session

logger = logging.getLogger(__name__)

# These see pictures of every size; the others always get what their golden vector was made of.
_OF_ANY_SIZE: Final = frozenset({YUNET.name})


@dataclass(frozen=True, slots=True, kw_only=True)
class Loader:
    """Loads models of one folder.

    Attributes:
        models_dir: where `fetch_models` put them.
        runtime: `auto`, or the one to use: see `choosing.order`.
        threads: CPU threads of one inference.
    """

    models_dir: Path
    runtime: str = "auto"
    threads: int = 1

    def load(self, card: ModelCard) -> tuple[Session, Backend]:
        """Return the model, proven right, and what it runs on.

        Raises:
            WeightsMissing, WeightsAltered: it is not in place.
            RuntimeUnusable: no runtime gives its golden vector on this machine.
        """
        path = weights.verified_path(card, models_dir=self.models_dir)
        expected = golden.load(card.name)
        tried = []
        for backend in choosing.order(card, runtime=self.runtime, models_dir=self.models_dir):
            shape = None if card.name in _OF_ANY_SIZE else expected.input_shape
            try:
                session = open_session(path, backend=backend, threads=self.threads, input_shape=shape)
            except RuntimeMissing as error:
                tried.append(f"{backend}: {error}")
                continue
            cosine = golden.cosine(session, expected)
            if cosine >= expected.least_cosine:
                logger.info("%s runs on %s (golden vector: cosine %.6f)", card.name, backend, cosine)
                return session, backend
            tried.append(f"{backend}: the golden vector's cosine is {cosine:.6f}, not {expected.least_cosine}")
            logger.warning("%s is not used on %s", card.name, tried[-1])
        raise RuntimeUnusable(
            f"{card.name} cannot run here. Tried: {'; '.join(tried) or f'no runtime {self.runtime!r}'}."
        )
