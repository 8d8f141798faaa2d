//===- main.cpp - tensor parallelism in another compiler ------------------===//
//
// embedding PROGRAM.mlir FOLDER: plans and partitions a program of the toy
// dialect, lowers its operator to ones that tp-opt compiles, writes an artifact
// into FOLDER, runs it on two ranks, and compares with plain loops.
//
//===----------------------------------------------------------------------===//

#include "Toy.h"

#include "dialects/Onnx/Onnx.h"
#include "tp-opt/Artifact/Artifact.h"
#include "tp-opt/Pipeline/Compiler.h"
#include "tprt/tprt.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <fstream>
#include <vector>

using namespace mlir;

namespace {

/// What tp-opt lowers are onnx operators: to them go those of one rank.
void lowerToOnnx(ModuleOp module) {
  module.walk([](toy::ScaledProductOp op) {
    OpBuilder builder(op);
    auto create = [&](StringRef name, ValueRange operands) {
      return builder.create(OperationState(op.getLoc(), name, operands, op->getResultTypes(), {}))->getResult(0);
    };
    Value product = create("onnx.MatMul", {op.getRows(), op.getWeight()});
    op.replaceAllUsesWith(create("onnx.Mul", {product, op.getScale()}));
    op.erase();
  });
}

LogicalResult compile(StringRef program, const std::string &folder) {
  // External models attach to whatever operations are loaded later; operators
  // of the dialect itself implement the interfaces.
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

  lowerToOnnx(*module);
  tpo::LoweringOptions lowering;
  tpo::Program compiled;
  if (failed(tpo::lowerToProgram(*module, lowering, compiled)))
    return failure();
  tpo::ArtifactOptions artifact;
  artifact.output = folder + "/toy.tpx";
  artifact.modelPath = folder + "/toy"; // Weight files are relative to its folder.
  artifact.modelName = "toy";
  artifact.files = {"weights.bin"};
  return tpo::writeArtifact(module->getLoc(), std::move(compiled), artifact);
}

constexpr int64_t rows = 4, width = 16, inner = 64;

/// up, its scale, down, its scale: the file.
std::vector<float> makeWeights() {
  std::vector<float> values(2 * width * inner + inner + width);
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = std::sin(0.7f * i);
  return values;
}

std::vector<float> product(const std::vector<float> &x, const float *weight, const float *scale, int64_t k, int64_t n) {
  std::vector<float> y(rows * n);
  for (int64_t b = 0; b < rows; ++b)
    for (int64_t j = 0; j < n; ++j) {
      for (int64_t i = 0; i < k; ++i)
        y[b * n + j] += x[b * k + i] * weight[i * n + j];
      y[b * n + j] *= scale[j];
    }
  return y;
}

bool check(tprt_status *status) {
  if (!status)
    return true;
  llvm::errs() << tprt_status_message(status) << "\n";
  tprt_status_free(status);
  return false;
}

tprt_view view(std::vector<float> &values) {
  tprt_view view = {};
  view.data = values.data();
  view.dtype = TPRT_F32;
  view.rank = 2;
  view.sizes[0] = rows;
  view.sizes[1] = width;
  view.strides[0] = width;
  view.strides[1] = 1;
  return view;
}

bool run(const std::string &path, std::vector<float> &x, std::vector<float> &y) {
  tprt_artifact *artifact = nullptr;
  tprt_session *session = nullptr;
  tprt_view input = view(x), output = view(y);
  bool isFine = check(tprt_artifact_load(path.c_str(), &artifact)) && tprt_artifact_ranks(artifact) == 2 &&
                check(tprt_session_create(artifact, nullptr, &session)) &&
                check(tprt_session_bind_input(session, 0, &input)) &&
                check(tprt_session_bind_output(session, 0, &output)) && check(tprt_session_run(session));
  tprt_session_destroy(session);
  tprt_artifact_release(artifact);
  return isFine;
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 3) {
    llvm::errs() << "usage: embedding PROGRAM.mlir FOLDER\n";
    return 1;
  }
  std::string folder = argv[2];
  std::vector<float> weights = makeWeights();
  std::ofstream(folder + "/weights.bin", std::ios::binary)
      .write(reinterpret_cast<const char *>(weights.data()), weights.size() * sizeof(float));
  if (failed(compile(argv[1], folder)))
    return 1;

  std::vector<float> x(rows * width), y(rows * width);
  for (size_t i = 0; i < x.size(); ++i)
    x[i] = std::cos(0.3f * i);
  if (!run(folder + "/toy.tpx", x, y))
    return 1;

  const float *up = weights.data(), *upScale = up + width * inner, *down = upScale + inner,
              *downScale = down + inner * width;
  std::vector<float> h = product(x, up, upScale, width, inner);
  for (float &value : h)
    value = std::max(value, 0.0f);
  std::vector<float> expected = product(h, down, downScale, inner, width);
  float largest = 0;
  for (size_t i = 0; i < y.size(); ++i)
    largest = std::max(largest, std::abs(y[i] - expected[i]));
  llvm::errs() << "largest difference " << largest << "\n";
  return largest <= 1e-4f ? 0 : 1;
}
