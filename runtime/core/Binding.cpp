//===- Binding.cpp - Matching tensors and signature -----------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "core/Binding.h"

#include "core/Artifact.h"
#include "core/View.h"
#include "tprt/error.h"

using namespace tprt;

void tprt::checkBinding(const Manifest &manifest, const TensorSpec &tensor, const char *kind, const tprt_view &view) {
  auto refuse = [&](const std::string &why) {
    fail(TPRT_INVALID_ARGUMENT, kind, " '", tensor.name, "': ", why, "; need ", signatureText(manifest, tensor));
  };
  if (view.rank < 0 || view.rank > TPRT_MAX_RANK)
    refuse(concat("rank ", view.rank, " is out of range"));
  if (view.dtype != tensor.dtype)
    refuse(concat("got ", viewText(view)));
  if (view.rank != static_cast<int32_t>(tensor.dims.size()))
    refuse(concat("got ", view.rank, " dimensions ", sizesText(view.sizes, view.rank)));
  int64_t count = 1;
  for (int32_t i = 0; i < view.rank; ++i) {
    if (view.sizes[i] < 0)
      refuse(concat("dimension ", i, " is ", view.sizes[i]));
    if (tensor.dims[i].isConstant() && tensor.dims[i].constant() != view.sizes[i])
      refuse(concat("dimension ", i, " is ", view.sizes[i]));
    count = checkedMul(count, view.sizes[i]);
  }
  if (count && !view.data)
    refuse("the data pointer is null");
  if (reinterpret_cast<uintptr_t>(view.data) % dtypeSize(view.dtype))
    refuse("the data is not aligned to its element type");
}

namespace {

class SymbolBinder {
public:
  SymbolBinder(const Manifest &manifest, const std::vector<std::optional<tprt_view>> &inputs,
               const std::vector<int64_t> &stateLengths)
      : manifest(manifest), inputs(inputs), stateLengths(stateLengths), values(manifest.symbols.size()),
        sources(values.size(), -1) {}

  std::vector<int64_t> bind() {
    for (size_t i = 0; i < values.size(); ++i)
      if (manifest.symbolAxis[i] >= 0)
        values[i] = 0;
    for (bool changed = true; changed;) {
      changed = false;
      // Plain symbols first, so that messages blame the derived sizes.
      for (bool plain : {true, false})
        for (size_t i = 0; i < inputs.size() && !(changed && !plain); ++i)
          changed |= bindInput(i, plain);
    }
    std::vector<int64_t> result;
    for (size_t i = 0; i < values.size(); ++i) {
      if (!values[i])
        fail(TPRT_INVALID_ARGUMENT, "the bound inputs do not determine '", manifest.symbols[i], "'");
      result.push_back(*values[i]);
    }
    for (size_t i = 0; i < inputs.size(); ++i)
      check(i);
    checkRequired();
    return result;
  }

private:
  // The known size of an input's dimension; none for most of a kept state's.
  std::optional<int64_t> size(size_t input, size_t dim) const {
    if (inputs[input])
      return inputs[input]->sizes[dim];
    const TensorSpec &tensor = manifest.inputs[input];
    if (tensor.state >= 0 && manifest.states[tensor.state].axis == static_cast<int>(dim))
      return stateLengths[tensor.state];
    return std::nullopt;
  }

  bool bindInput(size_t input, bool plain) {
    bool changed = false;
    const TensorSpec &tensor = manifest.inputs[input];
    for (size_t d = 0; d < tensor.dims.size(); ++d) {
      std::optional<int64_t> known = size(input, d);
      if (!known || tensor.dims[d].asSymbol().has_value() != plain)
        continue;
      auto solution = tensor.dims[d].solve(values, *known);
      if (!solution)
        continue;
      if (solution->second < 0)
        fail(TPRT_INVALID_ARGUMENT, describe(input, d), ", too small: '", manifest.symbols[solution->first],
             "' would be ", solution->second);
      values[solution->first] = solution->second;
      sources[solution->first] = static_cast<int>(input);
      changed = true;
    }
    return changed;
  }

  std::string describe(size_t input, size_t dim) const {
    const TensorSpec &tensor = manifest.inputs[input];
    return concat("input '", tensor.name, "' (", signatureText(manifest, tensor), "): dimension ", dim, " is ",
                  *size(input, dim));
  }

  void check(size_t input) const {
    const TensorSpec &tensor = manifest.inputs[input];
    for (size_t d = 0; d < tensor.dims.size(); ++d) {
      std::optional<int64_t> known = size(input, d);
      int64_t expected = *tensor.dims[d].evaluate(values);
      if (!known || *known == expected)
        continue;
      std::string because;
      for (size_t s = 0; s < values.size(); ++s) {
        SymbolValues without = values;
        without[s].reset();
        if (sources[s] >= 0 && !tensor.dims[d].evaluate(without))
          because += concat(because.empty() ? " with " : ", ", manifest.symbols[s], " = ", *values[s], " (by input '",
                            manifest.inputs[sources[s]].name, "')");
      }
      fail(TPRT_INVALID_ARGUMENT, describe(input, d), ", need ", expected, because);
    }
  }

  // What the compiler assumed about sizes and could not prove.
  void checkRequired() const {
    for (const Expr &expr : manifest.required) {
      int64_t value = *expr.evaluate(values);
      if (value >= 0)
        continue;
      std::string sizes;
      for (size_t s = 0; s < values.size(); ++s)
        if (manifest.symbolAxis[s] < 0)
          sizes += concat(sizes.empty() ? "" : ", ", manifest.symbols[s], " = ", *values[s]);
      fail(TPRT_INVALID_ARGUMENT, "the model needs ", expr.text(manifest.symbols), " >= 0, but it is ", value, " with ",
           sizes);
    }
  }

  const Manifest &manifest;
  const std::vector<std::optional<tprt_view>> &inputs;
  const std::vector<int64_t> &stateLengths;
  SymbolValues values;
  std::vector<int> sources; // the input that bound the symbol
};

} // namespace

std::vector<int64_t> tprt::bindSymbols(const Manifest &manifest, const std::vector<std::optional<tprt_view>> &inputs,
                                       const std::vector<int64_t> &stateLengths) {
  return SymbolBinder(manifest, inputs, stateLengths).bind();
}

std::vector<int64_t> tprt::evaluateDims(const TensorSpec &tensor, const std::vector<int64_t> &symbols) {
  SymbolValues values(symbols.begin(), symbols.end());
  std::vector<int64_t> sizes;
  int64_t count = static_cast<int64_t>(dtypeSize(tensor.dtype));
  for (const Expr &dim : tensor.dims) {
    int64_t size = *dim.evaluate(values);
    if (size < 0)
      fail(TPRT_INVALID_ARGUMENT, "'", tensor.name, "': a dimension would be ", size);
    count = checkedMul(count, size);
    sizes.push_back(size);
  }
  return sizes;
}
