# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Configs as the tools read them: options merged, settings spread."""

import os.path as osp
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any
from unittest import mock

from mmengine.config import Config, ConfigDict

from mmfacesr.apis.launch import EXPECTED_ERRORS
from mmfacesr.apis.recipes import use_kernel
from mmfacesr.apis.settings import as_list, check_names, parse_settings
from mmfacesr.models import METHODS
from mmfacesr.models.protocols import OURS, choose_protocols
from mmfacesr.registry import METRICS
from mmfacesr.utils import printable
from mmfacesr.utils.project_files import known_configs

DATASET_SETTINGS = (
    'data_root',
    'landmark_table',
    'crop_size',
    'lr_folder',
    'cache_folder',
)
"""Top-level settings of a config that its datasets share."""
LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


def load_config(
    path: str,
    options: dict[str, Any] | Sequence[tuple[str, str]] = (),
    import_modules: bool = True,
) -> Config:
    """Read a config, merge options into it and spread its settings.

    ``data_root``, ``landmark_table`` and ``crop_size`` are written once at
    the top of a config and used by several datasets. Changed in a child
    config or by an option they reach all of these, which plain mmengine does
    not do. The switches ``tensorboard``, ``channels_last``, ``with_cp``,
    ``lr_kernel``, ``lpips`` and ``fid_reference`` are carried out here.

    Args:
        path (str): A config file, or the name of one that came with the
            installed package, such as ``dic_x8c48b6_1xb8-150k_celeba``.
        options (dict[str, Any] | Sequence[tuple[str, str]]): Values by their
            dotted keys; or pairs of key and text as ``--cfg-options`` gives
            them, read by :func:`parse_settings`.
        import_modules (bool): Import the config's ``custom_imports``.
            Defaults to True.

    Returns:
        Config: Ready for the runner.

    Raises:
        FileNotFoundError: If there is no such config.
        ValueError: If it has no such setting.
    """
    if import_modules:
        from mmfacesr.compat.mends import mend

        mend()  # before the config imports MMagic
    cfg, inherited = read_with_bases(find_config(path), import_modules)
    pairs = options.items() if isinstance(options, dict) else options
    check_names(cfg, [key for key, _ in pairs])
    if not isinstance(options, dict):
        options = parse_settings(cfg, options)
    shared = {k: v for k, v in options.items() if k in DATASET_SETTINGS}
    cfg.merge_from_dict(shared)
    spread_settings(cfg, inherited)
    # Last, so that an option for one dataset counts there.
    cfg.merge_from_dict({k: v for k, v in options.items() if k not in shared})
    for loader in loaders_of(cfg):
        if not loader.get('num_workers'):
            loader.persistent_workers = False  # torch refuses: none persist
    carry_out_switches(cfg)
    add_metrics(cfg)
    return cfg


def read_with_bases(
    path: str, import_modules: bool
) -> tuple[Config, dict[str, list]]:
    """Read a config, and the shared settings of every file it is made of.

    Returns:
        tuple[Config, dict[str, list]]: The config, and by its name all values
        that a setting of ``DATASET_SETTINGS`` has in the config itself or in
        one that it inherits from.
    """
    values: dict[str, list] = {name: [] for name in DATASET_SETTINGS}
    read_file = Config._file2dict

    def note(*args: Any, **kwargs: Any) -> tuple:
        found = read_file(*args, **kwargs)
        for name, known in values.items():
            if name in found[0]:
                known.append(found[0][name])
        return found

    # mmengine reads each base by this function and forgets it.
    with mock.patch.object(Config, '_file2dict', note):
        cfg = _read(path, import_modules)
    return cfg, values


def _read(path: str, import_modules: bool) -> Config:
    """Read a config.

    Raises:
        ValueError: If the file is no Python, JSON or YAML, or fails.
    """
    try:
        return Config.fromfile(path, import_custom_modules=import_modules)
    except Exception as error:  # of three languages
        is_deep = isinstance(error, RecursionError)
        if isinstance(error, EXPECTED_ERRORS) and not is_deep:
            raise
        raise ValueError(
            f'Expected a config in {printable(path)}, got a file that cannot '
            f'be read as one ({type(error).__name__}: {error}); correct it.'
        ) from error


def spread_settings(cfg: Config, inherited: dict[str, list]) -> None:
    """Give the datasets the settings that stand at the top of a config.

    A dataset keeps a value of its own: one that the setting has in no file
    that the config is made of.

    Args:
        cfg (Config): Its datasets are changed.
        inherited (dict[str, list]): From :func:`read_with_bases`.
    """
    for dataset in datasets_of(cfg):
        for name, values in inherited.items():
            if name in dataset and dataset[name] in values:
                dataset[name] = cfg[name]


def carry_out_switches(cfg: Config) -> None:
    """Add what a switch asks for; a config that a run wrote has it already."""
    if cfg.get('tensorboard'):
        backend = dict(type='TensorboardVisBackend')
        if backend not in cfg.visualizer.vis_backends:
            cfg.visualizer.vis_backends.append(backend)
    if cfg.get('channels_last'):
        hook = dict(type='ChannelsLastHook')
        if hook not in cfg.custom_hooks:
            cfg.custom_hooks.append(hook)
    if cfg.get('with_cp'):
        cfg.model.generator.with_cp = True
    if cfg.get('lr_kernel'):
        use_kernel(cfg, datasets_of(cfg))


def add_metrics(cfg: Config) -> None:
    """Add the metrics that a test takes on request, and their protocol.

    ``lpips``: True for the usual network, the name of one, or a list of
    names. ``fid_reference``: 'gt', a folder of images, or a list of these.
    Among either, the name of a method is the metric as its paper took it.
    """
    wanted = [lpips_metric(name) for name in listed(cfg, 'lpips')]
    wanted += [fid_metric(name) for name in listed(cfg, 'fid_reference')]
    if wanted:  # their classes say what a report says of them
        import_module('mmfacesr.models.runtime')
        import_module('mmfacesr.evaluation.metrics')
    for metric in wanted:
        metrics = as_list(cfg.test_evaluator)
        if metric not in metrics:  # as in a config that a run wrote
            cfg.test_evaluator = [*metrics, metric]
            protocol = METRICS.get(metric['type']).protocol
            cfg.merge_from_dict(dict(protocol=dict(protocol)))


def add_protocols(cfg: Config, names: Sequence[str]) -> None:
    """Let a test measure by protocols beside the config's own.

    Args:
        cfg (Config): Its own evaluators are those of ``rgb``.
        names (Sequence[str]): Names, or 'all' among them.

    Raises:
        ValueError: If there is no such protocol.
    """
    for name in choose_protocols(names):
        metric = dict(type='PaperProtocol', protocol=name)
        metrics = as_list(cfg.test_evaluator)
        if name != OURS and metric not in metrics:
            cfg.test_evaluator = [*metrics, metric]


def lpips_metric(name: str | bool) -> dict:
    """LPIPS as the setting ``lpips`` names it."""
    return metric_of_paper(name, 'lpips') or dict(
        type='LPIPS', net='alex' if name is True else name
    )


def metric_of_paper(method: str | bool, name: str) -> dict | None:
    """A metric as the paper of a method took it; None if it is no method."""
    if method not in METHODS:
        return None
    return METHODS[method].metrics.get(name)


def fid_metric(reference: str) -> dict:
    """FID as the setting ``fid_reference`` names it.

    Raises:
        ValueError: If it is no folder but several references in one.
    """
    of_paper = metric_of_paper(reference, 'fid')
    if of_paper:
        return of_paper
    first, comma, _ = reference.partition(',')
    known = first == 'gt' or metric_of_paper(first, 'fid')
    if comma and known and not osp.exists(reference):
        names = reference.split(',')
        once_each = ' '.join(f'fid_reference={name}' for name in names)
        raise ValueError(
            f'There is no folder {reference!r}. Give each reference by '
            f'itself: {once_each}'
        )
    return dict(type='PytorchFID', reference=reference)


def listed(cfg: Config, name: str) -> list:
    """A setting as a list: none where it is missing, False or None."""
    return as_list(cfg.get(name) or [])


def datasets_of(
    cfg: Config, names: Sequence[str] = LOADERS
) -> Iterator[ConfigDict]:
    """Every dataset of the loaders, inside wrappers too."""
    for loader in loaders_of(cfg, names):
        dataset = loader.dataset
        while 'dataset' in dataset:
            dataset = dataset.dataset
        yield dataset


def loaders_of(
    cfg: Config, names: Sequence[str] = LOADERS
) -> Iterator[ConfigDict]:
    """Every loader of the config."""
    for name in names:
        yield from as_list(cfg.get(name) or [])


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
