//===- Program.cpp - An operator and its placements, as a program ---------===//

#include "Program.h"

#include "Upstream.h"
#include "dialects/Onnx/Onnx.h"
#include "tp-opt/Artifact/Artifact.h"
#include "tp-opt/Pipeline/Compiler.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FileSystem.h"

#include <map>

using namespace mlir;

namespace tpo::test {

namespace {

class Builder {
public:
  Builder(func::FuncOp function, const tp::Mesh &mesh)
      : function(function), mesh(mesh), builder(function.getContext()), loc(function.getLoc()) {}

  PlacedProgram build(ArrayRef<Placement> placements);

private:
  void addArguments();
  Value addInput(RankedTensorType type, const Values &values);
  Value reshard(Value value, const tp::Layout &layout);
  Value makePartial(unsigned operand, Value value, const tp::Layout &layout);
  void addPlacement(const Placement &placement);
  Value onePerDevice(Value value);
  void setLayouts(Operation *op, ArrayRef<tp::Layout> layouts);

  func::FuncOp function, placed;
  const tp::Mesh &mesh;
  OpBuilder builder;
  Location loc;
  std::mt19937 random{5};
  IRMapping mapping;
  PlacedProgram program;
  /// Of the arguments of the case.
  DenseMap<Value, Values> values;
  /// The terms of an operand by operand, kind and number.
  std::map<std::tuple<unsigned, int, int64_t>, Value> terms;
  SmallVector<Value> returned;
};

Value Builder::addInput(RankedTensorType type, const Values &content) {
  program.inputs.push_back({type.getShape().vec(), encode(content, type.getElementType())});
  return placed.getBody().front().addArgument(type, loc);
}

void Builder::addArguments() {
  for (BlockArgument argument : function.getArguments()) {
    auto type = cast<RankedTensorType>(argument.getType());
    int64_t low = -3, high = 3;
    if (auto range = function.getArgAttrOfType<ArrayAttr>(argument.getArgNumber(), "rules.range")) {
      low = cast<IntegerAttr>(range[0]).getInt();
      high = cast<IntegerAttr>(range[1]).getInt();
    } else if (type.getElementType().isInteger(1)) {
      low = 0, high = 1;
    }
    values[argument] = makeValues(type.getNumElements(), low, high, random);
    mapping.map(argument, addInput(type, values[argument]));
  }
}

Value Builder::reshard(Value value, const tp::Layout &layout) {
  tp::LayoutAttr attr = tp::toAttr(layout, mesh, builder.getContext());
  return tp::ReshardOp::create(builder, loc, value.getType(), value, attr);
}

void Builder::setLayouts(Operation *op, ArrayRef<tp::Layout> layouts) {
  SmallVector<Attribute> attrs;
  for (const tp::Layout &layout : layouts)
    attrs.push_back(tp::toAttr(layout, mesh, builder.getContext()));
  op->setAttr(tp::TpDialect::kLayoutsAttr, builder.getArrayAttr(attrs));
}

/// The operand as the terms of a reduction over devices: slices of an input
/// that holds all terms, each reduced by itself.
Value Builder::makePartial(unsigned operand, Value value, const tp::Layout &layout) {
  auto type = cast<RankedTensorType>(value.getType());
  int64_t count = tp::getNumShards(layout.partial);
  Value &all = terms[{operand, int(layout.partialKind), count}];
  if (!all) {
    SmallVector<int64_t> shape(type.getShape());
    shape.insert(shape.begin(), count);
    Value original = getOperator(function)->getOperand(operand);
    all = addInput(RankedTensorType::get(shape, type.getElementType()),
                   makeTerms(values.lookup(original), count, layout.partialKind, random));
  }
  tp::Layout split = tp::Layout::replicated(type.getRank() + 1);
  split.dims[0].axes = layout.partial;
  Value own = reshard(all, split);
  Value axes = onnx::ConstantOp::create(builder, loc, builder.getI64TensorAttr({0}));
  StringRef name = layout.partialKind == tp::ReductionKind::Sum   ? "onnx.ReduceSum"
                   : layout.partialKind == tp::ReductionKind::Max ? "onnx.ReduceMax"
                                                                  : "onnx.ReduceMin";
  OperationState state(loc, name, {own, axes}, {type});
  state.addAttribute("keepdims", IntegerAttr::get(builder.getIntegerType(64, true), 0));
  Operation *reduce = builder.create(state);
  tp::Layout partial = tp::Layout::replicated(type.getRank());
  partial.partial = layout.partial;
  partial.partialKind = layout.partialKind;
  setLayouts(reduce, partial);
  return reshard(reduce->getResult(0), layout);
}

/// What each device has of a replicated value, one behind the other.
Value Builder::onePerDevice(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> shape(type.getShape());
  shape.insert(shape.begin(), 1);
  auto localType = RankedTensorType::get(shape, type.getElementType());
  shape.front() = mesh.getNumDevices();
  auto globalType = RankedTensorType::get(shape, type.getElementType());
  tp::Layout out = tp::Layout::replicated(type.getRank() + 1);
  for (unsigned axis = 0; axis < mesh.getAxes().size(); ++axis)
    out.dims[0].axes.push_back(tp::AxisRef::whole(mesh, axis));
  MLIRContext *context = builder.getContext();
  Attribute inAttr = tp::toAttr(tp::Layout::replicated(type.getRank()), mesh, context);
  Attribute outAttr = tp::toAttr(out, mesh, context);
  auto manual = tp::ManualOp::create(builder, loc, globalType, value, builder.getArrayAttr(inAttr),
                                     builder.getArrayAttr(outAttr));
  setLayouts(manual, out);
  OpBuilder::InsertionGuard guard(builder);
  Block *body = builder.createBlock(&manual.getBody());
  Value piece = body->addArgument(type, loc);
  Value axes = onnx::ConstantOp::create(builder, loc, builder.getI64TensorAttr({0}));
  Value row = onnx::UnsqueezeOp::create(builder, loc, localType, ValueRange{piece, axes})->getResult(0);
  tp::YieldOp::create(builder, loc, row);
  return manual.getResult(0);
}

void Builder::addPlacement(const Placement &placement) {
  Operation *op = getOperator(function);
  SmallVector<Value> operands;
  for (auto [index, operand] : llvm::enumerate(op->getOperands())) {
    Value value = mapping.lookup(operand);
    const tp::Layout &layout = placement.layouts.operands[index];
    if (layout.isPartial())
      value = makePartial(index, value, layout);
    else if (!layout.isReplicated())
      value = reshard(value, layout);
    operands.push_back(value);
  }
  // A copy: regions would be mapped to those of the clone.
  IRMapping own = mapping;
  Operation *local = builder.clone(*op, own);
  local->setOperands(operands);
  setLayouts(local, placement.layouts.results);
  for (auto [result, layout] : llvm::zip_equal(local->getResults(), placement.layouts.results)) {
    auto type = dyn_cast<RankedTensorType>(result.getType());
    if (!type)
      continue;
    Value whole = layout.isReplicated() ? Value(result) : reshard(result, tp::Layout::replicated(type.getRank()));
    returned.push_back(onePerDevice(whole));
  }
}

PlacedProgram Builder::build(ArrayRef<Placement> placements) {
  MLIRContext *context = builder.getContext();
  program.module = ModuleOp::create(loc);
  builder.setInsertionPointToEnd(program.module->getBody());
  tp::MeshOp::create(builder, loc, "mesh", mesh.toAttr(context));
  placed = func::FuncOp::create(builder, loc, "main", builder.getFunctionType({}, {}));
  builder.setInsertionPointToStart(placed.addEntryBlock());
  addArguments();
  Operation *op = getOperator(function);
  for (Operation &other : function.getBody().front().without_terminator())
    if (&other != op)
      builder.clone(other, mapping);
  IRMapping own = mapping;
  Operation *reference = builder.clone(*op, own);
  for (Value result : reference->getResults())
    if (auto type = dyn_cast<RankedTensorType>(result.getType())) {
      program.results.push_back(type);
      returned.push_back(result);
    }
  for (const Placement &placement : placements)
    addPlacement(placement);
  func::ReturnOp::create(builder, loc, returned);
  placed.setType(builder.getFunctionType(placed.getBody().front().getArgumentTypes(), ValueRange(returned).getTypes()));
  for (auto [index, value] : llvm::enumerate(returned))
    if (index >= program.results.size())
      placed.setResultAttr(index, tp::TpDialect::kLayoutAttr, tp::getLayoutAttr(value));
  return std::move(program);
}

/// Says what the rows of `actual`, one per device, have wrong.
std::optional<std::string> compareRows(const Values &expected, const Values &actual, RankedTensorType type) {
  size_t count = expected.size();
  for (size_t rank = 0; rank * count < actual.size(); ++rank) {
    Values row(actual.begin() + rank * count, actual.begin() + (rank + 1) * count);
    if (std::optional<std::string> mistake = compare(expected, row, type.getElementType()))
      return *mistake + " on rank " + std::to_string(rank);
  }
  return std::nullopt;
}

} // namespace

PlacedProgram buildProgram(func::FuncOp function, const tp::Mesh &mesh, ArrayRef<Placement> placements) {
  return Builder(function, mesh).build(placements);
}

LogicalResult partition(PlacedProgram &program) {
  if (failed(verify(*program.module)))
    return failure();
  PassManager passes(program.module->getContext());
  buildPartitionPipeline(passes);
  return passes.run(*program.module);
}

LogicalResult execute(PlacedProgram &placed, StringRef path, std::vector<std::pair<unsigned, std::string>> &mistakes) {
  ModuleOp module = *placed.module;
  if (failed(spellInOnnx(module)))
    return failure();
  LoweringOptions options;
  options.optimise = false;
  Program program;
  if (failed(lowerToProgram(module, options, program)))
    return failure();
  ArtifactOptions artifact;
  artifact.output = path.str();
  artifact.modelPath = artifact.modelName = "rules";
  if (failed(writeArtifact(module.getLoc(), std::move(program), artifact)))
    return failure();
  std::vector<HostArray> outputs;
  std::string error = runProgram(artifact.output, placed.inputs, outputs);
  llvm::sys::fs::remove_directories(artifact.output);
  if (!error.empty())
    return module.emitError(error);
  size_t count = placed.results.size();
  for (size_t i = count; i < outputs.size(); ++i) {
    RankedTensorType type = placed.results[i % count];
    Type elementType = type.getElementType();
    Values expected = decode(outputs[i % count].bytes, elementType), actual = decode(outputs[i].bytes, elementType);
    if (std::optional<std::string> mistake = compareRows(expected, actual, type))
      mistakes.push_back({unsigned(i / count - 1), "result #" + std::to_string(i % count) + ": " + *mistake});
  }
  return success();
}

} // namespace tpo::test
