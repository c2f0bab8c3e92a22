# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Script: tries what MMagic gets wrong at import, without our mends.

Prints a JSON object, name of the fault -> how it shows, or null.
"""

import importlib
import json
import sys
import warnings
from typing import Optional

import mmcv


def ceiling() -> Optional[str]:
    version, mmcv.__version__ = mmcv.__version__, '2.2.0'
    try:
        importlib.import_module('mmagic')
    except AssertionError as error:
        return str(error)
    finally:
        mmcv.__version__ = version
    return None


def import_error(name: str) -> Optional[str]:
    try:
        importlib.import_module(name)
    except ImportError as error:
        return str(error)
    return None


def leaked_keys() -> Optional[str]:
    from mmagic.models import DataPreprocessor

    DataPreprocessor(non_image_keys='leaked')
    return 'leaked' if 'leaked' in DataPreprocessor._NON_IMAGE_KEYS else None


def plain_metric() -> Optional[str]:
    from mmagic.evaluation.evaluator import Evaluator
    from mmengine.evaluator import BaseMetric

    class Count(BaseMetric):
        def process(self, data_batch: list, data_samples: list) -> None:
            self.results += data_samples

        def compute_metrics(self, results: list) -> dict:
            return dict(count=len(results))

    try:
        Evaluator([Count()]).prepare_metrics(None, None)
    except AttributeError as error:
        return str(error)
    return None


def models() -> Optional[str]:
    """How ``import mmagic.models`` fails, or how much it warns."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('default')
        try:
            importlib.import_module('mmagic.models')
        except Exception as error:
            return f'{type(error).__name__}: {error}'
    return f'{len(caught)} warnings' if caught else None


if __name__ == '__main__':
    shown = dict(ceiling=ceiling(), models=models())
    if shown['models'] is None or 'warnings' in shown['models']:
        shown['leaked_keys'] = leaked_keys()
        shown['plain_metric'] = plain_metric()
    for moved in (
        'diffusers.models.unet_2d_condition',
        'diffusers.pipelines.paint_by_example',
    ):
        shown[moved] = import_error(moved)
    assert 'mmfacesr' not in sys.modules
    sys.stdout.write('\n' + json.dumps(shown) + '\n')
