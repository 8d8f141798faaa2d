//===- Pipeline.cpp - The order of the raises -----------------------------===//

#include "tp-opt/Simplify/Passes.h"

#include "Patterns.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

LogicalResult tpo::simplify::applyPatterns(Operation *op,
                                           RewritePatternSet patterns) {
  GreedyRewriteConfig config;
  config.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
  // A whole model is one region: sweeps and rewrites are bounded by its size.
  // Each rewrite is sound by itself, so where two undo each other, stopping is
  // only slower code. Real models need few of either.
  int64_t operations = 0;
  op->walk([&](Operation *) { ++operations; });
  config.setMaxIterations(100 + operations / 10);
  config.setMaxNumRewrites(1000 + 50 * operations);
  (void)applyPatternsGreedily(op, std::move(patterns), config);
  return success();
}

void tpo::buildSimplifyPipeline(OpPassManager &pm) {
  auto onFunctions = [&](auto... passes) {
    (pm.addNestedPass<func::FuncOp>(std::move(passes)), ...);
  };
  // Fewer spellings of the same data movement first: every raise below looks
  // at Reshape, Transpose, Slice and Concat only.
  onFunctions(createCSEPass(), createExpandQuantizedPass(),
              createRaiseContribPass(), createFoldConstantsPass(),
              createSimplifyMovementPass(), createRaiseRotaryPass());
  pm.addPass(createRaiseNonZeroPass());
  pm.addPass(createRaisePositionGathersPass());
  onFunctions(createRaiseContractionsPass(), createFoldConstantsPass(),
              createSimplifyMovementPass(), createFoldWeightViewsPass(),
              createRaiseMatMulPass(), createCSEPass(), createRaiseNormsPass(),
              createRaiseActivationsPass());
  // Activations between flattened linear layers are single operations now.
  onFunctions(createRaiseMatMulPass(), createRaiseExpertsPass(),
              createUnfuseProjectionsPass(),
              createSimplifyMovementPass(), createRaiseRotaryPass(),
              createRaiseAttentionPass());
  onFunctions(createSimplifyMovementPass(), createFoldWeightViewsPass(),
              createCSEPass(), createCloneSharedWeightsPass());
}

void tpo::registerSimplifyPasses() {
  registerTpSimplifyPasses();
  PassPipelineRegistration<>("tp-simplify",
                             "Bring an imported model into canonical operators",
                             buildSimplifyPipeline);
}
