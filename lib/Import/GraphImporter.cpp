//===- GraphImporter.cpp - From a ModelProto to a module ------------------===//

#include "GraphImporter.h"

#include "Lift.h"
#include "dialects/Onnx/Onnx.h"
#include "dialects/Tp/Dims.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace tpo;
using namespace tpo::importer;

GraphImporter::GraphImporter(ModelFile &file, StringRef path, const ImportOptions &options, const Assumptions &assumed,
                             MLIRContext *context)
    : file(file), options(options), context(context), fileLoc(FileLineColLoc::get(context, path, 0, 0)),
      symbols(context, assumed), builder(context) {}

ImportedValue *GraphImporter::Scope::lookup(StringRef name) const {
  for (const Scope *scope = this; scope; scope = scope->parent)
    if (ImportedValue *value = scope->values.lookup(name))
      return value;
  return nullptr;
}

void GraphImporter::Scope::declare(const ::onnx::GraphProto &graph) {
  nodes = &graph.node();
  for (const ::onnx::ValueInfoProto &info : graph.value_info())
    declared[info.name()] = {&info, false};
  for (const ::onnx::ValueInfoProto &info : graph.output())
    declared[info.name()] = {&info, true};
}

bool GraphImporter::Scope::knows(StringRef name) const {
  for (const Scope *scope = this; scope; scope = scope->parent)
    if (scope->values.contains(name))
      return true;
  return false;
}

const ::onnx::AttributeProto *
GraphImporter::Scope::findAttribute(StringRef name) const {
  for (const Scope *scope = this; scope; scope = scope->parent)
    if (const ::onnx::AttributeProto *value = scope->attributes.lookup(name))
      return value;
  return nullptr;
}

std::string tpo::importer::qualifiedName(StringRef domain, StringRef name) {
  if (domain == "ai.onnx")
    domain = "";
  return (domain + "::" + name).str();
}

LogicalResult GraphImporter::checkModel() {
  for (const auto &import : file.getModel().opset_import()) {
    StringRef domain = import.domain();
    bool isOwn = domain.empty() || domain == "ai.onnx";
    if (!isOwn && (import.version() < 1 || import.version() > std::numeric_limits<int32_t>::max()))
      return emitError(fileLoc) << "opset " << import.version() << " of domain '" << domain << "' is out of range";
    opsets[domain == "ai.onnx" ? "" : domain] = import.version();
  }
  // IR version 3 introduced opset_import; 4 initializers that are no inputs.
  int64_t ir = file.getModel().ir_version();
  if (ir < 3 || ir > ::onnx::Version::IR_VERSION)
    return emitError(fileLoc) << "IR version " << ir << " is not supported; need 3 to "
                              << static_cast<int>(::onnx::Version::IR_VERSION);
  const ::onnx::GraphProto &graph = file.getModel().graph();
  if (ir < 4) {
    llvm::StringSet<> inputs;
    for (const ::onnx::ValueInfoProto &input : graph.input())
      inputs.insert(input.name());
    for (const ::onnx::TensorProto &tensor : graph.initializer())
      if (!inputs.contains(tensor.name()))
        return emitError(fileLoc) << "initializer '" << tensor.name()
                                  << "' is no input, which IR version " << ir
                                  << " asks for";
  }
  auto found = opsets.find("");
  if (found == opsets.end())
    return success();
  if (found->second < kOldestOpset)
    return emitError(fileLoc)
           << "opset " << found->second << " is older than " << kOldestOpset
           << ", the first that is understood";
  if (found->second > tpo::onnx::getNewestOpset())
    return emitError(fileLoc)
           << "opset " << found->second << " is newer than "
           << tpo::onnx::getNewestOpset() << ", the last that is understood";
  return success();
}

LogicalResult GraphImporter::importFunctions() {
  for (const ::onnx::FunctionProto &function : file.getModel().functions()) {
    std::string name = qualifiedName(function.domain(), function.name());
    if (!function.overload().empty())
      name += ":" + function.overload();
    if (!functions.try_emplace(name, &function).second)
      return emitError(fileLoc) << "function '" << name << "' is defined twice";
    Opsets &imports = functionOpsets[name];
    for (const auto &import : function.opset_import())
      imports[import.domain() == "ai.onnx" ? "" : import.domain()] =
          import.version();
  }
  return success();
}

LogicalResult GraphImporter::define(Scope &scope, StringRef name,
                                    ImportedValue *value, Location loc) {
  if (!scope.values.try_emplace(name, value).second)
    return emitError(loc) << "value '" << name << "' is defined twice";
  auto declared = scope.declared.find(name);
  if (declared == scope.declared.end() || !value)
    return success();
  auto [info, isSignature] = declared->second;
  return checkDeclared(*info, *value, isSignature, loc);
}

// What the file says about a value must not contradict what follows from its
// inputs. Names of sizes are the exporter's and say nothing. Sizes of values
// inside the graph are left behind by tools that rewrote it: a warning.
LogicalResult
GraphImporter::checkDeclared(const ::onnx::ValueInfoProto &declared,
                             ImportedValue &value, bool isSignature,
                             Location loc) {
  if (!declared.type().has_tensor_type())
    return success();
  const auto &type = declared.type().tensor_type();
  if (type.elem_type() && getDataType(value.elem) != type.elem_type())
    return emitError(loc) << "'" << declared.name() << "' is declared as "
                          << elementTypeName(type.elem_type()) << ", but is "
                          << elementTypeName(getDataType(value.elem));
  if (!type.has_shape()) {
    if (isSignature && numMisdeclared++ == 0)
      emitWarning(loc) << "'" << declared.name()
                       << "' is declared without a shape";
    return success();
  }
  bool agrees = type.shape().dim_size() == value.rank();
  std::string text;
  for (int i = 0; i < type.shape().dim_size(); ++i) {
    const auto &dim = type.shape().dim(i);
    text +=
        (i ? ", " : "") + (dim.has_dim_value() ? std::to_string(dim.dim_value())
                                               : dim.dim_param());
    if (!agrees || !dim.has_dim_value())
      continue;
    AffineExpr &size = value.dims[i];
    size = symbols.canonicalize(size);
    if (std::optional<int64_t> known = tp::getConst(size))
      agrees = *known == dim.dim_value();
    else
      agrees = dim.dim_value() >= 0;
  }
  if (agrees)
    return success();
  if (!isSignature && numMisdeclared++ > 0)
    return success();
  InFlightDiagnostic diagnostic =
      isSignature ? emitError(loc) : emitWarning(loc);
  diagnostic << "'" << declared.name() << "' is declared with the shape ["
             << text << "], but has " << symbols.toString(value.dims);
  return failure(isSignature);
}

LogicalResult GraphImporter::importInitializers(const ::onnx::GraphProto &graph,
                                                Scope &scope) {
  if (graph.sparse_initializer_size())
    return emitError(fileLoc) << "sparse initializer '"
                              << graph.sparse_initializer(0).values().name()
                              << "' is not supported";
  for (const ::onnx::TensorProto &tensor : graph.initializer()) {
    FailureOr<ImportedValue *> value =
        importTensor(tensor, tensor.name(), fileLoc);
    if (failed(value) || failed(define(scope, tensor.name(), *value, fileLoc)))
      return failure();
  }
  return success();
}

// A size of `--input-shape`: a number, a name, or "?" for what the file says.
static AffineExpr readSize(StringRef text, Symbols &symbols) {
  if (int64_t size; !text.getAsInteger(10, size))
    return symbols.constant(size);
  return text.empty() || text == "?" ? AffineExpr() : symbols.parse(text);
}

FailureOr<ImportedValue *>
GraphImporter::importInput(const ::onnx::ValueInfoProto &input) {
  auto fail = [&]() {
    return emitError(fileLoc) << "input '" << input.name() << "' ";
  };
  if (!input.type().has_tensor_type())
    return fail() << "is not a tensor";
  const auto &tensorType = input.type().tensor_type();
  ImportedValue *value = factory.make();
  value->elem = convertElementType(tensorType.elem_type(), context);
  value->origin.inputs.push_back(input.name());
  if (!value->elem)
    return fail() << "has the unsupported element type "
                  << elementTypeName(tensorType.elem_type());
  auto given = options.inputShapes.find(input.name());
  bool isGiven = given != options.inputShapes.end();
  if (!tensorType.has_shape() && !isGiven)
    return fail() << "has no shape; give it, as in --input-shape="
                  << input.name() << "=1,8";
  if (isGiven && tensorType.has_shape() &&
      given->second.size() !=
          static_cast<size_t>(tensorType.shape().dim_size()))
    return fail() << "has " << tensorType.shape().dim_size()
                  << " dimensions, but --input-shape gives "
                  << given->second.size();
  size_t rank = isGiven ? given->second.size() : tensorType.shape().dim_size();
  for (size_t i = 0; i < rank; ++i) {
    AffineExpr size, other;
    if (isGiven)
      other = readSize(given->second[i], symbols);
    if (tensorType.has_shape()) {
      const auto &dim = tensorType.shape().dim(i);
      if (dim.has_dim_value())
        size = symbols.constant(dim.dim_value());
      else if (dim.has_dim_param() && !dim.dim_param().empty())
        size = symbols.parse(dim.dim_param());
    }
    if (!size)
      size = other ? other
                   : symbols.get(input.name() + ".dim" + std::to_string(i));
    if (other && !symbols.unify(size, other))
      return fail() << "has the size " << symbols.toString(size)
                    << " at dimension " << i << ", --input-shape gives "
                    << symbols.toString(other);
    size = symbols.canonicalize(size);
    if (tp::getConst(size).value_or(0) < 0)
      return fail() << "has a negative size";
    value->dims.push_back(size);
  }
  return value;
}

LogicalResult GraphImporter::setInputElements(StringRef name,
                                              ImportedValue &value,
                                              bool &isConstant) {
  std::optional<int64_t> count = countElements(value.dims);
  bool isInteger = isa<IntegerType>(value.elem);
  auto given = options.inputValues.find(name);
  isConstant = given != options.inputValues.end();
  if (isConstant) {
    size_t elements = given->second.size();
    if (!isInteger || !count || *count > kMaxTrackedConstants ||
        (elements != 1 && elements != static_cast<size_t>(*count)))
      return emitError(fileLoc)
             << "--input-value: input '" << name << "' is no integer tensor of "
             << elements << " elements with a known shape";
    value.integers.emplace();
    for (int64_t i = 0; i < *count; ++i)
      value.integers->push_back(
          symbols.constant(given->second[elements == 1 ? 0 : i]));
    return success();
  }
  constexpr int64_t kMaxDataElements = 16;
  if (!isInteger || !count || *count == 0 || *count > kMaxDataElements)
    return success();
  fixableInputs.insert(name);
  if (value.elem.isInteger(1))
    return success();
  if (!symbols.getAssumed().dataInputs.contains(name)) {
    symbols.dataInputs.insert(name);
    return success();
  }
  value.integers.emplace();
  for (int64_t i = 0; i < *count; ++i)
    value.integers->push_back(symbols.addData(
        (name + "[" + (value.dims.empty() ? "" : std::to_string(i)) + "]")
            .str()));
  value.origin = {};
  return success();
}

LogicalResult GraphImporter::importInputs(const ::onnx::GraphProto &graph,
                                          Scope &scope) {
  SmallVector<Type> types;
  SmallVector<ImportedValue *> values;
  SmallVector<StringRef> names;
  llvm::StringSet<> known;
  for (const ::onnx::ValueInfoProto &input : graph.input()) {
    // An initializer that is also an input is the input's default: a constant.
    if (ImportedValue *constant = scope.values.lookup(input.name())) {
      if (failed(checkDeclared(input, *constant,
                               /*isSignature=*/true, fileLoc)))
        return failure();
      continue;
    }
    Location loc = NameLoc::get(builder.getStringAttr(input.name()));
    FailureOr<ImportedValue *> value = importInput(input);
    bool isConstant = false;
    if (failed(value) || failed(define(scope, input.name(), *value, loc)) ||
        failed(setInputElements(input.name(), **value, isConstant)))
      return failure();
    known.insert(input.name());
    if (isConstant)
      continue;
    types.push_back(tp::makeTensorType((*value)->dims, (*value)->elem));
    values.push_back(*value);
    names.push_back(input.name());
  }
  auto checkName = [&](StringRef option, StringRef name) -> LogicalResult {
    if (known.contains(name))
      return success();
    std::string list;
    for (const auto &input : graph.input())
      if (known.contains(input.name()))
        list += (list.empty() ? "'" : ", '") + input.name() + "'";
    return emitError(fileLoc) << option << ": the model has no input '" << name
                              << "'; it has " << list;
  };
  for (const auto &entry : options.inputShapes)
    if (failed(checkName("--input-shape", entry.first())))
      return failure();
  for (const auto &entry : options.inputValues)
    if (failed(checkName("--input-value", entry.first())))
      return failure();
  function.setFunctionType(builder.getFunctionType(types, {}));
  Block *entry = builder.createBlock(&function.getBody());
  for (auto [i, value] : llvm::enumerate(values)) {
    BlockArgument argument = entry->addArgument(
        types[i], NameLoc::get(builder.getStringAttr(names[i])));
    // Elements that are symbols are read as such: later phases see sizes.
    if (!value->integers)
      value->value = argument;
    function.setArgAttr(i, kOnnxNameAttr, builder.getStringAttr(names[i]));
    if (value->integers)
      function.setArgAttr(i, kElementsAttr,
                          tp::DimsAttr::get(context, *value->integers));
  }
  return fixDims();
}

LogicalResult GraphImporter::fixDims() {
  for (const auto &entry : options.dims) {
    StringRef name = entry.first();
    if (!symbols.contains(name)) {
      std::string names = symbols.listNames();
      return emitError(fileLoc)
             << "--dim: the model's inputs have no symbolic size '" << name
             << (names.empty() ? "'; all are fixed" : "'; they have " + names);
    }
    AffineExpr size = symbols.get(name);
    if (!symbols.unify(size, symbols.constant(entry.second)))
      return emitError(fileLoc)
             << "--dim: '" << name << "' cannot be " << entry.second
             << ", it is " << symbols.toString(size);
  }
  return success();
}

LogicalResult GraphImporter::importOutputs(const ::onnx::GraphProto &graph,
                                           Scope &scope) {
  SmallVector<Value> results;
  llvm::StringSet<> names;
  for (const ::onnx::ValueInfoProto &output : graph.output()) {
    ImportedValue *value = scope.lookup(output.name());
    if (!value && scope.lookupSequence(output.name()))
      return failSequenceOutput(output.name(), graph, scope);
    if (!value)
      return emitError(fileLoc)
             << "output '" << output.name() << "' is computed by no node";
    if (!names.insert(output.name()).second)
      return emitError(fileLoc)
             << "output '" << output.name() << "' is listed twice";
    // Again: more sizes are known than when it was computed.
    if (failed(checkDeclared(output, *value, /*isSignature=*/true, fileLoc)))
      return failure();
    results.push_back(materialize(
        *value, NameLoc::get(builder.getStringAttr(output.name()))));
  }
  func::ReturnOp::create(builder, fileLoc, results);
  function.setFunctionType(builder.getFunctionType(
      function.getArgumentTypes(), ValueRange(results).getTypes()));
  for (auto [i, output] : llvm::enumerate(graph.output()))
    function.setResultAttr(i, kOnnxNameAttr,
                           builder.getStringAttr(output.name()));
  return success();
}

FailureOr<OwningOpRef<ModuleOp>> GraphImporter::run() {
  const ::onnx::GraphProto &graph = file.getModel().graph();
  if (failed(checkModel()) || failed(importFunctions()))
    return failure();
  module = ModuleOp::create(fileLoc);
  builder.setInsertionPointToStart(module->getBody());
  function = func::FuncOp::create(builder, fileLoc, "main",
                                  builder.getFunctionType({}, {}));
  Scope scope;
  scope.opsets = &opsets;
  scope.declare(graph);
  if (failed(importInitializers(graph, scope)) ||
      failed(importInputs(graph, scope)) ||
      failed(importNodes(graph.node(), scope)) ||
      failed(importOutputs(graph, scope)) || failed(finish(scope)))
    return failure();
  if (numMisdeclared > 1)
    emitWarning(fileLoc) << numMisdeclared
                         << " values have other shapes than it declares, or "
                            "are declared without one";
  return std::move(module);
}

FailureOr<OwningOpRef<ModuleOp>>
tpo::importOnnxModel(StringRef path, const ImportOptions &options,
                     MLIRContext *context) {
  context
      ->loadDialect<tpo::onnx::OnnxDialect, tp::TpDialect, func::FuncDialect>();
  llvm::Expected<std::unique_ptr<ModelFile>> file = ModelFile::open(path);
  if (!file)
    return emitError(FileLineColLoc::get(context, path, 0, 0))
           << llvm::toString(file.takeError());
  // Each turn that fails without an error says what it needs; it was not
  // assumed before.
  Assumptions assumed;
  while (true) {
    GraphImporter importer(**file, path, options, assumed, context);
    auto module = importer.run();
    if (succeeded(module) || importer.getNeeded().empty())
      return module;
    Assumptions needed = importer.getNeeded();
    for (StringRef input : needed.dataInputs.keys())
      assumed.dataInputs.insert(input);
    for (StringRef minimum : needed.minima.keys())
      assumed.minima.insert(minimum);
  }
}
