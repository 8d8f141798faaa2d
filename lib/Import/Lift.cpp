//===- Lift.cpp - Operators of older opsets in current form ---------------===//
//
// What changed between versions, from ONNX's docs/Changelog.md. Versions that
// only admit more types need nothing.
//
//===----------------------------------------------------------------------===//

#include "Lift.h"

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

static LogicalResult failVersion(Node &node, int needed) {
  return node.emitError() << "operator " << node.opType() << " of opset " << node.opset
                          << " is not supported; it is from opset " << needed << " on";
}

// Resize of opset 10 and Upsample had the operands X and scales, and mapped
// positions in one way. Upsample of opset 7 had scales as an attribute.
static LogicalResult liftResize(Node &node, ValueFactory &values) {
  if (node.opset >= 11)
    return success();
  if (auto scales = dyn_cast_or_null<ArrayAttr>(node.attributes.get("scales"))) {
    ImportedValue *value = values.make();
    value->elem = Float32Type::get(node.context());
    value->dims.push_back(node.constant(scales.size()));
    SmallVector<float> elements;
    for (Attribute scale : scales) {
      auto number = dyn_cast<FloatAttr>(scale);
      if (!number)
        return node.emitError() << "scales must be numbers";
      elements.push_back(number.getValueAsDouble());
    }
    value->constant = DenseElementsAttr::get(RankedTensorType::get({int64_t(elements.size())}, value->elem),
                                             ArrayRef<float>(elements));
    node.attributes.erase("scales");
    node.setOperand(1, value);
  }
  if (!node.has(1))
    return failVersion(node, 7);
  node.setOperand(2, node.operands[1]);
  node.operands[1] = nullptr;
  auto setString = [&](StringRef name, StringRef value) {
    node.attributes.set(name, StringAttr::get(node.context(), value));
  };
  if (node.getString("mode", "nearest") == "bilinear")
    setString("mode", "linear");
  setString("coordinate_transformation_mode", "asymmetric");
  setString("nearest_mode", "floor");
  return success();
}

// The axis became an operand, and counts from the end by default.
static void liftDFT(Node &node, ValueFactory &values) {
  int64_t axis = node.getInt("axis", 1);
  node.attributes.erase("axis");
  node.setOperand(
      2, values.integers(IntegerType::get(node.context(), 64), {node.constant(axis)}, /*isScalar=*/true, node.symbols));
}

static LogicalResult liftDropout(Node &node) {
  node.attributes.erase("ratio");
  node.attributes.erase("is_test");
  return success();
}

static LogicalResult liftBatchNormalization(Node &node) {
  if (node.getInt("spatial", 1) != 1)
    return node.emitError() << "spatial=0 is not supported";
  node.attributes.erase("spatial");
  node.attributes.erase("is_test");
  return success();
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
  // Without sizes, as many equal parts as there are outputs.
  if (!node.has(1) && !node.getInt("num_outputs"))
    node.setInt("num_outputs", node.results.size());
  return success();
}

static LogicalResult liftReduce(Node &node, ValueFactory &values) {
  int since = node.opType() == "ReduceSum" ? 13 : 18;
  if (node.opset < since)
    moveIntsToOperand(node, values, "axes", 1);
  return success();
}

LogicalResult tpo::importer::liftNode(Node &node, ValueFactory &values) {
  if (!node.info->domain.empty())
    return success();
  StringRef op = node.opType();
  int opset = node.opset;
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
  } else if (op == "Dropout") {
    return liftDropout(node);
  } else if (op == "BatchNormalization") {
    return liftBatchNormalization(node);
  } else if (op == "GridSample") {
    return liftGridSample(node);
  } else if (op == "DFT") {
    if (opset < 20)
      liftDFT(node, values);
  } else if (op == "LogSoftmax" || op == "Softmax" || op == "Hardmax") {
    // The importer has flattened operands of older versions; only the default
    // axis is left to say.
    if (!node.getInt("axis"))
      node.setInt("axis", -1);
  }
  return success();
}
