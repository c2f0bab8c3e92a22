"""What every config runs with: hooks, logs, checkpoints, environment."""

default_scope = 'mmagic'
custom_imports = dict(
    imports=[
        'mmfacesr.models',
        'mmfacesr.datasets',
        'mmfacesr.engine',
        'mmfacesr.evaluation.metrics',
        'mmfacesr.models.runtime',
    ],
    allow_failed_imports=False,
)

# Settings that `tools/*.py --cfg-options NAME=VALUE` reach.
tensorboard = False  # write TensorBoard events beside the logs
channels_last = False  # memory layout of the weights
fused_optimizer = False  # optimizer steps as one kernel
compile = False  # the generator, by torch.compile
with_cp = False  # the generator keeps less and computes it again

default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(
        type='CheckpointHook',
        interval=2000,
        by_epoch=False,
        max_keep_ckpts=3,
        save_best='PSNR',  # of the validation split, never of the test split
        rule='greater',
    ),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    seed=dict(type='IterationSeedHook'),  # of all that is drawn but samples
    weights=dict(type='LoadWeightsHook'),  # load_from: any layout, strictly
    start_check=dict(type='StartCheckHook'),  # before the first iteration
    gradient_norm=dict(type='GradientNormHook'),  # grad_norm in the log
    guard=dict(type='TrainingGuardHook'),  # NaN ends it, and is not saved
    compile=dict(type='CompileHook'),
    resume=dict(type='ResumeHook'),  # what was begun is finished first
)
custom_hooks = [
    dict(type='PlainCheckpointHook'),
    dict(type='ComparisonSheetHook', num_faces=8),
]

env_cfg = dict(
    cudnn_benchmark=True,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(
        backend='nccl',  # gloo where there is no GPU
        hang_timeout=20,  # seconds; a silent process ends all; 0: never
    ),
)

randomness = dict(seed=0)
log_level = 'INFO'
log_processor = dict(type='LogProcessor', window_size=50, by_epoch=False)
load_from = None
resume = False

vis_backends = [dict(type='LocalVisBackend')]
visualizer = dict(type='Visualizer', vis_backends=vis_backends)
