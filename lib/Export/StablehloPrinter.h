//===- StablehloPrinter.h - StableHLO as text -------------------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TPOPT_LIB_EXPORT_STABLEHLOPRINTER_H
#define TPOPT_LIB_EXPORT_STABLEHLOPRINTER_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseMap.h"

namespace tpo {

/// A tensor of the printed program.
struct HloTensor {
  std::string name;
  mlir::RankedTensorType type;

  int64_t getRank() const { return type.getRank(); }
  llvm::ArrayRef<int64_t> getShape() const { return type.getShape(); }
};

/// Collects operations in generic form. StableHLO is not linked, so this is
/// text; types and attributes are builtin ones.
class StablehloPrinter {
public:
  explicit StablehloPrinter(mlir::MLIRContext *context) : builder(context) {}

  HloTensor emit(llvm::StringRef op, llvm::ArrayRef<HloTensor> operands, mlir::RankedTensorType type,
                 const llvm::Twine &attributes = "", llvm::StringRef region = "");

  /// Every element the same number.
  HloTensor splat(double value, mlir::RankedTensorType type);
  /// Operand dimension i becomes result dimension dims[i]; size 1 repeats.
  HloTensor broadcast(const HloTensor &x, llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> dims);
  /// Right-aligned, as ONNX broadcasts.
  HloTensor broadcast(const HloTensor &x, llvm::ArrayRef<int64_t> shape);
  HloTensor unary(llvm::StringRef op, const HloTensor &x);
  HloTensor binary(llvm::StringRef op, const HloTensor &a, const HloTensor &b);
  HloTensor binary(llvm::StringRef op, const HloTensor &a, double b);
  HloTensor reshape(const HloTensor &x, llvm::ArrayRef<int64_t> shape);
  HloTensor transpose(const HloTensor &x, llvm::ArrayRef<int64_t> permutation);
  /// Elements [begin, end) of dimension `dim`.
  HloTensor slice(const HloTensor &x, int64_t dim, int64_t begin, int64_t end);
  HloTensor concatenate(llvm::ArrayRef<HloTensor> inputs, int64_t dim, mlir::RankedTensorType type);
  /// Reduces dimension `dim`, which stays with size 1; `op` is add or maximum.
  HloTensor reduce(llvm::StringRef op, const HloTensor &x, int64_t dim);
  HloTensor softmax(const HloTensor &x, int64_t dim);
  /// Batch dimensions first, then the rest of `a`, then the rest of `b`.
  HloTensor dot(const HloTensor &a, const HloTensor &b, llvm::ArrayRef<int64_t> batchA, llvm::ArrayRef<int64_t> batchB,
                int64_t contractA, int64_t contractB);

  /// The operation that makes `x`, if it was emitted after `mark`, gets a
  /// further attribute.
  size_t mark() const { return lines.size(); }
  void annotate(const HloTensor &x, size_t mark, llvm::StringRef attribute);
  /// Operations emitted from here on have this location.
  void setLocation(llvm::StringRef name) { location = name.str(); }

  void print(llvm::raw_ostream &os) const;

private:
  struct Line {
    std::string result, head, attributes, tail;
  };

  mlir::Builder builder;
  std::vector<Line> lines;
  std::string location;
  unsigned next = 0;
};

/// The type as other projects read it: no encoding.
mlir::RankedTensorType getPlainType(mlir::Type type);
std::string toString(mlir::Type type);

/// From values of a module to printed tensors; none for `onnx.NoValue`.
using HloValues = llvm::DenseMap<mlir::Value, HloTensor>;

/// Prints one operation and enters its results into `values`; emits an error
/// for what has no form here.
mlir::LogicalResult printOperator(StablehloPrinter &printer, mlir::Operation *op, HloValues &values);

} // namespace tpo

#endif // TPOPT_LIB_EXPORT_STABLEHLOPRINTER_H
