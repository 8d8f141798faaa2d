//===- ShapeOperand.cpp - Operands that are sizes -------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Partition/ShapeOperand.h"
#include "dialects/Onnx/Onnx.h"

using namespace mlir;

namespace tpo {

Value createIntegers(OpBuilder &builder, Location loc,
                     ArrayRef<AffineExpr> values) {
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())},
                                    builder.getI64Type());
  SmallVector<int64_t> constants;
  SmallVector<AffineExpr> exprs;
  for (AffineExpr expr : values) {
    assert(expr && "size must be known");
    exprs.push_back(tp::simplify(expr));
    if (std::optional<int64_t> value = tp::getConst(exprs.back()))
      constants.push_back(*value);
  }
  if (constants.size() == values.size())
    return onnx::ConstantOp::create(builder, loc,
                                    DenseIntElementsAttr::get(type, constants));
  return onnx::SymbolicConstantOp::create(
      builder, loc, type, tp::DimsAttr::get(builder.getContext(), exprs));
}

} // namespace tpo
