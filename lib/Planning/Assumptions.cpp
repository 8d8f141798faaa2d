//===- Assumptions.cpp - Sizes to plan for --------------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Planning/Assumptions.h"

#include "dialects/Tp/Tp.h"

using namespace mlir;

namespace tpo {

SymbolMeaning getMeaning(StringRef symbol) {
  if (symbol.starts_with("%"))
    return SymbolMeaning::Coordinate;
  std::string name = symbol.lower();
  auto has = [&](StringRef word) { return StringRef(name).contains(word); };
  if (has("total") || (has("past") && (has("+") || has("plus"))))
    return SymbolMeaning::Total;
  if (has("past") || has("cache"))
    return SymbolMeaning::Past;
  if (has("batch"))
    return SymbolMeaning::Batch;
  if (has("seq") || has("len") || has("token"))
    return SymbolMeaning::Sequence;
  return SymbolMeaning::Unknown;
}

FailureOr<Assumptions> Assumptions::parse(ArrayRef<std::string> entries, Location loc) {
  Assumptions result;
  for (StringRef entry : entries) {
    auto [name, text] = entry.rsplit('=');
    int64_t value;
    if (name.empty() || text.getAsInteger(10, value) || value < 0)
      return emitError(loc) << "--assume: '" << entry << "' is not NAME=SIZE with a size of at least 0";
    result.given[name] = value;
  }
  return result;
}

int64_t Assumptions::getValue(StringRef symbol) const {
  if (auto found = given.find(symbol); found != given.end())
    return found->second;
  auto defaults = [&](StringRef name, int64_t otherwise) {
    auto found = given.find(name);
    return found == given.end() ? otherwise : found->second;
  };
  int64_t batch = defaults("batch", 1), sequence = defaults("seq", 512), past = defaults("past", 0);
  switch (getMeaning(symbol)) {
  case SymbolMeaning::Coordinate:
    return 0;
  case SymbolMeaning::Batch:
    return batch;
  case SymbolMeaning::Past:
    return past;
  case SymbolMeaning::Sequence:
    return sequence;
  case SymbolMeaning::Total:
    return sequence + past;
  case SymbolMeaning::Unknown:
    return 1;
  }
  return 1;
}

SmallVector<int64_t> Assumptions::getPrefill(ModuleOp module) const {
  SmallVector<int64_t> values;
  for (StringRef symbol : tp::getSymbolNames(module))
    values.push_back(getValue(symbol));
  return values;
}

SmallVector<int64_t> Assumptions::getDecode(ModuleOp module) const {
  SmallVector<int64_t> values;
  for (StringRef symbol : tp::getSymbolNames(module)) {
    int64_t value = getValue(symbol);
    SymbolMeaning meaning = getMeaning(symbol);
    if (meaning == SymbolMeaning::Sequence)
      value = std::min<int64_t>(value, 1);
    else if (meaning == SymbolMeaning::Past)
      value = std::max<int64_t>(value, getValue("seq"));
    values.push_back(value);
  }
  return values;
}

} // namespace tpo
