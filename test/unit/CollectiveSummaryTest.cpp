//===- CollectiveSummaryTest.cpp - What the report says of collectives ----===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Collectives/CollectiveSummary.h"

#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace tpo;

namespace {

constexpr const char *kProgram = R"(
module attributes {tp.symbols = ["batch", "seq", "%tp"]} {
tp.mesh @mesh <["tp"=4]>
func.func @main(%x: tensor<?x?x16xf32, #tp.dims<[s0, s1, 16]>>, %p: tensor<8x4xbf16>) {
  %0 = tp.all_reduce %x sum over <["tp"]> {tp.layer = 3 : i64}
      : tensor<?x?x16xf32, #tp.dims<[s0, s1, 16]>> -> tensor<?x?x16xf32, #tp.dims<[s0, s1, 16]>>
      layout <@mesh, [{}, {}, {}], partial = sum{"tp"}> -> <@mesh, [{}, {}, {}]>
      of tensor<?x?x16xf32, #tp.dims<[s0, s1, 16]>> loc("down_proj")
  %1 = tp.all_gather %p dim 1 over <["tp":(1)2]> : tensor<8x4xbf16> -> tensor<8x8xbf16>
      layout <@mesh, [{}, {"tp":(1)2}]> -> <@mesh, [{}, {}]> of tensor<8x8xbf16>
  %2 = tp.slice %1 dim 0 over <["tp"]> : tensor<8x8xbf16> -> tensor<2x8xbf16>
      layout <@mesh, [{}, {}]> -> <@mesh, [{"tp"}, {}]> of tensor<8x8xbf16>
  return
}
}
)";

class CollectiveSummary : public ::testing::Test {
protected:
  CollectiveSummary() {
    context.loadDialect<tp::TpDialect, func::FuncDialect>();
    module = parseSourceString<ModuleOp>(kProgram, &context);
  }
  MLIRContext context;
  OwningOpRef<ModuleOp> module;
};

TEST_F(CollectiveSummary, ListsWhatMoves) {
  ASSERT_TRUE(module);
  FailureOr<std::vector<CollectiveEntry>> entries =
      summarizeCollectives(*module, {2, 8, 0});
  ASSERT_TRUE(succeeded(entries));
  ASSERT_EQ(entries->size(), 2u);

  const CollectiveEntry &reduce = (*entries)[0];
  EXPECT_EQ(reduce.kind, "all_reduce");
  EXPECT_EQ(reduce.axis, "tp");
  EXPECT_EQ(reduce.layer, 3);
  EXPECT_EQ(reduce.op, "down_proj");
  EXPECT_EQ(reduce.dtype, "f32");
  EXPECT_EQ(reduce.shape, (std::vector<int64_t>{2, 8, 16}));
  EXPECT_EQ(reduce.bytes, 1024);
  // 2 (n - 1) / n of them.
  EXPECT_EQ(reduce.wireBytesPerRank, 1536);
  // One shot: 5 us latency, three times 1024 bytes at 100 GB/s.
  EXPECT_NEAR(reduce.microseconds, 5.03, 0.001);

  const CollectiveEntry &gather = (*entries)[1];
  EXPECT_EQ(gather.axis, "tp:(1)2");
  EXPECT_FALSE(gather.layer);
  EXPECT_EQ(gather.shape, (std::vector<int64_t>{8, 8}));
  EXPECT_EQ(gather.bytes, 128);
  EXPECT_EQ(gather.wireBytesPerRank, 64);

  CollectiveTotals totals = getTotals(*entries);
  EXPECT_EQ(totals.counts.at("all_reduce"), 1);
  EXPECT_EQ(totals.counts.at("all_gather"), 1);
  EXPECT_EQ(totals.wireBytesPerRank, 1600);
}

TEST_F(CollectiveSummary, WritesTheReportsKeys) {
  FailureOr<std::vector<CollectiveEntry>> entries =
      summarizeCollectives(*module, {1, 1, 0});
  ASSERT_TRUE(succeeded(entries));
  llvm::json::Array array = toJSON(ArrayRef<CollectiveEntry>(*entries));
  const llvm::json::Object *entry = array[1].getAsObject();
  ASSERT_TRUE(entry);
  for (StringRef key : {"kind", "axis", "layer", "op", "dtype", "shape",
                        "bytes", "wire_bytes_per_rank", "predicted_us"})
    EXPECT_TRUE(entry->get(key)) << key.str();
  EXPECT_EQ(entry->get("layer")->kind(), llvm::json::Value::Null);
}

TEST_F(CollectiveSummary, NeedsSizes) {
  ScopedDiagnosticHandler quiet(&context,
                                [](Diagnostic &) { return success(); });
  EXPECT_TRUE(failed(summarizeCollectives(*module, {})));
}

} // namespace
