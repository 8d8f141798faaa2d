//===- RtLowering.h - Context of the lowering to rt -------------*- C++ -*-===//
//
// State shared by the lowerings of single operators to rt operations. Each
// lowering replaces its operator (and those it absorbs); an operator for which
// none applies is left for the kernel former.
//
//===----------------------------------------------------------------------===//

#ifndef TPOPT_LIB_LOWERING_OPERATORS_RTLOWERING_H
#define TPOPT_LIB_LOWERING_OPERATORS_RTLOWERING_H

#include "WeightTable.h"
#include "dialects/Onnx/Onnx.h"
#include "dialects/Rt/Rt.h"
#include "dialects/Tp/Tp.h"

namespace tpo {

/// A value and how its dimensions are stored (see `perms` in RtOps.td).
struct Stored {
  mlir::Value value;
  llvm::SmallVector<int64_t> perm;
};

class RtLowering {
public:
  RtLowering(mlir::ModuleOp module, mlir::OpBuilder &builder)
      : module(module), builder(builder), weights(module) {}

  /// The operators, in program order. Each succeeds without a change where it
  /// does not apply, and fails after a diagnostic.
  mlir::LogicalResult lowerMatMul(onnx::MatMulOp op);
  mlir::LogicalResult lowerGemm(onnx::GemmOp op);
  mlir::LogicalResult lowerAttention(onnx::AttentionOp op);
  mlir::LogicalResult lowerGather(onnx::GatherOp op);
  mlir::LogicalResult lowerScatterElements(onnx::ScatterElementsOp op);
  mlir::LogicalResult lowerScatterND(onnx::ScatterNDOp op);
  mlir::LogicalResult lowerTopK(onnx::TopKOp op);
  mlir::LogicalResult lowerConcat(onnx::ConcatOp op);
  /// Reshape, Flatten, Squeeze, Unsqueeze: `source` in the result's shape.
  mlir::LogicalResult lowerReshape(mlir::Operation *op, mlir::Value source);
  /// A collective of the tp dialect; others are left alone.
  mlir::LogicalResult lowerCollective(mlir::Operation *op);

  /// `value` as an operand of an rt operation: transposes are looked through,
  /// weights come in the order in which they are stored.
  Stored getStored(mlir::Value value);
  /// `value` in its own order: weights become rt.weight.
  mlir::Value getPlain(mlir::Value value);
  /// Replaces what is left of tp.weight and of their concatenations.
  mlir::LogicalResult lowerRemainingWeights();

  WeightTable &getWeights() { return weights; }
  /// The id of a group table: the partition of all ranks into member lists.
  int64_t getGroup(llvm::ArrayRef<llvm::SmallVector<int64_t>> members);
  /// Writes the tables to the module.
  void finish();

  /// The destination of a result that one Transpose alone may read, stored as
  /// that Transpose wants it.
  struct Destination {
    mlir::Value empty;
    llvm::SmallVector<int64_t> perm;
    mlir::Value replaced; // the value that the operation's result replaces
  };
  mlir::FailureOr<Destination> createDestination(mlir::Location loc, mlir::Value result);

  /// The value of an attribute of one size expression (`#tp.dims`); null where
  /// `op` does not have it.
  mlir::Value materializeAttr(mlir::Operation *op, llvm::StringRef name);
  /// Marks an rt operation with the operator it implements.
  void annotate(mlir::Operation *rtOp, mlir::Operation *source);
  /// The attribute of these permutations, null when all are identities.
  mlir::ArrayAttr makePerms(llvm::ArrayRef<llvm::ArrayRef<int64_t>> perms);

  mlir::ModuleOp module;
  mlir::OpBuilder &builder;

private:
  WeightTable weights;
  llvm::SmallVector<mlir::Attribute> groups;
};

/// The onnx name of an operation: `onnx.MatMul` -> `MatMul`.
llvm::StringRef getOperatorName(mlir::Operation *op);

/// Whether the Gather picks a matrix per row for a product that kernels compute.
bool isExpertGather(onnx::GatherOp op);

/// The inverse permutation, empty for empty.
llvm::SmallVector<int64_t> invertPerm(llvm::ArrayRef<int64_t> perm);

/// The permutation of a Transpose (ONNX's default reverses).
llvm::SmallVector<int64_t> getTransposePerm(onnx::TransposeOp op);

} // namespace tpo

#endif // TPOPT_LIB_LOWERING_OPERATORS_RTLOWERING_H
