//===- OpTable.cpp - The operator schemas as data -------------------------===//

#include "dialects/Onnx/OpTable.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"

using namespace tpo::onnx;
using llvm::StringRef;

namespace {

const std::vector<OpInfo> &table() {
  static const std::vector<OpInfo> operators = {
#include "dialects/Onnx/OnnxOpTable.inc"
  };
  return operators;
}

struct Index {
  llvm::StringMap<const OpInfo *> defaultDomain, microsoft, byMlirName;

  Index() {
    for (const OpInfo &op : table()) {
      (op.domain.empty() ? defaultDomain : microsoft)[op.opType] = &op;
      byMlirName[op.mlirName] = &op;
    }
  }
};

const Index &index() {
  static const Index instance;
  return instance;
}

} // namespace

const AttrInfo *OpInfo::findAttribute(StringRef name) const {
  auto found = llvm::find_if(attributes, [&](const AttrInfo &attribute) {
    return attribute.name == name;
  });
  return found == attributes.end() ? nullptr : &*found;
}

const OpInfo *tpo::onnx::lookupOp(StringRef domain, StringRef opType) {
  if (domain == "com.microsoft")
    return index().microsoft.lookup(opType);
  if (!domain.empty() && domain != "ai.onnx")
    return nullptr;
  return index().defaultDomain.lookup(opType);
}

const OpInfo *tpo::onnx::lookupOpByMlirName(StringRef name) {
  return index().byMlirName.lookup(name);
}

int tpo::onnx::getNewestOpset() {
  return
#define GET_NEWEST_OPSET
#include "dialects/Onnx/OnnxOpTable.inc"
#undef GET_NEWEST_OPSET
      ;
}
