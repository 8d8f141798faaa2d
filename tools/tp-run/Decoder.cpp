//===- Decoder.cpp - Token by token ---------------------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Decoder.h"

#include <algorithm>

Decoder::Decoder(Model &model, int64_t capacity) : model(model), inputs(model.inputs.size()) {
  bool tokens = false;
  for (const tprt_tensor_info &input : model.inputs) {
    roles.push_back(roleOf(input));
    tokens |= roles.back() == Role::Tokens;
  }
  if (!tokens)
    throw std::runtime_error("the model has no input 'input_ids', so it cannot be fed tokens; its inputs are:" +
                             Model::listing(model.inputs));
  bool found = false;
  for (size_t i = 0; i < model.outputs.size() && !found; ++i)
    if (std::string(model.outputs[i].name) == "logits") {
      logits = i;
      found = true;
    }
  for (size_t i = 0; i < model.outputs.size() && !found; ++i)
    if (model.outputs[i].rank == 3 && model.outputs[i].state < 0) {
      logits = i;
      found = true;
    }
  if (!found || model.outputs[logits].rank != 3)
    throw std::runtime_error("the model has no output 'logits' [batch, sequence, vocabulary]; its outputs are:" +
                             Model::listing(model.outputs));
  if (hasCache())
    check(tprt_session_keep_states(model.session(), capacity));
}

Decoder::Role Decoder::roleOf(const tprt_tensor_info &input) const {
  std::string name = input.name;
  if (input.state >= 0)
    return Role::State;
  if (name == "input_ids" || name == "decoder_input_ids")
    return Role::Tokens;
  if (name == "attention_mask" && input.rank == 2)
    return Role::Mask;
  if (name == "position_ids" && input.rank == 2)
    return Role::Positions;
  if (name == "cache_position" && input.rank == 1)
    return Role::CachePositions;
  if (name == "token_type_ids")
    return Role::Zeros;
  // ONNX Runtime's GroupQueryAttention takes these.
  if (name == "seqlens_k" && input.rank == 1)
    return Role::TotalMinusOne;
  if (name == "total_sequence_length")
    return Role::Total;
  throw std::runtime_error("do not know what to feed input '" + Model::text(input) +
                           "': run the model with --inputs instead");
}

void Decoder::bindInput(size_t index, const std::vector<int64_t> &tokens, int64_t past) {
  const tprt_tensor_info &info = model.inputs[index];
  Role role = roles[index];
  if (role == Role::State)
    return;
  Tensor &tensor = inputs[index];
  int64_t fresh = static_cast<int64_t>(tokens.size());
  tensor.view.dtype = info.dtype;
  tensor.view.rank = info.rank;
  for (int32_t d = 0; d < info.rank; ++d) {
    bool perSequence = d == 0 && role != Role::CachePositions;
    tensor.view.sizes[d] = perSequence          ? (info.sizes[d] < 0 ? 1 : info.sizes[d])
                           : role == Role::Mask ? past + fresh
                                                : fresh;
  }
  tensor.allocate();
  for (int64_t i = 0, n = tensor.count(); i < n; ++i) {
    int64_t at = fresh ? i % fresh : 0;
    tensor.set(i, role == Role::Tokens                                      ? tokens[at]
                  : role == Role::Mask                                      ? 1
                  : role == Role::Positions || role == Role::CachePositions ? past + at
                  : role == Role::TotalMinusOne                             ? past + fresh - 1
                  : role == Role::Total                                     ? past + fresh
                                                                            : 0);
  }
  check(tprt_session_bind_input(model.session(), static_cast<int32_t>(index), &tensor.view));
}

void Decoder::feed(const std::vector<int64_t> &tokens) {
  int64_t past = hasCache() ? tprt_session_state_length(model.session()) : 0;
  const std::vector<int64_t> *fed = &tokens;
  if (!hasCache()) {
    sequence.insert(sequence.end(), tokens.begin(), tokens.end());
    fed = &sequence;
  }
  for (size_t i = 0; i < inputs.size(); ++i)
    bindInput(i, *fed, past);
  model.allocateOutputs(outputs, hasCache());
  model.run();
}

int64_t Decoder::best() const {
  const Tensor &tensor = outputs[logits];
  int64_t width = tensor.view.sizes[2], begin = (tensor.view.sizes[1] - 1) * width, result = 0;
  double top = tensor.get(begin);
  for (int64_t i = 1; i < width; ++i) {
    double value = tensor.get(begin + i);
    if (value > top) {
      top = value;
      result = i;
    }
  }
  return result;
}

void Decoder::truncate(int64_t length) {
  if (hasCache())
    check(tprt_session_truncate_states(model.session(), length));
  else
    sequence.resize(std::min<size_t>(sequence.size(), length));
}

int64_t Decoder::vocabulary() const { return model.outputs[logits].sizes[2]; }

std::vector<int64_t> parseIds(const std::string &text) {
  std::vector<int64_t> ids;
  size_t begin = 0;
  while (begin <= text.size()) {
    size_t end = std::min(text.find(',', begin), text.size());
    std::string item = text.substr(begin, end - begin);
    if (item.empty() || item.size() > 18 || item.find_first_not_of("0123456789") != std::string::npos)
      throw std::runtime_error("--prompt-ids: '" + text + "' is not a list of token ids such as 1,2,3");
    ids.push_back(std::stoll(item));
    begin = end + 1;
  }
  return ids;
}
