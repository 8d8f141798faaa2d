//===- ShapeContraction.cpp - Matrix products -----------------------------===//

#include "ShapeInference.h"

#include "dialects/Tp/Dims.h"
#include "llvm/ADT/StringExtras.h"
#include <map>

using namespace mlir;
using namespace tpo;
using namespace tpo::importer;

// numpy.matmul: vectors get a dimension that the result loses again.
static FailureOr<Dims> matmulDims(Node &node, Dims lhs, Dims rhs) {
  if (lhs.empty() || rhs.empty())
    return node.emitError() << "operands must not be scalars";
  bool lhsVector = lhs.size() == 1, rhsVector = rhs.size() == 1;
  if (lhsVector)
    lhs.insert(lhs.begin(), node.constant(1));
  if (rhsVector)
    rhs.push_back(node.constant(1));
  if (failed(
          node.unify(lhs.back(), rhs[rhs.size() - 2], "the contracted sizes")))
    return failure();
  FailureOr<Dims> result = node.broadcast(
      {Dims(lhs.begin(), lhs.end() - 2), Dims(rhs.begin(), rhs.end() - 2)});
  if (failed(result))
    return failure();
  if (!lhsVector)
    result->push_back(lhs[lhs.size() - 2]);
  if (!rhsVector)
    result->push_back(rhs.back());
  return result;
}

static LogicalResult inferMatMul(Node &node) {
  if (node.elem(0) != node.elem(1))
    return node.emitError()
           << "operands have different element types: " << node.elem(0)
           << " and " << node.elem(1);
  FailureOr<Dims> dims = matmulDims(node, node.dims(0), node.dims(1));
  if (failed(dims))
    return failure();
  node.setResult(0, node.elem(0), *dims);
  return success();
}

static LogicalResult inferMatMulInteger(Node &node) {
  FailureOr<Dims> dims = matmulDims(node, node.dims(0), node.dims(1));
  if (failed(dims))
    return failure();
  node.setResult(0, IntegerType::get(node.context(), 32), *dims);
  return success();
}

static LogicalResult inferQLinearMatMul(Node &node) {
  FailureOr<Dims> dims = matmulDims(node, node.dims(0), node.dims(3));
  if (failed(dims))
    return failure();
  node.setResult(0, node.elem(7), *dims);
  return success();
}

// com.microsoft FusedMatMul: transposes the last two dimensions, or
// (transBatch) moves the first dimension before the last.
static Dims fusedOperand(Node &node, size_t i, bool transpose, bool batch) {
  Dims dims = node.dims(i);
  if (batch && dims.size() > 2)
    std::rotate(dims.begin(), dims.begin() + 1, dims.end() - 1);
  if (transpose && dims.size() > 1)
    std::swap(dims[dims.size() - 1], dims[dims.size() - 2]);
  return dims;
}

static LogicalResult inferFusedMatMul(Node &node) {
  FailureOr<Dims> dims =
      matmulDims(node,
                 fusedOperand(node, 0, node.getInt("transA", 0),
                              node.getInt("transBatchA", 0)),
                 fusedOperand(node, 1, node.getInt("transB", 0),
                              node.getInt("transBatchB", 0)));
  if (failed(dims))
    return failure();
  node.setResult(0, node.elem(0), *dims);
  return success();
}

static LogicalResult inferGemm(Node &node) {
  if (failed(node.requireRank(0, 2)) || failed(node.requireRank(1, 2)))
    return failure();
  Dims lhs = node.dims(0), rhs = node.dims(1);
  if (node.getInt("transA", 0))
    std::swap(lhs[0], lhs[1]);
  if (node.getInt("transB", 0))
    std::swap(rhs[0], rhs[1]);
  if (failed(node.unify(lhs[1], rhs[0], "the contracted sizes")))
    return failure();
  Dims result{lhs[0], rhs[1]};
  if (node.has(2) && failed(node.broadcast({result, node.dims(2)})))
    return failure();
  node.setResult(0, node.elem(0), result);
  return success();
}

// com.microsoft MatMulNBits: B is [N, blocks, bytes], the result [..., N].
static LogicalResult inferMatMulNBits(Node &node) {
  if (failed(node.requireRankAtLeast(0, 1)))
    return failure();
  Dims result = node.dims(0);
  if (failed(node.unify(result.back(), node.constant(node.getInt("K", 0)),
                        "K and the size of A")))
    return failure();
  result.back() = node.constant(node.getInt("N", 0));
  node.setResult(0, node.elem(0), result);
  return success();
}

//===----------------------------------------------------------------------===//
// Einsum
//===----------------------------------------------------------------------===//

namespace {

struct EinsumSizes {
  std::map<char, AffineExpr> letters;
  Dims ellipsis;
};

} // namespace

// Matches one operand's subscripts with its sizes.
static LogicalResult readSubscripts(Node &node, size_t i, StringRef term,
                                    EinsumSizes &sizes) {
  Dims dims = node.dims(i);
  size_t dots = term.find("...");
  size_t letters = dots == StringRef::npos ? term.size() : term.size() - 3;
  if (dims.size() < letters ||
      (dots == StringRef::npos && dims.size() != letters))
    return node.emitError() << "operand " << i << " of rank " << dims.size()
                            << " does not match '" << term << "'";
  size_t next = 0;
  for (size_t position = 0; position < term.size(); ++position) {
    if (position == dots) {
      Dims covered(dims.begin() + next,
                   dims.begin() + next + dims.size() - letters);
      FailureOr<Dims> merged = node.broadcast({sizes.ellipsis, covered});
      if (failed(merged))
        return failure();
      sizes.ellipsis = *merged;
      next += dims.size() - letters;
      position += 2;
      continue;
    }
    AffineExpr &known = sizes.letters[term[position]];
    AffineExpr size = dims[next++];
    if (!known || tp::getConst(known) == 1)
      known = size;
    else if (tp::getConst(size) != 1 &&
             failed(node.unify(known, size, "sizes of one subscript")))
      return failure();
  }
  return success();
}

static LogicalResult inferEinsum(Node &node) {
  std::string equation = node.getString("equation", "").str();
  llvm::erase(equation, ' ');
  auto [inputs, output] = StringRef(equation).split("->");
  SmallVector<StringRef> terms;
  inputs.split(terms, ',');
  if (terms.size() != node.operands.size())
    return node.emitError()
           << "'" << equation << "' has " << terms.size() << " terms for "
           << node.operands.size() << " operands";
  EinsumSizes sizes;
  for (auto [i, term] : llvm::enumerate(terms))
    if (failed(readSubscripts(node, i, term, sizes)))
      return failure();
  std::string implicit;
  if (!StringRef(equation).contains("->")) {
    // Implicit output: the ellipsis, then letters that occur once, sorted.
    implicit = inputs.contains("...") ? "..." : "";
    for (auto &[letter, size] : sizes.letters)
      if (inputs.count(letter) == 1)
        implicit += letter;
    output = implicit;
  }
  Dims result;
  for (size_t position = 0; position < output.size(); ++position) {
    if (output[position] == '.') {
      llvm::append_range(result, sizes.ellipsis);
      position += 2;
      continue;
    }
    AffineExpr size = sizes.letters[output[position]];
    if (!size)
      return node.emitError() << "subscript '" << Twine(output[position])
                              << "' of the result is in no operand";
    result.push_back(size);
  }
  node.setResult(0, node.elem(0), result);
  return success();
}

static LogicalResult inferDet(Node &node) {
  if (failed(node.requireRankAtLeast(0, 2)))
    return failure();
  Dims result = node.dims(0);
  if (failed(node.unify(result.back(), result[result.size() - 2],
                        "rows and columns")))
    return failure();
  result.resize(result.size() - 2);
  node.setResult(0, node.elem(0), result);
  return success();
}

void tpo::importer::addContractionInference(InferTable &table) {
  table["onnx.MatMul"] = inferMatMul;
  table["onnx.MatMulInteger"] = inferMatMulInteger;
  table["onnx.QLinearMatMul"] = inferQLinearMatMul;
  table["onnx.Gemm"] = inferGemm;
  table["onnx.Einsum"] = inferEinsum;
  table["onnx.Det"] = inferDet;
  table["onnx.ms.FusedMatMul"] = inferFusedMatMul;
  table["onnx.ms.FusedGemm"] = inferGemm;
  table["onnx.ms.GemmFastGelu"] = inferMatMul;
  table["onnx.ms.MatMulNBits"] = inferMatMulNBits;
}
