//===- ExportShard.cpp - tp-export-shard -------------------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ShardExport.h"

#include "dialects/Tp/Variants.h"
#include "tp-opt/Export/Passes.h"

using namespace mlir;

namespace tpo {
#define GEN_PASS_DEF_EXPORTSHARDPASS
#include "tp-opt/Export/Passes.h.inc"

FailureOr<SmallVector<shard::GridAxis>> getGridAxes(ArrayRef<tp::AxisRef> axes, const tp::Mesh &mesh,
                                                    tp::ErrorFn emitError) {
  SmallVector<shard::GridAxis> result;
  for (const tp::AxisRef &ref : axes) {
    if (ref != tp::AxisRef::whole(mesh, ref.axis))
      return emitError() << "uses a part of mesh axis " << tp::toString(ref, mesh)
                         << ", which the shard dialect cannot express";
    result.push_back(ref.axis);
  }
  return result;
}

namespace {

bool isPartitioned(func::FuncOp func) {
  auto has = [](DictionaryAttr attrs) { return attrs && attrs.contains(tp::TpDialect::kGlobalTypeAttr); };
  for (unsigned i = 0; i < func.getNumArguments(); ++i)
    if (has(func.getArgAttrDict(i)))
      return true;
  for (unsigned i = 0; i < func.getNumResults(); ++i)
    if (has(func.getResultAttrDict(i)))
      return true;
  return false;
}

/// Attributes of this project on functions and operations; other compilers
/// reject what they do not know.
void dropOwnAttributes(func::FuncOp func) {
  auto isOwn = [](StringAttr name) { return name.getValue().starts_with("tp."); };
  auto list = [](DictionaryAttr attrs) { return attrs ? attrs.getValue() : ArrayRef<NamedAttribute>(); };
  for (unsigned i = 0; i < func.getNumArguments(); ++i)
    for (NamedAttribute attr : list(func.getArgAttrDict(i)))
      if (isOwn(attr.getName()))
        func.removeArgAttr(i, attr.getName());
  for (unsigned i = 0; i < func.getNumResults(); ++i)
    for (NamedAttribute attr : list(func.getResultAttrDict(i)))
      if (isOwn(attr.getName()))
        func.removeResultAttr(i, attr.getName());
  func.walk([&](Operation *op) {
    for (NamedAttribute attr : llvm::to_vector(op->getDiscardableAttrs()))
      if (isOwn(attr.getName()))
        op->removeDiscardableAttr(attr.getName());
  });
}

/// Whether something in the module still speaks of symbols or weight files.
bool needsModuleAttributes(ModuleOp module) {
  WalkResult result = module.walk([&](Operation *op) {
    if (isa<tp::MeshOp>(op))
      return WalkResult::advance();
    if (isa_and_nonnull<tp::TpDialect>(op->getDialect()))
      return WalkResult::interrupt();
    auto isSymbolic = [](Type type) {
      auto tensor = dyn_cast<RankedTensorType>(type);
      return tensor && isa_and_nonnull<tp::DimsAttr>(tensor.getEncoding());
    };
    bool any = llvm::any_of(op->getOperandTypes(), isSymbolic) || llvm::any_of(op->getResultTypes(), isSymbolic);
    return any ? WalkResult::interrupt() : WalkResult::advance();
  });
  return result.wasInterrupted();
}

struct ExportShard : impl::ExportShardPassBase<ExportShard> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto meshes = llvm::to_vector(module.getOps<tp::MeshOp>());
    if (meshes.empty()) {
      module.emitError("cannot be exported: has no tp.mesh");
      return signalPassFailure();
    }
    // Variants compute the same, and nothing there could choose one.
    for (auto func : llvm::make_early_inc_range(module.getOps<func::FuncOp>()))
      if (tp::isVariant(func))
        func.erase();
    for (auto func : module.getOps<func::FuncOp>())
      if (!func.isExternal() && failed(exportFunction(func, meshes)))
        return signalPassFailure();
    for (tp::MeshOp mesh : meshes)
      exportMesh(mesh);
    if (needsModuleAttributes(module))
      return;
    for (NamedAttribute attr : llvm::to_vector(module->getDiscardableAttrs()))
      if (attr.getName().getValue().starts_with("tp."))
        module->removeDiscardableAttr(attr.getName());
  }

  static LogicalResult exportFunction(func::FuncOp func, ArrayRef<tp::MeshOp> meshes) {
    if (!func.getBody().hasOneBlock())
      return func.emitError("cannot be exported: has control flow between blocks");
    FailureOr<tp::Mesh> mesh = findMesh(func, meshes);
    if (failed(mesh))
      return failure();
    if (failed(isPartitioned(func) ? exportCollectives(func, *mesh) : annotateShardings(func, *mesh)))
      return failure();
    dropOwnAttributes(func);
    return success();
  }

  /// The mesh of a function's layouts; without any, the module's only one.
  static FailureOr<tp::Mesh> findMesh(func::FuncOp func, ArrayRef<tp::MeshOp> meshes) {
    FlatSymbolRefAttr symbol;
    auto visit = [&](Attribute attr) {
      if (auto layout = dyn_cast_or_null<tp::LayoutAttr>(attr); layout && !symbol)
        symbol = layout.getMesh();
    };
    for (unsigned i = 0; i < func.getNumArguments(); ++i)
      visit(func.getArgAttr(i, tp::TpDialect::kLayoutAttr));
    func.walk([&](Operation *op) {
      if (auto collective = dyn_cast<tp::CollectiveOpInterface>(op))
        visit(collective.getOutLayout());
      for (Value result : op->getResults())
        visit(tp::getLayoutAttr(result));
    });
    if (symbol)
      return tp::Mesh::lookup(func, symbol);
    if (meshes.size() == 1)
      return tp::Mesh::get(meshes.front());
    return func.emitError("cannot be exported: nothing says on which of the module's meshes it runs");
  }

  static void exportMesh(tp::MeshOp op) {
    SmallVector<int64_t> shape;
    for (tp::MeshAxisAttr axis : op.getAxes().getAxes())
      shape.push_back(axis.getSize());
    OpBuilder builder(op);
    shard::GridOp::create(builder, op.getLoc(), op.getSymName(), shape);
    op.erase();
  }
};

} // namespace
} // namespace tpo
