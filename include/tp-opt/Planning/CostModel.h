//===- CostModel.h - Modelled time of local work and reshards ---*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TP_OPT_PLANNING_COSTMODEL_H
#define TP_OPT_PLANNING_COSTMODEL_H

#include "dialects/Tp/Interfaces.h"
#include "dialects/Tp/Reshard.h"

#include "llvm/ADT/DenseMap.h"

#include <array>
#include <functional>

namespace tpo {

/// Element types whose products have a speed of their own.
enum class ArithmeticType { F32, F16, BF16, FP8, Int8, Int4, F64 };
inline constexpr unsigned kNumArithmeticTypes = 7;
/// As cluster files spell it: "f32", "bf16", "fp8", ...
llvm::StringRef getName(ArithmeticType type);
/// The type that products of these elements are computed in.
ArithmeticType getArithmeticType(mlir::Type elementType);

/// What one device can do. The defaults are a current data-centre GPU at the
/// utilisation that dense layers reach.
struct DeviceModel {
  /// By ArithmeticType: 40 TFLOP/s in f32, ten times that in half precision. 0: no
  /// such arithmetic.
  std::array<double, kNumArithmeticTypes> flopsPerMicrosecond = {4e7, 4e8, 4e8, 8e8, 8e8, 0, 2e7};
  double bytesPerMicrosecond = 2.5e6; ///< 2.5 TB/s.
  double launchMicroseconds = 3;

  /// Types that the device does not have are computed in the next wider one that
  /// it has, f64 at half the speed of f32.
  double getFlopsPerMicrosecond(ArithmeticType type) const;
};

/// How long a collective takes whose input and output occupy these bytes on the
/// device that holds most.
using CollectiveTime = std::function<double(const tp::Collective &, int64_t inputBytes, int64_t outputBytes)>;

/// Sizes at which time is counted, and how often they occur: one prefill and
/// the decode steps that follow it.
struct OperatingPoint {
  llvm::SmallVector<int64_t> symbols;
  double weight = 1;
};

/// Microseconds at each operating point.
using PointTimes = llvm::SmallVector<double, 2>;

/// Time in microseconds at the operating points.
class CostModel {
public:
  /// Without `collectives` the mesh's links tell their time.
  CostModel(const tp::Mesh &mesh, DeviceModel device, std::vector<OperatingPoint> points,
            CollectiveTime collectives = nullptr)
      : mesh(mesh), device(device), points(std::move(points)), collectives(std::move(collectives)) {}

  llvm::ArrayRef<OperatingPoint> getPoints() const { return points; }
  /// The same where only one of the points counts.
  CostModel at(unsigned point) const;

  /// The longest time that a device needs for its part of `op`: the larger of
  /// arithmetic and memory traffic, and a launch. What is in memory follows from
  /// the operations around (getExecution).
  PointTimes getTimes(mlir::Operation *op, const tp::ShardingRule &rule, const tp::FactorAssignment &assignment,
                      const tp::OpLayouts &layouts) const;

  /// The cheapest collectives from one layout to another; none where there are
  /// none.
  const std::optional<PointTimes> &getReshardTimes(mlir::RankedTensorType type, tp::LayoutAttr from,
                                                   tp::LayoutAttr to);

  /// The sum over the operating points as often as they occur.
  double weigh(llvm::ArrayRef<double> times) const;
  /// The weighed time of a reshard; CostNetwork::kInfinity where there is none.
  double getReshardTime(mlir::RankedTensorType type, tp::LayoutAttr from, tp::LayoutAttr to);

private:
  double getTime(llvm::ArrayRef<tp::ReshardStep> steps, llvm::ArrayRef<int64_t> shape, int64_t elementBits,
                 llvm::ArrayRef<int64_t> symbols) const;

  tp::Mesh mesh;
  DeviceModel device;
  std::vector<OperatingPoint> points;
  CollectiveTime collectives;
  llvm::DenseMap<std::tuple<mlir::Type, mlir::Attribute, mlir::Attribute>, std::optional<PointTimes>> reshards;
};

/// Sizes of `type` at these symbol values; unknown ones count 1.
llvm::SmallVector<int64_t> getShapeAt(mlir::RankedTensorType type, llvm::ArrayRef<int64_t> symbols);
/// Bits of one stored element: a bool takes a byte.
int64_t getElementBits(mlir::Type elementType);

} // namespace tpo

#endif // TP_OPT_PLANNING_COSTMODEL_H
