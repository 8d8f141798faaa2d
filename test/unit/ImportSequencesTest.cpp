//===- ImportSequencesTest.cpp - Sequences of tensors ---------------------===//

#include "ImportSupport.h"

using namespace tpo;
using namespace tpo::test;

namespace {

TEST(ImportSequencesTest, AreJoined) {
  EXPECT_IR(importGraph("g (float[2] x, float[3] y) => (float[n] z) { s = "
                        "SequenceConstruct(x, y) z = ConcatFromSequence <axis "
                        "= 0> (s) }"),
            "\"onnx.Concat\"", "tensor<5xf32>");
  EXPECT_IR(importGraph("g (float[2] x, float[2] y) => (float[a, b] z) { s = "
                        "SequenceConstruct(x, y) z = ConcatFromSequence <axis "
                        "= -1, new_axis = 1> (s) }"),
            "-> tensor<2x2xf32>");
}

TEST(ImportSequencesTest, AreSplit) {
  // Parts of five columns: two, two and one.
  EXPECT_IR(importGraph("g (float[n, 5] x) => (float[n, m] y) { two = Constant "
                        "<value_int = 2> () last = Constant <value_int = -1> "
                        "() s = SplitToSequence <axis = -1> (x, two) y = "
                        "SequenceAt(s, last) }"),
            "\"onnx.Slice\"", "#tp.dims<[s0, 1]>");
  EXPECT_IR(importGraph("g (float[3, 5] x) => (float[a] y) { one = Constant "
                        "<value_int = 1> () s = SplitToSequence <keepdims = 0> "
                        "(x) y = SequenceAt(s, one) }"),
            "tensor<5xf32>");
  EXPECT_ERROR(importGraph("g (float[n] x) => (float[m] y) { zero = Constant "
                           "<value_int = 0> () s = SplitToSequence(x) y = "
                           "SequenceAt(s, zero) }"),
               "splits a dimension whose size is not known");
}

TEST(ImportSequencesTest, GrowAndShrink) {
  EXPECT_IR(importGraph("g (float[2] x, float[3] y) => (float[n] z) { zero = "
                        "Constant <value_int = 0> () e = SequenceEmpty() a = "
                        "SequenceInsert(e, x) b = SequenceInsert(a, y, zero) c "
                        "= SequenceErase(b) z = SequenceAt(c, zero) }"),
            "return %arg1");
  EXPECT_IR(importGraph("g (float[2] x) => (int64 n) { s = "
                        "SequenceConstruct(x, x, x) n = SequenceLength(s) }"),
            "dense<3> : tensor<i64>");
}

TEST(ImportSequencesTest, AreMapped) {
  EXPECT_IR(importGraph("g (float[2] x, float[3] y, float[1] k) => (float[n] "
                        "z) { s = SequenceConstruct(x, y) t = SequenceMap "
                        "<body = b (float[] e, float[1] f) => (float[] r) { r "
                        "= Mul(e, f) }> (s, k) z = ConcatFromSequence <axis = "
                        "0> (t) }"),
            "\"onnx.Mul\"(%arg0, %arg2)", "\"onnx.Mul\"(%arg1, %arg2)");
}

TEST(ImportSequencesTest, PositionsMustBeInside) {
  EXPECT_ERROR(importGraph("g (float[2] x) => (float[2] y) { two = Constant "
                           "<value_int = 2> () s = SequenceConstruct(x, x) y "
                           "= SequenceAt(s, two) }"),
               "position 2 is outside of a sequence of 2 tensors");
  EXPECT_ERROR(importGraph("g (float[2] x) => (float[2] y) { zero = Constant "
                           "<value_int = 0> () s = SequenceEmpty() y = "
                           "SequenceAt(s, zero) }"),
               "outside of a sequence of 0 tensors");
}

TEST(ImportSequencesTest, AreNoTensors) {
  EXPECT_ERROR(importGraph("g (float[2] x) => (float[2] y) { s = "
                           "SequenceConstruct(x, x) y = Neg(s) }"),
               "'s' is a sequence of tensors, which it does not take");
  EXPECT_ERROR(importGraph("g (float[2] x) => (float[n] y) { y = "
                           "ConcatFromSequence <axis = 0> (x) }"),
               "'x' is not a sequence that a node before it makes");
}

TEST(ImportSequencesTest, AreNotReturned) {
  EXPECT_ERROR(importGraph("g (float[2] x) => (seq(float[2]) y) { y = "
                           "SequenceConstruct(x, x) }"),
               "node 'y' (SequenceConstruct): error: output 'y' is a sequence");
}

} // namespace
