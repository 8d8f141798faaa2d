//===- EmitEinsum.cpp - Sums of products in kernels -----------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Any Einsum. Those that are products of matrices have become MatMul before
// (tp-raise-contractions); what is left sums, takes diagonals, or has more than
// two operands.
//
//===----------------------------------------------------------------------===//

#include "ScalarMath.h"

#include "llvm/ADT/bit.h"

using namespace mlir;

namespace tpo::kernels {

namespace {

/// The subscripts of one tensor: a letter per dimension, and for dimensions
/// that '...' covers their distance from its end, as a negative number.
using Subscripts = SmallVector<int>;

Subscripts readTerm(StringRef term, int64_t rank) {
  Subscripts result;
  size_t dots = term.find("...");
  int64_t letters = dots == StringRef::npos ? term.size() : term.size() - 3;
  for (size_t i = 0; i < term.size(); ++i) {
    if (i != dots) {
      result.push_back(term[i]);
      continue;
    }
    for (int64_t covered = rank - letters; covered > 0; --covered)
      result.push_back(-int(covered));
    i += 2;
  }
  return result;
}

struct Equation {
  SmallVector<Subscripts> operands;
  Subscripts result;
};

Equation readEquation(Operation *op) {
  std::string text = getString(op, "equation", "").str();
  llvm::erase(text, ' ');
  auto [inputs, output] = StringRef(text).split("->");
  SmallVector<StringRef> terms;
  inputs.split(terms, ',');
  std::string implicit;
  if (!StringRef(text).contains("->")) {
    // The ellipsis, then the letters that occur once, in alphabetical order.
    implicit = inputs.contains("...") ? "..." : "";
    for (char letter = 'A'; letter <= 'z'; ++letter)
      if (llvm::isAlpha(letter) && inputs.count(letter) == 1)
        implicit += letter;
    output = implicit;
  }
  Equation equation;
  auto rankOf = [](Value value) { return cast<RankedTensorType>(value.getType()).getRank(); };
  for (auto [term, operand] : llvm::zip_equal(terms, op->getOperands()))
    equation.operands.push_back(readTerm(term, rankOf(operand)));
  equation.result = readTerm(output, rankOf(op->getResult(0)));
  return equation;
}

Value emitEinsum(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  Equation equation = readEquation(op);
  // The index of every subscript; for those that are summed, set in the loop.
  std::map<int, Value> position;
  for (auto [subscript, index] : llvm::zip_equal(equation.result, indices))
    position[subscript] = index;
  SmallVector<int> summed;
  SmallVector<Value> counts;
  auto isOne = [](Value tensor, unsigned dim) { return cast<RankedTensorType>(tensor.getType()).getDimSize(dim) == 1; };
  for (auto [operand, subscripts] : llvm::zip_equal(op->getOperands(), equation.operands))
    for (auto [dim, subscript] : llvm::enumerate(subscripts)) {
      auto known = llvm::find(summed, subscript);
      if (position.count(subscript) && known == summed.end())
        continue;
      if (known == summed.end()) {
        position[subscript] = Value();
        summed.push_back(subscript);
        counts.push_back(e.size(operand, dim));
      } else if (!isOne(operand, dim)) {
        // A size of 1 broadcasts.
        counts[known - summed.begin()] = e.size(operand, dim);
      }
    }
  Type type = e.computeTypeOf(op->getResult(0));
  auto product = [&]() -> Value {
    Value result;
    for (auto [operand, subscripts] : llvm::zip_equal(op->getOperands(), equation.operands)) {
      SmallVector<Value> at;
      for (auto [dim, subscript] : llvm::enumerate(subscripts))
        at.push_back(isOne(operand, dim) ? e.index(0) : position[subscript]);
      Value element = e.element(operand, at);
      result = result ? mulElements(e, result, element) : element;
      if (!result)
        return Value();
    }
    return result;
  };
  if (summed.empty())
    return product();
  return foldNest(e, counts, e.constant(type, 0), [&](Value acc, ValueRange loop) {
    for (auto [subscript, index] : llvm::zip_equal(summed, loop))
      position[subscript] = index;
    return addElements(e, acc, product());
  });
}

/// The largest matrices whose determinants are written out.
constexpr int64_t kMaxDeterminant = 6;

/// The determinant by expansion along rows: that of the first k rows and a set
/// of k columns comes from those of one row and column less.
Value emitDet(ScalarEmitter &e, Operation *op, unsigned, ValueRange indices) {
  Value x = op->getOperand(0);
  int64_t n = cast<RankedTensorType>(x.getType()).getShape().back();
  Type type = e.computeTypeOf(x);
  if (n < 0 || n > kMaxDeterminant || !isa<FloatType>(type))
    return ScalarEmitter::unsupported(op, "is supported for floating-point matrices of a fixed size up to " +
                                              Twine(kMaxDeterminant));
  FloatMath math(e, type);
  std::vector<Value> minors(size_t(1) << n);
  minors[0] = math.constant(1);
  for (unsigned columns = 1; columns < minors.size(); ++columns) {
    int64_t row = llvm::popcount(columns) - 1;
    Value sum = math.constant(0);
    for (int64_t column = 0; column < n; ++column) {
      if (!(columns >> column & 1))
        continue;
      SmallVector<Value> at(indices);
      at.append({e.index(row), e.index(column)});
      Value term = math.mul(e.element(x, at), minors[columns & ~(1u << column)]);
      // Chosen columns to the right of this one are inversions.
      bool isOdd = llvm::popcount(columns >> (column + 1)) % 2;
      sum = isOdd ? math.sub(sum, term) : math.add(sum, term);
    }
    minors[columns] = sum;
  }
  return minors.back();
}

} // namespace

void registerEinsum(llvm::StringMap<EmitFn> &table) {
  table["Einsum"] = emitEinsum;
  table["Det"] = emitDet;
}

} // namespace tpo::kernels
