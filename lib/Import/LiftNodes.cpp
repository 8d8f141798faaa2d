//===- LiftNodes.cpp - Operators that become several nodes ----------------===//
//
// Operators of older opsets that need more than other operands and attributes
// (Lift.cpp) to have the meaning of the current one.
//
//===----------------------------------------------------------------------===//

#include "GraphImporter.h"
#include "dialects/Tp/Dims.h"

using namespace mlir;
using namespace tpo;
using namespace tpo::importer;

ImportedValue *GraphImporter::constants(ArrayRef<int64_t> elements) {
  Dims values;
  for (int64_t element : elements)
    values.push_back(symbols.constant(element));
  return factory.integers(builder.getI64Type(), values, /*isScalar=*/false,
                          symbols);
}

FailureOr<ImportedValue *> GraphImporter::addNode(const Node &origin,
                                                  StringRef opType,
                                                  Values operands,
                                                  NamedAttrList attributes) {
  Node node(*tpo::onnx::lookupOp("", opType), origin.loc,
            tpo::onnx::getNewestOpset(), symbols);
  node.operands = std::move(operands);
  node.attributes = std::move(attributes);
  node.results.push_back(factory.make());
  if (failed(processNode(node)))
    return failure();
  return node.results[0];
}

// Before opset 13, Softmax flattened its operand to a matrix at `axis` (1) and
// normalised rows: of all trailing dimensions together.
LogicalResult GraphImporter::softmaxOfOldOpset(Node &node) {
  int64_t rank = node.rank(0);
  FailureOr<int64_t> axis =
      node.normalizeAxis(node.getInt("axis", 1), std::max<int64_t>(rank, 1));
  if (failed(axis))
    return failure();
  node.setInt("axis", -1);
  if (*axis == rank - 1 || rank == 0)
    return processNode(node);
  Dims shape = node.dims(0);
  NamedAttrList flatten;
  flatten.set("axis", getSignedAttr(context, *axis));
  FailureOr<ImportedValue *> matrix =
      addNode(node, "Flatten", {node.operands[0]}, flatten);
  if (failed(matrix))
    return failure();
  node.operands = {*matrix};
  if (failed(processNode(node)))
    return failure();
  FailureOr<ImportedValue *> result =
      addNode(node, "Reshape",
              {node.results[0], factory.integers(builder.getI64Type(), shape,
                                                 /*isScalar=*/false, symbols)});
  if (failed(result))
    return failure();
  node.results = {*result};
  return success();
}

// Before opset 21, scale and bias were per group; now they are per channel.
LogicalResult GraphImporter::groupNormOfOldOpset(Node &node) {
  int64_t groups = node.getInt("num_groups", 0);
  std::optional<int64_t> channels =
      node.rank(0) > 1 ? tp::getConst(node.dims(0)[1]) : std::nullopt;
  if (!channels || groups <= 0 || *channels % groups != 0)
    return node.emitError() << "its channels must be a known multiple of its "
                            << groups << " groups";
  for (size_t i : {1, 2}) {
    if (failed(node.requireRank(i, 1)) ||
        failed(node.unify(node.dims(i)[0], node.constant(groups),
                          "the number of groups and the size of '" +
                              node.info->operands[i].name.str() + "'")))
      return failure();
    FailureOr<ImportedValue *> value =
        addNode(node, "Unsqueeze", {node.operands[i], constants({1})});
    if (succeeded(value))
      value = addNode(node, "Expand",
                      {*value, constants({groups, *channels / groups})});
    if (succeeded(value))
      value = addNode(node, "Reshape", {*value, constants({*channels})});
    if (failed(value))
      return failure();
    node.operands[i] = *value;
  }
  node.opset = tpo::onnx::getNewestOpset();
  return processNode(node);
}

// Inference passes everything on: the mask is true everywhere.
LogicalResult GraphImporter::removeDropout(Node &node) {
  if (node.has(2)) {
    std::optional<SmallVector<int64_t>> training = node.constants(2);
    if (!training)
      return node.emitError() << "whether it is in training mode is only known "
                                 "when the model runs";
    bool keepsAll = node.has(1) && node.operand(1).scalar == 0.0;
    if (!training->empty() && training->front() != 0 && !keepsAll)
      return node.emitError() << "training mode is not supported";
  }
  Values results{node.operands[0]};
  if (node.wants(1)) {
    Dims shape = node.dims(0);
    Type elem = node.opset < 10 ? node.elem(0) : builder.getI1Type();
    NamedAttrList attributes;
    attributes.set("value",
                   DenseElementsAttr::get(
                       RankedTensorType::get({1}, elem),
                       ArrayRef<Attribute>(
                           elem.isInteger(1)
                               ? Attribute(builder.getBoolAttr(true))
                               : Attribute(builder.getFloatAttr(elem, 1.0)))));
    FailureOr<ImportedValue *> mask =
        addNode(node, "ConstantOfShape",
                {factory.integers(builder.getI64Type(), shape,
                                  /*isScalar=*/false, symbols)},
                attributes);
    if (failed(mask))
      return failure();
    results.push_back(*mask);
  }
  node.results = std::move(results);
  return success();
}

LogicalResult GraphImporter::processLifted(Node &node) {
  StringRef op = node.opType();
  if (op == "Dropout")
    return removeDropout(node);
  if (node.opset < 13 &&
      (op == "Softmax" || op == "LogSoftmax" || op == "Hardmax"))
    return softmaxOfOldOpset(node);
  if (op == "GroupNormalization" && node.opset < 21)
    return groupNormOfOldOpset(node);
  return processNode(node);
}
