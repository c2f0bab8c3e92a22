# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The inferencer: any picture in, the picture with its faces restored out."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, Optional, Union

import numpy as np
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.infer import BaseInferencer
from mmengine.registry import DefaultScope
from torch import Tensor
from tqdm import tqdm

from mmfacesr.apis.face_network import FaceNetwork
from mmfacesr.apis.models import build_model
from mmfacesr.apis.restoring.choices import Choices
from mmfacesr.apis.restoring.inputs import (
    Located,
    Source,
    name_of,
    open_photo,
    sources_of,
)
from mmfacesr.apis.restoring.preparing import frame_faces, take_whole
from mmfacesr.apis.restoring.results import RestoredPhoto
from mmfacesr.apis.restoring.waiting import WaitingFace
from mmfacesr.registry import TRANSFORMS
from mmfacesr.utils.background import map_ahead
from mmfacesr.utils.bad_samples import BadSampleError

if TYPE_CHECKING:
    from mmfacesr.faces.finder import FaceFinder

BATCH_SIZE = 16
AHEAD = 3  # pictures of a batch in which each shows some five persons


class FaceSRInferencer(BaseInferencer):
    """Restores the faces of pictures.

        restore = FaceSRInferencer()  # by the weights in the package
        for result in restore('photos', upscale=4):
            result.save(f'restored/{Path(result.source).name}')

    Args:
        model (str | Path | Config | None): As for
            :func:`mmfacesr.apis.get_model`. Defaults to None, the model whose
            weights are in the package.
        weights (str | Path | None): A file, URL or name of the index.
            Defaults to None: those published for the model.
        device (str | None): Such as 'cuda:0'. Defaults to None, the CPU.
        network (Callable | None): Takes the place of the model's network and
            weights; see :class:`FaceNetwork`. Defaults to None.
        boxes ('mediapipe' | 'yunet'): What finds faces. Defaults to
            'mediapipe'.
        show_progress (bool): Defaults to True.

    Raises:
        FileNotFoundError: If there is no such model.
        WeightsError: If there are no such weights.
        ValueError: If the model is no face restorer.
    """

    preprocess_kwargs = set(Choices.__dataclass_fields__)

    def __init__(
        self,
        model: Union[str, Path, Config, None] = None,
        weights: Union[str, Path, None] = None,
        device: Optional[str] = None,
        network: Optional[Callable[[Tensor], Tensor]] = None,
        boxes: Literal['mediapipe', 'yunet'] = 'mediapipe',
        show_progress: bool = True,
    ) -> None:
        # Not by the base, which would unpickle the weights.
        self.model, self.cfg = build_model(
            model, weights or (network is None), device
        )
        facts = self.model.facts
        if facts is None or 'inference_pipeline' not in self.cfg:
            raise ValueError(
                'Expected a model that restores faces, got '
                f'{self.cfg.filename or "a config"}; '
                '`mmfacesr.list_models()` names those there are.'
            )
        self.device = device or 'cpu'
        self.use_network(network or self.model)
        self.pipeline = self._init_pipeline(self.cfg)
        self._boxes = boxes
        self.show_progress = show_progress
        self._finder: Any = None
        self._finding = Lock()

    def use_network(self, network: Callable[[Tensor], Tensor]) -> None:
        """Let faces be restored by another network on the same tensors.

        Args:
            network (Callable): Such as the model, made faster by
                :func:`mmfacesr.deploy.optimize`; see :class:`FaceNetwork`.
        """
        self.faces = FaceNetwork(self.model.facts, network, self.device)

    def __call__(
        self,
        inputs: Union[Source, Iterable[Source]],
        return_datasamples: bool = False,
        batch_size: int = BATCH_SIZE,
        **kwargs: Any,
    ) -> list[RestoredPhoto]:
        """Restore pictures.

        Args:
            inputs (Source | Iterable[Source]): Paths, URLs or arrays of
                pictures, or folders of them.
            return_datasamples (bool): Not supported here. Defaults to False.
            batch_size (int): Faces at a time, over pictures. Defaults to 16.
            **kwargs: Of :class:`Choices`.

        Returns:
            list[RestoredPhoto]: One for each picture, in their order.

        Raises:
            UnreadableImageError: If a picture cannot be used.
            ValueError: If an argument is unknown or of a wrong value.
        """
        if return_datasamples:
            raise ValueError(
                'Expected return_datasamples=False: the results are of '
                'RestoredPhoto; take what you need from them.'
            )
        found = list(sources_of(inputs))
        stream = self.stream(found, batch_size, **kwargs)
        hidden = not self.show_progress
        return list(
            tqdm(stream, 'restoring', len(found), unit='photo', disable=hidden)
        )

    def stream(
        self,
        inputs: Union[Source, Iterable[Source]],
        batch_size: int = BATCH_SIZE,
        keep_errors: bool = False,
        **kwargs: Any,
    ) -> Iterator[RestoredPhoto]:
        """Restore one picture after the other, without an end too.

        While the network runs, the next pictures are read and their faces
        found, in another thread. No more pictures are held than have faces
        in a batch, and three of the next.

        Args:
            inputs (Source | Iterable[Source]): As for a call.
            batch_size (int): Faces at a time. Defaults to 16.
            keep_errors (bool): A picture that cannot be used is a result with
                its ``error``, and no end. Defaults to False.
            **kwargs: Of :class:`Choices`.

        Yields:
            RestoredPhoto: In the order of the inputs.
        """
        options, *_ = self._dispatch_kwargs(**kwargs)
        choices = Choices(**options)
        if batch_size < 1:
            raise ValueError(
                f'Expected a batch_size of at least 1, got {batch_size}.'
            )
        return self._stream(inputs, batch_size, keep_errors, choices)

    def _stream(
        self,
        inputs: Union[Source, Iterable[Source]],
        batch_size: int,
        keep_errors: bool,
        choices: Choices,
    ) -> Iterator[RestoredPhoto]:
        photos: deque[RestoredPhoto] = deque()
        faces: deque[WaitingFace] = deque()
        begin = partial(self._begin, choices=choices, keep_errors=keep_errors)
        for photo, found in map_ahead(begin, sources_of(inputs), AHEAD):
            photos.append(photo)
            faces.extend(found)
            while len(faces) >= batch_size:
                self._restore([faces.popleft() for _ in range(batch_size)])
            # All before the photo of the first face that waits are done.
            unfinished = faces[0].photo if faces else None
            while photos and photos[0] is not unfinished:
                yield photos.popleft()
        if faces:
            self._restore(list(faces))
        yield from photos

    def _begin(
        self, source: Source, choices: Choices, keep_errors: bool
    ) -> tuple[RestoredPhoto, list[WaitingFace]]:
        """Read a picture and prepare its faces."""
        result = RestoredPhoto(name_of(source), None, enlarged=choices.upscale)
        try:
            with result.timed('read'):
                photo = open_photo(source)
            if choices.mode == 'photo':
                known = source if isinstance(source, Located) else None
                return result, frame_faces(
                    result,
                    photo,
                    (lambda _: known.landmarks) if known else self._found_in,
                    self.faces,
                    choices,
                    known and known.strengths,
                )
            return result, [
                take_whole(
                    result, photo, choices.mode, self.faces, self.pipeline
                )
            ]
        except (BadSampleError, ValueError) as error:
            if not keep_errors:
                raise
            result.error = getattr(error, 'reason', str(error))
            return result, []

    def _restore(self, faces: list[WaitingFace]) -> None:
        """Restore a batch of faces and put each back."""
        started = time.perf_counter()
        outputs = self.faces.restore([face.given for face in faces])
        share = (time.perf_counter() - started) / len(faces)
        for item, output in zip(faces, outputs):
            face, result = item.face, item.photo
            if item.native is not None:
                output = self.faces.back_project(output, item.native)
            result.seconds['restore'] = (
                result.seconds.get('restore', 0) + share
            )
            face.sr = np.rint(output).astype(np.uint8)
            if face.lr is not None:
                face.consistency = self.faces.consistency(face.sr, face.lr)
            with result.timed('paste'):
                item.put_back(output)

    def _found_in(self, image: np.ndarray) -> list[np.ndarray]:
        """Find the landmarks of all faces."""
        # Two streams have two threads; MediaPipe takes one at a time.
        with self._finding:
            return self.finder.find(image)

    @property
    def finder(self) -> 'FaceFinder':
        """What finds faces, made when it is needed first."""
        if self._finder is None:
            from mmfacesr.faces.finder import FaceFinder

            self._finder = FaceFinder(boxes=self._boxes)
        return self._finder

    def _init_pipeline(self, cfg: Config) -> Compose:
        """Build what brings a face of any size to the network."""
        steps = cfg.inference_pipeline[1:-1]  # from an array, to an array
        with DefaultScope.overwrite_default_scope('mmagic'):
            return Compose([TRANSFORMS.build(step) for step in steps])

    def visualize(
        self, inputs: list, preds: list[RestoredPhoto], **kwargs: Any
    ) -> list[np.ndarray]:
        """Return the pictures of results."""
        return [result.image for result in preds]

    def postprocess(
        self, preds: list[RestoredPhoto], *args: Any, **kwargs: Any
    ) -> list[RestoredPhoto]:
        """Return results as they are: they are structured already."""
        return preds
