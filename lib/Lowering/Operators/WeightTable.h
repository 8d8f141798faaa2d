//===- WeightTable.h - The weights of a program -----------------*- C++ -*-===//
//
// Entries of the module's `rt.weights`, each once however often it is used.
//
//===----------------------------------------------------------------------===//

#ifndef TPOPT_LIB_LOWERING_OPERATORS_WEIGHTTABLE_H
#define TPOPT_LIB_LOWERING_OPERATORS_WEIGHTTABLE_H

#include "dialects/Onnx/Onnx.h"
#include "dialects/Rt/Rt.h"
#include "dialects/Tp/Tp.h"
#include "llvm/ADT/MapVector.h"

namespace tpo {

class WeightTable {
public:
  explicit WeightTable(mlir::ModuleOp module) : module(module) {}

  /// Whether `value` is a tp.weight or a Concat of them.
  static bool isWeight(mlir::Value value);

  /// The order in which the dimensions of a weight lie in its file, slowest
  /// first; empty where that is the tensor's own order (or there is no one
  /// order). The stored tensor has dimension order[i] of the weight as its i-th.
  static llvm::SmallVector<int64_t> getStoredOrder(mlir::Value weight);

  /// rt.weight of `weight` with its dimensions in the given order (empty: its
  /// own). Null after an error.
  mlir::Value get(mlir::OpBuilder &builder, mlir::Value weight, llvm::ArrayRef<int64_t> order);

  /// Sets the module attribute `rt.weights`.
  void write();

private:
  mlir::ModuleOp module;
  llvm::MapVector<mlir::Attribute, int64_t> entries;
};

} // namespace tpo

#endif // TPOPT_LIB_LOWERING_OPERATORS_WEIGHTTABLE_H
