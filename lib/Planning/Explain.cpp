//===- Explain.cpp - Why tensors are laid out as they are -----------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Planning/Explain.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/Support/Format.h"

using namespace mlir;

namespace tpo {

namespace {

/// Alternatives are plans of their own: beyond so many tensors none are sought.
constexpr size_t kMaxAlternatives = 512;

class Explainer {
public:
  Explainer(Planner &planner, const Plan &plan, const tp::Mesh &mesh, bool withAlternatives, raw_ostream &os)
      : planner(planner), plan(plan), mesh(mesh), withAlternatives(withAlternatives), os(os) {}

  void explain(const NamedTensor &tensor);

private:
  void explain(Value value, const NamedTensor &tensor);
  std::string text(tp::LayoutAttr layout) {
    FailureOr<tp::Layout> resolved = tp::resolveLayout(layout, mesh, nullptr);
    return failed(resolved) ? "?" : tp::toString(*resolved, mesh);
  }

  Planner &planner;
  const Plan &plan;
  const tp::Mesh &mesh;
  bool withAlternatives;
  raw_ostream &os;
};

void Explainer::explain(Value value, const NamedTensor &tensor) {
  tp::LayoutAttr layout = planner.getDeliveredLayout(value, plan);
  os << "  layout   " << text(layout);
  if (auto weight = value.getDefiningOp<tp::WeightOp>())
    if (weight.getType() != tensor.type)
      os << " as " << weight.getType() << ", a view";
  os << "\n";
  if (std::string source = planner.getDemand(value); !source.empty())
    os << "  demanded by " << source << "\n";
  Operation *producer = value.getDefiningOp();
  if (producer && !isa<tp::WeightOp>(producer)) {
    os << "  made by  " << describeNode(producer) << ": " << planner.explain(producer, plan);
    tp::LayoutAttr made = planner.getStrategy(producer, plan).results[cast<OpResult>(value).getResultNumber()];
    os << (made == layout ? "" : ", as " + text(made) + ", then brought to its layout") << "\n";
  }
  for (OpOperand &use : value.getUses()) {
    Operation *reader = use.getOwner();
    if (reader->hasTrait<OpTrait::IsTerminator>()) {
      os << "  output   of the model\n";
      continue;
    }
    tp::LayoutAttr needed = planner.getStrategy(reader, plan).operands[use.getOperandNumber()];
    os << "  read by  " << describeNode(reader) << (needed == layout ? "" : " as " + text(needed)) << ": "
       << planner.explain(reader, plan) << "\n";
  }
  if (!withAlternatives)
    return;
  if (std::optional<Planner::Alternative> other = planner.getAlternative(value, plan))
    os << "  next best " << text(other->layout) << ": +" << llvm::format("%.3g", other->microseconds) << " us ("
       << llvm::format("%+.2g", 100 * other->microseconds / std::max(plan.solution.cost, 1e-9)) << "% of "
       << llvm::format("%.4g", plan.solution.cost) << " us)\n";
  else
    os << "  next best none: no other layout is possible\n";
}

void Explainer::explain(const NamedTensor &tensor) {
  constexpr const char *kKinds[] = {"weight", "input", "tensor"};
  os << kKinds[unsigned(tensor.kind)] << " '" << tensor.name << "'";
  for (StringRef alias : tensor.aliases)
    os << ", '" << alias << "'";
  if (tensor.values.empty()) {
    os << "\n  does not exist when the program runs: "
       << (tensor.kind == NamedTensor::Kind::Weight ? "nothing reads it, or it was read while compiling"
                                                    : "folded into others or computed while compiling")
       << "\n";
    return;
  }
  os << " : " << tensor.type << "\n";
  for (Value value : tensor.values)
    explain(value, tensor);
}

} // namespace

LogicalResult explainTensors(const TensorTable &table, Planner &planner, const Plan &plan, const tp::Mesh &mesh,
                             ArrayRef<std::string> patterns, Location loc, raw_ostream &os) {
  llvm::SetVector<unsigned> wanted;
  for (const std::string &pattern : patterns) {
    auto matches = table.match(pattern);
    if (!matches)
      return emitError(loc) << "--explain: '" << pattern << "' is no pattern: " << llvm::toString(matches.takeError());
    if (matches->empty()) {
      InFlightDiagnostic error = emitError(loc) << "--explain: no tensor of the model matches '" << pattern << "'";
      if (std::string nearest = table.getNearest(pattern); !nearest.empty())
        error << "; the most similar names are " << nearest;
      return error;
    }
    wanted.insert(matches->begin(), matches->end());
  }
  Explainer explainer(planner, plan, mesh, wanted.size() <= kMaxAlternatives, os);
  for (unsigned index : wanted)
    explainer.explain(table.getTensors()[index]);
  return success();
}

} // namespace tpo
