//===- Expr.h - Size expressions -------------------------------*- C++ -*--===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sizes are integer expressions in the program's symbols (docs/artifact.md).
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_CORE_EXPR_H
#define TPRT_CORE_EXPR_H

#include "core/Json.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tprt {

// The values of all symbols; unset ones are not known yet.
using SymbolValues = std::vector<std::optional<int64_t>>;

// An expression in postfix order: no recursion at run time, one vector.
class Expr {
public:
  enum class Kind : uint8_t { Constant, Symbol, Add, Mul, FloorDiv, CeilDiv, Mod };

  Expr() : Expr(0) {}
  explicit Expr(int64_t constant) : nodes{{Kind::Constant, constant}} {}
  static Expr symbol(int64_t index) {
    Expr result;
    result.nodes = {{Kind::Symbol, index}};
    return result;
  }

  // Parses the manifest's form; symbols must be below numSymbols.
  static Expr parse(const JsonRef &json, size_t numSymbols);

  bool isConstant() const { return nodes.size() == 1 && nodes[0].kind == Kind::Constant; }
  // The symbol when the expression is nothing else.
  std::optional<int64_t> asSymbol() const;
  int64_t constant() const { return nodes[0].value; }

  // Empty when a symbol is unknown; throws on overflow or division by zero.
  std::optional<int64_t> evaluate(const SymbolValues &symbols) const;

  // Solves `this == value` for the one unknown symbol of a sum; nullopt when
  // the expression is no such sum. Returns (symbol, its value).
  std::optional<std::pair<int64_t, int64_t>> solve(const SymbolValues &symbols, int64_t value) const;

  // "past + seq"
  std::string text(const std::vector<std::string> &names) const;

private:
  struct Node {
    Kind kind;
    int64_t value; // constant or symbol index
  };
  static void parseInto(const JsonRef &json, size_t numSymbols, int depth, std::vector<Node> &nodes);
  std::vector<Node> nodes;
};

// Arithmetic on untrusted sizes: throws Error(code) on overflow.
int64_t checkedAdd(int64_t a, int64_t b);
int64_t checkedMul(int64_t a, int64_t b);

} // namespace tprt

#endif // TPRT_CORE_EXPR_H
