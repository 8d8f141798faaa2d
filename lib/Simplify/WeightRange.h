//===- WeightRange.h - Ranges of weights ------------------------*- C++ -*-===//

#ifndef TP_OPT_LIB_SIMPLIFY_WEIGHTRANGE_H
#define TP_OPT_LIB_SIMPLIFY_WEIGHTRANGE_H

#include "dialects/Onnx/Onnx.h"

#include <optional>

namespace tpo::simplify {

/// Takes a range out of a weight: of a tensor in a file, or of what is made of
/// such tensors on the way to a product (Transpose, Cast, DequantizeLinear with
/// its scales and zero points).
class WeightRange {
public:
  /// Elements start, start + 1, ... start + size - 1.
  WeightRange(int64_t start, int64_t size) : start(start), size(size) {}

  /// Whether `weight` comes from files and the range of dimension `dim` is a
  /// range of every tensor in them that it is made of.
  bool existsIn(mlir::Value weight, int64_t dim) const;

  /// That range, which exists.
  mlir::Value take(mlir::OpBuilder &builder, mlir::Value weight,
                   int64_t dim) const;

private:
  struct Part;
  /// What of a scale or zero point belongs to the range; none where blocks
  /// cross its ends.
  std::optional<Part> getPart(onnx::DequantizeLinearOp op,
                              mlir::Value parameter, int64_t dim) const;

  int64_t start, size;
};

} // namespace tpo::simplify

#endif // TP_OPT_LIB_SIMPLIFY_WEIGHTRANGE_H
