#!/usr/bin/env python3
"""Makes the small models of test/Import (needs the onnx package of cmake/Onnx.cmake's version).

Run in this folder; the models are checked in, so that tests need no Python.
"""

from onnx import TensorProto, parser


def save(name, text, edit=None):
    model = parser.parse_model(text)
    if edit:
        edit(model)
    with open(name + ".onnx", "wb") as file:
        file.write(model.SerializeToString())


def external(location):
    def edit(model):
        tensor = model.graph.initializer.add()
        tensor.name = "w"
        tensor.data_type = TensorProto.FLOAT
        tensor.dims.extend([4, 4])
        tensor.data_location = TensorProto.EXTERNAL
        entry = tensor.external_data.add()
        entry.key, entry.value = "location", location

    return edit


def name_nodes(model):
    """Names and scopes as PyTorch's exporter writes them."""
    for index, node in enumerate(model.graph.node):
        node.name = f"/layers.0/{node.op_type}_{index}"
        entry = node.metadata_props.add()
        entry.key = "pkg.torch.onnx.name_scopes"
        entry.value = f"['', 'model', 'model.layers.0', '{node.op_type.lower()}']"


HEADER = '<ir_version: 8, opset_import: ["" : 18, "com.microsoft" : 1]>\n'

# One attention layer in an exporter's spelling: head counts from shape
# arithmetic, batch and heads merged for the transpose, a causal mask from
# ranges, an attention mask whose length has a name of its own.
save(
    "attention",
    HEADER
    + """
attention (float[batch, seq, 32] x, float[batch, 1, seq, total] mask,
           float[batch, 4, past, 8] past_key) =>
          (float[batch, seq, 32] y, float[batch, 4, t, 8] present_key)
<int64 zero = {0}, int64 one = {1}, int64[1] axis0 = {0},
 int64[2] heads = {4, 8}, int64[1] minus1 = {-1}, int64[1] four = {4},
 int64[1] eight = {8}, int64[1] hidden = {32}, float scale = {0.35355338}>
{
  shape = Shape(x)
  b = Gather(shape, zero)
  s = Gather(shape, one)
  b1 = Unsqueeze(b, axis0)
  s1 = Unsqueeze(s, axis0)
  wt = Transpose <perm = [1, 0]> (wq)
  q = MatMul(x, wt)
  split = Concat <axis = 0> (b1, s1, heads)
  q4 = Reshape(q, split)
  qh = Transpose <perm = [0, 2, 1, 3]> (q4)
  present_key = Concat <axis = 2> (past_key, qh)
  tail = Shape <start = 2> (present_key)
  merged = Concat <axis = 0> (minus1, tail)
  k3 = Reshape(present_key, merged)
  kt = Transpose <perm = [0, 2, 1]> (k3)
  back = Concat <axis = 0> (b1, four, eight, minus1)
  k4 = Reshape(kt, back)
  scores = MatMul(qh, k4)
  scaled = Mul(scores, scale)
  masked = Add(scaled, mask)
  probs = Softmax <axis = -1> (masked)
  kv = Transpose <perm = [0, 1, 3, 2]> (k4)
  o = MatMul(probs, kv)
  ot = Transpose <perm = [0, 2, 1, 3]> (o)
  joined = Concat <axis = 0> (b1, s1, minus1)
  y = Reshape(ot, joined)
}
""",
    lambda model: (
        name_nodes(model),
        model.graph.initializer.add(
            name="wq", data_type=TensorProto.FLOAT, dims=[32, 32], raw_data=bytes(4 * 32 * 32)
        ),
    ),
)

save(
    "unsupported",
    HEADER + "g (float[2] x) => (float[2] y) { y = Relu(x) }",
    lambda model: (
        name_nodes(model),
        setattr(model.graph.node[0], "op_type", "Det3"),
    ),
)
save(
    "loop",
    HEADER
    + """g (float[2] x, int64 n, bool c) => (float[2] y)
    { y = Loop (n, c, x) <body = b (int64 i, bool k, float[2] u) => (bool k2, float[2] v) { k2 = Identity(k) v = Relu(u) }> }""",
)
EXTERNAL = HEADER + "g (float[2, 4] x) => (float[2, 4] y) { y = MatMul(x, w) }"
save("external-missing", EXTERNAL, external("missing.bin"))
save("external-escape", EXTERNAL, external("../import/weights.bin"))
save("external-absolute", EXTERNAL, external("/etc/hostname"))

with open("attention.onnx", "rb") as file:
    model = file.read()
with open("truncated.onnx", "wb") as file:
    file.write(model[: len(model) // 2])
with open("garbage.onnx", "wb") as file:
    file.write(bytes((i * 37 + 11) % 251 for i in range(200)))
