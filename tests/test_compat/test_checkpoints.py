# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Safe files, atomic writing, and resuming from them."""

import copy
import os
import resource
import signal
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from mmengine.fileio import LocalBackend
from mmengine.logging import HistoryBuffer
from mmengine.runner import CheckpointLoader, save_checkpoint

from mmfacesr.compat.mends import mend
from mmfacesr.engine.hooks import plain_checkpoint_hook
from mmfacesr.engine.hooks.plain_checkpoint_hook import (
    PlainCheckpointHook,
    to_plain,
)
from mmfacesr.weights import WeightsError
from mmfacesr.weights.reading import read_weights_file

GONE = 'this mend is no longer needed'


class Foreign:
    """Its pickle calls a function."""

    def __reduce__(self) -> tuple:
        return print, ('code from the file was run',)


def test_faults_of_the_base(unmended: dict[str, str]) -> None:
    assert 'weights_only' in str(unmended['own_checkpoint_is_plain']), GONE
    assert unmended['killed_save_keeps_old_file'], GONE
    assert unmended['misfit_is_refused'], GONE
    assert unmended['misfit_of_init_cfg_is_refused'], GONE
    if torch.__version__ < '2.6':
        assert unmended['foreign_pickle_refused'], GONE


def test_resumed_equals_uninterrupted(toy: ModuleType, tmp_path: Path) -> None:
    hooks = [dict(type='PlainCheckpointHook')]
    whole = toy.make_runner(
        tmp_path / 'whole', toy.ToyModel(), 4, custom_hooks=hooks
    )
    whole.train()
    with pytest.raises(KeyboardInterrupt):
        toy.make_runner(
            tmp_path / 'part',
            toy.ToyModel(),
            4,
            custom_hooks=[*hooks, toy.Interrupt(2)],
        ).train()
    # a file that needs no trust, before and after resuming
    torch.load(tmp_path / 'part/iter_2.pth', weights_only=True)
    part = toy.make_runner(
        tmp_path / 'part', toy.ToyModel(), 4, custom_hooks=hooks, resume=True
    )
    part.train()
    files = [
        torch.load(tmp_path / name / 'iter_4.pth', weights_only=True)
        for name in ('whole', 'part')
    ]
    assert files[1]['param_schedulers'] == files[0]['param_schedulers']
    for key in ('state_dict', 'optimizer'):
        torch.testing.assert_close(
            files[1][key], files[0][key], rtol=0, atol=0
        )
    losses = [r.message_hub.get_scalar('train/loss') for r in (whole, part)]
    assert len(losses[0].data[0]) == 4
    for window in (1, 3, 4):
        assert losses[1].mean(window) == losses[0].mean(window)


def test_every_value_comes_back() -> None:
    history = HistoryBuffer([1.5, 2.5], [1, 2], 7)
    state = OrderedDict(w=torch.ones(2))
    state._metadata = {'': dict(version=1)}
    saved = dict(
        state_dict=state,
        message_hub=dict(
            log_scalars=OrderedDict(loss=history),
            runtime_info=dict(best=np.float64(0.1), n=np.int64(3)),
        ),
        meta=dict(path=Path('a'), array=np.arange(3), pair=(1, None)),
    )
    PlainCheckpointHook().before_save_checkpoint(None, saved)
    back = copy.deepcopy(saved)
    PlainCheckpointHook().after_load_checkpoint(None, back)
    restored = back['message_hub']['log_scalars']['loss']
    assert restored.data[0].tolist() == [1.5, 2.5]
    assert restored.data[1].tolist() == [1, 2]
    assert restored.max_length == 7
    restored.update(3.5)
    assert restored.mean() == 7.5 / 4
    assert saved['state_dict']._metadata == {'': dict(version=1)}
    assert type(saved['message_hub']['runtime_info']['best']) is float
    assert type(saved['message_hub']['runtime_info']['n']) is int
    assert saved['meta'] == dict(path='a', array=[0, 1, 2], pair=(1, None))


def test_unknown_type_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = []
    monkeypatch.setattr(
        plain_checkpoint_hook,
        'print_log',
        lambda text, **_: lines.append(text),
    )
    value = object()
    assert to_plain(dict(a=[value]), 'meta')['a'][0] is value
    assert len(lines) == 1 and 'a object at meta.a[]' in lines[0]


def test_runner_refuses_foreign_pickle(
    toy: ModuleType, tmp_path: Path
) -> None:
    torch.save(dict(state_dict=Foreign()), tmp_path / 'foreign.pth')
    runner = toy.make_runner(tmp_path / 'run', toy.ToyModel(), 2)
    with pytest.raises(WeightsError, match='foreign.pth'):
        runner.load_checkpoint(str(tmp_path / 'foreign.pth'))


def test_mmengine_takes_a_url(
    serve: Callable[[Path], str], tmp_path: Path
) -> None:
    """As `load_from` and other users of mmengine's loader do."""
    mend()
    path = tmp_path / 'net-01234567.pth'
    torch.save(dict(state_dict=dict(w=torch.ones(2))), path)
    url = serve(path)
    with pytest.raises(WeightsError, match='sha256 .* instead of 01234567'):
        CheckpointLoader.load_checkpoint(url)
    whole = path.rename(tmp_path / 'net.pth')
    found = CheckpointLoader.load_checkpoint(serve(whole))
    assert torch.equal(found['state_dict']['w'], torch.ones(2))


def test_killed_save_keeps_old_file(tmp_path: Path) -> None:
    mend()
    path = tmp_path / 'a.pth'
    save_checkpoint(dict(a=1), str(path))
    child = os.fork()
    if child == 0:
        # the system kills the child when its file grows beyond 10 bytes
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
        save_checkpoint(dict(a=2), str(path))
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status), 'the second save was not killed'
    assert read_weights_file(path) == dict(a=1)


def test_failed_save_leaves_nothing(tmp_path: Path) -> None:
    mend()
    (tmp_path / 'a').mkdir()
    with pytest.raises(OSError):
        LocalBackend().put(b'1', tmp_path / 'a')
    assert [p.name for p in tmp_path.rglob('*')] == ['a']
