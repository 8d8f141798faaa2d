//===- Conversions.h - Conversions of element types in kernels --*- C++ -*-===//

#ifndef TPOPT_LIB_LOWERING_KERNELS_CONVERSIONS_H
#define TPOPT_LIB_LOWERING_KERNELS_CONVERSIONS_H

#include "ScalarEmitter.h"

namespace tpo::kernels {

/// A float of 8 bits or less, which kernels keep as its bit pattern.
bool isNarrowFloat(mlir::Type type);

/// Attributes of ONNX's Cast; they concern 8-bit floats alone.
struct CastOptions {
  bool saturate = true;
  llvm::StringRef roundMode = "up"; ///< To f8E8M0FNU: up, down or nearest.
};

/// `x`, an element of `fromType` in its compute type, as an element of `toType`
/// in that one's compute type, by the rules of ONNX's Cast.
mlir::Value castScalar(ScalarEmitter &e, mlir::Value x, mlir::Type fromType, mlir::Type toType,
                       const CastOptions &options);

} // namespace tpo::kernels

#endif // TPOPT_LIB_LOWERING_KERNELS_CONVERSIONS_H
