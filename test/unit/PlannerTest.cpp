//===- PlannerTest.cpp - Plans against brute force ------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Planning/Planner.h"

#include "dialects/Onnx/Onnx.h"
#include "tp-opt/Partition/Blocks.h"
#include "tp-opt/Sharding/ExternalModels.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

#include <random>

using namespace mlir;
using namespace tpo;

namespace {

tp::Mesh makeMesh(int64_t devices) {
  tp::MeshAxis axis;
  axis.name = "tp";
  axis.size = devices;
  return tp::Mesh("mesh", {axis});
}

/// Writes random functions of matrices of 8 x 8.
class Generator {
public:
  explicit Generator(unsigned seed) : random(seed) {}

  std::string function(unsigned numOps) {
    text = "func.func @f(%v0: tensor<8x8xf32>) -> tensor<8x8xf32> {\n";
    values = 1;
    for (unsigned i = 0; i < numOps; ++i)
      operation();
    text += "return %v" + std::to_string(values - 1) + " : tensor<8x8xf32>\n}";
    return text;
  }

private:
  static constexpr const char *kType = "tensor<8x8xf32>";

  std::string value() {
    // Mostly recent ones, so that graphs are deep and sometimes wide.
    unsigned back = std::min(values - 1, random() % 2 ? 0u : unsigned(random() % 4));
    return "%v" + std::to_string(values - 1 - back);
  }
  std::string weight() {
    std::string name = "%w" + std::to_string(weights++);
    text += name + " = tp.weight \"" + name.substr(1) +
            "\" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [8, 1]>} : tensor<8x8xf32>\n";
    return name;
  }
  void add(StringRef name, ArrayRef<std::string> operands, StringRef attributes = "") {
    text += "%v" + std::to_string(values) + " = \"onnx." + name.str() + "\"(";
    std::string types;
    for (const std::string &operand : operands) {
      text += (types.empty() ? "" : ", ") + operand;
      types += (types.empty() ? "" : ", ") + std::string(kType);
    }
    text += ")" + attributes.str() + " : (" + types + ") -> " + kType + "\n";
    ++values;
  }
  void operation() {
    switch (random() % 8) {
    case 0:
    case 1:
    case 2: {
      std::string x = value();
      return add("MatMul", {x, weight()});
    }
    case 3:
      return add("MatMul", {value(), value()});
    case 4:
      return add("Add", {value(), value()});
    case 5:
      return add("Relu", {value()});
    case 6:
      return add("Softmax", {value()}, " {axis = -1 : si64}");
    default:
      return add("Transpose", {value()}, " {perm = [1, 0]}");
    }
  }

  std::mt19937 random;
  std::string text;
  unsigned values = 0, weights = 0;
};

/// Writes random functions of four matrices of 8 x 8, products with a matrix for
/// each of them or the same for all; the result is their sum.
class ExpertGenerator {
public:
  explicit ExpertGenerator(unsigned seed) : random(seed) {}

  std::string function(unsigned numOps) {
    text = "func.func @f(%v0: tensor<4x8x8xf32>) -> tensor<8x8xf32> {\n"
           "%axes = \"onnx.Constant\"() {value = dense<0> : tensor<1xi64>} : () -> tensor<1xi64>\n";
    // At least one product with experts.
    product(/*withExperts=*/true);
    for (unsigned i = 1; i < numOps; ++i)
      operation();
    return text + "%sum = \"onnx.ReduceSum\"(" + last() + ", %axes) {keepdims = 0 : si64} : (" + kType +
           ", tensor<1xi64>) -> tensor<8x8xf32>\nreturn %sum : tensor<8x8xf32>\n}";
  }

private:
  const std::string kType = "tensor<4x8x8xf32>";

  std::string last() { return "%v" + std::to_string(values - 1); }
  std::string value() { return "%v" + std::to_string(values - 1 - random() % std::min(values, 2u)); }
  void add(StringRef name, const std::string &a, const std::string &b, const std::string &typeOfB) {
    text += "%v" + std::to_string(values++) + " = \"onnx." + name.str() + "\"(" + a + (b.empty() ? "" : ", " + b) +
            ") : (" + kType + (b.empty() ? "" : ", " + typeOfB) + ") -> " + kType + "\n";
  }
  void product(bool withExperts) {
    std::string name = "w" + std::to_string(weights++), type = withExperts ? kType : "tensor<8x8xf32>";
    text += "%" + name + " = tp.weight \"" + name +
            "\" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [" + (withExperts ? "64, " : "") +
            "8, 1]>} : " + type + "\n";
    add("MatMul", value(), "%" + name, type);
  }
  void operation() {
    switch (random() % 4) {
    case 0:
      return product(true);
    case 1:
      return product(false);
    case 2:
      return add("Add", value(), value(), kType);
    default:
      return add("Relu", value(), "", "");
    }
  }

  std::mt19937 random;
  std::string text;
  unsigned values = 1, weights = 0;
};

class PlannerTest : public ::testing::Test {
protected:
  PlannerTest() {
    DialectRegistry registry;
    registry.insert<tp::TpDialect, onnx::OnnxDialect, func::FuncDialect>();
    registerShardingExternalModels(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
  }

  MLIRContext context;
};

/// What an assignment of strategies costs, from the strategies alone: each
/// value goes to the layout from which its readers are served cheapest.
class Evaluator {
public:
  Evaluator(func::FuncOp function, const Planner &planner, CostModel &cost, bool hasExpertAxis)
      : function(function), planner(planner), cost(cost), hasExpertAxis(hasExpertAxis) {}

  double evaluate(const llvm::DenseMap<Operation *, unsigned> &choice) {
    double total = 0;
    for (Operation *op : planner.getOps()) {
      const Strategy &strategy = planner.getStrategies(op)[choice.lookup(op)];
      total += cost.weigh(cost.getTimes(op, strategy.rule, strategy.assignment, strategy.layouts));
      for (auto [index, operand] : llvm::enumerate(op->getOperands()))
        if (operand.getDefiningOp<tp::WeightOp>() && !isDivided(operand, strategy.layouts.operands[index]))
          return CostNetwork::kInfinity;
    }
    for (Operation &op : function.getBody().front())
      for (Value result : op.getResults())
        total += delivery(result, choice);
    for (Value argument : function.getArguments())
      total += delivery(argument, choice);
    return total;
  }

private:
  /// Over all axes that can: the second one divides experts only.
  bool isDivided(Value weight, const tp::Layout &layout) {
    unsigned axes = hasExpertAxis && cast<RankedTensorType>(weight.getType()).getRank() > 2 ? 2 : 1;
    return llvm::all_of(llvm::seq<unsigned>(axes), [&](unsigned axis) {
      return llvm::any_of(layout.dims, [&](const tp::DimSplit &dim) { return PlannedAxes::isIn(axis, dim.axes); });
    });
  }
  double delivery(Value value, const llvm::DenseMap<Operation *, unsigned> &choice) {
    Operation *op = value.getDefiningOp();
    auto type = cast<RankedTensorType>(value.getType());
    bool isFree = !op || isa<tp::WeightOp>(op);
    auto toUses = [&](tp::LayoutAttr from) {
      double sum = 0;
      for (OpOperand &use : value.getUses()) {
        tp::LayoutAttr to =
            isa<func::ReturnOp>(use.getOwner())
                ? tp::LayoutAttr::get(&context(), from.getMesh(), from.getDims(), tp::ReductionKind::Sum, {})
                : planner.getStrategies(use.getOwner())[choice.lookup(use.getOwner())].operands[use.getOperandNumber()];
        sum += cost.getReshardTime(type, from, to);
      }
      return sum;
    };
    SmallVector<tp::LayoutAttr> candidates;
    if (!isFree)
      candidates.push_back(planner.getStrategies(op)[choice.lookup(op)].results[0]);
    unsigned uses = std::distance(value.use_begin(), value.use_end());
    if (isFree || uses > 1)
      for (OpOperand &use : value.getUses())
        if (!isa<func::ReturnOp>(use.getOwner()))
          for (const Strategy &strategy : planner.getStrategies(use.getOwner()))
            if (tp::LayoutAttr layout = strategy.operands[use.getOperandNumber()]; !isFree || !layout.isPartial())
              candidates.push_back(layout);
    if (uses == 0 || candidates.empty())
      return 0;
    double best = CostNetwork::kInfinity;
    for (tp::LayoutAttr candidate : candidates)
      best =
          std::min(best, toUses(candidate) + (isFree ? 0 : cost.getReshardTime(type, candidates.front(), candidate)));
    return best;
  }
  MLIRContext &context() { return *function.getContext(); }

  func::FuncOp function;
  const Planner &planner;
  CostModel &cost;
  bool hasExpertAxis;
};

/// Whether a plan is the cheapest of all assignments of strategies; false where they
/// are too many to try.
bool equalsBruteForce(func::FuncOp function, const Planner &planner, const Plan &plan, CostModel &cost,
                      const std::string &text, bool hasExpertAxis = false) {
  Evaluator evaluator(function, planner, cost, hasExpertAxis);
  llvm::DenseMap<Operation *, unsigned> choice, chosen;
  for (Operation *op : planner.getOps())
    chosen[op] = plan.solution.states[planner.getVariable(op)];
  uint64_t assignments = 1;
  for (Operation *op : planner.getOps())
    assignments *= planner.getStrategies(op).size();
  if (assignments > 200000)
    return false;
  double best = CostNetwork::kInfinity;
  for (uint64_t number = 0; number < assignments; ++number) {
    uint64_t rest = number;
    for (Operation *op : planner.getOps()) {
      choice[op] = rest % planner.getStrategies(op).size();
      rest /= planner.getStrategies(op).size();
    }
    best = std::min(best, evaluator.evaluate(choice));
  }
  EXPECT_LT(best, CostNetwork::kInfinity) << text;
  EXPECT_NEAR(plan.solution.cost, best, 1e-4) << text;
  EXPECT_NEAR(evaluator.evaluate(chosen), best, 1e-4) << text;
  return true;
}

/// Slow devices, so that arithmetic counts at these sizes.
DeviceModel makeSlowDevice() {
  DeviceModel device;
  device.flopsPerMicrosecond = {50};
  device.bytesPerMicrosecond = 100;
  device.launchMicroseconds = 0.5;
  return device;
}

TEST_F(PlannerTest, EqualsBruteForceOnRandomGraphs) {
  int planned = 0, divided = 0, rows = 0;
  for (unsigned seed = 0; seed < 150; ++seed) {
    std::string text = Generator(seed).function(2 + seed % 7);
    auto module = parseSourceString<ModuleOp>(text, &context);
    ASSERT_TRUE(module) << text;
    auto function = *module->getOps<func::FuncOp>().begin();
    assignLayers(function);
    tp::Mesh mesh = makeMesh(seed % 2 ? 2 : 4);
    CostModel cost(mesh, makeSlowDevice(), {{{}, 1}});
    Planner planner(function, mesh, 0, cost, nullptr, seed % 3 ? SequenceParallelism::Off : SequenceParallelism::Auto);
    FailureOr<Plan> plan = planner.solve();
    ASSERT_TRUE(succeeded(plan));
    if (!equalsBruteForce(function, planner, *plan, cost, text))
      continue;
    ++planned;
    for (Operation *op : planner.getOps()) {
      divided += !planner.getStrategy(op, *plan).assignment.isReplicated();
      rows += planner.explain(op, *plan).find("splits rows") != std::string::npos;
    }
  }
  // Graphs and devices are such that there is something to decide.
  EXPECT_GT(planned, 100);
  EXPECT_GT(divided, 100);
  EXPECT_GT(rows, 10);
}

/// The same with an axis for experts: it divides every weight that has some, and
/// nothing of a weight that has none.
TEST_F(PlannerTest, EqualsBruteForceOnTwoAxes) {
  int planned = 0, bothOnExperts = 0, sums = 0;
  for (unsigned seed = 0; seed < 60; ++seed) {
    std::string text = ExpertGenerator(seed).function(1 + seed % 4);
    auto module = parseSourceString<ModuleOp>(text, &context);
    ASSERT_TRUE(module) << text;
    auto function = *module->getOps<func::FuncOp>().begin();
    assignLayers(function);
    tp::Mesh tensors = makeMesh(2);
    tp::MeshAxis experts = tensors.getAxes()[0];
    experts.name = "ep";
    if (seed % 2)
      experts.size = 4;
    tp::Mesh mesh("mesh", {tensors.getAxes()[0], experts});
    CostModel cost(mesh, makeSlowDevice(), {{{}, 1}});
    Planner planner(function, mesh, PlannedAxes::find(mesh), cost);
    EXPECT_EQ(planner.getNumExperts(), 4);
    FailureOr<Plan> plan = planner.solve();
    ASSERT_TRUE(succeeded(plan));
    EXPECT_TRUE(planner.dividesExperts(*plan));
    planned += equalsBruteForce(function, planner, *plan, cost, text, /*hasExpertAxis=*/true);
    for (Operation *op : planner.getOps()) {
      const Strategy &strategy = planner.getStrategy(op, *plan);
      for (auto [operand, layout] : llvm::zip(op->getOperands(), strategy.layouts.operands))
        if (cast<RankedTensorType>(operand.getType()).getRank() == 2 && operand.getDefiningOp<tp::WeightOp>()) {
          for (const tp::DimSplit &dim : layout.dims)
            EXPECT_FALSE(PlannedAxes::isIn(unsigned(1), dim.axes));
        }
      for (const tp::AxisRefs &refs : strategy.assignment.factorAxes)
        bothOnExperts += refs.size() > 1;
      if (op->getName().stripDialect() == "ReduceSum")
        sums += PlannedAxes::isIn(unsigned(1), strategy.layouts.results[0].partial);
    }
  }
  EXPECT_GT(planned, 30);
  EXPECT_GT(bothOnExperts, 5);
  EXPECT_GT(sums, 5);
}

/// What one plan delivers another one keeps, and without a choice it costs no
/// less.
TEST_F(PlannerTest, SharedLayoutsAreKept) {
  int differ = 0;
  for (unsigned seed = 0; seed < 40; ++seed) {
    auto module = parseSourceString<ModuleOp>(Generator(seed).function(4 + seed % 5), &context);
    auto function = *module->getOps<func::FuncOp>().begin();
    assignLayers(function);
    tp::Mesh mesh = makeMesh(4);
    DeviceModel slow;
    slow.flopsPerMicrosecond = {50};
    slow.bytesPerMicrosecond = 100;
    CostModel fast(mesh, DeviceModel(), {{{}, 1}}), other(mesh, slow, {{{}, 1}});
    Planner first(function, mesh, 0, fast), free(function, mesh, 0, other), bound(function, mesh, 0, other);
    FailureOr<Plan> plan = first.solve(), cheapest = free.solve();
    ASSERT_TRUE(succeeded(plan) && succeeded(cheapest));
    SharedLayouts shared = first.getSharedLayouts(*plan);
    bound.share(shared);
    std::optional<Plan> kept = bound.find();
    ASSERT_TRUE(kept);
    SharedLayouts same = bound.getSharedLayouts(*kept), cheap = free.getSharedLayouts(*cheapest);
    EXPECT_TRUE(same.arguments == shared.arguments && same.weights == shared.weights && same.results == shared.results);
    EXPECT_GE(kept->solution.cost, cheapest->solution.cost - 1e-4);
    differ += cheap.weights != shared.weights || cheap.arguments != shared.arguments;
  }
  EXPECT_GT(differ, 5);
}

TEST_F(PlannerTest, CostsOfLayersAddUp) {
  auto module = parseSourceString<ModuleOp>(Generator(3).function(8), &context);
  auto function = *module->getOps<func::FuncOp>().begin();
  assignLayers(function);
  tp::Mesh mesh = makeMesh(4);
  CostModel cost(mesh, DeviceModel(), {{{}, 1}, {{}, 3}});
  Planner planner(function, mesh, 0, cost);
  FailureOr<Plan> plan = planner.solve();
  ASSERT_TRUE(succeeded(plan));
  double sum = 0;
  for (auto &[layer, part] : plan->layers)
    sum += part.times[0].total() + 3 * part.times[1].total();
  EXPECT_NEAR(sum, plan->total.times[0].total() + 3 * plan->total.times[1].total(), 1e-6);
  // Two readers of one resharded value pay once in the sum of parts.
  EXPECT_LE(sum, plan->solution.cost + 1e-4);
}

/// A thousand equal blocks cost the arithmetic of a few.
TEST_F(PlannerTest, EqualLayersArePlannedOnce) {
  auto make = [](unsigned layers) {
    std::string type = "tensor<8x64xf32>";
    std::string text = "func.func @f(%x0: " + type + ") -> " + type + " {\n";
    for (unsigned layer = 0; layer < layers; ++layer) {
      std::string n = std::to_string(layer), next = std::to_string(layer + 1);
      for (auto [name, rows, columns] : {std::tuple("u", "64", "256"), std::tuple("d", "256", "64")})
        text += "%" + std::string(name) + n + " = tp.weight \"" + name + n +
                "\" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [" + columns +
                ", 1]>} : tensor<" + rows + "x" + columns + "xf32>\n";
      text += "%a" + n + " = \"onnx.MatMul\"(%x" + n + ", %u" + n + ") : (" + type +
              ", tensor<64x256xf32>) -> tensor<8x256xf32>\n%b" + n + " = \"onnx.Relu\"(%a" + n +
              ") : (tensor<8x256xf32>) -> tensor<8x256xf32>\n%c" + n + " = \"onnx.MatMul\"(%b" + n + ", %d" + n +
              ") : (tensor<8x256xf32>, tensor<256x64xf32>) -> " + type + "\n%x" + next + " = \"onnx.Add\"(%x" + n +
              ", %c" + n + ") : (" + type + ", " + type + ") -> " + type + "\n";
    }
    return text + "return %x" + std::to_string(layers) + " : " + type + "\n}";
  };
  SmallVector<uint64_t> computed;
  for (unsigned layers : {10, 1000}) {
    auto module = parseSourceString<ModuleOp>(make(layers), &context);
    auto function = *module->getOps<func::FuncOp>().begin();
    assignLayers(function);
    tp::Mesh mesh = makeMesh(4);
    CostModel cost(mesh, DeviceModel(), {{{}, 1}});
    Planner planner(function, mesh, 0, cost);
    FailureOr<Plan> plan = planner.solve();
    ASSERT_TRUE(succeeded(plan));
    computed.push_back(planner.getNetwork().getStatistics().computed);
    EXPECT_GE(planner.getNetwork().getStatistics().asked, layers);
    EXPECT_LT(planner.getNumClasses(), 10u);
    // Column, row, one sum: in every layer.
    unsigned split = 0;
    for (Operation *op : planner.getOps())
      split += op->getName().stripDialect() == "MatMul" && !planner.getStrategy(op, *plan).assignment.isReplicated();
    EXPECT_EQ(split, 2 * layers);
  }
  EXPECT_LE(computed[1], computed[0] + 5);
}

} // namespace
