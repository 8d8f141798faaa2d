//===- GraphImporter.cpp - From a ModelProto to a module ------------------===//

#include "GraphImporter.h"

#include "Lift.h"
#include "dialects/Onnx/Onnx.h"
#include "dialects/Tp/Dims.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;
using namespace tpo;
using namespace tpo::importer;

GraphImporter::GraphImporter(ModelFile &file, StringRef path,
                             const ImportOptions &options, MLIRContext *context)
    : file(file), options(options), context(context),
      fileLoc(FileLineColLoc::get(context, path, 0, 0)), symbols(context),
      builder(context) {}

ImportedValue *GraphImporter::Scope::lookup(StringRef name) const {
  for (const Scope *scope = this; scope; scope = scope->parent)
    if (ImportedValue *value = scope->values.lookup(name))
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
    opsets[domain == "ai.onnx" ? "" : domain] = import.version();
  }
  // IR version 3 introduced opset_import; 4 initializers that are no inputs.
  int64_t ir = file.getModel().ir_version();
  if (ir < 3 || ir > ::onnx::Version::IR_VERSION)
    return emitError(fileLoc) << "IR version " << ir << " is not supported; need 3 to "
                              << static_cast<int>(::onnx::Version::IR_VERSION);
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
  return success();
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

LogicalResult GraphImporter::importInputs(const ::onnx::GraphProto &graph,
                                          Scope &scope) {
  SmallVector<Type> types;
  SmallVector<ImportedValue *> values;
  SmallVector<StringRef> names;
  for (const ::onnx::ValueInfoProto &input : graph.input()) {
    // An initializer that is also an input is the input's default: a constant.
    if (scope.values.contains(input.name()))
      continue;
    Location loc = NameLoc::get(builder.getStringAttr(input.name()));
    if (!input.type().has_tensor_type())
      return emitError(fileLoc)
             << "input '" << input.name() << "' is not a tensor";
    const auto &tensorType = input.type().tensor_type();
    Type elem = convertElementType(tensorType.elem_type(), context);
    if (!elem)
      return emitError(fileLoc) << "input '" << input.name()
                                << "' has the unsupported element type "
                                << elementTypeName(tensorType.elem_type());
    if (!tensorType.has_shape())
      return emitError(fileLoc)
             << "input '" << input.name() << "' has no shape";
    ImportedValue *value = factory.make();
    value->elem = elem;
    for (auto [i, dim] : llvm::enumerate(tensorType.shape().dim())) {
      if (dim.has_dim_value() && dim.dim_value() < 0)
        return emitError(fileLoc)
               << "input '" << input.name() << "' has a negative size";
      if (dim.has_dim_value())
        value->dims.push_back(symbols.constant(dim.dim_value()));
      else if (dim.has_dim_param() && !dim.dim_param().empty())
        value->dims.push_back(symbols.parse(dim.dim_param()));
      else
        value->dims.push_back(
            symbols.get(input.name() + ".dim" + std::to_string(i)));
    }
    types.push_back(tp::makeTensorType(value->dims, elem));
    values.push_back(value);
    names.push_back(input.name());
    if (failed(define(scope, input.name(), value, loc)))
      return failure();
  }
  function.setFunctionType(builder.getFunctionType(types, {}));
  Block *entry = builder.createBlock(&function.getBody());
  for (auto [i, value] : llvm::enumerate(values)) {
    value->value = entry->addArgument(
        types[i], NameLoc::get(builder.getStringAttr(names[i])));
    function.setArgAttr(i, kOnnxNameAttr, builder.getStringAttr(names[i]));
  }
  return success();
}

LogicalResult GraphImporter::importOutputs(const ::onnx::GraphProto &graph,
                                           Scope &scope) {
  SmallVector<Value> results;
  for (const ::onnx::ValueInfoProto &output : graph.output()) {
    ImportedValue *value = scope.lookup(output.name());
    if (!value)
      return emitError(fileLoc)
             << "output '" << output.name() << "' is computed by no node";
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
  for (const auto &entry : options.dims)
    symbols.unify(symbols.get(entry.first()), symbols.constant(entry.second));
  Scope scope;
  scope.opsets = &opsets;
  if (failed(importInitializers(graph, scope)) ||
      failed(importInputs(graph, scope)) ||
      failed(importNodes(graph.node(), scope)) ||
      failed(importOutputs(graph, scope)) || failed(finish()))
    return failure();
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
  return GraphImporter(**file, path, options, context).run();
}
