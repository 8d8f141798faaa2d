#!/usr/bin/env python3
"""Make the cases of check_cases.py: small models and what they compute.

  make_cases.py [--out DIR]

Needs onnx, ml_dtypes and onnxruntime; check_cases.py needs NumPy only. Operators
of com.microsoft are computed by ONNX Runtime, conversions by ml_dtypes and
ONNX's reference implementation.
"""
import argparse
import os

import ml_dtypes
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

MS = "com.microsoft"
FLOAT8 = ["FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ"]
NARROW = FLOAT8 + ["FLOAT6E2M3", "FLOAT6E3M2", "FLOAT4E2M1"]
INTEGERS = ["INT2", "UINT2", "INT4", "UINT4", "INT8", "UINT8", "INT16", "UINT16", "INT32", "UINT32", "INT64", "UINT64"]


def data_type(name):
    return getattr(TensorProto, name)


def to_bits(array):
    """As tp-run reads and writes types that NumPy lacks."""
    name = array.dtype.name
    if name in ("int4", "int2"):
        return array.astype(np.int8)
    if name in ("uint4", "uint2"):
        return array.astype(np.uint8)
    if array.dtype.type.__module__ != "numpy":
        return array.view({1: np.uint8, 2: np.uint16}[array.dtype.itemsize])
    return array


class Maker:
    def __init__(self, out):
        self.out, self.count = out, 0
        os.makedirs(out, exist_ok=True)

    def save(self, name, model, inputs, outputs):
        onnx.save(model, os.path.join(self.out, name + ".onnx"))
        arrays = {"in_" + key: to_bits(value) for key, value in inputs.items()}
        arrays.update({"out_" + key: to_bits(value) for key, value in outputs.items()})
        np.savez_compressed(os.path.join(self.out, name + ".npz"), **arrays)
        self.count += 1


def model_of(nodes, inputs, outputs, weights=(), opset=25):
    graph = helper.make_graph(
        nodes, "g",
        [helper.make_tensor_value_info(name, kind, shape) for name, kind, shape in inputs],
        [helper.make_tensor_value_info(name, kind, None) for name, kind in outputs],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in weights])
    return helper.make_model(graph, ir_version=12 if opset >= 24 else 10,
                             opset_imports=[helper.make_opsetid("", opset), helper.make_opsetid(MS, 1)])


#===--- Conversions -----------------------------------------------------------


def boundaries():
    """Numbers where rounding to a narrow float may go either way, and extremes."""
    values = [0.0, np.inf, np.nan, 1e-30, 1e30, 3.4e38, 65504.0, 65520.0, 57344.0, 61440.0, 448.0, 464.0]
    for name in NARROW:
        dtype = helper.tensor_dtype_to_np_dtype(data_type(name))
        finite = np.arange(256, dtype=np.uint8).view(dtype).astype(np.float32)
        finite = np.unique(np.abs(finite[np.isfinite(finite)]))
        middle = (finite[1:] + finite[:-1]) / 2
        values += [*finite, *middle, *np.nextafter(middle, np.float32(np.inf)), *np.nextafter(middle, np.float32(0))]
    values = np.unique(np.array(values, np.float32))
    return np.concatenate([values, -values])


def make_casts(maker):
    numbers = boundaries()
    for saturate in (1, 0):
        nodes, outputs, expected = [], [], {}
        for name in NARROW + ["FLOAT16", "BFLOAT16", "FLOAT", "BOOL"]:
            nodes.append(helper.make_node("Cast", ["x"], [name], to=data_type(name), saturate=saturate))
            outputs.append((name, data_type(name)))
            dtype = helper.tensor_dtype_to_np_dtype(data_type(name))
            x = numbers
            if name in FLOAT8 and saturate:
                expected[name] = onnx.numpy_helper.saturate_cast(x, dtype)
            else:
                expected[name] = x.astype(dtype)
            if name in ("FLOAT6E2M3", "FLOAT6E3M2", "FLOAT4E2M1"):
                # What a NaN becomes is not defined: the zero of its sign here.
                bits = expected[name].view(np.uint8)
                sign = {"FLOAT4E2M1": 8}.get(name, 32)
                bits[np.isnan(x)] = np.where(np.signbit(x[np.isnan(x)]), sign, 0)
        for kind, array in (("FLOAT", numbers), ("DOUBLE", numbers.astype(np.float64))):
            model = model_of(nodes, [("x", data_type(kind), array.shape)], outputs, opset=28)
            maker.save(f"cast_{kind}_saturate{saturate}", model, {"x": array}, expected)
    # From every pattern, through a byte of the same bits.
    for name in NARROW + ["FLOAT8E8M0"]:
        dtype = helper.tensor_dtype_to_np_dtype(data_type(name))
        bits = {"FLOAT4E2M1": 4, "FLOAT6E2M3": 6, "FLOAT6E3M2": 6}.get(name, 8)
        x = np.arange(1 << bits, dtype=np.uint8).view(dtype)
        nodes, outputs, expected = [], [], {}
        for to in ["FLOAT", "DOUBLE", "FLOAT16", "BFLOAT16", "FLOAT8E5M2"]:
            nodes.append(helper.make_node("Cast", ["x"], [to], to=data_type(to), saturate=0))
            outputs.append((to, data_type(to)))
            wide = x.astype(np.float32)
            expected[to] = wide.astype(helper.tensor_dtype_to_np_dtype(data_type(to)))
        maker.save(f"cast_{name}", model_of(nodes, [("x", data_type(name), x.shape)], outputs, opset=28), {"x": x},
                   expected)
    for mode in ("up", "down", "nearest"):
        x = np.abs(numbers)
        x = x[np.isfinite(x)]
        node = helper.make_node("Cast", ["x"], ["y"], to=TensorProto.FLOAT8E8M0, round_mode=mode)
        y = onnx.numpy_helper.to_float8e8m0(x, True, mode)
        maker.save(f"cast_e8m0_{mode}", model_of([node], [("x", TensorProto.FLOAT, x.shape)],
                                                 [("y", TensorProto.FLOAT8E8M0)], opset=28), {"x": x}, {"y": y})
    # Doubles that lie beside the middle of two f16 or bf16 by less than an f32 tells.
    x = np.array([1 + 2**-11 + 2**-40, 1 + 2**-11, 1 + 2**-11 - 2**-40, 1 + 3 * 2**-11 - 2**-40, 65519.99999999999,
                  65520, 1e300, -1e300, 2**-25, 2**-25 + 2**-60, 3 * 2**-25 - 2**-60, np.nan, np.inf], np.float64)
    nodes = [helper.make_node("Cast", ["x"], ["h"], to=TensorProto.FLOAT16)]
    maker.save("cast_DOUBLE_halfway", model_of(nodes, [("x", TensorProto.DOUBLE, x.shape)],
                                               [("h", TensorProto.FLOAT16)]), {"x": x}, {"h": x.astype(np.float16)})


def make_integer_casts(maker):
    samples = np.array([0, 1, -1, 2, 3, 7, 8, -8, 15, 16, 100, 127, 128, -128, 200, 255, 256, 32767, -32768, 65535,
                        2**31 - 1, -2**31, 2**40 + 5, -2**40 - 5], np.int64)
    for source in INTEGERS:
        dtype = helper.tensor_dtype_to_np_dtype(data_type(source))
        with np.errstate(all="ignore"):
            x = samples.astype(dtype)
        nodes, outputs, expected = [], [], {}
        for to in INTEGERS + ["FLOAT", "DOUBLE", "FLOAT16", "BOOL"]:
            nodes.append(helper.make_node("Cast", ["x"], ["y_" + to], to=data_type(to)))
            outputs.append(("y_" + to, data_type(to)))
            wide = x.astype(np.int64) if dtype != np.uint64 else x
            target = helper.tensor_dtype_to_np_dtype(data_type(to))
            expected["y_" + to] = wide.astype(target)
        maker.save(f"cast_{source}", model_of(nodes, [("x", data_type(source), x.shape)], outputs), {"x": x}, expected)


#===--- Quantisation ----------------------------------------------------------


def blocked_linear(maker, rng, name, kind, rows, inner, block, zero, dtype=np.float32):
    """x times a weight quantised in blocks, spelled with DequantizeLinear."""
    np_kind = helper.tensor_dtype_to_np_dtype(data_type(kind))
    blocks = -(-inner // block)
    if kind.startswith("FLOAT"):
        q = rng.normal(size=(inner, rows)).astype(np_kind)
    else:
        info = ml_dtypes.iinfo(np_kind)
        q = rng.integers(info.min, info.max + 1, (inner, rows)).astype(np_kind)
    scale = (rng.random((blocks, rows)) * 0.1 + 0.01).astype(dtype)
    weights = [("q", q), ("scale", scale)]
    if zero:
        weights.append(("zero", rng.integers(info.min, info.max + 1, (blocks, rows)).astype(np_kind)))
    x = rng.normal(size=(3, inner)).astype(dtype)
    dequantize = helper.make_node("DequantizeLinear", [key for key, _ in weights], ["w"], axis=0, block_size=block)
    multiply = helper.make_node("MatMul", ["x", "w"], ["y"])
    wide = lambda array: array.astype(np.float32)
    expanded = np.repeat(scale, block, axis=0)[:inner]
    values = wide(q)
    if zero:
        values = values - np.repeat(wide(weights[2][1]), block, axis=0)[:inner]
    y = wide(x) @ (values * wide(expanded))
    kind_of = TensorProto.FLOAT if dtype == np.float32 else TensorProto.FLOAT16
    maker.save(name, model_of([dequantize, multiply], [("x", kind_of, x.shape)], [("y", kind_of)], weights), {"x": x},
               {"y": y.astype(dtype)})


def make_blocked(maker, rng):
    blocked_linear(maker, rng, "blocked_int4", "INT4", 48, 96, 16, False)
    blocked_linear(maker, rng, "blocked_uint4_zero", "UINT4", 48, 96, 16, True)
    blocked_linear(maker, rng, "blocked_uint4_odd", "UINT4", 7, 45, 16, True)
    blocked_linear(maker, rng, "blocked_uint2", "UINT2", 16, 64, 32, True)
    blocked_linear(maker, rng, "blocked_int8_half", "INT8", 40, 64, 32, True, np.float16)
    blocked_linear(maker, rng, "blocked_e4m3", "FLOAT8E4M3FN", 32, 64, 32, False)
    blocked_linear(maker, rng, "blocked_e5m2", "FLOAT8E5M2", 9, 33, 16, False)
    blocked_linear(maker, rng, "blocked_e2m1", "FLOAT4E2M1", 32, 64, 16, False)


def run_ort(model, inputs):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs)))


def make_nbits(maker, rng, name, rows, inner, block, bits, zero, bias=False, dtype=np.float32, computed=False):
    blocks = -(-inner // block)
    b = rng.integers(0, 256, (rows, blocks, block * bits // 8)).astype(np.uint8)
    scales = (rng.random((rows, blocks)) * 0.1).astype(dtype)
    weights = [("scales", scales)]
    inputs = [("x", TensorProto.FLOAT if dtype == np.float32 else TensorProto.FLOAT16, (2, 3, inner))]
    x = rng.normal(size=(2, 3, inner)).astype(dtype)
    values = {"x": x}
    if computed:
        inputs.append(("b", TensorProto.UINT8, b.shape))
        values["b"] = b
    else:
        weights.append(("b", b))
    names = ["x", "b", "scales"]
    if zero == "packed":
        weights.append(("zp", rng.integers(0, 256, (rows, -(-blocks * bits // 8))).astype(np.uint8)))
    elif zero == "float":
        weights.append(("zp", (rng.random((rows, blocks)) * 8).astype(dtype)))
    names.append("zp" if zero else "")
    if bias:
        names += ["", "bias"]
        weights.append(("bias", rng.normal(size=rows).astype(dtype)))
    node = helper.make_node("MatMulNBits", names, ["y"], domain=MS, K=inner, N=rows, bits=bits, block_size=block)
    model = model_of([node], inputs, [("y", inputs[0][1])], weights, opset=21)
    maker.save(name, model, values, run_ort(model, values))


def make_contrib(maker, rng):
    make_nbits(maker, rng, "nbits4", 48, 64, 16, 4, None)
    make_nbits(maker, rng, "nbits4_zero_bias", 48, 96, 32, 4, "packed", bias=True)
    make_nbits(maker, rng, "nbits4_odd", 7, 45, 16, 4, "packed")
    make_nbits(maker, rng, "nbits4_float_zero", 32, 64, 32, 4, "float")
    make_nbits(maker, rng, "nbits4_half", 32, 64, 32, 4, "packed", dtype=np.float16)
    make_nbits(maker, rng, "nbits8", 33, 64, 32, 8, "packed")
    make_nbits(maker, rng, "nbits4_computed", 16, 32, 16, 4, "packed", computed=True)
    # A quantised table: packed bytes, and a type of 4 bits.
    for name, zero in (("gather_quantized", True), ("gather_quantized_default", False)):
        data = rng.integers(0, 256, (40, 32)).astype(np.uint8)
        weights = [("data", data), ("scales", rng.random((40, 4)).astype(np.float32))]
        names = ["data", "ids", "scales"]
        if zero:
            weights.append(("zp", rng.integers(0, 256, (40, 2)).astype(np.uint8)))
            names.append("zp")
        node = helper.make_node("GatherBlockQuantized", names, ["y"], domain=MS, block_size=16, bits=4, gather_axis=0,
                                quantize_axis=1)
        model = model_of([node], [("ids", TensorProto.INT64, (2, 5))], [("y", TensorProto.FLOAT)], weights, opset=21)
        values = {"ids": rng.integers(0, 40, (2, 5))}
        maker.save(name, model, values, run_ort(model, values))
    # The quantiser's spellings.
    a = rng.normal(size=(5, 24)).astype(np.float32)
    # Seven bits: ONNX Runtime's sums of pairs saturate on some processors.
    b = rng.integers(-64, 64, (24, 16)).astype(np.int8)
    scale, zero = rng.random(16).astype(np.float32) * 0.1, rng.integers(-5, 6, 16).astype(np.int8)
    bias = rng.normal(size=16).astype(np.float32)
    node = helper.make_node("DynamicQuantizeMatMul", ["a", "b", "s", "z", "bias"], ["y"], domain=MS)
    model = model_of([node], [("a", TensorProto.FLOAT, a.shape)], [("y", TensorProto.FLOAT)],
                     [("b", b), ("s", scale), ("z", zero), ("bias", bias)], opset=21)
    maker.save("dynamic_quantize_matmul", model, {"a": a}, run_ort(model, {"a": a}))
    qa = rng.integers(0, 256, (5, 24)).astype(np.uint8)
    node = helper.make_node("MatMulIntegerToFloat", ["a", "b", "sa", "s", "za", "z", "bias"], ["y"], domain=MS)
    model = model_of([node], [("a", TensorProto.UINT8, qa.shape)], [("y", TensorProto.FLOAT)],
                     [("b", b), ("sa", np.float32(0.03)), ("s", scale), ("za", np.uint8(120)), ("z", zero),
                      ("bias", bias)], opset=21)
    maker.save("matmul_integer_to_float", model, {"a": qa}, run_ort(model, {"a": qa}))
    nodes = [helper.make_node("QuantizeLinear", ["a", "qs", "qz"], ["q"], domain=MS),
             helper.make_node("DequantizeLinear", ["q", "qs", "qz"], ["y"], domain=MS)]
    model = model_of(nodes, [("a", TensorProto.FLOAT, a.shape)], [("y", TensorProto.FLOAT)],
                     [("qs", np.float32(0.02)), ("qz", np.uint16(3000))], opset=21)
    maker.save("ms_quantize", model, {"a": a}, run_ort(model, {"a": a}))
    # A layer of integers, as ORT's static and dynamic quantisers write it.
    nodes = [helper.make_node("DynamicQuantizeLinear", ["a"], ["q", "qs", "qz"]),
             helper.make_node("MatMulInteger", ["q", "b", "qz", "z0"], ["i"]),
             helper.make_node("Cast", ["i"], ["f"], to=TensorProto.FLOAT),
             helper.make_node("Mul", ["qs", "s"], ["ss"]), helper.make_node("Mul", ["f", "ss"], ["y"])]
    model = model_of(nodes, [("a", TensorProto.FLOAT, a.shape)], [("y", TensorProto.FLOAT)],
                     [("b", b), ("s", scale), ("z0", np.int8(3))], opset=21)
    maker.save("dynamic_linear", model, {"a": a}, run_ort(model, {"a": a}))
    node = helper.make_node("QLinearMatMul", ["a", "sa", "za", "b", "s", "z", "sy", "zy"], ["y"])
    model = model_of([node], [("a", TensorProto.UINT8, qa.shape)], [("y", TensorProto.UINT8)],
                     [("sa", np.float32(0.03)), ("za", np.uint8(120)), ("b", b), ("s", scale), ("z", zero),
                      ("sy", np.float32(0.3)), ("zy", np.uint8(110))], opset=21)
    maker.save("qlinear_matmul_columns", model, {"a": qa}, run_ort(model, {"a": qa}))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "cases"))
    maker = Maker(parser.parse_args().out)
    rng = np.random.default_rng(20)
    with np.errstate(all="ignore"):
        make_casts(maker)
        make_integer_casts(maker)
        make_blocked(maker, rng)
        make_contrib(maker, rng)
    print(f"{maker.count} cases")


if __name__ == "__main__":
    main()
