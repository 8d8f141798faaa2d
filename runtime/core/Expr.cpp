//===- Expr.cpp - Size expressions ----------------------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "core/Expr.h"

#include "tprt/error.h"

using namespace tprt;

int64_t tprt::checkedAdd(int64_t a, int64_t b) {
  int64_t result;
  if (__builtin_add_overflow(a, b, &result))
    fail(TPRT_INVALID_ARGUMENT, "a size overflows: ", a, " + ", b);
  return result;
}

int64_t tprt::checkedMul(int64_t a, int64_t b) {
  int64_t result;
  if (__builtin_mul_overflow(a, b, &result))
    fail(TPRT_INVALID_ARGUMENT, "a size overflows: ", a, " * ", b);
  return result;
}

namespace {

// The quotient, rounded towards zero, and the remainder; neither overflows.
std::pair<int64_t, int64_t> divide(int64_t a, int64_t b) {
  if (b <= 0)
    fail(TPRT_INVALID_ARGUMENT, "a size is divided by ", b);
  return {a / b, a % b};
}

int64_t apply(Expr::Kind kind, int64_t a, int64_t b) {
  switch (kind) {
  case Expr::Kind::Add:
    return checkedAdd(a, b);
  case Expr::Kind::Mul:
    return checkedMul(a, b);
  case Expr::Kind::FloorDiv: {
    auto [quotient, rest] = divide(a, b);
    return rest < 0 ? quotient - 1 : quotient;
  }
  case Expr::Kind::CeilDiv: {
    auto [quotient, rest] = divide(a, b);
    return rest > 0 ? quotient + 1 : quotient;
  }
  case Expr::Kind::Mod: {
    int64_t rest = divide(a, b).second;
    return rest < 0 ? rest + b : rest;
  }
  default:
    return 0;
  }
}

// Deep enough for any real size, shallow enough for any stack.
constexpr int maxDepth = 64;

} // namespace

void Expr::parseInto(const JsonRef &json, size_t numSymbols, int depth, std::vector<Node> &nodes) {
  if (depth > maxDepth)
    json.fail("the expression is nested too deeply");
  if (json.isInteger()) {
    nodes.push_back({Kind::Constant, json.integer()});
    return;
  }
  if (!json.isArray() || json.size() == 0)
    json.fail("expected an expression: an integer, [\"s\", i] or [op, a, b]");
  std::string op = json[0].string();
  if (op == "s") {
    if (json.size() != 2)
      json.fail("expected [\"s\", i]");
    int64_t index = json[1].integer();
    if (index < 0 || static_cast<size_t>(index) >= numSymbols)
      json.fail(concat("symbol ", index, " does not exist; there are ", numSymbols));
    nodes.push_back({Kind::Symbol, index});
    return;
  }
  Kind kind = op == "+"          ? Kind::Add
              : op == "*"        ? Kind::Mul
              : op == "floordiv" ? Kind::FloorDiv
              : op == "ceildiv"  ? Kind::CeilDiv
              : op == "mod"      ? Kind::Mod
                                 : Kind::Constant;
  if (kind == Kind::Constant)
    json.fail(concat("unknown operator '", op, "' in an expression"));
  if (json.size() != 3)
    json.fail(concat("operator '", op, "' needs two operands"));
  parseInto(json[1], numSymbols, depth + 1, nodes);
  parseInto(json[2], numSymbols, depth + 1, nodes);
  nodes.push_back({kind, 0});
}

Expr Expr::parse(const JsonRef &json, size_t numSymbols) {
  Expr result;
  result.nodes.clear();
  parseInto(json, numSymbols, 0, result.nodes);
  return result;
}

std::optional<int64_t> Expr::asSymbol() const {
  if (nodes.size() == 1 && nodes[0].kind == Kind::Symbol)
    return nodes[0].value;
  return std::nullopt;
}

std::optional<int64_t> Expr::evaluate(const SymbolValues &symbols) const {
  int64_t stack[maxDepth + 2];
  size_t top = 0;
  for (const Node &node : nodes) {
    if (node.kind == Kind::Constant) {
      stack[top++] = node.value;
    } else if (node.kind == Kind::Symbol) {
      const std::optional<int64_t> &value = symbols[node.value];
      if (!value)
        return std::nullopt;
      stack[top++] = *value;
    } else {
      --top;
      stack[top - 1] = apply(node.kind, stack[top - 1], stack[top]);
    }
  }
  return stack[0];
}

std::optional<std::pair<int64_t, int64_t>> Expr::solve(const SymbolValues &symbols, int64_t value) const {
  int64_t unknown = -1;
  for (const Node &node : nodes) {
    if (node.kind == Kind::Symbol && !symbols[node.value]) {
      if (unknown >= 0)
        return std::nullopt;
      unknown = node.value;
    } else if (node.kind != Kind::Constant && node.kind != Kind::Symbol && node.kind != Kind::Add) {
      return std::nullopt;
    }
  }
  if (unknown < 0)
    return std::nullopt;
  SymbolValues trial = symbols;
  trial[unknown] = 0;
  return std::make_pair(unknown, checkedAdd(value, checkedMul(*evaluate(trial), -1)));
}

std::string Expr::text(const std::vector<std::string> &names) const {
  struct Piece {
    std::string text;
    bool compound;
  };
  std::vector<Piece> stack;
  auto wrap = [](const Piece &piece) { return piece.compound ? "(" + piece.text + ")" : piece.text; };
  for (const Node &node : nodes) {
    if (node.kind == Kind::Constant) {
      stack.push_back({std::to_string(node.value), false});
      continue;
    }
    if (node.kind == Kind::Symbol) {
      stack.push_back({names[node.value], false});
      continue;
    }
    Piece right = std::move(stack.back());
    stack.pop_back();
    Piece left = std::move(stack.back());
    stack.pop_back();
    if (node.kind == Kind::Add) {
      stack.push_back({left.text + " + " + right.text, true});
      continue;
    }
    const char *op = node.kind == Kind::Mul        ? " * "
                     : node.kind == Kind::FloorDiv ? " floordiv "
                     : node.kind == Kind::CeilDiv  ? " ceildiv "
                                                   : " mod ";
    stack.push_back({wrap(left) + op + wrap(right), true});
  }
  return stack.front().text;
}
