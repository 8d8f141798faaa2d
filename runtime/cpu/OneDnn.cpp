//===- OneDnn.cpp - Matrix products by oneDNN -----------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "cpu/OneDnn.h"

#include "core/View.h"
#include "cpu/CpuDevice.h"

#include <cstring>
#include <dnnl.hpp>
#ifdef _OPENMP
#include <omp.h>
#endif
#include <unordered_map>

using namespace tprt;

namespace {

// All that a compiled product depends on.
struct Key {
  int64_t values[4 * TPRT_MAX_RANK * 2 + 8];
  size_t count = 0;

  void add(int64_t value) { values[count++] = value; }
  bool operator==(const Key &other) const {
    return count == other.count && std::memcmp(values, other.values, count * sizeof(int64_t)) == 0;
  }
};

struct KeyHash {
  size_t operator()(const Key &key) const {
    uint64_t hash = 14695981039346656037ull;
    for (size_t i = 0; i < key.count; ++i)
      hash = (hash ^ static_cast<uint64_t>(key.values[i])) * 1099511628211ull;
    return hash;
  }
};

struct Product {
  dnnl::matmul primitive;
  dnnl::memory a, b, bias, c, scratchpad;
  std::unordered_map<int, dnnl::memory> arguments;
};

// Prompts of many lengths would fill memory with compiled code.
constexpr size_t maxProducts = 512;

dnnl::memory::data_type dataType(int32_t dtype) {
  return dtype == TPRT_BF16 ? dnnl::memory::data_type::bf16 : dnnl::memory::data_type::f32;
}

// A view as oneDNN's description, with leading dimensions of 1 up to `rank`.
dnnl::memory::desc describe(const tprt_view &view, int rank) {
  dnnl::memory::dims sizes(rank, 1), strides(rank, 1);
  int lead = rank - view.rank;
  int64_t span = 1;
  for (int i = view.rank; i-- > 0;) {
    sizes[lead + i] = view.sizes[i];
    // The stride of a dimension of size 1 means nothing, but oneDNN looks at it.
    strides[lead + i] = view.sizes[i] == 1 ? span : view.strides[i];
    span = std::max(span, strides[lead + i] * view.sizes[i]);
  }
  for (int i = lead; i-- > 0;)
    strides[i] = span;
  return dnnl::memory::desc(sizes, dataType(view.dtype), strides);
}

class OneDnnImpl : public OneDnn {
public:
  OneDnnImpl() : engine(dnnl::engine::kind::cpu, 0), stream(engine) {}

  bool matmul(const tprt_view &a, const tprt_view &b, const tprt_view *bias, bool residual, const tprt_view &c,
              float alpha, int32_t activation) override;

private:
  std::unique_ptr<Product> build(const tprt_view &a, const tprt_view &b, const tprt_view *bias, bool residual,
                                 const tprt_view &c, float alpha, int32_t activation);

  dnnl::engine engine;
  dnnl::stream stream;
  std::unordered_map<Key, std::unique_ptr<Product>, KeyHash> products; // null: not possible
  Scratch scratchpad;
};

void addView(Key &key, const tprt_view &view) {
  key.add(view.dtype);
  key.add(view.rank);
  for (int i = 0; i < view.rank; ++i) {
    key.add(view.sizes[i]);
    key.add(view.strides[i]);
  }
}

// oneDNN takes operands whose last two dimensions have one of stride 1 and
// dimensions that are not broadcast by stride 0.
bool isPlain(const tprt_view &view) {
  if (view.dtype != TPRT_F32 && view.dtype != TPRT_BF16)
    return false;
  for (int i = 0; i < view.rank; ++i)
    if (view.sizes[i] != 1 && view.strides[i] <= 0)
      return false;
  int64_t row = view.strides[view.rank - 2], column = view.strides[view.rank - 1];
  int64_t rows = view.sizes[view.rank - 2], columns = view.sizes[view.rank - 1];
  return (columns == 1 || column == 1) ? (rows == 1 || row >= columns) : (row == 1 || rows == 1) && column >= rows;
}

std::unique_ptr<Product> OneDnnImpl::build(const tprt_view &a, const tprt_view &b, const tprt_view *bias, bool residual,
                                           const tprt_view &c, float alpha, int32_t activation) {
  using dnnl::algorithm;
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  dnnl::post_ops post;
  int rank = c.rank;
  // The output scale multiplies the bias as well, so with a scale the bias is
  // added afterwards.
  bool lateBias = bias && alpha != 1.0f;
  if (alpha != 1.0f)
    attributes.set_output_scales(0, {alpha});
  dnnl::memory::desc biasDesc;
  if (bias) {
    dnnl::memory::dims sizes(rank, 1), strides(rank, c.sizes[rank - 1]);
    sizes[rank - 1] = c.sizes[rank - 1];
    strides[rank - 1] = 1;
    biasDesc = dnnl::memory::desc(sizes, dataType(bias->dtype), strides);
  }
  if (lateBias)
    post.append_binary(algorithm::binary_add, biasDesc);
  if (activation == TPRT_ACT_RELU)
    post.append_eltwise(1.0f, algorithm::eltwise_relu, 0.0f, 0.0f);
  else if (activation == TPRT_ACT_GELU_ERF)
    post.append_eltwise(1.0f, algorithm::eltwise_gelu_erf, 0.0f, 0.0f);
  else if (activation == TPRT_ACT_GELU_TANH)
    post.append_eltwise(1.0f, algorithm::eltwise_gelu_tanh, 0.0f, 0.0f);
  else if (activation == TPRT_ACT_SILU)
    post.append_eltwise(1.0f, algorithm::eltwise_swish, 1.0f, 0.0f);
  if (residual)
    post.append_sum(1.0f);
  attributes.set_post_ops(post);

  dnnl::memory::desc aDesc = describe(a, rank), bDesc = describe(b, rank), cDesc = describe(c, rank);
  try {
    dnnl::matmul::desc desc =
        bias && !lateBias ? dnnl::matmul::desc(aDesc, bDesc, biasDesc, cDesc) : dnnl::matmul::desc(aDesc, bDesc, cDesc);
    dnnl::matmul::primitive_desc description(desc, attributes, engine);
    // The reference implementation is slower than our own loops.
    if (std::strstr(description.impl_info_str(), "ref"))
      return nullptr;
    auto product = std::make_unique<Product>();
    product->primitive = dnnl::matmul(description);
    auto memory = [&](int argument, const dnnl::memory::desc &md) {
      dnnl::memory result(md, engine, nullptr);
      product->arguments[argument] = result;
      return result;
    };
    product->a = memory(DNNL_ARG_SRC, aDesc);
    product->b = memory(DNNL_ARG_WEIGHTS, bDesc);
    product->c = memory(DNNL_ARG_DST, cDesc);
    if (bias)
      product->bias = memory(lateBias ? DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1 : DNNL_ARG_BIAS, biasDesc);
    product->scratchpad = memory(DNNL_ARG_SCRATCHPAD, description.scratchpad_desc());
    return product;
  } catch (const dnnl::error &error) {
    if (error.status == dnnl_unimplemented || error.status == dnnl_invalid_arguments)
      return nullptr;
    throw;
  }
}

bool OneDnnImpl::matmul(const tprt_view &a, const tprt_view &b, const tprt_view *bias, bool residual,
                        const tprt_view &c, float alpha, int32_t activation) {
  if (!isPlain(a) || !isPlain(b) || !isPlain(c) || c.rank > 6 ||
      (c.sizes[c.rank - 1] != 1 && c.strides[c.rank - 1] != 1))
    return false;
  if (bias && bias->dtype != TPRT_F32 && bias->dtype != TPRT_BF16)
    return false;
  Key key;
  addView(key, a);
  addView(key, b);
  addView(key, c);
  key.add(bias ? bias->dtype : 0);
  key.add(residual);
  int32_t alphaBits;
  std::memcpy(&alphaBits, &alpha, sizeof(alpha));
  key.add(alphaBits);
  key.add(activation);
  auto found = products.find(key);
  if (found == products.end()) {
    if (products.size() >= maxProducts)
      products.clear();
    found = products.emplace(key, build(a, b, bias, residual, c, alpha, activation)).first;
  }
  Product *product = found->second.get();
  if (!product)
    return false;
  product->a.set_data_handle(a.data);
  product->b.set_data_handle(b.data);
  product->c.set_data_handle(c.data);
  if (bias)
    product->bias.set_data_handle(bias->data);
  product->scratchpad.set_data_handle(scratchpad.bytes(product->scratchpad.get_desc().get_size()));
  product->primitive.execute(stream, product->arguments);
  return true;
}

} // namespace

std::unique_ptr<OneDnn> OneDnn::create() {
#ifdef _OPENMP
  omp_set_num_threads(1);
#endif
  return std::make_unique<OneDnnImpl>();
}
