//===- TensorFields.cpp - Typed fields of TensorProto ---------------------===//

#include "TensorFields.h"

#include "llvm/Support/Endian.h"
#include "llvm/Support/FormatVariadic.h"

using namespace llvm;
using ::onnx::TensorProto;

static_assert(endianness::native == endianness::little,
              "tensor contents are taken as they are in the file");

template <typename Stored, typename Field>
static std::string encode(const Field &values) {
  std::string bytes;
  bytes.reserve(values.size() * sizeof(Stored));
  for (auto value : values) {
    Stored stored = static_cast<Stored>(value);
    bytes.append(reinterpret_cast<const char *>(&stored), sizeof(Stored));
  }
  return bytes;
}

// One element per int32 in this field alone; raw data is packed.
template <typename Field> static std::string packSixBits(const Field &values) {
  std::string bytes((values.size() * 6 + 7) / 8, '\0');
  size_t bit = 0;
  for (auto value : values) {
    unsigned element = (static_cast<unsigned>(value) & 0x3f) << bit % 8;
    bytes[bit / 8] |= static_cast<char>(element);
    if (element >> 8)
      bytes[bit / 8 + 1] |= static_cast<char>(element >> 8);
    bit += 6;
  }
  return bytes;
}

Expected<std::string> tpo::importer::encodeFields(const TensorProto &tensor) {
  if (tensor.has_raw_data())
    return tensor.raw_data();
  switch (tensor.data_type()) {
  case TensorProto::FLOAT:
  case TensorProto::COMPLEX64:
    return encode<float>(tensor.float_data());
  case TensorProto::DOUBLE:
  case TensorProto::COMPLEX128:
    return encode<double>(tensor.double_data());
  case TensorProto::INT64:
    return encode<int64_t>(tensor.int64_data());
  case TensorProto::UINT64:
    return encode<uint64_t>(tensor.uint64_data());
  case TensorProto::UINT32:
    return encode<uint32_t>(tensor.uint64_data());
  case TensorProto::INT32:
    return encode<int32_t>(tensor.int32_data());
  // Narrow types, 16-bit floats as bit patterns, packed 4-bit pairs: one
  // stored unit per int32.
  case TensorProto::FLOAT16:
  case TensorProto::BFLOAT16:
  case TensorProto::INT16:
  case TensorProto::UINT16:
    return encode<uint16_t>(tensor.int32_data());
  case TensorProto::BOOL:
  case TensorProto::INT8:
  case TensorProto::UINT8:
  case TensorProto::INT4:
  case TensorProto::UINT4:
  case TensorProto::INT2:
  case TensorProto::UINT2:
  case TensorProto::FLOAT8E4M3FN:
  case TensorProto::FLOAT8E4M3FNUZ:
  case TensorProto::FLOAT8E5M2:
  case TensorProto::FLOAT8E5M2FNUZ:
  case TensorProto::FLOAT8E8M0:
  case TensorProto::FLOAT4E2M1:
    return encode<uint8_t>(tensor.int32_data());
  case TensorProto::FLOAT6E2M3:
  case TensorProto::FLOAT6E3M2:
    return packSixBits(tensor.int32_data());
  default:
    return createStringError(
        formatv("tensor '{0}' has the unsupported element type {1}",
                tensor.name(), tensor.data_type())
            .str());
  }
}
