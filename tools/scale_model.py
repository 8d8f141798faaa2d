#!/usr/bin/env python3
"""Make a deeper and wider graph out of a Llama graph without weights.

  scale_model.py MODEL.onnx OUT.onnx --layers 126 --hidden 16384 --ffn 53248 --heads 128

For measuring how the cost of compiling grows with a model: the last layer is
repeated, weights and head counts get the new sizes, and the external data, which
is written as a sparse file, holds nothing. MODEL is a graph whose layers are
marked by `_L<n>` or `layers.<n>.` in their names, as multi-layer graphs made from
one exported layer have them. Needs the Python package onnx.
"""
import argparse
import os
import re

import numpy as np
import onnx
from onnx import numpy_helper


def layer_of(name):
    """The layer that a value or node belongs to, or None."""
    found = re.search(r"_L(\d+)$|layers\.(\d+)\.|past_key_values\.(\d+)\.|present\.(\d+)\.", name)
    return int(next(group for group in found.groups() if group)) if found else None


def moved(name, shift, last):
    """`name` in the layer `shift` further, if it is of the last two layers."""
    layer = layer_of(name)
    if layer is None or layer < last - 1:
        return name
    return re.sub(r"(_L|layers\.|past_key_values\.|present\.)" + str(layer) + r"(?=$|\.)",
                  lambda match: match.group(1) + str(layer + shift), name)


def copies(items, names, shift, last, rename):
    """Copies of the items of the last layer, `shift` layers further."""
    result = []
    for item in items:
        if any(layer_of(name) == last for name in names(item)):
            copy = type(item)()
            copy.CopyFrom(item)
            rename(copy, lambda name: moved(name, shift, last))
            result.append(copy)
    return result


def rename_node(node, new):
    for names in (node.input, node.output):
        names[:] = [new(name) for name in names]
    node.name = f"{node.name}.{new(node.output[0])}"


def rename_value(value, new):
    value.name = new(value.name)


def deepen(graph, layers):
    last = max(layer_of(value.name) for value in graph.output if layer_of(value.name) is not None)
    first_after = max(i for i, node in enumerate(graph.node) if layer_of(node.output[0]) == last) + 1
    head, tail = list(graph.node[:first_after]), list(graph.node[first_after:])
    own_name = lambda value: [value.name]
    for shift in range(1, layers - last):
        head += copies(graph.node[:first_after], lambda node: node.output, shift, last, rename_node)
        for field in ("initializer", "input", "output"):
            items = getattr(graph, field)
            items.extend(copies(list(items), own_name, shift, last, rename_value))
    for node in tail:
        # What follows the last layer reads the new last one.
        node.input[:] = [moved(name, layers - 1 - last, last) if layer_of(name) == last else name for name in node.input]
    del graph.node[:]
    graph.node.extend(head + tail)
    del graph.value_info[:]


def resize(graph, sizes, heads):
    """New sizes of weights, and of the head counts in shapes."""
    vocabulary, old_hidden = next(t for t in graph.initializer if "embed_tokens" in t.name).dims
    old_ffn = next(max(t.dims) for t in graph.initializer if len(t.dims) == 2 and
                   max(t.dims) not in (vocabulary, old_hidden))
    new = {old_hidden: sizes["hidden"], old_ffn: sizes["ffn"]}
    head_counts = set()
    for node in graph.node:
        # Repeated keys: Expand to [batch, kv heads, group, length, size], then Reshape to one dimension of heads.
        if node.op_type == "Concat" and len(node.input) == 5:
            head_counts.add((node.input[1], node.input[2]))
    for tensor in graph.initializer:
        for kv, group in head_counts:
            if tensor.name == group:
                kv_heads = int(numpy_helper.to_array(next(t for t in graph.initializer if t.name == kv))[0])
                old_heads = kv_heads * int(numpy_helper.to_array(tensor)[0])
                tensor.CopyFrom(numpy_helper.from_array(np.array([heads // kv_heads]), tensor.name))
    for node in graph.node:
        if node.op_type == "Concat" and len(node.input) == 4:
            for tensor in graph.initializer:
                if tensor.name == node.input[1] and numpy_helper.to_array(tensor).tolist() == [old_heads]:
                    tensor.CopyFrom(numpy_helper.from_array(np.array([heads]), tensor.name))
    for tensor in graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            tensor.dims[:] = [new.get(dim, dim) for dim in tensor.dims]


def place_weights(graph, location):
    offset = 0
    for tensor in graph.initializer:
        if tensor.data_location != onnx.TensorProto.EXTERNAL:
            continue
        length = int(np.prod(tensor.dims, dtype=np.int64)) * (2 if tensor.data_type != onnx.TensorProto.FLOAT else 4)
        del tensor.external_data[:]
        for key, value in (("location", location), ("offset", offset), ("length", length)):
            tensor.external_data.add(key=key, value=str(value))
        offset += (length + 4095) // 4096 * 4096
    return offset


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("out")
    for name in ("layers", "hidden", "ffn", "heads"):
        parser.add_argument("--" + name, type=int, required=True)
    options = parser.parse_args()
    model = onnx.load(options.model, load_external_data=False)
    deepen(model.graph, options.layers)
    resize(model.graph, {"hidden": options.hidden, "ffn": options.ffn}, options.heads)
    location = os.path.basename(options.out) + ".data"
    size = place_weights(model.graph, location)
    with open(os.path.join(os.path.dirname(os.path.abspath(options.out)), location), "wb") as data:
        data.truncate(size)
    onnx.save(model, options.out)
    print(f"{options.out}: {len(model.graph.node)} nodes, weights of {size / 1e9:.1f} GB (sparse)")


if __name__ == "__main__":
    main()
