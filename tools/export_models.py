#!/usr/bin/env python3
"""Export small models with random weights, with expected outputs: those of Hugging Face's
library, and PyTorch's own Transformer modules.

  export_models.py OUT_DIR [--only REGEX] [--exporters dynamo,legacy,dynamo23,ortfuse,genai,genai4] [--list]

Each export becomes a folder OUT_DIR/ARCHITECTURE__VARIANT with model.onnx,
caseN.npz (in_<input>, out_<output>, and `rowmask` where rows of padding are to
be ignored) and meta.json, which is what test/e2e/check_models.py reads. The
expected outputs are ONNX Runtime's on the exported file; meta.json says how far
PyTorch is from them. Models are made from their configuration, so nothing is
downloaded. What could not be exported is listed in OUT_DIR/failures.json.

Exporters: `dynamo` (opset 18), `dynamo23` (opset 23, which has Attention),
`legacy` (TorchScript, opset 17), `ortfuse` (the legacy or dynamo export after
ONNX Runtime's transformer optimizer, with its contrib operators), `genai` and
`genai4` (ONNX Runtime GenAI's model builder: GroupQueryAttention, and MatMulNBits
of 4 bits).

Needs the Python packages torch, transformers, onnx, onnxscript, onnxruntime, and
onnxruntime-genai for the last two.
"""
import argparse
import inspect
import json
import os
import re
import shutil
import sys
import time
import traceback
import warnings

import numpy as np

import encoder_models
from export_configs import DECODER, GPT, MORE_MODELS, SEQ2SEQ, SPEECH, T5, TEXT, TORCH, TOWERS, VISION

# name: (model class, configuration class, configuration, kind). A kind names
# the inputs; see `make_inputs`.
MODELS = {
    # Encoders.
    "bert": ("BertForMaskedLM", "BertConfig", dict(TEXT, intermediate_size=256), "encoder"),
    "roberta": ("RobertaForMaskedLM", "RobertaConfig", dict(TEXT, intermediate_size=256), "encoder"),
    "distilbert": (
        "DistilBertForMaskedLM",
        "DistilBertConfig",
        dict(vocab_size=512, dim=128, hidden_dim=256, n_layers=2, n_heads=8, max_position_embeddings=128),
        "encoder",
    ),
    "electra": (
        "ElectraForPreTraining",
        "ElectraConfig",
        dict(TEXT, intermediate_size=256, embedding_size=64),
        "encoder",
    ),
    "deberta_v2": (
        "DebertaV2ForMaskedLM",
        "DebertaV2Config",
        dict(
            TEXT,
            intermediate_size=256,
            relative_attention=True,
            position_buckets=16,
            pos_att_type=["p2c", "c2p"],
            norm_rel_ebd="layer_norm",
            share_att_key=True,
            position_biased_input=False,
            type_vocab_size=0,
        ),
        "encoder",
    ),
    "albert": ("AlbertForMaskedLM", "AlbertConfig", dict(TEXT, intermediate_size=256, embedding_size=64), "encoder"),
    "modernbert": (
        "ModernBertForMaskedLM",
        "ModernBertConfig",
        dict(TEXT, intermediate_size=256, local_attention=8, global_attn_every_n_layers=2, reference_compile=False),
        "encoder",
    ),
    "mpnet": ("MPNetForMaskedLM", "MPNetConfig", dict(TEXT, intermediate_size=256), "encoder"),
    # Decoders.
    "gptj": ("GPTJForCausalLM", "GPTJConfig", dict(GPT, rotary_dim=8, tie_word_embeddings=False), "cache"),
    "gpt_bigcode": ("GPTBigCodeForCausalLM", "GPTBigCodeConfig", dict(GPT, multi_query=True), "cache"),
    "gpt_neo": (
        "GPTNeoForCausalLM",
        "GPTNeoConfig",
        dict(
            vocab_size=512,
            hidden_size=128,
            num_layers=2,
            num_heads=8,
            attention_types=[[["global", "local"], 1]],
            window_size=8,
            max_position_embeddings=128,
            bos_token_id=1,
            eos_token_id=2,
        ),
        "cache",
    ),
    "codegen": ("CodeGenForCausalLM", "CodeGenConfig", dict(GPT, n_ctx=128, rotary_dim=8), "cache"),
    "biogpt": ("BioGptForCausalLM", "BioGptConfig", dict(TEXT, intermediate_size=256), "cache"),
    "phi": ("PhiForCausalLM", "PhiConfig", dict(DECODER, partial_rotary_factor=0.5), "cache"),
    "llama": ("LlamaForCausalLM", "LlamaConfig", DECODER, "cache"),
    "qwen2": ("Qwen2ForCausalLM", "Qwen2Config", DECODER, "cache"),
    "qwen2_moe": (
        "Qwen2MoeForCausalLM",
        "Qwen2MoeConfig",
        dict(
            DECODER,
            num_experts=4,
            num_experts_per_tok=2,
            moe_intermediate_size=64,
            shared_expert_intermediate_size=128,
            decoder_sparse_step=1,
        ),
        "cache",
    ),
    "olmoe": ("OlmoeForCausalLM", "OlmoeConfig", dict(DECODER, num_experts=4, num_experts_per_tok=2), "cache"),
    "gemma": ("GemmaForCausalLM", "GemmaConfig", dict(DECODER, head_dim=16, num_key_value_heads=1), "cache"),
    "gemma3": (
        "Gemma3ForCausalLM",
        "Gemma3TextConfig",
        dict(DECODER, head_dim=16, sliding_window=8, sliding_window_pattern=2, query_pre_attn_scalar=16),
        "cache",
    ),
    "cohere": ("CohereForCausalLM", "CohereConfig", dict(DECODER, use_qk_norm=True), "cache"),
    "cohere2": ("Cohere2ForCausalLM", "Cohere2Config", dict(DECODER, sliding_window=8), "cache"),
    "stablelm": ("StableLmForCausalLM", "StableLmConfig", dict(DECODER, partial_rotary_factor=0.25), "cache"),
    "starcoder2": ("Starcoder2ForCausalLM", "Starcoder2Config", dict(DECODER, sliding_window=8), "cache"),
    "olmo": ("OlmoForCausalLM", "OlmoConfig", DECODER, "cache"),
    "olmo2": ("Olmo2ForCausalLM", "Olmo2Config", DECODER, "cache"),
    "granite": (
        "GraniteForCausalLM",
        "GraniteConfig",
        dict(DECODER, embedding_multiplier=2.0, residual_multiplier=0.5, attention_multiplier=0.2, logits_scaling=4.0),
        "cache",
    ),
    "granitemoe": (
        "GraniteMoeForCausalLM",
        "GraniteMoeConfig",
        dict(DECODER, num_local_experts=4, num_experts_per_tok=2),
        "cache",
    ),
    "nemotron": ("NemotronForCausalLM", "NemotronConfig", DECODER, "cache"),
    "persimmon": ("PersimmonForCausalLM", "PersimmonConfig", dict(TEXT, intermediate_size=256), "cache"),
    "glm": ("GlmForCausalLM", "GlmConfig", dict(DECODER, head_dim=16), "cache"),
    "smollm3": ("SmolLM3ForCausalLM", "SmolLM3Config", dict(DECODER, no_rope_layer_interval=2), "cache"),
    "helium": ("HeliumForCausalLM", "HeliumConfig", dict(DECODER, head_dim=16), "cache"),
    "exaone4": ("Exaone4ForCausalLM", "Exaone4Config", dict(DECODER, sliding_window=8), "cache"),
    "qwen3_moe": (
        "Qwen3MoeForCausalLM",
        "Qwen3MoeConfig",
        dict(DECODER, head_dim=16, num_experts=4, num_experts_per_tok=2, moe_intermediate_size=64),
        "cache",
    ),
    "deepseek_v2": (
        "DeepseekV2ForCausalLM",
        "DeepseekV2Config",
        dict(
            DECODER,
            num_key_value_heads=8,
            moe_intermediate_size=64,
            n_routed_experts=4,
            num_experts_per_tok=2,
            n_shared_experts=1,
            n_group=1,
            topk_group=1,
            first_k_dense_replace=1,
            kv_lora_rank=32,
            q_lora_rank=48,
            qk_rope_head_dim=8,
            qk_nope_head_dim=16,
            v_head_dim=16,
            topk_method="greedy",
        ),
        "cache",
    ),
    "deepseek_v3": (
        "DeepseekV3ForCausalLM",
        "DeepseekV3Config",
        dict(
            DECODER,
            num_key_value_heads=8,
            moe_intermediate_size=64,
            n_routed_experts=8,
            num_experts_per_tok=2,
            n_shared_experts=1,
            n_group=2,
            topk_group=1,
            first_k_dense_replace=1,
            kv_lora_rank=32,
            q_lora_rank=48,
            qk_rope_head_dim=8,
            qk_nope_head_dim=16,
            v_head_dim=16,
        ),
        "cache",
    ),
    "mpt": (
        "MptForCausalLM",
        "MptConfig",
        dict(vocab_size=512, d_model=128, n_heads=8, n_layers=2, expansion_ratio=2, max_seq_len=128),
        "cache",
    ),
    "gpt_oss": (
        "GptOssForCausalLM",
        "GptOssConfig",
        dict(DECODER, head_dim=16, num_local_experts=4, num_experts_per_tok=2, sliding_window=8),
        "cache",
    ),
    "xglm": (
        "XGLMForCausalLM",
        "XGLMConfig",
        dict(vocab_size=512, d_model=128, num_layers=2, attention_heads=8, ffn_dim=256, max_position_embeddings=128),
        "cache",
    ),
    # Encoder and decoder as one graph.
    "bart": ("BartForConditionalGeneration", "BartConfig", SEQ2SEQ, "seq2seq"),
    "marian": ("MarianMTModel", "MarianConfig", SEQ2SEQ, "seq2seq"),
    "t5": ("T5ForConditionalGeneration", "T5Config", T5, "seq2seq"),
    "m2m_100": ("M2M100ForConditionalGeneration", "M2M100Config", SEQ2SEQ, "seq2seq"),
    # Vision.
    "clip": (
        "CLIPModel",
        "CLIPConfig",
        dict(
            projection_dim=64,
            text_config=dict(TEXT, intermediate_size=256, max_position_embeddings=32, eos_token_id=511),
            vision_config=VISION,
        ),
        "clip",
    ),
    "siglip": (
        "SiglipModel",
        "SiglipConfig",
        dict(
            text_config=dict(TOWERS, vocab_size=512, max_position_embeddings=16, projection_size=128),
            vision_config=VISION,
        ),
        "siglip",
    ),
    "vit": ("ViTForImageClassification", "ViTConfig", dict(VISION, num_labels=10), "image"),
    "dinov2": ("Dinov2Model", "Dinov2Config", dict(VISION, mlp_ratio=2), "image"),
    "swin": (
        "SwinForImageClassification",
        "SwinConfig",
        dict(image_size=32, patch_size=4, embed_dim=32, depths=[2, 2], num_heads=[2, 4], window_size=4, num_labels=10),
        "image",
    ),
    "beit": ("BeitForImageClassification", "BeitConfig", dict(VISION, num_labels=10, vocab_size=64), "image"),
    "deit": ("DeiTForImageClassification", "DeiTConfig", dict(VISION, num_labels=10), "image"),
    "yolos": (
        "YolosForObjectDetection",
        "YolosConfig",
        dict(VISION, image_size=[32, 32], num_detection_tokens=8, num_labels=10),
        "image",
    ),
    "segformer": (
        "SegformerForSemanticSegmentation",
        "SegformerConfig",
        dict(
            num_encoder_blocks=2,
            depths=[1, 1],
            sr_ratios=[2, 1],
            hidden_sizes=[32, 64],
            patch_sizes=[7, 3],
            strides=[4, 2],
            num_attention_heads=[2, 4],
            mlp_ratios=[2, 2],
            decoder_hidden_size=64,
            num_labels=10,
        ),
        "image",
    ),
    "convnext": (
        "ConvNextForImageClassification",
        "ConvNextConfig",
        dict(image_size=32, hidden_sizes=[32, 64], depths=[1, 1], num_stages=2, num_labels=10),
        "image",
    ),
    # Speech.
    "whisper_encoder": (
        "WhisperModel",
        "WhisperConfig",
        dict(SEQ2SEQ, num_mel_bins=16, max_source_positions=24, max_target_positions=64, vocab_size=512),
        "features",
    ),
    "wav2vec2": ("Wav2Vec2ForCTC", "Wav2Vec2Config", SPEECH, "audio"),
    "hubert": ("HubertForCTC", "HubertConfig", SPEECH, "audio"),
    # torch.nn.
    "torch_encoder": ("TransformerEncoder", "TransformerEncoderLayer", TORCH, "torch"),
    "torch_decoder": ("TransformerDecoder", "TransformerDecoderLayer", dict(TORCH, batch_first=False), "torch_memory"),
    "torch_attention": ("MultiheadAttention", None, dict(embed_dim=128, num_heads=8, batch_first=True), "torch_memory"),
}
MODELS.update(MORE_MODELS)
MODELS.update(encoder_models.MODELS)

# The optimizer's name of an architecture.
FUSIONS = {
    "bert": "bert",
    "roberta": "bert",
    "distilbert": "bert",
    "gpt_neo": "gpt2",
    "qwen2": "gpt2",
    "bart": "bart",
    "vit": "vit",
    "clip": "clip",
    "phi": "phi",
    "t5": "t5",
}

# What the GenAI model builder is tried on.
GENAI = {"llama", "qwen2", "phi", "gemma", "gemma3", "olmo", "granite", "gpt_oss", "qwen2_moe", "mistral", "smollm3"}

LEFT_PADDING = 2

# Kinds without a cache whose inputs have a number of tokens.
TOKEN_KINDS = ("encoder", "plain", "seq2seq", "speech2seq", "boxes")


class Flat:
    """A model as a function of tensors: named inputs, then the cache."""

    def __new__(cls, model, names, layers, uncached=False):
        import torch
        from transformers.cache_utils import DynamicCache

        class FlatModule(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.model = model

            def forward(self, *inputs):
                arguments = dict(zip(names, inputs))
                if uncached:
                    arguments.update(use_cache=False)
                if layers:
                    cache = DynamicCache()
                    past = inputs[len(names) :]
                    for layer in range(layers):
                        cache.update(past[2 * layer], past[2 * layer + 1], layer)
                    arguments.update(past_key_values=cache, use_cache=True)
                result = self.model(**arguments)
                values = [value for value in result.values() if isinstance(value, torch.Tensor)]
                if layers:
                    for layer in result.past_key_values.layers:
                        values += [layer.keys, layer.values]
                return tuple(values)

        # An export leaves the mode in which it found the module.
        return FlatModule().eval()


def halve(options):
    """The configuration with half the width, for files that go into a repository."""
    widths = ("hidden_size", "d_model", "n_embd", "dim", "intermediate_size", "ffn_dim", "d_ff")
    small = {}
    for key, value in options.items():
        wide = key in widths or key.endswith("_ffn_dim")
        small[key] = halve(value) if isinstance(value, dict) else value // 2 if wide else value
    return small


def make_torch_module(class_name, layer_name, options):
    """One of torch.nn's modules, two layers of it where it consists of layers, as a
    model that returns its outputs by name."""
    import torch

    # The fused operators of inference cannot be exported.
    torch.backends.mha.set_fastpath_enabled(False)

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            module = getattr(torch.nn, class_name)
            if layer_name is None:
                self.module = module(**options)
            else:
                self.module = module(getattr(torch.nn, layer_name)(**options), num_layers=2)

        def forward(self, x, memory=None):
            if layer_name is None:
                return dict(zip(("y", "weights"), self.module(x, memory, memory)))
            return {"y": self.module(x) if memory is None else self.module(x, memory)}

    return Model()


def make_model(name, tiny):
    import torch
    import transformers

    class_name, config_name, options, kind = MODELS[name]
    if tiny:
        options = halve(options)
    torch.manual_seed(0)
    if kind.startswith("torch"):
        return set_weights(make_torch_module(class_name, config_name, options)), kind
    config = getattr(transformers, config_name)(**options)
    # One product over gathered experts: the form that can be exported.
    config._experts_implementation = "batched_mm"
    model = getattr(transformers, class_name)(config)
    if kind == "features" or kind.endswith("_encoder"):
        model = model.get_encoder()
    return set_weights(model), kind


def set_weights(model):
    """Weights large enough that every part of the model shows in its outputs."""
    import torch

    model = model.eval().float()
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if parameter.ndim < 2:
                parameter.add_(0.1 * torch.randn_like(parameter))
            elif "embed" in key or "wte" in key or "shared" in key:
                parameter.normal_(0, 0.2)
            else:
                parameter.normal_(0, parameter[0].numel() ** -0.5 if parameter.ndim != 3 else parameter.shape[1] ** -0.5)
    return model


def make_inputs(model, kind, case):
    """Input names, arrays and symbolic sizes; the cache is added later."""
    rng = np.random.default_rng(case["batch"] * 100 + case["seq"])
    batch, seq, past = case["batch"], case["seq"], case.get("past", 0)
    tokens = rng.integers(3, 500, (batch, seq))
    mask = np.ones((batch, past + seq), np.int64)
    if case.get("pad") == "left":
        mask[0, :LEFT_PADDING] = 0
    elif case.get("pad") == "right":
        mask[0, -LEFT_PADDING:] = 0
    two = {0: "batch", 1: "seq"}
    if kind in ("encoder", "plain"):
        return {"input_ids": (tokens, two), "attention_mask": (mask, two)}
    if kind == "boxes":
        corners = np.sort(rng.integers(0, 32, (batch, seq, 2, 2)), 2).reshape(batch, seq, 4)
        return {"input_ids": (tokens, two), "bbox": (corners, two), "attention_mask": (mask, two)}
    if kind == "cache":
        inputs = {"input_ids": (tokens, two), "attention_mask": (mask, {0: "batch", 1: "total"})}
        if "position_ids" in inspect.signature(model.forward).parameters:
            positions = np.maximum(np.cumsum(mask, 1) - 1, 0)[:, past:]
            inputs["position_ids"] = (positions, two)
        return inputs
    if kind == "seq2seq":
        targets = rng.integers(3, 500, (batch, seq - 2))
        decoder = {0: "batch", 1: "dec_seq"}
        return {
            "input_ids": (tokens, two),
            "attention_mask": (mask, two),
            "decoder_input_ids": (targets, decoder),
        }
    if kind.startswith("torch"):
        width = next(model.parameters()).shape[-1]
        first = model.module.batch_first if hasattr(model.module, "batch_first") else model.module.layers[0].self_attn.batch_first

        def rows(count, name):
            shape = (batch, count, width) if first else (count, batch, width)
            dims = {0: "batch", 1: name} if first else {0: name, 1: "batch"}
            return rng.standard_normal(shape).astype(np.float32), dims

        inputs = {"x": rows(seq, "seq")}
        if kind == "torch_memory":
            inputs["memory"] = rows(seq + 3, "memory_seq")
        return inputs
    if kind == "speech2seq":
        features = rng.standard_normal((batch, 16, 48)).astype(np.float32)
        if model.config.model_type != "whisper":
            features = features.transpose(0, 2, 1)
        targets = rng.integers(3, 500, (batch, seq - 2))
        return {"input_features": (features, {0: "batch"}), "decoder_input_ids": (targets, {0: "batch", 1: "dec_seq"})}
    images = rng.standard_normal((batch, 3, 32, 32)).astype(np.float32)
    if kind == "image":
        return {"pixel_values": (images, {0: "batch"})}
    if kind == "clip":
        texts = rng.integers(3, 500, (batch, 7))
        texts[:, -1] = 511
        return {
            "input_ids": (texts, {0: "text_batch", 1: "seq"}),
            "pixel_values": (images, {0: "batch"}),
            "attention_mask": (np.ones((batch, 7), np.int64), {0: "text_batch", 1: "seq"}),
        }
    if kind == "siglip":
        texts = rng.integers(3, 500, (batch, 16))
        return {"input_ids": (texts, {0: "text_batch"}), "pixel_values": (images, {0: "batch"})}
    if kind == "features":
        return {"input_features": (rng.standard_normal((batch, 16, 48)).astype(np.float32), {0: "batch"})}
    if kind in ("frames", "frames_encoder", "spectrogram"):
        name = "input_values" if kind == "spectrogram" else "input_features"
        return {name: (rng.standard_normal((batch, 48, 16)).astype(np.float32), {0: "batch"})}
    if kind == "video":
        frames = rng.standard_normal((batch, 2, 3, 32, 32)).astype(np.float32)
        return {"pixel_values": (frames, {0: "batch"})}
    if kind == "long_audio_encoder":
        return {"input_values": (rng.standard_normal((batch, 4000)).astype(np.float32), {0: "batch"})}
    if kind == "audio":
        return {"input_values": (rng.standard_normal((batch, 400)).astype(np.float32), {0: "batch"})}
    raise ValueError(kind)


def make_cases(kind, exporter):
    if kind == "cache" and exporter.startswith("genai"):
        # GroupQueryAttention takes several tokens behind a cache for a batch of
        # one only, and counts padding from the end.
        return [
            dict(name="b1_past0_s8", batch=1, seq=8, past=0),
            dict(name="b1_past9_s1", batch=1, seq=1, past=9),
            dict(name="b2_past17_s1", batch=2, seq=1, past=17),
        ]
    if kind == "cache":
        return [
            dict(name="b1_past0_s8", batch=1, seq=8, past=0),
            dict(name="b1_past9_s1", batch=1, seq=1, past=9),
            dict(name="b2_past6_s3_leftpad", batch=2, seq=3, past=6, pad="left"),
        ]
    if kind.startswith("torch"):
        if exporter == "legacy":
            return [dict(name="b2s6", batch=2, seq=6)]  # A trace keeps the sizes of its example.
        return [dict(name="b1s9", batch=1, seq=9), dict(name="b3s5", batch=3, seq=5)]
    if kind in TOKEN_KINDS:
        return [dict(name="b1s7", batch=1, seq=7), dict(name="b2s16_rightpad", batch=2, seq=16, pad="right")]
    return [dict(name="b1", batch=1, seq=1), dict(name="b3", batch=3, seq=1)]


class Exporter:
    """One model and what all its exports share."""

    def __init__(self, name, out, tiny):
        import torch

        self.torch = torch
        self.name, self.out = name, out
        self.model, self.kind = make_model(name, tiny)
        self.cache_shapes = []
        if self.kind == "cache":
            tokens = torch.zeros(1, 3, dtype=torch.int64)
            result = self.model(input_ids=tokens, attention_mask=torch.ones_like(tokens), use_cache=True)
            for layer in result.past_key_values.layers:
                self.cache_shapes += [tuple(layer.keys.shape), tuple(layer.values.shape)]
        self.flat = None

    def inputs(self, case):
        inputs = make_inputs(self.model, self.kind, case)
        if self.flat is None:
            uncached = self.kind == "plain" and "use_cache" in inspect.signature(self.model.forward).parameters
            self.flat = Flat(self.model, list(inputs), len(self.cache_shapes) // 2, uncached)
        rng = np.random.default_rng(7)
        for i, shape in enumerate(self.cache_shapes):
            past = (case["batch"], shape[1], case["past"], shape[3])
            name = f"past_key_values.{i // 2}.{'key' if i % 2 == 0 else 'value'}"
            inputs[name] = (rng.standard_normal(past).astype(np.float32), {0: "batch", 2: "past"})
        return inputs

    def output_names(self, arguments):
        with self.torch.no_grad():
            result = self.flat(*arguments)
        cached = len(self.cache_shapes)
        names = [f"present.{i // 2}.{'key' if i % 2 == 0 else 'value'}" for i in range(cached)]
        heads = len(result) - cached
        return (["logits"] if heads == 1 else [f"output{i}" for i in range(heads)]) + names

    def export(self, exporter, path):
        torch = self.torch
        # Sizes of two and more, all different: one is special to exporters.
        sample = dict(batch=2, seq=1)
        if self.kind == "cache":
            sample = dict(batch=2, seq=3, past=5)
        elif self.kind in TOKEN_KINDS or self.kind.startswith("torch"):
            sample = dict(batch=2, seq=6)
        inputs = self.inputs(sample)
        arguments = tuple(torch.from_numpy(np.asarray(array)) for array, _ in inputs.values())
        names = self.output_names(arguments)
        if exporter == "legacy":
            axes = {name: dims for name, (_, dims) in inputs.items()}
            torch.onnx.export(
                self.flat,
                arguments,
                path,
                dynamo=False,
                opset_version=17,
                input_names=list(inputs),
                output_names=names,
                dynamic_axes=axes,
            )
            return
        program = torch.onnx.export(
            self.flat,
            arguments,
            dynamo=True,
            opset_version=23 if exporter == "dynamo23" else 18,
            input_names=list(inputs),
            output_names=names,
            dynamic_shapes=(tuple(dims for _, dims in inputs.values()),),
            verbose=False,
        )
        program.save(path, external_data=False)

    def fuse(self, path):
        """ONNX Runtime's fusions, on the first export that there is."""
        from onnxruntime.transformers import optimizer

        for source in ("legacy", "dynamo"):
            plain = os.path.join(self.out, f"{self.name}__{source}", "model.onnx")
            if os.path.exists(plain):
                break
        config = self.model.config
        heads = getattr(config, "num_attention_heads", 8)
        hidden = getattr(config, "hidden_size", 128)
        model = optimizer.optimize_model(
            plain, model_type=FUSIONS[self.name], num_heads=heads, hidden_size=hidden, opt_level=0
        )
        model.save_model_to_file(path)
        return source

    def build(self, path, precision):
        """ONNX Runtime GenAI's graph of a saved checkpoint."""
        import tempfile

        import onnx
        import tokenizers
        import transformers
        from onnxruntime_genai.models import builder

        with tempfile.TemporaryDirectory() as scratch:
            checkpoint = os.path.join(scratch, "checkpoint")
            built = os.path.join(scratch, "built")
            self.model.save_pretrained(checkpoint)
            # The builder insists on a tokenizer; any will do.
            words = tokenizers.models.WordLevel({"<unk>": 0}, unk_token="<unk>")
            tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizers.Tokenizer(words))
            tokenizer.save_pretrained(checkpoint)
            options = ["int4_block_size=32"] if precision == "int4" else []
            arguments = (self.name, checkpoint, built, precision, "cpu", os.path.join(scratch, "cache"))
            builder.create_model(*arguments, **builder.parse_extra_options(*arguments, options))
            onnx.save(onnx.load(os.path.join(built, "model.onnx")), path)

    def write(self, exporter):
        folder = os.path.join(self.out, f"{self.name}__{exporter}")
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, "model.onnx")
        start = time.time()
        source = exporter
        if exporter == "ortfuse":
            source = self.fuse(path)
        elif exporter in ("genai", "genai4"):
            self.build(path, "int4" if exporter == "genai4" else "fp32")
        else:
            self.export(exporter, path)
        meta = self.write_cases(folder, path, make_cases(self.kind, exporter))
        meta.update(
            name=f"{self.name}__{exporter}",
            arch=self.name,
            exporter=exporter,
            source=source,
            kind=self.kind,
            export_seconds=round(time.time() - start, 1),
        )
        with open(os.path.join(folder, "meta.json"), "w") as file:
            json.dump(meta, file, indent=1)
        print(f"ok   {meta['name']} torch differs by {meta['torch_vs_ort_max_abs']:.2g}", flush=True)

    def write_cases(self, folder, path, wanted):
        import onnx
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        graph = onnx.load(path)
        session = onnxruntime.InferenceSession(exact(graph), options, providers=["CPUExecutionProvider"])
        inputs = {value.name for value in session.get_inputs()}
        names = [value.name for value in session.get_outputs()]
        cases, worst = [], 0.0
        for index, case in enumerate(wanted):
            arrays = {name: array for name, (array, _) in self.inputs(case).items()}
            expected = session.run(names, {name: arrays[name] for name in inputs})
            with self.torch.no_grad():
                reference = self.flat(*[self.torch.from_numpy(np.asarray(a)) for a in arrays.values()])
            stored = {"in_" + name: arrays[name] for name in inputs}
            stored.update({"out_" + name: array for name, array in zip(names, expected)})
            rows = None
            if case.get("pad") and self.kind in ("cache", "encoder", "plain", "boxes"):
                mask = arrays["attention_mask"].astype(bool)
                rows = mask[:, -arrays["input_ids"].shape[1] :]
                stored["rowmask"] = rows
            for ours, theirs in zip(expected, reference):
                theirs = theirs.numpy()
                # GenAI's logits may be those of the last position alone.
                if ours.ndim == 3 and ours.shape[1] == 1:
                    theirs = theirs[:, -1:]
                if ours.shape != theirs.shape:
                    raise ValueError(f"ONNX Runtime gives {ours.shape}, PyTorch {theirs.shape}")
                if rows is not None and ours.shape[:2] == rows.shape:
                    ours, theirs = ours[rows], theirs[rows]
                if ours.size:
                    worst = max(worst, float(np.abs(ours.astype(np.float64) - theirs).max()))
            file = f"case{index}.npz"
            np.savez_compressed(os.path.join(folder, file), **stored)
            cases.append(dict(name=case["name"], file=file))
        histogram = {}
        for node in graph.graph.node:
            label = node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.op_type}"
            histogram[label] = histogram.get(label, 0) + 1
        return dict(
            opset={entry.domain or "ai.onnx": entry.version for entry in graph.opset_import},
            n_nodes=len(graph.graph.node),
            op_histogram=histogram,
            torch_vs_ort_max_abs=worst,
            rtol=1e-3,
            atol=1e-4,
            inputs=[dict(name=v.name, dtype=v.type, shape=v.shape) for v in session.get_inputs() if v.name in inputs],
            outputs=[dict(name=v.name, dtype=v.type, shape=v.shape) for v in session.get_outputs()],
            cases=cases,
        )


def exact(model):
    """The model's bytes without the permission to round activations to 8 bits, which
    GenAI gives and which changes more than the tolerance."""
    import onnx

    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for node in copy.graph.node:
        for attribute in list(node.attribute):
            if attribute.name == "accuracy_level":
                node.attribute.remove(attribute)
    return copy.SerializeToString()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--only", default="")
    parser.add_argument("--exporters", default="dynamo,legacy")
    parser.add_argument("--list", action="store_true", help="print the architectures and stop")
    parser.add_argument("--again", action="store_true", help="export what is there already, too")
    parser.add_argument("--tiny", action="store_true", help="half the width")
    options = parser.parse_args()
    names = [name for name in MODELS if re.search(options.only, name)]
    if options.list:
        print("\n".join(names))
        return 0
    warnings.simplefilter("ignore")
    os.makedirs(options.out, exist_ok=True)
    record = os.path.join(options.out, "failures.json")
    failures = json.load(open(record)) if os.path.exists(record) else {}
    for exporter in options.exporters.split(","):
        for name in names:
            export = f"{name}__{exporter}"
            if exporter == "ortfuse" and name not in FUSIONS:
                continue
            if exporter.startswith("genai") and name not in GENAI:
                continue
            if not options.again and os.path.exists(os.path.join(options.out, export, "meta.json")):
                continue
            try:
                Exporter(name, options.out, options.tiny).write(exporter)
                failures.pop(export, None)
            except Exception as error:  # An exporter may fail in any way.
                lines = [line for line in str(error).splitlines() if line.strip()] or [""]
                shutil.rmtree(os.path.join(options.out, export), ignore_errors=True)
                failures[export] = f"{type(error).__name__}: {lines[0][:300]}"
                print(f"FAIL {export} {failures[export]}", flush=True)
                if os.environ.get("EXPORT_TRACE"):
                    traceback.print_exc()
            with open(record, "w") as file:
                json.dump(failures, file, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
