//===- Json.h - Checked access to JSON -------------------------*- C++ -*--===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Typed access to a JSON document that nobody trusts: every error names the
// place in the document, and an object's keys must all be understood.
//
//===----------------------------------------------------------------------===//

#ifndef TPRT_CORE_JSON_H
#define TPRT_CORE_JSON_H

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>

namespace tprt {

// A value inside a document, with its path ("weights[3].parts[0]"). All
// accessors throw Error(TPRT_BAD_ARTIFACT) when the value is not of the wanted
// kind.
class JsonRef {
public:
  bool isInteger() const;
  bool isArray() const;
  bool isObject() const;
  bool has(const char *key) const;
  size_t size() const; // of an array; throws for anything else
  JsonRef operator[](size_t index) const;
  JsonRef operator[](int index) const { return (*this)[static_cast<size_t>(index)]; }
  JsonRef operator[](const char *key) const; // the key must exist

  int64_t integer() const;
  // An integer in [low, high].
  int64_t integer(int64_t low, int64_t high) const;
  bool boolean() const;
  std::string string() const;

  // The value must be an object with no keys but these.
  void allowKeys(std::initializer_list<const char *> keys) const;

  [[noreturn]] void fail(const std::string &message) const;

private:
  friend class JsonDocument;
  JsonRef(const void *value, std::string path, const std::string *file)
      : value(value), path(std::move(path)), file(file) {}

  const void *value; // nlohmann::json, kept out of this header
  std::string path;
  const std::string *file;
};

// A parsed document.
class JsonDocument {
public:
  // Throws Error(TPRT_BAD_ARTIFACT) naming `name` (the file) when `text` is no
  // JSON, is nested too deeply, or an object has a key twice.
  JsonDocument(const std::string &text, const std::string &name);
  ~JsonDocument();
  JsonDocument(const JsonDocument &) = delete;
  JsonDocument &operator=(const JsonDocument &) = delete;

  JsonRef root() const;

private:
  struct Impl;
  std::unique_ptr<Impl> impl;
};

} // namespace tprt

#endif // TPRT_CORE_JSON_H
