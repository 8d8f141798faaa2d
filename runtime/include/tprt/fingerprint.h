//===- fingerprint.h - Recognising a weight file -----------------*- C -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How an artifact recognises the weight files it was compiled from. Shared by
// the compiler, which records it, and the runtime, which checks it.
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_FINGERPRINT_H
#define TPRT_FINGERPRINT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define TPRT_FINGERPRINT_BLOCKS 64
#define TPRT_FINGERPRINT_BLOCK_BYTES 4096

// Writes 16 hexadecimal digits and a zero into `text`: FNV-1a (64 bit) over the
// file's size and 64 blocks of 4 KiB, the first at its start, the last at its
// end, the others evenly between (the whole file when it is smaller than that).
// `data` is the file's content. Milliseconds for any size: not a proof, but a
// model trained further differs in some of the blocks.
static inline void tprt_fingerprint(const void *data, uint64_t bytes, char text[17]) {
  const unsigned char *begin = (const unsigned char *)data;
  const uint64_t whole = (uint64_t)TPRT_FINGERPRINT_BLOCKS * TPRT_FINGERPRINT_BLOCK_BYTES;
  uint64_t hash = 14695981039346656037ull;
  const uint64_t prime = 1099511628211ull;
  for (int i = 0; i < 8; ++i)
    hash = (hash ^ ((bytes >> (8 * i)) & 0xff)) * prime;
  if (bytes <= whole) {
    for (uint64_t i = 0; i < bytes; ++i)
      hash = (hash ^ begin[i]) * prime;
  } else {
    uint64_t last = bytes - TPRT_FINGERPRINT_BLOCK_BYTES;
    uint64_t step = last / (TPRT_FINGERPRINT_BLOCKS - 1);
    for (int block = 0; block < TPRT_FINGERPRINT_BLOCKS; ++block) {
      const unsigned char *at = begin + (block + 1 == TPRT_FINGERPRINT_BLOCKS ? last : block * step);
      for (int i = 0; i < TPRT_FINGERPRINT_BLOCK_BYTES; ++i)
        hash = (hash ^ at[i]) * prime;
    }
  }
  snprintf(text, 17, "%016llx", (unsigned long long)hash);
}

#endif // TPRT_FINGERPRINT_H
