# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The faces of a test as files, and their evaluation."""

import os
import os.path as osp
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

from mmcv.transforms import Compose
from mmengine.config import Config
from mmengine.dist import barrier, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn

from mmfacesr.apis.complexity import count_image_macs
from mmfacesr.apis.evaluating.evaluation import Evaluation
from mmfacesr.apis.evaluating.folders import evaluate_folders
from mmfacesr.apis.recipes import read_recipe
from mmfacesr.engine.hooks.comparison_sheet_hook import to_rgb
from mmfacesr.models.common.facts import Facts
from mmfacesr.models.protocols import CROP_BORDER
from mmfacesr.utils import printable
from mmfacesr.utils.images import write_image

FOLDER = 'faces'
OURS = '.made_by_a_test'
"""Empty file that marks a folder of faces as one to be replaced."""
OF_RUN = (
    'config',
    'checkpoint',
    'checkpoint_sha256',
    'data_root',
    'degradation',
    'run_by',
)
"""What an evaluation takes over from the report of a test."""


class SaveFacesHook(Hook):
    """Writes result, ground truth and input of every face of a test.

    ``FOLDER/faces/sr``, ``hr`` and ``lr``, PNG of 8 bit, called as in the
    data list.

    The input of a network that takes it enlarged is reduced anew from the
    ground truth, by the recipe of its facts.

    Args:
        folder (str | os.PathLike): Of the report.
        facts (Facts): Of the network.

    Raises:
        FileExistsError: At the start of a test, if there are faces that no
            test has written.
    """

    def __init__(self, folder: str | os.PathLike, facts: Facts) -> None:
        self.folder = Path(folder, FOLDER)
        self.reduce = (
            Compose(read_recipe(facts.lr_recipe)) if facts.enlarged else None
        )
        self.names: dict[str, str] = {}

    def before_test_epoch(self, runner: Runner) -> None:
        """Replace the faces of an earlier test."""
        for loader in runner.test_loop.dataloaders:
            data = loader.dataset
            infos = map(data.get_data_info, range(len(data)))
            self.names |= {
                info['gt_path']: osp.splitext(str(info['file']))[0]
                for info in infos
            }
        if is_main_process():
            self._begin()
        barrier()

    def _begin(self) -> None:
        """Make an empty folder that is marked as ours."""
        if self.folder.exists() and not (self.folder / OURS).exists():
            raise FileExistsError(
                f'Expected no faces in {printable(self.folder)} but those of '
                'an earlier test, got others; choose another --report.'
            )
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        (self.folder / OURS).touch()

    def after_test_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Optional[dict] = None,
        outputs: Optional[Sequence] = None,
    ) -> None:
        """Write the faces of a batch."""
        for sample in outputs or []:
            name = self.names[sample.gt_path] + '.png'
            sr, hr, lr = map(
                to_rgb, (sample.output.pred_img, sample.gt_img, sample.input)
            )
            if self.reduce:
                lr = self.reduce(dict(gt=hr))['img']
            for kind, image in dict(sr=sr, hr=hr, lr=lr).items():
                write_image(self.folder / kind / name, image)


def evaluate_saved(
    folder: str | os.PathLike,
    cfg: Config,
    report: dict,
    protocols: Sequence[str],
    metrics: Sequence[str],
    network: Optional[nn.Module] = None,
    name: Optional[str] = None,
) -> Evaluation:
    """Evaluate what a test has written.

    Args:
        folder (str | os.PathLike): Of the report.
        cfg (Config): What was tested.
        report (dict): Of :func:`mmfacesr.apis.report.make_report`.
        protocols (Sequence[str]): As of :func:`evaluate_folders`.
        metrics (Sequence[str]): As of :func:`evaluate_folders`.
        network (nn.Module, optional): What was run; None for a baseline.
        name (str, optional): What the method is called. Defaults to the name
            of the config, or of the baseline.

    Returns:
        Evaluation: Of the 8-bit files, without what is kept of them.
    """
    faces = Path(folder, FOLDER)
    of_config = osp.splitext(report['config'])[0]
    method = of_config if report['checkpoint'] else report['method']
    return evaluate_folders(
        faces / 'sr',
        faces / 'hr',
        folder,
        faces / 'lr',
        protocols,
        metrics,
        method=name or method,
        crop_border=cfg.get('protocol', {}).get('crop_border', CROP_BORDER),
        run={key: report[key] for key in OF_RUN} | _size_of(network, cfg),
    )


def _size_of(network: Optional[nn.Module], cfg: Config) -> dict:
    """Parameters and multiply-adds of a network."""
    if network is None:
        return {}
    side = Facts(**cfg.facts).input_size
    return dict(
        parameters=sum(p.numel() for p in network.parameters()),
        macs=count_image_macs(network, side),
    )
