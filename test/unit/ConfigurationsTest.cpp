//===- ConfigurationsTest.cpp - Predictions for a cluster -----------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Planning/Configurations.h"

#include "dialects/Onnx/Onnx.h"
#include "tp-opt/Planning/Execution.h"
#include "tp-opt/Sharding/ExternalModels.h"

#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

#include <map>
#include <numeric>

using namespace mlir;
using namespace tpo;

namespace {

constexpr int64_t kHidden = 8192, kInner = 28672, kPast = 512;
/// Bytes of a layer's weights.
constexpr double kLayerBytes = 2.0 * 2 * kHidden * kInner;

/// `layers` blocks of two products in bf16 and a cache, all of the size of a 70B
/// model's.
std::string makeModel(unsigned layers) {
  std::string state = "tensor<1x8x?x128xbf16, #tp.dims<[1, 8, s1, 128]>>";
  std::string grown = "tensor<1x8x?x128xbf16, #tp.dims<[1, 8, s1 + s0, 128]>>";
  std::string fresh = "tensor<1x8x?x128xbf16, #tp.dims<[1, 8, s0, 128]>>";
  std::string rows = "tensor<1x?x8192xbf16, #tp.dims<[1, s0, 8192]>>",
              inner = "tensor<1x?x28672xbf16, #tp.dims<[1, s0, 28672]>>";
  std::string heads = "tensor<1x?x8x128xbf16, #tp.dims<[1, s0, 8, 128]>>",
              part = "tensor<1x?x1024xbf16, #tp.dims<[1, s0, 1024]>>";
  std::string arguments = "%x0: " + rows, results = rows, returned, body;
  for (unsigned i = 0; i < layers; ++i) {
    std::string n = std::to_string(i), next = std::to_string(i + 1);
    arguments += ", %past" + n + ": " + state;
    results += ", " + grown;
    returned += ", %now" + n;
    auto weight = [&](StringRef name, StringRef from, StringRef to) {
      body += "%" + name.str() + n + " = tp.weight \"" + name.str() + n +
              "\" {file = 0 : i32, view = #tp.view<elem = bf16, offset = 0, strides = [" + to.str() +
              ", 1]>} : tensor<" + from.str() + "x" + to.str() + "xbf16>\n";
    };
    auto op = [&](const std::string &result, StringRef name, const std::string &operands, StringRef attributes,
                  const std::string &types, const std::string &type) {
      body += "%" + result + n + " = \"onnx." + name.str() + "\"(" + operands + ")" + attributes.str() + " : (" +
              types + ") -> " + type + "\n";
    };
    weight("k", "8192", "1024");
    op("kx", "MatMul", "%x" + n + ", %k" + n, "", rows + ", tensor<8192x1024xbf16>", part);
    body += "%shape" + n + " = \"onnx.SymbolicConstant\"() {value = #tp.dims<[1, s0, 8, 128]>} : () -> tensor<4xi64>\n";
    op("kr", "Reshape", "%kx" + n + ", %shape" + n, " {allowzero = 1 : si64}", part + ", tensor<4xi64>", heads);
    op("kt", "Transpose", "%kr" + n, " {perm = [0, 2, 1, 3]}", heads, fresh);
    op("now", "Concat", "%past" + n + ", %kt" + n, " {axis = 2 : si64}", state + ", " + fresh, grown);
    weight("u", "8192", "28672");
    op("a", "MatMul", "%x" + n + ", %u" + n, "", rows + ", tensor<8192x28672xbf16>", inner);
    op("b", "Relu", "%a" + n, "", inner, inner);
    weight("d", "28672", "8192");
    op("c", "MatMul", "%b" + n + ", %d" + n, "", inner + ", tensor<28672x8192xbf16>", rows);
    body += "%x" + next + " = \"onnx.Add\"(%x" + n + ", %c" + n + ") : (" + rows + ", " + rows + ") -> " + rows + "\n";
  }
  return "module attributes {tp.symbols = [\"seq\", \"past\"]} {\nfunc.func @f(" + arguments + ") -> (" + results +
         ") {\n" + body + "return %x" + std::to_string(layers) + returned + " : " + results + "\n}\n}";
}

/// Two products of all tokens with eight experts each, and their sum.
std::string makeExperts() {
  return R"(module attributes {tp.symbols = ["seq"]} {
    func.func @f(%x: tensor<1x?x4096xbf16, #tp.dims<[1, s0, 4096]>>) -> tensor<?x4096xbf16, #tp.dims<[s0, 4096]>> {
      %axes = "onnx.Constant"() {value = dense<0> : tensor<1xi64>} : () -> tensor<1xi64>
      %up = tp.weight "up" {file = 0 : i32, view = #tp.view<elem = bf16, offset = 0, strides = [67108864, 16384, 1]>} : tensor<8x4096x16384xbf16>
      %down = tp.weight "down" {file = 0 : i32, view = #tp.view<elem = bf16, offset = 0, strides = [67108864, 4096, 1]>} : tensor<8x16384x4096xbf16>
      %0 = "onnx.MatMul"(%x, %up) : (tensor<1x?x4096xbf16, #tp.dims<[1, s0, 4096]>>, tensor<8x4096x16384xbf16>) -> tensor<8x?x16384xbf16, #tp.dims<[8, s0, 16384]>>
      %1 = "onnx.Relu"(%0) : (tensor<8x?x16384xbf16, #tp.dims<[8, s0, 16384]>>) -> tensor<8x?x16384xbf16, #tp.dims<[8, s0, 16384]>>
      %2 = "onnx.MatMul"(%1, %down) : (tensor<8x?x16384xbf16, #tp.dims<[8, s0, 16384]>>, tensor<8x16384x4096xbf16>) -> tensor<8x?x4096xbf16, #tp.dims<[8, s0, 4096]>>
      %3 = "onnx.ReduceSum"(%2, %axes) {keepdims = 0 : si64} : (tensor<8x?x4096xbf16, #tp.dims<[8, s0, 4096]>>, tensor<1xi64>) -> tensor<?x4096xbf16, #tp.dims<[s0, 4096]>>
      return %3 : tensor<?x4096xbf16, #tp.dims<[s0, 4096]>>
    }
  })";
}

class ConfigurationsTest : public ::testing::Test {
protected:
  ConfigurationsTest() {
    DialectRegistry registry;
    registry.insert<tp::TpDialect, onnx::OnnxDialect, func::FuncDialect>();
    registerShardingExternalModels(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
  }

  ConfigurationTable rank(unsigned layers, int64_t devices, StringRef preset = "8xH100") {
    return rank(makeModel(layers), devices, preset);
  }
  ConfigurationTable rank(const std::string &text, int64_t devices, StringRef preset) {
    OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, &context);
    EXPECT_TRUE(bool(module));
    llvm::Expected<Cluster> cluster = loadCluster(preset);
    EXPECT_TRUE(bool(cluster));
    used = *cluster;
    auto assumptions = Assumptions::parse({}, module->getLoc());
    auto table = rankConfigurations(*module->getOps<func::FuncOp>().begin(), *cluster, devices, *assumptions);
    EXPECT_TRUE(succeeded(table));
    return *table;
  }

  MLIRContext context;
  Cluster used;
};

const Configuration &find(const ConfigurationTable &table, int64_t pp, int64_t tp) {
  for (const Configuration &row : table.rows)
    if (row.pp == pp && row.tp == tp)
      return row;
  ADD_FAILURE() << pp << " " << tp;
  return table.rows.front();
}

TEST_F(ConfigurationsTest, LargeModel) {
  constexpr unsigned kLayers = 80;
  ConfigurationTable table = rank(kLayers, 16);
  EXPECT_TRUE(table.hasDecode);
  // Every factorisation once.
  EXPECT_EQ(table.rows.size(), 15u);
  double weights = kLayers * (kLayerBytes + 2.0 * kHidden * 1024);
  for (const Configuration &row : table.rows) {
    EXPECT_EQ(row.dp * row.pp * row.tp, 16);
    EXPECT_EQ(row.ep, 1);
    EXPECT_EQ(std::accumulate(row.layersOfStage.begin(), row.layersOfStage.end(), 0), kLayers);
    EXPECT_EQ(row.layersOfStage.size(), size_t(row.pp));
    EXPECT_EQ(row.fits, row.memory.total() <= used.memoryBytes);
    // More ranks than heads have copies of what makes them.
    EXPECT_NEAR(row.memory.weights, weights / row.tp / row.pp, (row.tp > 8 ? 0.02 : 0.003) * weights);
    // A decode step reads all weights and does little more.
    double reading = weights / row.tp / used.device.bytesPerMicrosecond / 1e3;
    EXPECT_GT(*row.decodeMs, reading);
    EXPECT_LT(*row.decodeMs, reading + (row.tp > 8 ? 8 : 3)) << row.tp << " " << row.pp;
    // A prefill multiplies 512 rows with them.
    double multiplying = weights * 512 / row.tp / used.device.getFlopsPerMicrosecond(ArithmeticType::BF16) / 1e3;
    EXPECT_GT(row.prefillMs, multiplying);
    EXPECT_LT(row.prefillMs, 1.3 * multiplying + (row.tp > 8 ? 40 : 15)) << row.tp << " " << row.pp;
    EXPECT_LE(*row.tokensPerSecond, row.dp * row.pp * 1e3 / *row.decodeMs * 1.02);
  }
  // Stages are balanced, and one request is no faster for them.
  const Configuration &whole = find(table, 1, 8), &halves = find(table, 2, 8);
  EXPECT_EQ(halves.layersOfStage, (std::vector<int64_t>{40, 40}));
  EXPECT_GT(*halves.decodeMs, *whole.decodeMs);
  EXPECT_GT(*halves.tokensPerSecond, 1.9 * *whole.tokensPerSecond / 2);
  EXPECT_NEAR(halves.memory.weights, whole.memory.weights / 2, 1);
  // Both requests of two stages have their caches.
  EXPECT_NEAR(halves.memory.caches, whole.memory.caches, 0.1 * whole.memory.caches);
  EXPECT_NEAR(whole.memory.caches, kLayers * 1024.0 * (kPast + 1) * 2 / 8, 0.1 * whole.memory.caches);
  EXPECT_TRUE(table.rows.front().isChosen);
  EXPECT_FALSE(table.reasons.empty());
}

TEST_F(ConfigurationsTest, ExpertsHaveAnAxis) {
  ConfigurationTable table = rank(makeExperts(), 32, "8xH100");
  // ep is at most the number of experts; one layer is one stage.
  std::map<std::pair<int64_t, int64_t>, const Configuration *> rows;
  for (const Configuration &row : table.rows) {
    EXPECT_EQ(row.dp * row.pp * row.tp * row.ep, 32);
    EXPECT_LE(row.ep, 8);
    EXPECT_TRUE((rows.insert({{row.tp, row.ep}, &row}).second));
  }
  EXPECT_EQ(rows.size(), 6u + 5 + 4 + 3);
  double weights = 2.0 * 2 * 8 * 4096 * 16384;
  for (auto &[sizes, row] : rows)
    EXPECT_NEAR(row->memory.weights, weights / row->tp / row->ep, 1);
  // Dividing experts or their matrices is the same in one node.
  EXPECT_NEAR(rows.at({4, 2})->prefillMs, rows.at({8, 1})->prefillMs, 0.1 * rows.at({8, 1})->prefillMs);
  // Whatever wins is compared with the best of the others.
  std::string text;
  llvm::raw_string_ostream os(text);
  printTable(table, os);
  EXPECT_NE(text.find("run tp and ep (--mesh=ep=E,tp=T)"), std::string::npos);
  EXPECT_NE(text.find("with an axis for experts") == std::string::npos,
            text.find("Without an axis for experts") == std::string::npos);
  const Configuration *best = getBestTensorParallel(table);
  ASSERT_TRUE(best);
  EXPECT_EQ(best->ep, 1);
}

TEST_F(ConfigurationsTest, WhatDoesNotFitIsLast) {
  ConfigurationTable table = rank(80, 8, "4xL40S");
  EXPECT_TRUE(table.rows.front().fits);
  EXPECT_FALSE(table.rows.back().fits);
  EXPECT_NE(table.rows.back().reason.find("needs "), std::string::npos);
  EXPECT_NE(table.rows.back().reason.find(" of 43.2 GB"), std::string::npos);
  const Configuration *best = getBestTensorParallel(table);
  ASSERT_TRUE(best);
  EXPECT_EQ(best->pp, 1);
  EXPECT_TRUE(best->fits);
  EXPECT_GT(find(table, 1, 1).memory.total(), used.memoryBytes);
}

TEST_F(ConfigurationsTest, StagesAreAtMostLayers) {
  for (const Configuration &row : rank(3, 8).rows)
    EXPECT_LE(row.pp, 3);
}

/// What is a view, is joined with another call, or stays where it is.
TEST_F(ConfigurationsTest, WhatTouchesMemory) {
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(makeModel(1), &context);
  std::map<std::string, SmallVector<Execution, 0>> executions;
  for (Operation &op : (*module->getOps<func::FuncOp>().begin()).getBody().front())
    executions[op.getName().stripDialect().str()].push_back(getExecution(&op));
  auto traffic = [](std::initializer_list<Traffic> list) { return SmallVector<Traffic>(list); };
  EXPECT_FALSE(executions["Reshape"][0].launches);
  EXPECT_EQ(executions["Reshape"][0].results, traffic({Traffic::None}));
  EXPECT_FALSE(executions["SymbolicConstant"][0].launches);
  ASSERT_EQ(executions["MatMul"].size(), 3u);
  EXPECT_TRUE(executions["MatMul"][0].launches);
  EXPECT_FALSE(executions["MatMul"][1].launches) << "has the first one's left operand";
  EXPECT_TRUE(executions["MatMul"][2].launches);
  EXPECT_EQ(executions["MatMul"][0].operands, traffic({Traffic::Whole, Traffic::Whole}));
  // Written for the product, which is a call.
  EXPECT_TRUE(executions["Relu"][0].launches);
  EXPECT_EQ(executions["Concat"][0].operands, traffic({Traffic::None, Traffic::Whole}));
  EXPECT_EQ(executions["Concat"][0].results, traffic({Traffic::AsRead}));
}

TEST_F(ConfigurationsTest, WhatIsFused) {
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(R"mlir(
    func.func @f(%x: tensor<4x8xf32>, %table: tensor<64x8xf32>, %i: tensor<4xi64>) -> (tensor<4x8xf32>, tensor<8x8xf32>) {
      %g = "onnx.Gather"(%table, %i) {axis = 0 : si64} : (tensor<64x8xf32>, tensor<4xi64>) -> tensor<4x8xf32>
      %a = "onnx.Sigmoid"(%x) : (tensor<4x8xf32>) -> tensor<4x8xf32>
      %m = "onnx.Mul"(%a, %g) : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
      %t = "onnx.Transpose"(%m) {perm = [1, 0]} : (tensor<4x8xf32>) -> tensor<8x4xf32>
      %p = "onnx.MatMul"(%t, %x) : (tensor<8x4xf32>, tensor<4x8xf32>) -> tensor<8x8xf32>
      return %m, %p : tensor<4x8xf32>, tensor<8x8xf32>
    })mlir",
                                                             &context);
  std::map<std::string, Execution> executions;
  for (Operation &op : (*module->getOps<func::FuncOp>().begin()).getBody().front())
    executions[op.getName().stripDialect().str()] = getExecution(&op);
  EXPECT_EQ(executions["Gather"].operands, (SmallVector<Traffic>{Traffic::AsResult, Traffic::Whole}));
  EXPECT_FALSE(executions["Sigmoid"].launches);
  EXPECT_EQ(executions["Sigmoid"].results, (SmallVector<Traffic>{Traffic::None}));
  EXPECT_TRUE(executions["Mul"].launches);
  EXPECT_EQ(executions["Mul"].operands, (SmallVector<Traffic>{Traffic::None, Traffic::Whole}));
  EXPECT_EQ(executions["Mul"].results, (SmallVector<Traffic>{Traffic::Whole}));
  EXPECT_FALSE(executions["Transpose"].launches) << "strides of the product's operand";
  EXPECT_EQ(executions["MatMul"].operands, (SmallVector<Traffic>{Traffic::Whole, Traffic::Whole}));
}

TEST_F(ConfigurationsTest, SpeedsByType) {
  EXPECT_EQ(getArithmeticType(BFloat16Type::get(&context)), ArithmeticType::BF16);
  EXPECT_EQ(getArithmeticType(Float8E4M3FNType::get(&context)), ArithmeticType::FP8);
  EXPECT_EQ(getArithmeticType(IntegerType::get(&context, 8)), ArithmeticType::Int8);
  EXPECT_EQ(getArithmeticType(IntegerType::get(&context, 4)), ArithmeticType::Int4);
  EXPECT_EQ(getArithmeticType(IntegerType::get(&context, 64)), ArithmeticType::F32);
  EXPECT_EQ(getArithmeticType(Float64Type::get(&context)), ArithmeticType::F64);
}

} // namespace
