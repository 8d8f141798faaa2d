#!/usr/bin/env python3
"""Makes the small models of test/Import (needs the onnx package of cmake/Onnx.cmake's version).

Run in this folder; the models are checked in, so that tests need no Python.
"""

import struct

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



def shard(model):
    """Two layers whose rows, not columns, are divided first, for 2 and for 4 devices."""
    model.ir_version = 11
    for name, rows, columns in (("up", 64, 256), ("down", 256, 64)):
        values = struct.pack(f"<{rows * columns}f", *((i * 37 % 101 - 50) / 1000 for i in range(rows * columns)))
        model.graph.initializer.add(name=name, data_type=TensorProto.FLOAT, dims=[rows, columns], raw_data=values)
    for name, devices in (("two", 2), ("four", 4)):
        configuration = model.configuration.add()
        configuration.name = name
        configuration.num_devices = devices
    for node in model.graph.node:
        node.name = node.output[0] + "_node"

    def sharding(node, configuration, tensor, devices, axis=None, shards=1, size=None, groups=None):
        own = next((c for c in node.device_configurations if c.configuration_id == configuration), None)
        if own is None:
            own = node.device_configurations.add()
            own.configuration_id = configuration
        spec = own.sharding_spec.add()
        spec.tensor_name = tensor
        spec.device.extend(devices)
        for key, group in (groups or {}).items():
            entry = spec.index_to_device_group_map.add()
            entry.key = key
            entry.value.extend(group)
        if axis is not None:
            dim = spec.sharded_dim.add()
            dim.axis = axis
            part = dim.simple_sharding.add()
            part.num_shards = shards
            if size:
                part.dim_value = size

    first, relu, second = model.graph.node
    sharding(first, "two", "up", [0, 1], 0, 2, 64)
    sharding(relu, "two", "r", [0, 1], -1, 2)
    sharding(second, "two", "down", [0, 1], 1, 2)
    sharding(second, "two", "y", [0, 1])
    # Two shards, each on two devices, which are not neighbours.
    sharding(first, "four", "up", [10, 11], 1, 2, 256, {10: [0, 2], 11: [1, 3]})


save("sharded", HEADER + "g (float[batch, 64] x) => (float[batch, 64] y) { h = MatMul(x, up) r = Relu(h) y = MatMul(r, down) }", shard)

with open("attention.onnx", "rb") as file:
    model = file.read()
with open("truncated.onnx", "wb") as file:
    file.write(model[: len(model) // 2])
with open("garbage.onnx", "wb") as file:
    file.write(bytes((i * 37 + 11) % 251 for i in range(200)))
