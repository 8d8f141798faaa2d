#!/usr/bin/env python3
"""Export GPT-2 at its real size (124M parameters, f32) with a KV cache.

  export_gpt2.py OUT_DIR [--layers 12] [--hidden 768] [--heads 12] [--vocab 50257]

Weights are random (speed does not depend on them), so nothing is downloaded.
Needs the Python packages torch, transformers, onnx and onnxscript.
"""
import argparse
import os

import torch
from transformers import GPT2Config, GPT2LMHeadModel
from transformers.cache_utils import DynamicCache


class WithCache(torch.nn.Module):
    """Flat inputs and outputs: past_key_values.N.key in, present.N.key out."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask, position_ids, *past):
        layers = len(past) // 2
        cache = DynamicCache()
        for layer in range(layers):
            cache.update(past[2 * layer], past[2 * layer + 1], layer)
        result = self.model(
            input_ids=input_ids,
            attention_mask=attention_mask,
            position_ids=position_ids,
            past_key_values=cache,
            use_cache=True,
        )
        present = []
        for layer in result.past_key_values.layers:
            present += [layer.keys, layer.values]
        return (result.logits, *present)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--hidden", type=int, default=768)
    parser.add_argument("--heads", type=int, default=12)
    parser.add_argument("--vocab", type=int, default=50257)
    options = parser.parse_args()
    os.makedirs(options.out, exist_ok=True)
    torch.manual_seed(0)
    config = GPT2Config(
        n_layer=options.layers,
        n_embd=options.hidden,
        n_head=options.heads,
        vocab_size=options.vocab,
        n_positions=1024,
        attn_implementation="sdpa",
    )
    model = WithCache(GPT2LMHeadModel(config).eval())
    batch, tokens, past = 2, 3, 5
    head = options.hidden // options.heads
    cache = [torch.zeros(batch, options.heads, past, head) for _ in range(2 * options.layers)]
    names = [f"{layer}.{part}" for layer in range(options.layers) for part in ("key", "value")]
    arguments = (
        torch.zeros(batch, tokens, dtype=torch.int64),
        torch.ones(batch, past + tokens, dtype=torch.int64),
        torch.zeros(batch, tokens, dtype=torch.int64),
        *cache,
    )
    auto = torch.export.Dim.DYNAMIC
    program = torch.onnx.export(
        model,
        arguments,
        dynamo=True,
        opset_version=18,
        input_names=["input_ids", "attention_mask", "position_ids"] + ["past_key_values." + n for n in names],
        output_names=["logits"] + ["present." + n for n in names],
        dynamic_shapes=(
            {0: auto, 1: auto},
            {0: auto, 1: auto},
            {0: auto, 1: auto},
            tuple({0: auto, 2: auto} for _ in cache),
        ),
    )
    path = os.path.join(options.out, "model.onnx")
    program.save(path, external_data=True)
    print(path)


if __name__ == "__main__":
    main()
