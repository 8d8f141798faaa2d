//===- FinishModule.cpp - The imported module's final form ----------------===//
//
// Equations between sizes are found all along the graph; only at its end are
// the types of its beginning final.
//
//===----------------------------------------------------------------------===//

#include "GraphImporter.h"
#include "dialects/Onnx/Onnx.h"
#include "dialects/Tp/Dims.h"
#include "dialects/Tp/Tp.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace tpo;
using namespace tpo::importer;

void GraphImporter::removeDeadOperations() {
  for (Operation &op :
       llvm::make_early_inc_range(llvm::reverse(function.getBody().front())))
    if (isOpTriviallyDead(&op))
      op.erase();
}

namespace {

/// Rewrites every size of the module, once.
class SizeRewriter {
public:
  explicit SizeRewriter(llvm::function_ref<AffineExpr(AffineExpr)> rewrite)
      : rewrite(rewrite) {}

  void run(func::FuncOp function) {
    for (BlockArgument argument : function.getArguments())
      argument.setType(rewriteType(argument.getType()));
    for (Operation &op :
         llvm::make_early_inc_range(function.getBody().front())) {
      for (OpResult result : op.getResults())
        result.setType(rewriteType(result.getType()));
      if (auto constant = dyn_cast<tpo::onnx::SymbolicConstantOp>(op))
        rewriteConstant(constant);
    }
    Operation *terminator = function.getBody().front().getTerminator();
    function.setFunctionType(FunctionType::get(
        function.getContext(), function.getBody().getArgumentTypes(),
        terminator->getOperandTypes()));
  }

private:
  Type rewriteType(Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || tensor.hasStaticShape())
      return type;
    SmallVector<AffineExpr> dims = tp::getDims(tensor);
    for (AffineExpr &dim : dims)
      dim = rewrite(dim);
    return tp::makeTensorType(dims, tensor.getElementType());
  }

  void rewriteConstant(tpo::onnx::SymbolicConstantOp op) {
    SmallVector<AffineExpr> elements;
    SmallVector<APInt> numbers;
    auto type = cast<RankedTensorType>(op.getResult().getType());
    for (AffineExpr element : op.getValue().getExprs()) {
      elements.push_back(rewrite(element));
      if (std::optional<int64_t> number = tp::getConst(elements.back()))
        numbers.push_back(
            APInt(64, *number).trunc(type.getElementTypeBitWidth()));
    }
    if (numbers.size() < elements.size()) {
      op.setValueAttr(tp::DimsAttr::get(op.getContext(), elements));
      return;
    }
    OpBuilder builder(op);
    Value constant = tpo::onnx::ConstantOp::create(
        builder, op.getLoc(), DenseElementsAttr::get(type, numbers));
    op.replaceAllUsesWith(constant);
    op.erase();
  }

  llvm::function_ref<AffineExpr(AffineExpr)> rewrite;
};

} // namespace

void GraphImporter::rewriteElements(
    llvm::function_ref<AffineExpr(AffineExpr)> rewrite) {
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    auto elements = function.getArgAttrOfType<tp::DimsAttr>(i, kElementsAttr);
    if (!elements)
      continue;
    SmallVector<AffineExpr> exprs;
    for (AffineExpr element : elements.getExprs())
      exprs.push_back(rewrite(element));
    function.setArgAttr(i, kElementsAttr, tp::DimsAttr::get(context, exprs));
  }
}

void GraphImporter::resolveSymbols() {
  // First all equations, to see which symbols are left; then their numbers.
  llvm::BitVector used(symbols.size());
  auto markUsed = [&](AffineExpr expr) {
    expr = symbols.canonicalize(expr);
    if (expr)
      expr.walk([&](AffineExpr part) {
        if (auto symbol = dyn_cast<AffineSymbolExpr>(part))
          used.set(symbol.getPosition());
      });
    return expr;
  };
  SizeRewriter(markUsed).run(function);
  // An element on which no size depends may be anything.
  rewriteElements([&](AffineExpr element) {
    element = symbols.canonicalize(element);
    auto symbol = dyn_cast<AffineSymbolExpr>(element);
    return symbol && !used.test(symbol.getPosition()) ? AffineExpr()
                                                      : markUsed(element);
  });
  SmallVector<AffineExpr> requirements;
  for (AffineExpr expr : symbols.getRequirements()) {
    expr = symbols.canonicalize(expr);
    bool relevant = true;
    expr.walk([&](AffineExpr part) {
      if (auto symbol = dyn_cast<AffineSymbolExpr>(part))
        relevant &= used.test(symbol.getPosition());
    });
    if (relevant && !symbols.provablyNonNegative(expr) &&
        !llvm::is_contained(requirements, expr))
      requirements.push_back(expr);
  }
  SmallVector<std::string> names = symbols.compact(used);
  SizeRewriter([&](AffineExpr expr) {
    return symbols.canonicalize(expr);
  }).run(function);
  rewriteElements([&](AffineExpr expr) { return symbols.canonicalize(expr); });
  for (AffineExpr &expr : requirements)
    expr = symbols.canonicalize(expr);

  SmallVector<StringRef> views(names.begin(), names.end());
  (*module)->setAttr(tp::TpDialect::kSymbolsAttr,
                     builder.getStrArrayAttr(views));
  if (!requirements.empty())
    (*module)->setAttr(kRequiresAttr, tp::DimsAttr::get(context, requirements));
}

LogicalResult GraphImporter::finish(const Scope &scope) {
  removeDeadOperations();
  std::vector<RecordedResult> results;
  // What the file says about tensors names them.
  bool names = options.recordTensors || hasShardings();
  if (names)
    results = collectResults(scope);
  resolveSymbols();
  if (names)
    recordTensors(results);
  if (hasShardings() && failed(recordShardings()))
    return failure();
  SmallVector<StringRef> files(file.getFiles().begin(), file.getFiles().end());
  (*module)->setAttr(tp::TpDialect::kFilesAttr, builder.getStrArrayAttr(files));
  return verify(*module);
}
