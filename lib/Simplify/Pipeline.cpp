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
  // A whole model is one region: a fixed number of sweeps would be a limit on
  // the number of layers.
  config.setMaxIterations(GreedyRewriteConfig::kNoLimit);
  return applyPatternsGreedily(op, std::move(patterns), config);
}

void tpo::buildSimplifyPipeline(OpPassManager &pm) {
  auto onFunctions = [&](auto... passes) {
    (pm.addNestedPass<func::FuncOp>(std::move(passes)), ...);
  };
  // Fewer spellings of the same data movement first: every raise below looks
  // at Reshape, Transpose, Slice and Concat only.
  onFunctions(createCSEPass(), createFoldConstantsPass(),
              createSimplifyMovementPass(), createRaiseRotaryPass());
  pm.addPass(createRaisePositionGathersPass());
  onFunctions(createFoldConstantsPass(), createFoldWeightViewsPass(),
              createRaiseMatMulPass(), createCSEPass(), createRaiseNormsPass(),
              createRaiseActivationsPass());
  // Activations between flattened linear layers are single operations now.
  onFunctions(createRaiseMatMulPass(), createUnfuseProjectionsPass(),
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
