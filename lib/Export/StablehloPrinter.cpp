//===- StablehloPrinter.cpp - StableHLO as text ------------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StablehloPrinter.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace tpo {

RankedTensorType getPlainType(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return RankedTensorType::get(tensor.getShape(), tensor.getElementType());
}

std::string toString(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

namespace {

std::string list(ArrayRef<int64_t> values) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "[";
  llvm::interleaveComma(values, os);
  os << "]";
  return text;
}

std::string array(ArrayRef<int64_t> values) {
  if (values.empty())
    return "array<i64>";
  std::string text = list(values);
  return "array<i64: " + text.substr(1, text.size() - 2) + ">";
}

RankedTensorType withShape(const HloTensor &x, ArrayRef<int64_t> shape) {
  return RankedTensorType::get(shape, x.type.getElementType());
}

} // namespace

HloTensor StablehloPrinter::emit(StringRef op, ArrayRef<HloTensor> operands, RankedTensorType type,
                                 const Twine &attributes, StringRef region) {
  Line line;
  line.result = "%" + std::to_string(next++);
  llvm::raw_string_ostream head(line.head), tail(line.tail);
  head << '"' << op << "\"(";
  llvm::interleaveComma(operands, head, [&](const HloTensor &x) { head << x.name; });
  head << ")";
  if (!region.empty())
    head << " (" << region << ")";
  line.attributes = attributes.str();
  tail << " : (";
  llvm::interleaveComma(operands, tail, [&](const HloTensor &x) { tail << x.type; });
  tail << ") -> " << type;
  if (!location.empty())
    tail << " loc(\"" << location << "\")";
  lines.push_back(line);
  return {line.result, type};
}

HloTensor StablehloPrinter::splat(double value, RankedTensorType type) {
  Type element = type.getElementType();
  Attribute scalar = isa<FloatType>(element) ? Attribute(builder.getFloatAttr(element, value))
                                             : Attribute(builder.getIntegerAttr(element, int64_t(value)));
  std::string text;
  llvm::raw_string_ostream(text) << "value = " << DenseElementsAttr::get(type, scalar);
  return emit("stablehlo.constant", {}, type, text);
}

HloTensor StablehloPrinter::broadcast(const HloTensor &x, ArrayRef<int64_t> shape, ArrayRef<int64_t> dims) {
  if (x.getShape() == shape)
    return x;
  return emit("stablehlo.broadcast_in_dim", x, withShape(x, shape), "broadcast_dimensions = " + array(dims));
}

HloTensor StablehloPrinter::broadcast(const HloTensor &x, ArrayRef<int64_t> shape) {
  return broadcast(x, shape,
                   llvm::to_vector(llvm::seq<int64_t>(int64_t(shape.size()) - x.getRank(), int64_t(shape.size()))));
}

HloTensor StablehloPrinter::unary(StringRef op, const HloTensor &x) { return emit(op, x, x.type); }

HloTensor StablehloPrinter::binary(StringRef op, const HloTensor &a, const HloTensor &b) {
  SmallVector<int64_t> shape(std::max(a.getRank(), b.getRank()), 1);
  for (const HloTensor *x : {&a, &b})
    for (auto [index, size] : llvm::enumerate(x->getShape()))
      if (size != 1)
        shape[shape.size() - x->getRank() + index] = size;
  HloTensor left = broadcast(a, shape), right = broadcast(b, shape);
  return emit(op, {left, right}, left.type);
}

HloTensor StablehloPrinter::binary(StringRef op, const HloTensor &a, double b) {
  return emit(op, {a, splat(b, a.type)}, a.type);
}

HloTensor StablehloPrinter::reshape(const HloTensor &x, ArrayRef<int64_t> shape) {
  return x.getShape() == shape ? x : emit("stablehlo.reshape", x, withShape(x, shape));
}

HloTensor StablehloPrinter::transpose(const HloTensor &x, ArrayRef<int64_t> permutation) {
  SmallVector<int64_t> shape;
  for (int64_t dim : permutation)
    shape.push_back(x.getShape()[dim]);
  return emit("stablehlo.transpose", x, withShape(x, shape), "permutation = " + array(permutation));
}

HloTensor StablehloPrinter::slice(const HloTensor &x, int64_t dim, int64_t begin, int64_t end) {
  SmallVector<int64_t> starts(x.getRank(), 0), limits(x.getShape()), strides(x.getRank(), 1);
  starts[dim] = begin;
  limits[dim] = end;
  SmallVector<int64_t> shape(x.getShape());
  shape[dim] = end - begin;
  return emit("stablehlo.slice", x, withShape(x, shape),
              "start_indices = " + array(starts) + ", limit_indices = " + array(limits) +
                  ", strides = " + array(strides));
}

HloTensor StablehloPrinter::concatenate(ArrayRef<HloTensor> inputs, int64_t dim, RankedTensorType type) {
  return emit("stablehlo.concatenate", inputs, type, "dimension = " + Twine(dim) + " : i64");
}

HloTensor StablehloPrinter::reduce(StringRef op, const HloTensor &x, int64_t dim) {
  auto scalar = RankedTensorType::get({}, x.type.getElementType());
  HloTensor init = splat(0, scalar);
  if (op == "stablehlo.maximum") {
    APFloat lowest = APFloat::getLargest(cast<FloatType>(x.type.getElementType()).getFloatSemantics(), true);
    std::string text;
    llvm::raw_string_ostream(text) << "value = "
                                   << DenseElementsAttr::get(scalar, FloatAttr::get(x.type.getElementType(), lowest));
    init = emit("stablehlo.constant", {}, scalar, text);
  }
  std::string type = toString(scalar);
  std::string region = "{^bb0(%a: " + type + ", %b: " + type + "): %r = \"" + op.str() + "\"(%a, %b) : (" + type +
                       ", " + type + ") -> " + type + " \"stablehlo.return\"(%r) : (" + type + ") -> () }";
  SmallVector<int64_t> reduced(x.getShape());
  reduced.erase(reduced.begin() + dim);
  HloTensor value = emit("stablehlo.reduce", {x, init}, withShape(x, reduced), "dimensions = " + array({dim}), region);
  SmallVector<int64_t> kept(x.getShape());
  kept[dim] = 1;
  return reshape(value, kept);
}

HloTensor StablehloPrinter::softmax(const HloTensor &x, int64_t dim) {
  HloTensor shifted = binary("stablehlo.subtract", x, reduce("stablehlo.maximum", x, dim));
  HloTensor terms = unary("stablehlo.exponential", shifted);
  return binary("stablehlo.divide", terms, reduce("stablehlo.add", terms, dim));
}

HloTensor StablehloPrinter::dot(const HloTensor &a, const HloTensor &b, ArrayRef<int64_t> batchA,
                                ArrayRef<int64_t> batchB, int64_t contractA, int64_t contractB) {
  SmallVector<int64_t> shape;
  for (int64_t dim : batchA)
    shape.push_back(a.getShape()[dim]);
  for (auto [dim, size] : llvm::enumerate(a.getShape()))
    if (int64_t(dim) != contractA && !llvm::is_contained(batchA, int64_t(dim)))
      shape.push_back(size);
  for (auto [dim, size] : llvm::enumerate(b.getShape()))
    if (int64_t(dim) != contractB && !llvm::is_contained(batchB, int64_t(dim)))
      shape.push_back(size);
  return emit("stablehlo.dot_general", {a, b}, withShape(a, shape),
              "dot_dimension_numbers = #stablehlo.dot<lhs_batching_dimensions = " + list(batchA) +
                  ", rhs_batching_dimensions = " + list(batchB) + ", lhs_contracting_dimensions = [" +
                  std::to_string(contractA) + "], rhs_contracting_dimensions = [" + std::to_string(contractB) + "]>");
}

void StablehloPrinter::annotate(const HloTensor &x, size_t mark, StringRef attribute) {
  for (size_t i = lines.size(); i-- > mark;)
    if (lines[i].result == x.name) {
      if (!lines[i].attributes.empty())
        lines[i].attributes += ", ";
      lines[i].attributes += attribute;
      return;
    }
}

void StablehloPrinter::print(llvm::raw_ostream &os) const {
  for (const Line &line : lines) {
    os << "  " << line.result << " = " << line.head;
    if (!line.attributes.empty())
      os << " {" << line.attributes << "}";
    os << line.tail << "\n";
  }
}

} // namespace tpo
