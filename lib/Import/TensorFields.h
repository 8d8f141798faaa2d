//===- TensorFields.h - Typed fields of TensorProto ------------*- C++ -*-===//

#ifndef TPOPT_LIB_IMPORT_TENSORFIELDS_H
#define TPOPT_LIB_IMPORT_TENSORFIELDS_H

#include "llvm/Support/Error.h"

#include <string>

#include "onnx/onnx_pb.h"

namespace tpo::importer {

/// The contents of a tensor as `raw_data` would have them, from whichever
/// field holds them (float_data, int32_data, ...).
llvm::Expected<std::string> encodeFields(const ::onnx::TensorProto &tensor);

} // namespace tpo::importer

#endif // TPOPT_LIB_IMPORT_TENSORFIELDS_H
