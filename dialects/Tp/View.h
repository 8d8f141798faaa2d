//===- View.h - How elements lie in weight files ----------------*- C++ -*-===//

#ifndef DIALECTS_TP_VIEW_H
#define DIALECTS_TP_VIEW_H

#include "dialects/Tp/Tp.h"

namespace tpo::tp {

// The offset of a #tp.view counts bytes. Elements of less than 8 bits (`i4`,
// `ui2`, `f4E2M1FN`, ...) are packed in the file, from the low bits of each byte
// up: their offset counts bits, and a stride steps by the bits of an element. A
// bool takes a byte. Loading unpacks to one byte per element.

/// Whether elements of `type`, an integer or a float, share bytes in a file.
inline bool isPacked(mlir::Type type) {
  unsigned bits = type.getIntOrFloatBitWidth();
  return bits > 1 && bits % 8 != 0;
}

/// What one element of `type` adds to the offset of a #tp.view: its bytes, or
/// its bits where elements share bytes.
inline int64_t getOffsetUnits(mlir::Type type) {
  unsigned bits = type.getIntOrFloatBitWidth();
  return bits == 1 ? 1 : isPacked(type) ? bits : bits / 8;
}

} // namespace tpo::tp

#endif // DIALECTS_TP_VIEW_H
