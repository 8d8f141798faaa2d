//===- Data.h - Values for operators, and their comparison ------*- C++ -*-===//

#ifndef TPOPT_TEST_RULES_DATA_H
#define TPOPT_TEST_RULES_DATA_H

#include "RunProgram.h"

#include "dialects/Tp/Tp.h"

#include "mlir/IR/BuiltinTypes.h"

#include <optional>
#include <random>

namespace tpo::test {

using Values = std::vector<double>;

/// Integers in [low, high], whatever the element type: sums of them are exact
/// in any order.
Values makeValues(int64_t count, int64_t low, int64_t high, std::mt19937 &random);

/// `terms` arrays, one behind the other, that `kind` reduces to `values`.
Values makeTerms(const Values &values, int64_t terms, tp::ReductionKind kind, std::mt19937 &random);

/// The bytes of `values` as elements of `type`.
std::string encode(const Values &values, mlir::Type type);
Values decode(llvm::StringRef bytes, mlir::Type type);

/// Says where `actual` is not `expected` up to what another order of rounding
/// explains; nothing where it is.
std::optional<std::string> compare(const Values &expected, const Values &actual, mlir::Type type);

} // namespace tpo::test

#endif // TPOPT_TEST_RULES_DATA_H
