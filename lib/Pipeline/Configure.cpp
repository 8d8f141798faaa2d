//===- Configure.cpp - What a named cluster decides -----------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Configure.h"

#include "mlir/IR/Diagnostics.h"

using namespace mlir;

namespace tpo {

tp::Mesh Configured::getMesh(int64_t devices) const {
  SmallVector<tp::MeshAxis> axes;
  int64_t total = 1;
  for (const MeshAxisOption &option : mesh)
    total *= option.size;
  // The last axis varies fastest.
  int64_t stride = total;
  for (const MeshAxisOption &option : mesh) {
    stride /= option.size;
    tp::MeshAxis axis;
    axis.name = option.name;
    axis.size = option.size;
    axes.push_back(cluster ? cluster->getAxis(option.name, option.size, stride, std::max(devices, total)) : axis);
  }
  if (axes.empty()) {
    axes.emplace_back();
    axes.back().name = "tp";
  }
  return tp::Mesh("mesh", axes);
}

LogicalResult loadCluster(const CompileOptions &options, MLIRContext &context, Configured &configured) {
  configured.mesh = options.mesh;
  if (options.cluster.empty())
    return success();
  llvm::Expected<Cluster> cluster = loadCluster(options.cluster);
  if (!cluster)
    return emitError(UnknownLoc::get(&context)) << "--cluster: " << llvm::toString(cluster.takeError());
  configured.cluster = std::move(*cluster);
  return success();
}

namespace {

/// The `tp` to compile for, where it is the only axis of size > 1.
std::optional<int64_t> getTensorParallel(ArrayRef<MeshAxisOption> mesh) {
  int64_t size = 1;
  for (const MeshAxisOption &axis : mesh) {
    if (axis.name == "tp")
      size = axis.size;
    else if (axis.size > 1)
      return std::nullopt;
  }
  return size;
}

const Configuration *findRow(const ConfigurationTable &table, int64_t tp) {
  auto found = llvm::find_if(table.rows,
                             [&](const Configuration &row) { return row.tp == tp && row.pp == 1 && row.isPredicted; });
  return found == table.rows.end() ? nullptr : &*found;
}

std::string describe(const Configuration &row) {
  std::string text = "prefill " + formatMilliseconds(row.prefillMs);
  return row.decodeMs ? text + " and decode " + formatMilliseconds(*row.decodeMs) : text;
}

/// Warns where `tp` is no faster than half of it, or needs more memory than there
/// is.
LogicalResult checkTensorParallel(func::FuncOp function, const Cluster &cluster, const Assumptions &assumptions,
                                  int64_t tp, int64_t devices) {
  SmallVector<int64_t> sizes = {tp};
  if (tp % 2 == 0)
    sizes.push_back(tp / 2);
  FailureOr<ConfigurationTable> table = rankConfigurations(function, cluster, devices, assumptions, sizes);
  if (failed(table))
    return failure();
  Location loc = function->getParentOfType<ModuleOp>().getLoc();
  const Configuration *asked = findRow(*table, tp), *half = tp % 2 == 0 ? findRow(*table, tp / 2) : nullptr;
  // Compiling says why there is no plan.
  if (!asked)
    return success();
  if (!asked->fits)
    emitWarning(loc) << "at tp=" << tp << " a rank is predicted to need " << formatGigabytes(asked->memory.total())
                     << ": weights " << formatGigabytes(asked->memory.weights) << ", caches and inputs "
                     << formatGigabytes(asked->memory.caches) << ", activations "
                     << formatGigabytes(asked->memory.activations) << "; programs may use "
                     << formatGigabytes(cluster.memoryBytes) << " of a device of " << cluster.name;
  if (half && half->fits && asked->objectiveMs >= half->objectiveMs)
    emitWarning(loc) << "tp=" << tp << " is predicted to be no faster than tp=" << tp / 2 << " on " << cluster.name
                     << ": " << describe(*asked) << ", against " << describe(*half);
  return success();
}

} // namespace

LogicalResult configure(ModuleOp module, const CompileOptions &options, Configured &configured) {
  if (!configured.cluster)
    return success();
  const Cluster &cluster = *configured.cluster;
  auto functions =
      llvm::make_filter_range(module.getOps<func::FuncOp>(), [](func::FuncOp f) { return !f.isExternal(); });
  FailureOr<Assumptions> assumptions = Assumptions::parse(options.assume, module.getLoc());
  if (failed(assumptions))
    return failure();
  if (!llvm::hasSingleElement(functions))
    return module.emitError("configurations are predicted for models of one function");
  func::FuncOp function = *functions.begin();

  std::optional<int64_t> tp = getTensorParallel(configured.mesh);
  bool wantsTable = options.devices > 0 || options.chooseTp;
  int64_t devices = options.devices > 0 ? options.devices : options.chooseTp ? cluster.getDefaultDevices() : 1;
  if (!options.chooseTp && tp)
    devices = std::max(devices, *tp);
  if (llvm::Error error = cluster.checkDevices(devices))
    return emitError(UnknownLoc::get(module.getContext())) << llvm::toString(std::move(error));
  if (wantsTable) {
    FailureOr<ConfigurationTable> table = rankConfigurations(function, cluster, devices, *assumptions);
    if (failed(table))
      return failure();
    configured.table = std::move(*table);
  }
  if (!options.chooseTp)
    return tp && *tp > 1 ? checkTensorParallel(function, cluster, *assumptions, *tp, devices) : success();
  if (const Configuration *best = getBestTensorParallel(*configured.table))
    configured.mesh = {{"tp", best->tp}};
  return success();
}

} // namespace tpo
