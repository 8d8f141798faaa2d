//===- Weights.cpp - What is computed from a weight -----------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Sharding/Weights.h"

#include "dialects/Tp/Tp.h"

using namespace mlir;

namespace tpo {

bool isDerivedFromWeight(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (isa<tp::WeightOp>(op))
      return true;
    StringRef name = op->getName().getStringRef();
    if (name != "onnx.Transpose" && name != "onnx.Cast" && name != "onnx.Concat" && name != "onnx.Reshape" &&
        name != "onnx.Identity" && name != "onnx.DequantizeLinear" && name != "onnx.Slice")
      return false;
    value = op->getOperand(0);
  }
  return false;
}

} // namespace tpo
