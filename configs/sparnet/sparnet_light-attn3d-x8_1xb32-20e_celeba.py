"""SPARNet-Light-Attn3D x8 on CelebA, the recipe of the paper's released training code.

Train:  tools/dist_train.sh configs/sparnet/sparnet_light-attn3d-x8_1xb32-20e_celeba.py 1
Test:   tools/test.py configs/sparnet/sparnet_light-attn3d-x8_1xb32-20e_celeba.py CHECKPOINT
Data:   faces cut out by boxes (tools/dataset_converters/celeba, not aligned);
        for aligned ones see README.md
Needs:  1 GPU of 24 GB (6 GB of activations at batch 32)
Result: published figures and what is known of them: README.md beside this file
"""

_base_ = './sparnet_attn2d-x8_1xb32-20e_celeba.py'

model = dict(generator=dict(res_depth=1, att_name='spar3d'))
