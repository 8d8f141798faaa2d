//===- ImportImagesTest.cpp - Shapes of image and signal operators --------===//

#include "ImportSupport.h"

using namespace tpo;
using namespace tpo::test;

namespace {

void expectIR(const ImportResult &result, std::initializer_list<const char *> texts) {
  EXPECT_TRUE(result.succeeded()) << result.errors;
  for (const char *text : texts)
    EXPECT_TRUE(result.contains(text)) << text << "\nin\n" << result.ir;
}

void expectError(const ImportResult &result, const char *text) {
  EXPECT_FALSE(result.succeeded());
  EXPECT_NE(result.errors.find(text), std::string::npos) << result.errors;
}

TEST(ImportImagesTest, ConvolutionsOfSymbolicSizes) {
  expectIR(importGraph("g (float[b,4,s] x, float[8,4,3] w) => (float[b,8,t] y) "
                       "{ y = Conv <strides = [2], pads = [1, 1]> (x, w) }"),
           {"-> tensor<?x8x?xf32, #tp.dims<[s0, 8, (s1 + 1) floordiv 2]>>"});
  // With stride 1 the paddings of SAME do not depend on the size.
  expectIR(importGraph("g (float[b,4,s] x, float[8,4,4] w) => (float[b,8,t] y) "
                       "{ y = Conv <auto_pad = \"SAME_LOWER\"> (x, w) }"),
           {"pads = [2, 1]", "-> tensor<?x8x?xf32, #tp.dims<[s0, 8, s1]>>"});
  expectError(importGraph("g (float[1,8,9] x, float[6,2,3] w) => (float[1,6,7] "
                          "y) { y = Conv <group = 4> (x, w) }"),
              "no multiple of the 4 groups");
}

TEST(ImportImagesTest, TransposedConvolutions) {
  expectIR(importGraph("g (float[1,4,s] x, float[4,2,4] w) => (float[1,2,t] y) "
                       "{ y = ConvTranspose <strides = [2], pads = [1, 1]> (x, w) }"),
           {"-> tensor<1x2x?xf32, #tp.dims<[1, 2, s0 * 2]>>"});
  // The paddings of an output shape: what is too much at both ends.
  expectIR(importGraph("g (float[1,1,3] x, float[1,2,3] w) => (float[1,2,t] y) "
                       "{ y = ConvTranspose <strides = [2], output_shape = [4]>"
                       " (x, w) }"),
           {"pads = [2, 0]", "-> tensor<1x2x4xf32>"});
}

TEST(ImportImagesTest, PoolingInCeilMode) {
  // The last window would start behind the input: there is none.
  expectIR(importGraph("g (float[1,1,2,2] x) => (float[1,1,h,w] y) { y = "
                       "MaxPool <kernel_shape = [1, 1], strides = [2, 2], "
                       "ceil_mode = 1> (x) }"),
           {"tensor<1x1x1x1xf32>"});
}

TEST(ImportImagesTest, ResizeByScalesAndSizes) {
  expectIR(importGraph("g (float[1,2,h,w] x) => (float[1,2,i,j] y) <float[4] s "
                       "= {1.0, 1.0, 0.5, 2.0}> { y = Resize(x, , s) }"),
           {"#tp.dims<[1, 2, s0 floordiv 2, s1 * 2]>"});
  expectIR(importGraph("g (float[1,2,4,8] x) => (float[1,2,i,j] y) <int64[2] s "
                       "= {6, 6}> { y = Resize <axes = [2, 3], "
                       "keep_aspect_ratio_policy = \"not_larger\"> "
                       "(x, , , s) }"),
           {"-> tensor<1x2x3x6xf32>"});
  expectError(importGraph("g (float[1,2,4,4] x, float[4] s) => (float[1,2,i,j] "
                          "y) { y = Resize(x, , s) }"),
              "only known when the model runs");
}

TEST(ImportImagesTest, UpsampleIsResize) {
  expectIR(importGraph("g (float[1,2,h,w] x) => (float[1,2,i,j] y) "
                       "{ y = Upsample <scales = [1.0, 1.0, 2.0, 3.0]> (x) }",
                       7),
           {"\"onnx.Resize\"", "coordinate_transformation_mode = \"asymmetric\"", "nearest_mode = \"floor\"",
            "#tp.dims<[1, 2, s0 * 2, s1 * 3]>"});
}

TEST(ImportImagesTest, GroupNormalization) {
  const char *perGroup = "g (float[1,8,s] x, float[2] a) => (float[1,8,s] y) { "
                         "y = GroupNormalization <num_groups = 2> (x, a, a) }";
  expectIR(importGraph(perGroup, 18), {"\"onnx.GroupNormalization\""});
  expectError(importGraph(perGroup, 21), "channels must be equal");
  expectError(importGraph("g (float[1,8,s] x, float[8] a) => (float[1,8,s] y) "
                          "{ y = GroupNormalization <num_groups = 3> (x, a, a) "
                          "}",
                          21),
              "no multiple of num_groups");
}

TEST(ImportImagesTest, FourierTransforms) {
  expectIR(importGraph("g (float[b,s,1] x) => (float[b,k,2] y) "
                       "{ y = DFT <axis = 1, onesided = 1> (x) }",
                       17),
           {"-> tensor<?x?x2xf32, #tp.dims<[s0, s1 floordiv 2 + 1, 2]>>"});
  expectIR(importGraph("g (float[b,s,1] x, float[16] w) => (float[b,f,k,2] y) "
                       "<int64 step = {4}> { y = STFT(x, step, w) }"),
           {"#tp.dims<[s0, s1 floordiv 4 - 3, 9, 2]>"});
  expectError(importGraph("g (float[b,s,2] x) => (float[b,k,2] y) "
                          "{ y = DFT <axis = 1, onesided = 1> (x) }",
                          17),
              "onesided needs a real signal");
}

} // namespace
