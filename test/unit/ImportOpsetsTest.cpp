//===- ImportOpsetsTest.cpp - Every version of every operator -------------===//
//
// Walks the ONNX library's registry: each version of each operator from opset 7
// on must be imported in its own form, or be rejected by name.
//
//===----------------------------------------------------------------------===//

#include "ImportSupport.h"

#include "onnx/defs/schema.h"
#include "llvm/ADT/StringSwitch.h"

#include <map>

using namespace tpo;
using namespace tpo::test;

namespace {

/// A node of an operator as it is written from one opset to another.
struct Form {
  const char *op;
  int first, last;
  const char *inputs, *constants, *node;
};

constexpr int kOldest = 7, kNewest = 1000;

const char *const kUnary[] = {
    "Abs",        "Acos",        "Acosh",     "Asin",    "Asinh",
    "Atan",       "Atanh",       "Ceil",      "Celu",    "Cos",
    "Cosh",       "Elu",         "Erf",       "Exp",     "Floor",
    "Gelu",       "HardSigmoid", "HardSwish", "Hardmax", "Identity",
    "LeakyRelu",  "Log",         "Mish",      "Neg",     "Reciprocal",
    "Relu",       "Round",       "Selu",      "Shrink",  "Sigmoid",
    "Sign",       "Sin",         "Sinh",      "Softmax", "Softplus",
    "Softsign",   "Sqrt",        "Swish",     "Tan",     "Tanh",
    "LogSoftmax", "Size",        "Shape",     "Flatten", "Transpose",
    "IsNaN",      "IsInf",       "ArgMax",    "ArgMin",  "NonZero",
    "EyeLike",    "Clip",        "Dropout",   "Squeeze", "ThresholdedRelu",
};

const char *const kBinary[] = {"Add",
                               "Sub",
                               "Mul",
                               "Div",
                               "Pow",
                               "Max",
                               "Min",
                               "Mean",
                               "Sum",
                               "Greater",
                               "Less",
                               "PRelu",
                               "GreaterOrEqual",
                               "LessOrEqual",
                               "SwiGLU"};

const Form kForms[] = {
    {"And", 7, kNewest, "bool[2,3] x, bool[3] w", "", "y = And(x, w)"},
    {"Or", 7, kNewest, "bool[2,3] x, bool[3] w", "", "y = Or(x, w)"},
    {"Xor", 7, kNewest, "bool[2,3] x, bool[3] w", "", "y = Xor(x, w)"},
    {"Not", 7, kNewest, "bool[2,3] x", "", "y = Not(x)"},
    {"Equal", 7, kNewest, "int64[2,3] x, int64[3] w", "", "y = Equal(x, w)"},
    {"Mod", 7, kNewest, "int64[2,3] x, int64[3] w", "", "y = Mod(x, w)"},
    {"BitShift", 7, kNewest, "uint8[4] x, uint8[4] w", "",
     "y = BitShift<direction = \"LEFT\">(x, w)"},
    {"BitwiseAnd", 7, kNewest, "int32[4] x, int32[4] w", "",
     "y = BitwiseAnd(x, w)"},
    {"BitwiseOr", 7, kNewest, "int32[4] x, int32[4] w", "",
     "y = BitwiseOr(x, w)"},
    {"BitwiseXor", 7, kNewest, "int32[4] x, int32[4] w", "",
     "y = BitwiseXor(x, w)"},
    {"BitwiseNot", 7, kNewest, "int32[4] x", "", "y = BitwiseNot(x)"},
    {"Where", 7, kNewest, "bool[4] c, float[4] x, float[4] w", "",
     "y = Where(c, x, w)"},
    {"Cast", 7, kNewest, "float[4] x", "", "y = Cast<to = 7>(x)"},
    {"CastLike", 7, kNewest, "float[4] x, float16[4] w", "",
     "y = CastLike(x, w)"},
    {"BitCast", 7, kNewest, "float[4] x", "", "y = BitCast<to = 6>(x)"},
    {"Clip", 7, 10, "float[4] x", "", "y = Clip<min = 0.0, max = 6.0>(x)"},
    {"Clip", 11, kNewest, "float[4] x", "float lo = {0.0}, float hi = {6.0}",
     "y = Clip(x, lo, hi)"},
    {"Concat", 7, kNewest, "float[2,3] x, float[2,3] w", "",
     "y = Concat<axis = 1>(x, w)"},
    {"Split", 7, 12, "float[2,6] x", "",
     "y, z = Split<axis = 1, split = [2, 4]>(x)"},
    {"Split", 13, kNewest, "float[2,6] x", "int64[2] s = {2, 4}",
     "y, z = Split<axis = 1>(x, s)"},
    {"Squeeze", 7, 12, "float[2,1,3] x", "", "y = Squeeze<axes = [1]>(x)"},
    {"Squeeze", 13, kNewest, "float[2,1,3] x", "int64[1] a = {1}",
     "y = Squeeze(x, a)"},
    {"Unsqueeze", 7, 12, "float[2,3] x", "", "y = Unsqueeze<axes = [1]>(x)"},
    {"Unsqueeze", 13, kNewest, "float[2,3] x", "int64[1] a = {-1}",
     "y = Unsqueeze(x, a)"},
    {"Slice", 7, 9, "float[4,6] x", "",
     "y = Slice<axes = [1], starts = [1], ends = [-1]>(x)"},
    {"Slice", 10, kNewest, "float[4,6] x",
     "int64[1] s = {1}, int64[1] e = {-1}, int64[1] a = {1}",
     "y = Slice(x, s, e, a)"},
    {"Pad", 7, 10, "float[2,3] x", "",
     "y = Pad<pads = [0, 1, 0, 2], value = 1.0>(x)"},
    {"Pad", 11, kNewest, "float[2,3] x",
     "int64[4] p = {0, 1, 0, 2}, float v = {1.0}", "y = Pad(x, p, v)"},
    {"Reshape", 7, kNewest, "float[2,6] x", "int64[2] s = {-1, 3}",
     "y = Reshape(x, s)"},
    {"Expand", 7, kNewest, "float[1,3] x", "int64[2] s = {2, 3}",
     "y = Expand(x, s)"},
    {"Tile", 7, kNewest, "float[2,3] x", "int64[2] r = {2, 1}",
     "y = Tile(x, r)"},
    {"TopK", 7, 9, "float[2,8] x", "", "y, i = TopK<k = 3>(x)"},
    {"TopK", 10, kNewest, "float[2,8] x", "int64[1] k = {3}",
     "y, i = TopK(x, k)"},
    {"Gather", 7, kNewest, "float[4,3] x, int64[2] i", "", "y = Gather(x, i)"},
    {"GatherElements", 7, kNewest, "float[4,3] x, int64[4,3] i", "",
     "y = GatherElements(x, i)"},
    {"GatherND", 7, kNewest, "float[4,3] x, int64[5,1] i", "",
     "y = GatherND(x, i)"},
    {"Scatter", 7, 10, "float[4,3] x, int64[2,3] i, float[2,3] u", "",
     "y = Scatter(x, i, u)"},
    {"ScatterElements", 7, kNewest, "float[4,3] x, int64[2,3] i, float[2,3] u",
     "", "y = ScatterElements(x, i, u)"},
    {"ScatterND", 7, kNewest, "float[4,3] x, int64[2,1] i, float[2,3] u", "",
     "y = ScatterND(x, i, u)"},
    {"OneHot", 7, kNewest, "int64[4] i, float[2] v", "int64 d = {5}",
     "y = OneHot(i, d, v)"},
    {"Range", 7, kNewest, "", "int64 s = {0}, int64 e = {5}, int64 d = {2}",
     "y = Range(s, e, d)"},
    {"ConstantOfShape", 7, kNewest, "", "int64[2] s = {2, 3}",
     "y = ConstantOfShape(s)"},
    {"Constant", 7, kNewest, "", "", "y = Constant<value = float[2] {1, 2}>()"},
    {"CumSum", 7, kNewest, "float[2,3] x", "int64 a = {1}", "y = CumSum(x, a)"},
    {"CumProd", 7, kNewest, "float[2,3] x", "int64 a = {1}",
     "y = CumProd(x, a)"},
    {"Trilu", 7, kNewest, "float[3,3] x", "", "y = Trilu(x)"},
    {"ReverseSequence", 7, kNewest, "float[4,3] x, int64[3] l", "",
     "y = ReverseSequence(x, l)"},
    {"TensorScatter", 7, kNewest,
     "float[1,2,8,4] x, float[1,2,2,4] u, int64[1] i", "",
     "y = TensorScatter(x, u, i)"},
    {"DepthToSpace", 7, kNewest, "float[1,8,2,3] x", "",
     "y = DepthToSpace<blocksize = 2>(x)"},
    {"SpaceToDepth", 7, kNewest, "float[1,2,4,6] x", "",
     "y = SpaceToDepth<blocksize = 2>(x)"},
    {"MatMul", 7, kNewest, "float[2,3] x, float[3,4] w", "",
     "y = MatMul(x, w)"},
    {"Gemm", 7, kNewest, "float[2,3] x, float[4,3] w, float[4] b", "",
     "y = Gemm<transB = 1>(x, w, b)"},
    {"Einsum", 7, kNewest, "float[2,3] x, float[3,4] w", "",
     "y = Einsum<equation = \"ij,jk->ik\">(x, w)"},
    {"MatMulInteger", 7, kNewest, "uint8[2,3] x, int8[3,4] w", "",
     "y = MatMulInteger(x, w)"},
    {"QLinearMatMul", 7, kNewest, "uint8[2,3] x, uint8[3,4] w",
     "float s = {0.5}, uint8 z = {3}",
     "y = QLinearMatMul(x, s, z, w, s, z, s, z)"},
    {"QuantizeLinear", 7, kNewest, "float[2,3] x",
     "float s = {0.5}, uint8 z = {3}", "y = QuantizeLinear(x, s, z)"},
    {"DequantizeLinear", 7, kNewest, "uint8[2,3] x",
     "float s = {0.5}, uint8 z = {3}", "y = DequantizeLinear(x, s, z)"},
    {"DynamicQuantizeLinear", 7, kNewest, "float[2,3] x", "",
     "y, s, z = DynamicQuantizeLinear(x)"},
    {"Conv", 7, kNewest, "float[1,3,8,8] x, float[4,3,3,3] w", "",
     "y = Conv(x, w)"},
    {"ConvInteger", 7, kNewest, "uint8[1,3,8,8] x, uint8[4,3,3,3] w", "",
     "y = ConvInteger(x, w)"},
    {"QLinearConv", 7, kNewest, "uint8[1,3,8,8] x, uint8[4,3,3,3] w",
     "float s = {0.5}, uint8 z = {3}",
     "y = QLinearConv(x, s, z, w, s, z, s, z)"},
    {"ConvTranspose", 7, kNewest, "float[1,3,8,8] x, float[3,4,3,3] w", "",
     "y = ConvTranspose(x, w)"},
    {"AveragePool", 7, kNewest, "float[1,3,8,8] x", "",
     "y = AveragePool<kernel_shape = [2, 2]>(x)"},
    {"MaxPool", 7, 7, "float[1,3,8,8] x", "",
     "y = MaxPool<kernel_shape = [2, 2]>(x)"},
    {"MaxPool", 8, kNewest, "float[1,3,8,8] x", "",
     "y, i = MaxPool<kernel_shape = [2, 2]>(x)"},
    {"LpPool", 7, kNewest, "float[1,3,8,8] x", "",
     "y = LpPool<kernel_shape = [2, 2]>(x)"},
    {"GlobalAveragePool", 7, kNewest, "float[1,3,8,8] x", "",
     "y = GlobalAveragePool(x)"},
    {"GlobalMaxPool", 7, kNewest, "float[1,3,8,8] x", "",
     "y = GlobalMaxPool(x)"},
    {"GlobalLpPool", 7, kNewest, "float[1,3,8,8] x", "", "y = GlobalLpPool(x)"},
    {"Upsample", 7, 8, "float[1,3,4,4] x", "",
     "y = Upsample<scales = [1.0, 1.0, 2.0, 2.0]>(x)"},
    {"Upsample", 9, 9, "float[1,3,4,4] x", "float[4] s = {1, 1, 2, 2}",
     "y = Upsample<mode = \"linear\">(x, s)"},
    {"Resize", 10, 10, "float[1,3,4,4] x", "float[4] s = {1, 1, 2, 2}",
     "y = Resize(x, s)"},
    {"Resize", 11, 12, "float[1,3,4,4] x",
     "float[4] s = {1, 1, 2, 2}, float[0] r = {}", "y = Resize(x, r, s)"},
    {"Resize", 13, kNewest, "float[1,3,4,4] x", "float[4] s = {1, 1, 2, 2}",
     "y = Resize(x, , s)"},
    {"BatchNormalization", 7, kNewest,
     "float[1,3,4,4] x, float[3] a, float[3] b, float[3] m, float[3] v", "",
     "y = BatchNormalization(x, a, b, m, v)"},
    {"InstanceNormalization", 7, kNewest,
     "float[1,3,4,4] x, float[3] a, float[3] b", "",
     "y = InstanceNormalization(x, a, b)"},
    {"LRN", 7, kNewest, "float[1,3,4,4] x", "", "y = LRN<size = 3>(x)"},
    {"LpNormalization", 7, kNewest, "float[2,3] x", "",
     "y = LpNormalization(x)"},
    {"MeanVarianceNormalization", 7, kNewest, "float[1,3,4,4] x", "",
     "y = MeanVarianceNormalization(x)"},
    {"LayerNormalization", 7, kNewest, "float[2,8] x, float[8] a, float[8] b",
     "", "y = LayerNormalization(x, a, b)"},
    {"RMSNormalization", 7, kNewest, "float[2,8] x, float[8] a", "",
     "y = RMSNormalization(x, a)"},
    {"GroupNormalization", 18, 20, "float[1,4,2,2] x, float[2] a, float[2] b",
     "", "y = GroupNormalization<num_groups = 2>(x, a, b)"},
    {"GroupNormalization", 21, kNewest,
     "float[1,4,2,2] x, float[4] a, float[4] b", "",
     "y = GroupNormalization<num_groups = 2>(x, a, b)"},
    {"Attention", 7, kNewest,
     "float[1,2,4,8] q, float[1,2,4,8] k, float[1,2,4,8] v", "",
     "y = Attention(q, k, v)"},
    {"RotaryEmbedding", 7, kNewest,
     "float[1,2,4,8] x, float[1,4,4] c, float[1,4,4] s", "",
     "y = RotaryEmbedding(x, c, s)"},
    {"Dropout", 7, 11, "float[2,3] x", "", "y, m = Dropout<ratio = 0.1>(x)"},
    {"Dropout", 12, kNewest, "float[2,3] x", "float r = {0.1}, bool t = {0}",
     "y, m = Dropout(x, r, t)"},
    {"AffineGrid", 7, kNewest, "float[2,2,3] t", "int64[4] s = {2, 3, 4, 4}",
     "y = AffineGrid(t, s)"},
    {"HannWindow", 7, kNewest, "", "int64 n = {8}", "y = HannWindow(n)"},
    {"HammingWindow", 7, kNewest, "", "int64 n = {8}", "y = HammingWindow(n)"},
    {"BlackmanWindow", 7, kNewest, "", "int64 n = {8}",
     "y = BlackmanWindow(n)"},
    {"CenterCropPad", 7, kNewest, "float[4,6] x", "int64[2] s = {2, 8}",
     "y = CenterCropPad(x, s)"},
};

/// Reduce*: the axes became an operand.
Form reduction(const std::string &op, int opset, std::string &node) {
  bool isOperand = opset >= (op == "ReduceSum" ? 13 : 18);
  node = "y = " + op + (isOperand ? "(x, a)" : "<axes = [1]>(x)");
  return {op.c_str(),
          kOldest,
          kNewest,
          "float[2,3] x",
          isOperand ? "int64[1] a = {1}" : "",
          node.c_str()};
}

class OpsetsTest {
public:
  /// The form of an operator at an opset; none where the test has none.
  bool find(const std::string &op, int opset) {
    for (const Form &form : kForms)
      if (op == form.op && form.first <= opset && opset <= form.last)
        return set(form);
    if (llvm::StringRef(op).starts_with("Reduce"))
      return set(reduction(op, opset, node));
    for (const char *name : kUnary)
      if (op == name)
        return set({name, 7, kNewest, "float[2,3] x", "",
                    (node = "y = " + op + "(x)").c_str()});
    for (const char *name : kBinary)
      if (op == name)
        return set({name, 7, kNewest, "float[2,3] x, float[2,3] w", "",
                    (node = "y = " + op + "(x, w)").c_str()});
    return false;
  }

  /// Any node of the operator: with floats for all operands it needs.
  void invent(const ::onnx::OpSchema &schema) {
    std::string inputs, names;
    for (int i = 0; i < std::max(1, schema.min_input()); ++i) {
      std::string name = "x" + std::to_string(i);
      inputs += (i ? ", float[2,3,4,5] " : "float[2,3,4,5] ") + name;
      names += (i ? ", " : "") + name;
    }
    node = "y = " + schema.Name() + "(" + names + ")";
    set({"", 7, kNewest, inputs.c_str(), "", node.c_str()});
  }

  ImportResult import(int opset) {
    ::onnx::ModelProto model = parseModel(
        "<ir_version: 10, opset_import: [\"\" : " + std::to_string(opset) +
        "]> g (" + inputs + ") => (float[] y) <" + constants + "> { " + text +
        " }");
    for (auto &output : *model.mutable_graph()->mutable_output())
      output.clear_type();
    return importProto(model);
  }

  std::string text;

private:
  bool set(const Form &form) {
    inputs = form.inputs;
    constants = form.constants;
    text = form.node;
    return true;
  }

  std::string inputs, constants, node;
};

/// Without an own form: not a tensor program, or not supported as yet.
bool isRejectedByDesign(llvm::StringRef op) {
  return llvm::StringSwitch<bool>(op)
      .Cases("If", "Loop", "Scan", true)
      .Cases("NonZero", "Compress", "Unique", "NonMaxSuppression", true)
      .Default(false);
}

TEST(ImportOpsetsTest, EveryVersionIsImportedOrRejectedByName) {
  std::map<std::string, std::set<int>> versions;
  for (const ::onnx::OpSchema &schema :
       ::onnx::OpSchemaRegistry::get_all_schemas_with_history())
    if (schema.domain().empty())
      versions[schema.Name()].insert(std::max(kOldest, schema.SinceVersion()));
  ASSERT_GT(versions.size(), 150u);
  unsigned imported = 0;
  for (const auto &[op, opsets] : versions) {
    for (int opset : opsets) {
      const ::onnx::OpSchema *schema =
          ::onnx::OpSchemaRegistry::Schema(op, opset, "");
      if (!schema || schema->deprecated())
        continue;
      OpsetsTest test;
      bool isKnown = test.find(op, opset) && !isRejectedByDesign(op);
      if (!isKnown)
        test.invent(*schema);
      ImportResult result = test.import(opset);
      std::string where = op + " of opset " + std::to_string(opset) + ": " +
                          test.text + "\n" + result.errors;
      if (isKnown) {
        EXPECT_TRUE(result.succeeded()) << where;
      } else if (!result.succeeded()) {
        // Of an operator that is defined by others, a node of its body.
        EXPECT_TRUE(llvm::StringRef(result.errors).contains("(" + op + ")") ||
                    llvm::StringRef(result.errors).contains("'" + op + "/"))
            << where;
      }
      imported += result.succeeded();
    }
  }
  // What has a form is not lost unnoticed.
  EXPECT_GT(imported, 350u);
}

//===----------------------------------------------------------------------===//
// What older versions mean
//===----------------------------------------------------------------------===//

TEST(ImportOpsetsTest, UpsampleIsAResizeOfAsymmetricCoordinates) {
  EXPECT_IR(importGraph("g (float[1,3,4,4] x) => (float[1,3,8,8] y) { y = "
                        "Upsample<scales = [1.0, 1.0, 2.0, 2.0]>(x) }",
                        7),
            "\"onnx.Resize\"",
            "coordinate_transformation_mode = \"asymmetric\"",
            "nearest_mode = \"floor\"", "tensor<1x3x8x8xf32>");
  EXPECT_IR(importGraph("g (float[1,1,2,4] x) => (float[1,1,1,2] y) "
                        "<float[4] s = {1, 1, 0.6, 0.6}> { y = Resize(x, s) }",
                        10),
            "nearest_mode = \"ceil\"", "tensor<1x1x1x2xf32>");
  EXPECT_ERROR(importGraph("g (float[1,1,4,4] x) => (float[1,1,8,2] y) "
                           "<float[4] s = {1, 1, 2, 0.5}> { y = Resize(x, s) }",
                           10),
               "scales both above and below 1");
}

TEST(ImportOpsetsTest, MasksOfDropoutsAreTrue) {
  EXPECT_IR(importGraph("g (float[2,n] x) => (float[2,n] y, bool[2,n] m) { y, "
                        "m = Dropout(x) }",
                        10),
            "\"onnx.ConstantOfShape\"", "dense<true> : tensor<1xi1>",
            "return %arg0");
  EXPECT_ERROR(importGraph("g (float[2] x) => (float[2] y) <float r = {0.5}, "
                           "bool t = {1}> { y = Dropout(x, r, t) }"),
               "training mode is not supported");
  EXPECT_ERROR(importGraph("g (float[2] x, bool t) => (float[2] y) <float r = "
                           "{0.5}> { y = Dropout(x, r, t) }"),
               "whether it is in training mode is only known when the model "
               "runs");
}

TEST(ImportOpsetsTest, OldBatchNormalizationIsNotForTraining) {
  std::string operands = "(float[1,3,4,4] x, float[3] a, float[3] b, float[3] "
                         "c, float[3] d) => (float[1,3,4,4] y)";
  EXPECT_ERROR(importGraph("g " + operands +
                               " { y, m, v = BatchNormalization("
                               "x, a, b, c, d) }",
                           9),
               "training mode is not supported");
  EXPECT_ERROR(importGraph("g " + operands +
                               " { y = BatchNormalization<"
                               "spatial = 0>(x, a, b, c, d) }",
                           7),
               "spatial=0 is not supported");
}

TEST(ImportOpsetsTest, GroupsGotAScalePerChannel) {
  EXPECT_ERROR(importGraph("g (float[1,n,2] x, float[2] a, float[2] b) => "
                           "(float[1,n,2] y) { y = GroupNormalization<"
                           "num_groups = 2>(x, a, b) }",
                           18),
               "must be a known multiple of its 2 groups");
}

TEST(ImportOpsetsTest, BroadcastAttributesAreOlder) {
  EXPECT_ERROR(importGraph("g (float[2,3] x, float[2] w) => (float[2,3] y) { y "
                           "= Add<axis = 0, broadcast = 1>(x, w) }",
                           7),
               "has the unknown attribute");
}

} // namespace
