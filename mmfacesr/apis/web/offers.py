# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Which models a visitor may choose."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from mmfacesr.apis.config import load_config
from mmfacesr.models.common.facts import Facts
from mmfacesr.utils.project_files import project_root
from mmfacesr.weights.model_index import WeightsEntry, find_entry, read_index
from mmfacesr.weights.sources import place_of_entry

DRAWN = {'synthetic': 'drawn faces'}
"""Data in names of weights, as a visitor understands them."""


@dataclass(frozen=True)
class Offer:
    """A model that restores faces, with its weights.

    Args:
        name (str): What visitors choose it by.
        title (str): What a person calls it.
        license (str): Of the weights.
        restricted (bool): Whether the license has conditions.
        note (str): What else one should know. Defaults to ''.
        entry (WeightsEntry | None): Where the weights are. Defaults to None
            for a model that is loaded already.
    """

    name: str
    title: str
    license: str
    restricted: bool
    note: str = ''
    entry: Optional[WeightsEntry] = None

    @property
    def here(self) -> bool:
        """Whether the weights are on this machine."""
        return self.entry is None or place_of_entry(self.entry).is_file()

    def to_dict(self) -> dict[str, Any]:
        """Return what the page is told."""
        missing = '' if self.here else f'`mmfacesr download {self.name}`'
        return dict(
            name=self.name,
            title=self.title,
            license=self.license,
            restricted=self.restricted,
            here=self.here,
            note='; '.join(filter(None, (self.note, missing))),
        )


def published_offers() -> list[Offer]:
    """List the published weights that restore faces, the packaged first.

    Raises:
        WeightsError: If the index of the installation is broken.
    """
    entries = [entry for entry in read_index() if entry.config]
    entries.sort(key=lambda entry: entry.packaged is None)
    return [offer for entry in entries if (offer := _offer(entry))]


def own_offer(facts: Facts, model: Optional[str], weights: bool) -> Offer:
    """Describe the model that who starts the server has chosen.

    Args:
        facts (Facts): Of the loaded model.
        model (str | None): What it was asked for by.
        weights (bool): Whether weights of one's own were given.
    """
    entry = find_entry(facts.name)
    name = Path(model or facts.name).stem + (
        ' (own weights)' if weights else ''
    )
    return Offer(
        name,
        f'{name}, {facts.lr_size} to {facts.gt_size} pixels',
        facts.weights_license or 'not known',
        bool(entry and entry.restricted and not weights),
        'chosen by who started this server',
    )


def _offer(entry: WeightsEntry) -> Optional[Offer]:
    """Describe published weights; None for those that restore nothing."""
    facts = load_config(str(project_root() / entry.config)).get('facts')
    if facts is None:
        return None
    # method_architecture_schedule_dataset, or the first two
    _, kind, *more = entry.name.split('_')
    low, high = facts['gt_size'] // facts['scale'], facts['gt_size']
    sizes = f'{high} pixels' if low == high else f'{low} to {high} pixels'
    data = more and DRAWN.get(more[-1], more[-1])
    trained = f' of {data}' if data else ''
    return Offer(
        entry.name,
        f'{entry.collection} {kind}{trained}, {sizes}',
        entry.license,
        entry.restricted,
        entry.note,
        entry,
    )
