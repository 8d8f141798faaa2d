//===- Regions.h - Layouts across region boundaries -------------*- C++ -*-===//
//
// scf.for and scf.if are transparent: what is in their regions is laid out and
// partitioned like the operations around them, and the tensors that they carry
// over a boundary have one layout on both sides. All other regions are opaque:
// they are cloned as they are, so what they use from outside must be whole.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_TP_REGIONS_H
#define DIALECTS_TP_REGIONS_H

#include "dialects/Tp/Tp.h"

namespace tpo::tp {

/// Whether the regions of `op` are transparent: scf.for, scf.if.
bool isTransparent(mlir::Operation *op);

/// A tensor that a transparent operation carries. All of them have one layout.
struct CarriedTensor {
  /// The initial and the yielded value of a loop, what both branches yield.
  llvm::SmallVector<mlir::OpOperand *, 2> sources;
  /// The result, then the argument of a loop's body.
  llvm::SmallVector<mlir::Value, 2> values;
};
llvm::SmallVector<CarriedTensor> getCarriedTensors(mlir::Operation *op);

/// The result of a loop that the argument of its body becomes; null for any
/// other argument.
mlir::Value getCarriedResult(mlir::BlockArgument argument);

/// Visits the operations of `block` and of transparent regions in it, in order,
/// an operation before what is in it.
void forEachTransparent(mlir::Block &block, llvm::function_ref<void(mlir::Operation &)> visit);

/// The operands inside of the regions of `op` that are tensors from outside.
llvm::SmallVector<mlir::OpOperand *> getCapturedTensors(mlir::Operation *op);

} // namespace tpo::tp

#endif // DIALECTS_TP_REGIONS_H
