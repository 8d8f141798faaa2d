//===- BackendLoader.h - Finding a target's backend ------------*- C++ -*--===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_CORE_BACKENDLOADER_H
#define TPRT_CORE_BACKENDLOADER_H

#include "tprt/device.h"

namespace tprt {

// The backend of a manifest's "target": built in for "cpu", else opened from
// libtprt_<target>.so beside this library or on the library path. Throws
// TPRT_UNSUPPORTED when there is none.
std::shared_ptr<Backend> loadBackend(const std::string &target);

} // namespace tprt

#endif // TPRT_CORE_BACKENDLOADER_H
