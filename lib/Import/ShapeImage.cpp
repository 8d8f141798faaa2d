//===- ShapeImage.cpp - Resizing and sampling of images -------------------===//

#include "ShapeInference.h"

#include "dialects/Tp/Dims.h"
#include "mlir/IR/BuiltinAttributes.h"
#include <cmath>

using namespace mlir;
using namespace tpo;
using namespace tpo::importer;

//===----------------------------------------------------------------------===//
// Resize
//===----------------------------------------------------------------------===//

// The scales of a Resize as numbers: from the constant that they are. A small
// weight becomes that constant.
static std::optional<SmallVector<double>> readScales(Node &node) {
  if (!node.has(2))
    return std::nullopt;
  ImportedValue &value = node.operand(2);
  if (value.scalar)
    return SmallVector<double>{*value.scalar};
  if (!value.floats.empty() && value.elem.isF32()) {
    SmallVector<float> elements(value.floats.begin(), value.floats.end());
    auto type = RankedTensorType::get({int64_t(elements.size())}, value.elem);
    value.constant = DenseElementsAttr::get(type, ArrayRef<float>(elements));
    value.weight.reset();
    value.floats.clear();
    value.value = Value();
  }
  auto constant = dyn_cast_or_null<DenseFPElementsAttr>(value.constant);
  if (!constant)
    return std::nullopt;
  SmallVector<double> scales;
  for (const APFloat &scale : constant.getValues<APFloat>())
    scales.push_back(scale.convertToDouble());
  return scales;
}

// floor(size * scale). A float is a fraction of integers; symbolic sizes are
// multiplied by it where they stay small.
static FailureOr<AffineExpr> scaleSize(Node &node, AffineExpr size, double scale) {
  if (!(scale > 0) || scale > 1e6)
    return node.emitError() << "a scale of " << scale << " is not supported";
  if (auto fixed = tp::getConst(size))
    return node.constant(int64_t(std::floor(double(*fixed) * scale)));
  int64_t divisor = 1;
  while (divisor < (1 << 20) && scale * divisor != std::floor(scale * divisor))
    divisor *= 2;
  double factor = scale * double(divisor);
  if (factor != std::floor(factor))
    return node.emitError() << "a scale of " << scale << " needs a fixed size";
  return (size * int64_t(factor)).floorDiv(divisor);
}

static FailureOr<SmallVector<int64_t>> readAxes(Node &node, int64_t rank) {
  SmallVector<int64_t> axes = node.getInts("axes").value_or(llvm::to_vector(llvm::seq<int64_t>(0, rank)));
  for (int64_t &axis : axes) {
    FailureOr<int64_t> index = node.normalizeAxis(axis, rank);
    if (failed(index))
      return failure();
    axis = *index;
  }
  return axes;
}

// All axes are scaled by one number, the smallest or largest that is asked for.
static LogicalResult keepAspectRatio(Node &node, ArrayRef<int64_t> axes, StringRef policy, Dims &result) {
  std::optional<SmallVector<int64_t>> sizes = node.constants(3);
  std::optional<double> scale;
  for (size_t i = 0; i < axes.size(); ++i) {
    std::optional<int64_t> size = tp::getConst(result[axes[i]]);
    if (!sizes || !size || *size == 0)
      return node.emitError() << "keep_aspect_ratio_policy needs fixed input and result sizes";
    double own = double((*sizes)[i]) / double(*size);
    if (!scale)
      scale = own;
    scale = policy == "not_larger" ? std::min(*scale, own) : std::max(*scale, own);
  }
  for (int64_t axis : axes) {
    double size = double(*tp::getConst(result[axis])) * *scale;
    result[axis] = node.constant(int64_t(std::floor(size + 0.5)));
  }
  return success();
}

// Whether operand `i` is there and not an empty vector, which older opsets need
// in its place.
static bool hasElements(Node &node, size_t i) {
  return node.has(i) && node.rank(i) == 1 && tp::getConst(node.operand(i).dims[0]) != 0;
}

static LogicalResult inferResize(Node &node) {
  Dims result = node.dims(0);
  FailureOr<SmallVector<int64_t>> axes = readAxes(node, result.size());
  if (failed(axes))
    return failure();
  StringRef policy = node.getString("keep_aspect_ratio_policy", "stretch");
  if (!llvm::is_contained({"stretch", "not_larger", "not_smaller"}, policy))
    return node.emitError() << "keep_aspect_ratio_policy '" << policy << "' is unknown";
  if (hasElements(node, 3)) {
    FailureOr<Dims> sizes = node.requireIntegers(3);
    if (failed(sizes))
      return failure();
    if (sizes->size() != axes->size())
      return node.emitError() << sizes->size() << " sizes for " << axes->size() << " axes";
    if (policy != "stretch") {
      if (failed(keepAspectRatio(node, *axes, policy, result)))
        return failure();
    } else {
      for (auto [axis, size] : llvm::zip_equal(*axes, *sizes)) {
        if (tp::getConst(size) != 0 &&
            failed(node.requireSize(result[axis], node.constant(1), "the size of a dimension to resize")))
          return failure();
        result[axis] = size;
      }
    }
  } else {
    std::optional<SmallVector<double>> scales = readScales(node);
    if (!scales)
      return node.has(2) ? node.failUnknown(2) : node.emitError() << "needs scales or sizes";
    if (scales->size() != axes->size())
      return node.emitError() << scales->size() << " scales for " << axes->size() << " axes";
    for (auto [axis, scale] : llvm::zip_equal(*axes, *scales)) {
      FailureOr<AffineExpr> size = scaleSize(node, result[axis], scale);
      if (failed(size))
        return failure();
      result[axis] = *size;
    }
  }
  node.setResult(0, node.elem(0), result);
  return success();
}

//===----------------------------------------------------------------------===//
// Sampling
//===----------------------------------------------------------------------===//

// X [N, C, D...], grid [N, O..., D]
static LogicalResult inferGridSample(Node &node) {
  if (failed(node.requireRankAtLeast(0, 3)) || failed(node.requireRank(1, node.rank(0))))
    return failure();
  Dims x = node.dims(0), grid = node.dims(1);
  if (failed(node.unify(x[0], grid[0], "batch sizes")) ||
      failed(node.unify(grid.back(), node.constant(x.size() - 2), "the grid's coordinates and the spatial dimensions")))
    return failure();
  for (AffineExpr size : ArrayRef(x).drop_front(2))
    if (failed(node.requireSize(size, node.constant(1), "the size of a dimension to sample")))
      return failure();
  Dims result{x[0], x[1]};
  result.append(grid.begin() + 1, grid.end() - 1);
  node.setResult(0, node.elem(0), result);
  return success();
}

static LogicalResult inferAffineGrid(Node &node) {
  FailureOr<Dims> size = node.requireIntegers(1);
  if (failed(size) || failed(node.requireRank(0, 3)))
    return failure();
  if (size->size() != 4 && size->size() != 5)
    return node.emitError() << "size has " << size->size() << " elements, need 4 or 5";
  Dims theta = node.dims(0);
  int64_t spatial = size->size() - 2;
  if (failed(node.unify(theta[0], (*size)[0], "batch sizes")) ||
      failed(node.unify(theta[1], node.constant(spatial), "rows of theta")) ||
      failed(node.unify(theta[2], node.constant(spatial + 1), "columns of theta")))
    return failure();
  Dims result{theta[0]};
  result.append(size->begin() + 2, size->end());
  result.push_back(node.constant(spatial));
  node.setResult(0, node.elem(0), result);
  return success();
}

static LogicalResult inferRoiAlign(Node &node) {
  if (failed(node.requireRank(0, 4)) || failed(node.requireRank(1, 2)) || failed(node.requireRank(2, 1)))
    return failure();
  StringRef mode = node.getString("mode", "avg");
  if (mode != "avg" && mode != "max")
    return node.emitError() << "mode '" << mode << "' is unknown";
  Dims rois = node.dims(1);
  if (failed(node.unify(rois[0], node.dims(2)[0], "numbers of regions")))
    return failure();
  node.setResult(0, node.elem(0),
                 {rois[0], node.dims(0)[1], node.constant(node.getInt("output_height", 1)),
                  node.constant(node.getInt("output_width", 1))});
  return success();
}

// X, W [M, C / group, K...], offset [N, .., O...]
static LogicalResult inferDeformConv(Node &node) {
  if (failed(node.requireRankAtLeast(0, 3)) || failed(node.requireRank(1, node.rank(0))) ||
      failed(node.requireRank(2, node.rank(0))))
    return failure();
  Dims x = node.dims(0), weight = node.dims(1), offset = node.dims(2);
  if (failed(node.unify(x[1], weight[1] * node.getInt("group", 1), "channels")))
    return failure();
  size_t spatial = x.size() - 2;
  auto fits = [&](StringRef name, size_t size) {
    auto values = node.getInts(name);
    return !values || values->size() == size;
  };
  if (!fits("strides", spatial) || !fits("dilations", spatial) || !fits("pads", 2 * spatial))
    return node.emitError() << "strides, dilations and pads do not fit " << spatial << " spatial dimensions";
  if (node.getInt("group", 1) < 1 || node.getInt("offset_group", 1) < 1)
    return node.emitError() << "group and offset_group must be positive";
  Dims result{x[0], weight[0]};
  result.append(offset.begin() + 2, offset.end());
  node.setResult(0, node.elem(0), result);
  return success();
}

//===----------------------------------------------------------------------===//
// Movement
//===----------------------------------------------------------------------===//

static LogicalResult inferCenterCropPad(Node &node) {
  FailureOr<Dims> shape = node.requireIntegers(1);
  Dims result = node.dims(0);
  FailureOr<SmallVector<int64_t>> axes = readAxes(node, result.size());
  if (failed(shape) || failed(axes))
    return failure();
  if (shape->size() != axes->size())
    return node.emitError() << shape->size() << " sizes for " << axes->size() << " axes";
  for (auto [axis, size] : llvm::zip_equal(*axes, *shape))
    result[axis] = size;
  node.setResult(0, node.elem(0), result);
  return success();
}

// Columns [N, C * K, L] back to [N, C, image...].
static LogicalResult inferCol2Im(Node &node) {
  FailureOr<Dims> image = node.requireIntegers(1);
  std::optional<SmallVector<int64_t>> block = node.constants(2);
  if (failed(image) || failed(node.requireRank(0, 3)))
    return failure();
  if (!block)
    return node.failUnknown(2);
  size_t spatial = image->size();
  auto fits = [&](StringRef name, size_t size) {
    auto values = node.getInts(name);
    return !values || values->size() == size;
  };
  if (block->size() != spatial || !fits("strides", spatial) || !fits("dilations", spatial) ||
      !fits("pads", 2 * spatial))
    return node.emitError() << "block_shape, strides, dilations and pads do "
                               "not fit an image of "
                            << spatial << " dimensions";
  AffineExpr taps = node.constant(1);
  for (int64_t size : *block)
    taps = taps * size;
  AffineExpr channels = tp::divideExactly(node.dims(0)[1], taps);
  if (!channels)
    return node.emitError() << "channels are no multiple of the block";
  Dims result{node.dims(0)[0], channels};
  llvm::append_range(result, *image);
  node.setResult(0, node.elem(0), result);
  return success();
}

static LogicalResult inferMaxUnpool(Node &node) {
  if (failed(node.requireRankAtLeast(0, 3)))
    return failure();
  Dims x = node.dims(0), result{x[0], x[1]};
  size_t spatial = x.size() - 2;
  auto kernel = node.getInts("kernel_shape");
  SmallVector<int64_t> strides = node.getInts("strides").value_or(SmallVector<int64_t>(spatial, 1));
  SmallVector<int64_t> pads = node.getInts("pads").value_or(SmallVector<int64_t>(2 * spatial, 0));
  if (!kernel || kernel->size() != spatial || strides.size() != spatial || pads.size() != 2 * spatial)
    return node.emitError() << "kernel_shape, strides and pads do not fit " << spatial << " spatial dimensions";
  for (size_t d = 0; d < spatial; ++d)
    result.push_back((x[2 + d] - 1) * strides[d] + (*kernel)[d] - pads[d] - pads[d + spatial]);
  if (node.has(2)) {
    FailureOr<Dims> shape = node.requireIntegers(2);
    if (failed(shape))
      return failure();
    if (shape->size() != result.size())
      return node.emitError() << "output_shape has the wrong rank";
    result = *shape;
  }
  node.setResult(0, node.elem(0), result);
  return success();
}

void tpo::importer::addImageInference(InferTable &table) {
  table["onnx.Resize"] = inferResize;
  table["onnx.GridSample"] = inferGridSample;
  table["onnx.AffineGrid"] = inferAffineGrid;
  table["onnx.RoiAlign"] = inferRoiAlign;
  table["onnx.DeformConv"] = inferDeformConv;
  table["onnx.CenterCropPad"] = inferCenterCropPad;
  table["onnx.Col2Im"] = inferCol2Im;
  table["onnx.MaxUnpool"] = inferMaxUnpool;
}
