# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Settings reach every dataset, switches are carried out."""

from pathlib import Path

import pytest
from mmengine.config import Config
from torch.utils.data import DataLoader

from mmfacesr.apis.config import (
    LOADERS,
    datasets_of,
    find_config,
    known_configs,
    load_config,
)

BASE = Path(__file__).parents[2] / 'configs/_base_'
HARD_PATHS = ["quo'te", 'double"quote', 'back\\slash\\1', 'my, faces', '$A']
LEAVES = sorted(
    path
    for path in Path(__file__).parents[2].glob('configs/*/*.py')
    if path.parent.name != '_base_'
)


def is_on_disk(dataset: dict) -> bool:
    """Whether a dataset reads files; others are drawn."""
    return dataset['type'] != 'SyntheticFaces'


@pytest.mark.parametrize('path', LEAVES, ids=lambda path: path.stem)
def test_one_setting_reaches_all_datasets(path: Path) -> None:
    options = dict(
        data_root='my/faces', crop_size=100, landmark_table='other.npz'
    )
    cfg = load_config(str(path), options, import_modules=False)
    datasets = list(datasets_of(cfg))
    assert len(datasets) == 3
    for dataset in filter(is_on_disk, datasets):
        assert {key: dataset[key] for key in options} == options
    assert is_on_disk(datasets[-1])
    assert [dataset.split for dataset in datasets] == ['train', 'val', 'test']


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


@pytest.mark.parametrize('variable', ['DATA_ROOT', 'HELEN_ROOT'])
@pytest.mark.parametrize('path', HARD_PATHS)
def test_the_environment_is_taken_as_it_stands(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, path: str
) -> None:
    """Plain mmengine reads the same: the tools do nothing here."""
    config = tmp_path / 'helen.py'
    config.write_text(
        f"_base_ = ['{BASE}/default_runtime.py', "
        f"'{BASE}/datasets/celeba_helen50.py']"
    )
    monkeypatch.setenv(variable, path)
    for cfg in (
        Config.fromfile(config, import_custom_modules=False),
        load_config(str(config), import_modules=False),
    ):
        train, _, test = (item.data_root for item in datasets_of(cfg))
        assert path == (train if variable == 'DATA_ROOT' else test)
        assert train != test


@pytest.mark.parametrize('name', sorted(BASE.glob('datasets/*.py')))
def test_every_dataset_hears_the_environment(
    monkeypatch: pytest.MonkeyPatch, name: Path
) -> None:
    assert '{{' not in name.read_text(), 'mmengine pastes it into the source'
    monkeypatch.setenv('DATA_ROOT', '')
    default = Config.fromfile(name).data_root
    assert default.startswith('data/')
    monkeypatch.setenv('DATA_ROOT', "quo'te")
    assert Config.fromfile(name).data_root == "quo'te"


CHILD = dict(data_root='/own root', landmark_table='own.npz', crop_size=99)


@pytest.mark.parametrize('path', LEAVES, ids=lambda path: path.stem)
def test_settings_of_a_child_reach_all_datasets(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if path in LEAVES[::2]:
        monkeypatch.setenv('DATA_ROOT', '/from environment')
    child, grandchild = tmp_path / 'child.py', tmp_path / 'grandchild.py'
    lines = '\n'.join(f'{name} = {value!r}' for name, value in CHILD.items())
    child.write_text(f"_base_ = '{path}'\n{lines}")
    grandchild.write_text("_base_ = './child.py'\ncrop_size = 7")
    for file, options, expected in (
        (child, {}, CHILD),
        (child, dict(crop_size=5), {**CHILD, 'crop_size': 5}),
        (grandchild, {}, {**CHILD, 'crop_size': 7}),
    ):
        cfg = load_config(str(file), options, import_modules=False)
        for dataset in filter(is_on_disk, datasets_of(cfg)):
            assert {key: dataset[key] for key in CHILD} == expected


def test_a_child_leaves_a_dataset_of_its_own_alone(tmp_path: Path) -> None:
    config = tmp_path / 'child.py'
    config.write_text(
        f"_base_ = ['{BASE}/default_runtime.py', "
        f"'{BASE}/datasets/celeba_helen50.py']\n"
        "data_root = '/mine'\n"
        "val_dataloader = dict(dataset=dict(data_root='/val'))"
    )
    cfg = load_config(str(config), import_modules=False)
    roots = [dataset.data_root for dataset in datasets_of(cfg)]
    assert roots == ['/mine', '/val', 'data/helen50']


def test_a_dataset_without_a_setting_is_given_none(tmp_path: Path) -> None:
    """One of another class would refuse it."""
    config = tmp_path / 'child.py'
    config.write_text(
        f"_base_ = '{LEAVES[0]}'\ncrop_size = 64\n"
        'test_dataloader = dict(dataset=dict(_delete_=True, '
        "type='BasicImageDataset', data_root='/other'))"
    )
    cfg = load_config(str(config), import_modules=False)
    assert cfg.train_dataloader.dataset.crop_size == 64
    assert set(cfg.test_dataloader.dataset) == {'type', 'data_root'}


def test_an_option_for_one_dataset_wins(tmp_path: Path) -> None:
    """Even if it is what the config had there before."""
    before = load_config(str(LEAVES[0]), import_modules=False).data_root
    options = {
        'test_dataloader.dataset.data_root': before,
        'data_root': '/mine',
    }
    cfg = load_config(str(LEAVES[0]), options, import_modules=False)
    roots = [dataset.data_root for dataset in datasets_of(cfg)]
    assert roots == ['/mine', '/mine', before]


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
    for words in ('BGR', '0..255', 'not scaled', 'JPEG 95'):
        assert words in said['elsface_lpips']
    for words in ('ImageNet Inception', 'batches of 64', 'JPEG 95'):
        assert words in said['elsface_fid']
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


EVERYTHING = {
    'tensorboard': True,
    'channels_last': True,
    'lpips': ['elsface', 'alex'],
    'fid_reference': ['elsface', 'gt', "quo'te"],
    'data_root': 'my, faces',
    'landmark_table': None,
    'crop_size': 99,
    'test_dataloader.dataset.data_root': 'another',
    'train_dataloader.num_workers': 0,
}


def written(cfg: Config, path: Path) -> Path:
    """Write a config as a run does, without the time for its beauty."""
    object.__setattr__(cfg, '_format_python_code', False)
    cfg.dump(path)
    return path


@pytest.mark.parametrize('options', [{}, EVERYTHING], ids=['plain', 'all'])
@pytest.mark.parametrize('path', LEAVES, ids=lambda path: path.stem)
def test_a_written_config_gives_what_was_run(
    tmp_path: Path, path: Path, options: dict
) -> None:
    cfg = load_config(str(path), options, import_modules=False)
    file = written(cfg, tmp_path / 'written.py')
    again = load_config(str(file), import_modules=False)
    assert again.to_dict() == cfg.to_dict()
    # And once more: a written config may be run and written.
    file = written(again, tmp_path / 'again.py')
    third = load_config(str(file), options, import_modules=False)
    assert third.to_dict() == cfg.to_dict()


@pytest.mark.parametrize('path', LEAVES, ids=lambda path: path.stem)
def test_every_loader_works_without_workers(path: Path) -> None:
    options = {f'{name}.num_workers': 0 for name in LOADERS}
    cfg = load_config(str(path), options, import_modules=False)
    for name in LOADERS:
        how = {
            key: cfg[name][key]
            for key in ('num_workers', 'persistent_workers')
        }
        assert list(DataLoader(range(3), **how)) == [0, 1, 2]
    plain = load_config(str(path), import_modules=False)
    assert plain.train_dataloader.num_workers > 0
    asked = Config.fromfile(path, import_custom_modules=False)
    for name in LOADERS:
        assert plain[name] == asked[name]


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


@pytest.mark.parametrize(
    ('name', 'text'),
    [
        ('a.py', 'x = '),
        ('a.py', '_base_ = 1'),
        ('a.yml', 'a: ['),
        ('a.json', '"text"'),
        ('a.json', '[' * 100_000),
    ],
)
def test_a_file_that_is_no_config(
    tmp_path: Path, name: str, text: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises((ValueError, TypeError), match=f'Expected.*{name}'):
        load_config(str(tmp_path / name))
