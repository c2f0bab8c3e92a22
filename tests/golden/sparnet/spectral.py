"""Makes a filled state dict with spectral normalisation well conditioned.

``fill.py`` gives ``weight_u`` and ``weight_v`` small random numbers, so the
estimated spectral norm ``u^T W v`` is close to zero and the network output
reaches 1e13. Unless a golden array says "raw", the two vectors were replaced
by the result of the power iterations below before the reference ran.
"""

import numpy as np


def condition(state_dict, num_iters=5):
    """Replace every ``weight_u`` / ``weight_v`` pair, in place.

    Args:
        state_dict (dict[str, np.ndarray]): Reference keys, already filled.
        num_iters (int): Power iterations, run in float64.

    Returns:
        dict[str, np.ndarray]: The same dict.
    """
    for key in [k for k in state_dict if k.endswith('weight_u')]:
        stem = key[: -len('_u')]
        matrix = state_dict[stem + '_orig'].astype(np.float64)
        matrix = matrix.reshape(matrix.shape[0], -1)
        u = state_dict[key].astype(np.float64)
        u /= np.linalg.norm(u)
        for _ in range(num_iters):
            v = matrix.T @ u
            v /= np.linalg.norm(v)
            u = matrix @ v
            u /= np.linalg.norm(u)
        state_dict[key] = u.astype(np.float32)
        state_dict[stem + '_v'] = v.astype(np.float32)
    return state_dict
