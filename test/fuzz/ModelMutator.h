//===- ModelMutator.h - Damage to ONNX models ------------------*- C++ -*-===//
//
// Makes damaged models out of good ones: bytes, element types, shapes, edges of
// the graph (cycles, dangling and doubled names), attributes, opsets, and where
// external weights lie. The same seed gives the same model.
//
//===----------------------------------------------------------------------===//

#ifndef TEST_FUZZ_MODELMUTATOR_H
#define TEST_FUZZ_MODELMUTATOR_H

#include "onnx/onnx_pb.h"

#include <cstdint>
#include <random>
#include <string>

namespace tpo::fuzz {

/// Moves initializers of more than `keep` bytes to external data in the file
/// `location` (which need not hold anything), so that damage meets the graph
/// and not the weights. Returns the size that the file must have.
uint64_t moveWeightsOut(::onnx::ModelProto &model, const std::string &location, uint64_t keep = 256);

class ModelMutator {
public:
  explicit ModelMutator(uint64_t seed) : random(seed) {}

  /// A damaged copy, serialized; 1 to 3 changes.
  std::string mutate(const ::onnx::ModelProto &model);
  /// What was done to the last one.
  const std::string &description() const { return done; }

private:
  void change(::onnx::ModelProto &model);
  void changeNode(::onnx::GraphProto &graph);
  void changeEdge(::onnx::GraphProto &graph);
  void changeAttribute(::onnx::GraphProto &graph);
  void changeType(::onnx::GraphProto &graph);
  void changeShape(::onnx::GraphProto &graph);
  void changeInitializer(::onnx::GraphProto &graph);
  void changeName(::onnx::GraphProto &graph);
  void changeOpset(::onnx::ModelProto &model);
  void changeBytes(std::string &bytes);
  uint64_t pick(uint64_t bound) { return bound ? random() % bound : 0; }
  int64_t oddNumber();
  void note(const std::string &what) { done += (done.empty() ? "" : ", ") + what; }

  std::mt19937_64 random;
  std::string done;
};

} // namespace tpo::fuzz

#endif // TEST_FUZZ_MODELMUTATOR_H
