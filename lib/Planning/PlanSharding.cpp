//===- PlanSharding.cpp - Choose the layout of every tensor ---------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Import/Import.h"
#include "tp-opt/Partition/Blocks.h"
#include "tp-opt/Planning/Assumptions.h"
#include "tp-opt/Planning/Configurations.h"
#include "tp-opt/Planning/DeviceConfigurations.h"
#include "tp-opt/Planning/Explain.h"
#include "tp-opt/Planning/Passes.h"
#include "tp-opt/Planning/PlanFile.h"
#include "tp-opt/Planning/Norms.h"
#include "tp-opt/Planning/Selections.h"
#include "tp-opt/Planning/Variants.h"
#include "tp-opt/Sharding/InsertReshards.h"

#include "mlir/Support/FileUtilities.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/ToolOutputFile.h"

#include <chrono>

using namespace mlir;

namespace tpo {

#define GEN_PASS_DEF_TPPLANPASS
#include "tp-opt/Planning/Passes.h.inc"

namespace {

struct PlanPass : impl::TpPlanPassBase<PlanPass> {
  using TpPlanPassBase::TpPlanPassBase;

  LogicalResult write(const CostNetwork &network, double minimum, Location loc) {
    std::error_code error;
    llvm::raw_fd_ostream file(writeNetwork, error);
    if (error)
      return emitError(loc) << "cannot write '" << writeNetwork << "': " << error.message();
    file << "{\"minimum\": " << llvm::format("%.6f", minimum) << ", \"network\": ";
    network.print(file);
    file << "}\n";
    return success();
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto meshes = llvm::to_vector(module.getOps<tp::MeshOp>());
    if (meshes.size() != 1) {
      module.emitError() << "tp-plan needs exactly one tp.mesh, found " << meshes.size();
      return signalPassFailure();
    }
    tp::Mesh mesh = tp::Mesh::get(meshes.front());
    PlannedAxes axes = PlannedAxes::find(mesh);
    for (auto [index, other] : llvm::enumerate(mesh.getAxes()))
      if (other.size > 1 && index != axes.tensor && index != axes.expert) {
        meshes.front().emitError() << "planning splits the axes \"tp\" and \"ep\" only; axis \"" << other.name
                                   << "\" of size " << other.size << " cannot be planned yet";
        return signalPassFailure();
      }
    FailureOr<Assumptions> assumptions =
        Assumptions::parse(SmallVector<std::string>(assume.begin(), assume.end()), module.getLoc());
    if (failed(assumptions))
      return signalPassFailure();
    FailureOr<CostModel> cost = makeCostModel(mesh, getOperatingPoints(*assumptions, module));
    if (failed(cost))
      return signalPassFailure();
    for (auto function : llvm::to_vector(module.getOps<func::FuncOp>()))
      if (!function.isExternal() && failed(plan(function, mesh, axes, *cost)))
        return signalPassFailure();
    module->removeAttr(kConstraintsAttr);
  }

private:
  LogicalResult plan(func::FuncOp function, const tp::Mesh &mesh, PlannedAxes axes, CostModel &cost) {
    auto module = function->getParentOfType<ModuleOp>();
    std::optional<SequenceParallelism> sequence = parseSequenceParallelism(sequenceParallel);
    if (!sequence)
      return function.emitError() << "sequence-parallel is auto, always or off, not '" << sequenceParallel << "'";
    if (!function.getBody().hasOneBlock())
      return function.emitError("layouts are planned in functions of one block only");
    int64_t devices = PlannedAxes::getSize(mesh, axes.tensor);
    splitSelections(function, devices);
    splitNorms(function, devices);
    replicateCaptures(function, mesh, /*all=*/true);
    assignLayers(function);
    if (failed(addDeviceConstraints(function, mesh)) || (!planFile.empty() && failed(loadPlan(function, mesh))))
      return failure();
    tp::DimsAttr when = *sequence == SequenceParallelism::Auto && PlannedAxes::getSize(mesh, axes.tensor) > 1
                            ? getDecodeCondition(module, cost.getPoints())
                            : nullptr;
    // Before the constraints in it are taken out; a program has one if it gains.
    func::FuncOp copy = when ? addVariant(function, when) : nullptr;
    llvm::scope_exit removeCopy([&] {
      if (copy)
        copy.erase();
    });
    FailureOr<ConstraintSet> constraints = resolveConstraints(function, mesh);
    if (failed(constraints))
      return failure();
    Planner planner(function, mesh, axes, cost, &*constraints, *sequence);
    FailureOr<Plan> plan = maxWeightBytes > 0 ? planner.solveWithin(maxWeightBytes) : planner.solve();
    if (failed(plan))
      return failure();
    if (!writeNetwork.empty() && failed(write(planner.getNetwork(), plan->solution.cost, function.getLoc())))
      return failure();
    planner.warnIfNothingIsDivided(*plan);
    if (!when)
      return finish(function, mesh, planner, *plan);
    auto variants = planVariants(planner, *plan, function, copy, *constraints, mesh, axes, cost);
    if (failed(variants))
      return failure();
    if (variants->empty())
      return finish(function, mesh, planner, *plan);
    PlannedFunction &prefill = *variants->front(), &decode = *variants->back();
    if (failed(finish(function, mesh, prefill.planner, prefill.plan)))
      return failure();
    decode.planner.apply(decode.plan);
    copy = nullptr;
    return success();
  }

  LogicalResult finish(func::FuncOp function, const tp::Mesh &mesh, Planner &planner, const Plan &plan) {
    if (failed(describe(function, mesh, planner, plan)))
      return failure();
    if (alternatives) {
      auto start = std::chrono::steady_clock::now();
      planner.recordAlternatives(plan);
      std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - start;
      function->getParentOp()->setAttr(kAlternativesTimeAttr, Builder(&getContext()).getF64FloatAttr(elapsed.count()));
    }
    planner.apply(plan);
    return success();
  }

  static func::FuncOp addVariant(func::FuncOp function, tp::DimsAttr when) {
    func::FuncOp variant = function.clone();
    variant->setAttr(tp::kWhenAttr, when);
    variant.setName((function.getName() + "_decode").str());
    SymbolTable(function->getParentOp()).insert(variant, std::next(Block::iterator(function)));
    return variant;
  }

  /// Of the cluster's devices, where one is named.
  FailureOr<CostModel> makeCostModel(const tp::Mesh &mesh, std::vector<OperatingPoint> points) {
    if (cluster.empty())
      return CostModel(mesh, DeviceModel(), std::move(points));
    llvm::Expected<Cluster> loaded = loadCluster(cluster);
    if (!loaded)
      return emitError(UnknownLoc::get(&getContext())) << "cluster: " << llvm::toString(loaded.takeError());
    int64_t devices = mesh.getNumDevices();
    if (llvm::Error error = loaded->checkDevices(devices))
      return emitError(UnknownLoc::get(&getContext())) << "cluster: " << llvm::toString(std::move(error));
    DeviceModel device = loaded->device;
    return CostModel(mesh, device, std::move(points),
                     [cluster = std::move(*loaded), mesh, devices](const tp::Collective &collective, int64_t inputBytes,
                                                                   int64_t outputBytes) {
                       return cluster.getCollectiveTime(collective, mesh, devices, inputBytes, outputBytes);
                     });
  }

  /// Demands what the plan file says.
  LogicalResult loadPlan(func::FuncOp function, const tp::Mesh &mesh) {
    auto module = function->getParentOfType<ModuleOp>();
    auto buffer = llvm::MemoryBuffer::getFile(planFile);
    if (!buffer)
      return emitError(FileLineColLoc::get(&getContext(), planFile, 0, 0))
             << "cannot open: " << buffer.getError().message();
    FailureOr<std::vector<Constraint>> constraints =
        parsePlan((*buffer)->getBuffer(), planFile, TensorTable(function), mesh, &getContext());
    if (failed(constraints))
      return failure();
    addConstraints(module, *constraints);
    return success();
  }

  /// What the user wants to see of a plan.
  LogicalResult describe(func::FuncOp function, const tp::Mesh &mesh, Planner &planner, const Plan &plan) {
    if (savePlan.empty() && explain.empty() && !recordShardings)
      return success();
    Location loc = function->getParentOfType<ModuleOp>().getLoc();
    TensorTable table(function);
    if (!explain.empty() &&
        failed(explainTensors(table, planner, plan, mesh, SmallVector<std::string>(explain.begin(), explain.end()), loc,
                              llvm::outs())))
      return failure();
    llvm::outs().flush();
    if (recordShardings && !hasDeviceConfiguration(mesh))
      return emitError(loc) << "ONNX's multi-device fields are written for meshes of one axis only";
    if (recordShardings)
      function->getParentOfType<ModuleOp>()->setAttr(
          kShardingsAttr,
          Builder(&getContext()).getArrayAttr({makeDeviceConfiguration(table, planner, plan, mesh, &getContext())}));
    if (savePlan.empty())
      return success();
    auto file = dyn_cast<FileLineColLoc>(loc);
    StringRef model = file ? llvm::sys::path::filename(file.getFilename().getValue()) : "";
    std::string message;
    std::unique_ptr<llvm::ToolOutputFile> output = openOutputFile(savePlan, &message);
    if (!output)
      return emitError(UnknownLoc::get(&getContext())) << "--save-plan: " << message;
    output->os() << formatPlan(table, planner, plan, mesh, model);
    output->keep();
    return success();
  }
};

} // namespace
} // namespace tpo
