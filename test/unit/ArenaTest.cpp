//===- ArenaTest.cpp - Lifetimes of arena slots ---------------------------===//

#include "dialects/Rt/Rt.h"
#include "tp-opt/Lowering/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Pass/PassManager.h"
#include "gtest/gtest.h"

#include <random>

using namespace mlir;
using namespace tpo;

namespace {

/// A straight line of copies between temporaries and views of them. `touched`
/// records the steps at which each temporary is read or written.
OwningOpRef<ModuleOp> createProgram(MLIRContext &context, unsigned seed, std::vector<std::set<int64_t>> &touched) {
  std::mt19937 random(seed);
  OpBuilder builder(&context);
  Location loc = builder.getUnknownLoc();
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  builder.setInsertionPointToEnd(module->getBody());
  auto type = MemRefType::get({16}, builder.getF32Type());
  auto func = func::FuncOp::create(builder, loc, "main", builder.getFunctionType({}, {}));
  builder.setInsertionPointToStart(func.addEntryBlock());
  std::vector<std::pair<Value, size_t>> buffers; // and the temporary they show
  for (int64_t step = 0; step < 40;) {
    unsigned choice = random() % 4;
    if (buffers.empty() || choice == 0) {
      buffers.emplace_back(memref::AllocOp::create(builder, loc, type), touched.size());
      touched.emplace_back();
    } else if (choice == 1) {
      auto [buffer, index] = buffers[random() % buffers.size()];
      buffers.emplace_back(rt::ReshapeOp::create(builder, loc, type, buffer, ValueRange()), index);
    } else {
      auto [from, fromIndex] = buffers[random() % buffers.size()];
      auto [to, toIndex] = buffers[random() % buffers.size()];
      rt::CopyOp::create(builder, loc, TypeRange(), from, to, ArrayAttr());
      touched[fromIndex].insert(step);
      touched[toIndex].insert(step);
      ++step;
    }
  }
  func::ReturnOp::create(builder, loc);
  return module;
}

TEST(Arena, LifetimesAreTheFirstAndLastUse) {
  MLIRContext context;
  context.loadDialect<func::FuncDialect, memref::MemRefDialect, rt::RtDialect>();
  for (unsigned seed = 0; seed < 50; ++seed) {
    std::vector<std::set<int64_t>> touched;
    OwningOpRef<ModuleOp> module = createProgram(context, seed, touched);
    PassManager passes(&context);
    passes.addPass(createRtPlanArenaPass());
    ASSERT_TRUE(succeeded(passes.run(*module)));
    auto slots = (*module)->getAttrOfType<ArrayAttr>(rt::RtDialect::kSlotsAttr);
    ASSERT_EQ(slots.size(), touched.size());
    for (auto [slot, steps] : llvm::zip(slots.getAsRange<DenseI64ArrayAttr>(), touched)) {
      EXPECT_EQ(slot[0], steps.empty() ? 0 : *steps.begin()) << "seed " << seed;
      EXPECT_EQ(slot[1], steps.empty() ? 0 : *steps.rbegin()) << "seed " << seed;
    }
  }
}

TEST(Arena, UnknownUsesAreErrors) {
  MLIRContext context;
  context.loadDialect<func::FuncDialect, memref::MemRefDialect, rt::RtDialect>();
  context.allowUnregisteredDialects();
  OpBuilder builder(&context);
  Location loc = builder.getUnknownLoc();
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  builder.setInsertionPointToEnd(module->getBody());
  auto func = func::FuncOp::create(builder, loc, "main", builder.getFunctionType({}, {}));
  builder.setInsertionPointToStart(func.addEntryBlock());
  Value buffer = memref::AllocOp::create(builder, loc, MemRefType::get({16}, builder.getF32Type()));
  OperationState unknown(loc, "test.unknown", buffer, TypeRange());
  builder.create(unknown);
  func::ReturnOp::create(builder, loc);
  std::string message;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    message += diagnostic.str();
    return success();
  });
  PassManager passes(&context);
  passes.addPass(createRtPlanArenaPass());
  EXPECT_TRUE(failed(passes.run(*module)));
  EXPECT_NE(message.find("does not know"), std::string::npos) << message;
}

} // namespace
