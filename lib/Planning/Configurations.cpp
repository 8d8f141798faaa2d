//===- Configurations.cpp - Ways to use the devices of a cluster ----------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Planning/Configurations.h"

#include "StageCosts.h"

#include "tp-opt/Partition/Blocks.h"

#include "mlir/IR/Diagnostics.h"

#include <numeric>

using namespace mlir;

namespace tpo {

std::vector<OperatingPoint> getOperatingPoints(const Assumptions &assumptions, ModuleOp module) {
  /// Decode steps per prefill that plans are made for.
  constexpr double kDecodeSteps = 16;
  return {{assumptions.getPrefill(module), 1}, {assumptions.getDecode(module), kDecodeSteps}};
}

namespace {

/// Cuts costs into as many contiguous parts as asked for, so that the largest sum
/// is minimal: by dynamic programming over prefixes, once for all numbers of
/// parts.
class Splitter {
public:
  Splitter(ArrayRef<double> costs, int64_t maxParts) : prefix(costs.size() + 1, 0) {
    int64_t n = costs.size();
    for (int64_t i = 0; i < n; ++i)
      prefix[i + 1] = prefix[i] + costs[i];
    largest = {prefix};
    cuts.emplace_back(n + 1, 0);
    for (int64_t parts = 2; parts <= maxParts; ++parts) {
      std::vector<double> best(n + 1, std::numeric_limits<double>::infinity());
      std::vector<int64_t> cut(n + 1, 0);
      for (int64_t end = parts; end <= n; ++end)
        for (int64_t begin = parts - 1; begin < end; ++begin) {
          double sum = std::max(largest.back()[begin], prefix[end] - prefix[begin]);
          if (sum < best[end]) {
            best[end] = sum;
            cut[end] = begin;
          }
        }
      largest.push_back(std::move(best));
      cuts.push_back(std::move(cut));
    }
  }

  /// Where each part ends.
  SmallVector<int64_t> getEnds(int64_t parts) const {
    SmallVector<int64_t> ends(parts);
    int64_t end = prefix.size() - 1;
    for (int64_t part = parts; part-- > 0; end = cuts[part][end])
      ends[part] = end;
    return ends;
  }

private:
  std::vector<double> prefix;
  std::vector<std::vector<double>> largest; ///< By number of parts - 1 and prefix.
  std::vector<std::vector<int64_t>> cuts;   ///< Where the last part begins.
};

class Ranking {
public:
  Ranking(func::FuncOp function, const Cluster &cluster, int64_t devices, const Assumptions &assumptions)
      : function(function), cluster(cluster), devices(devices), chain(function),
        points(getOperatingPoints(assumptions, function->getParentOfType<ModuleOp>())) {}

  /// Appends the rows of one tensor-parallel and one expert-parallel size; none where
  /// the latter divides nothing.
  void addRows(int64_t tp, int64_t ep, int64_t maxStages);
  /// All that use the devices.
  void addAllRows();
  void finish();
  ConfigurationTable take() { return std::move(table); }

private:
  struct Prediction {
    ChainCost cost;
    bool dividesExperts = false;
  };
  /// None where there is no plan; `failure` says why.
  std::optional<Prediction> plan(int64_t tp, int64_t ep, std::string &failure);
  Configuration getRow(const ChainCost &cost, const Splitter &splitter, int64_t pp, int64_t tp, int64_t ep);
  double weigh(ArrayRef<double> times) const {
    double total = times[0];
    if (table.hasDecode)
      total += points[1].weight * times[1];
    return total;
  }
  double getTokensPerStep();

  func::FuncOp function;
  const Cluster &cluster;
  int64_t devices;
  LayerChain chain;
  std::vector<OperatingPoint> points;
  int64_t numExperts = 1; ///< Known once there is a plan.
  ConfigurationTable table;
};

std::optional<Ranking::Prediction> Ranking::plan(int64_t tp, int64_t ep, std::string &failure) {
  ScopedDiagnosticHandler handler(function.getContext(), [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error && failure.empty())
      failure = diagnostic.str();
    return success();
  });
  SmallVector<tp::MeshAxis> axes;
  if (ep > 1)
    axes.push_back(cluster.getAxis("ep", ep, tp, devices));
  axes.push_back(cluster.getAxis("tp", tp, 1, devices));
  tp::Mesh mesh("mesh", axes);
  CostModel model(mesh, cluster.device, points,
                  [&](const tp::Collective &collective, int64_t inputBytes, int64_t outputBytes) {
                    return cluster.getCollectiveTime(collective, mesh, devices, inputBytes, outputBytes);
                  });
  Planner planner(function, mesh, PlannedAxes::find(mesh), model);
  FailureOr<Plan> plan = planner.solve();
  if (failed(plan))
    return std::nullopt;
  numExperts = planner.getNumExperts();
  return Prediction{getChainCost(function, chain, planner, *plan, points.size()), planner.dividesExperts(*plan)};
}

/// Of a decode step: elements of the first input of tokens.
double Ranking::getTokensPerStep() {
  for (BlockArgument argument : function.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type || type.getRank() != 2 || !type.getElementType().isInteger())
      continue;
    SmallVector<int64_t> shape = getShapeAt(type, points[1].symbols);
    return shape[0] * shape[1];
  }
  return 1;
}

Configuration Ranking::getRow(const ChainCost &cost, const Splitter &splitter, int64_t pp, int64_t tp, int64_t ep) {
  Configuration row;
  row.pp = pp;
  row.tp = tp;
  row.ep = ep;
  row.dp = devices / (pp * tp * ep);
  SmallVector<double, 2> latency(points.size(), 0), slowest(points.size(), 0), moving(points.size(), 0);
  int64_t begin = 0;
  for (auto [stage, end] : llvm::enumerate(splitter.getEnds(pp))) {
    RankMemory memory;
    memory.weights = cost.everywhere.weightBytes;
    SmallVector<double, 2> time(points.size(), 0);
    for (unsigned point = 0; point < points.size(); ++point) {
      PhaseTime sum = cost.everywhere.times[point];
      for (int64_t place = begin; place < end; ++place)
        sum += cost.places[place].plan.times[point];
      slowest[point] = std::max(slowest[point], sum.total());
      if (end < static_cast<int64_t>(cost.places.size()))
        sum.communication +=
            cluster.getStageLink(stage, tp * ep, pp, row.dp).getMicroseconds(cost.places[end - 1].boundaryBytes[point]);
      latency[point] += sum.total();
      moving[point] += sum.communication;
    }
    for (int64_t place = begin; place < end; ++place) {
      memory.weights += cost.places[place].plan.weightBytes;
      // Every stage works on a request of its own.
      memory.caches += pp * cost.places[place].cacheBytes;
      memory.activations = std::max(memory.activations, cost.places[place].peakBytes);
    }
    if (memory.total() > row.memory.total())
      row.memory = memory;
    row.layersOfStage.push_back(end - begin);
    begin = end;
  }
  row.prefillMs = latency[0] / 1e3;
  row.prefillsPerSecond = row.dp * 1e6 / slowest[0];
  if (table.hasDecode) {
    row.decodeMs = latency[1] / 1e3;
    row.tokensPerSecond = row.dp * getTokensPerStep() * 1e6 / slowest[1];
  }
  row.objectiveMs = weigh(latency) / 1e3;
  row.communication = weigh(moving) / weigh(latency);
  row.fits = row.memory.total() <= cluster.memoryBytes;
  return row;
}

void Ranking::addRows(int64_t tp, int64_t ep, int64_t maxStages) {
  std::string failure;
  std::optional<Prediction> prediction = plan(tp, ep, failure);
  if (ep > 1 && !(prediction && prediction->dividesExperts))
    return;
  if (!prediction) {
    Configuration row;
    row.tp = tp;
    row.dp = devices / tp;
    row.isPredicted = row.fits = false;
    row.reason = "no plan: " + failure;
    table.rows.push_back(std::move(row));
    return;
  }
  const ChainCost *cost = &prediction->cost;
  table.hasDecode = cost->hasCache;
  std::vector<double> costs;
  for (const PlaceCost &place : cost->places) {
    SmallVector<double, 2> times;
    for (const PhaseTime &time : place.plan.times)
      times.push_back(time.total());
    costs.push_back(weigh(times));
  }
  maxStages = std::min(maxStages, chain.getNumPlaces());
  Splitter splitter(costs, maxStages);
  for (int64_t pp = 1; pp <= maxStages; ++pp)
    if (devices / (tp * ep) % pp == 0)
      table.rows.push_back(getRow(*cost, splitter, pp, tp, ep));
}

void Ranking::addAllRows() {
  for (int64_t tp = 1; tp <= devices; ++tp) {
    if (devices % tp != 0)
      continue;
    int64_t rest = devices / tp;
    addRows(tp, 1, rest);
    for (int64_t ep = 2; ep <= std::min(rest, numExperts); ++ep)
      if (rest % ep == 0)
        addRows(tp, ep, rest / ep);
  }
}

void Ranking::finish() {
  ModuleOp module = function->getParentOfType<ModuleOp>();
  table.cluster = cluster.name;
  table.devices = devices;
  table.memoryBytes = cluster.memoryBytes;
  table.decodeSteps = points[1].weight;
  for (auto [name, value] : llvm::zip(tp::getSymbolNames(module), points[0].symbols))
    if (!name.starts_with("%"))
      table.sizes += (table.sizes.empty() ? "" : ", ") + name.str() + "=" + std::to_string(value);
  llvm::stable_sort(table.rows, [](const Configuration &a, const Configuration &b) {
    if (a.fits != b.fits || a.isPredicted != b.isPredicted)
      return std::pair(a.fits, a.isPredicted) > std::pair(b.fits, b.isPredicted);
    return a.objectiveMs < b.objectiveMs;
  });
  if (!table.rows.empty() && table.rows.front().fits)
    table.rows.front().isChosen = true;
}

} // namespace

const Configuration *ConfigurationTable::getChosen() const {
  auto found = llvm::find_if(rows, [](const Configuration &row) { return row.isChosen; });
  return found == rows.end() ? nullptr : &*found;
}

const Configuration *getBestTensorParallel(const ConfigurationTable &table) {
  auto found =
      llvm::find_if(table.rows, [](const Configuration &row) { return row.fits && row.pp == 1 && row.ep == 1; });
  return found == table.rows.end() ? nullptr : &*found;
}

FailureOr<ConfigurationTable> rankConfigurations(func::FuncOp function, const Cluster &cluster, int64_t devices,
                                                 const Assumptions &assumptions, ArrayRef<int64_t> tensorParallel) {
  if (!llvm::hasSingleElement(function.getBody()))
    return function.emitError("configurations are predicted for functions of one block");
  assignLayers(function);
  Ranking ranking(function, cluster, devices, assumptions);
  for (int64_t tp : tensorParallel)
    ranking.addRows(tp, 1, 1);
  if (tensorParallel.empty())
    ranking.addAllRows();
  ranking.finish();
  ConfigurationTable table = ranking.take();
  explainTable(table);
  return table;
}

} // namespace tpo
