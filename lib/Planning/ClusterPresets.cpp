//===- ClusterPresets.cpp - Clusters known by name ------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Peak figures are those of NVIDIA's data sheets, dense (their headline figures
// are with sparsity: twice these):
// - "NVIDIA H100 Tensor Core GPU" (SXM5): 80 GB, 3.35 TB/s, NVLink 900 GB/s in both
//   directions together, f32 67, bf16 and f16 989, fp8 and int8 1,979 TFLOP/s;
// - "NVIDIA H200 Tensor Core GPU": the same with 141 GB, 4.8 TB/s;
// - "NVIDIA A100 Tensor Core GPU" (80 GB): SXM 2.039 TB/s, NVLink 600 GB/s; PCIe
//   1.935 TB/s; f32 19.5, bf16 and f16 312, int8 624, int4 1,248 TFLOP/s;
// - "NVIDIA L40S": 48 GB, 864 GB/s, f32 91.6, bf16 and f16 362, fp8 and int8 733 TFLOP/s.
// PCIe 4.0 x16 carries 32 GB/s per direction. Between nodes: one InfiniBand NDR
// (400 Gb/s) port per GPU for H100 and H200, as in a DGX; HDR (200 Gb/s) for A100;
// one port per four GPUs for the PCIe boxes.
//
// Latencies and fractions are typical of published measurements (NCCL's
// all-reduce of small messages, large bf16 products) and are not measured here.
// The CPU's figures are from docs/performance.md's machine: large products, 36 GB/s of
// memory per core at best.
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Planning/Cluster.h"

namespace tpo {

static constexpr ClusterPreset kPresets[] = {
    {"8xH100", "H100 SXM 80 GB, 8 per node, NVLink; InfiniBand NDR between nodes", R"(
devices-per-node: 8
memory: 80 GB
memory-bandwidth: 3.35 TB/s
flops: { f32: 67 TFLOP/s, f16: 989 TFLOP/s, bf16: 989 TFLOP/s, fp8: 1979 TFLOP/s, int8: 1979 TOP/s }
launch: 2 us
intra-node: { bandwidth: 450 GB/s, latency: 5 us }
inter-node: { bandwidth: 50 GB/s, latency: 20 us }
achievable: { flops: 0.65, memory-bandwidth: 0.8, links: 0.8, memory: 0.9 }
)"},
    {"8xH200", "H200 SXM 141 GB, 8 per node, NVLink; InfiniBand NDR between nodes", R"(
devices-per-node: 8
memory: 141 GB
memory-bandwidth: 4.8 TB/s
flops: { f32: 67 TFLOP/s, f16: 989 TFLOP/s, bf16: 989 TFLOP/s, fp8: 1979 TFLOP/s, int8: 1979 TOP/s }
launch: 2 us
intra-node: { bandwidth: 450 GB/s, latency: 5 us }
inter-node: { bandwidth: 50 GB/s, latency: 20 us }
achievable: { flops: 0.65, memory-bandwidth: 0.8, links: 0.8, memory: 0.9 }
)"},
    {"8xA100", "A100 SXM 80 GB, 8 per node, NVLink; InfiniBand HDR between nodes", R"(
devices-per-node: 8
memory: 80 GB
memory-bandwidth: 2.039 TB/s
flops: { f32: 19.5 TFLOP/s, f16: 312 TFLOP/s, bf16: 312 TFLOP/s, int8: 624 TOP/s, int4: 1248 TOP/s }
launch: 2.5 us
intra-node: { bandwidth: 300 GB/s, latency: 6 us }
inter-node: { bandwidth: 25 GB/s, latency: 20 us }
achievable: { flops: 0.7, memory-bandwidth: 0.8, links: 0.8, memory: 0.9 }
)"},
    {"8xA100-PCIe", "A100 PCIe 80 GB, 8 per node, PCIe 4.0; one InfiniBand HDR port per four between nodes", R"(
devices-per-node: 8
memory: 80 GB
memory-bandwidth: 1.935 TB/s
flops: { f32: 19.5 TFLOP/s, f16: 312 TFLOP/s, bf16: 312 TFLOP/s, int8: 624 TOP/s, int4: 1248 TOP/s }
launch: 2.5 us
intra-node: { bandwidth: 32 GB/s, latency: 10 us }
inter-node: { bandwidth: 6 GB/s, latency: 25 us }
achievable: { flops: 0.6, memory-bandwidth: 0.8, links: 0.7, memory: 0.9 }
)"},
    {"4xL40S", "L40S 48 GB, 4 per node, PCIe 4.0; one InfiniBand HDR port between nodes", R"(
devices-per-node: 4
memory: 48 GB
memory-bandwidth: 864 GB/s
flops: { f32: 91.6 TFLOP/s, f16: 362 TFLOP/s, bf16: 362 TFLOP/s, fp8: 733 TFLOP/s, int8: 733 TOP/s }
launch: 2.5 us
intra-node: { bandwidth: 32 GB/s, latency: 10 us }
inter-node: { bandwidth: 6 GB/s, latency: 25 us }
achievable: { flops: 0.6, memory-bandwidth: 0.8, links: 0.7, memory: 0.9 }
)"},
    {"cpu-2core", "two CPU cores with AVX-512 that share memory: the embedded target", R"(
devices-per-node: 2
nodes: 1
memory: 8 GB
memory-bandwidth: 18 GB/s
flops: { f32: 235 GFLOP/s, bf16: 466 GFLOP/s }
launch: 0.5 us
intra-node: { bandwidth: 8 GB/s, latency: 1 us }
achievable: { flops: 0.8, memory-bandwidth: 1, links: 1, memory: 0.9 }
)"},
};

llvm::ArrayRef<ClusterPreset> getClusterPresets() { return kPresets; }

} // namespace tpo
