"""SPARNetHD-Attn3D on FFHQ: blind restoration at 512x512.

Train:  tools/dist_train.sh configs/sparnet/sparnet-hd_attn3d_1xb2-10e_ffhq.py 1
Test:   tools/test.py configs/sparnet/sparnet-hd_attn3d_1xb2-10e_ffhq.py CHECKPOINT
        with --cfg-options lpips=True fid_reference=FOLDER for these two
Data:   FFHQ, linked by tools/dataset_converters/ffhq
Needs:  1 GPU of 24 GB, less with --cfg-options with_cp=True
        (counted, see README.md); VGG19 weights, fetched at the first iteration
Result: published figures and what is known of them: README.md beside this file
"""

_base_ = './sparnet-hd_attn2d_1xb2-10e_ffhq.py'

model = dict(generator=dict(att_name='spar3d'))
