//===- ExportSdy.cpp - tp-export-sdy -----------------------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StablehloPrinter.h"

#include "dialects/Tp/Layout.h"
#include "dialects/Tp/Variants.h"
#include "tp-opt/Export/Passes.h"
#include "tp-opt/Partition/Blocks.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Support/FileUtilities.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace mlir;

namespace tpo {
#define GEN_PASS_DEF_EXPORTSDYPASS
#include "tp-opt/Export/Passes.h.inc"

namespace {

/// `[{"tp"}, {"dp", "tp":(1)2}]`.
std::string print(const tp::Layout &layout, const tp::Mesh &mesh) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "[";
  llvm::interleaveComma(layout.dims, os,
                        [&](const tp::DimSplit &split) { os << "{" << tp::toString(split.axes, mesh) << "}"; });
  os << "]";
  return text;
}

/// Prints one function.
class FunctionExporter {
public:
  FunctionExporter(func::FuncOp func, const tp::Mesh &mesh) : func(func), mesh(mesh), hlo(func.getContext()) {}
  LogicalResult run(llvm::raw_ostream &os);

private:
  /// `<@mesh, [...]>`; pending reductions are left to Shardy.
  FailureOr<std::string> getSharding(tp::LayoutAttr attr, Type type, Location loc, const Twine &what);
  LogicalResult addArgument(Value value, const Twine &what, StringRef attributes);
  LogicalResult exportOp(Operation &op);
  LogicalResult exportReshard(tp::ReshardOp op);
  LogicalResult exportReturn(func::ReturnOp op, llvm::raw_ostream &os);

  func::FuncOp func;
  const tp::Mesh &mesh;
  StablehloPrinter hlo;
  HloValues values;
  SmallVector<std::string> arguments;
};

FailureOr<std::string> FunctionExporter::getSharding(tp::LayoutAttr attr, Type type, Location loc, const Twine &what) {
  auto tensor = cast<RankedTensorType>(type);
  auto emitError = [&] { return mlir::emitError(loc) << what << ": "; };
  if (!tensor.hasStaticShape())
    return emitError() << "is not exported to StableHLO: its sizes are not static; fix them";
  tp::Layout layout = tp::Layout::replicated(tensor.getRank());
  if (attr) {
    FailureOr<tp::Layout> resolved = tp::resolveLayout(attr, mesh, emitError);
    if (failed(resolved))
      return failure();
    layout = *resolved;
  }
  if (!tp::hasUniformPieces(layout, tp::getDims(tensor)))
    return emitError() << "is split into uneven pieces, which Shardy cannot express: " << tp::toString(layout, mesh);
  return "<@" + mesh.getName().str() + ", " + print(layout, mesh) + ">";
}

LogicalResult FunctionExporter::addArgument(Value value, const Twine &what, StringRef attributes) {
  FailureOr<std::string> sharding = getSharding(tp::getLayoutAttr(value), value.getType(), value.getLoc(), what);
  if (failed(sharding))
    return failure();
  HloTensor tensor{"%arg" + std::to_string(arguments.size()), getPlainType(value.getType())};
  arguments.push_back(tensor.name + ": " + toString(tensor.type) + " {" + attributes.str() +
                      "sdy.sharding = #sdy.sharding" + *sharding + "}");
  values[value] = tensor;
  return success();
}

LogicalResult FunctionExporter::exportReshard(tp::ReshardOp op) {
  FailureOr<std::string> from = getSharding(tp::getLayoutAttr(op.getInput()), op.getType(), op.getLoc(), "a tensor");
  FailureOr<std::string> to = getSharding(op.getLayout(), op.getType(), op.getLoc(), "a tensor");
  if (failed(from) || failed(to))
    return failure();
  auto input = values.find(op.getInput());
  if (input == values.end())
    return op.emitError("is not exported to StableHLO: its operand has no value there");
  HloTensor tensor = input->second;
  values[op.getResult()] =
      *from == *to ? tensor
                   : hlo.emit("sdy.sharding_constraint", tensor, tensor.type, "sharding = #sdy.sharding" + *to);
  return success();
}

LogicalResult FunctionExporter::exportOp(Operation &op) {
  std::string location;
  llvm::raw_string_ostream name(location);
  if (auto layer = op.getAttrOfType<IntegerAttr>(kLayerAttr))
    name << "layer " << layer.getInt() << ": ";
  name << op.getName();
  hlo.setLocation(location);
  if (auto reshard = dyn_cast<tp::ReshardOp>(op))
    return exportReshard(reshard);
  if (isa_and_nonnull<tp::TpDialect>(op.getDialect()))
    return op.emitError("is not exported to StableHLO");
  size_t mark = hlo.mark();
  if (failed(printOperator(hlo, &op, values)))
    return failure();
  for (Value result : op.getResults()) {
    auto it = values.find(result);
    if (it == values.end())
      continue;
    FailureOr<std::string> sharding =
        getSharding(tp::getLayoutAttr(result), result.getType(), op.getLoc(), op.getName().getStringRef());
    if (failed(sharding))
      return failure();
    hlo.annotate(it->second, mark, "sdy.sharding = #sdy.sharding_per_value<[" + *sharding + "]>");
  }
  return success();
}

LogicalResult FunctionExporter::exportReturn(func::ReturnOp op, llvm::raw_ostream &os) {
  SmallVector<std::string> results, names, types;
  for (auto [index, value] : llvm::enumerate(op.getOperands())) {
    auto tensor = values.find(value);
    if (tensor == values.end())
      return op.emitError("result #") << index << " is not exported to StableHLO: it has no value there";
    auto attr = func.getResultAttrOfType<tp::LayoutAttr>(index, tp::TpDialect::kLayoutAttr);
    FailureOr<std::string> sharding = getSharding(attr, value.getType(), op.getLoc(), "result #" + Twine(index));
    if (failed(sharding))
      return failure();
    names.push_back(tensor->second.name);
    types.push_back(toString(tensor->second.type));
    results.push_back(types.back() + " {sdy.sharding = #sdy.sharding" + *sharding + "}");
  }
  os << "func.func " << (func.isPrivate() ? "private" : "public") << " @" << func.getName() << "("
     << llvm::join(arguments, ",\n    ") << ")\n    -> (" << llvm::join(results, ",\n    ") << ") {\n";
  hlo.print(os);
  os << "  \"func.return\"(" << llvm::join(names, ", ") << ") : (" << llvm::join(types, ", ") << ") -> ()\n}\n";
  return success();
}

LogicalResult FunctionExporter::run(llvm::raw_ostream &os) {
  if (!func.getBody().hasOneBlock())
    return func.emitError("is not exported to StableHLO: has control flow between blocks");
  Block &entry = func.getBody().front();
  for (BlockArgument argument : entry.getArguments()) {
    if (!isa<RankedTensorType>(argument.getType()))
      return func.emitError("is not exported to StableHLO: argument #") << argument.getArgNumber() << " is no tensor";
    if (failed(addArgument(argument, "argument #" + Twine(argument.getArgNumber()), "")))
      return failure();
  }
  for (auto weight : entry.getOps<tp::WeightOp>())
    if (failed(addArgument(weight.getResult(), "weight '" + weight.getName() + "'",
                           "tp.weight = \"" + weight.getName().str() + "\", ")))
      return failure();
  for (Operation &op : entry.without_terminator())
    if (!isa<tp::WeightOp>(op) && failed(exportOp(op)))
      return failure();
  return exportReturn(cast<func::ReturnOp>(entry.getTerminator()), os);
}

struct ExportSdy : impl::ExportSdyPassBase<ExportSdy> {
  using ExportSdyPassBase::ExportSdyPassBase;

  void runOnOperation() override {
    markAllAnalysesPreserved();
    std::string text, error;
    llvm::raw_string_ostream os(text);
    if (failed(exportSdy(getOperation(), os)))
      return signalPassFailure();
    std::unique_ptr<llvm::ToolOutputFile> file = openOutputFile(output, &error);
    if (!file) {
      getOperation().emitError(error);
      return signalPassFailure();
    }
    file->os() << text;
    file->keep();
  }
};

} // namespace

LogicalResult exportSdy(ModuleOp module, llvm::raw_ostream &os) {
  auto meshes = llvm::to_vector(module.getOps<tp::MeshOp>());
  if (meshes.size() != 1)
    return module.emitError("is not exported to StableHLO: has ") << meshes.size() << " meshes, need one";
  tp::Mesh mesh = tp::Mesh::get(meshes.front());
  os << "sdy.mesh @" << mesh.getName() << " = <[";
  llvm::interleaveComma(mesh.getAxes(), os,
                        [&](const tp::MeshAxis &axis) { os << '"' << axis.name << "\"=" << axis.size; });
  os << "]>\n";
  // Variants compute the same.
  for (auto func : module.getOps<func::FuncOp>())
    if (!func.isExternal() && !tp::isVariant(func) && failed(FunctionExporter(func, mesh).run(os)))
      return failure();
  return success();
}

} // namespace tpo
