//===- TensorTable.h - The ONNX file's tensors in the program ---*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TP_OPT_PLANNING_TENSORTABLE_H
#define TP_OPT_PLANNING_TENSORTABLE_H

#include "dialects/Tp/Tp.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace tpo {

/// A tensor as the ONNX file names it.
struct NamedTensor {
  enum class Kind { Weight, Input, Computed };

  std::string name;
  std::vector<std::string> aliases; ///< What else a user may call it.
  Kind kind = Kind::Computed;
  mlir::RankedTensorType type; ///< In the file.
  std::string node;            ///< That makes it; empty: none, or one without a name of its own.
  /// Of a weight, one per use, in program order: each sees it as a `tp.weight`
  /// of its own, possibly transposed or sliced. Else one value, or none where
  /// compilation left nothing of the tensor.
  llvm::SmallVector<mlir::Value, 1> values;
};

/// All tensors of a function that a user can name: weights, inputs, outputs and
/// results of nodes. Made from the module's `onnx.tensors` where import left
/// them, else from weights' and locations' names.
class TensorTable {
public:
  explicit TensorTable(mlir::func::FuncOp function);

  llvm::ArrayRef<NamedTensor> getTensors() const { return tensors; }
  /// Indices of the tensors of a name, or that match a pattern; an error for a
  /// pattern that is none.
  llvm::Expected<llvm::SmallVector<unsigned>> match(llvm::StringRef pattern, bool isName = false) const;
  /// Names most like `pattern`, as a list for a message: "'a', 'b'".
  std::string getNearest(llvm::StringRef pattern) const;
  /// Tells models apart: the file's, where import left it, else of all names and
  /// types.
  std::string getFingerprint() const;

private:
  unsigned add(llvm::StringRef name, NamedTensor::Kind kind, mlir::RankedTensorType type);
  void addRecorded(mlir::ArrayAttr recorded);
  void addUnrecorded();
  void findValues();

  mlir::func::FuncOp function;
  std::vector<NamedTensor> tensors;
  llvm::StringMap<unsigned> byName;
  /// A node's results: their tensor and number.
  llvm::StringMap<llvm::SmallVector<std::pair<unsigned, unsigned>, 1>> byNode;
};

/// The name of the node that an operation comes from: the first in its location.
llvm::StringRef getNodeName(mlir::Operation *op);
/// The operation for messages: "MatMul 'node_linear'", or its kind alone.
std::string describeNode(mlir::Operation *op);
/// Whether `text` has characters that make it a pattern.
bool isPattern(llvm::StringRef text);

} // namespace tpo

#endif // TP_OPT_PLANNING_TENSORTABLE_H
