//===- ShapeConvolution.cpp - Convolutions and pooling --------------------===//

#include "ShapeInference.h"

#include "dialects/Tp/Dims.h"
#include "mlir/IR/BuiltinAttributes.h"

using namespace mlir;
using namespace tpo;
using namespace tpo::importer;

namespace {

/// The window of a convolution or pooling over `spatial` dimensions.
struct Window {
  SmallVector<int64_t> strides, dilations, pads;
  StringRef autoPad;
  bool ceilMode;
};

} // namespace

static LogicalResult checkAutoPad(Node &node, const Window &window) {
  if (llvm::is_contained({"NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER", ""}, window.autoPad))
    return success();
  return node.emitError() << "auto_pad '" << window.autoPad << "' is unknown";
}

static FailureOr<Window> readWindow(Node &node, size_t spatial) {
  Window window;
  window.strides = node.getInts("strides").value_or(SmallVector<int64_t>(spatial, 1));
  window.dilations = node.getInts("dilations").value_or(SmallVector<int64_t>(spatial, 1));
  window.pads = node.getInts("pads").value_or(SmallVector<int64_t>(2 * spatial, 0));
  window.autoPad = node.getString("auto_pad", "NOTSET");
  window.ceilMode = node.getInt("ceil_mode", 0);
  if (window.strides.size() != spatial || window.dilations.size() != spatial || window.pads.size() != 2 * spatial)
    return node.emitError() << "strides, dilations and pads do not fit " << spatial << " spatial dimensions";
  if (failed(checkAutoPad(node, window)))
    return failure();
  if (llvm::any_of(window.strides, [](int64_t s) { return s < 1; }) ||
      llvm::any_of(window.dilations, [](int64_t d) { return d < 1; }))
    return node.emitError() << "strides and dilations must be positive";
  return window;
}

static AffineExpr windowSize(Node &node, const Window &window, size_t d, AffineExpr input, int64_t kernel,
                             size_t spatial) {
  int64_t stride = window.strides[d];
  if (window.autoPad.starts_with("SAME"))
    return input.ceilDiv(stride);
  bool isValid = window.autoPad == "VALID";
  int64_t extent = (kernel - 1) * window.dilations[d] + 1;
  int64_t before = isValid ? 0 : window.pads[d];
  int64_t after = isValid ? 0 : window.pads[d + spatial];
  AffineExpr span = input + (before + after - extent);
  if (!window.ceilMode)
    return span.floorDiv(stride) + 1;
  // The last window must start inside the input or the padding before it.
  AffineExpr size = span.ceilDiv(stride) + 1;
  AffineExpr beyond = (size - 1) * stride - input - before;
  std::optional<int64_t> excess = tp::getConst(beyond);
  if (!excess)
    node.symbols.require(-beyond - 1);
  return excess && *excess >= 0 ? size - 1 : size;
}

// SAME_UPPER and SAME_LOWER as the paddings that they are, where those do not
// depend on symbolic sizes: always so where the stride is 1.
static void resolvePads(Node &node, const Window &window, const Dims &input, ArrayRef<int64_t> kernel) {
  size_t spatial = kernel.size();
  if (window.autoPad == "NOTSET" || window.autoPad.empty())
    return;
  SmallVector<int64_t> pads(2 * spatial, 0);
  for (size_t d = 0; d < spatial && window.autoPad != "VALID"; ++d) {
    int64_t extent = (kernel[d] - 1) * window.dilations[d] + 1;
    std::optional<int64_t> size = tp::getConst(input[2 + d]);
    int64_t stride = window.strides[d];
    if (!size && stride != 1)
      return;
    int64_t total = stride == 1 ? extent - 1 : ((*size + stride - 1) / stride - 1) * stride + extent - *size;
    total = std::max<int64_t>(total, 0);
    int64_t before = window.autoPad == "SAME_LOWER" ? (total + 1) / 2 : total / 2;
    pads[d] = before;
    pads[d + spatial] = total - before;
  }
  node.attributes.erase("auto_pad");
  node.setInts("pads", pads);
}

static LogicalResult inferConvolution(Node &node, size_t weight, Type elem) {
  if (failed(node.requireRankAtLeast(0, 3)) || failed(node.requireRank(weight, node.rank(0))))
    return failure();
  Dims input = node.dims(0), filter = node.dims(weight);
  size_t spatial = input.size() - 2;
  FailureOr<Window> window = readWindow(node, spatial);
  if (failed(window) || failed(node.unify(input[1], filter[1] * node.getInt("group", 1), "channels")))
    return failure();
  int64_t group = node.getInt("group", 1);
  if (group < 1 || (group > 1 && !tp::divideExactly(filter[0], node.constant(group))))
    return node.emitError() << "output channels are no multiple of the " << group << " groups";
  Dims result{input[0], filter[0]};
  SmallVector<int64_t> kernel;
  for (size_t d = 0; d < spatial; ++d) {
    std::optional<int64_t> size = tp::getConst(filter[d + 2]);
    if (!size)
      return node.emitError() << "the kernel's size must be known";
    kernel.push_back(*size);
    result.push_back(windowSize(node, *window, d, input[d + 2], *size, spatial));
  }
  if (auto given = node.getInts("kernel_shape"); given && *given != kernel)
    return node.emitError() << "kernel_shape is not the size of the weight";
  resolvePads(node, *window, input, kernel);
  node.setResult(0, elem, result);
  return success();
}

static LogicalResult inferConv(Node &node) { return inferConvolution(node, 1, node.elem(0)); }
static LogicalResult inferConvInteger(Node &node) {
  return inferConvolution(node, 1, IntegerType::get(node.context(), 32));
}
static LogicalResult inferQLinearConv(Node &node) { return inferConvolution(node, 3, node.elem(7)); }

// The paddings follow from the result's size: what is too much of the full
// convolution is cut off at both ends.
static FailureOr<int64_t> transposedPadBefore(Node &node, AffineExpr total, bool upper) {
  std::optional<int64_t> excess = tp::getConst(node.symbols.canonicalize(total));
  if (!excess)
    return node.emitError() << "output_shape needs an input of fixed spatial sizes";
  // A result that is larger has zeros at its end.
  int64_t cut = std::max<int64_t>(*excess, 0);
  return upper ? cut / 2 : cut - cut / 2;
}

static LogicalResult inferConvTranspose(Node &node) {
  if (failed(node.requireRankAtLeast(0, 3)) || failed(node.requireRank(1, node.rank(0))))
    return failure();
  Dims input = node.dims(0), filter = node.dims(1);
  size_t spatial = input.size() - 2;
  FailureOr<Window> window = readWindow(node, spatial);
  if (failed(window) || failed(node.unify(input[1], filter[0], "channels")))
    return failure();
  int64_t group = node.getInt("group", 1);
  if (group < 1 || !tp::divideExactly(filter[0], node.constant(group)))
    return node.emitError() << "input channels are no multiple of the " << group << " groups";
  SmallVector<int64_t> extra = node.getInts("output_padding").value_or(SmallVector<int64_t>(spatial, 0));
  auto shape = node.getInts("output_shape");
  if (shape && shape->size() == spatial + 2)
    shape->erase(shape->begin(), shape->begin() + 2);
  if (extra.size() != spatial || (shape && shape->size() != spatial))
    return node.emitError() << "output_padding and output_shape do not fit " << spatial << " spatial dimensions";
  Dims result{input[0], filter[1] * group};
  SmallVector<int64_t> pads = window->pads;
  bool isSame = window->autoPad.starts_with("SAME");
  if (isSame || window->autoPad == "VALID")
    pads.assign(2 * spatial, 0);
  for (size_t d = 0; d < spatial; ++d) {
    int64_t stride = window->strides[d];
    AffineExpr full = (input[d + 2] - 1) * stride + extra[d] + (filter[d + 2] - 1) * window->dilations[d] + 1;
    if (!shape && !isSame) {
      result.push_back(full - pads[d] - pads[d + spatial]);
      continue;
    }
    result.push_back(shape ? node.constant((*shape)[d]) : input[d + 2] * stride);
    FailureOr<int64_t> before = transposedPadBefore(node, full - result.back(), window->autoPad == "SAME_UPPER");
    if (failed(before))
      return failure();
    pads[d] = *before;
  }
  node.attributes.erase("auto_pad");
  node.attributes.erase("output_shape");
  node.setInts("pads", pads);
  node.setResult(0, node.elem(0), result);
  return success();
}

static LogicalResult inferPool(Node &node) {
  if (failed(node.requireRankAtLeast(0, 3)))
    return failure();
  Dims input = node.dims(0);
  size_t spatial = input.size() - 2;
  FailureOr<Window> window = readWindow(node, spatial);
  auto kernel = node.getInts("kernel_shape");
  if (failed(window))
    return failure();
  if (!kernel || kernel->size() != spatial)
    return node.emitError() << "kernel_shape does not fit " << spatial << " spatial dimensions";
  if (llvm::any_of(*kernel, [](int64_t size) { return size < 1; }))
    return node.emitError() << "kernel_shape must be positive";
  Dims result{input[0], input[1]};
  for (size_t d = 0; d < spatial; ++d)
    result.push_back(windowSize(node, *window, d, input[d + 2], (*kernel)[d], spatial));
  resolvePads(node, *window, input, *kernel);
  node.setResult(0, node.elem(0), result);
  if (node.wants(1))
    node.setResult(1, IntegerType::get(node.context(), 64), result);
  return success();
}

static LogicalResult inferGlobalPool(Node &node) {
  if (failed(node.requireRankAtLeast(0, 3)))
    return failure();
  Dims result = node.dims(0);
  std::fill(result.begin() + 2, result.end(), node.constant(1));
  node.setResult(0, node.elem(0), result);
  return success();
}

void tpo::importer::addConvolutionInference(InferTable &table) {
  table["onnx.Conv"] = inferConv;
  table["onnx.ConvInteger"] = inferConvInteger;
  table["onnx.QLinearConv"] = inferQLinearConv;
  table["onnx.ConvTranspose"] = inferConvTranspose;
  for (StringRef name : {"AveragePool", "MaxPool", "LpPool"})
    table[("onnx." + name).str()] = inferPool;
  for (StringRef name : {"GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"})
    table[("onnx." + name).str()] = inferGlobalPool;
}
