//===- Json.cpp - Checked access to JSON ----------------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "core/Json.h"

#include "tprt/error.h"

#include <nlohmann/json.hpp>

#include <set>

using namespace tprt;
using nlohmann::json;

struct JsonDocument::Impl {
  std::string name;
  json root;
};

namespace {

constexpr int maxDepth = 100;

const json &cast(const void *value) { return *static_cast<const json *>(value); }

const char *kindName(const json &value) { return value.is_number_float() ? "a fraction" : value.type_name(); }

} // namespace

JsonDocument::JsonDocument(const std::string &text, const std::string &name) : impl(std::make_unique<Impl>()) {
  impl->name = name;
  std::vector<std::set<std::string>> keys;
  auto check = [&](int depth, json::parse_event_t event, json &parsed) {
    if (depth > maxDepth)
      tprt::fail(TPRT_BAD_ARTIFACT, name, ": nested too deeply");
    if (event == json::parse_event_t::object_start)
      keys.emplace_back();
    else if (event == json::parse_event_t::object_end)
      keys.pop_back();
    else if (event == json::parse_event_t::key && !keys.back().insert(parsed.get<std::string>()).second)
      tprt::fail(TPRT_BAD_ARTIFACT, name, ": key '", parsed.get<std::string>(), "' appears twice");
    return true;
  };
  try {
    impl->root = json::parse(text, check);
  } catch (const json::exception &error) {
    tprt::fail(TPRT_BAD_ARTIFACT, name, ": not valid JSON: ", error.what());
  }
}

JsonDocument::~JsonDocument() = default;

JsonRef JsonDocument::root() const { return JsonRef(&impl->root, "", &impl->name); }

bool JsonRef::isInteger() const { return cast(value).is_number_integer(); }
bool JsonRef::isArray() const { return cast(value).is_array(); }
bool JsonRef::isObject() const { return cast(value).is_object(); }

bool JsonRef::has(const char *key) const { return isObject() && cast(value).contains(key); }

size_t JsonRef::size() const {
  if (!isArray())
    fail(concat("expected an array, got ", kindName(cast(value))));
  return cast(value).size();
}

JsonRef JsonRef::operator[](size_t index) const {
  if (index >= size())
    fail(concat("has ", size(), " elements, element ", index, " is needed"));
  return JsonRef(&cast(value)[index], concat(path, "[", index, "]"), file);
}

JsonRef JsonRef::operator[](const char *key) const {
  if (!isObject())
    fail(concat("expected an object, got ", kindName(cast(value))));
  auto found = cast(value).find(key);
  if (found == cast(value).end())
    fail(concat("key '", key, "' is missing"));
  return JsonRef(&*found, path.empty() ? std::string(key) : path + "." + key, file);
}

int64_t JsonRef::integer() const {
  if (!isInteger())
    fail(concat("expected an integer, got ", kindName(cast(value))));
  if (cast(value).is_number_unsigned() && cast(value).get<uint64_t>() > static_cast<uint64_t>(INT64_MAX))
    fail("the integer is too large");
  return cast(value).get<int64_t>();
}

int64_t JsonRef::integer(int64_t low, int64_t high) const {
  int64_t result = integer();
  if (result < low || result > high)
    fail(concat("got ", result, ", need ", low, " to ", high));
  return result;
}

bool JsonRef::boolean() const {
  if (!cast(value).is_boolean())
    fail(concat("expected true or false, got ", kindName(cast(value))));
  return cast(value).get<bool>();
}

std::string JsonRef::string() const {
  if (!cast(value).is_string())
    fail(concat("expected a string, got ", kindName(cast(value))));
  std::string result = cast(value).get<std::string>();
  // File and symbol names end up in C strings.
  if (result.find('\0') != std::string::npos)
    fail("the string contains a zero byte");
  return result;
}

void JsonRef::allowKeys(std::initializer_list<const char *> keys) const {
  if (!isObject())
    fail(concat("expected an object, got ", kindName(cast(value))));
  for (const auto &item : cast(value).items()) {
    bool known = false;
    for (const char *key : keys)
      known |= item.key() == key;
    if (!known)
      fail(concat("key '", item.key(), "' is not understood by this version of the runtime"));
  }
}

void JsonRef::fail(const std::string &message) const {
  tprt::fail(TPRT_BAD_ARTIFACT, *file, ": ", path.empty() ? "" : path + ": ", message);
}
