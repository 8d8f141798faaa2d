//===- Execute.h - From one rank's program to numbers -----------*- C++ -*-===//

#ifndef TOY_EXECUTE_H
#define TOY_EXECUTE_H

#include "mlir/IR/BuiltinOps.h"

#include <string>
#include <vector>

namespace toy {

/// A matrix of floats, row-major.
struct Matrix {
  Matrix(int64_t rows, int64_t columns) : rows(rows), columns(columns), values(rows * columns) {}
  float &operator()(int64_t row, int64_t column) { return values[row * columns + column]; }
  float operator()(int64_t row, int64_t column) const { return values[row * columns + column]; }

  int64_t rows, columns;
  std::vector<float> values;
};

/// Writes `values` to FOLDER/weights.bin.
void writeWeights(const std::vector<float> &values, const std::string &folder);

/// Lowers a partitioned program without control flow and writes
/// FOLDER/toy.tpx. Its weights are in FOLDER/weights.bin.
mlir::LogicalResult writeProgram(mlir::ModuleOp module, const std::string &folder);

/// Runs FOLDER/toy.tpx on its ranks, threads of this process.
mlir::LogicalResult run(const std::string &folder, Matrix &input, Matrix &output);

/// What toy.scaled_product computes; `weight` has rows of `stride` elements.
Matrix scaledProduct(const Matrix &rows, const float *weight, int64_t stride, const float *scale, int64_t columns);

/// Prints the largest difference; an error where it is too large.
mlir::LogicalResult compare(const Matrix &found, const Matrix &expected);

} // namespace toy

#endif // TOY_EXECUTE_H
