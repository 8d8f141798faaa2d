//===- GraphBuilder.h - Writing graphs of onnx operators --------*- C++ -*-===//
//
// What decompositions need: every call makes one operator (constants included)
// and computes its result type from symbolic sizes. All sizes of the operands
// are known; a broadcast takes the size that is not 1.
//
//===----------------------------------------------------------------------===//

#ifndef TPOPT_DIALECTS_ONNX_GRAPHBUILDER_H
#define TPOPT_DIALECTS_ONNX_GRAPHBUILDER_H

#include "dialects/Onnx/Onnx.h"

namespace tpo::onnx {

class GraphBuilder {
public:
  using Dims = llvm::SmallVector<mlir::AffineExpr>;
  using Attrs = llvm::ArrayRef<mlir::NamedAttribute>;

  GraphBuilder(mlir::OpBuilder &builder, mlir::Location loc) : b(builder), loc(loc) {}

  mlir::OpBuilder &builder() { return b; }
  mlir::Location location() const { return loc; }

  static Dims dims(mlir::Value value);
  static int64_t rank(mlir::Value value);
  static mlir::Type elementType(mlir::Value value);
  /// Whether all sizes of a ranked tensor are known.
  static bool hasKnownDims(mlir::Value value);

  mlir::AffineExpr size(int64_t value) { return b.getAffineConstantExpr(value); }

  //===--- Constants ------------------------------------------------------===//

  mlir::Value none() { return NoValueOp::create(b, loc); }
  /// A vector of integers (i64).
  mlir::Value ints(llvm::ArrayRef<mlir::AffineExpr> values);
  mlir::Value ints(llvm::ArrayRef<int64_t> values);
  /// A scalar (rank 0) of a float or integer type.
  mlir::Value scalar(double value, mlir::Type elementType);
  /// A size as a scalar of the integer type.
  mlir::Value sizeScalar(mlir::AffineExpr value, mlir::Type elementType);
  /// 0, 1, ... count - 1.
  mlir::Value range(mlir::AffineExpr count, mlir::Type elementType);
  /// A tensor of one value.
  mlir::Value filled(double value, llvm::ArrayRef<mlir::AffineExpr> dims, mlir::Type elementType);

  //===--- Movement -------------------------------------------------------===//

  mlir::Value reshape(mlir::Value value, llvm::ArrayRef<mlir::AffineExpr> dims);
  mlir::Value transpose(mlir::Value value, llvm::ArrayRef<int64_t> perm);
  mlir::Value expand(mlir::Value value, llvm::ArrayRef<mlir::AffineExpr> dims);
  mlir::Value slice(mlir::Value value, int64_t axis, mlir::AffineExpr start, mlir::AffineExpr size);
  mlir::Value slice(mlir::Value value, int64_t axis, int64_t start, int64_t extent) {
    return slice(value, axis, size(start), size(extent));
  }
  mlir::Value concat(mlir::ValueRange values, int64_t axis);
  mlir::Value gather(mlir::Value data, mlir::Value indices, int64_t axis);
  mlir::Value gatherElements(mlir::Value data, mlir::Value indices, int64_t axis);
  /// Leading sizes of one up to `rank` dimensions.
  mlir::Value withRank(mlir::Value value, int64_t rank);

  //===--- Arithmetic -----------------------------------------------------===//

  mlir::Value convert(mlir::Value value, mlir::Type elementType);
  /// Elementwise with numpy broadcasting; the element type is the first
  /// operand's, or the one given.
  template <typename OpT>
  mlir::Value map(mlir::ValueRange operands, mlir::Type resultElement = {}, Attrs attributes = {}) {
    mlir::Type element = resultElement ? resultElement : elementType(operands.front());
    mlir::Type type = tp::makeTensorType(broadcast(operands), element);
    return OpT::create(b, loc, mlir::TypeRange{type}, operands, attributes)->getResult(0);
  }
  /// A comparison.
  template <typename OpT> mlir::Value compare(mlir::Value lhs, mlir::Value rhs) {
    return map<OpT>({lhs, rhs}, b.getI1Type());
  }
  mlir::Value where(mlir::Value condition, mlir::Value yes, mlir::Value no) {
    return map<WhereOp>({condition, yes, no}, elementType(yes));
  }
  /// value op constant.
  template <typename OpT> mlir::Value withScalar(mlir::Value value, double constant) {
    return map<OpT>({value, scalar(constant, elementType(value))});
  }
  mlir::Value matmul(mlir::Value lhs, mlir::Value rhs);
  mlir::Value softmax(mlir::Value value, int64_t axis);
  /// A Reduce* operator over `axes`, which stay as sizes of one.
  template <typename OpT> mlir::Value reduce(mlir::Value value, llvm::ArrayRef<int64_t> axes) {
    Dims sizes = dims(value);
    for (int64_t axis : axes)
      sizes[axis] = size(1);
    mlir::Type type = tp::makeTensorType(sizes, elementType(value));
    return OpT::create(b, loc, mlir::TypeRange{type}, mlir::ValueRange{value, ints(axes)})->getResult(0);
  }

  //===--- Attributes -----------------------------------------------------===//

  mlir::NamedAttribute intAttr(llvm::StringRef name, int64_t value);
  mlir::NamedAttribute floatAttr(llvm::StringRef name, double value);

  Dims broadcast(mlir::ValueRange operands);

private:
  mlir::OpBuilder &b;
  mlir::Location loc;
};

/// The number ONNX gives an element type (TensorProto.DataType); none for a
/// type that it does not have.
std::optional<int64_t> getDataType(mlir::Type elementType);

} // namespace tpo::onnx

#endif // TPOPT_DIALECTS_ONNX_GRAPHBUILDER_H
