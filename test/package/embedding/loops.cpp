//===- loops.cpp - Layouts through loops and branches, executed -----------===//
//
// loops PROGRAM.mlir FOLDER: propagates layouts through scf.for and scf.if and
// partitions them, then unrolls what is left of them, which a runtime without
// control flow can run on two ranks, and compares with plain loops.
//
//===----------------------------------------------------------------------===//

#include "Execute.h"
#include "Toy.h"

#include "tp-opt/Pipeline/Compiler.h"
#include "tp-opt/Sharding/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Utils/Utils.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

using namespace mlir;

static LogicalResult compile(StringRef program, const std::string &folder) {
  DialectRegistry registry;
  tpo::registerAllTpOptDialects(registry);
  registry.insert<toy::ToyDialect, func::FuncDialect, scf::SCFDialect, arith::ArithDialect>();
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(program, &context);
  if (!module)
    return failure();

  PassManager passes(&context);
  passes.addPass(tpo::createPropagatePass());
  tpo::buildPartitionPipeline(passes);
  if (failed(passes.run(*module)))
    return failure();
  module->print(llvm::outs());

  SmallVector<scf::ForOp> loops;
  module->walk([&](scf::ForOp loop) { loops.push_back(loop); });
  for (scf::ForOp loop : loops)
    if (failed(loopUnrollFull(loop)))
      return failure();
  PassManager inlineBranches(&context);
  inlineBranches.addPass(createCanonicalizerPass());
  return failed(inlineBranches.run(*module)) ? failure() : toy::writeProgram(*module, folder);
}

int main(int argc, char **argv) {
  if (argc != 3) {
    llvm::errs() << "usage: loops PROGRAM.mlir FOLDER\n";
    return 1;
  }
  std::string folder = argv[2];
  constexpr int64_t width = 16;
  std::vector<float> weights(width * width + width);
  for (size_t i = 0; i < weights.size(); ++i)
    weights[i] = std::sin(0.7f * i);
  toy::writeWeights(weights, folder);
  toy::Matrix x(4, width), y(4, width);
  for (size_t i = 0; i < x.values.size(); ++i)
    x.values[i] = std::cos(0.3f * i);
  if (failed(compile(argv[1], folder)) || failed(toy::run(folder, x, y)))
    return 1;

  toy::Matrix expected = x;
  for (int iteration = 0; iteration < 3; ++iteration) {
    expected = toy::scaledProduct(expected, weights.data(), width, weights.data() + width * width, width);
    for (float &value : expected.values)
      value = std::max(value, 0.0f);
  }
  return failed(toy::compare(y, expected));
}
