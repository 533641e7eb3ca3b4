"""Layer shapes of an ONNX file, weights or not: enough for cycles, traffic and energy."""

from dataclasses import dataclass
from math import prod

from model.errors import InputError
from model.importers.onnx_file import onnx_package, read_model, tensor_sizes

__all__ = ["LayerShape", "layer_shapes"]

_MAX_SIZE = 1 << 24
_DATA_AND_WEIGHTS = {
    "Conv": (0, 1), "ConvInteger": (0, 1), "QLinearConv": (0, 3), "Gemm": (0, 1),
    "MatMul": (0, 1), "MatMulInteger": (0, 1), "QLinearMatMul": (0, 3)}
_POOLS = {"MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool"}
_ADDITIONS = {"Add", "Sum"}
_SAME_SHAPE = {"Quant", "IntQuant", "BipolarQuant", "Trunc", "MultiThreshold", "QLinearLeakyRelu",
               "QLinearSigmoid"}
_STANDARD = {"QLinearAdd": ("Add", (0, 3)), "QLinearAveragePool": ("AveragePool", (0,)),
             "QLinearGlobalAveragePool": ("GlobalAveragePool", (0,)), "QGemm": ("Gemm", (0, 3))}


@dataclass(frozen=True, kw_only=True)
class LayerShape:
    """What a layer computes on, for one image.

    Parameters
    ----------
    name : str
    kind : str
        ``conv``, ``depthwise``, ``dense``, ``pool`` or ``add``.
    input_shape, output_shape : (int, int, int)
        Height, width, channels.
    kernel, stride, dilation : (int, int)
        Rows, columns.
    padding : (int, int, int, int)
        Top, left, bottom, right.
    groups : int
    macs : int
        Multiplications, padded taps included; 0 for pools and additions.
    """

    name: str
    kind: str
    input_shape: tuple[int, int, int]
    output_shape: tuple[int, int, int]
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    groups: int = 1
    macs: int = 0


def layer_shapes(path):
    """The layers of an ONNX file in its order.

    Returns
    -------
    tuple of LayerShape

    Raises
    ------
    InputError
        If the file is no ONNX model, or a layer's shape cannot be known; the node is named.
    """
    model = read_model(path)
    _standardize(model)
    shapes = _known_shapes(model, path)
    constants = {tensor.name for tensor in model.graph.initializer}
    layers = []
    for index, node in enumerate(model.graph.node):
        where = f"{path}: node {index} ({node.op_type} {node.name})"[:200]
        name = node.name or f"{node.op_type.lower()}{index}"
        try:
            layer = _layer(node, name, shapes, constants, where)
        except (IndexError, ValueError, TypeError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(f"{where} must have the inputs and attributes of its kind, "
                             "and has not") from None
        if layer is not None:
            layers.append(layer)
    return tuple(layers)


def _standardize(model):
    """Replaces operators of other domains by standard ones of the same shapes, in place."""
    for node in model.graph.node:
        if node.op_type in _SAME_SHAPE:
            node.op_type, inputs = "Identity", node.input[:1]
        elif node.op_type in _STANDARD:
            node.op_type, places = _STANDARD[node.op_type]
            inputs = [node.input[place] for place in places if place < len(node.input)]
        else:
            continue
        node.domain = ""
        del node.input[:]
        node.input.extend(inputs)
        kept = [entry for entry in node.attribute
                if node.op_type in ("AveragePool", "Gemm") and entry.name != "channels_last"]
        del node.attribute[:]
        node.attribute.extend(kept)


def _known_shapes(model, path):
    """Shapes by tensor name; sizes that are not numbers are None."""
    onnx = onnx_package()
    try:
        inferred = onnx.shape_inference.infer_shapes(model, data_prop=True)
    except Exception as error:  # the package raises its own kinds and bare RuntimeError
        raise InputError(f"{path} must hold a graph whose shapes fit each other: "
                         f"{str(error).splitlines()[0]:.120}") from None
    graph = inferred.graph
    shapes = {tensor.name: tensor_sizes(tensor, path) for tensor in graph.initializer}
    for info in [*graph.input, *graph.value_info, *graph.output]:
        if info.type.tensor_type.HasField("shape") and info.name not in shapes:
            shapes[info.name] = tuple(
                size.dim_value if 0 < size.dim_value <= _MAX_SIZE else None
                for size in info.type.tensor_type.shape.dim)
    return shapes


def _shape(shapes, name, where):
    """The sizes of a tensor behind the first, which is the batch."""
    shape = shapes.get(name)
    if shape is None or len(shape) < 2 or None in shape[1:]:
        raise InputError(f"{where}: shape of {name!r:.80} must be known, not {shape}")
    return shape[1:]


def _pixels(shape, where):
    """(height, width, channels) of (channels, height, width), (channels, width) or (channels,)."""
    if len(shape) > 3:
        raise InputError(f"{where}: maps must have two dimensions, not {len(shape) - 1}")
    channels, *size = shape
    height, width = [1] * (2 - len(size)) + list(size)
    return height, width, channels


def _layer(node, name, shapes, constants, where):
    if node.op_type in _DATA_AND_WEIGHTS:
        data, weights = (node.input[place] for place in _DATA_AND_WEIGHTS[node.op_type])
        output = _shape(shapes, node.output[0], where)
        given = _shape(shapes, data, where)
        if "Conv" in node.op_type:
            filters = shapes.get(weights)
            if filters is None or None in filters:
                raise InputError(f"{where}: shape of {weights!r:.80} must be known")
            return _convolution(node, name, given, output, filters, where)
        return LayerShape(name=name, kind="dense", input_shape=(prod(given[:-1]), 1, given[-1]),
                          output_shape=(prod(output[:-1]), 1, output[-1]),
                          macs=prod(output) * given[-1])
    if node.op_type in _POOLS:
        given = _pixels(_shape(shapes, node.input[0], where), where)
        output = _pixels(_shape(shapes, node.output[0], where), where)
        geometry = {} if "kernel_shape" not in _attributes(node) else _geometry(
            node, given, output, where)
        return LayerShape(name=name, kind="pool", input_shape=given, output_shape=output,
                          **{"kernel": given[:2], **geometry})
    if node.op_type in _ADDITIONS and not constants & set(node.input):
        size = _pixels(_shape(shapes, node.output[0], where), where)
        return LayerShape(name=name, kind="add", input_shape=size, output_shape=size)
    return None


def _attributes(node):
    onnx = onnx_package()
    return {entry.name: onnx.helper.get_attribute_value(entry) for entry in node.attribute}


def _pair(values):
    """(rows, columns) of one or two numbers."""
    rows, columns = [1] * (2 - len(values)) + list(values)
    if not all(1 <= value <= _MAX_SIZE for value in (rows, columns)):
        raise ValueError("out of range")
    return int(rows), int(columns)


def _geometry(node, given, output, where, kernel=None):
    """Kernel, stride, dilation and padding of a window."""
    attributes = _attributes(node)
    kernel = _pair(attributes.get("kernel_shape", kernel))
    stride = _pair(attributes.get("strides", [1]))
    dilation = _pair(attributes.get("dilations", [1]))
    mode = attributes.get("auto_pad", b"NOTSET")
    if mode in (b"SAME_UPPER", b"SAME_LOWER"):
        total = [max(0, (output[i] - 1) * stride[i] + (kernel[i] - 1) * dilation[i] + 1 - given[i])
                 for i in range(2)]
        begin = [(value + (mode == b"SAME_LOWER")) // 2 for value in total]
        padding = (*begin, total[0] - begin[0], total[1] - begin[1])
    else:
        pads = list(attributes.get("pads", [0] * 4)) if mode == b"NOTSET" else [0] * 4
        padding = (0, pads[0], 0, pads[1]) if len(pads) == 2 else tuple(pads)
    if len(padding) != 4 or not all(0 <= value <= _MAX_SIZE for value in padding):
        raise InputError(f"{where}: pads must be sizes, not {padding}")
    return dict(kernel=kernel, stride=stride, dilation=dilation, padding=padding)


def _convolution(node, name, given, output, filters, where):
    given, output = _pixels(given, where), _pixels(output, where)
    groups = _attributes(node).get("group", 1)
    if groups < 1 or given[2] != filters[1] * groups or output[2] != filters[0]:
        raise InputError(f"{where}: weights {filters} must fit {given[2]} input and {output[2]} "
                         f"output channels in {groups} groups")
    depthwise = groups > 1 and groups == given[2]
    return LayerShape(
        name=name, kind="depthwise" if depthwise else "conv", input_shape=given,
        output_shape=output, groups=groups, macs=prod(output) * prod(filters[1:]),
        **_geometry(node, given, output, where, filters[2:]))
