//===- ReportTest.cpp - The report's graph ---------------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Pipeline/Report.h"
#include "tp-opt/Pipeline/Compiler.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace tpo;

namespace {

/// Two layers that are the same, something between, and a third one that is
/// laid out differently from a fourth.
constexpr const char *kModule = R"(
#rep = #tp.layout<@m, [{}, {}]>
#col = #tp.layout<@m, [{}, {"tp"}]>
module {
tp.mesh @m <["tp"=2]>
func.func @main(%x: tensor<4x8xf32> {onnx.name = "x", tp.layout = #rep}) -> (tensor<4x8xf32> {onnx.name = "y"}) {
  %w = tp.weight "w" {file = 0 : i32, view = #tp.view<elem = f32, offset = 0, strides = [1]>} : tensor<8xf32>
  %0 = "onnx.Relu"(%x) {tp.layouts = [#rep]} : (tensor<4x8xf32>) -> tensor<4x8xf32> loc("before")
  %1 = "onnx.Mul"(%0, %w) {tp.layer = 0 : i64, tp.layouts = [#rep], tp.reasons = ["why"]} : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32> loc("first")
  %2 = "onnx.Mul"(%1, %w) {tp.layer = 1 : i64, tp.layouts = [#rep]} : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32> loc("second")
  %3 = "onnx.Relu"(%2) {tp.layouts = [#rep]} : (tensor<4x8xf32>) -> tensor<4x8xf32> loc("between")
  %4 = "onnx.Abs"(%3) {tp.layer = 2 : i64, tp.layouts = [#rep]} : (tensor<4x8xf32>) -> tensor<4x8xf32> loc("third")
  %5 = tp.reshard %4 to <@m, [{}, {"tp"}]> : tensor<4x8xf32>
  %6 = "onnx.Abs"(%5) {tp.layer = 3 : i64, tp.layouts = [#col]} : (tensor<4x8xf32>) -> tensor<4x8xf32> loc("fourth")
  %7 = tp.reshard %6 to <@m, [{}, {}]> : tensor<4x8xf32>
  return %7 : tensor<4x8xf32>
}
}
)";

class ReportGraphTest : public ::testing::Test {
protected:
  ReportGraphTest() {
    DialectRegistry registry;
    registerAllTpOptDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
    context.loadDialect<func::FuncDialect>();
    module = parseSourceString<ModuleOp>(kModule, &context);
  }
  /// The sections, with the program that partitioning makes.
  llvm::json::Object getGraph() {
    Report report;
    report.addGlobal(*module);
    PassManager manager(&context);
    buildPartitionPipeline(manager);
    if (failed(manager.run(*module)) || failed(report.addPartitioned(*module, {})))
      return {};
    root = report.take();
    return std::move(*root.getObject("graph"));
  }
  static const llvm::json::Object &at(const llvm::json::Array &array, size_t i) { return *array[i].getAsObject(); }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  llvm::json::Object root;
};

TEST_F(ReportGraphTest, HasSectionsAndClasses) {
  ASSERT_TRUE(module);
  llvm::json::Object graph = getGraph();
  const llvm::json::Array *sections = graph.getArray("sections");
  ASSERT_TRUE(sections);
  ASSERT_EQ(sections->size(), 4u);
  for (size_t i = 0; i < 4; ++i)
    EXPECT_EQ(at(*sections, i).getString("kind"), i % 2 == 0 ? "outside" : "layers") << i;

  const llvm::json::Array &same = *at(*sections, 1).getArray("classes");
  ASSERT_EQ(same.size(), 1u);
  EXPECT_EQ(*at(same, 0).getArray("layers"), llvm::json::Array({0, 1}));
  const llvm::json::Object &first = at(*at(same, 0).getArray("nodes"), 0);
  EXPECT_EQ(first.getString("name"), "first");
  EXPECT_EQ(first.getString("reason"), "why");
  EXPECT_EQ(first.getBoolean("leaves"), true);
  EXPECT_EQ(at(*first.getArray("weights"), 0).getString("name"), "w");
  // In layer 0 it is the Relu before, in layer 1 the layer before.
  const llvm::json::Object &source = at(*at(same, 0).getArray("sources"), 0);
  EXPECT_EQ(source.getString("name"), "before");
  EXPECT_EQ(source.getBoolean("previous_layer"), true);

  EXPECT_EQ(at(*sections, 3).getArray("classes")->size(), 2u);
}

TEST_F(ReportGraphTest, PutsCollectivesBetweenOperations) {
  ASSERT_TRUE(module);
  llvm::json::Object graph = getGraph();
  const llvm::json::Array *sections = graph.getArray("sections");
  ASSERT_TRUE(sections);
  const llvm::json::Array &classes = *at(*sections, 3).getArray("classes");
  // A slice belongs to what it slices; nothing moves for it.
  const llvm::json::Object &slice = at(*at(classes, 0).getArray("nodes"), 1);
  EXPECT_EQ(slice.getString("op"), "slice");
  EXPECT_EQ(slice.getBoolean("moves"), true);
  EXPECT_FALSE(slice.get("collectives"));
  const llvm::json::Array &nodes = *at(classes, 1).getArray("nodes");
  ASSERT_EQ(nodes.size(), 2u);
  const llvm::json::Object &gather = at(nodes, 1);
  EXPECT_EQ(gather.getString("op"), "all_gather");
  EXPECT_EQ(*gather.getArray("collectives"), llvm::json::Array({0}));
  EXPECT_EQ(*gather.getArray("outputs"), llvm::json::Array({"y"}));
  EXPECT_EQ(*gather.getArray("inputs"), llvm::json::Array({*at(nodes, 0).getInteger("id")}));
  EXPECT_EQ(at(*at(nodes, 0).getArray("results"), 0).getString("layout"), "[{}, {\"tp\"}]");
  EXPECT_EQ(root.getArray("collectives")->size(), 1u);
}

} // namespace
