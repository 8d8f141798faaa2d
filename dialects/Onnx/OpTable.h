//===- OpTable.h - The operator schemas as data ---------------*- C++ -*-===//
//
// What the dialect's TableGen knows about each operator, for code that works
// on operators by name: import and export.
//
//===----------------------------------------------------------------------===//

#ifndef TPOPT_DIALECTS_ONNX_OPTABLE_H
#define TPOPT_DIALECTS_ONNX_OPTABLE_H

#include "llvm/ADT/StringRef.h"
#include <vector>

namespace tpo::onnx {

enum class AttrKind { Int, Float, String, Ints, Floats, Strings, Tensor, Type };

struct ParameterInfo {
  llvm::StringRef name;
  bool optional;
  bool variadic; ///< Only the last one of a list.
};

struct AttrInfo {
  llvm::StringRef name;
  AttrKind kind;
  bool required;
};

struct OpInfo {
  llvm::StringRef domain; ///< "" or "com.microsoft".
  llvm::StringRef opType;
  llvm::StringRef mlirName; ///< "onnx.MatMul", "onnx.ms.FastGelu".
  int sinceVersion;         ///< First opset with these semantics.
  std::vector<ParameterInfo> operands, results;
  std::vector<AttrInfo> attributes;

  const AttrInfo *findAttribute(llvm::StringRef name) const;
};

/// The schema of an operator of the default domain ("" or "ai.onnx") or of
/// com.microsoft; null if the dialect does not have it.
const OpInfo *lookupOp(llvm::StringRef domain, llvm::StringRef opType);

/// The schema by operation name ("onnx.MatMul"); null if it is none of ours.
const OpInfo *lookupOpByMlirName(llvm::StringRef name);

/// The newest opset of the default domain that the dialect knows.
int getNewestOpset();

} // namespace tpo::onnx

#endif // TPOPT_DIALECTS_ONNX_OPTABLE_H
