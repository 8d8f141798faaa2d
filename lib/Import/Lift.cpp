//===- Lift.cpp - Operators of older opsets in current form ---------------===//
//
// What changed between versions, from ONNX's docs/Changelog.md. Versions that
// only admit more types need nothing.
//
//===----------------------------------------------------------------------===//

#include "Lift.h"

#include "ModelFile.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace tpo::importer;

StringRef tpo::importer::currentName(StringRef opType) {
  return llvm::StringSwitch<StringRef>(opType)
      .Case("Scatter", "ScatterElements")
      .Case("Upsample", "Resize")
      .Default(opType);
}

// Attribute `name` (a list of integers or one) became operand `index`.
static void moveIntsToOperand(Node &node, ValueFactory &values, StringRef name, size_t index) {
  std::optional<SmallVector<int64_t>> list = node.getInts(name);
  if (std::optional<int64_t> single = node.getInt(name))
    list = SmallVector<int64_t>{*single};
  node.attributes.erase(name);
  if (!list || node.has(index))
    return;
  Dims elements;
  for (int64_t value : *list)
    elements.push_back(node.constant(value));
  node.setOperand(index,
                  values.integers(IntegerType::get(node.context(), 64), elements, /*isScalar=*/false, node.symbols));
}

// Attribute `name`, a number of the first operand's type, became a scalar.
static void moveFloatToOperand(Node &node, ValueFactory &values, StringRef name, size_t index) {
  auto attr = dyn_cast_or_null<FloatAttr>(node.attributes.get(name));
  node.attributes.erase(name);
  if (!attr || node.has(index))
    return;
  ImportedValue *value = values.make();
  value->elem = node.elem(0);
  value->scalar = attr.getValueAsDouble();
  node.setOperand(index, value);
}

// Attribute `name` (floats) became operand `index`.
static void moveFloatsToOperand(Node &node, ValueFactory &values,
                                StringRef name, size_t index) {
  auto list = dyn_cast_or_null<ArrayAttr>(node.attributes.get(name));
  node.attributes.erase(name);
  if (!list || node.has(index))
    return;
  ImportedValue *value = values.make();
  value->elem = Float32Type::get(node.context());
  value->dims.push_back(node.constant(list.size()));
  SmallVector<float> elements;
  for (Attribute element : list) {
    auto number = dyn_cast<FloatAttr>(element);
    elements.push_back(number ? number.getValueAsDouble() : 0);
    value->floats.push_back(elements.back());
  }
  value->constant = DenseElementsAttr::get(
      RankedTensorType::get({static_cast<int64_t>(list.size())}, value->elem),
      ArrayRef<float>(elements));
  node.setOperand(index, value);
}

// Upsample, and Resize of opset 10: coordinates are divided by the scale, and
// the nearest element is the one at or before, or after where sizes shrink.
static LogicalResult liftResize(Node &node, ValueFactory &values) {
  if (node.opset >= 11)
    return success();
  moveFloatsToOperand(node, values, "scales", 1);
  if (!node.has(1))
    return node.emitError() << "lacks its scales";
  node.setOperand(2, node.operands[1]);
  node.operands[1] = nullptr;
  Builder builder(node.context());
  node.attributes.set("coordinate_transformation_mode",
                      builder.getStringAttr("asymmetric"));
  if (node.getString("mode", "nearest") != "nearest") {
    if (node.getString("mode", "") == "bilinear")
      node.attributes.set("mode", builder.getStringAttr("linear"));
    return success();
  }
  ImportedValue &scales = node.operand(2);
  SmallVector<double> known(scales.floats.begin(), scales.floats.end());
  if (scales.scalar)
    known.push_back(*scales.scalar);
  if (known.empty())
    return node.failUnknown(2);
  bool grows = llvm::any_of(known, [](double scale) { return scale > 1; });
  bool shrinks = llvm::any_of(known, [](double scale) { return scale < 1; });
  if (grows && shrinks)
    return node.emitError() << "operator Resize (opset " << node.opset
                            << ") is not supported with scales both above and "
                               "below 1 and mode 'nearest'";
  node.attributes.set("nearest_mode",
                      builder.getStringAttr(shrinks ? "ceil" : "floor"));
  return success();
}

static LogicalResult liftBatchNormalization(Node &node) {
  if (node.getInt("spatial", 1) != 1)
    return node.emitError() << "spatial=0 is not supported";
  node.attributes.erase("spatial");
  // That training updated the statistics was said by asking for them.
  for (size_t i = 1; node.opset < 14 && i < node.results.size(); ++i)
    if (node.wants(i))
      return node.emitError() << "training mode is not supported";
  return success();
}

static void liftRoiAlign(Node &node) {
  if (node.opset < 16)
    node.attributes.set("coordinate_transformation_mode",
                        StringAttr::get(node.context(), "output_half_pixel"));
}

// The axis of a DFT was an attribute with another default.
static void liftDFT(Node &node, ValueFactory &values) {
  if (node.opset >= 20)
    return;
  int64_t axis = node.getInt("axis", 1);
  node.attributes.erase("axis");
  node.setOperand(2, values.integers(IntegerType::get(node.context(), 64),
                                     {node.constant(axis)}, /*isScalar=*/true,
                                     node.symbols));
}

static LogicalResult liftGridSample(Node &node) {
  if (node.opset >= 20)
    return success();
  StringRef mode = llvm::StringSwitch<StringRef>(node.getString("mode", "bilinear"))
                       .Case("bilinear", "linear")
                       .Case("bicubic", "cubic")
                       .Default(node.getString("mode", ""));
  node.attributes.set("mode", StringAttr::get(node.context(), mode));
  return success();
}

static LogicalResult liftSplit(Node &node, ValueFactory &values) {
  if (node.opset < 13)
    moveIntsToOperand(node, values, "split", 1);
  if (node.has(1) || node.getInt("num_outputs"))
    return success();
  // Without sizes, as many equal parts as there are outputs.
  if (node.opset >= 18)
    return node.emitError() << "needs the input 'split' or the attribute 'num_outputs'";
  node.setInt("num_outputs", node.results.size());
  return success();
}

static LogicalResult liftReduce(Node &node, ValueFactory &values) {
  int since = node.opType() == "ReduceSum" ? 13 : 18;
  if (node.opset < since)
    moveIntsToOperand(node, values, "axes", 1);
  return success();
}

// The operand that CastLike compares with says its type, nothing else.
static LogicalResult liftCastLike(Node &node) {
  node.info = tpo::onnx::lookupOp("", "Cast");
  node.setInt("to", getDataType(node.elem(1)));
  node.operands.truncate(1);
  return success();
}

LogicalResult tpo::importer::liftNode(Node &node, ValueFactory &values) {
  if (!node.info->domain.empty())
    return success();
  StringRef op = node.opType();
  int opset = node.opset;
  if (op == "CastLike")
    return liftCastLike(node);
  if (op == "Squeeze" || op == "Unsqueeze") {
    if (opset < 13)
      moveIntsToOperand(node, values, "axes", 1);
  } else if (op.starts_with("Reduce")) {
    return liftReduce(node, values);
  } else if (op == "Split") {
    return liftSplit(node, values);
  } else if (op == "Slice") {
    if (opset < 10) {
      moveIntsToOperand(node, values, "starts", 1);
      moveIntsToOperand(node, values, "ends", 2);
      moveIntsToOperand(node, values, "axes", 3);
    }
  } else if (op == "TopK") {
    if (opset < 10)
      moveIntsToOperand(node, values, "k", 1);
  } else if (op == "Clip") {
    if (opset < 11) {
      moveFloatToOperand(node, values, "min", 1);
      moveFloatToOperand(node, values, "max", 2);
    }
  } else if (op == "Pad") {
    if (opset < 11) {
      moveIntsToOperand(node, values, "pads", 1);
      moveFloatToOperand(node, values, "value", 2);
    }
  } else if (op == "Resize") {
    return liftResize(node, values);
  } else if (op == "BatchNormalization") {
    return liftBatchNormalization(node);
  } else if (op == "GridSample") {
    return liftGridSample(node);
  } else if (op == "RoiAlign") {
    liftRoiAlign(node);
  } else if (op == "DFT") {
    liftDFT(node, values);
  } else if (op == "LogSoftmax" || op == "Softmax" || op == "Hardmax") {
    // Operands of older versions are flat already; only the default axis is
    // left to say.
    if (!node.getInt("axis"))
      node.setInt("axis", -1);
  }
  return success();
}
