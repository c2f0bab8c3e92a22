"""SPARNet x8 on aligned CelebA: the released recipe with a flip alone.

For faces that all stand upright in the same place; the random crops of the
released code would only spoil that.

Train:  tools/dist_train.sh configs/sparnet/sparnet_attn2d-x8_1xb32-20e_celeba-aligned.py 1
Test:   tools/test.py configs/sparnet/sparnet_attn2d-x8_1xb32-20e_celeba-aligned.py CHECKPOINT
Data:   converted by tools/dataset_converters/celeba (aligned), or any folder
        of aligned faces
Needs:  1 GPU of 24 GB (6 GB of activations at batch 32)
Result: published figures and what is known of them: README.md beside this file
"""

_base_ = './sparnet_attn2d-x8_1xb32-20e_celeba.py'

train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
