//===- Model.cpp - An artifact being run ----------------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Model.h"

#include <algorithm>
#include <cmath>
#include <cstring>

void check(tprt_status *status) {
  if (!status)
    return;
  std::string message = tprt_status_message(status);
  tprt_status_free(status);
  throw std::runtime_error(message);
}

int64_t Tensor::count() const {
  int64_t result = 1;
  for (int32_t i = 0; i < view.rank; ++i)
    result *= view.sizes[i];
  return result;
}

void Tensor::allocate() {
  int64_t stride = 1;
  for (int32_t i = view.rank; i-- > 0;) {
    view.strides[i] = stride;
    stride *= view.sizes[i];
  }
  size_t size = static_cast<size_t>(stride) * tprt_dtype_size(view.dtype);
  if (bytes.size() < size || bytes.empty())
    bytes.resize(std::max<size_t>(size, 1));
  view.data = bytes.data();
}

namespace {

template <typename T> void store(void *data, int64_t index, T value) {
  std::memcpy(static_cast<char *>(data) + index * sizeof(T), &value, sizeof(T));
}
template <typename T> T load(const void *data, int64_t index) {
  T value;
  std::memcpy(&value, static_cast<const char *>(data) + index * sizeof(T), sizeof(T));
  return value;
}

double halfToDouble(uint16_t bits) {
  int exponent = (bits >> 10) & 31, mantissa = bits & 1023;
  double value = exponent == 31 ? (mantissa ? std::nan("") : HUGE_VAL)
                 : exponent     ? std::ldexp(1024 + mantissa, exponent - 25)
                                : std::ldexp(mantissa, -24);
  return bits & 0x8000 ? -value : value;
}

} // namespace

void Tensor::set(int64_t index, int64_t value) {
  switch (view.dtype) {
  case TPRT_I64:
  case TPRT_U64:
    return store<int64_t>(view.data, index, value);
  case TPRT_I32:
  case TPRT_U32:
    return store<int32_t>(view.data, index, static_cast<int32_t>(value));
  case TPRT_BOOL:
    return store<uint8_t>(view.data, index, value != 0);
  case TPRT_I8:
  case TPRT_U8:
    return store<uint8_t>(view.data, index, static_cast<uint8_t>(value));
  case TPRT_F32:
    return store<float>(view.data, index, static_cast<float>(value));
  default:
    throw std::runtime_error(std::string("a generated input of element type ") + tprt_dtype_name(view.dtype) +
                             " is not supported: give it with --inputs");
  }
}

void Tensor::fill(int64_t value) {
  for (int64_t i = 0, n = count(); i < n; ++i)
    set(i, value);
}

double Tensor::get(int64_t index) const {
  switch (view.dtype) {
  case TPRT_F32:
    return load<float>(view.data, index);
  case TPRT_F64:
    return load<double>(view.data, index);
  case TPRT_F16:
    return halfToDouble(load<uint16_t>(view.data, index));
  case TPRT_BF16: {
    uint32_t bits = static_cast<uint32_t>(load<uint16_t>(view.data, index)) << 16;
    float value;
    std::memcpy(&value, &bits, sizeof(value));
    return value;
  }
  default:
    throw std::runtime_error(std::string("logits of element type ") + tprt_dtype_name(view.dtype) +
                             " are not supported");
  }
}

Model::Model(const std::string &path) {
  tprt_artifact *loaded = nullptr;
  check(tprt_artifact_load(path.c_str(), &loaded));
  artifact.reset(loaded);
  inputs.resize(tprt_artifact_num_inputs(loaded));
  for (size_t i = 0; i < inputs.size(); ++i)
    check(tprt_artifact_input(loaded, static_cast<int32_t>(i), &inputs[i]));
  outputs.resize(tprt_artifact_num_outputs(loaded));
  for (size_t i = 0; i < outputs.size(); ++i)
    check(tprt_artifact_output(loaded, static_cast<int32_t>(i), &outputs[i]));
}

std::string Model::text(const tprt_tensor_info &tensor) {
  std::string result = std::string(tensor.name) + ": " + tprt_dtype_name(tensor.dtype);
  if (tensor.dtype == TPRT_BF16)
    result += " (as uint16)";
  result += " [";
  for (int32_t d = 0; d < tensor.rank; ++d)
    result += (d ? ", " : "") + std::string(tensor.dims[d]);
  return result + "]";
}

std::string Model::listing(const std::vector<tprt_tensor_info> &tensors) {
  std::string result;
  for (const tprt_tensor_info &tensor : tensors)
    result += "\n  " + text(tensor);
  return result;
}

void Model::open() {
  tprt_session *created = nullptr;
  check(tprt_session_create(artifact.get(), nullptr, &created));
  sessionPointer.reset(created);
}

void Model::allocateOutputs(std::vector<Tensor> &tensors, bool keptStates) {
  tensors.resize(outputs.size());
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (keptStates && outputs[i].state >= 0)
      continue;
    int32_t index = static_cast<int32_t>(i);
    check(tprt_session_output_shape(session(), index, &tensors[i].view));
    tensors[i].allocate();
    check(tprt_session_bind_output(session(), index, &tensors[i].view));
  }
}
