"""Decoder layers as their exporters write them, and how to run them, for tests that build models."""

import json
import os
import subprocess

import numpy as np
from onnx import TensorProto, helper, numpy_helper


class Graph:
    """Nodes and initializers of a graph that is being built. Names say nothing about layers.

    Weights are random where there is a generator; else only their sizes matter, and their bytes are said to be in
    weights.bin.
    """

    def __init__(self, random=None):
        self.nodes, self.weights, self.count, self.random = [], [], 0, random

    def name(self):
        self.count += 1
        return f"v{self.count}"

    def weight(self, *shape):
        if self.random:
            values = self.random.standard_normal(shape) / np.sqrt(shape[-2 if len(shape) > 2 else 0])
            return self.constant(values + (len(shape) == 1), np.float32)
        tensor = TensorProto(name=self.name(), data_type=TensorProto.FLOAT, dims=shape)
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="weights.bin")
        tensor.external_data.add(key="offset", value="0")
        tensor.external_data.add(key="length", value=str(4 * int(np.prod(shape))))
        self.weights.append(tensor)
        return tensor.name

    def constant(self, value, dtype):
        self.weights.append(numpy_helper.from_array(np.array(value, dtype), self.name()))
        return self.weights[-1].name

    def ints(self, *values):
        return self.constant(values, np.int64)

    def op(self, kind, *operands, outputs=1, **attributes):
        names = [self.name() for _ in range(outputs)]
        self.nodes.append(helper.make_node(kind, operands, names, **attributes))
        return names[0] if outputs == 1 else names


def split_heads(g, x, heads, size):
    x = g.op("Reshape", x, g.ints(0, 0, heads, size))
    return g.op("Transpose", x, perm=[0, 2, 1, 3])


def attention(g, query, key, value, size, mask):
    scores = g.op("MatMul", query, g.op("Transpose", key, perm=[0, 1, 3, 2]))
    scores = g.op("Mul", scores, g.constant(size**-0.5, np.float32))
    weights = g.op("Softmax", g.op("Add", scores, mask), axis=-1)
    joined = g.op("Transpose", g.op("MatMul", weights, value), perm=[0, 2, 1, 3])
    return g.op("Reshape", joined, g.ints(0, 0, -1))


def rms_norm(g, x, width):
    mean = g.op("ReduceMean", g.op("Mul", x, x), g.ints(-1), keepdims=1)
    root = g.op("Sqrt", g.op("Add", mean, g.constant(1e-5, np.float32)))
    return g.op("Mul", g.op("Div", x, root), g.weight(width))


def llama_layer(g, x, mask, width, heads, kv_heads, hidden):
    """With grouped queries; inputs "cos" and "sin" rotate queries and keys."""
    size = width // heads

    def rotate(y, cos, sin):
        half = g.op("Slice", y, g.ints(0), g.ints(size // 2), g.ints(3))
        rest = g.op("Slice", y, g.ints(size // 2), g.ints(1 << 62), g.ints(3))
        turned = g.op("Concat", g.op("Neg", rest), half, axis=3)
        return g.op("Add", g.op("Mul", y, cos), g.op("Mul", turned, sin))

    def repeat(y):
        y = g.op("Expand", g.op("Unsqueeze", y, g.ints(2)), g.ints(1, 1, heads // kv_heads, 1, 1))
        return g.op("Reshape", y, g.ints(0, heads, -1, size))

    y = rms_norm(g, x, width)
    query = split_heads(g, g.op("MatMul", y, g.weight(width, width)), heads, size)
    key = split_heads(g, g.op("MatMul", y, g.weight(width, kv_heads * size)), kv_heads, size)
    value = split_heads(g, g.op("MatMul", y, g.weight(width, kv_heads * size)), kv_heads, size)
    query, key = rotate(query, "cos", "sin"), repeat(rotate(key, "cos", "sin"))
    y = attention(g, query, key, repeat(value), size, mask)
    x = g.op("Add", x, g.op("MatMul", y, g.weight(width, width)))
    y = rms_norm(g, x, width)
    gate = g.op("MatMul", y, g.weight(width, hidden))
    up = g.op("MatMul", y, g.weight(width, hidden))
    product = g.op("Mul", g.op("Mul", gate, g.op("Sigmoid", gate)), up)
    return g.op("Add", x, g.op("MatMul", product, g.weight(hidden, width)))


def gpt2_layer(g, x, mask, width, heads):
    """With one product for queries, keys and values."""
    def norm(y):
        return g.op("LayerNormalization", y, g.weight(width), g.weight(width), axis=-1)

    def linear(y, columns):
        flat = g.op("Reshape", y, g.ints(-1, columns[0]))
        product = g.op("Gemm", flat, g.weight(*columns), g.weight(columns[1]))
        shape = g.op("Concat", g.op("Shape", y, start=0, end=2), g.ints(columns[1]), axis=0)
        return g.op("Reshape", product, shape)

    fused = linear(norm(x), (width, 3 * width))
    query, key, value = g.op("Split", fused, g.ints(width, width, width), axis=2, outputs=3)
    query, key, value = (split_heads(g, part, heads, width // heads) for part in (query, key, value))
    x = g.op("Add", x, linear(attention(g, query, key, value, width // heads, mask), (width, width)))
    y = linear(norm(x), (width, 4 * width))
    # The approximation of GELU that GPT-2 uses.
    cube = g.op("Pow", y, g.constant(3.0, np.float32))
    inner = g.op("Add", y, g.op("Mul", cube, g.constant(0.044715, np.float32)))
    inner = g.op("Tanh", g.op("Mul", inner, g.constant(0.7978845608, np.float32)))
    y = g.op("Mul", g.op("Mul", y, g.constant(0.5, np.float32)), g.op("Add", inner, g.constant(1.0, np.float32)))
    return g.op("Add", x, linear(y, (4 * width, width)))


def experts_layer(g, x, spelling, width, experts, hidden, chosen=2):
    """A mixture of experts, SwiGLU with biases, of which each token takes the best `chosen`.

    As exporters write it: every expert for every token, with tokens that broadcast ("broadcast") or are copied
    ("copied") along experts, the weights maybe of 8 bits ("quantized"); or with each token's matrices ("lookup").
    """
    tokens = g.op("Reshape", rms_norm(g, x, width), g.ints(-1, width))
    logits = g.op("MatMul", tokens, g.weight(width, experts))
    values, best = g.op("TopK", logits, g.ints(chosen), axis=-1, outputs=2)
    shares = g.op("Softmax", values, axis=-1)

    def weight(rows, columns):
        if spelling != "quantized":
            return g.weight(experts, rows, columns)
        codes = g.constant(g.random.integers(-127, 128, (experts, rows, columns)), np.int8)
        return g.op("DequantizeLinear", codes, g.constant(g.random.uniform(0.5, 1, experts) / 64 / rows**0.5, np.float32), axis=0)

    def swiglu(both, axis):
        gate, up = g.op("Split", both, g.ints(hidden, hidden), axis=axis, outputs=2)
        return g.op("Mul", g.op("Mul", gate, g.op("Sigmoid", gate)), up)

    if spelling == "lookup":
        each = g.op("Reshape", best, g.ints(-1))
        rows = g.op("Expand", g.op("Unsqueeze", tokens, g.ints(1)), g.ints(1, chosen, 1))
        rows = g.op("Reshape", rows, g.ints(-1, 1, width))
        y = swiglu(g.op("MatMul", rows, g.op("Gather", weight(width, 2 * hidden), each, axis=0)), 2)
        y = g.op("MatMul", y, g.op("Gather", weight(hidden, width), each, axis=0))
        y = g.op("Mul", g.op("Reshape", y, g.ints(-1, chosen, width)), g.op("Unsqueeze", shares, g.ints(-1)))
        y = g.op("ReduceSum", y, g.ints(1), keepdims=0)
    else:
        zeros = g.op("Mul", logits, g.constant(0, np.float32))
        shares = g.op("Transpose", g.op("ScatterElements", zeros, best, shares, axis=-1), perm=[1, 0])
        if spelling == "copied":
            rows = g.op("Reshape", g.op("Tile", tokens, g.ints(experts, 1)), g.ints(experts, -1, width))
        else:
            rows = g.op("Unsqueeze", tokens, g.ints(0))
        y = g.op("Add", g.op("MatMul", rows, weight(width, 2 * hidden)), g.weight(experts, 1, 2 * hidden))
        y = g.op("Add", g.op("MatMul", swiglu(y, 2), weight(hidden, width)), g.weight(experts, 1, width))
        y = g.op("Mul", y, g.op("Unsqueeze", shares, g.ints(-1)))
        y = g.op("ReduceSum", y, g.ints(0), keepdims=0)
    return g.op("Add", x, g.op("Reshape", y, g.op("Shape", x)))


def compile_and_run(tools, folder, *options):
    """The outputs of folder/model.onnx for folder/in.npz, and the compiler's report."""
    model, inputs, outputs, report, artifact = (
        os.path.join(folder, name) for name in ("model.onnx", "in.npz", "out.npz", "report.json", "model.tpx"))
    subprocess.run([os.path.join(tools, "tp-opt"), model, *options, f"--report={report}", "-o", artifact], check=True)
    subprocess.run([os.path.join(tools, "tp-run"), artifact, f"--inputs={inputs}", f"--outputs={outputs}"], check=True,
                   stdout=subprocess.DEVNULL)
    with open(report) as file:
        return np.load(outputs), json.load(file)
