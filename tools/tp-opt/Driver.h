//===- Driver.h - The command line of the compiler --------------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TOOLS_TP_OPT_DRIVER_H
#define TOOLS_TP_OPT_DRIVER_H

namespace tpo {

/// Whether the arguments are for the compiler (an .onnx file, its options, or
/// plain --help) rather than for mlir-opt's command line.
bool isCompilerCommand(int argc, char **argv);

/// tp-opt MODEL.onnx ...: returns the exit code.
int runCompiler(int argc, char **argv);

} // namespace tpo

#endif // TOOLS_TP_OPT_DRIVER_H
