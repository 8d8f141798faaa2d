//===- ReportPage.cpp - The report as a page ------------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One file that needs nothing else: template, style, script and the report's
// data. The files in report/ are embedded when the compiler is built.
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Pipeline/Report.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

#include "ReportPage.inc"

namespace tpo {

/// JSON that cannot end a script element, whatever names a model has: these
/// characters occur in strings only, where an escape means the same.
static void printInScript(const json::Value &value, raw_ostream &os) {
  std::string text;
  raw_string_ostream(text) << value;
  for (char c : text) {
    if (c == '<' || c == '>' || c == '&')
      os << "\\u00" << utohexstr(c, /*LowerCase=*/true);
    else
      os << c;
  }
}

/// The template with each `@name@` replaced.
static void printPage(json::Object report, raw_ostream &os) {
  std::string model = report.getString("model").value_or("").str();
  json::Value value(std::move(report));
  StringRef rest = kPage;
  while (!rest.empty()) {
    auto [before, behind] = rest.split('@');
    os << before;
    auto [name, after] = behind.split('@');
    if (name == "model")
      printHTMLEscaped(model, os);
    else if (name == "style")
      os << kStyle;
    else if (name == "script")
      os << kDiagram << kGraph << kScript;
    else if (name == "report")
      printInScript(value, os);
    rest = after;
  }
}

std::string formatReport(json::Object report, StringRef path) {
  std::string text;
  raw_string_ostream os(text);
  if (path.ends_with(".html"))
    printPage(std::move(report), os);
  else
    os << formatv("{0:2}", json::Value(std::move(report))) << "\n";
  return text;
}

} // namespace tpo
