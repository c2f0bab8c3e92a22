#!/bin/sh
# Train every method for as much processor time, evaluate all, compare them.
#
#   sh benchmarks/one_budget.sh FACES OUT [NAME ...]
#
# FACES has folders `train` and `test` with faces whose central 128x128 pixels
# are the face, and a landmark table (tools/dataset_converters/
# extract_landmarks.py). All methods get the same LR faces, by Pillow bicubic.
# NAME is one of the trainings below, by default all. The numbers of
# iterations are what 15 minutes of one core were (start included) on the
# machine that docs/results names; elsewhere they take another time. About two
# hours. Interrupted, the same command goes on.
set -eu

faces=$1 out=$2
shift 2
export OMP_NUM_THREADS=1
python=${PYTHON:-python}
common="data_root=$faces crop_size=128 lr_kernel=bicubic channels_last=True"
wanted=${*:-bicubic sparnet pfsrnet_pixel pfsrnet_full dic wfen elsface}
never=train_cfg.val_interval=1000000

test_and_report() {
    name=$1 config=$2 && shift 2
    [ -e "$out/$name/summary.json" ] && return
    $python tools/test.py "$config" "$@" --work-dir "$out/work/$name" \
        --report "$out/$name" --name "$name" --protocol all ${METRICS:+--metrics $METRICS} \
        --cfg-options $common
}

train() {
    name=$1 config=$2 iters=$3 && shift 3
    for asked in $wanted; do [ "$asked" != "$name" ] || break; done
    [ "$asked" = "$name" ] || return 0
    checkpoint="$out/work/$name/iter_$iters.pth"
    [ -e "$checkpoint" ] || $python tools/train.py "$config" --amp --resume \
        --work-dir "$out/work/$name" --cfg-options $common $never \
        train_cfg.max_iters="$iters" default_hooks.checkpoint.interval=100 \
        default_hooks.checkpoint.max_keep_ckpts=1 "$@"
    test_and_report "$name" "$config" "$checkpoint"
}

# Warm-up to iteration $1, then a cosine to the last one, $2.
schedule() {
    echo "param_scheduler.0.end=$1 param_scheduler.1.begin=$1" \
        "param_scheduler.1.end=$2"
}

# Three steps of $1, $1 and $2 iterations, of which $3 fade in.
steps() {
    echo "model.schedule.0.iters=$1 model.schedule.1.iters=$1" \
        "model.schedule.2.iters=$2 model.schedule.1.fade_iters=$3" \
        "model.schedule.2.fade_iters=$3 train_dataloader.batch_size=4"
}

case " $wanted " in *' bicubic '*)
    test_and_report bicubic wfen-small_x8c16b2_1xb2-1200_synthetic --baseline
esac
train sparnet sparnet_light-attn3d-x8_1xb2-400_synthetic 688 \
    $(schedule 60 688) train_dataloader.batch_size=4
train pfsrnet_pixel pfsrnet_pixel-x8_1xb4-600_synthetic 1544 \
    $(schedule 60 1544) $(steps 386 772 128)
# All losses of the paper but that of the heatmaps, which needs a trained head.
# Its VGG16 is downloaded; VGG16=FILE says where it is.
train pfsrnet_full pfsrnet_x8_1xb16-200k_celeba 144 $(steps 36 72 12) \
    train_dataloader.num_workers=1 model.schedule.1.loss_weights.attention=50 \
    ${VGG16:+model.feature_loss.pretrained=$VGG16}
train dic dic-small_x8c16b2_1xb4-500_synthetic 1788 param_scheduler.T_max=1788
train wfen wfen-small_x8c16b2_1xb2-1200_synthetic 1744 $(schedule 60 1744)
train elsface elsface-small_x8c30_1xb1-2500_synthetic 7168 $(schedule 60 7168)

# Ends a run of one training, which has no partner.
[ "$wanted" != "${wanted% *}" ] || exit 0
cd "$out"
mmfacesr compare $wanted --out comparison.json
