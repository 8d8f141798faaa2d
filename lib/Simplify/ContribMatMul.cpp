//===- ContribMatMul.cpp - Fused products and additions -------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Contrib.h"

#include "llvm/ADT/StringSwitch.h"

#include <numeric>

using namespace mlir;
using namespace tpo;
using namespace tpo::simplify;
using namespace tpo::simplify::contrib;

namespace {

Value scaled(GraphBuilder &g, Value value, double factor) {
  return factor == 1 ? value : g.withScalar<onnx::MulOp>(value, factor);
}

/// An operand of FusedMatMul: `batch` moves its first dimension behind the other
/// leading ones, `transpose` exchanges the last two of the result.
Value turned(GraphBuilder &g, Value value, bool transpose, bool batch) {
  int64_t rank = GraphBuilder::rank(value);
  SmallVector<int64_t> perm(rank);
  std::iota(perm.begin(), perm.end(), 0);
  if (batch && rank > 2)
    std::rotate(perm.begin(), perm.begin() + 1, perm.end() - 1);
  if (transpose && rank > 1)
    std::swap(perm[rank - 1], perm[rank - 2]);
  return llvm::is_sorted(perm) ? value : g.transpose(value, perm);
}

LogicalResult rewriteFusedMatMul(Operation *op, GraphBuilder &g) {
  Value a = turned(g, op->getOperand(0), getInt(op, "transA", 0), getInt(op, "transBatchA", 0));
  Value b = turned(g, op->getOperand(1), getInt(op, "transB", 0), getInt(op, "transBatchB", 0));
  if (GraphBuilder::rank(a) < 2 || GraphBuilder::rank(b) < 2)
    return op->emitError("FusedMatMul of a vector is not supported");
  replaceResult(op, 0, scaled(g, g.matmul(a, b), getFloat(op, "alpha", 1)));
  return success();
}

Value gelu(GraphBuilder &g, Value x, StringRef approximate) {
  return g.map<onnx::GeluOp>({x}, {}, g.builder().getNamedAttr("approximate", g.builder().getStringAttr(approximate)));
}

/// The activation of FusedGemm; null for an unknown one.
Value activated(GraphBuilder &g, Operation *op, Value x) {
  StringRef name = getString(op, "activation", "");
  auto alpha = [&](double otherwise) { return g.floatAttr("alpha", getFloat(op, "activation_alpha", otherwise)); };
  auto beta = [&](double otherwise) { return g.floatAttr("beta", getFloat(op, "activation_beta", otherwise)); };
  if (name.empty())
    return x;
  if (name == "Relu")
    return g.map<onnx::ReluOp>({x});
  if (name == "Tanh")
    return g.map<onnx::TanhOp>({x});
  if (name == "Sigmoid")
    return g.map<onnx::SigmoidOp>({x});
  if (name == "Softplus")
    return g.map<onnx::SoftplusOp>({x});
  if (name == "Softsign")
    return g.map<onnx::SoftsignOp>({x});
  if (name == "LeakyRelu")
    return g.map<onnx::LeakyReluOp>({x}, {}, alpha(0.01));
  if (name == "Elu")
    return g.map<onnx::EluOp>({x}, {}, alpha(1));
  if (name == "HardSigmoid")
    return g.map<onnx::HardSigmoidOp>({x}, {}, {alpha(0.2), beta(0.5)});
  return {};
}

LogicalResult rewriteFusedGemm(Operation *op, GraphBuilder &g) {
  Value a = turned(g, op->getOperand(0), getInt(op, "transA", 0), false);
  Value b = turned(g, op->getOperand(1), getInt(op, "transB", 0), false);
  Value y = scaled(g, g.matmul(a, b), getFloat(op, "alpha", 1));
  double beta = getFloat(op, "beta", 1);
  if (Value c = getOperand(op, 2); c && beta != 0)
    y = g.map<onnx::AddOp>({y, scaled(g, c, beta)});
  y = activated(g, op, y);
  if (!y)
    return op->emitError() << "FusedGemm with activation '" << getString(op, "activation", "") << "' is not supported";
  replaceResult(op, 0, y);
  return success();
}

LogicalResult rewriteGemmFastGelu(Operation *op, GraphBuilder &g) {
  Value y = g.matmul(op->getOperand(0), op->getOperand(1));
  if (Value bias = getOperand(op, 2))
    y = g.map<onnx::AddOp>({y, bias});
  replaceResult(op, 0, gelu(g, y, "tanh"));
  return success();
}

LogicalResult rewriteBiasAdd(Operation *op, GraphBuilder &g) {
  Value y = g.map<onnx::AddOp>({op->getOperand(0), op->getOperand(1)});
  replaceResult(op, 0, g.map<onnx::AddOp>({y, op->getOperand(2)}));
  return success();
}

} // namespace

void contrib::addMatMulRewrites(Rewrites &rewrites) {
  rewrites["FusedMatMul"] = rewriteFusedMatMul;
  rewrites["FusedGemm"] = rewriteFusedGemm;
  rewrites["GemmFastGelu"] = rewriteGemmFastGelu;
  rewrites["BiasAdd"] = rewriteBiasAdd;
}
