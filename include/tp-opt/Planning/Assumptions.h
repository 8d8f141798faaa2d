//===- Assumptions.h - Sizes to plan for ------------------------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TP_OPT_PLANNING_ASSUMPTIONS_H
#define TP_OPT_PLANNING_ASSUMPTIONS_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"

#include <string>

namespace tpo {

/// Values of the module's symbols that plans and reports are made for. By
/// default a batch of 1, 512 new tokens and an empty cache (recognised by the
/// names that exporters give); rank coordinates are 0.
class Assumptions {
public:
  /// Parses "name=value" entries; fails with a message at the module for a
  /// malformed one. Names that the module does not have are ignored with a
  /// remark, since the same command serves several models.
  static mlir::FailureOr<Assumptions> parse(llvm::ArrayRef<std::string> entries, mlir::Location loc);

  /// One value per entry of `tp.symbols`.
  llvm::SmallVector<int64_t> getPrefill(mlir::ModuleOp module) const;
  /// The same for one new token after a cache of the prefill's length.
  llvm::SmallVector<int64_t> getDecode(mlir::ModuleOp module) const;

private:
  int64_t getValue(llvm::StringRef symbol) const;
  llvm::StringMap<int64_t> given;
};

/// What a symbol counts, by the words in its name.
enum class SymbolMeaning { Batch, Sequence, Past, Total, Coordinate, Unknown };
SymbolMeaning getMeaning(llvm::StringRef symbol);

} // namespace tpo

#endif // TP_OPT_PLANNING_ASSUMPTIONS_H
