# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The only door to MMagic's models and metrics.

Checks the packages below, applies the mends, then re-exports what mmfacesr
builds on. Importing this module imports all of MMagic's models, diffusers and
transformers (seconds); networks, losses, transforms and metric functions must
not do it.
"""

from mmfacesr.compat.evaluators import mend_evaluator
from mmfacesr.compat.mends import mend
from mmfacesr.compat.mmagic_imports import (
    mend_preprocessor_lists,
    quiet_mmagic_import,
)
from mmfacesr.compat.sample_metrics import mend_sample_metrics

mend()
with quiet_mmagic_import():
    from mmagic.evaluation.evaluator import Evaluator
    from mmagic.evaluation.metrics import MAE, PSNR, SSIM
    from mmagic.evaluation.metrics.base_sample_wise_metric import (
        BaseSampleWiseMetric,
    )
    from mmagic.evaluation.metrics.niqe import niqe
    from mmagic.models import BaseEditModel, DataPreprocessor
    from mmagic.models.editors import SRGAN
    from mmagic.models.losses import gradient_penalty_loss
    from mmagic.models.utils import set_requires_grad
    from mmagic.structures import DataSample
mend_preprocessor_lists(DataPreprocessor)
mend_evaluator(Evaluator)
mend_sample_metrics(BaseSampleWiseMetric, Evaluator)

__all__ = [
    'BaseEditModel',
    'BaseSampleWiseMetric',
    'DataPreprocessor',
    'DataSample',
    'MAE',
    'PSNR',
    'SRGAN',
    'SSIM',
    'gradient_penalty_loss',
    'niqe',
    'set_requires_grad',
]
