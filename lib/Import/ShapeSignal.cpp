//===- ShapeSignal.cpp - Fourier transforms and windows -------------------===//

#include "ShapeInference.h"

#include "dialects/Tp/Dims.h"

using namespace mlir;
using namespace tpo;
using namespace tpo::importer;

// The one element of operand `i`; an error where it is not known.
static FailureOr<AffineExpr> requireScalar(Node &node, size_t i) {
  FailureOr<Dims> elements = node.requireIntegers(i);
  if (failed(elements))
    return failure();
  if (elements->size() == 1)
    return elements->front();
  return node.emitError() << "operand '" << node.info->operands[i].name << "' must have one element";
}

// The bins of a transform of `length` elements: of a real signal's, the second
// half mirrors the first.
static AffineExpr countBins(AffineExpr length, bool onesided) { return onesided ? length.floorDiv(2) + 1 : length; }

static LogicalResult inferDFT(Node &node) {
  if (failed(node.requireRankAtLeast(0, 2)))
    return failure();
  Dims result = node.dims(0);
  int64_t rank = result.size(), axis = -2;
  if (node.has(2)) {
    std::optional<SmallVector<int64_t>> given = node.constants(2);
    if (!given || given->size() != 1)
      return node.failUnknown(2);
    axis = given->front();
  }
  FailureOr<int64_t> index = node.normalizeAxis(axis, rank);
  if (failed(index))
    return failure();
  std::optional<int64_t> parts = tp::getConst(result.back());
  if (*index == rank - 1 || (parts != 1 && parts != 2))
    return node.emitError() << "the last dimension must be 1 (real) or 2 "
                               "(complex), and not the axis";
  bool inverse = node.getInt("inverse", 0), onesided = node.getInt("onesided", 0);
  if (onesided && !inverse && parts == 2)
    return node.emitError() << "onesided needs a real signal";
  AffineExpr length = result[*index];
  if (inverse && onesided)
    length = (length - 1) * 2;
  if (node.has(1)) {
    FailureOr<AffineExpr> given = requireScalar(node, 1);
    if (failed(given))
      return failure();
    length = *given;
  }
  result[*index] = countBins(length, onesided && !inverse);
  result.back() = node.constant(inverse && onesided ? 1 : 2);
  node.setResult(0, node.elem(0), result);
  return success();
}

// signal [N, L] or [N, L, 1 | 2], frame_step, window, frame_length.
static LogicalResult inferSTFT(Node &node) {
  FailureOr<AffineExpr> step = requireScalar(node, 1);
  if (failed(step))
    return failure();
  Dims signal = node.dims(0);
  if (signal.size() != 2 && signal.size() != 3)
    return node.emitError() << "the signal has rank " << signal.size() << ", need 2 or 3";
  AffineExpr length;
  if (node.has(3)) {
    FailureOr<AffineExpr> given = requireScalar(node, 3);
    if (failed(given))
      return failure();
    length = *given;
  }
  if (node.has(2)) {
    if (failed(node.requireRank(2, 1)) || (length && failed(node.unify(length, node.dims(2)[0], "frame and window"))))
      return failure();
    length = node.dims(2)[0];
  }
  if (!length)
    return node.emitError() << "needs a window or a frame length";
  std::optional<int64_t> fixedStep = tp::getConst(*step);
  if (!fixedStep || *fixedStep < 1)
    return node.emitError() << "the frame step must be a positive constant";
  bool onesided = node.getInt("onesided", 1);
  if (onesided && signal.size() == 3 && tp::getConst(signal[2]) == 2)
    return node.emitError() << "onesided needs a real signal";
  AffineExpr frames = (signal[1] - length).floorDiv(*fixedStep) + 1;
  node.setResult(0, node.elem(0), {signal[0], frames, countBins(length, onesided), node.constant(2)});
  return success();
}

static LogicalResult inferWindow(Node &node) {
  FailureOr<AffineExpr> size = requireScalar(node, 0);
  FailureOr<Type> elem = resolveElementType(node, node.getInt("output_datatype", 1));
  if (failed(size) || failed(elem))
    return failure();
  node.setResult(0, *elem, {*size});
  return success();
}

static LogicalResult inferMelWeightMatrix(Node &node) {
  FailureOr<AffineExpr> bands = requireScalar(node, 0);
  FailureOr<AffineExpr> length = requireScalar(node, 1);
  FailureOr<Type> elem = resolveElementType(node, node.getInt("output_datatype", 1));
  if (failed(bands) || failed(length) || failed(elem))
    return failure();
  node.setResult(0, *elem, {length->floorDiv(2) + 1, *bands});
  return success();
}

void tpo::importer::addSignalInference(InferTable &table) {
  table["onnx.DFT"] = inferDFT;
  table["onnx.STFT"] = inferSTFT;
  for (StringRef name : {"HannWindow", "HammingWindow", "BlackmanWindow"})
    table[("onnx." + name).str()] = inferWindow;
  table["onnx.MelWeightMatrix"] = inferMelWeightMatrix;
}
