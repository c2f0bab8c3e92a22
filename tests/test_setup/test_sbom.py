# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The bill of materials: its form, and what is in it."""

import importlib.metadata
import re

import jsonschema
import pytest

HASH = {
    'type': 'object',
    'required': ['alg', 'content'],
    'properties': {
        'alg': {'const': 'SHA-256'},
        'content': {'pattern': '^[0-9a-f]{64}$'},
    },
    'additionalProperties': False,
}
LICENSES = {
    'oneOf': [
        {
            'items': {
                'required': ['license'],
                'properties': {
                    'license': {'minProperties': 1, 'maxProperties': 1}
                },
            }
        },
        {'maxItems': 1, 'items': {'required': ['expression']}},
    ]
}
COMPONENT = {
    'required': ['type', 'name', 'bom-ref'],
    'properties': {
        'type': {'enum': ['library', 'machine-learning-model']},
        'name': {'type': 'string', 'minLength': 1},
        'version': {'type': 'string'},
        'purl': {'pattern': r'^pkg:(pypi|npm)/[a-z0-9-]+@[\w.%+!-]+$'},
        'licenses': LICENSES,
        'hashes': {'minItems': 1, 'items': HASH},
        'externalReferences': {
            'items': {
                'required': ['type', 'url'],
                'properties': {'hashes': {'minItems': 1, 'items': HASH}},
            }
        },
        'bom-ref': {'type': 'string'},
    },
    'additionalProperties': False,
}
# What CycloneDX 1.6 requires of the fields that are used.
SCHEMA = {
    'required': ['bomFormat', 'specVersion'],
    'properties': {
        'bomFormat': {'const': 'CycloneDX'},
        'specVersion': {'const': '1.6'},
        'serialNumber': {
            'pattern': '^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
        },
        'version': {'type': 'integer', 'minimum': 1},
        'metadata': {'properties': {'component': COMPONENT}},
        'components': {'items': COMPONENT, 'uniqueItems': True},
    },
}


@pytest.fixture(scope='module')
def bill(sbom, licenses):
    return sbom.bill(licenses.stack_here())


def test_form(bill):
    jsonschema.validate(bill, SCHEMA)
    refs = [x['bom-ref'] for x in bill['components']]
    assert len(refs) == len(set(refs))


def test_packages_are_those_installed(bill):
    listed = {
        x['name']: x['version']
        for x in bill['components']
        if x.get('purl', '').startswith('pkg:pypi')
    }
    assert {'torch', 'mmagic', 'pip'} <= set(listed)
    for name, version in listed.items():
        assert importlib.metadata.version(name) == version


def test_files_of_others_have_their_hash(bill, repo):
    vendor = repo / 'mmfacesr/apis/web/page/vendor'
    written = re.findall(
        r'`([\w-]+)\.js`.*`(\w{64})`', (vendor / 'README.md').read_text()
    )
    hashes = {
        x['name']: x['hashes'][0]['content']
        for x in bill['components']
        if 'hashes' in x
    }
    assert len(written) == len(list(vendor.glob('*.js')))
    assert dict(written).items() <= hashes.items()
    models = [x['type'] for x in bill['components']]
    assert models.count('machine-learning-model') == 1


def test_hashes_are_of_the_version_in_the_lock(sbom, licenses, tmp_path):
    locked = licenses.hashes_of('current')['einops']
    version = re.search(
        r'(?m)^einops==(\S+)', sbom.lock_of('current').read_text()
    )[1]
    for name, number in (('einops', version), ('tqdm', '0.0.1'), ('own', '1')):
        info = tmp_path / f'{name}-{number}.dist-info'
        info.mkdir()
        (info / 'METADATA').write_text(
            f'Name: {name}\nVersion: {number}\nLicense: Free for research\n'
        )
    found = sbom.packages('current', [str(tmp_path)])
    assert [x['name'] for x in found] == ['einops', 'own', 'tqdm']
    (reference,) = found[0]['externalReferences']
    assert [x['content'] for x in reference['hashes']] == locked
    assert 'externalReferences' not in found[1] | found[2]
    assert found[1]['licenses'] == [{'license': {'name': 'Free for research'}}]


@pytest.mark.slow
def test_same_environment_gives_the_same_file(bill, sbom, licenses):
    assert sbom.bill(licenses.stack_here()) == bill
