//===- Binding.cpp - Matching tensors and signature -----------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "core/Binding.h"

#include "core/Artifact.h"
#include "core/Dtype.h"
#include "core/View.h"
#include "tprt/error.h"

#include <limits>

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

  // An element on which sizes depend, read from the caller's tensor.
  int64_t readElement(size_t input, int64_t index) const {
    const TensorSpec &tensor = manifest.inputs[input];
    if (!inputs[input])
      fail(TPRT_INVALID_ARGUMENT, "input '", tensor.name, "' is a kept state: no size can depend on what it contains");
    const tprt_view &view = *inputs[input];
    int64_t offset = 0, rest = index;
    for (int32_t d = view.rank; d-- > 0;) {
      offset += rest % view.sizes[d] * view.strides[d];
      rest /= view.sizes[d];
    }
    int64_t value = 0;
    convertElements(static_cast<const char *>(view.data) + offset * static_cast<int64_t>(dtypeSize(view.dtype)),
                    view.dtype, &value, TPRT_I64, 1);
    if (value < 0 || value > std::numeric_limits<int32_t>::max())
      fail(TPRT_INVALID_ARGUMENT, describeElement(input, index, value),
           ", but it is a size in this program: need 0 or more, and no more than fits 32 bits");
    return value;
  }

  // Where sizes come from: every dimension of an input, then the elements on
  // which sizes depend. `visit(expr, known, describe)`.
  template <typename Visit> void visitInput(size_t input, Visit visit) const {
    const TensorSpec &tensor = manifest.inputs[input];
    for (size_t d = 0; d < tensor.dims.size(); ++d)
      if (std::optional<int64_t> known = size(input, d))
        visit(tensor.dims[d], *known, [&, d] { return describe(input, d); });
    for (const ElementSpec &element : tensor.elements) {
      int64_t known = readElement(input, element.index);
      visit(element.value, known, [&, known] { return describeElement(input, element.index, known); });
    }
  }

  bool bindInput(size_t input, bool plain) {
    bool changed = false;
    visitInput(input, [&](const Expr &expr, int64_t known, auto describe) {
      if (expr.asSymbol().has_value() != plain)
        return;
      auto solution = expr.solve(values, known);
      if (!solution)
        return;
      if (solution->second < 0)
        fail(TPRT_INVALID_ARGUMENT, describe(), ", too small: '", manifest.symbols[solution->first], "' would be ",
             solution->second);
      values[solution->first] = solution->second;
      sources[solution->first] = static_cast<int>(input);
      changed = true;
    });
    return changed;
  }

  std::string describe(size_t input, size_t dim) const {
    const TensorSpec &tensor = manifest.inputs[input];
    return concat("input '", tensor.name, "' (", signatureText(manifest, tensor), "): dimension ", dim, " is ",
                  *size(input, dim));
  }

  std::string describeElement(size_t input, int64_t index, int64_t value) const {
    const TensorSpec &tensor = manifest.inputs[input];
    return concat("input '", tensor.name, "' (", signatureText(manifest, tensor), "): element ", index, " is ", value);
  }

  void check(size_t input) const {
    visitInput(input, [&](const Expr &expr, int64_t known, auto describe) {
      int64_t expected = *expr.evaluate(values);
      if (known == expected)
        return;
      std::string because;
      for (size_t s = 0; s < values.size(); ++s) {
        SymbolValues without = values;
        without[s].reset();
        if (sources[s] >= 0 && !expr.evaluate(without))
          because += concat(because.empty() ? " with " : ", ", manifest.symbols[s], " = ", *values[s], " (by input '",
                            manifest.inputs[sources[s]].name, "')");
      }
      fail(TPRT_INVALID_ARGUMENT, describe(), ", need ", expected, because);
    });
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
