//===- TpVerifiers.cpp - Verifiers of tp operations -----------------------===//

#include "dialects/Tp/Tp.h"

#include "mlir/IR/BuiltinOps.h"

using namespace mlir;
using namespace tpo::tp;

LogicalResult WeightOp::verify() {
  auto type = cast<RankedTensorType>(getResult().getType());
  size_t strides = getView().getStrides().size();
  if (strides != static_cast<size_t>(type.getRank()))
    return emitOpError() << "view has " << strides
                         << " strides for a tensor of rank " << type.getRank();
  int64_t file = static_cast<int32_t>(getFile());
  if (file < 0)
    return emitOpError() << "file index " << file << " is negative";
  if (auto module = (*this)->getParentOfType<ModuleOp>())
    if (auto files = module->getAttrOfType<ArrayAttr>(TpDialect::kFilesAttr))
      if (file >= static_cast<int64_t>(files.size()))
        return emitOpError() << "file index " << file << " is out of range: "
                             << "the module has " << files.size() << " files";
  return success();
}
