# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""SPARNet's arguments, sizes, attention maps and checkpointing."""

import copy

import pytest
import torch

from mmfacesr.models.sparnet import SPARNet, SPARNetDiscriminator

SMALL = dict(min_ch=4, max_ch=8, res_depth=1)
SPECTRAL = dict(**SMALL, norm_type='in', spectral_norm=True)


def num_parameters(**arguments: object) -> int:
    return sum(p.numel() for p in SPARNet(**arguments).parameters())


@pytest.mark.parametrize(
    'arguments, wanted',
    [
        (dict(res_depth=1), 4.859),
        (dict(res_depth=2), 5.487),
        (dict(res_depth=4), 6.745),
        (dict(res_depth=6), 8.003),
        (dict(res_depth=8), 9.261),
        (dict(res_depth=9), 9.890),
        (dict(att_name='spar3d'), 11.562083),
        (dict(norm_type='none'), 10.502675),
        (dict(relu_type='prelu'), 10.531411),
        (dict(bottleneck_size=8), 8.743251),
        (dict(bottleneck_size=16), 5.743368),
        (dict(bottleneck_size=32), 4.965894),
        (dict(bottleneck_size=64), 4.557828),
    ],
)
def test_ablations_have_the_known_parameter_counts(
    arguments: dict, wanted: float
) -> None:
    digits = len(str(wanted).split('.')[1])
    assert round(num_parameters(**arguments) / 1e6, digits) == wanted


@pytest.mark.parametrize('norm', ['bn', 'in', 'gn', 'pixel', 'none'])
@pytest.mark.parametrize('act', ['leakyrelu', 'relu', 'prelu', 'selu', 'none'])
def test_every_norm_and_activation_trains(norm: str, act: str) -> None:
    width = 32 if norm == 'gn' else 4
    network = SPARNet(width, width, res_depth=1, norm_type=norm, relu_type=act)
    network(torch.randn(1, 3, 48, 40)).square().mean().backward()
    assert all(p.grad.isfinite().all() for p in network.parameters())
    # No map is found from zeros alone: every unit takes part.
    grads = [p.grad.abs().sum() for p in network.out_conv.parameters()]
    assert all(grad > 0 for grad in grads)


@pytest.mark.parametrize(
    'arguments, message',
    [
        (dict(norm_type='layer'), "norm_type 'bn', 'in'.*'layer'"),
        (dict(norm_type='gn', max_ch=512, min_feat_size=8), 'multiple of 32'),
        (dict(relu_type='gelu'), 'relu_type.*gelu'),
        (dict(att_name='spar4d'), 'att_name.*spar4d'),
        (dict(bottleneck_size=5), 'power of two'),
        (dict(bottleneck_size=128), 'bottleneck_size'),
        (dict(in_size=100), 'in_size.*100'),
        (dict(out_size=8), 'out_size'),
        (dict(in_size=512, min_feat_size=16, res_depth=1), 'res_depth'),
    ],
)
def test_what_cannot_be_honored_is_refused_by_name(
    arguments: dict, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        SPARNet(**arguments)


@pytest.mark.parametrize(
    'arguments, multiple, minimum',
    [
        (SMALL, 8, 40),
        (dict(**SMALL, bottleneck_size=16), 8, 16),
        (
            dict(
                max_ch=8,
                min_ch=4,
                in_size=512,
                out_size=512,
                min_feat_size=32,
                res_depth=1,
                norm_type='in',
            ),
            16,
            48,
        ),
    ],
)
@torch.no_grad()
def test_declared_sizes_are_the_ones_that_work(
    arguments: dict, multiple: int, minimum: int
) -> None:
    network = SPARNet(**arguments).eval()
    needs = network.size_requirement
    assert (needs.multiple_of, needs.minimum) == (multiple, minimum)
    shape = (1, 3, minimum, minimum + multiple)
    assert network(torch.zeros(shape)).shape == shape
    for size in (minimum - multiple, minimum + 1, minimum + multiple // 2):
        with pytest.raises(ValueError, match='SPARNet expected'):
            network(torch.zeros(1, 3, size, minimum))
    # Below the minimum the network itself cannot: nothing is refused in vain.
    network.size_requirement = type(needs)()
    if minimum > multiple:
        with pytest.raises(RuntimeError, match='[Pp]adding'):
            network(torch.zeros(1, 3, minimum - multiple, minimum))


@torch.no_grad()
def test_other_output_sizes_are_built() -> None:
    network = SPARNet(**SMALL, out_size=256).eval()
    assert network(torch.zeros(1, 3, 48, 64)).shape == (1, 3, 96, 128)


@torch.no_grad()
def test_discriminator_needs_132_pixels() -> None:
    network = SPARNetDiscriminator(base_ch=4, max_ch=8)
    scores = network(torch.zeros(1, 3, 132, 133))
    assert [tuple(score.shape[1:]) for score in scores] == [
        (1, 7, 7),
        (1, 3, 3),
        (1, 1, 1),
    ]
    with pytest.raises(ValueError, match='SPARNetDiscriminator expected'):
        network(torch.zeros(1, 3, 131, 132))
    network.size_requirement = type(network.size_requirement)()
    with pytest.raises(RuntimeError):
        network(torch.zeros(1, 3, 131, 132))


@pytest.mark.parametrize('att_name', ['spar', 'spar3d'])
def test_attention_maps_of_every_unit(att_name: str) -> None:
    network = SPARNet(**SMALL, att_name=att_name).eval()
    image = torch.randn(2, 3, 64, 64)
    plain = network(image)
    maps = network.attention_maps(image)
    assert list(maps) == [
        *(f'encoder.{i}' for i in (1, 2, 3)),
        'res_layers.0',
        *(f'decoder.{i}' for i in (0, 1, 2)),
    ]
    sides = [32, 16, 8, 8, 16, 32, 64]
    assert [value.shape[-1] for value in maps.values()] == sides
    assert all(
        m.shape[1]
        == (1 if att_name == 'spar' else m.shape[1] > 1 and m.shape[1])
        for m in maps.values()
    )
    assert all(m.min() >= 0 and m.max() <= 1 for m in maps.values())
    assert torch.equal(network(image), plain)
    hooks = [m for m in network.modules() if m._forward_hooks]
    assert not hooks, 'hooks are taken off again'


def test_maps_weight_the_branch() -> None:
    network = SPARNet(**SMALL).eval()
    image = torch.randn(1, 3, 64, 64)
    unit = network.res_layers[0]
    seen = {}
    unit.register_forward_hook(
        lambda _, inputs, output: seen.update(x=inputs[0], y=output)
    )
    maps = network.attention_maps(image)
    with torch.no_grad():
        branch = unit.conv2(unit.conv1(unit.preact_func(seen['x'])))
    wanted = seen['x'] + branch * maps['res_layers.0']
    torch.testing.assert_close(seen['y'], wanted)


def test_checkpointing_changes_nothing_but_memory() -> None:
    torch.manual_seed(0)
    plain = SPARNet(**SPECTRAL).train()
    thrifty = SPARNet(**SPECTRAL, with_cp=True).train()
    thrifty.load_state_dict(plain.state_dict())
    image = torch.randn(2, 3, 64, 64)
    saved = {}
    for name, network in dict(plain=plain, thrifty=thrifty).items():
        saved[name] = 0

        def keep(tensor: torch.Tensor, name: str = name) -> torch.Tensor:
            saved[name] += tensor.nbytes
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda x: x):
            loss = network(image).square().mean()
        loss.backward()
    assert saved['thrifty'] < saved['plain'] / 4
    for (key, a), b in zip(plain.named_parameters(), thrifty.parameters()):
        torch.testing.assert_close(a.grad, b.grad, msg=key)
    for key, value in plain.state_dict().items():
        assert torch.equal(value, thrifty.state_dict()[key]), key


def test_network_can_be_copied_after_training() -> None:
    network = SPARNet(**SPECTRAL).train()
    network(torch.randn(1, 3, 64, 64)).mean().backward()
    again = copy.deepcopy(network).eval()
    image = torch.randn(1, 3, 64, 64)
    assert torch.equal(again(image), network.eval()(image))


@torch.no_grad()
def test_initial_weights_are_the_released_ones() -> None:
    plain = SPARNet()
    conv = plain.res_layers[0].conv1
    assert conv.conv2d.weight.std() == pytest.approx(0.02, rel=0.02)
    assert conv.norm.norm.weight.mean() == pytest.approx(1, abs=0.01)
    assert conv.norm.norm.weight.std() == pytest.approx(0.02, rel=0.3)
    assert plain.out_conv.conv2d.bias.abs().max() == 0
    hd = SPARNet(32, 32, norm_type='in', spectral_norm=True)
    weight = hd.res_layers[0].conv1.conv2d.weight_orig
    bound = (32 * 9) ** -0.5  # of PyTorch's default
    assert 0.95 * bound < weight.abs().max() <= bound
    assert hd.out_conv.conv2d.bias.abs().max() == 0
