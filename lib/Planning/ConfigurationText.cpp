//===- ConfigurationText.cpp - Configurations in words and columns --------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tp-opt/Planning/Configurations.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"

#include <algorithm>

using namespace llvm;

namespace tpo {

/// Three significant digits at least, no exponents.
static std::string formatNumber(double value) {
  int digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : value >= 0.1 ? 3 : 4;
  std::string text;
  raw_string_ostream(text) << format("%.*f", digits, value);
  return text;
}

std::string formatMilliseconds(double milliseconds) { return formatNumber(milliseconds) + " ms"; }

std::string formatGigabytes(double bytes) {
  return bytes < 1e7 ? formatNumber(bytes / 1e6) + " MB" : formatNumber(bytes / 1e9) + " GB";
}

static std::string getName(const Configuration &row) {
  return formatv("dp={0} pp={1} tp={2}{3}", row.dp, row.pp, row.tp, row.ep > 1 ? formatv(" ep={0}", row.ep).str() : "")
      .str();
}

/// "prefill 31.2 ms, decode 9.3 ms".
static std::string describeTimes(const Configuration &row) {
  std::string text = "prefill " + formatMilliseconds(row.prefillMs);
  if (row.decodeMs)
    text += ", decode " + formatMilliseconds(*row.decodeMs);
  return text;
}

static std::string describeStages(const Configuration &row) {
  auto [least, most] = std::minmax_element(row.layersOfStage.begin(), row.layersOfStage.end());
  std::string layers =
      *least == *most ? std::to_string(*most) : std::to_string(*least) + " to " + std::to_string(*most);
  return "stages of " + layers + (*most == 1 ? " layer" : " layers");
}

static void explainRow(Configuration &row, const ConfigurationTable &table, const Configuration *mostTokens) {
  if (!row.isPredicted)
    return;
  SmallVector<std::string> parts;
  if (!row.fits)
    parts.push_back("needs " + formatGigabytes(row.memory.total()) + " of " + formatGigabytes(table.memoryBytes));
  if (row.isChosen)
    parts.push_back("fastest for one request");
  if (&row == mostTokens)
    parts.push_back("most throughput");
  if (row.pp > 1)
    parts.push_back(describeStages(row));
  if (row.dp > 1)
    parts.push_back(std::to_string(row.dp) + " replicas");
  row.reason = join(parts, "; ");
}

/// Where another doubling of tp stops paying, whether it fits or not.
static std::string explainTensorParallel(const ConfigurationTable &table) {
  SmallVector<const Configuration *> sizes;
  for (const Configuration &row : table.rows)
    if (row.pp == 1 && row.ep == 1 && row.isPredicted)
      sizes.push_back(&row);
  llvm::sort(sizes, [](const Configuration *a, const Configuration *b) { return a->tp < b->tp; });
  if (sizes.size() < 2)
    return "";
  auto best = std::min_element(sizes.begin(), sizes.end(), [](const Configuration *a, const Configuration *b) {
    return a->objectiveMs < b->objectiveMs;
  });
  auto share = [](const Configuration &row) {
    return formatv("{0}% of it communication", int(row.communication * 100 + 0.5)).str();
  };
  std::string text;
  if (best != sizes.begin()) {
    const Configuration &before = **std::prev(best);
    text = formatv("Tensor parallelism pays up to tp={0}: {1}, against {2} at tp={3}", (*best)->tp,
                   describeTimes(**best), describeTimes(before), before.tp);
  } else {
    text = formatv("Tensor parallelism does not pay here: tp=1 takes {0}", describeTimes(**best));
  }
  if (std::next(best) != sizes.end()) {
    const Configuration &next = **std::next(best);
    text += formatv("; tp={0} takes {1}, {2}", next.tp, describeTimes(next), share(next));
  }
  return text + ".";
}

/// The cheapest pipeline against the choice.
static std::string explainPipeline(const ConfigurationTable &table, const Configuration &chosen) {
  for (const Configuration &row : table.rows) {
    if (!row.fits || (row.pp > 1) == (chosen.pp > 1))
      continue;
    if (chosen.pp > 1)
      return formatv("Without a pipeline the fastest is {0}: {1}.", getName(row), describeTimes(row));
    std::string text = formatv("The fastest pipeline is {0}: {1}, since a request passes its stages one after another",
                               getName(row), describeTimes(row));
    if (row.tokensPerSecond && chosen.tokensPerSecond)
      text += formatv("; full of requests it makes {0} tokens/s, {1} makes {2}", formatNumber(*row.tokensPerSecond),
                      getName(chosen), formatNumber(*chosen.tokensPerSecond));
    return text + ".";
  }
  return "";
}

/// The cheapest with an axis for experts, or without one, against the choice.
static std::string explainExperts(const ConfigurationTable &table, const Configuration &chosen) {
  for (const Configuration &row : table.rows) {
    if (!row.fits || (row.ep > 1) == (chosen.ep > 1))
      continue;
    return formatv("{0} is {1}: {2}.",
                   chosen.ep > 1 ? "Without an axis for experts the fastest" : "The fastest with an axis for experts",
                   getName(row), describeTimes(row));
  }
  return "";
}

void explainTable(ConfigurationTable &table) {
  const Configuration *chosen = table.getChosen();
  const Configuration *mostTokens = nullptr;
  auto throughput = [](const Configuration &row) { return row.tokensPerSecond.value_or(row.prefillsPerSecond); };
  for (const Configuration &row : table.rows)
    if (row.fits && (!mostTokens || throughput(row) > throughput(*mostTokens)))
      mostTokens = &row;
  for (Configuration &row : table.rows)
    explainRow(row, table, table.rows.size() > 1 ? mostTokens : nullptr);
  if (!chosen) {
    const Configuration *least = nullptr;
    for (const Configuration &row : table.rows)
      if (row.isPredicted && (!least || row.memory.total() < least->memory.total()))
        least = &row;
    std::string text = "Nothing fits";
    if (least)
      text += formatv(": {0} needs least, {1} of the {2} that programs may use of a device", getName(*least),
                      formatGigabytes(least->memory.total()), formatGigabytes(table.memoryBytes));
    table.reasons.push_back(text + ".");
  } else {
    std::string objective =
        table.hasDecode ? formatv("one prefill and {0} decode steps take", int(table.decodeSteps)).str() : "it takes";
    table.reasons.push_back(formatv("{0} answers one request fastest: {1} {2}.", getName(*chosen), objective,
                                    formatMilliseconds(chosen->objectiveMs)));
  }
  if (std::string text = explainTensorParallel(table); !text.empty())
    table.reasons.push_back(text);
  if (chosen)
    if (std::string text = explainExperts(table, *chosen); !text.empty())
      table.reasons.push_back(text);
  if (chosen)
    if (std::string text = explainPipeline(table, *chosen); !text.empty())
      table.reasons.push_back(text);
}

void printTable(const ConfigurationTable &table, raw_ostream &os) {
  os << "Predicted configurations of " << table.devices << (table.devices == 1 ? " device" : " devices") << " of "
     << table.cluster << (table.sizes.empty() ? "" : " at " + table.sizes) << "\n";
  std::vector<std::vector<std::string>> lines;
  lines.push_back(
      {"dp", "pp", "tp", "ep", "prefill ms", "decode ms", "prefills/s", "tokens/s", "GB/rank", "moving %", "notes"});
  for (const Configuration &row : table.rows) {
    std::vector<std::string> line = {std::to_string(row.dp), std::to_string(row.pp), std::to_string(row.tp),
                                     std::to_string(row.ep)};
    if (row.isPredicted) {
      auto optional = [](std::optional<double> value) { return value ? formatNumber(*value) : "-"; };
      line.insert(line.end(), {formatNumber(row.prefillMs), optional(row.decodeMs), formatNumber(row.prefillsPerSecond),
                               optional(row.tokensPerSecond), formatNumber(row.memory.total() / 1e9),
                               std::to_string(int(row.communication * 100 + 0.5))});
    } else {
      line.resize(10, "-");
    }
    line.push_back(row.reason);
    lines.push_back(std::move(line));
  }
  std::vector<size_t> widths(lines[0].size(), 0);
  for (const auto &line : lines)
    for (size_t column = 0; column < line.size(); ++column)
      widths[column] = std::max(widths[column], line[column].size());
  for (const auto &line : lines) {
    std::string text;
    for (size_t column = 0; column + 1 < line.size(); ++column)
      text += std::string(widths[column] - line[column].size() + (column ? 2 : 0), ' ') + line[column];
    os << StringRef(text + "  " + line.back()).rtrim() << "\n";
  }
  for (const std::string &reason : table.reasons)
    os << reason << "\n";
  bool hasExperts = llvm::any_of(table.rows, [](const Configuration &row) { return row.ep > 1; });
  os << "Compiled programs run tp" << (hasExperts ? " and ep (--mesh=ep=E,tp=T)" : "")
     << "; dp and pp are predictions. Throughput is with every stage and replica busy.\n";
}

} // namespace tpo
