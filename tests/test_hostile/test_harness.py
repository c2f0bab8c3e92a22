# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The harness reports whatever a bad reader does."""

import os
import subprocess
import time
from pathlib import Path

import hostile
import numpy as np
import pytest
from hostile import Trial, examples, survey
from hypothesis import strategies as st

MiB = 1 << 20


def crash(trial: Trial) -> None:
    os.abort()


def hang(trial: Trial) -> None:
    time.sleep(60)


def hang_in_native_code(trial: Trial) -> None:
    sum(range(1 << 50))


def eat(trial: Trial) -> None:
    # Far more than a system may take from this process at the same time.
    np.ones(900 * MiB, np.uint8)


def write_outside(trial: Trial) -> None:
    Path(trial.out, '../around/new').write_text('x')


def replace(trial: Trial) -> None:
    trial.around.joinpath('kept').write_text('changed')


def write_elsewhere(trial: Trial) -> None:
    Path(trial.out, '../../left').write_text('x')


def follow_a_link(trial: Trial) -> None:
    link = trial.out / 'link'
    link.symlink_to(trial.around)
    (link / 'new').write_text('x')


def run(trial: Trial) -> None:
    subprocess.run(['true'], check=True)


def raise_another(trial: Trial) -> None:
    raise AttributeError('no such thing here')


def say_nothing(trial: Trial) -> None:
    raise ValueError('bad')


def recurse(trial: Trial) -> None:
    raise RecursionError('maximum recursion depth exceeded')


BAD = {
    crash: 'crash: status -6',
    hang: 'hang: over',
    hang_in_native_code: 'hang: over',
    eat: 'memory: ',
    write_outside: 'outside: ',
    replace: 'outside: ',
    write_elsewhere: 'outside: ',
    follow_a_link: 'outside: ',
    run: 'code: subprocess.Popen',
    raise_another: 'AttributeError',
    say_nothing: 'says only',
    recurse: 'a RecursionError',
}


@pytest.mark.parametrize('bad', BAD, ids=lambda bad: bad.__name__)
def test_a_bad_reader_is_reported_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bad
) -> None:
    seconds = 0.2 if 'hang' in bad.__name__ else 10
    monkeypatch.setattr(hostile, 'SECONDS', seconds)

    def area(seed: int, trial: Trial) -> None:
        trial('good', lambda: (trial.out / 'result').write_text('x'))
        if seed == 2:
            trial('bad', lambda: bad(trial))

    found = survey(area, 6, tmp_path, memory=500 * MiB)
    assert found.cases == {'good': 6, 'bad': 1}
    ((seed, kind, what),) = found.faults
    assert (seed, kind) == (2, 'bad') and what.startswith(BAD[bad]), found
    assert found.changed == what.startswith('outside')


def test_good_readers_have_no_faults(tmp_path: Path) -> None:
    def area(seed: int, trial: Trial) -> None:
        trial('refused', lambda: int('a long enough message'))
        assert trial('read', lambda: seed) == seed

    found = survey(area, 10, tmp_path)
    assert found.cases == {'refused': 10, 'read': 10} and not found.faults


def test_examples_are_those_of_their_number(tmp_path: Path) -> None:
    def values(number: int) -> list[int]:
        found: list[int] = []
        examples(st.integers(), found.append, number, 20)
        return found

    assert values(1) == values(1) != values(2)
    assert len(values(1)) == 20
