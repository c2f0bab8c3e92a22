# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Images that a training step takes in a second, by the training's switches.

    python benchmarks/training.py
    python benchmarks/training.py MODEL ... --threads 1 --batch-size 2
    python benchmarks/training.py MODEL --compile --json FILE

Measured is the restorer's whole `train_step`: forward pass, losses, backward
pass and optimizers, the discriminator's too, as at the end of the config's
training. Batches are of drawn faces through the config's pipeline, made
before. Losses by networks whose weights would have to be downloaded are left
out.

Ways to train take turns, each on its own copy of the same network. Given are
the medians of all rounds and, in brackets, the least and the largest: images
a second of wall and of processor time, the latter changing less when other
programs run. The speed is that of processor time against plain float32,
round by round. The last column compares the loss curves, from equal weights
and on equal batches: the largest difference of a logged loss in any step,
over the sum of the step's losses in float32.
"""

import argparse
import copy
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from types import SimpleNamespace

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.logging import MMLogger
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope

from mmfacesr.apis.config import load_config
from mmfacesr.apis.launch import clear_errors
from mmfacesr.apis.measuring import conditions, spread
from mmfacesr.apis.sheets import build_dataset
from mmfacesr.datasets.synthetic_faces import write_faces
from mmfacesr.engine.hooks import ChannelsLastHook
from mmfacesr.engine.hooks.compile_hook import compile_training
from mmfacesr.engine.optim_wrappers import enable_amp, fuse_optimizers
from mmfacesr.registry import MODELS
from mmfacesr.utils import replacing

NAMES = (
    'dic_x8c48b6_1xb8-150k_celeba',
    'sparnet_attn2d-x8_1xb32-20e_celeba',
    'sparnet_light-attn3d-x8_1xb4-6k_synthetic',
    'pfsrnet_x8_1xb16-200k_celeba',
    'elsface_x4_1xb16-40e_celeba',
    'wfen_x8c40b6_1xb32-150e_celeba',
)
PLAIN = 'float32'
WAYS = {
    PLAIN: (),
    'channels_last': ('channels_last',),
    'fused_optimizer': ('fused_optimizer',),
    'with_cp': ('with_cp',),
    'amp': ('amp',),
    'amp, channels_last': ('amp', 'channels_last'),
    'amp, channels_last, fused': ('amp', 'channels_last', 'fused_optimizer'),
}
COMPILED = {
    'compile': ('compile',),
    'amp, compile': ('amp', 'compile'),
}
BATCHES = 2  # that are trained on in turns


@dataclass
class Way:
    """One way to train a network, and what was found of it."""

    name: str
    step: Callable[[dict], dict[str, torch.Tensor]]
    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    losses: list[dict[str, float]] = field(default_factory=list)

    def run(self, batch: dict) -> None:
        """Train one step; note its time and its losses."""
        batch = copy.deepcopy(batch)
        wait()
        start = time.perf_counter(), time.process_time()
        logs = self.step(batch)
        wait()
        self.wall.append(time.perf_counter() - start[0])
        self.processor.append(time.process_time() - start[1])
        self.losses.append(
            {k: v.item() for k, v in logs.items() if k.startswith('loss')}
        )


@dataclass
class Measured:
    """A row of the table; the lists hold a value a round."""

    model: str
    threads: int
    batch_size: int
    way: str
    images_a_wall_second: list[float]
    images_a_processor_second: list[float]
    speeds: list[float]
    difference: float


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        'models',
        nargs='*',
        default=NAMES,
        metavar='MODEL',
        help='names or configs (default: one of each method)',
    )
    parser.add_argument(
        '--ways',
        nargs='+',
        choices=WAYS,
        metavar='WAY',
        default=list(WAYS),
        help=f'of {"; ".join(WAYS)} (default: all); {PLAIN} always',
    )
    parser.add_argument(
        '--compile',
        action='store_true',
        help='torch.compile too, which takes minutes a network',
    )
    parser.add_argument('--threads', type=int, metavar='N')
    parser.add_argument(
        '--batch-size',
        type=int,
        default=2,
        metavar='N',
        help='(default: %(default)s)',
    )
    parser.add_argument(
        '--rounds',
        type=int,
        default=7,
        metavar='N',
        help='steps of each way, after one to warm up (default: %(default)s)',
    )
    parser.add_argument('--json', metavar='FILE', help='write the figures')
    return parser.parse_args()


def wait() -> None:
    """Let a GPU finish."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def read_config(name: str, folder: str, switches: Sequence[str]) -> Config:
    """Read a config with some switches on, as `tools/train.py` does."""
    options = {key: True for key in switches if key != 'amp'}
    cfg = load_config(name, dict(options, data_root=folder))
    if 'amp' in switches:
        enable_amp(cfg)
    if 'fused_optimizer' in switches:
        fuse_optimizers(cfg)
    if cfg.model.get('feature_loss'):
        cfg.model.feature_loss.loss_weight = 0
    return cfg


def make_way(name: str, cfg: Config, switches: Sequence[str]) -> Way:
    """Build a restorer and its optimizers."""
    torch.manual_seed(0)
    model = MODELS.build(cfg.model).train()
    model.to('cuda' if torch.cuda.is_available() else 'cpu')
    if hasattr(model, 'step_counter'):
        model.step_counter.fill_(cfg.train_cfg.get('max_iters', 1) - 1)
    wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    if 'channels_last' in switches:
        ChannelsLastHook().before_run(SimpleNamespace(model=model))
    if 'compile' in switches:
        compile_training(model.generator)
    return Way(name, lambda batch: model.train_step(batch, wrapper))


def make_batches(cfg: Config, size: int) -> list[dict]:
    """Batches of the config's training data."""
    dataset = build_dataset(cfg, 'train')
    np.random.seed(0)
    samples = [dataset[i % len(dataset)] for i in range(BATCHES * size)]
    return [
        pseudo_collate(samples[i * size : (i + 1) * size])
        for i in range(BATCHES)
    ]


def difference(found: list[dict], wanted: list[dict]) -> float:
    """Largest difference of two curves of several losses."""
    return max(
        abs(step[key] - plain[key]) / sum(map(abs, plain.values()))
        for step, plain in zip(found, wanted, strict=True)
        for key in plain
    )


def measure(
    name: str,
    folder: str,
    ways: dict[str, Sequence[str]],
    batch_size: int,
    rounds: int,
) -> list[Measured]:
    """Time all ways to train a network.

    Args:
        name (str): Of the config.
        folder (str): Data root.
        ways (dict): Switches by the name of the way; ``PLAIN`` among them.
        batch_size (int): Faces in a batch.
        rounds (int): Steps of each way, after one to warm up.
    """
    batches = make_batches(read_config(name, folder, ()), batch_size)
    made = [
        make_way(way, read_config(name, folder, switches), switches)
        for way, switches in ways.items()
    ]
    for turn in range(rounds + 1):
        for way in made if turn % 2 else made[::-1]:
            way.run(batches[turn % len(batches)])
    (plain,) = (way for way in made if way.name == PLAIN)
    base = np.array(plain.processor[1:])
    rows = []
    for way in made:
        wall, processor = (
            np.array(seconds[1:]) for seconds in (way.wall, way.processor)
        )
        rows.append(
            Measured(
                model=name,
                threads=torch.get_num_threads(),
                batch_size=batch_size,
                way=way.name,
                images_a_wall_second=(batch_size / wall).tolist(),
                images_a_processor_second=(batch_size / processor).tolist(),
                speeds=(base / processor).tolist(),
                difference=difference(way.losses, plain.losses),
            )
        )
    return rows


def line_of(row: Measured) -> str:
    """A line of the table."""
    wall, processor, speeds = map(
        np.array,
        (
            row.images_a_wall_second,
            row.images_a_processor_second,
            row.speeds,
        ),
    )
    return (
        f'| {row.way} | {spread(wall, 2)} | {spread(processor, 2)} '
        f'| {spread(speeds, 2)} | {row.difference:.1e} |'
    )


def main() -> None:
    """Measure, and print tables."""
    args = parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    MMLogger.get_instance('benchmark', log_level='ERROR')
    init_default_scope('mmagic')
    wanted = WAYS | COMPILED if args.compile else WAYS
    ways = {
        name: switches
        for name, switches in wanted.items()
        if name in (PLAIN, *args.ways) or name in COMPILED
    }
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else ''
    print(
        conditions(
            device or torch.backends.cpu.get_cpu_capability(),
            f'{torch.get_num_threads()} threads',
            f'batch {args.batch_size}',
            f'{args.rounds} rounds',
        )
    )
    rows = []
    with clear_errors(), tempfile.TemporaryDirectory() as folder:
        faces = BATCHES * args.batch_size
        write_faces(folder, dict(train=faces, val=1, test=1), progress=False)
        for name in args.models:
            print(
                f'\n{name}\n\n| way | images a second | a processor second '
                '| speed | loss curve |\n| --- | --- | --- | --- | --- |'
            )
            found = measure(name, folder, ways, args.batch_size, args.rounds)
            print('\n'.join(map(line_of, found)), flush=True)
            rows += found
        if args.json:
            with replacing(args.json) as temporary:
                text = json.dumps([asdict(row) for row in rows], indent=1)
                temporary.write_text(text)


if __name__ == '__main__':
    main()
