# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Settings reach every dataset, switches are carried out."""

from pathlib import Path

import pytest

from mmfacesr.apis.config import (
    datasets_of,
    find_config,
    known_configs,
    load_config,
)

LEAVES = sorted(
    path
    for path in Path(__file__).parents[2].glob('configs/*/*.py')
    if path.parent.name != '_base_'
)


@pytest.mark.parametrize('path', LEAVES, ids=lambda path: path.stem)
def test_one_setting_reaches_all_datasets(path: Path) -> None:
    options = dict(
        data_root='my/faces', crop_size=100, landmark_table='other.npz'
    )
    cfg = load_config(str(path), options, import_modules=False)
    datasets = list(datasets_of(cfg))
    assert len(datasets) == 3
    for dataset in datasets:
        assert {key: dataset[key] for key in options} == options
    assert [dataset.part for dataset in datasets] == ['train', 'val', 'test']


def test_a_dataset_of_its_own_keeps_its_root(tmp_path: Path) -> None:
    """Trained on one dataset, tested on another."""
    base = Path(__file__).parents[2] / 'configs/_base_'
    config = tmp_path / 'helen.py'
    config.write_text(
        f"_base_ = ['{base}/default_runtime.py', "
        f"'{base}/datasets/celeba_helen50.py']"
    )
    cfg = load_config(str(config), dict(data_root='mine'), False)
    roots = [dataset.data_root for dataset in datasets_of(cfg)]
    assert roots == ['mine', 'mine', 'data/helen50']


def test_data_root_comes_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv('DATA_ROOT', 'from/environment')
    cfg = load_config(str(LEAVES[0]), import_modules=False)
    assert cfg.data_root == 'from/environment'
    for dataset in datasets_of(cfg):
        assert dataset.data_root == 'from/environment'


def test_a_dataset_changed_on_its_own_stays_changed() -> None:
    options = dict(test_dataloader=dict(dataset=dict(data_root='other')))
    cfg = load_config(str(LEAVES[0]), options, import_modules=False)
    roots = [dataset.data_root for dataset in datasets_of(cfg)]
    assert roots == [cfg.data_root, cfg.data_root, 'other']


def test_datasets_inside_wrappers_are_reached() -> None:
    cfg = load_config(str(LEAVES[0]), import_modules=False)
    cfg.train_dataloader.dataset = dict(
        type='RepeatDataset', times=2, dataset=cfg.train_dataloader.dataset
    )
    assert next(datasets_of(cfg)).type == 'FaceFolder'


def test_switches() -> None:

    def hooks_and_backends(**options: bool) -> 'tuple[set, set]':
        cfg = load_config(str(LEAVES[-1]), options, import_modules=False)
        return (
            {hook['type'] for hook in cfg.custom_hooks},
            {backend['type'] for backend in cfg.visualizer.vis_backends},
        )

    hooks, backends = hooks_and_backends(tensorboard=True, channels_last=True)
    assert 'ChannelsLastHook' in hooks and 'TensorboardVisBackend' in backends
    hooks, backends = hooks_and_backends(
        tensorboard=False, channels_last=False
    )
    assert 'ChannelsLastHook' not in hooks
    assert 'TensorboardVisBackend' not in backends


def test_metrics_on_request() -> None:

    def metrics(options: dict) -> 'tuple[list, list, dict]':
        cfg = load_config(str(LEAVES[-1]), options, import_modules=False)
        return cfg.val_evaluator, cfg.test_evaluator, cfg.protocol

    plain = metrics({})
    off = metrics(dict(lpips=False, fid_reference=None))
    assert off == plain
    val, test, protocol = metrics(dict(lpips=True, fid_reference='gt'))
    assert val == plain[0], 'they cost time and weights'
    assert test == [
        *plain[1],
        dict(type='LPIPS', net='alex'),
        dict(type='PytorchFID', reference='gt'),
    ]
    assert {'lpips', 'fid', *plain[2]} == set(protocol)
    _, test, _ = metrics(
        dict(lpips=['alex', 'vgg'], fid_reference=['gt', 'some/faces'])
    )
    assert [metric.get('net') or metric.get('reference') for metric in test][
        -4:
    ] == ['alex', 'vgg', 'gt', 'some/faces']


def test_the_metrics_of_elsface_are_named_among_the_others() -> None:

    def metrics(options: dict) -> 'tuple[list, dict]':
        cfg = load_config(str(LEAVES[-1]), options, import_modules=False)
        return cfg.test_evaluator, cfg.protocol

    plain, protocol = metrics({})
    alone = metrics(dict(lpips='elsface', fid_reference='elsface'))
    assert alone[0] == [
        *plain,
        dict(type='ELSFaceLPIPS'),
        dict(type='ELSFaceFID'),
    ]
    said = {k: v for k, v in alone[1].items() if k not in protocol}
    assert set(said) == {'elsface_lpips', 'elsface_fid'}
    for part in ('BGR', '0..255', 'not scaled', 'JPEG 95'):
        assert part in said['elsface_lpips']
    for part in ('ImageNet Inception', 'batches of 64', 'JPEG 95'):
        assert part in said['elsface_fid']
    both = metrics(
        dict(lpips=['alex', 'elsface'], fid_reference=['gt', 'elsface'])
    )
    assert both[0] == [
        *plain,
        dict(type='LPIPS', net='alex'),
        dict(type='ELSFaceLPIPS'),
        dict(type='PytorchFID', reference='gt'),
        dict(type='ELSFaceFID'),
    ]
    usual = metrics(dict(lpips=True, fid_reference='gt'))[1]
    assert both[1] == {**usual, **said}


@pytest.mark.parametrize(
    'lpips, fid_reference',
    [(True, 'gt'), (['elsface', 'alex'], ['elsface', 'gt'])],
)
def test_a_written_config_does_not_measure_twice(
    tmp_path: Path, lpips: object, fid_reference: object
) -> None:
    options = dict(lpips=lpips, fid_reference=fid_reference)
    cfg = load_config(str(LEAVES[-1]), options, import_modules=False)
    cfg.dump(tmp_path / 'written.py')
    again = load_config(str(tmp_path / 'written.py'), import_modules=False)
    assert again.test_evaluator == cfg.test_evaluator
    assert again.protocol == cfg.protocol


def test_configs_are_found_by_name() -> None:
    assert {path.stem for path in known_configs()} == {
        path.stem for path in LEAVES
    }
    for path in LEAVES:
        assert Path(find_config(path.stem)).resolve() == path.resolve()
        assert Path(find_config(path.name)).resolve() == path.resolve()


def test_a_wrong_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(FileNotFoundError, match='150k_celeba.py'):
        find_config('dic_x8c48b6_1xb8-150k_celebs')


def test_names_are_unique() -> None:
    names = [path.name for path in LEAVES]
    assert len(names) == len(set(names)), 'mim finds configs by name'
