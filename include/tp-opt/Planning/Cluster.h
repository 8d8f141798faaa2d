//===- Cluster.h - Devices and the links between them -----------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What `--cluster` names: a preset, or a file in YAML (JSON is YAML) such as
//
//   name: two boxes
//   devices-per-node: 8
//   nodes: 2                       # without it: as many as needed
//   memory: 80 GB
//   memory-bandwidth: 3.35 TB/s
//   flops: { f32: 67 TFLOP/s, bf16: 989 TFLOP/s }
//   launch: 2 us
//   intra-node: { bandwidth: 450 GB/s, latency: 3 us }
//   inter-node: { bandwidth: 50 GB/s, latency: 10 us }
//   achievable: { flops: 0.65, memory-bandwidth: 0.8, links: 0.8, memory: 0.9 }
//
// Bandwidth of links is per device and direction. docs/planning.md describes the
// keys.
//
//===----------------------------------------------------------------------===//

#ifndef TP_OPT_PLANNING_CLUSTER_H
#define TP_OPT_PLANNING_CLUSTER_H

#include "tp-opt/Planning/CostModel.h"

#include "llvm/Support/Error.h"

#include <optional>
#include <string>

namespace tpo {

struct Link {
  double bandwidth = tp::MeshAxis::kDefaultBandwidth; ///< GB/s per device and direction.
  double latency = tp::MeshAxis::kDefaultLatency;     ///< Microseconds per message.

  /// Of one message.
  double getMicroseconds(double bytes) const { return bytes / (bandwidth * 1e3) + latency; }
};

/// All figures are what programs achieve, not what data sheets promise. Ranks
/// fill nodes one after the other.
struct Cluster {
  std::string name;
  DeviceModel device;
  double memoryBytes = 0; ///< That a program may use of each device.
  int64_t devicesPerNode = 1;
  std::optional<int64_t> nodes; ///< None: as many as needed.
  Link intraNode;
  std::optional<Link> interNode;

  /// Fails where the cluster has fewer devices.
  llvm::Error checkDevices(int64_t devices) const;
  /// Of one node, or of all where their number is given.
  int64_t getDefaultDevices() const { return devicesPerNode * nodes.value_or(1); }

  /// Whether groups of `size` of the first `devices` ranks, `stride` apart, are
  /// each inside one node.
  bool isInsideNode(int64_t size, int64_t stride, int64_t devices) const;
  /// What collectives along a mesh axis of `size` devices see, neighbours being
  /// `stride` ranks apart. With m devices of the axis in each of k nodes, a
  /// reduction goes through the node first, so that B/m bytes per device cross
  /// nodes; the bandwidth is the one with which a ring of all m k devices would
  /// take that long. The latency is that of a message across nodes and two inside.
  Link getAxisLink(int64_t size, int64_t stride, int64_t devices) const;
  /// An axis of a mesh with these links.
  tp::MeshAxis getAxis(llvm::StringRef axisName, int64_t size, int64_t stride, int64_t devices) const;

  /// Microseconds of a collective among groups of devices along the only axis of a
  /// mesh, `stride` apart: where groups span nodes, the faster of two ways through
  /// the node first, whole or in parts of 1/m. Each doubling of the nodes adds half
  /// a message's latency.
  double getCollectiveTime(const tp::Collective &collective, int64_t axisSize, int64_t stride, int64_t devices,
                           int64_t inputBytes, int64_t outputBytes) const;
  /// The same on a mesh whose last axis has neighbours 1 apart, axes before it as far
  /// as those behind it are long. A group along several axes is taken for one of
  /// equal distances, the smallest of theirs.
  double getCollectiveTime(const tp::Collective &collective, const tp::Mesh &mesh, int64_t devices, int64_t inputBytes,
                           int64_t outputBytes) const;
  /// The slowest link between a rank of one stage and the same rank of the next,
  /// with stages of `tp` ranks: behind `stage`, in any of the replicas.
  const Link &getStageLink(int64_t stage, int64_t tp, int64_t pp, int64_t dp) const;

private:
  double getGroupTime(const tp::Collective &collective, int64_t stride, int64_t devices, int64_t inputBytes,
                      int64_t outputBytes) const;
};

/// A preset's cluster, or a file's. Errors of files name file and line.
llvm::Expected<Cluster> loadCluster(llvm::StringRef nameOrFile);
/// `bufferName` stands for the file in errors.
llvm::Expected<Cluster> parseCluster(llvm::StringRef text, llvm::StringRef bufferName);

/// Bytes of "80 GB" or "16 GiB", as cluster files write them.
llvm::Expected<double> parseMemorySize(llvm::StringRef text);

/// Name and text of every preset.
struct ClusterPreset {
  llvm::StringLiteral name, summary, text;
};
llvm::ArrayRef<ClusterPreset> getClusterPresets();

} // namespace tpo

#endif // TP_OPT_PLANNING_CLUSTER_H
