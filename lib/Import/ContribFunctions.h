//===- ContribFunctions.h - Contrib operators as functions -----*- C++ -*-===//

#ifndef TPOPT_LIB_IMPORT_CONTRIBFUNCTIONS_H
#define TPOPT_LIB_IMPORT_CONTRIBFUNCTIONS_H

#include "onnx/onnx_pb.h"

namespace tpo::importer {

/// The opset of the default domain that these bodies are written in.
inline constexpr int kContribBodyOpset = 21;

/// Fills `body` for a call of an operator of com.microsoft that is imported as
/// a function of standard ones; false where it is none of those. The body is
/// that of this call: it leaves out what depends on absent inputs.
bool buildContribBody(const ::onnx::NodeProto &call, ::onnx::FunctionProto &body);

} // namespace tpo::importer

#endif // TPOPT_LIB_IMPORT_CONTRIBFUNCTIONS_H
