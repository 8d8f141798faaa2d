//===- Data.cpp - Values for operators, and their comparison --------------===//

#include "Data.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/Support/FormatVariadic.h"

#include <cmath>

using namespace mlir;

namespace tpo::test {

Values makeValues(int64_t count, int64_t low, int64_t high, std::mt19937 &random) {
  Values values(count);
  for (double &value : values)
    value = double(low + int64_t(random() % uint64_t(high - low + 1)));
  return values;
}

Values makeTerms(const Values &values, int64_t terms, tp::ReductionKind kind, std::mt19937 &random) {
  size_t count = values.size();
  Values result(count * terms);
  for (size_t i = 0; i < count; ++i) {
    int64_t last = random() % terms;
    double rest = values[i];
    for (int64_t term = 0; term < terms; ++term) {
      double &value = result[term * count + i];
      double delta = double(random() % 4);
      if (term == last)
        continue;
      value = kind == tp::ReductionKind::Sum   ? delta - 1
              : kind == tp::ReductionKind::Max ? values[i] - delta
                                               : values[i] + delta;
      rest -= value;
    }
    result[last * count + i] = kind == tp::ReductionKind::Sum ? rest : values[i];
  }
  return result;
}

static unsigned getBytes(Type type) { return (type.getIntOrFloatBitWidth() + 7) / 8; }

std::string encode(const Values &values, Type type) {
  unsigned size = getBytes(type);
  std::string bytes;
  for (double value : values) {
    uint64_t bits = uint64_t(int64_t(value));
    if (auto floatType = dyn_cast<FloatType>(type)) {
      llvm::APFloat converted(value);
      bool lossy;
      converted.convert(floatType.getFloatSemantics(), llvm::APFloat::rmNearestTiesToEven, &lossy);
      bits = converted.bitcastToAPInt().getZExtValue();
    } else if (type.isInteger(1)) {
      bits = value != 0;
    }
    bytes.append(reinterpret_cast<const char *>(&bits), size);
  }
  return bytes;
}

Values decode(StringRef bytes, Type type) {
  unsigned size = getBytes(type);
  Values values;
  for (size_t at = 0; at + size <= bytes.size(); at += size) {
    uint64_t bits = 0;
    std::memcpy(&bits, bytes.data() + at, size);
    if (auto floatType = dyn_cast<FloatType>(type)) {
      llvm::APFloat value(floatType.getFloatSemantics(), llvm::APInt(floatType.getWidth(), bits, false, true));
      bool lossy;
      value.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven, &lossy);
      values.push_back(value.convertToDouble());
    } else if (type.isUnsignedInteger() || type.isInteger(1)) {
      values.push_back(double(bits));
    } else {
      values.push_back(double(int64_t(bits << (64 - 8 * size)) >> (64 - 8 * size)));
    }
  }
  return values;
}

std::optional<std::string> compare(const Values &expected, const Values &actual, Type type) {
  if (expected.size() != actual.size())
    return llvm::formatv("{0} elements, expected {1}", actual.size(), expected.size()).str();
  double tolerance = 0;
  if (auto floatType = dyn_cast<FloatType>(type))
    tolerance = 64 * std::ldexp(1.0, -int(floatType.getFPMantissaWidth()));
  for (size_t i = 0; i < expected.size(); ++i) {
    double want = expected[i], got = actual[i];
    if (want == got || (std::isnan(want) && std::isnan(got)))
      continue;
    if (std::isfinite(want) && std::isfinite(got) && std::abs(want - got) <= tolerance * std::max(1.0, std::abs(want)))
      continue;
    return llvm::formatv("element {0} is {1}, expected {2}", i, got, want).str();
  }
  return std::nullopt;
}

} // namespace tpo::test
