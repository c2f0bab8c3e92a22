# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The front door: models built by their names."""

from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Union

from mmengine.config import Config
from mmengine.device import get_device
from mmengine.logging import print_log
from mmengine.registry import MODELS, init_default_scope
from torch import nn

from mmfacesr.apis.config import load_config
from mmfacesr.apis.networks import build_network
from mmfacesr.checkpoint import load_weights
from mmfacesr.models.common.facts import Facts
from mmfacesr.models.common.size_requirement import SizeRequirement
from mmfacesr.utils.project_files import project_root
from mmfacesr.weights.model_index import find_entry, packaged_model


@dataclass(frozen=True, kw_only=True)
class ModelFacts(Facts):
    """What a model expects, what it is called and who may use its weights.

    Args:
        name (str): Of its config.
        size_requirement (SizeRequirement): Sizes that the network takes.
        weights_license (str | None): License of the loaded weights, as their
            publisher states it. None without weights, or for a file that the
            index does not know.
    """

    name: str
    size_requirement: SizeRequirement
    weights_license: Optional[str]


def get_model(
    name_or_config: Union[str, Path, Config, None] = None,
    weights: Union[bool, str, Path, None] = None,
    device: Optional[str] = None,
) -> nn.Module:
    """Build a generator, ready to restore faces.

        model = get_model('dic_x8c48b6_4xb2-150k_celeba-hq', weights=True)
        model.facts.mean, model.facts.std, model.facts.input_size

    Args:
        name_or_config (str | Path | Config | None): A name that
            :func:`mmfacesr.list_models` gives, the path of a config, or a
            config. Defaults to None, the model whose weights are in the
            package, with them.
        weights (bool | str | Path | None): True for the published weights of
            that name; else a file, a URL or a name of the index, in any
            layout that is known. Defaults to None: weights as at the
            beginning of a training.
        device (str | None): Such as 'cuda:0'. Defaults to None, the CPU.

    Returns:
        nn.Module: The network in eval mode. Its ``facts`` are
        :class:`ModelFacts`; None for landmark networks, which restore
        nothing.

    Raises:
        FileNotFoundError: If there is no such model; names close ones.
        WeightsError: If the weights cannot be had or do not fit.
    """
    return build_model(name_or_config, weights, device)[0]


def build_model(
    name_or_config: Union[str, Path, Config, None] = None,
    weights: Union[bool, str, Path, None] = None,
    device: Optional[str] = None,
) -> tuple[nn.Module, Config]:
    """Build a generator as :func:`get_model`, and return its config too."""
    if name_or_config is None:
        name_or_config, weights = packaged_model(), weights or True
    cfg, name = _find(name_or_config)
    network = build_network(cfg)
    weights = name if weights is True else weights or None
    if weights is not None:
        load_weights(network, weights)
    network.facts = _facts(cfg, network, name, weights)
    return network.to(device or 'cpu').eval(), cfg


def init_model(
    config: Union[str, Path, Config],
    checkpoint: Union[str, Path, None] = None,
    device: Optional[str] = None,
) -> nn.Module:
    """Build a whole restorer, as in other OpenMMLab packages.

    Args:
        config (str | Path | Config): As for :func:`get_model`.
        checkpoint (str | Path | None): Weights of its generator, in any
            layout that is known. Defaults to None.
        device (str | None): Such as 'cuda:0'. Defaults to None: a GPU if
            there is one.

    Returns:
        nn.Module: The restorer in eval mode, for ``restorer.test_step``, with
        its ``cfg``.

    Raises:
        FileNotFoundError: If there is no such config.
        WeightsError: If the weights cannot be had or do not fit.
    """
    cfg, _ = _find(config)
    init_default_scope(cfg.get('default_scope', 'mmagic'))
    restorer = MODELS.build(cfg.model)
    if checkpoint:
        record = load_weights(restorer.generator, checkpoint)
        print_log(f'Weights: {record.source} ({record.layout}).', 'current')
    restorer.cfg = cfg
    return restorer.to(device or get_device()).eval()


def _find(name_or_config: Union[str, Path, Config]) -> tuple[Config, str]:
    """Return a config and the name that it was asked for by."""
    if isinstance(name_or_config, Config):
        return name_or_config, Path(name_or_config.filename or '').stem
    name = str(name_or_config)
    entry = find_entry(name)
    if entry and entry.config:
        return load_config(str(project_root() / entry.config)), name
    return load_config(name), Path(name).stem


def _facts(
    cfg: Config,
    network: nn.Module,
    name: str,
    weights: Union[str, Path, None],
) -> Optional[ModelFacts]:
    """Put together what is known of a model."""
    if 'facts' not in cfg:
        return None
    entry = None if weights is None else find_entry(str(weights))
    return ModelFacts(
        **cfg.facts.to_dict(),
        name=name,
        size_requirement=network.size_requirement,
        weights_license=entry.license if entry else None,
    )
