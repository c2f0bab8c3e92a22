# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Configs as the tools read them: options merged, settings spread."""

import os.path as osp
from collections.abc import Iterator
from typing import Optional

from mmengine.config import Config, ConfigDict

from mmfacesr.project_files import known_configs

DATASET_SETTINGS = ('data_root', 'landmark_table', 'crop_size', 'lr_folder')
"""Top-level settings of a config that its datasets share."""
ELSFACE = 'elsface'
"""Names LPIPS or FID as ELSFace's paper took it, among the others."""
PROTOCOLS = dict(
    LPIPS=dict(lpips='v0.1, RGB, whole image, not rounded'),
    PytorchFID=dict(fid='pytorch-fid with its Inception weights, 8-bit RGB'),
    ELSFaceLPIPS=dict(
        elsface_lpips='AlexNet v0.1 fed with 8-bit BGR in 0..255, not '
        'scaled, whole image, prediction through JPEG 95'
    ),
    ELSFaceFID=dict(
        elsface_fid="torchvision's ImageNet Inception, 8-bit RGB in 0..1 "
        'taken for normalised, whole batches of 64, prediction through JPEG '
        '95, against the ground truth of the test'
    ),
)
"""Metric that a test takes on request -> what a report says of it."""
LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


def load_config(
    path: str, options: Optional[dict] = None, import_modules: bool = True
) -> Config:
    """Read a config, merge options into it and spread its settings.

    ``data_root``, ``landmark_table`` and ``crop_size`` are written once at
    the top of a config and used by several datasets. An option that changes
    one of them reaches all of these, which plain mmengine does not do. The
    switches ``tensorboard``, ``channels_last``, ``lpips`` and
    ``fid_reference`` are carried out here.

    Args:
        path (str): A config file, or the name of one that came with the
            installed package, such as ``dic_x8c48b6_1xb8-150k_celeba``.
        options (dict, optional): ``--cfg-options``.
        import_modules (bool): Import the config's ``custom_imports``.
            Defaults to True.

    Returns:
        Config: Ready for the runner.

    Raises:
        FileNotFoundError: If there is no such config.
    """
    if import_modules:
        from mmfacesr.compat import mend

        mend()  # bases such as `mmfacesr::...` are read before any import
    cfg = Config.fromfile(
        find_config(path), import_custom_modules=import_modules
    )
    before = {name: cfg.get(name) for name in DATASET_SETTINGS}
    if options:
        cfg.merge_from_dict(options)
    changed = {
        name: cfg.get(name)
        for name in DATASET_SETTINGS
        if cfg.get(name) != before[name]
    }
    for dataset in datasets_of(cfg):
        for name, value in changed.items():
            if dataset.get(name) == before[name]:  # not one of its own
                dataset[name] = value
    if cfg.get('tensorboard'):
        cfg.visualizer.vis_backends.append(dict(type='TensorboardVisBackend'))
    if cfg.get('channels_last'):
        cfg.custom_hooks.append(dict(type='ChannelsLastHook'))
    add_metrics(cfg)
    return cfg


def add_metrics(cfg: Config) -> None:
    """Add the metrics that a test takes on request, and their protocol.

    ``lpips``: True for the usual network, the name of one, or a list of
    names. ``fid_reference``: 'gt', a folder of images, or a list of these.
    Among either, 'elsface' is the metric as that paper took it.
    """
    wanted = [lpips_metric(name) for name in listed(cfg, 'lpips')]
    wanted += [fid_metric(name) for name in listed(cfg, 'fid_reference')]
    for metric in wanted:
        # A config that a run wrote has them already.
        if metric not in cfg.test_evaluator:
            cfg.test_evaluator = [*cfg.test_evaluator, metric]
            cfg.merge_from_dict(dict(protocol=PROTOCOLS[metric['type']]))


def lpips_metric(name: str | bool) -> dict:
    """LPIPS as the setting ``lpips`` names it."""
    if name == ELSFACE:
        return dict(type='ELSFaceLPIPS')
    return dict(type='LPIPS', net='alex' if name is True else name)


def fid_metric(reference: str) -> dict:
    """FID as the setting ``fid_reference`` names it."""
    if reference == ELSFACE:
        return dict(type='ELSFaceFID')
    return dict(type='PytorchFID', reference=reference)


def listed(cfg: Config, name: str) -> list:
    """A setting as a list: none where it is missing, False or None."""
    value = cfg.get(name) or []
    return value if isinstance(value, list) else [value]


def datasets_of(cfg: Config) -> Iterator[ConfigDict]:
    """Every dataset of the loaders, inside wrappers too."""
    for name in LOADERS:
        loaders = cfg.get(name) or []
        for loader in loaders if isinstance(loaders, list) else [loaders]:
            dataset = loader.dataset
            while 'dataset' in dataset:
                dataset = dataset.dataset
            yield dataset


def find_config(path: str) -> str:
    """Find a config by its path or by its name.

    Raises:
        FileNotFoundError: If there is none; names the ones that are alike.
    """
    if osp.isfile(path):
        return path
    known = {file.stem: file for file in known_configs()}
    name = osp.basename(path)
    name = name[:-3] if name.endswith('.py') else name
    if osp.dirname(path) in ('', '.') and name in known:
        return str(known[name])
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=3, cutoff=0.4) or sorted(known)
    raise FileNotFoundError(
        f'There is no config {path!r}. Configs like it: '
        + ', '.join(str(known[key]) for key in near[:5])
    )
