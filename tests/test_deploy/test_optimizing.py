# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The fastest way that restores the same is taken, no other."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import Tensor, nn

from mmfacesr.apis.face_network import FaceNetwork, ImageNetwork
from mmfacesr.apis.launch import BACKENDS as OFFERED
from mmfacesr.deploy import choices, optimize, optimizing
from mmfacesr.deploy.backends import BACKENDS, Backend, torch_eager
from mmfacesr.deploy.timing import FIRST_ROUNDS, median_seconds
from mmfacesr.deploy.verification import draw_inputs
from mmfacesr.models.common.folding import fold

CASES = ('dic', 'sparnet', 'sparnet hd', 'pfsrnet', 'elsface x4', 'wfen')
Make = Callable[..., nn.Module]


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    """Choices are kept in a folder of the test."""
    monkeypatch.setenv('MMFACESR_WEIGHTS_DIR', str(tmp_path))


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let there be no backends but these."""

    def only(**kinds: Callable) -> None:
        kinds = {
            name: Backend(make, ('float32',)) for name, make in kinds.items()
        }
        monkeypatch.setattr(optimizing, 'BACKENDS', kinds)

    return only


def sleeping(network: nn.Module, example: Tensor, dtype: str) -> Callable:
    """The same, slowly."""
    run = torch_eager(network, example, dtype)

    def slow(batch: Tensor) -> Tensor:
        time.sleep(0.05)
        return run(batch)

    return slow


def known(network: nn.Module, example: Tensor, dtype: str) -> Callable:
    """What it is asked twice it returns at once."""
    run, seen = torch_eager(network, example, dtype), {}

    def fast(batch: Tensor) -> Tensor:
        key = batch.numpy().tobytes()
        if key not in seen:
            seen[key] = run(batch)
        return seen[key]

    return fast


def biased(network: nn.Module, example: Tensor, dtype: str) -> Callable:
    """The same with one bias changed, and fast."""
    with torch.no_grad():
        bias = [p for n, p in network.named_parameters() if n[-4:] == 'bias']
        bias[-1][0] += 0.01
    return known(network, example, dtype)


def broken(network: nn.Module, example: Tensor, dtype: str) -> Callable:
    raise RuntimeError('no such instruction')


@pytest.mark.parametrize('case', CASES)
def test_outputs_stay_and_so_does_the_network(
    small_model: Make, case: str
) -> None:
    model = small_model(case).train()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    side = model.facts.input_size
    batch = torch.rand(3, 3, side, side, generator=torch.manual_seed(1))
    fast = optimize(model, dtype='float32', backend='torch', rounds=1)
    assert fast.chosen.name == 'torch float32'
    assert model.training
    with torch.no_grad():
        wanted = ImageNetwork(model.eval())(batch)
    error = (fast(batch) - wanted).abs().max() / (wanted.max() - wanted.min())
    assert error < 1e-4
    assert fast(batch).is_contiguous() and fast(batch).dtype == torch.float32
    for key, value in model.state_dict().items():
        assert torch.equal(value, before[key]), key
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(fast, [batch, batch.flip(0)]))
    torch.testing.assert_close(both[0], both[1].flip(0), rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    'case',
    [
        pytest.param(case, marks=pytest.mark.slow)
        if case in ('wfen', 'sparnet hd')
        else case
        for case in CASES
    ],
)
def test_reduced_precision_runs(small_model: Make, case: str) -> None:
    """These do not agree to 50 dB, as trained ones do; they must run."""
    model = small_model(case)
    faces = FaceNetwork(model.facts, model)
    batch = draw_inputs(faces, 2)
    run = BACKENDS['torch'].make(fold(faces.network, batch), batch, 'bfloat16')
    wanted, got = faces.network(batch), run(batch)
    assert got.dtype == torch.float32 and got.shape == wanted.shape
    assert not torch.equal(got, wanted), 'nothing was rounded'
    assert (got - wanted).norm() < 0.2 * wanted.norm()


def test_a_precision_that_is_imitated_is_tried_on_request_alone(
    small_model: Make, ways: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    ways(fast=known)
    model = small_model()
    optimizing.BACKENDS['fast'] = Backend(known)
    tried = {}
    for is_native in (True, False):
        monkeypatch.setattr(
            optimizing, 'has_native_bfloat16', lambda is_it=is_native: is_it
        )
        tried[is_native] = [w.name for w in optimize(model, rounds=1).ways]
    assert tried[True] == [*tried[False], 'fast bfloat16']
    asked = optimize(model, dtype='bfloat16', rounds=1)
    assert 'fast bfloat16' in [way.name for way in asked.ways]


def test_the_fastest_is_chosen_and_a_slowed_one_never(
    small_model: Make, ways: Callable
) -> None:
    model = small_model()
    ways(slow=sleeping, fast=known)
    found = optimize(model, rounds=5)
    assert found.chosen.name == 'fast float32'
    assert {way.name for way in found.ways if way.seconds} == {
        'as it is',
        'slow float32',
        'fast float32',
    }
    assert 'chosen' in found.explain()
    ways(slow=sleeping)
    assert optimize(model, rounds=5).chosen.name == 'as it is'


def test_what_differs_or_fails_is_told_and_never_chosen(
    small_model: Make, ways: Callable
) -> None:
    model = small_model()
    ways(wrong=biased, broken=broken)
    found = optimize(model, rounds=2)
    assert found.chosen.name == 'as it is'
    _, wrong, failed = found.ways
    assert 'at most 0.0001 off' in wrong.reason and wrong.seconds is None
    assert failed.reason == 'RuntimeError: no such instruction'
    for reason in (wrong.reason, failed.reason):
        assert reason in found.explain()
    with pytest.raises(ValueError, match='backend wrong runs, got wrong fl'):
        optimize(model, backend='wrong', rounds=2)


def test_a_choice_is_remembered_until_the_machine_is_another(
    small_model: Make, ways: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, timed = small_model(), []
    ways(fast=known)

    def counted(*args: object, **kwargs: object) -> dict[str, float]:
        timed.append(args)
        return median_seconds(*args, **kwargs)

    monkeypatch.setattr(optimizing, 'median_seconds', counted)
    first = optimize(model, rounds=2)
    times = len(timed)
    again = optimize(model, rounds=2)
    assert len(timed) == times and times > 0
    assert again.chosen.name == first.chosen.name == 'fast float32'
    assert again.batch_size == first.batch_size
    assert 'earlier measurement' in again.explain()
    optimize(model, is_remembered=False, rounds=2)
    assert len(timed) == 2 * times
    assert optimize(model, anew=True, rounds=2).ways, 'measured'
    assert len(timed) == 3 * times

    side = model.facts.input_size
    one, two = torch.zeros(1, 3, side, side), torch.zeros(2, 3, side, side)
    keys = {choices.key_of(model, one, ['a']), choices.key_of(model, two, [])}
    threads = torch.get_num_threads()
    torch.set_num_threads(threads + 1)
    keys.add(choices.key_of(model, one, ['a']))
    torch.set_num_threads(threads)
    monkeypatch.setenv('ONEDNN_MAX_CPU_ISA', 'AVX2')
    keys.add(choices.key_of(model, one, ['a']))
    keys.add(choices.key_of(small_model('sparnet'), one, ['a']))
    assert len(keys) == 5


def test_a_remembered_way_that_differs_now_is_measured_anew(
    small_model: Make, ways: Callable
) -> None:
    model = small_model()
    ways(fast=known)
    assert optimize(model, rounds=2).chosen.name == 'fast float32'
    ways(fast=biased)  # a new version of a runtime, say
    assert optimize(model, rounds=2).chosen.name == 'as it is'
    path = choices.weights_dir() / choices.FILE
    path.write_text('{"half a file')
    assert optimize(model, rounds=2).ways, 'measured again'


def test_what_cannot_be_optimized_is_refused(small_model: Make) -> None:
    model = small_model()
    for wrong, text in (
        (dict(dtype='int8'), "dtype of .* got 'int8'"),
        (dict(backend='tensorrt'), "backend of .* got 'tensorrt'"),
    ):
        with pytest.raises(ValueError, match=text):
            optimize(model, **wrong)
    model.facts = None
    with pytest.raises(ValueError, match='without facts'):
        optimize(model)
    assert ('auto', *BACKENDS) == OFFERED


@pytest.mark.parametrize('name', ['onnxruntime', 'openvino'])
def test_runtimes(small_model: Make, name: str) -> None:
    for package in BACKENDS[name].needs:
        pytest.importorskip(package, reason="needs the extra 'deploy'")
    found = optimize(small_model(), backend=name, dtype='float32', rounds=2)
    assert found.chosen.name == f'{name} float32'


def test_medians_by_a_known_clock() -> None:
    now = [0.0]

    def takes(seconds: float) -> Callable[[Tensor], None]:
        def run(batch: Tensor) -> None:
            calls.append(seconds)
            now[0] += seconds

        return run

    calls: list[float] = []
    runs = {'a': takes(1), 'b': takes(1.5), 'c': takes(2.5)}
    found = median_seconds(
        runs, torch.zeros(1), rounds=9, clock=lambda: now[0]
    )
    assert found == dict(a=1, b=1.5, c=2.5)
    assert [calls.count(s) for s in (1, 1.5, 2.5)] == [
        10,
        10,
        1 + FIRST_ROUNDS,
    ]
