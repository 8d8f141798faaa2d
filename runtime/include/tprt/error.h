//===- error.h - Errors inside the runtime ----------------------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The runtime's C++ code reports errors with exceptions of this one class. They
// are turned into a tprt_status at the C API and into the context's sticky
// error at the program ABI: none ever unwinds through a compiled program.
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_ERROR_H
#define TPRT_ERROR_H

#include "tprt/tprt.h"

#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

namespace tprt {

// Streams all arguments into one string.
template <typename... Args> std::string concat(Args &&...args) {
  std::ostringstream stream;
  (stream << ... << std::forward<Args>(args));
  return stream.str();
}

class Error : public std::runtime_error {
public:
  Error(tprt_code code, const std::string &message) : std::runtime_error(message), codeValue(code) {}
  tprt_code code() const { return codeValue; }

private:
  tprt_code codeValue;
};

// Throws an Error whose message is the concatenation of `args`.
template <typename... Args> [[noreturn]] void fail(tprt_code code, Args &&...args) {
  throw Error(code, concat(std::forward<Args>(args)...));
}

} // namespace tprt

#endif // TPRT_ERROR_H
