//===- Execute.cpp - From one rank's program to numbers -------------------===//

#include "Execute.h"
#include "Toy.h"

#include "tp-opt/Artifact/Artifact.h"
#include "tp-opt/Lowering/Program.h"
#include "tprt/tprt.h"

#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <fstream>

using namespace mlir;

void toy::writeWeights(const std::vector<float> &values, const std::string &folder) {
  std::ofstream(folder + "/weights.bin", std::ios::binary)
      .write(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(float));
}

/// What tp-opt lowers are onnx operators: to them go those of one rank.
static void lowerToOnnx(ModuleOp module) {
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

LogicalResult toy::writeProgram(ModuleOp module, const std::string &folder) {
  lowerToOnnx(module);
  tpo::LoweringOptions lowering;
  tpo::Program compiled;
  if (failed(tpo::lowerToProgram(module, lowering, compiled)))
    return failure();
  tpo::ArtifactOptions artifact;
  artifact.output = folder + "/toy.tpx";
  artifact.modelPath = folder + "/toy"; // Weight files are relative to its folder.
  artifact.modelName = "toy";
  artifact.files = {"weights.bin"};
  return tpo::writeArtifact(module.getLoc(), std::move(compiled), artifact);
}

static bool check(tprt_status *status) {
  if (!status)
    return true;
  llvm::errs() << tprt_status_message(status) << "\n";
  tprt_status_free(status);
  return false;
}

static tprt_view view(toy::Matrix &matrix) {
  tprt_view view = {};
  view.data = matrix.values.data();
  view.dtype = TPRT_F32;
  view.rank = 2;
  view.sizes[0] = matrix.rows;
  view.sizes[1] = matrix.columns;
  view.strides[0] = matrix.columns;
  view.strides[1] = 1;
  return view;
}

LogicalResult toy::run(const std::string &folder, Matrix &input, Matrix &output) {
  tprt_artifact *artifact = nullptr;
  tprt_session *session = nullptr;
  tprt_view inputView = view(input), outputView = view(output);
  bool isFine = check(tprt_artifact_load((folder + "/toy.tpx").c_str(), &artifact)) &&
                tprt_artifact_ranks(artifact) == 2 && check(tprt_session_create(artifact, nullptr, &session)) &&
                check(tprt_session_bind_input(session, 0, &inputView)) &&
                check(tprt_session_bind_output(session, 0, &outputView)) && check(tprt_session_run(session));
  tprt_session_destroy(session);
  tprt_artifact_release(artifact);
  return success(isFine);
}

toy::Matrix toy::scaledProduct(const Matrix &rows, const float *weight, int64_t stride, const float *scale,
                               int64_t columns) {
  Matrix result(rows.rows, columns);
  for (int64_t b = 0; b < rows.rows; ++b)
    for (int64_t n = 0; n < columns; ++n) {
      float sum = 0;
      for (int64_t k = 0; k < rows.columns; ++k)
        sum += rows(b, k) * weight[k * stride + n];
      result(b, n) = sum * scale[n];
    }
  return result;
}

LogicalResult toy::compare(const Matrix &found, const Matrix &expected) {
  float difference = 0, size = 0;
  for (size_t i = 0; i < found.values.size(); ++i) {
    difference = std::max(difference, std::abs(found.values[i] - expected.values[i]));
    size = std::max(size, std::abs(expected.values[i]));
  }
  llvm::errs() << "largest difference " << difference << " of " << size << "\n";
  return success(size > 0.1f && difference <= 1e-5f * size);
}
