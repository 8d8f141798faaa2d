//===- WireFormat.h - A ModelProto without its weights ---------*- C++ -*-===//
//
// protobuf has no way to skip a field: parsing a model with inline weights
// would load them all. This walks the encoded message itself, copies everything
// but tensor contents, and remembers where in the file those lie.
//
// Reference: https://protobuf.dev/programming-guides/encoding/
//
//===----------------------------------------------------------------------===//

#ifndef TPOPT_LIB_IMPORT_WIREFORMAT_H
#define TPOPT_LIB_IMPORT_WIREFORMAT_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>
#include <vector>

namespace tpo::importer {

struct ByteRange {
  uint64_t offset = 0;
  uint64_t size = 0;
};

struct StrippedModel {
  /// A ModelProto in which tensors lack their contents.
  std::string bytes;
  /// Where those contents lie in the file. A tensor's range is
  /// `payloads[i]` where the tensor has the `external_data` entry
  /// (kPayloadKey, i).
  std::vector<ByteRange> payloads;
};

inline constexpr llvm::StringLiteral kPayloadKey = "tp-opt.payload";

/// Strips the encoded ModelProto `file`; an error says at which byte it is not
/// one.
llvm::Expected<StrippedModel> stripPayloads(llvm::StringRef file);

} // namespace tpo::importer

#endif // TPOPT_LIB_IMPORT_WIREFORMAT_H
