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
  OpPassManager &function = pm.nest<func::FuncOp>();
  function.addPass(createCSEPass());
  // Fewer spellings of the same data movement first: every raise below looks
  // at Reshape, Transpose, Slice and Concat only.
  function.addPass(createFoldConstantsPass());
  function.addPass(createSimplifyMovementPass());
  function.addPass(createRaisePositionGathersPass());
  function.addPass(createFoldConstantsPass());
  function.addPass(createFoldWeightViewsPass());
  function.addPass(createRaiseMatMulPass());
  function.addPass(createCSEPass());
  function.addPass(createRaiseNormsPass());
  function.addPass(createRaiseActivationsPass());
  // Activations between flattened linear layers are single operations now.
  function.addPass(createRaiseMatMulPass());
  function.addPass(createUnfuseProjectionsPass());
  function.addPass(createSimplifyMovementPass());
  function.addPass(createRaiseRotaryPass());
  function.addPass(createRaiseAttentionPass());
  function.addPass(createSimplifyMovementPass());
  function.addPass(createFoldWeightViewsPass());
  function.addPass(createCSEPass());
  function.addPass(createCloneSharedWeightsPass());
}

void tpo::registerSimplifyPasses() {
  registerTpSimplifyPasses();
  PassPipelineRegistration<>("tp-simplify",
                             "Bring an imported model into canonical operators",
                             buildSimplifyPipeline);
}
