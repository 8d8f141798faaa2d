//===- RaiseContractions.cpp - Conv and Einsum as MatMul ------------------===//

#include "tp-opt/Simplify/Passes.h"

#include "Build.h"
#include "Match.h"
#include "Patterns.h"

#include "llvm/ADT/StringExtras.h"

#include <map>

namespace tpo {
#define GEN_PASS_DEF_RAISECONTRACTIONSPASS
#include "tp-opt/Simplify/Passes.h.inc"
} // namespace tpo

using namespace mlir;
using namespace tpo;
using namespace tpo::simplify;

namespace {

//===----------------------------------------------------------------------===//
// Conv
//===----------------------------------------------------------------------===//

/// Fewer output channels than this per group are not worth a matrix.
constexpr int64_t kMinColumns = 4;

SmallVector<int64_t> getIntsAttr(Operation *op, StringRef name, size_t size, int64_t otherwise) {
  SmallVector<int64_t> values(size, otherwise);
  if (auto array = op->getAttrOfType<ArrayAttr>(name))
    for (auto [value, attr] : llvm::zip(values, array))
      value = cast<IntegerAttr>(attr).getValue().getSExtValue();
  return values;
}

struct Convolution {
  SmallVector<int64_t> kernel, strides, dilations, pads;
  int64_t group;
  Dims input, filter, output;

  size_t spatial() const { return kernel.size(); }
};

std::optional<Convolution> readConvolution(onnx::ConvOp op) {
  Convolution conv;
  conv.input = getDims(op.getX());
  conv.filter = getDims(op.getW());
  conv.output = getDims(op.getY());
  size_t rank = conv.input.size();
  if (rank < 3 || conv.filter.size() != rank || conv.output.size() != rank || !allKnown(conv.input) ||
      !allKnown(conv.output))
    return std::nullopt;
  for (size_t d = 2; d < rank; ++d) {
    std::optional<int64_t> size = getStaticDim(op.getW(), d);
    if (!size)
      return std::nullopt;
    conv.kernel.push_back(*size);
  }
  // SAME_* is left where the paddings depend on symbolic sizes.
  auto autoPad = op->getAttrOfType<StringAttr>("auto_pad");
  if (autoPad && autoPad.getValue() != "NOTSET")
    return std::nullopt;
  size_t spatial = rank - 2;
  conv.strides = getIntsAttr(op, "strides", spatial, 1);
  conv.dilations = getIntsAttr(op, "dilations", spatial, 1);
  conv.pads = getIntsAttr(op, "pads", 2 * spatial, 0);
  conv.group = 1;
  if (auto group = op->getAttrOfType<IntegerAttr>("group"))
    conv.group = group.getValue().getSExtValue();
  return conv;
}

/// x with zeros around its spatial dimensions.
Value padded(PatternRewriter &rewriter, Location loc, Value x, const Convolution &conv) {
  if (llvm::all_of(conv.pads, [](int64_t pad) { return pad == 0; }))
    return x;
  size_t spatial = conv.spatial();
  Dims dims = getDims(x);
  SmallVector<int64_t> pads(2 * dims.size(), 0);
  for (size_t d = 0; d < spatial; ++d) {
    pads[2 + d] = conv.pads[d];
    pads[dims.size() + 2 + d] = conv.pads[spatial + d];
    dims[2 + d] = dims[2 + d] + (conv.pads[d] + conv.pads[spatial + d]);
  }
  Type type = tp::makeTensorType(dims, getElementType(x));
  return onnx::PadOp::create(rewriter, loc, TypeRange{type}, ValueRange{x, makeInts(rewriter, loc, pads)})
      ->getResult(0);
}

/// start + step * i for i in [0, count), as a matrix of one column or row.
Value progression(PatternRewriter &rewriter, Location loc, AffineExpr count, int64_t step, bool isColumn) {
  Type i64 = rewriter.getI64Type();
  AffineExpr one = rewriter.getAffineConstantExpr(1);
  Value limit;
  if (std::optional<int64_t> known = tp::getConst(count))
    limit = makeScalar(rewriter, loc, double(*known), i64);
  else
    limit = onnx::SymbolicConstantOp::create(rewriter, loc, RankedTensorType::get({}, i64),
                                             tp::DimsAttr::get(rewriter.getContext(), {count}));
  Type type = tp::makeTensorType(ArrayRef<AffineExpr>{count}, i64);
  Value range =
      onnx::RangeOp::create(rewriter, loc, TypeRange{type},
                            ValueRange{makeScalar(rewriter, loc, 0, i64), limit, makeScalar(rewriter, loc, 1, i64)})
          ->getResult(0);
  if (step != 1)
    range = makeLike<onnx::MulOp>(rewriter, loc, range, {range, makeScalar(rewriter, loc, double(step), i64)});
  Dims shape{count, one};
  if (!isColumn)
    std::swap(shape[0], shape[1]);
  return makeReshape(rewriter, loc, range, shape);
}

/// Dimension `dim` of x as two: the windows and the elements in each.
Value splitWindows(PatternRewriter &rewriter, Location loc, Value x, size_t dim, const Convolution &conv) {
  size_t d = dim - 2;
  Dims dims = getDims(x), result(dims.begin(), dims.begin() + dim);
  AffineExpr windows = conv.output[dim];
  AffineExpr taps = rewriter.getAffineConstantExpr(conv.kernel[d]);
  result.append({windows, taps});
  result.append(dims.begin() + dim + 1, dims.end());
  // Windows side by side that cover everything.
  if (conv.strides[d] == conv.kernel[d] && conv.dilations[d] == 1 && tp::provablyEqual(dims[dim], windows * taps))
    return makeReshape(rewriter, loc, x, result);
  Value first = progression(rewriter, loc, windows, conv.strides[d], /*isColumn=*/true);
  Value offset = progression(rewriter, loc, taps, conv.dilations[d], /*isColumn=*/false);
  Type positionType = tp::makeTensorType(ArrayRef<AffineExpr>{windows, taps}, rewriter.getI64Type());
  Value positions =
      onnx::AddOp::create(rewriter, loc, TypeRange{positionType}, ValueRange{first, offset})->getResult(0);
  Type type = tp::makeTensorType(result, getElementType(x));
  return onnx::GatherOp::create(rewriter, loc, TypeRange{type}, ValueRange{x, positions},
                                {intAttr(rewriter, "axis", int64_t(dim))})
      ->getResult(0);
}

/// The windows of x [N, C, ...] as rows [N, L, C * K].
Value makeRows(PatternRewriter &rewriter, Location loc, Value x, const Convolution &conv) {
  size_t spatial = conv.spatial();
  x = padded(rewriter, loc, x, conv);
  // From the last dimension on: those before keep their places.
  for (size_t dim = spatial + 2; dim-- > 2;)
    x = splitWindows(rewriter, loc, x, dim, conv);
  // [N, C, L0, K0, L1, K1, ..] -> [N, L0, L1, .., C, K0, K1, ..]
  SmallVector<int64_t> perm{0};
  for (size_t d = 0; d < spatial; ++d)
    perm.push_back(2 + 2 * d);
  perm.push_back(1);
  for (size_t d = 0; d < spatial; ++d)
    perm.push_back(3 + 2 * d);
  x = makeTranspose(rewriter, loc, x, perm);
  Dims dims = getDims(x);
  MLIRContext *context = rewriter.getContext();
  return makeReshape(rewriter, loc, x,
                     {dims[0], tp::product(ArrayRef(dims).slice(1, spatial), context),
                      tp::product(ArrayRef(dims).drop_front(1 + spatial), context)});
}

/// A convolution is a product of its input's windows with the filters.
struct ConvToMatMul : OpRewritePattern<onnx::ConvOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::ConvOp op, PatternRewriter &rewriter) const override {
    std::optional<Convolution> conv = readConvolution(op);
    std::optional<int64_t> outputs = getStaticDim(op.getW(), 0);
    std::optional<int64_t> inputs = getStaticDim(op.getW(), 1);
    if (!conv || !outputs || !inputs || !isa<FloatType>(getElementType(op.getX())) ||
        *outputs / conv->group < kMinColumns)
      return failure();
    Location loc = op.getLoc();
    Value rows = makeRows(rewriter, loc, op.getX(), *conv);
    int64_t taps = *inputs;
    for (int64_t size : conv->kernel)
      taps *= size;
    Value result = conv->group == 1 ? single(op, rewriter, rows, *conv, *outputs, taps)
                                    : grouped(op, rewriter, rows, *conv, *outputs, taps);
    replaceByNew(rewriter, op, result);
    return success();
  }

private:
  static Value matMul(PatternRewriter &rewriter, Location loc, Value a, Value b, ArrayRef<AffineExpr> dims) {
    Type type = tp::makeTensorType(dims, getElementType(a));
    return onnx::MatMulOp::create(rewriter, loc, TypeRange{type}, ValueRange{a, b})->getResult(0);
  }

  /// [N, L, C * K] x [C * K, M]
  static Value single(onnx::ConvOp op, PatternRewriter &rewriter, Value rows, const Convolution &conv, int64_t outputs,
                      int64_t taps) {
    Location loc = op.getLoc();
    AffineExpr columns = rewriter.getAffineConstantExpr(outputs);
    AffineExpr inner = rewriter.getAffineConstantExpr(taps);
    Value filter = makeReshape(rewriter, loc, op.getW(), {columns, inner});
    filter = makeTranspose(rewriter, loc, filter, {1, 0});
    Dims dims = getDims(rows);
    dims.back() = columns;
    Value y = matMul(rewriter, loc, rows, filter, dims);
    if (!onnx::isNoValue(op.getB()))
      y = makeLike<onnx::AddOp>(rewriter, loc, y, {y, op.getB()});
    y = makeTranspose(rewriter, loc, y, {0, 2, 1});
    return makeReshape(rewriter, loc, y, conv.output);
  }

  /// [N, G, L, C * K] x [G, C * K, M]
  static Value grouped(onnx::ConvOp op, PatternRewriter &rewriter, Value rows, const Convolution &conv, int64_t outputs,
                       int64_t taps) {
    Location loc = op.getLoc();
    AffineExpr groups = rewriter.getAffineConstantExpr(conv.group);
    AffineExpr columns = rewriter.getAffineConstantExpr(outputs / conv.group);
    AffineExpr inner = rewriter.getAffineConstantExpr(taps);
    Value filter = makeReshape(rewriter, loc, op.getW(), {groups, columns, inner});
    filter = makeTranspose(rewriter, loc, filter, {0, 2, 1});
    Dims dims = getDims(rows);
    rows = makeReshape(rewriter, loc, rows, {dims[0], dims[1], groups, inner});
    rows = makeTranspose(rewriter, loc, rows, {0, 2, 1, 3});
    Value y = matMul(rewriter, loc, rows, filter, {dims[0], groups, dims[1], columns});
    if (!onnx::isNoValue(op.getB())) {
      AffineExpr one = rewriter.getAffineConstantExpr(1);
      Value bias = makeReshape(rewriter, loc, op.getB(), {groups, one, columns});
      y = makeLike<onnx::AddOp>(rewriter, loc, y, {y, bias});
    }
    y = makeTranspose(rewriter, loc, y, {0, 1, 3, 2});
    return makeReshape(rewriter, loc, y, conv.output);
  }
};

//===----------------------------------------------------------------------===//
// Einsum
//===----------------------------------------------------------------------===//

/// The subscripts of the operands and the result, '...' spelled out as further
/// characters; none where two operands or a simple product do not do.
struct Product {
  std::string lhs, rhs, result;
  /// Letters of both operands and the result, of one and the result, of both.
  std::string batch, rows, columns, inner;
  std::map<char, AffineExpr> sizes;
};

std::string spellOut(StringRef term, int64_t rank) {
  size_t dots = term.find("...");
  if (dots == StringRef::npos)
    return term.str();
  // Aligned at the end: the last dimension of every ellipsis is '1'.
  std::string covered;
  for (int64_t i = rank - int64_t(term.size()) + 3; i > 0; --i)
    covered += char('0' + i);
  return (term.take_front(dots) + covered + term.drop_front(dots + 3)).str();
}

bool hasDuplicates(std::string text) {
  llvm::sort(text);
  return std::adjacent_find(text.begin(), text.end()) != text.end();
}

bool addSizes(Product &product, StringRef term, Value operand) {
  Dims dims = getDims(operand);
  if (dims.size() != term.size() || !allKnown(dims))
    return false;
  for (auto [letter, size] : llvm::zip_equal(term, dims)) {
    auto [known, isNew] = product.sizes.try_emplace(letter, size);
    // One side may broadcast: not a matrix product.
    if (!isNew && !tp::provablyEqual(known->second, size))
      return false;
  }
  return true;
}

std::optional<Product> matchProduct(onnx::EinsumOp op) {
  std::string equation = op.getEquation().str();
  llvm::erase(equation, ' ');
  auto [inputs, output] = StringRef(equation).split("->");
  auto [left, right] = inputs.split(',');
  if (op->getNumOperands() != 2 || !StringRef(equation).contains("->") || right.contains(','))
    return std::nullopt;
  Value lhs = op->getOperand(0), rhs = op->getOperand(1);
  if (getRank(lhs) < 0 || getRank(rhs) < 0)
    return std::nullopt;
  Product product;
  product.lhs = spellOut(left, getRank(lhs));
  product.rhs = spellOut(right, getRank(rhs));
  product.result = spellOut(output, getRank(op->getResult(0)));
  if (hasDuplicates(product.lhs) || hasDuplicates(product.rhs) || hasDuplicates(product.result) ||
      !addSizes(product, product.lhs, lhs) || !addSizes(product, product.rhs, rhs))
    return std::nullopt;
  auto contains = [](const std::string &term, char letter) { return StringRef(term).contains(letter); };
  for (char letter : product.lhs) {
    bool shared = contains(product.rhs, letter);
    bool kept = contains(product.result, letter);
    if (!shared && !kept)
      return std::nullopt;
    (shared && kept ? product.batch : kept ? product.rows : product.inner) += letter;
  }
  for (char letter : product.rhs) {
    if (contains(product.lhs, letter))
      continue;
    if (!contains(product.result, letter))
      return std::nullopt;
    product.columns += letter;
  }
  if (product.inner.empty())
    return std::nullopt;
  return product;
}

struct EinsumToMatMul : OpRewritePattern<onnx::EinsumOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(onnx::EinsumOp op, PatternRewriter &rewriter) const override {
    std::optional<Product> product = matchProduct(op);
    if (!product || !isa<FloatType>(getElementType(op->getResult(0))))
      return failure();
    Location loc = op.getLoc();
    MLIRContext *context = rewriter.getContext();
    auto sizesOf = [&](StringRef letters) {
      Dims dims;
      for (char letter : letters)
        dims.push_back(product->sizes[letter]);
      return dims;
    };
    auto ordered = [&](Value value, StringRef from, StringRef to) {
      SmallVector<int64_t> perm;
      for (char letter : to)
        perm.push_back(from.find(letter));
      return llvm::is_sorted(perm) ? value : makeTranspose(rewriter, loc, value, perm);
    };
    Dims batch = sizesOf(product->batch), rows = sizesOf(product->rows);
    AffineExpr inner = tp::product(sizesOf(product->inner), context);
    AffineExpr columns = tp::product(sizesOf(product->columns), context);
    // Without a batch, the left operand keeps its dimensions: a linear layer.
    Dims rowDims{tp::product(rows, context)};
    if (batch.empty() && !rows.empty())
      rowDims = rows;

    Value a = ordered(op->getOperand(0), product->lhs, product->batch + product->rows + product->inner);
    Value b = ordered(op->getOperand(1), product->rhs, product->batch + product->inner + product->columns);
    Dims aDims = batch, bDims = batch, yDims = batch;
    aDims.append(rowDims);
    aDims.push_back(inner);
    bDims.append({inner, columns});
    yDims.append(rowDims);
    yDims.push_back(columns);
    a = makeReshape(rewriter, loc, a, aDims);
    b = makeReshape(rewriter, loc, b, bDims);
    Type type = tp::makeTensorType(yDims, getElementType(a));
    Value y = onnx::MatMulOp::create(rewriter, loc, TypeRange{type}, ValueRange{a, b})->getResult(0);
    std::string order = product->batch + product->rows + product->columns;
    y = makeReshape(rewriter, loc, y, sizesOf(order));
    replaceByNew(rewriter, op, ordered(y, order, product->result));
    return success();
  }
};

struct RaiseContractions : tpo::impl::RaiseContractionsPassBase<RaiseContractions> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<ConvToMatMul, EinsumToMatMul>(&getContext());
    if (failed(applyPatterns(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
