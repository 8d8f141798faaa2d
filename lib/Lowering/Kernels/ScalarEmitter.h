//===- ScalarEmitter.h - Tensor operators as scalar code --------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A kernel computes one tensor by one loop nest. Its body is written by pulling:
// the element of the root at the loop indices asks for the elements of its
// operands that it needs, and so on until the kernel's inputs. Every operator is
// a function from result indices to a scalar, so element-wise operators,
// broadcasting, slicing, transposition, concatenation, gathering and reductions
// fuse in any combination (the approach of TorchInductor's and Halide's inlined
// definitions).
//
//===----------------------------------------------------------------------===//

#ifndef TPOPT_LIB_LOWERING_KERNELS_SCALAREMITTER_H
#define TPOPT_LIB_LOWERING_KERNELS_SCALAREMITTER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"

#include <map>
#include <vector>

namespace tpo::kernels {

class ScalarEmitter;

/// The element of result `result` of `op` at `indices` (one index value per
/// dimension) in the compute type; null after an error at the operator.
using EmitFn = mlir::Value (*)(ScalarEmitter &emitter, mlir::Operation *op, unsigned result,
                               mlir::ValueRange indices);

/// How the operator called `name` (without the dialect prefix) is emitted; null
/// when kernels cannot contain it.
EmitFn lookupEmitter(llvm::StringRef name);
void registerElementwise(llvm::StringMap<EmitFn> &table);
void registerDataMovement(llvm::StringMap<EmitFn> &table);
void registerReductions(llvm::StringMap<EmitFn> &table);
void registerConvolution(llvm::StringMap<EmitFn> &table);
void registerPooling(llvm::StringMap<EmitFn> &table);
void registerResize(llvm::StringMap<EmitFn> &table);
void registerSampling(llvm::StringMap<EmitFn> &table);
void registerSignal(llvm::StringMap<EmitFn> &table);
void registerSpatialMovement(llvm::StringMap<EmitFn> &table);
void registerEinsum(llvm::StringMap<EmitFn> &table);
void registerActivations(llvm::StringMap<EmitFn> &table);
void registerSelection(llvm::StringMap<EmitFn> &table);
void registerConversions(llvm::StringMap<EmitFn> &table);

/// The type in which kernels compute on elements of `type`: f32 for f16 and
/// bf16; signless integers, of 8 bits where `type` has less (but i1). Floats of
/// 8 bits or less stay patterns, i8: see Conversions.h.
mlir::Type getComputeType(mlir::Type type);

/// The element type of a kernel's tensor arguments: one signless element in
/// whole bytes, as `tprt_dtype` says.
mlir::Type getMemoryType(mlir::Type type);

/// Writes the body of one kernel. Inputs become arguments on first use.
class ScalarEmitter {
public:
  /// `entry` is the kernel's block: arguments are appended to it in order of
  /// first use; `isInlined` tells which operators belong to the kernel.
  ScalarEmitter(mlir::OpBuilder &builder, mlir::Location loc, mlir::Block *entry,
                llvm::function_ref<bool(mlir::Operation *)> isInlined)
      : b(builder), loc(loc), entry(entry), isInlined(isInlined) {}

  /// The element of `value` at `indices` in its compute type.
  mlir::Value element(mlir::Value value, mlir::ValueRange indices);
  /// The same where `value` broadcasts (numpy) to a tensor indexed by `indices`.
  mlir::Value broadcastElement(mlir::Value value, mlir::ValueRange indices);
  /// The element of `op`'s result, computed even if it is not inlined elsewhere.
  mlir::Value compute(mlir::Operation *op, unsigned result, mlir::ValueRange indices);

  /// Size of dimension `dim` as an index value; null after an error.
  mlir::Value size(mlir::Value tensor, unsigned dim);
  /// The value of a size expression; equal expressions are computed once.
  mlir::Value materialize(mlir::AffineExpr expr);
  mlir::Value index(int64_t value);
  mlir::Value add(mlir::Value lhs, mlir::Value rhs);
  mlir::Value sub(mlir::Value lhs, mlir::Value rhs);
  mlir::Value mul(mlir::Value lhs, mlir::Value rhs);
  /// A constant of compute type `type`.
  mlir::Value constant(mlir::Type type, double value);
  /// lhs < rhs, signed.
  mlir::Value less(mlir::Value lhs, mlir::Value rhs);

  /// condition ? then() : otherwise(), evaluating one of them.
  mlir::Value choose(mlir::Value condition, mlir::Type type, llvm::function_ref<mlir::Value()> then,
                     llvm::function_ref<mlir::Value()> otherwise);
  /// Folds `step(acc, i)` over i in [0, count).
  llvm::SmallVector<mlir::Value>
  reduce(mlir::Value count, mlir::ValueRange init,
         llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::ValueRange, mlir::Value)> step);

  /// `element` of the integer tensor `indices` as a position along dimension
  /// `dim` of `data`: negative values count from the end. A value out of range
  /// fails the run at `op`; the result is clamped, so that no access leaves the
  /// tensor. Null after an error.
  mlir::Value wrapIndex(mlir::Operation *op, mlir::Value indices, mlir::Value element, mlir::Value data, unsigned dim);
  /// Fails the run at `op` unless `condition` holds, saying that `got` is beyond
  /// `limit` (index values).
  void check(mlir::Operation *op, mlir::Value condition, mlir::Value got, mlir::Value limit);
  /// The operators that check something, in the order of their sites.
  llvm::ArrayRef<mlir::Operation *> getCheckSites() const { return checkSites; }

  mlir::Type computeTypeOf(mlir::Value tensor);
  mlir::OpBuilder &builder() { return b; }
  mlir::Location location() const { return loc; }
  void setLocation(mlir::Location location) { loc = location; }

  /// External tensors in the order of their arguments.
  llvm::ArrayRef<mlir::Value> getInputs() const { return inputs; }
  llvm::ArrayRef<mlir::BlockArgument> getInputArguments() const { return inputArguments; }
  /// Module symbols in the order of their arguments.
  llvm::ArrayRef<unsigned> getSymbols() const { return symbols; }
  llvm::ArrayRef<mlir::BlockArgument> getSymbolArguments() const { return symbolArguments; }

  /// Reports at `op` that kernels cannot express it; returns null.
  static mlir::Value unsupported(mlir::Operation *op, const llvm::Twine &why);

private:
  using Key = std::pair<void *, std::vector<void *>>;
  mlir::BlockArgument inputArgument(mlir::Value value);
  mlir::Value symbol(unsigned index);

  mlir::OpBuilder &b;
  mlir::Location loc;
  mlir::Block *entry;
  llvm::function_ref<bool(mlir::Operation *)> isInlined;
  llvm::SmallVector<mlir::Value> inputs;
  llvm::SmallVector<mlir::BlockArgument> inputArguments;
  llvm::SmallVector<unsigned> symbols;
  llvm::SmallVector<mlir::BlockArgument> symbolArguments;
  llvm::SmallVector<mlir::Operation *> checkSites;
  std::map<int64_t, mlir::Value> indexConstants;
  llvm::DenseMap<mlir::AffineExpr, mlir::Value> materialized;
  /// Known elements, innermost region last: a value computed in a nested region
  /// is not visible outside of it.
  std::vector<std::map<Key, mlir::Value>> scopes = std::vector<std::map<Key, mlir::Value>>(1);
};

/// Whether every element of the integer tensor `indices` is in [-extent,
/// extent), from what computes it (constants, ranges and what moves them).
bool isProvablyInRange(mlir::Value indices, mlir::AffineExpr extent);

/// The integers of a constant operand (onnx.Constant); none when `value` is
/// something else.
std::optional<llvm::SmallVector<int64_t>> getConstantInts(mlir::Value value);
/// The sizes of a constant or symbolic operand, null where neither.
std::optional<llvm::SmallVector<mlir::AffineExpr>> getSizeExprs(mlir::Value value);
/// The signed integer attribute `name`, or `otherwise`.
int64_t getInt(mlir::Operation *op, llvm::StringRef name, int64_t otherwise);
double getFloat(mlir::Operation *op, llvm::StringRef name, double otherwise);
llvm::StringRef getString(mlir::Operation *op, llvm::StringRef name, llvm::StringRef otherwise);
/// An array attribute of integers; none where absent.
std::optional<llvm::SmallVector<int64_t>> getInts(mlir::Operation *op, llvm::StringRef name);
/// `axis` counted from the front.
inline int64_t normalizeAxis(int64_t axis, int64_t rank) { return axis < 0 ? axis + rank : axis; }
/// Whether operand `i` is there (not absent and not onnx.NoValue).
bool hasOperand(mlir::Operation *op, unsigned i);
/// The operator's name without its dialect.
llvm::StringRef getOpName(mlir::Operation *op);

} // namespace tpo::kernels

#endif // TPOPT_LIB_LOWERING_KERNELS_SCALAREMITTER_H
