//===- ImportMutationTest.cpp - Damaged models ----------------------------===//
//
// Whatever bytes a file has, importing it ends with a module or a diagnostic.
//
//===----------------------------------------------------------------------===//

#include "ImportSupport.h"

#include <random>

using namespace tpo::test;

namespace {

TEST(ImportMutationTest, DamagedModelsAreImportedOrRejected) {
  std::string model =
      parseModel(
          "<ir_version: 8, opset_import: [\"\" : 18]> g (float[b,s,32] x, "
          "float[b,4,past,8] past_key) => (float[b,s,32] y) <int64 i = {1}, "
          "int64[1] a = {0}, int64[2] h = {4, 8}, int64[1] m = {-1}, "
          "float[2,2] w = {1, 2, 3, 4}> {"
          " sh = Shape(x) b0 = Shape <end = 1> (x) n = Gather(sh, i)"
          " u = Unsqueeze(n, a) to = Concat <axis = 0> (b0, u, h)"
          " r = Reshape(x, to) t = Transpose <perm = [0, 2, 1, 3]> (r)"
          " k = Concat <axis = 2> (past_key, t)"
          " kt = Transpose <perm = [0, 1, 3, 2]> (k) q = MatMul(t, kt)"
          " p = Softmax <axis = -1> (q) o = MatMul(p, k)"
          " ot = Transpose <perm = [0, 2, 1, 3]> (o)"
          " back = Concat <axis = 0> (b0, u, m) y = Reshape(ot, back) }")
          .SerializeAsString();
  std::mt19937 random(20240607);
  TemporaryFolder folder;
  int accepted = 0;
  for (int round = 0; round < 1000; ++round) {
    std::string damaged = model;
    for (unsigned edits = 1 + random() % 3; edits > 0; --edits) {
      char &byte = damaged[random() % damaged.size()];
      switch (random() % 3) {
      case 0:
        byte = static_cast<char>(random());
        break;
      case 1:
        byte ^= 1 << random() % 8;
        break;
      default:
        byte = static_cast<char>('0' + random() % 10);
      }
    }
    ImportResult result = importFile(folder.write("model.onnx", damaged));
    EXPECT_TRUE(result.succeeded() || !result.errors.empty()) << round;
    accepted += result.succeeded();
  }
  // Renamed values and other sizes are models as well; most damage is not.
  EXPECT_GT(accepted, 0);
  EXPECT_LT(accepted, 700);
}

} // namespace
