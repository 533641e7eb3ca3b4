"""PyTorch layers give what the numpy quantizers give, on every code, and the gradients they say."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from model.errors import InputError  # noqa: E402
from model.formats import bipolar, quinary, ternary  # noqa: E402
from model.quantizers import (  # noqa: E402
    binarize,
    binarize_filters,
    binarize_stochastic,
    input_scales,
    quantize_activations,
    quantize_gradients,
    quantize_sign,
    quantize_weights,
    quinarize,
    ternarize,
)
from model.quantizers.affine import AffineGrid  # noqa: E402
from model.quantizers.calibration import min_max_grid  # noqa: E402
from model.quantizers.codebook import cluster, nearest  # noqa: E402
from model.quantizers.shift_norm import ShiftNorm  # noqa: E402
from model.quantizers.xnor import quantize_symmetric  # noqa: E402
from model.training.quantized_conv import (  # noqa: E402
    QuantizedConv2d,
    QuantizedLinear,
    XnorConv2d,
    xnor_input_scales,
)
from model.training.quantized_values import (  # noqa: E402
    AffineFakeQuant,
    GradientQuantizer,
    dorefa_activations,
    fake_quantize,
    sign_activations,
    symmetric_activations,
)
from model.training.quantized_weights import (  # noqa: E402
    binary_weights,
    codebook_weights,
    dorefa_weights,
    quinary_weights,
    stochastic_weights,
    ternary_weights,
    xnor_weights,
)
from model.training.shift_batch_norm import ShiftBatchNorm  # noqa: E402

DTYPES = [np.float32, np.float64]


def some_weights(dtype, seed=1, shape=(9, 5, 3, 3)):
    """Normal weights with zeros, both of them, and some beyond 1."""
    weights = np.random.default_rng(seed).normal(0, 0.7, shape).astype(dtype)
    weights[0, 0, 0, :2] = 0.0, -0.0
    weights[1] *= 3
    return weights


def by_torch(function, values, *arguments):
    """(what a function gives, the gradient of a weighted sum of it, the weights of that)."""
    given = torch.from_numpy(np.array(values)).requires_grad_()
    found = function(given, *arguments)
    upstream = torch.from_numpy(np.random.default_rng(9).normal(size=found.shape)).to(found.dtype)
    (found * upstream).sum().backward()
    return found.detach().numpy(), given.grad.numpy(), upstream.numpy()


def along_filters(scales, weights):
    return np.reshape(scales, (-1, *[1] * (weights.ndim - 1)))


@pytest.mark.parametrize("dtype", DTYPES)
def test_signs_of_weights_and_activations(dtype):
    weights = some_weights(dtype)
    for function, codes in ((binary_weights, binarize(weights)[0]),
                            (sign_activations, quantize_sign(weights))):
        found, gradient, upstream = by_torch(function, weights)
        np.testing.assert_array_equal(found, bipolar().decode(codes))
        np.testing.assert_array_equal(gradient, np.where(np.abs(weights) <= 1, upstream, 0))


@pytest.mark.parametrize("dtype", DTYPES)
def test_stochastic_signs_of_equal_generators(dtype):
    weights = some_weights(dtype)
    codes, _ = binarize_stochastic(weights, np.random.default_rng(4))
    found, gradient, upstream = by_torch(stochastic_weights, weights, np.random.default_rng(4))
    np.testing.assert_array_equal(found, bipolar().decode(codes))
    np.testing.assert_array_equal(gradient, np.where(np.abs(weights) <= 1, upstream, 0))
    assert (found != np.where(weights >= 0, 1, -1)).any()


@pytest.mark.parametrize("dtype", DTYPES)
def test_xnor_filters_and_both_paths_of_their_gradient(dtype):
    weights = some_weights(dtype)
    codes, alpha = binarize_filters(weights)
    signs = bipolar().decode(codes)
    found, gradient, upstream = by_torch(xnor_weights, weights)
    np.testing.assert_array_equal(np.sign(found), signs)
    np.testing.assert_allclose(found, signs * along_filters(alpha, weights), rtol=1e-6)
    summed = (upstream * signs).sum(axis=(1, 2, 3))
    expected = (along_filters(alpha, weights) * upstream * (np.abs(weights) <= 1)
                + np.sign(weights) / weights[0].size * along_filters(summed, weights))
    np.testing.assert_allclose(gradient, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("quantize, by, form", [
    (ternary_weights, ternarize, ternary()), (quinary_weights, quinarize, quinary())])
@pytest.mark.parametrize("dtype", DTYPES)
def test_levels_and_scales_of_filters(quantize, by, form, dtype):
    for seed in range(20):
        weights = some_weights(dtype, seed)
        if seed == 0:
            weights[2] = 0
        codes, scales = by(weights)
        levels = form.decode(codes)
        assert set(levels.reshape(-1)) == set(form.levels)
        found, gradient, upstream = by_torch(quantize, weights)
        np.testing.assert_array_equal(np.rint(found / along_filters(scales, weights)), levels)
        np.testing.assert_allclose(found, levels * along_filters(scales, weights), rtol=1e-6)
        np.testing.assert_array_equal(gradient, upstream)


@pytest.mark.parametrize("bits", range(1, 9))
def test_dorefa_weights_of_any_width_hit_every_code(bits):
    weights = np.random.default_rng(bits).normal(size=(4, 40_000))
    codes, scale = quantize_weights(weights, bits)
    found, _, _ = by_torch(dorefa_weights, weights, bits)
    assert len(np.unique(codes)) == 2**bits
    levels = 2 * codes.astype(np.int64) - (2**bits - 1)
    np.testing.assert_array_equal(np.rint(found / scale), levels)
    np.testing.assert_allclose(found, levels * scale, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("bits", [2, 5])
def test_dorefa_weights_have_the_gradient_of_tanh_by_its_maximum(bits):
    """Against central differences of the same without rounding."""
    weights = np.random.default_rng(3).normal(size=(3, 4))
    _, gradient, upstream = by_torch(dorefa_weights, weights, bits)

    def smooth(values):
        squashed = np.tanh(values)
        return (squashed / np.abs(squashed).max() * upstream).sum()

    for place in np.ndindex(weights.shape):
        step = np.zeros_like(weights)
        step[place] = 1e-6
        change = (smooth(weights + step) - smooth(weights - step)) / 2e-6
        assert gradient[place] == pytest.approx(change, rel=1e-5, abs=1e-8)
    _, gradient, upstream = by_torch(dorefa_weights, weights, 1)
    np.testing.assert_array_equal(gradient, upstream)


def with_ties(low, high, steps):
    """Every multiple of half a step in a range, and beyond both ends; each neighbour of it too."""
    ties = np.linspace(low - 0.5, high + 0.5, 2 * steps * 2 + 1)
    exact = (np.arange(-steps, 3 * steps + 1) / (2 * steps)) * (high - low) + low
    values = np.concatenate([ties, exact])
    return np.concatenate([values, np.nextafter(values, -np.inf), np.nextafter(values, np.inf)])


@pytest.mark.parametrize("bits", range(1, 9))
def test_activations_of_any_width_on_every_code_and_tie(bits):
    top = 2**bits - 1
    for quantize, by, low in ((dorefa_activations, quantize_activations, 0),
                              (symmetric_activations, lambda v, k: quantize_symmetric(v, k)[0],
                               -1)):
        values = with_ties(low, 1, top)
        codes = by(values, bits).astype(np.int64)
        assert set(codes) == set(range(top + 1))
        found, gradient, upstream = by_torch(quantize, values, bits)
        expected = codes / top if low == 0 else (2 * codes - top) / top
        np.testing.assert_array_equal(found, expected)
        inside = (values >= low) & (values <= 1)
        np.testing.assert_array_equal(gradient, np.where(inside, upstream, 0))


@pytest.mark.parametrize("bits", [1, 2, 4, 6, 8, 12])
def test_gradients_are_quantized_by_the_formula_with_the_generators_noise(bits):
    """Eq. 12 of DoReFa-Net, value by value, and the numpy quantizer's codes."""
    upstream = np.random.default_rng(1).normal(size=(3, 4, 5))
    upstream[1] = 0
    values = torch.zeros(3, 4, 5, dtype=torch.float64, requires_grad=True)
    layer = GradientQuantizer(bits, np.random.default_rng(7))
    found = layer(values)
    assert torch.equal(found, values)
    found.backward(torch.from_numpy(upstream))
    noise, top = np.random.default_rng(7).random(upstream.shape) - 0.5, 2**bits - 1
    for sample in (0, 2):
        largest = np.abs(upstream[sample]).max()
        rounded = np.round(top * (upstream[sample] / (2 * largest) + 0.5) + noise[sample])
        expected = 2 * largest * (np.clip(rounded, 0, top) / top - 0.5)
        np.testing.assert_allclose(values.grad[sample].numpy(), expected, atol=1e-12)
    assert not values.grad[1].any()
    codes, scales = quantize_gradients(upstream, bits, np.random.default_rng(7))
    levels = 2 * codes.astype(np.int64) - top
    np.testing.assert_array_equal(values.grad.numpy(), levels * scales[:, None, None])


@pytest.mark.parametrize("bits", range(2, 9))
@pytest.mark.parametrize("symmetric", [False, True])
def test_affine_grids_on_every_code_and_tie(bits, symmetric):
    grid = AffineGrid.over(-0.7, 1.3, bits, symmetric=symmetric)
    stored = np.arange(2 * grid.low - 6, 2 * grid.high + 7) / 2
    values = (stored - grid.zero_point) * grid.scale
    assert set(grid.quantize(values)) == set(range(grid.low, grid.high + 1))
    found, gradient, upstream = by_torch(fake_quantize, values, grid)
    np.testing.assert_array_equal(found, grid.dequantize(grid.quantize(values)))
    beyond = np.rint(values / grid.scale) + grid.zero_point
    inside = (beyond >= grid.low) & (beyond <= grid.high)
    np.testing.assert_array_equal(gradient, np.where(inside, upstream, 0))
    assert 0 < inside.sum() < len(values)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_affine_grids_of_channels(axis):
    values = some_weights(np.float64, shape=(4, 5, 3, 3))
    grid = min_max_grid(values, 5, symmetric=True, axis=axis % 4)
    found, _, _ = by_torch(fake_quantize, values, grid)
    np.testing.assert_array_equal(found, grid.dequantize(grid.quantize(values)))


@pytest.mark.parametrize("axis, symmetric", [(None, False), (1, True), (-1, False)])
def test_fake_quantization_follows_the_range_of_batches_and_then_stands_still(axis, symmetric):
    layer = AffineFakeQuant(4, symmetric=symmetric, axis=axis, momentum=0.25)
    with pytest.raises(InputError, match="must have seen a batch"):
        layer.eval()(torch.zeros(2, 3))
    layer.train()
    batches = np.random.default_rng(2).normal(size=(3, 20, 4, 6))
    others = tuple(i for i in range(3) if axis is None or i != axis % 3)
    low = high = None
    for batch in batches:
        layer(torch.from_numpy(batch))
        ends = batch.min(axis=others), batch.max(axis=others)
        low = ends[0] if low is None else 0.75 * low + 0.25 * ends[0]
        high = ends[1] if high is None else 0.75 * high + 0.25 * ends[1]
    np.testing.assert_allclose(layer.low, low)
    np.testing.assert_allclose(layer.high, high)
    layer.eval()
    expected = AffineGrid.over(layer.low.numpy(), layer.high.numpy(), 4, symmetric=symmetric,
                               axis=axis)
    found = layer(torch.from_numpy(9 * batches[0])).numpy()
    np.testing.assert_array_equal(found, expected.dequantize(expected.quantize(9 * batches[0])))


@pytest.mark.parametrize("bits", range(2, 9))
@pytest.mark.parametrize("dtype", DTYPES)
def test_codebooks_on_every_code_and_tie(bits, dtype):
    weights = np.random.default_rng(bits).normal(size=(8, 500)).astype(dtype)
    centroids = np.unique(cluster(weights, bits).centroids.astype(dtype))
    ties = centroids[:-1] + np.diff(centroids) / 2
    values = np.concatenate([weights.reshape(-1), ties, centroids]).astype(dtype)
    codes = nearest(centroids, values)
    assert set(codes) == set(range(len(centroids)))
    trained = torch.from_numpy(centroids).requires_grad_()
    found, gradient, upstream = by_torch(codebook_weights, values, trained)
    np.testing.assert_array_equal(found, centroids[codes])
    np.testing.assert_array_equal(gradient, upstream)
    sums = [upstream[codes == code].astype(np.float64).sum() for code in range(len(centroids))]
    np.testing.assert_allclose(trained.grad.numpy(), sums, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("shape", [(40, 3), (6, 3, 4, 5)])
def test_shift_norm_normalizes_as_numpy_does_in_both_modes(shape):
    generator = np.random.default_rng(5)
    values = generator.normal(2, 3, shape)
    layer = ShiftBatchNorm(3)
    gamma, beta = generator.normal(size=3), generator.normal(size=3)
    layer.gamma.data, layer.beta.data = torch.from_numpy(gamma), torch.from_numpy(beta)
    inner = np.moveaxis(values, 1, -1)
    expected = ShiftNorm.measured(inner, gamma, beta)
    found = layer(torch.from_numpy(values)).detach().numpy()
    np.testing.assert_allclose(np.moveaxis(found, 1, -1), expected.apply(inner), rtol=1e-12)
    assert layer.exported().mean == pytest.approx(0.1 * expected.mean)
    layer.eval()
    found = layer(torch.from_numpy(values)).detach().numpy()
    np.testing.assert_allclose(np.moveaxis(found, 1, -1), layer.exported().apply(inner),
                               rtol=1e-12)


def test_shift_norm_has_the_gradient_of_its_shifts():
    """By hand: y = c i g + b with c = x - mean, i = AP2(1 / sqrt(E[c AP2(c)] + eps))."""
    def ap2(number):
        return np.sign(number) * 2.0 ** np.round(np.log2(np.abs(number)))

    generator = np.random.default_rng(6)
    values, epsilon = generator.normal(1, 2, (7, 2)), 1e-4
    layer = ShiftBatchNorm(2, epsilon)
    gamma = np.array([1.7, -0.6])
    layer.gamma.data = torch.from_numpy(gamma)
    _, gradient, upstream = by_torch(layer, values)
    centred = values - values.mean(axis=0)
    variance = (centred * ap2(centred)).mean(axis=0)
    inverse, gain = ap2((variance + epsilon) ** -0.5), ap2(gamma)
    for_inverse = (upstream * centred * gain).sum(axis=0)
    for_variance = for_inverse * -0.5 * (variance + epsilon) ** -1.5
    for_centred = upstream * inverse * gain + for_variance * (centred + ap2(centred)) / 7
    np.testing.assert_allclose(gradient, for_centred - for_centred.mean(axis=0), rtol=1e-9,
                               atol=1e-12)
    np.testing.assert_allclose(layer.gamma.grad, (upstream * centred * inverse).sum(axis=0))
    np.testing.assert_allclose(layer.beta.grad, upstream.sum(axis=0))


@pytest.mark.parametrize("kernel, stride, padding", [
    ((3, 3), (1, 1), (1, 1)), ((1, 4), (2, 3), (0, 2)), ((5, 2), (1, 2), (0, 0))])
def test_xnor_convolutions_scale_what_signs_give(kernel, stride, padding):
    generator = np.random.default_rng(8)
    values = generator.normal(size=(2, 3, 9, 8)).astype(np.float32)
    values[0, 0, 0, 0] = 0
    layer = XnorConv2d(3, 4, kernel, stride, padding)
    found = layer(torch.from_numpy(values)).detach().numpy()
    scales = input_scales(values.transpose(0, 2, 3, 1), kernel, stride, padding)
    np.testing.assert_allclose(xnor_input_scales(torch.from_numpy(values), kernel, stride, padding
                                                 ).numpy()[:, 0], scales, rtol=1e-5, atol=1e-6)
    codes, alpha = binarize_filters(layer.weight.detach().numpy())
    signs = bipolar().decode(codes)
    padded = np.pad(np.where(values >= 0, 1, -1),
                    ((0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2))
    for image, filter_, row, column in np.ndindex(*found.shape):
        window = padded[image, :, row * stride[0]:row * stride[0] + kernel[0],
                        column * stride[1]:column * stride[1] + kernel[1]]
        sum_ = (window * signs[filter_]).sum()
        bias = float(layer.bias.detach()[filter_])
        assert found[image, filter_, row, column] == pytest.approx(
            sum_ * scales[image, row, column] * alpha[filter_] + bias, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("quantizer", [
    binary_weights, xnor_weights, ternary_weights, quinary_weights,
    lambda weights: dorefa_weights(weights, 3),
    lambda weights: stochastic_weights(weights, np.random.default_rng(1)),
    lambda weights: fake_quantize(weights, AffineGrid.over(-1, 1, 4, symmetric=True))])
def test_layers_train_through_every_quantizer(quantizer):
    """A few steps bring the loss down, and what computes are the quantizer's weights."""
    torch.manual_seed(1)
    conv, dense = QuantizedConv2d(quantizer, 1, 8, 3), QuantizedLinear(quantizer, 8 * 36, 2)
    images = torch.randn(32, 1, 8, 8)
    labels = (images.mean(dim=(1, 2, 3)) > 0).long()
    optimizer = torch.optim.Adam([*conv.parameters(), *dense.parameters()], lr=1e-2)
    losses = []
    for _ in range(60):
        scores = dense(torch.tanh(conv(images)).flatten(1)) / 8
        losses.append(torch.nn.functional.cross_entropy(scores, labels))
        optimizer.zero_grad()
        losses[-1].backward()
        optimizer.step()
    assert losses[-1] < losses[0] / 2
    plain = torch.nn.functional.conv2d(images, quantizer(conv.weight), conv.bias)
    assert torch.equal(conv(images), plain)
