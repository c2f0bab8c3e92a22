# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What the one worker does with a picture."""

import sys
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Optional, Union

from mmfacesr.apis.restoring.inferencer import FaceSRInferencer
from mmfacesr.apis.web.answers import Answer, Failed, answer_of
from mmfacesr.apis.web.offers import Offer
from mmfacesr.apis.web.uploads import Upload
from mmfacesr.utils.bad_samples import BadSampleError
from mmfacesr.utils.photos import decode_photo
from mmfacesr.weights import WeightsError
from mmfacesr.weights.files import hash_file
from mmfacesr.weights.sources import place_of_entry

KEPT = 2  # models
NAME = 'the picture'  # what messages call it: visitors' names go nowhere


class Restorers:
    """The models that visitors have chosen last.

    Args:
        device (str | None): As for :class:`FaceSRInferencer`.
        own (FaceSRInferencer | None): The one of offers without published
            weights. Defaults to None.
    """

    def __init__(
        self, device: Optional[str], own: Optional[FaceSRInferencer] = None
    ) -> None:
        self._device = device
        self._own = own
        self._kept: OrderedDict[str, FaceSRInferencer] = OrderedDict()

    def has(self, offer: Offer) -> bool:
        """Whether a model is there at once."""
        return offer.entry is None or offer.name in self._kept

    def get(self, offer: Offer) -> FaceSRInferencer:
        """Return the inferencer of a model; nothing is downloaded.

        Raises:
            WeightsError: If its weights are not here.
        """
        if offer.entry is None:
            return self._own
        if offer.name not in self._kept:
            _check_weights(offer)
            while len(self._kept) >= KEPT:
                self._kept.popitem(last=False)
            self._kept[offer.name] = FaceSRInferencer(
                offer.name, device=self._device, show_progress=False
            )
        self._kept.move_to_end(offer.name)
        return self._kept[offer.name]


def _check_weights(offer: Offer) -> None:
    """Refuse weights that would be downloaded, again too."""
    place = place_of_entry(offer.entry)
    known = offer.entry.checksum
    if not place.is_file() or (known and known.fault(hash_file(place))):
        raise WeightsError(
            f'Expected the weights of {offer.name} on this machine, got none '
            f'or damaged ones; `mmfacesr download {offer.name}` fetches them.'
        )


def restore_upload(
    upload: Upload,
    offer: Offer,
    restorers: Restorers,
    tell: Callable[[dict[str, Any]], None],
) -> Union[Answer, Failed]:
    """Restore a picture; whatever goes wrong is said in the answer."""
    try:
        if not restorers.has(offer):
            tell(dict(event='working', stage='loading the model'))
        restorer = restorers.get(offer)
        tell(dict(event='working', stage='restoring'))
        started = time.perf_counter()
        photo = decode_photo(NAME, upload.data)
        seconds = time.perf_counter() - started
        (result,) = restorer.stream(
            [photo],
            upscale=upload.upscale,
            force=upload.force,
            only_center_face=upload.only_center_face,
        )
        result.seconds['read'] = seconds
        return answer_of(upload, photo, result, offer, restorer.model.facts)
    except BadSampleError as error:
        return Failed(f'{NAME} {error.reason}')
    except WeightsError as error:
        return Failed(str(error))
    except MemoryError:
        return Failed(
            f'{NAME} needs more memory than is free; reduce it first'
        )
    except Exception as error:  # one picture must not end the server
        note_fault(error)
        return Failed(
            f'{NAME} could not be restored, for a reason that is in the '
            'messages of the server; try another copy of it'
        )


def note_fault(error: Exception) -> None:
    """Say where something went wrong, and nothing of what was sent."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    sys.stderr.write(
        f'mmfacesr web: {type(error).__name__} at {last.filename}:'
        f'{last.lineno}\n'
    )
