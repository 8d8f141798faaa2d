//===- ConstraintsTest.cpp - Demanded layouts and plan files --------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Planning/Constraints.h"

#include "dialects/Onnx/Onnx.h"
#include "tp-opt/Planning/PlanFile.h"
#include "tp-opt/Sharding/ExternalModels.h"

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

std::string failureOf(llvm::Error error) { return llvm::toString(std::move(error)); }

class ConstraintsTest : public ::testing::Test {
protected:
  ConstraintsTest() {
    DialectRegistry registry;
    registry.insert<tp::TpDialect, onnx::OnnxDialect, func::FuncDialect>();
    registerShardingExternalModels(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
  }

  OwningOpRef<ModuleOp> parse(StringRef text) { return parseSourceString<ModuleOp>(text, &context); }
  RankedTensorType type(ArrayRef<int64_t> shape) { return RankedTensorType::get(shape, Float32Type::get(&context)); }
  std::string layoutOf(StringRef text, ArrayRef<int64_t> shape, int64_t devices, bool isExact = false) {
    tp::Mesh mesh = makeMesh(devices);
    auto spec = LayoutSpec::parse(text);
    if (!spec)
      return failureOf(spec.takeError());
    auto demanded = interpret(*spec, isExact, type(shape), mesh);
    return demanded ? tp::toString(demanded->layout, mesh) : failureOf(demanded.takeError());
  }

  MLIRContext context;
};

TEST_F(ConstraintsTest, OptionsSplitAtTheLayout) {
  auto parts = [](StringRef text) {
    auto constraint = parseShardOption(text);
    return constraint ? constraint->tensor + " | " + constraint->layout : failureOf(constraint.takeError());
  };
  EXPECT_EQ(parts("*.weight=tp:1"), "*.weight | tp:1");
  EXPECT_EQ(parts("a=b=tp:1"), "a=b | tp:1");
  EXPECT_EQ(parts("w=[{}, {\"tp\", units = 15}]"), "w | [{}, {\"tp\", units = 15}]");
  EXPECT_EQ(parts("w=[{}, {}], partial = sum{\"tp\"}"), "w | [{}, {}], partial = sum{\"tp\"}");
  EXPECT_NE(parts("=tp:1").find("is not PATTERN=LAYOUT"), std::string::npos);
  EXPECT_NE(parts("tp:1").find("is not PATTERN=LAYOUT"), std::string::npos);
  EXPECT_NE(parts("w=").find("is no layout"), std::string::npos);
  EXPECT_NE(parts("w=tp:").find("is no layout"), std::string::npos);
  EXPECT_NE(parts("w=:1").find("is no layout"), std::string::npos);
  EXPECT_NE(parts("w=tp:1,").find("is no layout"), std::string::npos);
  EXPECT_NE(parts("w=tp:1x").find("is no layout"), std::string::npos);
  EXPECT_NE(parts("w=tp:0,tp:1").find("axis 'tp' twice"), std::string::npos);
}

TEST_F(ConstraintsTest, LayoutsFitTheTensor) {
  EXPECT_EQ(layoutOf("replicated", {8, 6}, 2), "[{}, {}]");
  EXPECT_EQ(layoutOf("tp:1", {8, 6}, 2), "[{}, {\"tp\"}]");
  EXPECT_EQ(layoutOf(" tp:-2 ", {8, 6}, 2), "[{\"tp\"}, {}]");
  EXPECT_EQ(layoutOf("[{}, {\"tp\", units = 3}]", {8, 6}, 2), "[{}, {\"tp\", units = 3}]");
  // One device splits nothing.
  EXPECT_EQ(layoutOf("tp:1", {8, 6}, 1), "[{}, {}]");
  EXPECT_NE(layoutOf("tp:2", {8, 6}, 2).find("out of range"), std::string::npos);
  EXPECT_NE(layoutOf("tp:-3", {8, 6}, 2).find("out of range"), std::string::npos);
  EXPECT_NE(layoutOf("dp:0", {8, 6}, 2).find("no axis 'dp'; it has 'tp'"), std::string::npos);
  EXPECT_NE(layoutOf("tp:1", {8, 6}, 8).find("which 8 devices cannot divide"), std::string::npos);
  EXPECT_NE(layoutOf("[{}]", {8, 6}, 2).find("for a tensor of rank 2"), std::string::npos);
  EXPECT_NE(layoutOf("[{}, {\"tp\"}", {8, 6}, 2).find("is no layout"), std::string::npos);
  EXPECT_NE(layoutOf("[{}, {\"tp\"}]> x", {8, 6}, 2).find("is no layout"), std::string::npos);
  EXPECT_NE(layoutOf(std::string(5000, '['), {8, 6}, 2).find("is no layout"), std::string::npos);
}

TEST_F(ConstraintsTest, ShortLayoutsLeaveTheSizeOfPieces) {
  tp::Mesh mesh = makeMesh(2);
  auto accepts = [&](bool isExact, StringRef text) {
    auto spec = llvm::cantFail(LayoutSpec::parse("tp:0"));
    auto demanded = llvm::cantFail(interpret(spec, isExact, type({12}), mesh));
    auto other = llvm::cantFail(interpret(llvm::cantFail(LayoutSpec::parse(text)), true, type({12}), mesh));
    return demanded.accepts(other.layout);
  };
  EXPECT_TRUE(accepts(false, "tp:0"));
  EXPECT_TRUE(accepts(false, "[{\"tp\", units = 3}]"));
  EXPECT_FALSE(accepts(false, "replicated"));
  EXPECT_TRUE(accepts(true, "tp:0"));
  EXPECT_FALSE(accepts(true, "[{\"tp\", units = 3}]"));
}

/// A layout of a file's tensor of `shape`, as a use sees it, and back.
TEST_F(ConstraintsTest, LayoutsFollowViews) {
  tp::Mesh mesh = makeMesh(2);
  auto mapped = [&](StringRef layout, ArrayRef<int64_t> shape, ArrayRef<int64_t> sizes,
                    ArrayRef<int64_t> strides) -> std::string {
    OpBuilder b(&context);
    auto module = ModuleOp::create(b.getUnknownLoc());
    OwningOpRef<ModuleOp> owner(module);
    b.setInsertionPointToStart(module.getBody());
    auto view = tp::ViewAttr::get(&context, b.getF32Type(), b.getAffineConstantExpr(0), strides);
    auto weight = tp::WeightOp::create(b, b.getUnknownLoc(), type(sizes), "w", 0, view);
    auto demanded = llvm::cantFail(interpret(llvm::cantFail(LayoutSpec::parse(layout)), true, type(shape), mesh));
    auto result = mapToView(demanded, shape, weight, mesh);
    if (!result)
      return failureOf(result.takeError());
    std::optional<tp::Layout> back = mapFromView(result->layout, shape, weight);
    std::string text = tp::toString(result->layout, mesh);
    return back == demanded.layout ? text : text + " one way";
  };
  EXPECT_EQ(mapped("tp:1", {8, 12}, {8, 12}, {12, 1}), "[{}, {\"tp\"}]");
  EXPECT_EQ(mapped("tp:1", {8, 12}, {12, 8}, {1, 12}), "[{\"tp\"}, {}]") << "transposed";
  EXPECT_EQ(mapped("tp:1", {8, 12}, {8, 4}, {12, 1}), "[{}, {\"tp\"}]") << "one of three parts";
  EXPECT_EQ(mapped("tp:1", {8, 12}, {8, 3, 4}, {12, 4, 1}), "[{}, {\"tp\"}, {}] one way") << "heads";
  EXPECT_EQ(mapped("[{}, {\"tp\", units = 3}]", {8, 12}, {8, 12}, {12, 1}), "[{}, {\"tp\", units = 3}]");
  EXPECT_EQ(mapped("tp:0", {8, 12}, {96}, {1}), "[{\"tp\"}]") << "flat";
  EXPECT_EQ(mapped("tp:0", {3, 4}, {12}, {1}), "[{\"tp\", units = 3}]") << "flat, uneven";
  EXPECT_EQ(mapped("replicated", {8, 12}, {96}, {1}), "[{}]");
  EXPECT_NE(mapped("tp:1", {8, 12}, {96}, {1}).find("does not have dimension 1 by itself"), std::string::npos);
  EXPECT_NE(mapped("tp:0", {8, 12}, {12}, {1}).find("does not have dimension 0"), std::string::npos) << "a row";
}

constexpr const char *kModel = R"mlir(
  tp.mesh @mesh <["tp"=2]>
  func.func @main(%x: tensor<64x256xf32> {onnx.name = "x"}) -> (tensor<64x256xf32> {onnx.name = "y"}) {
    %up = tp.weight "up" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [512, 1]>} : tensor<256x512xf32>
    %h = "onnx.MatMul"(%x, %up) : (tensor<64x256xf32>, tensor<256x512xf32>) -> tensor<64x512xf32> loc("h")
    %down = tp.weight "down" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [256, 1]>} : tensor<512x256xf32>
    %y = "onnx.MatMul"(%h, %down) : (tensor<64x512xf32>, tensor<512x256xf32>) -> tensor<64x256xf32>
    return %y : tensor<64x256xf32>
  })mlir";

/// A plan costs what its demands leave: never less than the free one, and what
/// the free one chose costs nothing.
TEST_F(ConstraintsTest, DemandsCostWhatTheyTake) {
  tp::Mesh mesh = makeMesh(2);
  auto costOf = [&](StringRef tensor, StringRef layout) -> double {
    OwningOpRef<ModuleOp> module = parse(kModel);
    auto function = *module->getOps<func::FuncOp>().begin();
    if (!tensor.empty()) {
      Constraint constraint;
      constraint.tensor = tensor.str();
      constraint.layout = layout.str();
      addConstraints(*module, constraint);
    }
    auto constraints = resolveConstraints(function, mesh);
    EXPECT_TRUE(succeeded(constraints));
    // Memory counts, or an all-gather is as good as an all-reduce at these sizes.
    DeviceModel device;
    device.flopsPerMicrosecond = {4e8};
    CostModel cost(mesh, device, {{{}, 1}});
    Planner planner(function, mesh, 0, cost, &*constraints);
    auto plan = planner.solve();
    EXPECT_TRUE(succeeded(plan));
    return plan->solution.cost;
  };
  double free = costOf("", "");
  EXPECT_EQ(costOf("up", "tp:1"), free);
  EXPECT_EQ(costOf("down", "tp:0"), free);
  EXPECT_EQ(costOf("h", "tp:1"), free);
  EXPECT_GT(costOf("up", "tp:0"), free);
  EXPECT_GT(costOf("h", "replicated"), free);
  EXPECT_GT(costOf("?", "tp:0"), free);
}

/// Whatever a plan file holds, reading it ends with constraints or an error.
TEST_F(ConstraintsTest, DamagedPlanFiles) {
  OwningOpRef<ModuleOp> module = parse(kModel);
  auto function = *module->getOps<func::FuncOp>().begin();
  tp::Mesh mesh = makeMesh(2);
  ConstraintSet none(module->getLoc());
  CostModel cost(mesh, DeviceModel(), {{{}, 1}});
  Planner planner(function, mesh, 0, cost, &none);
  auto plan = planner.solve();
  ASSERT_TRUE(succeeded(plan));
  TensorTable table(function);
  std::string text = formatPlan(table, planner, *plan, mesh, "model.onnx");
  unsigned errors = 0, accepted = 0;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    errors += diagnostic.getSeverity() == DiagnosticSeverity::Error;
    // Always at a place in the file.
    EXPECT_TRUE(isa<FileLineColLoc>(diagnostic.getLocation())) << diagnostic.str();
    return success();
  });
  auto read = [&](StringRef damaged) {
    unsigned before = errors;
    auto constraints = parsePlan(damaged, "plan.json", table, mesh, &context);
    EXPECT_EQ(failed(constraints), errors > before) << damaged.str();
    accepted += succeeded(constraints);
    return constraints;
  };
  auto intact = read(text);
  ASSERT_TRUE(succeeded(intact));
  EXPECT_EQ(intact->size(), 5u);
  for (size_t size = 0; size + 2 < text.size(); ++size)
    EXPECT_TRUE(failed(read(StringRef(text).take_front(size))));
  std::mt19937 random(7);
  const char kInteresting[] = "{}[]\",:\\0129-e \n\x80";
  for (unsigned i = 0; i < 4000; ++i) {
    std::string damaged = text;
    for (unsigned edits = 1 + random() % 3; edits > 0; --edits) {
      size_t at = random() % damaged.size();
      switch (random() % 3) {
      case 0:
        damaged[at] = kInteresting[random() % (sizeof(kInteresting) - 1)];
        break;
      case 1:
        damaged.erase(at, 1 + random() % 8);
        break;
      default:
        damaged.insert(at, text.substr(random() % text.size(), random() % 16));
      }
    }
    (void)read(damaged);
  }
  EXPECT_TRUE(failed(read(std::string(100000, '['))));
  EXPECT_GT(accepted, 1u);
}

} // namespace
