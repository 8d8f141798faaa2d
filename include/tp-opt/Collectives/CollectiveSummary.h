//===- CollectiveSummary.h - What a program moves ---------------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The "collectives" section of the report.
//
//===----------------------------------------------------------------------===//

#ifndef TP_OPT_COLLECTIVES_COLLECTIVESUMMARY_H
#define TP_OPT_COLLECTIVES_COLLECTIVESUMMARY_H

#include "dialects/Tp/Tp.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/JSON.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tpo {

/// One collective of a partitioned program. Sizes are those of the rank that
/// holds most, for given values of the symbols.
struct CollectiveEntry {
  std::string kind; ///< "all_reduce", "all_gather", ...
  std::string axis; ///< "tp"; with sub-axes `tp:(1)4`; several joined by ",".
  std::optional<int64_t> layer; ///< The repeated block, if it is in one.
  std::string op; ///< The node that made it necessary; empty if it has no name.
  std::string dtype;
  /// The larger side: the reduced tensor, the gathered result, the input of a
  /// reduce-scatter.
  std::vector<int64_t> shape;
  int64_t bytes = 0; ///< Of that shape.
  /// What the bandwidth-optimal (ring) algorithm sends per rank.
  int64_t wireBytesPerRank = 0;
  /// Modelled time on the mesh's links.
  double microseconds = 0;
};

/// All collectives in `scope` that move data (not tp.slice), in program order.
/// `symbols` are values of `tp.symbols`; what is said about rank coordinates
/// is ignored. Emits an error at a collective whose size they do not give.
mlir::FailureOr<std::vector<CollectiveEntry>>
summarizeCollectives(mlir::Operation *scope, llvm::ArrayRef<int64_t> symbols);

/// The size of a rank's largest piece of the tensor that `op` moves, as
/// `CollectiveEntry::bytes`; none where it depends on an unknown size.
std::optional<int64_t> getCollectiveBytes(tp::CollectiveOpInterface op,
                                          llvm::ArrayRef<int64_t> symbols);

struct CollectiveTotals {
  std::map<std::string, int64_t> counts; ///< By kind.
  int64_t wireBytesPerRank = 0;
};
CollectiveTotals getTotals(llvm::ArrayRef<CollectiveEntry> entries);

/// `"collectives"` and `"totals"` of the report.
llvm::json::Array toJSON(llvm::ArrayRef<CollectiveEntry> entries);
llvm::json::Object toJSON(const CollectiveTotals &totals);

} // namespace tpo

#endif // TP_OPT_COLLECTIVES_COLLECTIVESUMMARY_H
