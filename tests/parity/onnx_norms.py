"""The adapter's fifth part: normalization. The channels are axis 1."""

from tests.parity.onnx_adapter import node, ops
from tests.parity.onnx_windows import Geometry, window_sum


@node("BatchNormalization")
def batch_norm(
    x, gamma, beta, mean, var, *, epsilon=1e-5, momentum=0.9, training_mode=0
):
    how = {"axis": 1, "epsilon": epsilon}
    if not training_mode:
        return ops.batch_norm(x, gamma, beta, mean=mean, variance=var, **how)
    over = (0, *range(2, x.ndim))
    moving = [
        ops.add(momentum * old, (1 - momentum) * new)
        for old, new in ((mean, ops.mean(x, axis=over)), (var, ops.var(x, axis=over)))
    ]
    return ops.batch_norm(x, gamma, beta, **how), *moving


@node("InstanceNormalization")
def instance_norm(x, gamma, beta, *, epsilon=1e-5):
    return ops.group_norm(x, gamma, beta, groups=-1, axis=1, epsilon=epsilon)


@node("GroupNormalization")
def group_norm(x, gamma, beta, *, num_groups, epsilon=1e-5):
    return ops.group_norm(x, gamma, beta, groups=num_groups, axis=1, epsilon=epsilon)


@node("LayerNormalization")
def layer_norm(x, gamma, beta=None, *, axis=-1, epsilon=1e-5):
    over = tuple(range(axis % x.ndim, x.ndim))
    y = ops.layer_norm(x, gamma, beta, axis=over, epsilon=epsilon)
    mean = ops.mean(x, axis=over, keepdims=True)
    spread = ops.sqrt(ops.var(x, axis=over, keepdims=True) + epsilon)
    return y, mean, ops.divide(1.0, spread)


@node("RMSNormalization")
def rms_norm(x, gamma, *, axis=-1, epsilon=1e-5):
    over = tuple(range(axis % x.ndim, x.ndim))
    size = ops.sqrt(ops.mean(ops.square(x), axis=over, keepdims=True) + epsilon)
    return ops.multiply(ops.divide(x, size), gamma)


@node("LpNormalization")
def lp_norm(x, *, axis=-1, p=2):
    if p == 1:
        size = ops.sum(ops.abs(x), axis=axis, keepdims=True)
    else:
        size = ops.norm(x, axis=axis, keepdims=True)
    return ops.divide(x, ops.where(size.data == 0, 1.0, size))


@node("MeanVarianceNormalization")
def mean_variance_norm(x, *, axes=(0, 2, 3)):
    center = ops.subtract(x, ops.mean(x, axis=tuple(axes), keepdims=True))
    return ops.divide(center, ops.std(x, axis=tuple(axes), keepdims=True))


@node("LRN")
def local_response_norm(x, *, size, alpha=1e-4, beta=0.75, bias=1.0):
    """Neighboring channels summed: a window that slides over the channels."""
    n, channels = x.shape[:2]
    line = ops.reshape(ops.square(x), (n, channels, -1))  # channels as an axis of space
    before = (size - 1) // 2
    geometry = Geometry([channels], [size], pads=[before, size - 1 - before])
    total = ops.reshape(window_sum(line, geometry)[0], x.shape)
    return ops.divide(x, ops.power(bias + alpha / size * total, beta))
