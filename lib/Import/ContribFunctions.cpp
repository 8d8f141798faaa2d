//===- ContribFunctions.cpp - Contrib operators as functions --------------===//
//
// What ONNX Runtime's quantiser writes in its own domain, in standard operators.
// Semantics: docs/ContribOperators.md of ONNX Runtime.
//
//===----------------------------------------------------------------------===//

#include "ContribFunctions.h"

#include "onnx/defs/parser.h"
#include "llvm/ADT/StringRef.h"

#include <cassert>

using namespace llvm;
using namespace tpo::importer;
using ::onnx::NodeProto;

static bool has(const NodeProto &call, int input) { return input < call.input_size() && !call.input(input).empty(); }

static int64_t getInt(const NodeProto &call, StringRef name) {
  for (const auto &attribute : call.attribute())
    if (attribute.name() == name)
      return attribute.i();
  return 0;
}

// The numbers of `sum`, i32, times the product of both scales, plus the bias.
static std::string scaleSum(bool hasBias) {
  std::string text = R"(
    number = Cast <to = 1> (sum)
    scale = Mul (a_scale, b_scale)
  )";
  return text + (hasBias ? "scaled = Mul (number, scale)  Y = Add (scaled, bias)" : "Y = Mul (number, scale)");
}

static std::string dynamicQuantizeMatMul(const NodeProto &call) {
  return R"((A, B, b_scale, b_zero, bias) => (Y) {
    a, a_scale, a_zero = DynamicQuantizeLinear (A)
    sum = MatMulInteger (a, B, a_zero, b_zero)
  )" + scaleSum(has(call, 4)) +
         "}";
}

static std::string matMulIntegerToFloat(const NodeProto &call) {
  return R"((A, B, a_scale, b_scale, a_zero, b_zero, bias) => (Y) {
    sum = MatMulInteger (A, B, a_zero, b_zero)
  )" + scaleSum(has(call, 6)) +
         "}";
}

// An elementwise operator on two dequantised operands.
static std::string binary(StringRef op) {
  return R"((A, a_scale, a_zero, B, b_scale, b_zero, c_scale, c_zero) => (C) {
    a = DequantizeLinear (A, a_scale, a_zero)
    b = DequantizeLinear (B, b_scale, b_zero)
    c = )" +
         op.str() + R"( (a, b)
    C = QuantizeLinear (c, c_scale, c_zero)
  })";
}

static std::string unary(StringRef op) {
  return R"((X, x_scale, x_zero, y_scale, y_zero) => (Y) {
    x = DequantizeLinear (X, x_scale, x_zero)
    y = )" +
         op.str() + R"( (x)
    Y = QuantizeLinear (y, y_scale, y_zero)
  })";
}

// C has the scale of the product.
static std::string gemm(const NodeProto &call) {
  std::string text = "(A, a_scale, a_zero, B, b_scale, b_zero, C, y_scale, y_zero) => (Y) {";
  text += getInt(call, "transA") ? "a = Transpose (A)" : "a = Identity (A)";
  text += getInt(call, "transB") ? "  b = Transpose (B)" : "  b = Identity (B)";
  text += "  product = MatMulInteger (a, b, a_zero, b_zero)";
  text += has(call, 6) ? "  sum = Add (product, C)" : "  sum = Identity (product)";
  text += R"(
    number = Cast <to = 1> (sum)
    scale = Mul (a_scale, b_scale)
    alpha = Constant <value_float: float = @alpha> ()
    factor = Mul (scale, alpha)
    y = Mul (number, factor)
  )";
  text += has(call, 7) ? "Y = QuantizeLinear (y, y_scale, y_zero) }" : "Y = Identity (y) }";
  return text;
}

bool tpo::importer::buildContribBody(const NodeProto &call, ::onnx::FunctionProto &body) {
  StringRef op = call.op_type();
  std::string text;
  const char *attribute = nullptr;
  float number = 0;
  if (op == "DynamicQuantizeMatMul") {
    text = dynamicQuantizeMatMul(call);
  } else if (op == "MatMulIntegerToFloat") {
    text = matMulIntegerToFloat(call);
  } else if (op == "QLinearAdd") {
    text = binary("Add");
  } else if (op == "QLinearMul") {
    text = binary("Mul");
  } else if (op == "QLinearSigmoid") {
    text = unary("Sigmoid");
  } else if (op == "QLinearLeakyRelu") {
    text = unary("LeakyRelu <alpha: float = @alpha>");
    attribute = "alpha";
    number = 0.01f;
  } else if (op == "QGemm") {
    text = gemm(call);
    attribute = "alpha";
    number = 1;
  } else {
    return false;
  }
  text = "<domain: \"com.microsoft\", opset_import: [\"\" : " + std::to_string(kContribBodyOpset) + "]> " + op.str() +
         " " + text;
  auto status = ::onnx::OnnxParser::Parse(body, text);
  assert(status.IsOK() && "the bodies above are well-formed");
  (void)status;
  // What the call leaves out, its operators go without.
  for (int i = 0; i < body.input_size(); ++i)
    for (NodeProto &node : *body.mutable_node())
      for (std::string &input : *node.mutable_input())
        if (!has(call, i) && input == body.input(i))
          input.clear();
  if (attribute) {
    ::onnx::AttributeProto &value = *body.add_attribute_proto();
    value.set_name(attribute);
    value.set_type(::onnx::AttributeProto::FLOAT);
    value.set_f(number);
  }
  return true;
}
