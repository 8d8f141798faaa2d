//===- Decoder.h - Token by token ------------------------------*- C++ -*--===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TP_RUN_DECODER_H
#define TP_RUN_DECODER_H

#include "Model.h"

#include <string>
#include <vector>

// Feeds token ids to a language model: fills the inputs that exporters give such
// models, by their well-known names, and keeps the KV cache in the session. A
// model without a cache is given the whole sequence at every step.
class Decoder {
public:
  // `capacity`: the longest sequence. Throws when an input is not known.
  Decoder(Model &model, int64_t capacity);

  bool hasCache() const { return model.numStates() > 0; }
  // Appends `tokens` to the sequence and runs the model.
  void feed(const std::vector<int64_t> &tokens);
  // The most likely token after the sequence (of batch 0).
  int64_t best() const;
  // Drops all but the first `length` tokens.
  void truncate(int64_t length);
  int64_t vocabulary() const;

private:
  enum class Role { Tokens, Mask, Positions, CachePositions, Zeros, TotalMinusOne, Total, State };
  Role roleOf(const tprt_tensor_info &input) const;
  void bindInput(size_t index, const std::vector<int64_t> &tokens, int64_t past);

  Model &model;
  std::vector<Role> roles;
  std::vector<Tensor> inputs, outputs;
  size_t logits = 0;
  std::vector<int64_t> sequence; // of a model without cache
};

// "1,2,3". Throws when it is not a list of ids.
std::vector<int64_t> parseIds(const std::string &text);

#endif // TP_RUN_DECODER_H
