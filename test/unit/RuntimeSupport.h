//===- RuntimeSupport.h - Artifacts made by tests ---------------*- C++ -*-===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TEST_UNIT_RUNTIMESUPPORT_H
#define TEST_UNIT_RUNTIMESUPPORT_H

#include "core/View.h"
#include "tprt/tprt.h"

#include <nlohmann/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <string>
#include <unistd.h>
#include <vector>

namespace test {

// A folder that disappears with the object.
class TempDir {
public:
  TempDir() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tprt-test-XXXXXX").string();
    path = mkdtemp(pattern.data());
  }
  ~TempDir() {
    std::error_code error;
    std::filesystem::remove_all(path, error);
  }
  std::string operator/(const std::string &name) const { return path + "/" + name; }
  std::string path;
};

inline void writeFile(const std::string &path, const std::string &content) {
  std::ofstream(path, std::ios::binary) << content;
}

template <typename T> std::string bytesOf(const std::vector<T> &values) {
  return std::string(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(T));
}

// Dimensions in short: "s0 s1+s2 8". (nlohmann::json reads {{"s", 0}} as an
// object.)
inline nlohmann::json dims(const std::string &text) {
  using nlohmann::json;
  auto term = [](const std::string &item) {
    return item[0] == 's' ? json::array({"s", std::stoi(item.substr(1))}) : json(std::stoi(item));
  };
  json result = json::array();
  std::istringstream stream(text);
  for (std::string item; stream >> item;) {
    size_t plus = item.find('+');
    result.push_back(plus == std::string::npos
                         ? term(item)
                         : json::array({"+", term(item.substr(0, plus)), term(item.substr(plus + 1))}));
  }
  return result;
}

// A manifest with nothing in it but what is required.
inline nlohmann::json emptyManifest(int ranks) {
  using nlohmann::json;
  std::vector<int> all;
  for (int i = 0; i < ranks; ++i)
    all.push_back(i);
  return {{"format", "tpx"},
          {"version", 1},
          {"abi", TPRT_ABI_VERSION},
          {"target", "cpu"},
          {"model", {{"path", "model.onnx"}, {"name", "main"}}},
          {"mesh", {{"axes", json::array({{{"name", "tp"}, {"size", ranks}}})}}},
          {"ranks", ranks},
          {"symbols", json::array({"n", "%tp"})},
          {"inputs", json::array({{{"name", "x"},
                                   {"dtype", TPRT_F32},
                                   {"dims", dims("s0")},
                                   {"layout", json::array({json::array()})},
                                   {"strided", false}}})},
          {"outputs", json::array({{{"name", "y"},
                                    {"dtype", TPRT_F32},
                                    {"dims", dims("s0")},
                                    {"layout", json::array({json::array()})},
                                    {"strided", false}}})},
          {"states", json::array()},
          {"files", json::array()},
          {"weights", json::array()},
          {"groups", json::array({json::array({all})})},
          {"arena", {{"slots", 0}, {"lifetimes", json::array()}}},
          {"ops", json::array({{{"name", "/first"}, {"type", "MatMul"}, {"layer", 0}},
                               {{"name", "/second"}, {"type", "Gather"}, {"layer", nullptr}}})},
          {"kernels", json::array()}};
}

// Compiles `body` (C, after #include "tprt/abi.h") to program.so in `directory`.
// It must define tp_sizes and tp_run.
inline void buildProgram(const std::string &directory, const std::string &body) {
  writeFile(directory + "/program.c", "#include \"tprt/abi.h\"\n#include <string.h>\n#include <unistd.h>\n"
                                      "int32_t tp_abi_version(void) { return TPRT_ABI_VERSION; }\n" +
                                          body);
  std::string command = std::string(TPRT_TEST_CC) + " -shared -fPIC -O1 -I" + TPRT_TEST_INCLUDE + " " + directory +
                        "/program.c -o " + directory + "/program.so";
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
}

inline void writeArtifact(const std::string &directory, const nlohmann::json &manifest, const std::string &program) {
  std::filesystem::create_directories(directory);
  writeFile(directory + "/manifest.json", manifest.dump());
  buildProgram(directory, program);
}

// A contiguous view of `values`.
template <typename T> tprt_view viewOf(std::vector<T> &values, int32_t dtype, std::vector<int64_t> sizes) {
  tprt_view view{};
  view.data = values.data();
  view.dtype = dtype;
  view.rank = static_cast<int32_t>(sizes.size());
  std::copy(sizes.begin(), sizes.end(), view.sizes);
  tprt::setContiguousStrides(view);
  return view;
}

// The message of a status, which is freed; "" for success.
inline std::string take(tprt_status *status) {
  std::string message = tprt_status_message(status);
  tprt_status_free(status);
  return message;
}

} // namespace test

#endif // TEST_UNIT_RUNTIMESUPPORT_H
