//===- ClusterTest.cpp - Descriptions of clusters and their links ---------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Planning/Cluster.h"

#include "gtest/gtest.h"

#include <random>

using namespace tpo;

namespace {

constexpr const char *kText = R"(name: two boxes
devices-per-node: 8
nodes: 2
memory: 80 GB
memory-bandwidth: 3.2 TB/s
flops: { f32: 60 TFLOP/s, bf16: 1 PFLOP/s }
launch: 2 us
intra-node: { bandwidth: 400 GB/s, latency: 3 us }
inter-node: { bandwidth: 50 GB/s, latency: 10 us }
achievable: { flops: 0.5, memory-bandwidth: 0.75, links: 0.8, memory: 0.9 }
)";

Cluster parse(llvm::StringRef text = kText) {
  llvm::Expected<Cluster> cluster = parseCluster(text, "box.yaml");
  if (cluster)
    return *cluster;
  ADD_FAILURE() << llvm::toString(cluster.takeError());
  return Cluster();
}

/// What is said about kText with `from` replaced by `to`.
std::string failureOf(llvm::StringRef from, llvm::StringRef to) {
  std::string text = kText;
  size_t place = text.find(from.str());
  EXPECT_NE(place, std::string::npos) << from.str();
  llvm::Expected<Cluster> cluster = parseCluster(text.replace(place, from.size(), to.str()), "box.yaml");
  return cluster ? "" : llvm::toString(cluster.takeError());
}

TEST(ClusterTest, FiguresAreWhatPrograms) {
  Cluster cluster = parse();
  EXPECT_EQ(cluster.name, "two boxes");
  EXPECT_EQ(cluster.devicesPerNode, 8);
  EXPECT_EQ(cluster.nodes, 2);
  EXPECT_DOUBLE_EQ(cluster.memoryBytes, 72e9);
  EXPECT_DOUBLE_EQ(cluster.device.bytesPerMicrosecond, 2.4e6);
  EXPECT_DOUBLE_EQ(cluster.device.launchMicroseconds, 2);
  EXPECT_DOUBLE_EQ(cluster.intraNode.bandwidth, 320);
  EXPECT_DOUBLE_EQ(cluster.interNode->bandwidth, 40);
  EXPECT_DOUBLE_EQ(cluster.interNode->latency, 10);
  auto speed = [&](ArithmeticType type) { return cluster.device.getFlopsPerMicrosecond(type); };
  EXPECT_DOUBLE_EQ(speed(ArithmeticType::F32), 3e7);
  EXPECT_DOUBLE_EQ(speed(ArithmeticType::BF16), 5e8);
  // Not given: the next wider one.
  EXPECT_DOUBLE_EQ(speed(ArithmeticType::F16), 5e8);
  EXPECT_DOUBLE_EQ(speed(ArithmeticType::FP8), 5e8);
  EXPECT_DOUBLE_EQ(speed(ArithmeticType::Int4), 5e8);
  EXPECT_DOUBLE_EQ(speed(ArithmeticType::F64), 1.5e7);
}

TEST(ClusterTest, JSONIsTheSame) {
  Cluster cluster = parse(R"({"devices-per-node": 4, "memory": "16 GiB", "memory-bandwidth": "900 GB/s",
    "flops": {"f32": "15.7 TFLOP/s", "int8": "100 TOP/s"}, "intra-node": {"bandwidth": "25 GB/s", "latency": "500 ns"}})");
  EXPECT_EQ(cluster.name, "box.yaml");
  EXPECT_DOUBLE_EQ(cluster.memoryBytes, 16.0 * (1 << 30));
  EXPECT_DOUBLE_EQ(cluster.intraNode.latency, 0.5);
  EXPECT_DOUBLE_EQ(cluster.device.getFlopsPerMicrosecond(ArithmeticType::Int8), 1e8);
  EXPECT_FALSE(cluster.interNode);
}

TEST(ClusterTest, ErrorsNameTheLine) {
  EXPECT_EQ(failureOf("memory: 80 GB", "memory: 80"), "box.yaml:4: '80' has no unit: need GB, MB, TB, MiB, GiB");
  EXPECT_EQ(failureOf("80 GB", "80 bananas"), "box.yaml:4: unknown unit 'bananas': need GB, MB, TB, MiB, GiB");
  EXPECT_EQ(failureOf("80 GB", "-80 GB"), "box.yaml:4: '-80 GB' must be positive");
  EXPECT_EQ(failureOf("80 GB", "lots"), "box.yaml:4: 'lots' is not a number with a unit");
  EXPECT_EQ(failureOf("80 GB", "1e300 GB"), "box.yaml:4: '1e300 GB' is out of any machine's range");
  EXPECT_EQ(failureOf("80 GB", "1e999 GB"), "box.yaml:4: '1e999 GB' is not a number with a unit");
  EXPECT_EQ(failureOf("node: 8", "node: 2.5"), "box.yaml:2: '2.5' is not a whole number");
  EXPECT_EQ(failureOf("flops: 0.5", "flops: 1.5").find("box.yaml:10: '1.5' is more than 1"), 0u);
  EXPECT_EQ(failureOf("launch:", "lunch:"), "box.yaml:7: unknown key 'lunch'");
  EXPECT_EQ(failureOf("bf16:", "bf17:"), "box.yaml:6: unknown key 'bf17'");
  EXPECT_EQ(failureOf("f32: 60 TFLOP/s, ", ""), "box.yaml:6: missing required key 'f32'");
  EXPECT_NE(failureOf("memory: 80 GB\n", "").find("missing required key 'memory'"), std::string::npos);
  EXPECT_EQ(failureOf("nodes: 2", "devices-per-node: 2").find("box.yaml:3: "), 0u);
  EXPECT_EQ(failureOf("{ f32", "[ f32").find("box.yaml:6: "), 0u);
  for (llvm::StringRef empty : {"", "\n \n", "# nothing\n", "---\n", "~", "[]", "8"}) {
    llvm::Expected<Cluster> cluster = parseCluster(empty, "box.yaml");
    ASSERT_FALSE(cluster) << empty.str();
    EXPECT_EQ(llvm::toString(cluster.takeError()).find("box.yaml:"), 0u) << empty.str();
  }
}

/// Whatever the text is, there is a cluster with sane figures or an error.
TEST(ClusterTest, DamagedText) {
  std::mt19937 random(1);
  const std::string pieces[] = {
      "{",    "}",    "[",   "]",  ":", ",", "\n", "  ",    "- ",    "? ", "&a ",
      "*a",   "!!x ", "|\n", "\"", "'", "#", "%",  "---\n", "...\n", "\t", std::string(1, '\0'),
      "\xff", "1e99", "-",   "GB"};
  unsigned accepted = 0, rejected = 0;
  for (unsigned i = 0; i < 20000; ++i) {
    std::string text = kText;
    for (unsigned edits = 1 + random() % 4; edits-- > 0;) {
      size_t place = random() % text.size(), length = random() % 6;
      switch (random() % 4) {
      case 0:
        text[place] = static_cast<char>(random());
        break;
      case 1:
        text.erase(place, length);
        break;
      case 2:
        text.insert(place, text.substr(random() % text.size(), 1 + random() % 20));
        break;
      default:
        text.insert(place, pieces[random() % std::size(pieces)]);
      }
    }
    llvm::Expected<Cluster> cluster = parseCluster(text, "box.yaml");
    if (!cluster) {
      EXPECT_NE(llvm::toString(cluster.takeError()), "") << text;
      ++rejected;
      continue;
    }
    ++accepted;
    EXPECT_GE(cluster->devicesPerNode, 1) << text;
    EXPECT_GT(cluster->memoryBytes, 0) << text;
    EXPECT_GT(cluster->intraNode.bandwidth, 0) << text;
    EXPECT_GT(cluster->device.getFlopsPerMicrosecond(ArithmeticType::BF16), 0) << text;
  }
  EXPECT_GT(accepted, 200u);
  EXPECT_GT(rejected, 1000u);
  for (llvm::StringRef deep : {"[", "{", "- ", "? ", "{a: ", "[[{a: "}) {
    std::string text;
    while (text.size() < 60000)
      text += deep;
    llvm::Expected<Cluster> cluster = parseCluster(text, "box.yaml");
    ASSERT_FALSE(cluster);
    llvm::consumeError(cluster.takeError());
  }
}

TEST(ClusterTest, PresetsAreRight) {
  for (const ClusterPreset &preset : getClusterPresets()) {
    llvm::Expected<Cluster> cluster = loadCluster(preset.name);
    ASSERT_TRUE(bool(cluster)) << preset.name.str() << llvm::toString(cluster.takeError());
    EXPECT_EQ(cluster->name, preset.name);
  }
  llvm::Expected<Cluster> none = loadCluster("9xH100");
  ASSERT_FALSE(none);
  EXPECT_NE(llvm::toString(none.takeError()).find("no preset (8xH100, "), std::string::npos);
}

TEST(ClusterTest, LinksOfAxes) {
  Cluster cluster = parse();
  // One node.
  for (int64_t size : {2, 4, 8})
    EXPECT_DOUBLE_EQ(cluster.getAxisLink(size, 1, 16).bandwidth, 320) << size;
  EXPECT_DOUBLE_EQ(cluster.getAxisLink(6, 1, 8).bandwidth, 320);
  EXPECT_TRUE(cluster.isInsideNode(4, 2, 16));
  EXPECT_FALSE(cluster.isInsideNode(4, 4, 16));
  // The second group of six is in both nodes.
  EXPECT_DOUBLE_EQ(cluster.getAxisLink(6, 1, 12).bandwidth, 40);
  // Two nodes: an eighth of the bytes crosses.
  Link both = cluster.getAxisLink(16, 1, 16);
  EXPECT_DOUBLE_EQ(both.bandwidth, (15 / 16.) / (7 / 8. / 320 + 1 / 2. / 8 / 40));
  EXPECT_DOUBLE_EQ(both.latency, 16);
  // One device per node.
  EXPECT_DOUBLE_EQ(cluster.getAxisLink(2, 8, 16).bandwidth, 40);
  EXPECT_DOUBLE_EQ(cluster.getAxisLink(2, 8, 16).latency, 10);

  // Two stages of eight are in two nodes, four of four cross once.
  EXPECT_DOUBLE_EQ(cluster.getStageLink(0, 8, 2, 1).bandwidth, 40);
  EXPECT_DOUBLE_EQ(cluster.getStageLink(0, 4, 4, 1).bandwidth, 320);
  EXPECT_DOUBLE_EQ(cluster.getStageLink(1, 4, 4, 1).bandwidth, 40);
  EXPECT_DOUBLE_EQ(cluster.getStageLink(2, 4, 4, 1).bandwidth, 320);
  EXPECT_DOUBLE_EQ(cluster.getStageLink(0, 4, 2, 2).bandwidth, 320);

  EXPECT_FALSE(bool(cluster.checkDevices(16)));
  EXPECT_EQ(llvm::toString(cluster.checkDevices(17)), "the cluster 'two boxes' has 16 devices: got 17");
}

TEST(ClusterTest, CollectivesOfTwoNodes) {
  Cluster cluster = parse();
  tp::Collective allReduce;
  auto time = [&](int64_t size, int64_t bytes) {
    allReduce.axes = {tp::AxisRef{0, 1, size}};
    return cluster.getCollectiveTime(allReduce, size, 1, 16, bytes, bytes);
  };
  // Small: one exchange in the node, one between nodes. Large: parts cross.
  EXPECT_NEAR(time(16, 16), time(8, 16) + 10, 0.01);
  double large = 1e9;
  EXPECT_NEAR(time(16, large), time(8, large) + large / 8 / 40e3, 0.02 * time(16, large));
  // Groups of two over eight devices of stride four: inside.
  allReduce.axes = {tp::AxisRef{0, 1, 2}};
  EXPECT_LT(cluster.getCollectiveTime(allReduce, 8, 1, 8, 16, 16), 4);
}

TEST(ClusterTest, CollectivesOfTwoAxes) {
  Cluster cluster = parse();
  tp::Mesh mesh("mesh", {cluster.getAxis("ep", 2, 8, 16), cluster.getAxis("tp", 8, 1, 16)});
  auto time = [&](tp::AxisRefs axes) {
    tp::Collective allReduce;
    allReduce.axes = std::move(axes);
    return cluster.getCollectiveTime(allReduce, mesh, 16, 1 << 20, 1 << 20);
  };
  auto of = [&](int64_t size, int64_t stride) {
    tp::Collective allReduce;
    allReduce.axes = {tp::AxisRef{0, 1, size}};
    return cluster.getCollectiveTime(allReduce, size, stride, 16, 1 << 20, 1 << 20);
  };
  tp::AxisRef ep = tp::AxisRef::whole(mesh, 0), tp = tp::AxisRef::whole(mesh, 1);
  // Across nodes, in one, and all of both.
  EXPECT_EQ(time({ep}), of(2, 8));
  EXPECT_EQ(time({tp}), of(8, 1));
  EXPECT_EQ(time({ep, tp}), of(16, 1));
  EXPECT_GT(time({ep, tp}), time({tp}));
}

} // namespace
