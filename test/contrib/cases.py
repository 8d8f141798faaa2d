"""Small models with com.microsoft operators, and inputs for them.

`CASES` maps names to functions that return a Model and a list of runs (arrays by
input name). Everything is computed from the case's name, so only the expected
outputs are stored (expected.npz, see make_expected.py).
"""
import zlib

import numpy as np
from onnx import TensorProto, helper, numpy_helper

DTYPES = {np.dtype(np.float32): TensorProto.FLOAT, np.dtype(np.float16): TensorProto.FLOAT16,
          np.dtype(np.int32): TensorProto.INT32, np.dtype(np.int64): TensorProto.INT64,
          np.dtype(np.uint8): TensorProto.UINT8, np.dtype(bool): TensorProto.BOOL}
CASES = {}


class Random:
    """Numbers that are the same with every version of NumPy: only a bit
    generator's raw output is promised to stay."""

    def __init__(self, seed):
        self.bits = np.random.PCG64(seed)

    def random(self, shape):
        raw = self.bits.random_raw(int(np.prod(shape, dtype=np.int64)))
        return (np.asarray(raw >> np.uint64(40)).astype(np.float64) / 2 ** 24).reshape(shape)

    def normal(self, shape):
        """Nearly normal: the sum of four uniform numbers."""
        return (sum(self.random(shape) for _ in range(4)) - 2) * 3 ** 0.5

    def integers(self, low, high, shape):
        return (low + np.floor(self.random(shape) * (high - low))).astype(np.int64)


RNG = Random(0)


def floats(*shape, scale=1.0, dtype=np.float32):
    return (RNG.normal(shape) * scale).astype(dtype)


def build_case(name):
    """The model and the runs of a case."""
    global RNG
    RNG = Random(zlib.crc32(name.encode()))
    return CASES[name]()


class Model:
    """A graph that grows by nodes; inputs have shapes of names and numbers."""

    def __init__(self):
        self.nodes, self.inits, self.inputs, self.outputs = [], [], [], []
        self.count = 0
        self.reference = None  # A model whose outputs are the expected ones.

    def input(self, name, shape, dtype=np.float32):
        self.inputs.append(helper.make_tensor_value_info(name, DTYPES[np.dtype(dtype)], shape))
        return name

    def const(self, array):
        self.count += 1
        name = f"c{self.count}"
        self.inits.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def op(self, kind, *inputs, outputs=1, domain="com.microsoft", names=None, **attrs):
        self.count += 1
        names = names or [f"t{self.count}_{i}" for i in range(outputs)]
        inputs = [i or "" for i in inputs]
        while inputs and not inputs[-1]:
            inputs.pop()
        self.nodes.append(helper.make_node(kind, inputs, names, name=f"n{self.count}", domain=domain, **attrs))
        return names[0] if len(names) == 1 else names

    def linear(self, x, rows, columns, bias=False):
        y = self.op("MatMul", x, self.const(floats(rows, columns, scale=rows ** -0.5)), domain="")
        return self.op("Add", y, self.const(floats(columns, scale=0.3)), domain="") if bias else y

    def output(self, name, rank, dtype=np.float32):
        """Makes a value an output; one without a name of its own gets one."""
        if name.startswith("t"):
            number = f"out{len(self.outputs)}"
            for node in self.nodes:
                node.output[:] = [number if output == name else output for output in node.output]
            name = number
        self.outputs.append(helper.make_tensor_value_info(name, DTYPES[np.dtype(dtype)], [None] * rank))

    def build(self):
        graph = helper.make_graph(self.nodes, "g", self.inputs, self.outputs, self.inits)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18),
                                                        helper.make_opsetid("com.microsoft", 1)], ir_version=10)
        return model


def case(function):
    CASES[function.__name__] = function
    return function


def with_reference(name, build, expected, **kwargs):
    """A case that ONNX Runtime's CPU provider lacks: `build(**kwargs)` must give
    what it gives for `build(**kwargs, **expected)`, which has the same weights."""

    def make():
        state = RNG.bits.state
        model, runs = build(**kwargs)
        RNG.bits.state = state
        model.reference = build(**{**kwargs, **expected})[0]
        return model, runs

    CASES[name] = make


def define(name, build, *args, **kwargs):
    """A case whose model and runs `build(**kwargs)` returns."""
    CASES[name] = lambda: build(*args, **kwargs)


B, S, H, D = 2, 5, 4, 16
HIDDEN = H * D


#===--- Attention --------------------------------------------------------===#

def attention(mask=None, past=False, bias=False, sizes=None, **attrs):
    m = Model()
    m.input("x", ["b", "s", 48])
    sizes = sizes or [HIDDEN] * 3
    w = m.const(floats(48, sum(sizes), scale=0.15))
    bqkv = m.const(floats(sum(sizes), scale=0.3))
    shapes = {"lengths": ["b"], "ranges": ["2*b"], "keys": ["b", "t"], "full": ["b", "s", "t"]}
    mask_name = m.input("mask", shapes[mask], np.int32) if mask else None
    past_name = m.input("past", [2, "b", H, "p", sizes[2] // H]) if past else None
    bias_name = m.input("bias", [1, H, "s", "t"]) if bias else None
    if sizes != [HIDDEN] * 3:
        attrs["qkv_hidden_sizes"] = sizes
    y, present = m.op("Attention", "x", w, bqkv, mask_name, past_name, bias_name, outputs=2, num_heads=H, **attrs)
    if past:
        m.outputs.append(helper.make_tensor_value_info(present, TensorProto.FLOAT, [2, "b", H, "t", sizes[2] // H]))
    else:
        m.nodes[-1].output.pop()
    m.output(m.linear(y, sizes[2], 32), 3)
    runs = []
    for p in ([0, 3] if past else [0]):
        t = p + S
        arrays = {"x": floats(B, S, 48)}
        if mask == "lengths":
            arrays["mask"] = np.array([t, t - 2], np.int32)
        elif mask == "ranges":
            arrays["mask"] = np.array([t, t - 1, 0, 2], np.int32)
        elif mask == "keys":
            arrays["mask"] = np.array([[1] * t, [0, 0] + [1] * (t - 2)], np.int32)
        elif mask == "full":
            arrays["mask"] = (RNG.random((B, S, t)) < 0.7).astype(np.int32)
        if past:
            arrays["past"] = floats(2, B, H, p, sizes[2] // H)
        if bias:
            arrays["bias"] = floats(1, H, S, t)
        runs.append(arrays)
    return m, runs


define("attention", attention)
define("attention_scale", attention, scale=0.5)
for kind in ("lengths", "ranges", "keys", "full"):
    define(f"attention_mask_{kind}", attention, mask=kind)
define("attention_unidirectional", attention, unidirectional=1)
define("attention_unidirectional_mask", attention, mask="keys", unidirectional=1)
define("attention_past", attention, past=True)
define("attention_past_unidirectional", attention, past=True, unidirectional=1)
define("attention_past_unidirectional_mask", attention, past=True, unidirectional=1, mask="keys")
define("attention_bias", attention, bias=True)
define("attention_value_size", attention, sizes=[HIDDEN, HIDDEN, 32])


#===--- MultiHeadAttention -----------------------------------------------===#

def packed_operands(m, q, joined, parts, unpack):
    """q, k and v of [B, S, heads, parts, size], or, unpacked, one by one."""
    joined = m.op("Reshape", joined, m.const(np.array([0, 0, H, parts, D])), domain="")
    if not unpack:
        return (joined, None, None) if parts == 3 else (q, joined, None)
    split = [m.op("Reshape", m.op("Gather", joined, m.const(np.array(i)), domain="", axis=3),
                  m.const(np.array([0, 0, HIDDEN])), domain="") for i in range(parts)]
    return split if parts == 3 else [q] + split


def multi_head(mask=None, past=False, bias=False, qkv_bias=False, cross=None, value_size=D, qk=False, projected=True,
               packed=None, unpack=False, **attrs):
    m = Model()
    kv = "l" if cross else "s"
    vh = H * value_size
    if projected:
        m.input("x", ["b", "s", 48])
        q = m.linear("x", 48, HIDDEN)
        source = m.input("y", ["b", "l", 48]) if cross == "states" else "x"
        if packed:
            parts = {"qkv": 3, "kv": 2}[packed]
            q, k, v = packed_operands(m, q, m.linear(source, 48, parts * HIDDEN), parts, unpack)
        elif cross != "cache":
            k, v = m.linear(source, 48, HIDDEN), m.linear(source, 48, vh)
    else:
        q, k, v = (m.input(n, ["b", kv if n != "q" else "s", w]) for n, w in (("q", HIDDEN), ("k", HIDDEN), ("v", vh)))
    if cross == "cache":
        k, v = m.input("k", ["b", H, "l", D]), m.input("v", ["b", H, "l", value_size])
    b = m.const(floats(2 * HIDDEN + vh, scale=0.3)) if qkv_bias else None
    shapes = {"lengths": ["b"], "keys": ["b", "t"], "full": ["b", "s", "t"]}
    mask_name = m.input("mask", shapes[mask], np.int32) if mask else None
    bias_name = m.input("bias", bias, np.float32) if bias else None
    pk = m.input("pk", ["b", H, "p", D]) if past else None
    pv = m.input("pv", ["b", H, "p", value_size]) if past else None
    names = ["y0", "present_k" if past else "", "present_v" if past else "", "qk" if qk else ""]
    while not names[-1]:
        names.pop()
    m.op("MultiHeadAttention", q, k, v, b, mask_name, bias_name, pk, pv, names=names, num_heads=H, **attrs)
    if past:
        m.outputs.append(helper.make_tensor_value_info("present_k", TensorProto.FLOAT, ["b", H, "t", D]))
        m.outputs.append(helper.make_tensor_value_info("present_v", TensorProto.FLOAT, ["b", H, "t", value_size]))
    if qk:
        m.output("qk", 4)
    m.output(m.linear("y0", vh, 32), 3)
    runs = []
    for p in ([0, 3] if past else [0]):
        length = 6 if cross else S
        t = p + length
        arrays = {"x": floats(B, S, 48)} if projected else {}
        if not projected:
            arrays = {"q": floats(B, S, HIDDEN), "k": floats(B, length, HIDDEN), "v": floats(B, length, vh)}
        if cross == "states":
            arrays["y"] = floats(B, length, 48)
        if cross == "cache":
            arrays.update(k=floats(B, H, length, D), v=floats(B, H, length, value_size))
        if mask == "lengths":
            arrays["mask"] = np.array([t, t - 2], np.int32)
        elif mask == "keys":
            arrays["mask"] = np.array([[1] * t, [0, 0] + [1] * (t - 2)], np.int32)
        elif mask == "full":
            arrays["mask"] = (RNG.random((B, S, t)) < 0.7).astype(np.int32)
        if bias:
            arrays["bias"] = floats(*({"b": B, "s": S, "t": t}.get(d, d) for d in bias))
        if past:
            arrays.update(pk=floats(B, H, p, D), pv=floats(B, H, p, value_size))
        runs.append(arrays)
    return m, runs


define("mha", multi_head)
define("mha_inputs", multi_head, projected=False)
define("mha_bias", multi_head, qkv_bias=True)
define("mha_value_size", multi_head, value_size=8)
define("mha_scale_unidirectional", multi_head, scale=0.3, unidirectional=1)
for kind in ("lengths", "keys", "full"):
    define(f"mha_mask_{kind}", multi_head, mask=kind)
define("mha_attention_bias", multi_head, bias=[1, H, "s", "t"])
define("mha_attention_bias_batch", multi_head, bias=["b", 1, "s", "t"], mask="keys")
define("mha_past", multi_head, past=True)
define("mha_past_unidirectional", multi_head, past=True, unidirectional=1, qkv_bias=True)
define("mha_past_mask", multi_head, past=True, mask="keys")
define("mha_cross", multi_head, cross="states", qkv_bias=True)
define("mha_cross_cache", multi_head, cross="cache")
define("mha_qk", multi_head, qk=True, bias=[1, H, "s", "t"])
for kind in ("qkv", "kv"):
    with_reference(f"mha_packed_{kind}", multi_head, {"unpack": True}, packed=kind)
    with_reference(f"mha_packed_{kind}_bias", multi_head, {"unpack": True}, packed=kind, qkv_bias=True)


#===--- GroupQueryAttention ----------------------------------------------===#

def group_query(heads=8, kv=2, size=16, packed=False, rotary=None, partial=False, past=True, runs=None, bias=False,
                sink=False, norms=False, norms_outside=False, positions=False, **attrs):
    m = Model()
    m.input("x", ["b", "s", 48])
    if packed:
        q, k, v = m.linear("x", 48, (heads + 2 * kv) * size), None, None
    else:
        q, k, v = m.linear("x", 48, heads * size), m.linear("x", 48, kv * size), m.linear("x", 48, kv * size)
    pk = m.input("pk", ["b", kv, "p", size]) if past else None
    pv = m.input("pv", ["b", kv, "p", size]) if past else None
    m.input("seqlens", ["b"], np.int32)
    m.input("total", [1], np.int32)
    cos = sin = None
    if rotary is not None:
        half = size // 4 if partial else size // 2
        angles = np.outer(np.arange(32), 10000.0 ** (-np.arange(half) / half))
        cos, sin = m.const(np.cos(angles).astype(np.float32)), m.const(np.sin(angles).astype(np.float32))
        attrs.update(do_rotary=1, rotary_interleaved=rotary)
    ids = m.input("ids", ["b", "s"], np.int64) if positions else None
    bias_name = m.input("bias", ["b", 1, "s", "t"]) if bias else None
    sinks = m.const(floats(heads)) if sink else None
    qn = m.const(1 + floats(size, scale=0.2)) if norms else None
    kn = m.const(1 + floats(size, scale=0.2)) if norms else None
    if norms_outside:
        q, k = (m.op("Reshape", m.op("SimplifiedLayerNormalization", m.op(
            "Reshape", value, m.const(np.array([0, 0, -1, size])), domain=""), scale, domain="", axis=-1, epsilon=1e-6),
            m.const(np.array([0, 0, count * size])), domain="") for value, scale, count in ((q, qn, heads), (k, kn, kv)))
        qn = kn = None
    m.op("GroupQueryAttention", q, k, v, pk, pv, "seqlens", "total", cos, sin, ids, bias_name, sinks, None, None, qn, kn,
         names=["y0", "present_k", "present_v"], num_heads=heads, kv_num_heads=kv, **attrs)
    for name in ("present_k", "present_v"):
        m.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["b", kv, "t", size]))
    m.output(m.linear("y0", heads * size, 32), 3)
    # (past, new, lengths of the sequences with the new tokens)
    runs = runs or ([(0, 5, [5, 5]), (4, 1, [5, 5]), (4, 1, [5, 3])] if past else [(0, 5, [5, 5])])
    result = []
    for p, s, lengths in runs:
        b, t = len(lengths), p + s
        arrays = {"x": floats(b, s, 48), "seqlens": np.array(lengths, np.int32) - 1, "total": np.array([t], np.int32)}
        if past:
            arrays.update(pk=floats(b, kv, p, size), pv=floats(b, kv, p, size))
        if positions:
            arrays["ids"] = np.tile(np.arange(p, t), (b, 1))
        if bias:
            arrays["bias"] = floats(b, 1, s, t)
        result.append(arrays)
    return m, result


define("gqa", group_query)
define("gqa_no_past", group_query, past=False)
define("gqa_one_kv_head", group_query, kv=1)
define("gqa_all_kv_heads", group_query, kv=8)
define("gqa_packed", group_query, packed=True)
define("gqa_packed_rotary", group_query, packed=True, rotary=0)
define("gqa_rotary", group_query, rotary=0)
define("gqa_rotary_interleaved", group_query, rotary=1)
define("gqa_rotary_partial", group_query, size=32, rotary=0, partial=True)
define("gqa_padded_prompt", group_query, rotary=0, runs=[(0, 5, [5, 3])])
define("gqa_continued", group_query, rotary=0, runs=[(4, 3, [7]), (4, 2, [6])])
define("gqa_window", group_query, local_window_size=3, runs=[(0, 7, [7, 7]), (6, 1, [7, 4])])
define("gqa_softcap_scale", group_query, softcap=3.0, scale=0.7)
define("gqa_smooth", group_query, smooth_softmax=1)
define("gqa_sink", group_query, sink=True)
define("gqa_sink_window", group_query, sink=True, local_window_size=3, runs=[(0, 7, [7, 7]), (6, 1, [7, 4])])
define("gqa_bias", group_query, bias=True)
with_reference("gqa_norms", group_query, {"norms_outside": True}, norms=True, rotary=0)
define("gqa_positions", group_query, rotary=0, positions=True, runs=[(0, 5, [5, 5])])


#===--- Rotary embedding, norms, activations, products -------------------===#

def rotary(rank=3, offset=False, partial=False, **attrs):
    m = Model()
    x = m.input("x", ["b", "s", HIDDEN] if rank == 3 else ["b", H, "s", D])
    if rank == 3:
        x = m.linear(x, HIDDEN, HIDDEN)
    ids = m.input("ids", [1] if offset else ["b", "s"], np.int64)
    half = D // 4 if partial else D // 2
    angles = np.outer(np.arange(16), 10000.0 ** (-np.arange(half) / half))
    if partial:
        attrs.update(num_heads=H, rotary_embedding_dim=2 * half)
    y = m.op("RotaryEmbedding", x, ids, m.const(np.cos(angles).astype(np.float32)),
             m.const(np.sin(angles).astype(np.float32)), **attrs)
    m.output(m.linear(y, HIDDEN, 32) if rank == 3 else y, rank)
    arrays = {"x": floats(B, S, HIDDEN) if rank == 3 else floats(B, H, S, D)}
    arrays["ids"] = np.array([3]) if offset else np.array([[0, 1, 2, 3, 4], [4, 5, 6, 7, 9]])
    return m, [arrays]


define("rotary", rotary)
define("rotary_4d", rotary, rank=4)
define("rotary_offset", rotary, offset=True)
define("rotary_interleaved", rotary, interleaved=1)
define("rotary_partial", rotary, partial=True)
define("rotary_partial_4d", rotary, rank=4, partial=True)


def skip_norm(kind, bias=False, beta=False, sum_used=True, skip_shape=("b", "s", 64), **attrs):
    m = Model()
    m.input("x", ["b", "s", 64])
    m.input("skip", list(skip_shape))
    gamma, betas = m.const(1 + floats(64, scale=0.2)), m.const(floats(64, scale=0.2)) if beta else None
    b = m.const(floats(64, scale=0.3)) if bias else None
    inputs = ["x", "skip", gamma, betas, b] if kind == "SkipLayerNormalization" else ["x", "skip", gamma, b]
    m.op(kind, *inputs, names=["y0", "", "", "sum"] if sum_used else ["y0"], epsilon=1e-5, **attrs)
    m.output(m.linear("y0", 64, 32), 3)
    if sum_used:
        m.output("sum", 3)
    sizes = {"b": B, "s": S}
    return m, [{"x": floats(B, S, 64), "skip": floats(*(sizes.get(d, d) for d in skip_shape))}]


define("skip_layer_norm", skip_norm, "SkipLayerNormalization", beta=True)
define("skip_layer_norm_bias", skip_norm, "SkipLayerNormalization", beta=True, bias=True)
define("skip_layer_norm_no_beta", skip_norm, "SkipLayerNormalization", sum_used=False)
define("skip_layer_norm_row", skip_norm, "SkipLayerNormalization", beta=True, skip_shape=("s", 64))
define("skip_rms_norm", skip_norm, "SkipSimplifiedLayerNormalization")
define("skip_rms_norm_bias", skip_norm, "SkipSimplifiedLayerNormalization", bias=True)
define("skip_rms_norm_batch", skip_norm, "SkipSimplifiedLayerNormalization", skip_shape=(1, "s", 64))


@case
def simplified_norm():
    m = Model()
    m.input("x", ["b", "s", 64])
    m.op("SimplifiedLayerNormalization", "x", m.const(1 + floats(64, scale=0.2)), names=["y", "inv"], domain="",
         axis=-1, epsilon=1e-6)
    m.output("y", 3)
    m.output("inv", 3)
    return m, [{"x": floats(B, S, 64)}]


@case
def layer_norm_statistics():
    m = Model()
    m.input("x", ["b", "s", 64])
    m.op("LayerNormalization", "x", m.const(1 + floats(64, scale=0.2)), names=["y", "mean", "inv"], domain="")
    for name in ("y", "mean", "inv"):
        m.output(name, 3)
    return m, [{"x": floats(B, S, 64)}]


def activation(kind, bias=False, **attrs):
    m = Model()
    m.input("x", ["b", "s", 48])
    y = m.linear("x", 48, 64)
    y = m.op(kind, y, m.const(floats(64, scale=0.3)) if bias else None, **attrs)
    m.output(m.linear(y, 64, 32), 3)
    return m, [{"x": floats(B, S, 48)}]


define("gelu", activation, "Gelu")
define("fast_gelu", activation, "FastGelu")
define("fast_gelu_bias", activation, "FastGelu", bias=True)
define("bias_gelu", activation, "BiasGelu", bias=True)
define("quick_gelu", activation, "QuickGelu", alpha=1.702)
define("quick_gelu_alpha", activation, "QuickGelu", alpha=0.5)


def fused_matmul(a, b, rank=3, **attrs):
    m = Model()
    m.input("a", list(a))
    m.input("b", list(b))
    m.output(m.op("FusedMatMul", "a", "b", **attrs), rank)
    sizes = {"n": 3}
    return m, [{"a": floats(*(sizes.get(d, d) for d in a)), "b": floats(*(sizes.get(d, d) for d in b))}]


define("fused_matmul", fused_matmul, ("n", 4, 8), ("n", 8, 6), alpha=0.5)
define("fused_matmul_trans", fused_matmul, ("n", 8, 4), ("n", 6, 8), transA=1, transB=1)
define("fused_matmul_trans_batch", fused_matmul, (4, 3, 8), (6, 3, 8), transBatchA=1, transBatchB=1, transB=1)


def fused_gemm(act, **attrs):
    m = Model()
    m.input("x", ["n", 48])
    y = m.op("FusedGemm", "x", m.const(floats(64, 48, scale=0.15)), m.const(floats(64)), activation=act, transB=1,
             **attrs)
    m.output(m.linear(y, 64, 32), 2)
    return m, [{"x": floats(6, 48)}]


define("fused_gemm_relu", fused_gemm, "Relu", alpha=0.5, beta=2.0)
define("fused_gemm_tanh", fused_gemm, "Tanh")
define("fused_gemm_leaky", fused_gemm, "LeakyRelu", activation_alpha=0.2)


def embed(mask=False, segments=True, positions=False, mask_index=0, sum_used=False):
    m = Model()
    m.input("ids", ["b", "s"], np.int32)
    seg = m.input("segments", ["b", "s"], np.int32) if segments else None
    pos = m.input("positions", ["b", "s"], np.int32) if positions else None
    mask_name = m.input("mask", ["b", "s"], np.int32) if mask else None
    m.op("EmbedLayerNormalization", "ids", seg, m.const(floats(20, 64)), m.const(floats(12, 64)),
         m.const(floats(3, 64)) if segments else None, m.const(1 + floats(64, scale=0.2)), m.const(floats(64)),
         mask_name, pos, names=["y", "mask_index"] + (["sum"] if sum_used else []), epsilon=1e-5,
         mask_index_type=mask_index)
    m.output("y", 3)
    m.output("mask_index", 1, np.int32)
    if sum_used:
        m.output("sum", 3)
    arrays = {"ids": RNG.integers(0, 20, (B, S)).astype(np.int32)}
    if segments:
        arrays["segments"] = RNG.integers(0, 3, (B, S)).astype(np.int32)
    if positions:
        arrays["positions"] = RNG.integers(0, 12, (B, S)).astype(np.int32)
    if mask:
        arrays["mask"] = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]], np.int32)
    return m, [arrays]


define("embed", embed)
define("embed_mask", embed, mask=True, mask_index=1)
define("embed_no_segments", embed, segments=False, sum_used=True)
define("embed_positions", embed, positions=True, mask=True, mask_index=1)


#===--- Mixture of experts -----------------------------------------------===#

def moe(act, k=2, experts=4, hidden=32, inner=24, bias=True, rank=3, **attrs):
    m = Model()
    m.input("x", ["b", "s", hidden] if rank == 3 else ["n", hidden])
    flat = m.op("Reshape", "x", m.const(np.array([-1, hidden])), domain="") if rank == 3 else "x"
    router = m.linear(flat, hidden, experts)
    rows = 2 * inner if act == "swiglu" else inner
    m.op("MoE", "x", router, m.const(floats(experts, rows, hidden, scale=hidden ** -0.5)),
         m.const(floats(experts, rows, scale=0.3)) if bias else None,
         m.const(floats(experts, hidden, inner, scale=inner ** -0.5)),
         m.const(floats(experts, hidden, scale=0.3)) if bias else None, names=["y"], k=k, activation_type=act, **attrs)
    m.output("y", rank)
    return m, [{"x": floats(B, S, hidden) if rank == 3 else floats(7, hidden)}]


for act in ("relu", "gelu", "silu", "identity"):
    define(f"moe_{act}", moe, act)
define("moe_no_bias", moe, "silu", bias=False, rank=2)
define("moe_normalized", moe, "silu", normalize_routing_weights=1)
define("moe_one_expert", moe, "relu", k=1, experts=8)
define("moe_swiglu", moe, "swiglu", swiglu_fusion=1, activation_alpha=1.702, activation_beta=1.0, swiglu_limit=1.5,
       normalize_routing_weights=1)


def pack(numbers, bits):
    """Rows of small numbers as bytes, low bits first; rows end with a byte."""
    parts = 8 // bits
    padding = -numbers.shape[-1] % parts
    numbers = np.pad(numbers, [(0, 0)] * (numbers.ndim - 1) + [(0, padding)])
    split = numbers.reshape(*numbers.shape[:-1], -1, parts)
    return (split << (np.arange(parts) * bits)).sum(-1).astype(np.uint8)


def quantized_experts(experts, rows, columns, bits, block, zeros, order=None):
    """Weights, scales and zero points as they are stored, and the numbers that a float MoE has."""
    blocks = columns // block if block else 1
    numbers = RNG.integers(0, 2 ** bits, (experts, rows, columns))
    scales = ((0.5 + RNG.random((experts, rows, blocks))) * columns ** -0.5 * 2.0 ** (2 - bits)).astype(np.float32)
    points = RNG.integers(2 ** bits // 4, 2 ** bits * 3 // 4, (experts, rows, blocks))
    if not zeros:
        points[:] = 2 ** (bits - 1)
    if order is not None:
        numbers, scales, points = numbers[:, order], scales[:, order], points[:, order]
    spread = columns // blocks
    dense = ((numbers - points.repeat(spread, 2)) * scales.repeat(spread, 2)).astype(np.float32)
    if not block:
        scales, points = scales[:, :, 0], points[:, :, 0]
    return (pack(numbers, bits), scales, pack(points, bits) if zeros else None), dense


def quantized_moe(act, bits=4, block=32, k=2, experts=4, hidden=64, inner=32, bias=True, zeros=False, rank=3, wide=None,
                  mixing=False, dense=False, order=None, apart=False, **attrs):
    """With `dense` the float MoE of the same numbers; `order` permutes the rows of fc1, the odd ones of which are
    fc3 with `apart`."""
    m = Model()
    m.input("x", ["b", "s", hidden] if rank == 3 else ["n", hidden])
    flat = m.op("Reshape", "x", m.const(np.array([-1, hidden])), domain="") if rank == 3 else "x"
    router = m.linear(flat, hidden, experts)
    rows = 2 * inner if act == "swiglu" else inner
    first, dense1 = quantized_experts(experts, rows, hidden, bits, block, zeros, order)
    second, dense2 = quantized_experts(experts, hidden, inner, wide or bits, block, zeros)
    biases = [floats(experts, size, scale=0.3) if bias else None for size in (rows, hidden)]
    if bias and order is not None:
        biases[0] = biases[0][:, order]
    if wide:
        attrs["fc2_expert_weight_bits"] = wide

    def stored(array):
        return None if array is None else m.const(np.ascontiguousarray(array))

    if mixing:
        mixing = m.op("Sigmoid", m.linear(flat, hidden, experts), domain="")
    if dense:
        for name in ("fc2_expert_weight_bits", "weights_prepacked"):
            attrs.pop(name, None)
        m.op("MoE", "x", router, stored(dense1), stored(biases[0]), stored(dense2), stored(biases[1]), names=["y"], k=k,
             activation_type=act, **attrs)
    else:
        if block:
            attrs["block_size"] = block
        layers = [(*first, biases[0]), (*second, biases[1]), (None,) * 4]
        if apart:
            layers[0], layers[2] = ([a if a is None else a[:, i::2] for a in layers[0]] for i in (0, 1))
        (w1, s1, z1, b1), (w2, s2, z2, b2), (w3, s3, z3, b3) = [[stored(array) for array in layer] for layer in layers]
        m.op("QMoE", "x", router, w1, s1, b1, w2, s2, b2, w3, s3, b3, z1, z2, z3, mixing or None, names=["y"], k=k,
             activation_type=act, expert_weight_bits=bits, **attrs)
    m.output("y", rank)
    return m, [{"x": floats(B, S, hidden) if rank == 3 else floats(7, hidden)}]


normalized = dict(normalize_routing_weights=1)
gated = dict(activation_alpha=1.702, activation_beta=1.0, swiglu_limit=1.5, **normalized)
for act in ("relu", "gelu", "silu", "identity"):
    define(f"qmoe_{act}", quantized_moe, act, **normalized)
define("qmoe_no_bias", quantized_moe, "silu", bias=False, rank=2, **normalized)
define("qmoe_one_expert", quantized_moe, "silu", k=1, experts=8, weights_prepacked=0, **normalized)
define("qmoe_zero_points", quantized_moe, "silu", zeros=True, hidden=96, inner=96, **normalized)
define("qmoe_rows", quantized_moe, "silu", block=0, **normalized)
define("qmoe_rows_zero_points", quantized_moe, "silu", block=0, zeros=True, **normalized)
define("qmoe_rows_eight_bits", quantized_moe, "silu", bits=8, block=0, **normalized)
define("qmoe_two_bits", quantized_moe, "silu", bits=2, zeros=True, **normalized)
define("qmoe_mixing", quantized_moe, "silu", mixing=True)
define("qmoe_mixing_normalized", quantized_moe, "silu", mixing=True, **normalized)
define("qmoe_swiglu", quantized_moe, "swiglu", swiglu_fusion=1, **gated)
define("qmoe_swiglu_rows", quantized_moe, "swiglu", block=0, zeros=True, swiglu_fusion=1, **gated)
# The CPU provider multiplies blocks of eight bits with rounded activations.
with_reference("qmoe_eight_bits", quantized_moe, {"dense": True}, act="silu", bits=8, **normalized)
with_reference("qmoe_eight_bits_zero_points", quantized_moe, {"dense": True}, act="swiglu", bits=8, zeros=True,
               swiglu_fusion=1, **gated)
# It lacks two widths in one operator and halves that do not alternate,
with_reference("qmoe_two_widths", quantized_moe, {"dense": True}, act="silu", bits=4, wide=8, **normalized)
with_reference("qmoe_swiglu_halves", quantized_moe, {"swiglu_fusion": 1, "order": None}, act="swiglu", swiglu_fusion=2,
               order=np.r_[0:64:2, 1:64:2], **gated)
with_reference("qmoe_swiglu_apart", quantized_moe, {"swiglu_fusion": 1, "apart": False}, act="swiglu", apart=True,
               zeros=True, **gated)
# and normalises the routing weights whether asked to or not.
with_reference("qmoe_not_normalized", quantized_moe, {"dense": True}, act="silu")
with_reference("qmoe_not_normalized_one_expert", quantized_moe, {"dense": True}, act="relu", k=1)


#===--- Recurrences ------------------------------------------------------===#

def linear_attention(rule, heads=4, kv=2, steps=3, past=True, per_key=False, **attrs):
    m = Model()
    key, value = 8, 12
    m.input("x", ["b", steps, 48])
    q, k, v = m.linear("x", 48, heads * key), m.linear("x", 48, kv * key), m.linear("x", 48, kv * value)
    state = m.input("state", ["b", kv, key, value]) if past else None
    gates = rates = None
    if "gated" in rule:
        gates = m.op("Neg", m.op("Softplus", m.linear("x", 48, kv * key if per_key else kv), domain=""), domain="")
    if "delta" in rule:
        rates = m.op("Sigmoid", m.linear("x", 48, kv), domain="")
    m.op("LinearAttention", q, k, v, state, gates, rates, names=["y0", "present"], q_num_heads=heads, kv_num_heads=kv,
         update_rule=rule, **attrs)
    m.output("present", 4)
    m.output(m.linear("y0", heads * value, 32), 3)
    arrays = {"x": floats(B, steps, 48)}
    if past:
        arrays["state"] = floats(B, kv, key, value)
    return m, [arrays]


for rule in ("linear", "gated", "delta", "gated_delta"):
    define(f"linear_attention_{rule}", linear_attention, rule)
define("linear_attention_per_key", linear_attention, "gated_delta", per_key=True, scale=0.5)
define("linear_attention_one_step", linear_attention, "gated_delta", steps=1, heads=2)
define("linear_attention_no_past", linear_attention, "gated_delta", past=False)


def causal_conv(bias=True, past=True, **attrs):
    m = Model()
    m.input("x", ["b", "s", 48])
    x = m.op("Transpose", m.linear("x", 48, 64), domain="", perm=[0, 2, 1])
    state = m.input("state", ["b", 64, 3]) if past else None
    m.op("CausalConvWithState", x, m.const(floats(64, 1, 4, scale=0.5)), m.const(floats(64)) if bias else None, state,
         names=["y0", "present"], **attrs)
    m.output("present", 3)
    m.output(m.linear(m.op("Transpose", "y0", domain="", perm=[0, 2, 1]), 64, 32), 3)
    arrays = {"x": floats(B, S, 48)}
    if past:
        arrays["state"] = floats(B, 64, 3)
    return m, [arrays]


define("causal_conv", causal_conv)
define("causal_conv_silu", causal_conv, activation="silu")
define("causal_conv_plain", causal_conv, bias=False, past=False)
