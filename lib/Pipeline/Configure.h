//===- Configure.h - What a named cluster decides ---------------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TP_OPT_LIB_PIPELINE_CONFIGURE_H
#define TP_OPT_LIB_PIPELINE_CONFIGURE_H

#include "tp-opt/Pipeline/Compiler.h"
#include "tp-opt/Planning/Configurations.h"

namespace tpo {

/// What `--cluster`, `--devices` and `--tp=auto` come to for one model.
struct Configured {
  std::optional<Cluster> cluster;
  std::optional<ConfigurationTable> table; ///< Where it is asked for.
  std::vector<MeshAxisOption> mesh;        ///< To compile for.

  /// The mesh with the cluster's links.
  tp::Mesh getMesh(int64_t devices) const;
};

/// Loads the cluster; fails with an error that names file and line.
mlir::LogicalResult loadCluster(const CompileOptions &options, mlir::MLIRContext &context, Configured &configured);

/// Ranks the configurations of the simplified module if they are asked for, chooses
/// tp, and warns where a tp that is given pays for nothing or does not fit.
mlir::LogicalResult configure(mlir::ModuleOp module, const CompileOptions &options, Configured &configured);

} // namespace tpo

#endif // TP_OPT_LIB_PIPELINE_CONFIGURE_H
