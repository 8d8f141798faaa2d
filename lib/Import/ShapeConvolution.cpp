//===- ShapeConvolution.cpp - Convolutions, pooling, resizing -------------===//

#include "ShapeInference.h"

#include "dialects/Tp/Dims.h"
#include "mlir/IR/BuiltinAttributes.h"
#include <cmath>

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

static FailureOr<Window> readWindow(Node &node, size_t spatial) {
  Window window;
  window.strides =
      node.getInts("strides").value_or(SmallVector<int64_t>(spatial, 1));
  window.dilations =
      node.getInts("dilations").value_or(SmallVector<int64_t>(spatial, 1));
  window.pads =
      node.getInts("pads").value_or(SmallVector<int64_t>(2 * spatial, 0));
  window.autoPad = node.getString("auto_pad", "NOTSET");
  window.ceilMode = node.getInt("ceil_mode", 0);
  if (window.strides.size() != spatial || window.dilations.size() != spatial ||
      window.pads.size() != 2 * spatial)
    return node.emitError() << "strides, dilations and pads do not fit "
                            << spatial << " spatial dimensions";
  if (llvm::any_of(window.strides, [](int64_t s) { return s < 1; }) ||
      llvm::any_of(window.dilations, [](int64_t d) { return d < 1; }))
    return node.emitError() << "strides and dilations must be positive";
  return window;
}

static AffineExpr windowSize(const Window &window, size_t d, AffineExpr input,
                             int64_t kernel, size_t spatial) {
  int64_t stride = window.strides[d];
  if (window.autoPad.starts_with("SAME"))
    return input.ceilDiv(stride);
  int64_t extent = (kernel - 1) * window.dilations[d] + 1;
  int64_t pads =
      window.autoPad == "VALID" ? 0 : window.pads[d] + window.pads[d + spatial];
  AffineExpr span = input + (pads - extent);
  AffineExpr size =
      window.ceilMode ? span.ceilDiv(stride) + 1 : span.floorDiv(stride) + 1;
  // In ceil mode the last window must start inside the input or left padding.
  if (auto fixed = tp::getConst(size); window.ceilMode && fixed)
    if (auto length = tp::getConst(input))
      if ((*fixed - 1) * stride >= *length + window.pads[d])
        size = size - 1;
  return size;
}

static LogicalResult inferConvolution(Node &node, size_t weight, Type elem) {
  if (failed(node.requireRankAtLeast(0, 3)) ||
      failed(node.requireRank(weight, node.rank(0))))
    return failure();
  Dims input = node.dims(0), filter = node.dims(weight);
  size_t spatial = input.size() - 2;
  FailureOr<Window> window = readWindow(node, spatial);
  if (failed(window) ||
      failed(node.unify(input[1], filter[1] * node.getInt("group", 1),
                        "channels")))
    return failure();
  Dims result{input[0], filter[0]};
  for (size_t d = 0; d < spatial; ++d) {
    std::optional<int64_t> kernel = tp::getConst(filter[d + 2]);
    if (!kernel)
      return node.emitError() << "the kernel's size must be known";
    result.push_back(windowSize(*window, d, input[d + 2], *kernel, spatial));
  }
  node.setResult(0, elem, result);
  return success();
}

static LogicalResult inferConv(Node &node) {
  return inferConvolution(node, 1, node.elem(0));
}
static LogicalResult inferConvInteger(Node &node) {
  return inferConvolution(node, 1, IntegerType::get(node.context(), 32));
}
static LogicalResult inferQLinearConv(Node &node) {
  return inferConvolution(node, 3, node.elem(7));
}

static LogicalResult inferConvTranspose(Node &node) {
  if (failed(node.requireRankAtLeast(0, 3)) ||
      failed(node.requireRank(1, node.rank(0))))
    return failure();
  Dims input = node.dims(0), filter = node.dims(1);
  size_t spatial = input.size() - 2;
  FailureOr<Window> window = readWindow(node, spatial);
  if (failed(window) || failed(node.unify(input[1], filter[0], "channels")))
    return failure();
  SmallVector<int64_t> extra =
      node.getInts("output_padding").value_or(SmallVector<int64_t>(spatial, 0));
  auto shape = node.getInts("output_shape");
  if (extra.size() != spatial || (shape && shape->size() != spatial))
    return node.emitError() << "output_padding and output_shape do not fit "
                            << spatial << " spatial dimensions";
  Dims result{input[0], filter[1] * node.getInt("group", 1)};
  for (size_t d = 0; d < spatial; ++d) {
    if (shape) {
      result.push_back(node.constant((*shape)[d]));
      continue;
    }
    int64_t stride = window->strides[d];
    if (window->autoPad.starts_with("SAME")) {
      result.push_back(input[d + 2] * stride);
      continue;
    }
    result.push_back((input[d + 2] - 1) * stride + extra[d] +
                     (filter[d + 2] - 1) * window->dilations[d] + 1 -
                     window->pads[d] - window->pads[d + spatial]);
  }
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
    return node.emitError()
           << "kernel_shape does not fit " << spatial << " spatial dimensions";
  Dims result{input[0], input[1]};
  for (size_t d = 0; d < spatial; ++d)
    result.push_back(
        windowSize(*window, d, input[d + 2], (*kernel)[d], spatial));
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

//===----------------------------------------------------------------------===//
// Resize
//===----------------------------------------------------------------------===//

// The scales of a Resize as numbers: from the constant that they are.
static std::optional<SmallVector<double>> readScales(Node &node) {
  if (!node.has(2))
    return std::nullopt;
  ImportedValue &value = node.operand(2);
  if (value.scalar)
    return SmallVector<double>{*value.scalar};
  if (!value.floats.empty())
    return SmallVector<double>(value.floats.begin(), value.floats.end());
  auto constant = dyn_cast_or_null<DenseFPElementsAttr>(value.constant);
  if (!constant)
    return std::nullopt;
  SmallVector<double> scales;
  for (const APFloat &scale : constant.getValues<APFloat>())
    scales.push_back(scale.convertToDouble());
  return scales;
}

static LogicalResult inferResize(Node &node) {
  Dims result = node.dims(0);
  SmallVector<int64_t> axes = node.getInts("axes").value_or(
      llvm::to_vector(llvm::seq<int64_t>(0, result.size())));
  for (int64_t &axis : axes) {
    FailureOr<int64_t> index = node.normalizeAxis(axis, result.size());
    if (failed(index))
      return failure();
    axis = *index;
  }
  if (node.getString("keep_aspect_ratio_policy", "stretch") != "stretch")
    return node.emitError() << "keep_aspect_ratio_policy is not supported";
  if (node.has(3) && !node.operand(3).dims.empty() &&
      tp::getConst(node.operand(3).dims[0]) != 0) {
    FailureOr<Dims> sizes = node.requireIntegers(3);
    if (failed(sizes))
      return failure();
    if (sizes->size() != axes.size())
      return node.emitError()
             << sizes->size() << " sizes for " << axes.size() << " axes";
    for (auto [axis, size] : llvm::zip_equal(axes, *sizes))
      result[axis] = size;
  } else {
    std::optional<SmallVector<double>> scales = readScales(node);
    if (!scales || scales->size() != axes.size())
      return node.emitError() << "scales must be constants, one per axis";
    for (auto [axis, scale] : llvm::zip_equal(axes, *scales)) {
      if (scale == std::floor(scale))
        result[axis] = result[axis] * static_cast<int64_t>(scale);
      else if (auto size = tp::getConst(result[axis]))
        result[axis] = node.constant(std::floor(*size * scale));
      else
        return node.emitError()
               << "a scale of " << scale << " needs a fixed size";
    }
  }
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
  table["onnx.Resize"] = inferResize;
}
