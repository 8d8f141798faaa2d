//===- main.cpp - tensor parallelism in another compiler ------------------===//
//
// embedding PROGRAM.mlir FOLDER: plans and partitions a program of the toy
// dialect, prints one rank's program, writes an artifact into FOLDER, runs it on
// two ranks, and compares with plain loops.
//
//===----------------------------------------------------------------------===//

#include "Execute.h"
#include "Toy.h"

#include "tp-opt/Pipeline/Compiler.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

using namespace mlir;

static LogicalResult compile(StringRef program, const std::string &folder) {
  DialectRegistry registry;
  tpo::registerAllTpOptDialects(registry);
  registry.insert<toy::ToyDialect, func::FuncDialect>();
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(program, &context);
  if (!module)
    return failure();

  PassManager passes(&context);
  tpo::buildPlanningPipeline(passes, /*assume=*/{});
  tpo::buildPartitionPipeline(passes);
  if (failed(passes.run(*module)))
    return failure();
  module->print(llvm::outs());
  return toy::writeProgram(*module, folder);
}

int main(int argc, char **argv) {
  if (argc != 3) {
    llvm::errs() << "usage: embedding PROGRAM.mlir FOLDER\n";
    return 1;
  }
  std::string folder = argv[2];
  // up, its scale, down, its scale.
  constexpr int64_t width = 16, inner = 64;
  std::vector<float> weights(2 * width * inner + inner + width);
  for (size_t i = 0; i < weights.size(); ++i)
    weights[i] = std::sin(0.7f * i);
  toy::writeWeights(weights, folder);
  toy::Matrix x(4, width), y(4, width);
  for (size_t i = 0; i < x.values.size(); ++i)
    x.values[i] = std::cos(0.3f * i);
  if (failed(compile(argv[1], folder)) || failed(toy::run(folder, x, y)))
    return 1;

  const float *up = weights.data(), *upScale = up + width * inner;
  const float *down = upScale + inner, *downScale = down + inner * width;
  toy::Matrix h = toy::scaledProduct(x, up, inner, upScale, inner);
  for (float &value : h.values)
    value = std::max(value, 0.0f);
  return failed(toy::compare(y, toy::scaledProduct(h, down, width, downScale, width)));
}
