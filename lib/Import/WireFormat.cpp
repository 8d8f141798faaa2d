//===- WireFormat.cpp - A ModelProto without its weights ------------------===//

#include "WireFormat.h"

#include "llvm/ADT/StringExtras.h"

#include <optional>

using namespace llvm;
using namespace tpo::importer;

namespace {

enum WireType { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

enum class Message { Model, Graph, Function, Node, Attribute, Tensor, Other };

// The message type of a field that can contain tensors (numbers of onnx.proto).
Message fieldMessage(Message message, uint64_t field) {
  switch (message) {
  case Message::Model:
    return field == 7    ? Message::Graph
           : field == 25 ? Message::Function
                         : Message::Other;
  case Message::Graph:
    return field == 1   ? Message::Node
           : field == 5 ? Message::Tensor
                        : Message::Other;
  case Message::Function:
    return field == 7    ? Message::Node
           : field == 11 ? Message::Attribute
                         : Message::Other;
  case Message::Node:
    return field == 5 ? Message::Attribute : Message::Other;
  case Message::Attribute:
    return field == 5 || field == 10   ? Message::Tensor
           : field == 6 || field == 11 ? Message::Graph
                                       : Message::Other;
  default:
    return Message::Other;
  }
}

// TensorProto's fields whose encoding is the tensor's little-endian contents.
constexpr uint64_t kFloatData = 4, kRawData = 9, kDoubleData = 10,
                   kExternalData = 13;

bool isPayloadField(uint64_t field) {
  return field == kFloatData || field == kRawData || field == kDoubleData;
}

void appendVarint(std::string &out, uint64_t value) {
  for (; value >= 0x80; value >>= 7)
    out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

void appendBytes(std::string &out, uint64_t field, StringRef bytes) {
  appendVarint(out, field << 3 | kBytes);
  appendVarint(out, bytes.size());
  out.append(bytes.data(), bytes.size());
}

class Stripper {
public:
  Stripper(StringRef file, std::vector<ByteRange> &payloads)
      : file(file), payloads(payloads) {}

  Error strip(Message message, uint64_t begin, uint64_t end, std::string &out,
              unsigned depth) {
    // Subgraphs nest; real models do so a few levels deep.
    if (depth > 64)
      return malformed(begin, "messages nested too deeply");
    position = begin;
    std::optional<ByteRange> payload;
    while (position < end) {
      uint64_t fieldBegin = position;
      uint64_t tag = 0;
      if (Error error = readVarint(end, tag))
        return error;
      uint64_t field = tag >> 3;
      if (field == 0)
        return malformed(fieldBegin, "invalid field number");
      if ((tag & 7) != kBytes) {
        if (Error error = skipScalar(tag & 7, end))
          return error;
        out.append(file.data() + fieldBegin, position - fieldBegin);
        continue;
      }
      uint64_t size = 0;
      if (Error error = readVarint(end, size))
        return error;
      if (size > end - position)
        return malformed(fieldBegin, "truncated");
      uint64_t contents = position;
      Message nested = fieldMessage(message, field);
      if (nested != Message::Other) {
        std::string inner;
        if (Error error =
                strip(nested, contents, contents + size, inner, depth + 1))
          return error;
        appendBytes(out, field, inner);
      } else if (message == Message::Tensor && isPayloadField(field) &&
                 size > 0) {
        // A second part of a repeated field is not contiguous with the first.
        if (payload)
          return malformed(fieldBegin, "tensor with contents in parts");
        payload = ByteRange{contents, size};
      } else {
        out.append(file.data() + fieldBegin, contents + size - fieldBegin);
      }
      position = contents + size;
    }
    if (payload) {
      std::string entry;
      appendBytes(entry, 1, kPayloadKey);
      appendBytes(entry, 2, std::to_string(payloads.size()));
      appendBytes(out, kExternalData, entry);
      payloads.push_back(*payload);
    }
    return Error::success();
  }

private:
  Error malformed(uint64_t at, const Twine &what) {
    return createStringError("not a valid ONNX model: " + what + " at byte " +
                             Twine(at));
  }

  Error readVarint(uint64_t end, uint64_t &value) {
    uint64_t begin = position;
    value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (position >= end)
        return malformed(begin, "truncated");
      uint8_t byte = file[position++];
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (!(byte & 0x80))
        return Error::success();
    }
    return malformed(begin, "invalid integer");
  }

  Error skipScalar(unsigned wireType, uint64_t end) {
    uint64_t begin = position, ignored;
    switch (wireType) {
    case kVarint:
      return readVarint(end, ignored);
    case kFixed64:
    case kFixed32: {
      uint64_t size = wireType == kFixed64 ? 8 : 4;
      if (size > end - position)
        return malformed(begin, "truncated");
      position += size;
      return Error::success();
    }
    default:
      return malformed(begin, "invalid wire type");
    }
  }

  StringRef file;
  std::vector<ByteRange> &payloads;
  uint64_t position = 0;
};

} // namespace

Expected<StrippedModel> tpo::importer::stripPayloads(StringRef file) {
  StrippedModel model;
  Stripper stripper(file, model.payloads);
  if (Error error =
          stripper.strip(Message::Model, 0, file.size(), model.bytes, 0))
    return std::move(error);
  return model;
}
