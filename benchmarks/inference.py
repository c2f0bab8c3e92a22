# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""How fast networks run: as they are, folded, in bfloat16, by runtimes.

    python benchmarks/inference.py
    python benchmarks/inference.py MODEL ... --threads 1 --batch-sizes 1 8
    python benchmarks/inference.py --isa native AVX512_CORE_BF16 --json FILE

Ways to run a network take turns. Given are medians of all runs in
milliseconds of wall and of processor time a face; the latter changes less
when other programs run. The speed is against the network as it is, float32 as
it was trained, in the same run. Agreement is that of the worst of the drawn
faces with the network: the largest difference over the range of the outputs,
or for reduced precision the PSNR. Networks have the weights in the package,
or else those with which a training begins.

With --isa the processor's newer instructions are hidden from oneDNN, as on an
older machine (ONEDNN_MAX_CPU_ISA); `native` hides none. For each there is a
process of its own, one after the other. The output is Markdown.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

ISA = 'ONEDNN_MAX_CPU_ISA'
NATIVE = 'native'
MODELS = (
    'dic_x8c48b6_1xb8-150k_celeba',
    'sparnet_attn2d-x8_1xb32-20e_celeba',
    'sparnet_light-attn3d-x8_1xb4-6k_synthetic',
    'pfsrnet_x8_1xb16-200k_celeba',
    'elsface_x4_1xb16-40e_celeba',
    'wfen_x8c40b6_1xb32-150e_celeba',
)


@dataclass
class Measured:
    """One way to run one network; times in milliseconds a face."""

    model: str
    isa: str
    threads: int
    batch_size: int
    way: str
    wall: float | None
    processor: float | None
    speed: float | None
    agreement: str
    reason: str


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        'models',
        nargs='*',
        default=MODELS,
        metavar='MODEL',
        help='names or configs (default: one of each method)',
    )
    parser.add_argument(
        '--threads',
        type=int,
        nargs='+',
        metavar='N',
        help='default: 1 and as many as there are cores',
    )
    parser.add_argument(
        '--batch-sizes', type=int, nargs='+', default=[1, 8], metavar='N'
    )
    parser.add_argument(
        '--backend', default='auto', help='one backend alone, such as compile'
    )
    parser.add_argument(
        '--rounds',
        type=int,
        default=30,
        metavar='N',
        help='of each way (default: %(default)s)',
    )
    parser.add_argument(
        '--isa',
        nargs='+',
        default=[os.environ.get(ISA, NATIVE)],
        help=f'{NATIVE}, or such as AVX512_CORE_BF16',
    )
    parser.add_argument('--json', metavar='FILE', help='write the figures')
    return parser.parse_args()


def measure(
    name: str, threads: int, batch_size: int, backend: str, rounds: int
) -> list[Measured]:
    """Time all ways to run a network.

    Args:
        name (str): Of the model.
        threads (int): That torch and the runtimes use.
        batch_size (int): Faces at a time.
        backend (str): As for `mmfacesr.deploy.optimize`.
        rounds (int): Runs of each way.
    """
    import torch

    from mmfacesr.apis import get_model
    from mmfacesr.apis.face_network import FaceNetwork
    from mmfacesr.deploy import optimize
    from mmfacesr.deploy.timing import median_seconds
    from mmfacesr.deploy.verification import draw_inputs
    from mmfacesr.weights.model_index import find_entry

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    entry = find_entry(name)
    model = get_model(name, bool(entry and entry.packaged))
    batch = draw_inputs(FaceNetwork(model.facts, model), batch_size)
    found = optimize(
        model, batch, backend=backend, is_remembered=False, rounds=rounds
    )
    processor = median_seconds(
        {way.name: way.run for way in found.ways if way.run},
        batch,
        rounds,
        clock=time.process_time,
    )
    base = found.ways[0].seconds
    each = 1000 / batch_size
    return [
        Measured(
            model=name,
            isa=os.environ.get(ISA, NATIVE),
            threads=threads,
            batch_size=batch_size,
            way=way.name,
            wall=way.seconds and each * way.seconds,
            processor=way.run and each * processor[way.name],
            speed=way.seconds and base / way.seconds,
            agreement=way.agreement_text(),
            reason=way.reason,
        )
        for way in found.ways
    ]


def line_of(row: Measured) -> str:
    """A line of the table."""
    if row.reason:
        return f'| {row.way} | - | - | - | {row.reason} |'
    return (
        f'| {row.way} | {row.wall:.1f} | {row.processor:.1f} '
        f'| {row.speed:.2f} | {row.agreement} |'
    )


def measure_all(args: argparse.Namespace) -> dict:
    """Measure with one set of instructions, and print tables.

    Args:
        args (argparse.Namespace): As `parse_args` returns it.

    Returns:
        dict: The machine, and a row for each way.
    """
    import torch

    from mmfacesr.apis.launch import clear_errors
    from mmfacesr.apis.measuring import conditions
    from mmfacesr.deploy.choices import processor_of

    machine = processor_of(torch.device('cpu'))
    rows = []
    print(
        conditions(
            torch.backends.cpu.get_cpu_capability(),
            f'{ISA}={os.environ.get(ISA, "not set")}',
            f'{os.cpu_count()} cores',
        )
        + '\n'
        + '\n'.join(line for line in machine if line)
    )
    with clear_errors():
        for name in args.models:
            for threads in args.threads or sorted({1, os.cpu_count()}):
                for size in args.batch_sizes:
                    print(
                        f'\n{name}, threads {threads}, batch {size}\n\n'
                        '| way | wall ms | processor ms | speed '
                        '| agreement |\n| --- | --- | --- | --- | --- |'
                    )
                    done = measure(
                        name, threads, size, args.backend, args.rounds
                    )
                    print('\n'.join(map(line_of, done)), flush=True)
                    rows += done
    return dict(machine=machine, rows=[asdict(row) for row in rows])


def measure_apart(isas: list[str]) -> dict:
    """Run this program again with each set of instructions.

    Args:
        isas (list[str]): Last of the settings wins, so that they are added.

    Returns:
        dict: As of `measure_all`, with the rows of all.
    """
    rows = []
    with TemporaryDirectory() as folder:
        path = Path(folder, 'figures.json')
        for isa in isas:
            subprocess.run(
                [sys.executable, *sys.argv, '--isa', isa, '--json', path],
                check=True,
            )
            print()
            found = json.loads(path.read_text())
            rows += found['rows']
    return dict(found, rows=rows)


def main() -> None:
    """Measure, and write the figures."""
    args = parse_args()
    if len(args.isa) > 1:
        found = measure_apart(args.isa)
    else:
        (isa,) = args.isa
        os.environ.pop(ISA, None)
        if isa != NATIVE:
            os.environ[ISA] = isa  # read when torch is imported
        found = measure_all(args)
    if args.json:
        from mmfacesr.utils import replacing

        with replacing(args.json) as temporary:
            temporary.write_text(json.dumps(found, indent=1))


if __name__ == '__main__':
    main()
