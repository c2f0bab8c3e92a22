"""How far the landmarks of PFSRNet's landmark head are off."""

protocol = dict(
    nme='mean point error / distance of the outer eye corners, 68 points and '
    'the 51 without the jaw line, centroids in 64x64 heatmaps'
)
val_evaluator = [
    dict(type='LandmarkNME', stride=1, decode='centroid'),
    dict(type='LandmarkNME', stride=1, decode='centroid', points='inner'),
]
test_evaluator = val_evaluator
val_cfg = dict(type='MultiValLoop')
test_cfg = dict(type='MultiTestLoop')
