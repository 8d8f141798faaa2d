//===- ImportNodes.cpp - Nodes to operations ------------------------------===//

#include "ContribFunctions.h"
#include "Fold.h"
#include "GraphImporter.h"
#include "Lift.h"
#include "SchemaCheck.h"
#include "ShapeInference.h"
#include "dialects/Onnx/Onnx.h"
#include "dialects/Tp/Dims.h"
#include "tp-opt/Import/Diagnostics.h"

using namespace mlir;
using namespace tpo;
using namespace tpo::importer;
using ::onnx::AttributeProto;

//===----------------------------------------------------------------------===//
// Locations
//===----------------------------------------------------------------------===//

// The innermost module in PyTorch's list of scopes, "['', 'model', 'model.mlp',
// 'mul']": the last entry is the operation itself.
static StringRef innermostScope(StringRef list) {
  if (!list.consume_front("[") || !list.consume_back("]"))
    return "";
  SmallVector<StringRef> scopes;
  list.split(scopes, ", ");
  if (scopes.size() < 2)
    return "";
  return scopes[scopes.size() - 2].trim("'\"");
}

// The same from "a: type/a.b: type/operator: target", as the first versions of
// the exporter write it alone.
static StringRef innermostNamespace(StringRef path) {
  SmallVector<StringRef> scopes;
  path.split(scopes, '/');
  return scopes.size() < 2 ? "" : scopes[scopes.size() - 2].split(": ").first;
}

Location GraphImporter::getLocation(const ::onnx::NodeProto &proto,
                                    const Scope &scope) {
  std::string name = proto.name();
  if (name.empty() && proto.output_size())
    name = proto.output(0);
  StringRef module;
  for (const auto &entry : proto.metadata_props())
    if (entry.key() == "pkg.torch.onnx.name_scopes")
      module = innermostScope(entry.value());
    else if (entry.key() == "namespace" && module.empty())
      module = innermostNamespace(entry.value());
  return getNodeLocation(context, scope.prefix + name, proto.op_type(), module);
}

//===----------------------------------------------------------------------===//
// Operands and results by name
//===----------------------------------------------------------------------===//

FailureOr<GraphImporter::Values>
GraphImporter::getOperands(const ::onnx::NodeProto &proto, const Scope &scope,
                           Location loc) {
  Values operands;
  for (const std::string &name : proto.input()) {
    ImportedValue *value = name.empty() ? nullptr : scope.lookup(name);
    if (!name.empty() && !value && !scope.knows(name))
      return failUndefined(name, proto, scope, loc);
    operands.push_back(value);
  }
  // Absent operands at the end are the same as none.
  while (!operands.empty() && !operands.back())
    operands.pop_back();
  return operands;
}

// Whether computing `name` needs an output of `user`.
static bool
dependsOn(StringRef name, const ::onnx::NodeProto &user,
          const llvm::StringMap<const ::onnx::NodeProto *> &producers) {
  SmallVector<StringRef> pending{name};
  llvm::StringSet<> seen;
  while (!pending.empty()) {
    const ::onnx::NodeProto *node = producers.lookup(pending.pop_back_val());
    if (node == &user)
      return true;
    for (int i = 0; node && i < node->input_size(); ++i)
      if (seen.insert(node->input(i)).second)
        pending.push_back(node->input(i));
  }
  return false;
}

LogicalResult GraphImporter::failUndefined(StringRef name,
                                           const ::onnx::NodeProto &user,
                                           const Scope &scope, Location loc) {
  if (scope.lookupSequence(name))
    return emitError(loc) << "'" << name << "' is a sequence of tensors, which it does not take";
  for (const Scope *outer = &scope; outer; outer = outer->parent) {
    if (!outer->nodes)
      continue;
    llvm::StringMap<const ::onnx::NodeProto *> producers;
    for (const ::onnx::NodeProto &node : *outer->nodes)
      for (const std::string &output : node.output())
        producers[output] = &node;
    const ::onnx::NodeProto *producer = producers.lookup(name);
    if (!producer)
      continue;
    InFlightDiagnostic error =
        emitError(loc) << "uses '" << name << "', which "
                       << describeLocation(getLocation(*producer, *outer))
                       << " computes: ";
    if (dependsOn(name, user, producers))
      return error << "the nodes form a cycle";
    return error << "the nodes are not sorted, a node must come after those "
                    "that compute its inputs";
  }
  return emitError(loc) << "uses '" << name
                        << "', which nothing before it defines";
}

LogicalResult GraphImporter::defineOutputs(const ::onnx::NodeProto &proto,
                                           ArrayRef<ImportedValue *> values,
                                           Scope &scope, Location loc) {
  for (auto [i, name] : llvm::enumerate(proto.output())) {
    if (name.empty())
      continue;
    if (i >= values.size() || !values[i])
      return emitError(loc) << "has no output " << i << " ('" << name << "')";
    if (failed(define(scope, name, values[i], loc)))
      return failure();
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Building
//===----------------------------------------------------------------------===//

void GraphImporter::buildOperation(Node &node,
                                   ArrayRef<ImportedValue *> results) {
  OperationState state(node.loc, node.info->mlirName);
  size_t fixed = llvm::count_if(node.info->operands,
                                [](const tpo::onnx::ParameterInfo &operand) {
                                  return !operand.variadic;
                                });
  for (size_t i = 0; i < std::max(fixed, node.operands.size()); ++i)
    state.operands.push_back(node.has(i)
                                 ? materialize(*node.operands[i], node.loc)
                                 : getNoValue(node.loc));
  for (ImportedValue *result : results)
    state.types.push_back(
        result->elem ? Type(tp::makeTensorType(result->dims, result->elem))
                     : builder.getNoneType());
  state.addAttributes(node.attributes.getAttrs());
  Operation *op = builder.create(state);
  for (auto [result, value] : llvm::zip_equal(results, op->getResults()))
    result->value = value;
}

// What the results' elements were computed from, where there are few of them
// and they are not known.
void GraphImporter::recordOrigins(Node &node,
                                  MutableArrayRef<ImportedValue> results) {
  constexpr int64_t kMaxFollowed = 64;
  for (ImportedValue &result : results) {
    if (!result.elem || result.isKnown())
      continue;
    std::optional<int64_t> count = countElements(result.dims);
    if (!count || *count > kMaxFollowed) {
      result.origin.other = true;
      continue;
    }
    for (ImportedValue *operand : node.operands) {
      if (!operand)
        continue;
      if (!operand->isKnown())
        result.origin.merge(operand->origin);
      else if (operand->integers)
        for (AffineExpr element : *operand->integers)
          result.origin.addSize(element);
    }
  }
}

LogicalResult GraphImporter::processNode(Node &node) {
  if (failed(liftNode(node, factory)) || failed(checkAttributes(node)) ||
      failed(inferShapes(node)))
    return failure();
  // The results of the operation: those inferred, or none where unused.
  size_t count = node.resultTypes.size();
  bool variadic =
      !node.info->results.empty() && node.info->results.back().variadic;
  if (!variadic)
    count = std::max(count, node.info->results.size());
  if (node.results.size() > count)
    return node.emitError() << "has " << node.results.size()
                            << " outputs, expects at most " << count;
  SmallVector<ImportedValue, 1> inferred(count);
  for (size_t i = 0; i < count; ++i) {
    bool optional = !variadic && node.info->results[i].optional;
    if (i >= node.resultTypes.size() || (optional && !node.wants(i)))
      continue;
    inferred[i].elem = node.resultTypes[i].elem;
    inferred[i].dims = node.resultTypes[i].dims;
    inferred[i].generation = symbols.getGeneration();
    for (AffineExpr dim : inferred[i].dims)
      if (auto size = tp::getConst(dim); size && *size < 0)
        return node.emitError()
               << "the result's shape " << symbols.toString(inferred[i].dims)
               << " has a negative size";
  }
  for (size_t i = 0; i < node.results.size(); ++i)
    if (node.wants(i) && !inferred[i].elem)
      return node.emitError() << "output '" << node.info->results[i].name
                              << "' is not supported";
  if (std::optional<size_t> forwarded = findForwardedOperand(node)) {
    node.results.assign(1, node.operands[*forwarded]);
    return success();
  }
  foldData(node, inferred);
  foldWeight(node, inferred);
  recordOrigins(node, inferred);
  // What the shape says by -1, by 0 and by broadcasting is known now.
  if (node.info->mlirName == "onnx.Reshape" ||
      node.info->mlirName == "onnx.Expand") {
    node.operands[1] = factory.integers(builder.getI64Type(), inferred[0].dims,
                                        /*isScalar=*/false, symbols);
    if (node.info->mlirName == "onnx.Reshape")
      node.setInt("allowzero", 1);
  }
  node.results.clear();
  for (ImportedValue &value : inferred) {
    node.results.push_back(factory.make());
    *node.results.back() = std::move(value);
  }
  if (!llvm::all_of(node.results, [](ImportedValue *value) {
        return !value->elem || value->isKnown();
      }))
    buildOperation(node, node.results);
  return success();
}

//===----------------------------------------------------------------------===//
// One node
//===----------------------------------------------------------------------===//

LogicalResult GraphImporter::checkSignature(Node &node, size_t numOutputs) {
  const tpo::onnx::OpInfo &info = *node.info;
  bool variadicOperands =
      !info.operands.empty() && info.operands.back().variadic;
  if (node.operands.size() > info.operands.size() && !variadicOperands)
    return node.emitError()
           << "has " << node.operands.size() << " inputs, expects at most "
           << info.operands.size();
  // Lifting adds operands that older opsets have as attributes.
  size_t needed = node.opset >= info.sinceVersion ? info.operands.size() : 1;
  for (size_t i = 0; i < std::min(needed, info.operands.size()); ++i)
    if (!info.operands[i].optional && !info.operands[i].variadic &&
        !node.has(i))
      return node.emitError()
             << "lacks the input '" << info.operands[i].name << "'";
  for (size_t i = info.operands.size(); variadicOperands && i-- > 0;)
    if (info.operands[i].variadic && node.operands.size() <= i)
      return node.emitError() << "has no inputs";
  for (size_t i = 0; variadicOperands && i < node.operands.size(); ++i)
    if (!node.has(i) &&
        (i >= info.operands.size() || !info.operands[i].optional))
      return node.emitError() << "input " << i << " is empty";
  bool variadicResults = !info.results.empty() && info.results.back().variadic;
  if (numOutputs > info.results.size() && !variadicResults)
    return node.emitError()
           << "has " << numOutputs << " outputs, expects at most "
           << info.results.size();
  return success();
}

// Opsets of domains other than ONNX's own have no history here.
static FailureOr<int> getOpset(const llvm::StringMap<int64_t> &opsets,
                               StringRef domain, Location loc) {
  auto found = opsets.find(domain == "ai.onnx" ? "" : domain);
  if (found != opsets.end())
    return static_cast<int>(found->second);
  // ONNX Runtime writes fused operators without importing their domain.
  if (domain == "com.microsoft")
    return 1;
  return emitError(loc) << "the model imports no opset for domain '" << domain
                        << "'";
}

// The schema of an operator; ONNX Runtime has one of its own in the default
// domain, and spells two of ONNX's in its own for models of older opsets.
static const tpo::onnx::OpInfo *findSchema(StringRef domain, StringRef opType) {
  if (opType == "SimplifiedLayerNormalization" && domain.empty())
    domain = "com.microsoft";
  if (domain == "com.microsoft" &&
      (opType == "QuantizeLinear" || opType == "DequantizeLinear"))
    domain = "";
  return tpo::onnx::lookupOp(domain, currentName(opType));
}

LogicalResult GraphImporter::importNode(const ::onnx::NodeProto &proto,
                                        Scope &scope) {
  Location loc = getLocation(proto, scope);
  StringRef domain = proto.domain(), opType = proto.op_type();
  if (domain == "ai.onnx")
    domain = "";
  std::string qualified = qualifiedName(domain, opType);
  if (!proto.overload().empty())
    qualified += ":" + proto.overload();
  if (auto body = functions.find(qualified); body != functions.end())
    return inlineFunction(*body->second, functionOpsets[qualified], proto,
                          scope, loc);
  FailureOr<int> opset = getOpset(*scope.opsets, domain, loc);
  if (failed(opset))
    return failure();
  if (failed(importOperator(proto, scope, *opset, loc)))
    return failure();
  // Last: what this importer says of the same faults is written for people.
  std::string objection = checkNodeSchema(
      proto, *opset, static_cast<int>(file.getModel().ir_version()));
  if (!objection.empty())
    return emitError(loc) << objection;
  return success();
}

/// Why there can be no such operator, where that is more than that nobody wrote
/// its lowering.
static StringRef explainAbsence(StringRef opType) {
  if (opType == "Loop" || opType == "Scan")
    return ": a program has no loops, and iterations are not unrolled";
  return "";
}

LogicalResult GraphImporter::importOperator(const ::onnx::NodeProto &proto,
                                            Scope &scope, int opset,
                                            Location loc) {
  StringRef opType = proto.op_type();
  StringRef domain = proto.domain();
  if (domain == "ai.onnx")
    domain = "";
  if (domain.empty() && opType == "Constant")
    return importConstant(proto, scope, loc);
  if (domain.empty() && opType == "If")
    return importIf(proto, scope, loc);
  if (domain.empty() && isSequenceOperator(opType))
    return importSequenceOperator(proto, scope, loc);

  if (domain.empty())
    if (const ::onnx::OpSchema *schema = findBody(opType, opset))
      return expandOperator(*schema, opset, proto, scope, loc);
  if (domain == "com.microsoft") {
    OperatorBody &body = bodies.emplace_back();
    if (buildContribBody(proto, body.function)) {
      body.opsets[""] = kContribBodyOpset;
      return inlineFunction(body.function, body.opsets, proto, scope, loc);
    }
    bodies.pop_back();
  }
  const tpo::onnx::OpInfo *info = findSchema(domain, opType);
  if (!info)
    return emitError(loc) << "operator " << opType << (domain.empty() ? "" : " of domain ") << domain << " (opset "
                          << opset << ") is not supported" << (domain.empty() ? explainAbsence(opType) : "");
  Node node(*info, loc, opset, symbols);
  FailureOr<Values> operands = getOperands(proto, scope, loc);
  if (failed(operands))
    return failure();
  node.operands = std::move(*operands);
  std::vector<int> types;
  for (ImportedValue *operand : node.operands)
    types.push_back(operand ? getDataType(operand->elem) : 0);
  std::string objection = checkOperands(proto, opset, types);
  if (!objection.empty())
    return emitError(loc) << objection;
  for (const std::string &name : proto.output())
    // Any pointer that is not null: replaced by the value itself.
    node.results.push_back(name.empty() ? nullptr : factory.make());
  while (!node.results.empty() && !node.results.back())
    node.results.pop_back();
  if (failed(importAttributes(proto, scope, node)) ||
      failed(checkSignature(node, node.results.size())))
    return failure();

  if (failed(domain.empty() ? processLifted(node) : processNode(node)))
    return failure();
  return defineOutputs(proto, node.results, scope, loc);
}

template <typename Nodes>
LogicalResult GraphImporter::importNodes(const Nodes &nodes, Scope &scope) {
  for (const ::onnx::NodeProto &node : nodes)
    if (failed(importNode(node, scope)))
      return failure();
  return success();
}

template LogicalResult GraphImporter::importNodes(
    const ::google::protobuf::RepeatedPtrField<::onnx::NodeProto> &nodes,
    Scope &scope);

//===----------------------------------------------------------------------===//
// Nodes that contain nodes
//===----------------------------------------------------------------------===//

// How deep functions and subgraphs may be nested; bounds what a hostile file
// costs.
static constexpr unsigned kMaxDepth = 32;

LogicalResult GraphImporter::failCondition(const ImportedValue &condition,
                                           Location loc) {
  const Origin &origin = condition.origin;
  InFlightDiagnostic error = emitError(loc) << "operator If: its condition ";
  if (origin.other || (origin.inputs.empty() && origin.sizes.empty()))
    return error << "is computed from data, which is only known when the model "
                    "runs; both branches cannot be compiled";
  if (!origin.inputs.empty()) {
    StringRef input = origin.inputs.front();
    error << "depends on the contents of input '" << input
          << "', which are only known when the model runs";
    if (fixableInputs.contains(input))
      error << "; to compile one branch fix them, as in --input-value=" << input
            << "=0";
    return error;
  }
  error << "depends on the size " << symbols.toString(origin.sizes.front());
  std::string name;
  origin.sizes.front().walk([&](AffineExpr part) {
    if (isa<AffineSymbolExpr>(part) && name.empty())
      name = symbols.toString(part);
  });
  return error << "; fix it to select a branch, as in --dim=" << name << "=1";
}

LogicalResult GraphImporter::enterSubgraph(const ::onnx::GraphProto &graph,
                                           const Scope &scope, Scope &inner,
                                           Location loc) {
  inner.parent = &scope;
  inner.opsets = scope.opsets;
  inner.declare(graph);
  inner.prefix = scope.prefix;
  inner.depth = scope.depth + 1;
  if (inner.depth > kMaxDepth)
    return emitError(loc) << "subgraphs are nested too deeply";
  return success();
}

LogicalResult GraphImporter::importIf(const ::onnx::NodeProto &proto,
                                      Scope &scope, Location loc) {
  FailureOr<Values> operands = getOperands(proto, scope, loc);
  if (failed(operands))
    return failure();
  std::optional<int64_t> condition;
  if (operands->size() == 1 && (*operands)[0]->allIntegersKnown() &&
      (*operands)[0]->integers->size() == 1)
    condition = tp::getConst((*operands)[0]->integers->front());
  if (!condition && operands->size() == 1 && (*operands)[0])
    return failCondition(*(*operands)[0], loc);
  if (!condition)
    return emitError(loc) << "needs one input, its condition";
  StringRef branch = *condition ? "then_branch" : "else_branch";
  for (const AttributeProto &attribute : proto.attribute()) {
    if (attribute.name() != branch || !attribute.has_g())
      continue;
    Scope inner;
    if (failed(enterSubgraph(attribute.g(), scope, inner, loc)))
      return failure();
    if (attribute.g().input_size())
      return emitError(loc) << "its branches must have no inputs";
    if (failed(importInitializers(attribute.g(), inner)) ||
        failed(importNodes(attribute.g().node(), inner)))
      return failure();
    Values results;
    for (const auto &output : attribute.g().output()) {
      results.push_back(inner.lookup(output.name()));
      if (!results.back())
        return emitError(loc) << "output '" << output.name() << "' of its "
                              << branch << " is computed by no node";
    }
    return defineOutputs(proto, results, scope, loc);
  }
  return emitError(loc) << "lacks " << branch;
}

LogicalResult GraphImporter::inlineFunction(
    const ::onnx::FunctionProto &function, const Opsets &imports,
    const ::onnx::NodeProto &proto, Scope &scope, Location loc) {
  // Functions cannot be recursive.
  if (scope.depth > kMaxDepth)
    return emitError(loc) << "functions are nested too deeply";
  FailureOr<Values> operands = getOperands(proto, scope, loc);
  if (failed(operands))
    return failure();
  if (operands->size() > static_cast<size_t>(function.input_size()))
    return emitError(loc) << "has " << operands->size()
                          << " inputs, expects at most "
                          << function.input_size();
  Scope inner;
  inner.opsets = &imports;
  inner.nodes = &function.node();
  inner.prefix = scope.prefix +
                 (proto.name().empty() ? proto.op_type() : proto.name()) + "/";
  inner.depth = scope.depth + 1;
  // An input that the call leaves out is absent wherever the body uses it.
  for (auto [i, name] : llvm::enumerate(function.input())) {
    ImportedValue *operand = i < operands->size() ? (*operands)[i] : nullptr;
    if (failed(define(inner, name, operand, loc)))
      return failure();
  }
  for (const AttributeProto &attribute : function.attribute_proto())
    inner.attributes[attribute.name()] = &attribute;
  for (const AttributeProto &attribute : proto.attribute()) {
    const AttributeProto *value = &attribute;
    if (!attribute.ref_attr_name().empty())
      value = scope.findAttribute(attribute.ref_attr_name());
    if (value)
      inner.attributes[attribute.name()] = value;
  }
  if (failed(importNodes(function.node(), inner)))
    return failure();
  Values results;
  for (const std::string &output : function.output())
    results.push_back(inner.lookup(output));
  return defineOutputs(proto, results, scope, loc);
}
