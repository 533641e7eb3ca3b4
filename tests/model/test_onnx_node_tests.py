"""ONNX's own node tests for its quantized operators: exact, or left out for a reason."""

import importlib

import numpy as np
import pytest

from model import golden
from model.importers.onnx_importer import read_onnx

onnx = pytest.importorskip("onnx", reason="the extra 'import' is not installed")
from onnx import numpy_helper  # noqa: E402  (after the skip)
import onnx.backend.test.case.node as case_node  # noqa: E402

OPERATORS = {"QuantizeLinear", "DequantizeLinear", "QLinearConv", "QLinearMatMul", "ConvInteger",
             "MatMulInteger", "DynamicQuantizeLinear"}
IN_SCOPE = {
    "convinteger_with_padding", "convinteger_without_padding", "dequantizelinear",
    "dequantizelinear_axis", "dequantizelinear_int2", "dequantizelinear_int4",
    "dequantizelinear_uint2", "dequantizelinear_uint4", "matmulinteger", "qlinearconv",
    "qlinearmatmul_2D_int8_float16", "qlinearmatmul_2D_int8_float32",
    "qlinearmatmul_2D_uint8_float16", "qlinearmatmul_2D_uint8_float32", "quantizelinear",
    "quantizelinear_axis"}
LEFT_OUT = {
    "codes of 16 bits: formats end at 8": {
        "dequantizelinear_int16", "dequantizelinear_uint16", "quantizelinear_int16",
        "quantizelinear_uint16", "quantizelinear_blocked_symmetric"},
    "floats of 4 or 8 bits are no integers": {
        "dequantizelinear_e4m3fn", "dequantizelinear_e4m3fn_float16",
        "dequantizelinear_e4m3fn_zero_point", "dequantizelinear_e5m2",
        "dequantizelinear_float4e2m1", "quantizelinear_e4m3fn", "quantizelinear_e5m2",
        "quantizelinear_float4e2m1"},
    "scales of blocks of channels": {
        "dequantizelinear_blocked", "quantizelinear_blocked_asymmetric"},
    "scales along the batch: each image would have its own": {
        "quantizelinear_int2", "quantizelinear_int4", "quantizelinear_uint2",
        "quantizelinear_uint4"},
    "scales that come from the data": {
        f"dynamicquantizelinear{part}{end}" for part in ("", "_max_adjusted", "_min_adjusted")
        for end in ("", "_expanded")},
    "weights along the batch: each image would have its own": {
        f"qlinearmatmul_3D_{kind}_float{bits}" for kind in ("int8", "uint8") for bits in (16, 32)},
}


@pytest.fixture(scope="module")
def cases():
    """The node tests of quantized operators by name."""
    for operator in sorted(OPERATORS):  # collecting the cases of all operators takes 14 seconds
        importlib.import_module(f"{case_node.__name__}.{operator.lower()}")
    found = case_node._NodeTestCases
    return {case.name.removeprefix("test_"): case for case in found
            if {node.op_type for node in case.model.graph.node} & OPERATORS}


def test_every_case_is_in_scope_or_left_out_for_one_reason(cases):
    known = sorted([*IN_SCOPE, *(name for names in LEFT_OUT.values() for name in names)])
    assert sorted(set(cases) - set(known)) == []
    assert len(known) == len(set(known))


@pytest.mark.parametrize("name", sorted(IN_SCOPE))
def test_case_is_exact(cases, tmp_path, name):
    if name not in cases:
        pytest.skip(f"onnx {onnx.__version__} has no such case")
    case = cases[name]
    model = onnx.ModelProto.FromString(case.model.SerializeToString())
    (inputs, outputs), = case.data_sets
    for value, array in list(zip(case.model.graph.input, inputs, strict=True))[1:]:
        tensor = array if isinstance(array, onnx.TensorProto) else numpy_helper.from_array(
            np.asarray(array))
        tensor.name = value.name
        model.graph.initializer.append(tensor)
    onnx.save(model, tmp_path / "case.onnx")
    imported = read_onnx(tmp_path / "case.onnx")
    given, expected = (numpy_helper.to_array(entry) if isinstance(entry, onnx.TensorProto)
                       else np.asarray(entry) for entry in (inputs[0], outputs[0]))
    images = given.astype(np.float32)
    codes = imported.input_codes.codes(images)
    result = imported.outputs(golden.run(imported.network, codes).scores)
    np.testing.assert_array_equal(result.reshape(expected.shape), expected.astype(np.float64))
