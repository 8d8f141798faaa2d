//===- Variants.h - Programs for some sizes ---------------------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A module holds one program. Beside its function there may be variants: other
// functions that compute the same, with the same arguments and results in the
// same layouts and from the same pieces of weights, in another way that is
// better for some sizes (decoding one token, say). A variant names those sizes
// in `tp.when`: the program runs the first variant all of whose expressions are
// zero, and its own function where there is none.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_TP_VARIANTS_H
#define DIALECTS_TP_VARIANTS_H

#include "dialects/Tp/Tp.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace tpo::tp {

/// A `#tp.dims` of a function that is a variant: expressions over the module's
/// symbols, all zero where the variant is to run.
constexpr llvm::StringLiteral kWhenAttr = "tp.when";

inline DimsAttr getWhen(mlir::func::FuncOp function) { return function->getAttrOfType<DimsAttr>(kWhenAttr); }
inline bool isVariant(mlir::func::FuncOp function) { return getWhen(function) != nullptr; }

} // namespace tpo::tp

#endif // DIALECTS_TP_VARIANTS_H
