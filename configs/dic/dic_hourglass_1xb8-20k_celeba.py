"""Pre-trains DIC's hourglass on HR faces from the landmark table.

Train:  tools/dist_train.sh configs/dic/dic_hourglass_1xb8-20k_celeba.py 1
Test:   tools/test.py configs/dic/dic_hourglass_1xb8-20k_celeba.py CHECKPOINT
Use:    the checkpoint is `weights` of PretrainedHourglassHook in the configs
        dic_x8c48b6_1xb8-150k_celeba.py and dic_x8c48b6_1xb8-150k_helen.py
Data:   converted by tools/dataset_converters/celeba, landmarks by
        tools/dataset_converters/extract_landmarks.py
Needs:  1 GPU of 8 GB
Result: landmark NME of the split `test`; not trained at full length yet
"""

_base_ = ['../_base_/default_runtime.py', '../_base_/datasets/celeba.py']

from mmfacesr.models.dic import facts as dic

gt_size = dic.X8.gt_size
model = dict(
    type='HeatmapRegressor',
    generator=dict(
        type='FeedbackHourglassHead', mid_channels=256, num_keypoints=68
    ),
    pixel_loss=dict(type='MSELoss', loss_weight=1.0, reduction='mean'),
    data_preprocessor=dict(
        type='DataPreprocessor', mean=dic.X8.mean, std=dic.X8.std
    ),
)

pipeline = [
    dict(type='LoadFaceImage', key='gt'),
    dict(type='LoadLandmarks'),
    dict(type='CropFace'),
    dict(type='ResizeFace', size=gt_size),
    dict(type='RandomFlipFace', prob=0.5),
    dict(type='DrawHeatmaps', size=gt_size // 4, sigma=1.0),
    dict(type='TakeAsInput'),
    dict(type='PackInputs', meta_keys=['gt_landmark']),
]
test_pipeline = [step for step in pipeline if step['type'] != 'RandomFlipFace']

train_dataloader = dict(batch_size=8, dataset=dict(pipeline=pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))

protocol = dict(
    nme='mean point error / distance of the outer eye corners, 68 points'
)
val_evaluator = [dict(type='LandmarkNME')]
test_evaluator = val_evaluator
val_cfg = dict(type='MultiValLoop')
test_cfg = dict(type='MultiTestLoop')

train_cfg = dict(
    type='IterBasedTrainLoop', max_iters=20_000, val_interval=2000
)
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=2e-4))
param_scheduler = dict(
    type='MultiStepLR', by_epoch=False, milestones=[10_000, 15_000], gamma=0.5
)
default_hooks = dict(checkpoint=dict(save_best='NME', rule='less'))
