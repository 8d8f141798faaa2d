//===- Rendezvous.h - Members of a group find each other --------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_CUDA_RENDEZVOUS_H
#define TPRT_CUDA_RENDEZVOUS_H

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace tprt::cuda {

/// Gives the same T to all members that create a group of one key and member
/// list: a member's n-th such call gets the n-th T. The caller locks.
template <typename T> class Rendezvous {
public:
  /// `create()` makes the T when this member is the first to come.
  template <class F>
  T join(int key, const std::vector<int> &members, int member, F create) {
    Place &place = places[{key, members}];
    uint64_t generation = place.joins[member]++;
    auto [entry, isFirst] = place.forming.try_emplace(generation);
    if (isFirst) {
      try {
        entry->second.first = create();
      } catch (...) {
        place.forming.erase(entry);
        throw;
      }
    }
    T result = entry->second.first;
    if (++entry->second.second == members.size())
      place.forming.erase(entry);
    return result;
  }

private:
  struct Place {
    std::map<int, uint64_t> joins;                    ///< by member
    std::map<uint64_t, std::pair<T, size_t>> forming; ///< and who has come
  };
  std::map<std::pair<int, std::vector<int>>, Place> places;
};

} // namespace tprt::cuda

#endif // TPRT_CUDA_RENDEZVOUS_H
