"""CelebA for training and validation, 50 faces of Helen for the test.

The test of published x8 figures; docs/metrics.md says of which, how the 50
faces are prepared and by which protocol they were measured. The
option data_root=FOLDER changes CelebA's folder alone.
"""

_base_ = './celeba.py'

import os

test_dataloader = dict(
    dataset=dict(data_root=os.environ.get('HELEN_ROOT') or 'data/helen50')
)
