# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Which models are offered, loaded and kept."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import no_network
import pytest

from mmfacesr.apis.config import load_config
from mmfacesr.apis.web import working
from mmfacesr.apis.web.offers import Offer, own_offer, published_offers
from mmfacesr.apis.web.working import Restorers
from mmfacesr.utils.project_files import project_root
from mmfacesr.weights import WeightsError
from mmfacesr.weights.model_index import packaged_model, read_index
from mmfacesr.weights.sources import place_of_entry


@pytest.fixture
def offers() -> list[Offer]:
    return published_offers()


def test_all_that_restore_are_offered(offers: list[Offer]) -> None:
    names = {
        entry.name
        for entry in read_index()
        if entry.config
        and 'inference_pipeline'
        in load_config(str(project_root() / entry.config))
    }
    assert {offer.name for offer in offers} == names
    assert offers[0].name == packaged_model()
    index = {entry.name: entry for entry in read_index()}
    for offer in offers:
        entry = index[offer.name]
        assert offer.license == entry.license
        assert offer.restricted == entry.restricted


def test_ones_own_model() -> None:
    facts = SimpleNamespace(
        name=packaged_model(), lr_size=16, gt_size=128, weights_license=None
    )
    own = own_offer(facts, '/home/me/secret/my_model.py', False)
    assert own.name == 'my_model' and 'secret' not in str(own.to_dict())
    assert own.here and own.license == 'not known'
    other = own_offer(facts, None, True)
    assert other.name == f'{packaged_model()} (own weights)'
    same = own_offer(facts, packaged_model(), False)
    assert same.name == packaged_model()
    assert Restorers(None, 'own').get(own) == 'own'


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows by the names of models that are loaded."""
    found: list[str] = []

    def load(name: str, **options: Any) -> str:
        found.append(name)
        return name

    monkeypatch.setattr(working, 'FaceSRInferencer', load)
    return found


def test_the_last_two_models_are_kept(
    offers: list[Offer], loaded: list[str]
) -> None:
    a, b, c = (replace(offers[0], name=name) for name in 'abc')
    restorers = Restorers(None)
    for offer in (a, b, a, c, a, b):
        assert restorers.get(offer) == offer.name
        assert restorers.has(offer)
    assert loaded == ['a', 'b', 'c', 'b'] and not restorers.has(c)


@pytest.mark.parametrize('content', [None, b'damaged'])
def test_nothing_is_downloaded(
    offers: list[Offer],
    loaded: list[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    content: bytes | None,
) -> None:
    """Weights that are damaged would be fetched again elsewhere."""
    monkeypatch.setenv('MMFACESR_WEIGHTS_DIR', str(tmp_path))
    attempts = no_network.block(monkeypatch.setattr)
    offer = next(
        x for x in offers if x.entry.checksum and not x.entry.packaged
    )
    assert not offer.here
    if content:
        place = place_of_entry(offer.entry)
        place.parent.mkdir(parents=True)
        place.write_bytes(content)
        assert offer.here
    with pytest.raises(WeightsError, match=f'mmfacesr download {offer.name}'):
        Restorers(None).get(offer)
    assert attempts == loaded == []
