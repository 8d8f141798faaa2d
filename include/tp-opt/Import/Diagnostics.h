//===- Diagnostics.h - Errors about an ONNX model --------------*- C++ -*-===//
//
// Locations of imported operations, and how diagnostics at them are printed:
//   model.onnx: node '/model/layers.0/attn/MatMul' (MatMul): error: ...
//
//===----------------------------------------------------------------------===//

#ifndef TPOPT_IMPORT_DIAGNOSTICS_H
#define TPOPT_IMPORT_DIAGNOSTICS_H

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Location.h"
#include "llvm/Support/raw_ostream.h"

#include <string>

namespace tpo {

/// The location of a node: fused<"MatMul">["node name", "module.scope"].
mlir::Location getNodeLocation(mlir::MLIRContext *context, llvm::StringRef name,
                               llvm::StringRef opType, llvm::StringRef scope);

/// `node 'name' (MatMul)`; a file's name for locations in files; empty where
/// there is nothing to say.
std::string describeLocation(mlir::Location loc);

/// Prints diagnostics of its context about the model `file`, in the form
/// above, while it lives.
class OnnxDiagnosticHandler : public mlir::ScopedDiagnosticHandler {
public:
  OnnxDiagnosticHandler(mlir::MLIRContext *context, llvm::StringRef file,
                        llvm::raw_ostream &os = llvm::errs());
};

} // namespace tpo

#endif // TPOPT_IMPORT_DIAGNOSTICS_H
