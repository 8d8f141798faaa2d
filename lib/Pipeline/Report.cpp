//===- Report.cpp - What the compiler did with a model --------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Pipeline/Report.h"

#include "ReportGraph.h"
#include "dialects/Tp/Layout.h"
#include "dialects/Tp/Mesh.h"
#include "dialects/Tp/Tp.h"
#include "tp-opt/Planning/Configurations.h"
#include "tp-opt/Planning/Constraints.h"
#include "tp-opt/Planning/CostModel.h"
#include "tp-opt/Planning/Variants.h"
#include "tp-opt/Simplify/Unraised.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/MapVector.h"

#include <sys/resource.h>

using namespace mlir;

namespace tpo {

Report::Report() = default;
Report::~Report() = default;

void Report::addSimplified(ModuleOp simplified) {
  // One entry per kind: the first place stands for all layers.
  llvm::MapVector<StringRef, std::pair<std::string, int64_t>> kinds;
  for (auto function : simplified.getOps<func::FuncOp>())
    for (const Unraised &part : findUnraised(function)) {
      auto &[node, count] = kinds[part.kind];
      if (count++ == 0)
        node = getReportName(part.op);
    }
  llvm::json::Array unraised;
  for (auto &[kind, entry] : kinds)
    unraised.push_back(llvm::json::Object{{"op", kind}, {"node", entry.first}, {"count", entry.second}});
  root["unraised"] = std::move(unraised);
}

/// The reshard to a layout that a constraint demands of `value`; null where
/// there is none.
static tp::ReshardOp findDemanded(Value value) {
  for (Operation *user : value.getUsers())
    if (auto reshard = dyn_cast<tp::ReshardOp>(user); reshard && reshard->hasAttr(kConstrainedAttr))
      return reshard;
  return nullptr;
}

/// A weight is cut as what multiplies with it needs it.
static std::string describeReaders(Value weight) {
  for (Operation *user : weight.getUsers()) {
    auto reasons = user->getAttrOfType<ArrayAttr>(tp::TpDialect::kReasonsAttr);
    auto reason = reasons && !reasons.empty() ? dyn_cast<StringAttr>(reasons[0]) : nullptr;
    if (reason)
      return "weight: as its reader needs it, " + getReportName(user) + ": " + reason.str();
  }
  return "weight: as its readers need it";
}

void Report::addPlan(ModuleOp planned, ArrayRef<int64_t> symbols) {
  auto meshes = planned.getOps<tp::MeshOp>();
  if (meshes.empty())
    return;
  tp::Mesh mesh = tp::Mesh::get(*meshes.begin());
  llvm::json::Array layouts;
  auto add = [&](std::string tensor, tp::LayoutAttr layout, std::string reason, StringRef alternative,
                 StringRef source) {
    if (!alternative.empty())
      reason += "; " + alternative.str();
    llvm::json::Object entry{{"tensor", std::move(tensor)},
                             {"layout", getLayoutText(layout, mesh)},
                             {"reason", llvm::json::fixUTF8(reason)}};
    if (!source.empty())
      entry["source"] = llvm::json::fixUTF8(source);
    layouts.push_back(std::move(entry));
  };
  for (func::FuncOp function : selectFunctions(planned, symbols)) {
    for (BlockArgument argument : function.getArguments())
      if (tp::LayoutAttr layout = tp::getLayoutAttr(argument)) {
        auto text = [&](StringRef attribute, StringRef otherwise) {
          auto found = function.getArgAttrOfType<StringAttr>(argument.getArgNumber(), attribute);
          return found ? found.getValue() : otherwise;
        };
        add(llvm::json::fixUTF8(text("onnx.name", "")), layout,
            text(kReasonAttr, "input: as its readers need it").str(), text(kAlternativesAttr, ""),
            text(kConstrainedAttr, ""));
      }
    function.walk([&](Operation *op) {
      for (OpResult result : op->getResults()) {
        tp::LayoutAttr layout = tp::getLayoutAttr(result);
        if (!layout || !isa<RankedTensorType>(result.getType()) || isa<tp::ReshardOp>(op))
          continue;
        unsigned number = result.getResultNumber();
        std::string name = getReportName(op);
        if (op->getNumResults() > 1)
          name += ":" + std::to_string(number);
        std::string reason = isa<tp::WeightOp>(op) ? describeReaders(result) : "";
        auto addReason = [&](StringRef text) {
          if (!text.empty())
            reason = text.str() + (reason.empty() ? "" : "; " + reason);
        };
        addReason(getResultText(op, tp::TpDialect::kReasonsAttr, number));
        StringRef source = getResultText(op, kConstrainedAttr, number);
        // Brought to the layout that is demanded: that is the tensor's.
        if (auto reshard = findDemanded(result)) {
          layout = reshard.getLayout();
          addReason(getResultText(reshard, tp::TpDialect::kReasonsAttr, 0));
          source = getResultText(reshard, kConstrainedAttr, 0);
        }
        add(std::move(name), layout, std::move(reason), getResultText(op, kAlternativesAttr, number), source);
      }
    });
  }
  root["layouts"] = std::move(layouts);
}

void Report::addGlobal(ModuleOp global, ArrayRef<int64_t> symbols) {
  graph = std::make_unique<ReportGraph>();
  graph->addGlobal(global, selectFunctions(global, symbols));
}

/// Multiply-adds count two; only contractions count.
static double localFlops(Operation *op, ArrayRef<int64_t> symbols) {
  auto shape = [&](Value value) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    return type ? getShapeAt(type, symbols) : SmallVector<int64_t>();
  };
  auto elements = [](ArrayRef<int64_t> sizes) {
    double product = 1;
    for (int64_t size : sizes)
      product *= size;
    return product;
  };
  StringRef name = op->getName().stripDialect();
  if (name == "MatMul") {
    SmallVector<int64_t> lhs = shape(op->getOperand(0));
    return lhs.empty() ? 0 : 2 * elements(shape(op->getResult(0))) * lhs.back();
  }
  if (name == "Attention") {
    SmallVector<int64_t> q = shape(op->getOperand(0)), k = shape(op->getOperand(1)), v = shape(op->getOperand(2));
    if (q.size() != 4 || k.size() != 4 || v.size() != 4)
      return 0;
    return 2 * elements(q) * k[2] + 2.0 * q[0] * q[1] * q[2] * k[2] * v[3];
  }
  return 0;
}

static llvm::json::Object getSizes(ArrayRef<StringRef> names, ArrayRef<int64_t> values) {
  llvm::json::Object sizes;
  for (auto [name, value] : llvm::zip(names, values))
    if (!name.starts_with("%"))
      sizes[name] = value;
  return sizes;
}

/// "sequence_length == 1"
static std::string getConditionText(tp::DimsAttr when, ArrayRef<StringRef> names) {
  std::string text;
  for (AffineExpr expr : when.getExprs()) {
    // Sizes are compared with constants.
    auto difference = dyn_cast<AffineBinaryOpExpr>(expr);
    auto constant = difference && difference.getKind() == AffineExprKind::Add
                        ? dyn_cast<AffineConstantExpr>(difference.getRHS())
                        : nullptr;
    text += (text.empty() ? "" : " and ");
    text += constant ? tp::toString(difference.getLHS(), names) + " == " + std::to_string(-constant.getValue())
                     : tp::toString(expr, names) + " == 0";
  }
  return text;
}

static FailureOr<std::vector<CollectiveEntry>> summarizeCollectives(ArrayRef<func::FuncOp> functions,
                                                                    ArrayRef<int64_t> symbols) {
  std::vector<CollectiveEntry> entries;
  for (func::FuncOp function : functions) {
    auto found = summarizeCollectives(function.getOperation(), symbols);
    if (failed(found))
      return failure();
    llvm::append_range(entries, *found);
  }
  return entries;
}

LogicalResult Report::addVariants(ModuleOp partitioned, ArrayRef<SmallVector<int64_t>> points) {
  if (llvm::none_of(partitioned.getOps<func::FuncOp>(), tp::isVariant))
    return success();
  SmallVector<StringRef> names = tp::getSymbolNames(partitioned);
  llvm::json::Array variants;
  for (SmallVector<int64_t> sizes : points) {
    sizes.resize(names.size(), 0);
    SmallVector<func::FuncOp> functions = selectFunctions(partitioned, sizes);
    tp::DimsAttr when = tp::getWhen(functions.front());
    FailureOr<std::vector<CollectiveEntry>> collectives = summarizeCollectives(functions, sizes);
    if (failed(collectives))
      return failure();
    variants.push_back(llvm::json::Object{{"when", when ? getConditionText(when, names) : "else"},
                                          {"sizes", getSizes(names, sizes)},
                                          {"totals", toJSON(getTotals(*collectives))}});
  }
  root["variants"] = std::move(variants);
  return success();
}

LogicalResult Report::addPartitioned(ModuleOp partitioned, ArrayRef<int64_t> symbols) {
  auto meshes = partitioned.getOps<tp::MeshOp>();
  if (meshes.empty())
    return partitioned.emitError("a report needs a tp.mesh");
  tp::Mesh mesh = tp::Mesh::get(*meshes.begin());
  llvm::json::Object axes;
  for (const tp::MeshAxis &axis : mesh.getAxes())
    axes[axis.name] = axis.size;
  root["mesh"] = std::move(axes);
  int64_t ranks = mesh.getNumDevices();
  root["ranks"] = ranks;

  SmallVector<func::FuncOp> functions = selectFunctions(partitioned, symbols);
  llvm::json::Array weights, flops;
  std::vector<double> bytesOfRanks, flopsOfRanks;
  tp::RankCoordinates coordinates = tp::lookupRankCoordinates(partitioned, mesh);
  for (int64_t rank = 0; rank < ranks; ++rank) {
    SmallVector<int64_t> values(symbols);
    values.resize(tp::getSymbolNames(partitioned).size(), 0);
    SmallVector<int64_t> position = mesh.getCoordinates(rank);
    for (auto [index, coordinate] : llvm::enumerate(coordinates))
      if (auto symbol = dyn_cast_or_null<AffineSymbolExpr>(coordinate))
        values[symbol.getPosition()] = position[index];
    int64_t bytes = 0;
    double work = 0;
    auto count = [&](Operation *op) {
      if (auto weight = dyn_cast<tp::WeightOp>(op)) {
        auto type = cast<RankedTensorType>(weight.getType());
        int64_t elements = 1;
        for (int64_t size : getShapeAt(type, values))
          elements *= size;
        bytes += elements * getElementBits(type.getElementType()) / 8;
      } else {
        work += localFlops(op, values);
      }
    };
    for (func::FuncOp function : functions)
      function.walk(count);
    bytesOfRanks.push_back(bytes);
    flopsOfRanks.push_back(work);
    weights.push_back(bytes);
    flops.push_back(work);
  }
  // The largest as a multiple of the mean: what the slowest rank makes others wait for.
  auto imbalance = [](const auto &parts) {
    double most = 0, sum = 0;
    for (double part : parts) {
      most = std::max(most, part);
      sum += part;
    }
    return sum > 0 ? most * parts.size() / sum : 1.0;
  };
  root["imbalance"] = llvm::json::Object{{"weights", imbalance(bytesOfRanks)}, {"flops", imbalance(flopsOfRanks)}};
  root["weights_bytes_per_rank"] = std::move(weights);
  root["flops_per_rank"] = std::move(flops);

  SmallVector<StringRef> names = tp::getSymbolNames(partitioned);
  SmallVector<int64_t> values(symbols);
  values.resize(names.size(), 0);
  root["assumed_sizes"] = getSizes(names, values);
  FailureOr<std::vector<CollectiveEntry>> collectives = summarizeCollectives(functions, values);
  if (failed(collectives))
    return failure();
  root["totals"] = toJSON(getTotals(*collectives));
  root["collectives"] = toJSON(*collectives);
  if (graph) {
    graph->addCollectives(functions, *collectives);
    root["graph"] = graph->toJSON();
  }
  return success();
}

void Report::addConfigurations(const ConfigurationTable &table, int64_t tp, int64_t ep) {
  llvm::json::Array rows;
  for (const Configuration &row : table.rows) {
    llvm::json::Object object{{"dp", row.dp}, {"pp", row.pp},         {"tp", row.tp},
                              {"ep", row.ep}, {"feasible", row.fits}, {"reason", llvm::json::fixUTF8(row.reason)}};
    if (row.isPredicted) {
      object["prefill_ms"] = row.prefillMs;
      object["prefills_per_s"] = row.prefillsPerSecond;
      object["decode_ms"] = row.decodeMs;
      object["throughput_tokens_per_s"] = row.tokensPerSecond;
      object["memory_bytes_per_rank"] = row.memory.total();
      object["weights_bytes"] = row.memory.weights;
      object["cache_bytes"] = row.memory.caches;
      object["activation_bytes"] = row.memory.activations;
      object["communication_share"] = row.communication;
      object["layers_of_stage"] = llvm::json::Array(row.layersOfStage);
    }
    if (row.isChosen)
      object["chosen"] = true;
    if (row.pp == 1 && row.tp == tp && row.ep == ep)
      object["compiled"] = true;
    rows.push_back(std::move(object));
  }
  root["configurations"] = std::move(rows);
  llvm::json::Array reasons;
  for (const std::string &reason : table.reasons)
    reasons.push_back(llvm::json::fixUTF8(reason));
  root["cluster"] = llvm::json::Object{{"name", llvm::json::fixUTF8(table.cluster)},
                                       {"devices", table.devices},
                                       {"memory_bytes", table.memoryBytes},
                                       {"reasons", std::move(reasons)}};
}

void Report::addTiming(StringRef phase, double milliseconds) { timings[phase] = milliseconds; }

llvm::json::Object Report::take() {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  root["peak_rss_bytes"] = int64_t(usage.ru_maxrss) * 1024;
  root["timings_ms"] = std::move(timings);
  return std::move(root);
}

} // namespace tpo
