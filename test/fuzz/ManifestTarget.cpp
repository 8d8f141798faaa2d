//===- ManifestTarget.cpp - libFuzzer: an artifact's manifest -------------===//

#include "core/Manifest.h"

#include <cstdint>
#include <exception>

namespace {

/// All that a run computes of the manifest's sizes, every symbol being `value`.
void computeSizes(const tprt::Manifest &manifest, int64_t value) {
  tprt::SymbolValues symbols(manifest.symbols.size(), value);
  try {
    for (const auto *tensors : {&manifest.inputs, &manifest.outputs})
      for (const tprt::TensorSpec &tensor : *tensors) {
        for (size_t d = 0; d < tensor.dims.size(); ++d)
          tensor.layout[d].range(manifest.mesh, manifest.ranks - 1, *tensor.dims[d].evaluate(symbols));
        for (const tprt::ElementSpec &element : tensor.elements)
          element.value.evaluate(symbols);
      }
    for (const tprt::Expr &expr : manifest.required) {
      expr.evaluate(symbols);
      expr.text(manifest.symbols);
    }
  } catch (const std::exception &) {
    // Sizes that overflow are refused.
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  try {
    tprt::Manifest manifest =
        tprt::Manifest::parse(std::string(reinterpret_cast<const char *>(data), size), "manifest.json");
    for (int64_t value : {int64_t(0), int64_t(7), INT64_MAX})
      computeSizes(manifest, value);
  } catch (const std::exception &) {
    // A message: what a damaged manifest is answered with.
  }
  return 0;
}
