# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What is typed after --cfg-options: values and names."""

import argparse
import re
from pathlib import Path

import pytest
from mmengine.config import Config

from mmfacesr.apis.config import datasets_of, load_config
from mmfacesr.apis.launch import add_cfg_options
from mmfacesr.apis.settings import check_names, parse_settings

REPO = Path(__file__).parents[2]
SMALL = 'dic-small_x8c16b2_1xb4-500_synthetic'
HD = 'sparnet-hd_attn2d_1xb2-10e_ffhq'
CRITIC = 'pfsrnet_x8_1xb16-200k_celeba'
HARD_NAMES = [
    'my faces',
    ' edges ',
    "quo'te",
    'double"quote',
    "'quoted'",
    'fa,ces',
    'a=b',
    '2024',
    '1e3',
    'None',
    'True',
    '[faces]',
    '(open',
    '$HOME/{{$X:y}}',
    'back\\slash',
    'Gesichter/äöü',
    'bytes\udcff',
]
"""Every one is a name that Linux takes for a folder."""


def load(name: str, *words: str, **more: bool) -> Config:
    """Load a config with settings as a tool reads them."""
    parser = argparse.ArgumentParser()
    add_cfg_options(parser)
    given = ['--cfg-options', *words] if words else []
    args = parser.parse_args(given)
    more = {'import_modules': False, **more}
    return load_config(name, args.cfg_options, **more)


@pytest.mark.parametrize('path', HARD_NAMES)
def test_a_path_stays_as_it_was_typed(path: str) -> None:
    keys = {
        'data_root': lambda cfg: cfg.data_root,
        'landmark_table': lambda cfg: cfg.landmark_table,
        'lr_folder': lambda cfg: cfg.lr_folder,
        'cache_folder': lambda cfg: cfg.cache_folder,
        'load_from': lambda cfg: cfg.load_from,
        'work_dir': lambda cfg: cfg.work_dir,
        'fid_reference': lambda cfg: cfg.test_evaluator[-1].reference,
        'test_dataloader.dataset.ann_file': lambda cfg: (
            cfg.test_dataloader.dataset.ann_file
        ),
        'model.feature_loss.pretrained': lambda cfg: (
            cfg.model.feature_loss.pretrained
        ),
        'custom_hooks.0.weights': lambda cfg: cfg.custom_hooks[0].weights,
    }
    cfg = load(CRITIC, *(f'{key}={path}' for key in keys))
    assert {key: read(cfg) for key, read in keys.items()} == dict.fromkeys(
        keys, path
    )
    for dataset in datasets_of(cfg):
        assert dataset.data_root == dataset.landmark_table == path


def test_a_written_config_keeps_paths(tmp_path: Path) -> None:
    path = ' quo\'te, double"quote\\ \udcff $HOME äöü=[1 '
    load(SMALL, f'data_root={path}').dump(tmp_path / 'written.py')
    again = load(str(tmp_path / 'written.py'))
    assert [item.data_root for item in datasets_of(again)] == [path] * 3


@pytest.mark.parametrize(
    'word, value',
    [
        ('train_cfg.max_iters=3', 3),
        ('optim_wrapper.optimizer.lr=1e-4', 1e-4),
        ('optim_wrapper.optimizer.betas=(0.9, 0.99)', (0.9, 0.99)),
        ('model.data_preprocessor.mean=[1, 2.5,3]', [1, 2.5, 3]),
        ('model.data_preprocessor.std=1,2,3', [1, 2, 3]),
        ('model.generator.with_cp=True', True),
        ('resume=false', False),
        ('crop_size=128', 128),
        ('crop_size=auto', 'auto'),
        ('crop_size=None', None),
        ('default_hooks.checkpoint.save_best=None', None),
        ('default_hooks.checkpoint.save_best=PSNR,SSIM', ['PSNR', 'SSIM']),
        ('log_level=10', '10'),
        ('model.generator.type=SPARNet', 'SPARNet'),
        ('randomness.seed=None', None),
        ('load_from=', None),
        ('landmark_table=', None),
    ],
)
def test_other_values_are_read_as_mmengine_does(
    word: str, value: object
) -> None:
    found = load(SMALL, word)
    for key in word.partition('=')[0].split('.'):
        found = found[key]
    assert found == value and type(found) is type(value)


def test_several_references() -> None:
    cfg = load(
        HD,
        'fid_reference=gt',
        'fid_reference=elsface',
        'fid_reference=my, faces',
        'lpips=alex,vgg',
        'lpips=squeeze',
    )
    assert [
        metric.get('net') or metric.get('reference')
        for metric in cfg.test_evaluator[-6:]
    ] == ['alex', 'vgg', 'squeeze', 'gt', None, 'my, faces']
    assert load(HD, 'data_root=a', 'data_root=b').data_root == 'b'


def test_references_with_a_comma_between_are_answered() -> None:
    with pytest.raises(ValueError, match='fid_reference=gt fid_reference=x'):
        load(HD, 'fid_reference=gt,x')


@pytest.mark.parametrize('word', ['data_root', '=x', ''])
def test_what_is_no_setting_is_refused(
    word: str, capsys: pytest.CaptureFixture
) -> None:
    with pytest.raises(SystemExit) as end:
        load(SMALL, word)
    assert end.value.code == 2
    assert 'expected KEY=VALUE' in capsys.readouterr().err


@pytest.mark.parametrize(
    'word, meant',
    [
        ('tensorbord=True', "'tensorboard'"),
        ('data_rot=x', "'data_root'"),
        ('workdir=x', "'work_dir'"),
        ('fid_refrence=gt', "'fid_reference'"),
        ('train_cfg.max_iter=3', "'train_cfg.max_iters'"),
        ('train_dataloader.batchsize=3', "'train_dataloader.batch_size'"),
        ('model.generator.mid_chanels=4', "'model.generator.mid_channels'"),
        ('default_hooks.check_point.interval=1', "'default_hooks.checkpoint."),
        ('env_cfg.cudnn_bench=True', "'env_cfg.cudnn_benchmark'"),
        ('param_schedular.T_max=3', "'param_scheduler.T_max'"),
        ('custom_hooks.7.priority=1', 'Expected a number below 2'),
        ('custom_hooks.first.priority=1', 'Expected a number below 2'),
        ('qqqqqq=1', 'print_config.py'),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(
    word: str, meant: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(meant)):
        load(SMALL, word, import_modules=True)
    with pytest.raises(ValueError, match='no setting|number below'):
        load_config(SMALL, {'tensorbord': True}, import_modules=False)


@pytest.mark.parametrize(
    'word',
    [
        'model.generator.with_cp=True',
        'model.init_cfg.type=Pretrained',
        'model.init_cfg.checkpoint=x.pth',
        'train_dataloader.pin_memory=True',
        'train_dataloader.prefetch_factor=4',
        'train_dataloader.dataset.ann_file=list.txt',
        'train_dataloader.dataset.indices=8',
        'train_dataloader.sampler.seed=3',
        'train_cfg.val_begin=3',
        'optim_wrapper.clip_grad.max_norm=1',
        'optim_wrapper.accumulative_counts=2',
        'optim_wrapper.paramwise_cfg.norm_decay_mult=0',
        'optim_wrapper.optimizer.amsgrad=True',
        'param_scheduler.begin=3',
        'param_scheduler.convert_to_iter_based=True',
        'default_hooks.checkpoint.out_dir=x',
        'default_hooks.early_stopping.type=EarlyStoppingHook',
        'custom_hooks.0.priority=LOW',
        'randomness.deterministic=True',
        'randomness.diff_rank_seed=True',
        'env_cfg.resource_limit=8192',
        'auto_scale_lr.enable=True',
        'val_evaluator.0.prefix=x',
        'visualizer.save_dir=x',
        'work_dir=x',
        'experiment_name=x',
        'model_wrapper_cfg.type=MMDistributedDataParallel',
        'sync_bn=torch',
        'compile=True',
    ],
)
def test_arguments_that_the_config_leaves_out_can_be_set(word: str) -> None:
    load(SMALL, word, import_modules=True)


def test_an_argument_is_no_slip_of_another(tmp_path: Path) -> None:
    """`mid_channels` looks like `hg_mid_channels`, and exists."""
    config = tmp_path / 'leaf.py'
    config.write_text(
        f"_base_ = '{REPO}/configs/dic/{SMALL}.py'\n"
        "model = dict(generator=dict(_delete_=True, type='DICGenerator', "
        'hg_mid_channels=8))'
    )
    cfg = load(
        str(config), 'model.generator.mid_channels=4', import_modules=True
    )
    assert cfg.model.generator.mid_channels == 4


def documented_settings() -> dict[str, set[str]]:
    """Every KEY that the documents set -> the files that do."""
    files = [
        *REPO.glob('*.md'),
        *REPO.glob('docs/*.md'),
        *REPO.glob('configs/**/*.*'),
        *REPO.glob('tools/**/*.*'),
        *REPO.glob('benchmarks/*.*'),
    ]
    found: dict[str, set[str]] = {}
    for file in files:
        if file.suffix not in ('.md', '.py', '.sh'):
            continue
        text = file.read_text().replace('\\\n', ' ')
        for line in re.findall('--cfg-options([^`"\'#\n]*)', text):
            for key in re.findall(r'([a-z][\w.]+)=', line):
                found.setdefault(key, set()).add(file.name)
    return found


def test_what_the_documents_set_exists() -> None:
    leaves = [
        load_config(str(path))
        for path in REPO.glob('configs/*/*.py')
        if path.parent.name != '_base_'
    ]
    found = documented_settings()
    assert len(found) > 15 and 'model.schedule.1.fade_iters' in found
    for key, files in found.items():
        if key == 'NAME':
            continue
        refused = []
        for cfg in leaves:
            try:
                check_names(cfg, [key])
            except ValueError as error:
                refused.append(str(error))
        assert len(refused) < len(leaves), (key, files, refused[0])


@pytest.mark.parametrize(
    ('keys', 'said'),
    [
        (['data_root.x'], 'parts in front of'),
        (['crop_size', 'crop_size.x'], 'as a whole or in parts'),
        (['custom_hooks.²'], 'Expected a number below'),
    ],
)
def test_settings_that_have_no_parts(keys: list[str], said: str) -> None:
    cfg = Config(dict(data_root='x', crop_size=None, custom_hooks=[1, 2, 3]))
    with pytest.raises(ValueError, match=said):
        check_names(cfg, keys)


def test_brackets_in_brackets_are_limited() -> None:
    deep = '[' * 300 + ']' * 300
    with pytest.raises(ValueError, match='at most 20 brackets'):
        parse_settings(Config(dict(a=1)), [('a', deep)])
    flat = '[' + '(1,2),' * 300 + '(3,4)]'
    assert len(parse_settings(Config(dict(a=1)), [('a', flat)])['a']) == 301


def test_brackets_behind_a_word_are_refused() -> None:
    with pytest.raises(ValueError, match='brackets around a whole list'):
        parse_settings(Config(dict(a=1)), [('a', 'f(1,2)')])
