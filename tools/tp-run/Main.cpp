//===- Main.cpp - The command line runner ---------------------------------===//
//
// Part of the tp-opt project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Bench.h"
#include "Npz.h"

#include <CLI/CLI.hpp>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <set>
#include <unistd.h>

namespace {

struct Options {
  std::string artifact, inputs, outputs, promptIds, bench;
  bool generate = false, benchWanted = false, info = false;
  int64_t maxNewTokens = 64, eosId = -1;
  int repeats = 0;
};

// Progress, for people only.
void note(const std::string &text) {
  if (isatty(STDERR_FILENO))
    std::fprintf(stderr, "%s\n", text.c_str());
}

// A launcher that started another number of processes than the artifact has
// ranks would run the wrong program many times over.
void checkLauncher(int ranks) {
  struct Launcher {
    const char *variable, *name;
  };
  for (const Launcher &launcher : {Launcher{"OMPI_COMM_WORLD_SIZE", "mpirun"}, Launcher{"PMI_SIZE", "mpiexec"},
                                   Launcher{"WORLD_SIZE", "torchrun"}, Launcher{"SLURM_NTASKS", "srun"}}) {
    const char *text = std::getenv(launcher.variable);
    if (!text || !*text)
      continue;
    std::string size = text;
    std::string prefix =
        std::string(launcher.name) + " started " + size + " processes (" + launcher.variable + "=" + size + ")";
    if (size != std::to_string(ranks))
      throw std::runtime_error("world size mismatch: " + prefix + ", the artifact has " + std::to_string(ranks) +
                               " ranks; start as many, compile with --tp=" + size + ", or unset " + launcher.variable +
                               " to run all ranks as threads of one process");
    if (ranks > 1)
      throw std::runtime_error(prefix + ", and this build of the runtime has no communicator between processes: " +
                               "start tp-run once, without " + launcher.name + " and with " + launcher.variable +
                               " unset; it runs all " + size + " ranks as threads");
  }
}

void bindInputs(Model &model, const std::vector<NpzArray> &arrays, const std::string &path) {
  std::set<std::string> given, known;
  for (const NpzArray &array : arrays)
    given.insert(array.name);
  std::string missing, unexpected;
  for (const tprt_tensor_info &input : model.inputs) {
    known.insert(input.name);
    if (!given.count(input.name))
      missing += (missing.empty() ? "'" : ", '") + std::string(input.name) + "'";
  }
  for (const std::string &name : given)
    if (!known.count(name))
      unexpected += (unexpected.empty() ? "'" : ", '") + name + "'";
  if (!missing.empty() || !unexpected.empty())
    throw std::runtime_error(path + ":" + (missing.empty() ? "" : " input " + missing + " is missing;") +
                             (unexpected.empty() ? "" : " the model has no input " + unexpected + ";") +
                             " expected arrays:" + Model::listing(model.inputs));
  for (size_t i = 0; i < model.inputs.size(); ++i)
    for (const NpzArray &array : arrays) {
      if (array.name != model.inputs[i].name)
        continue;
      tprt_view view = array.view;
      view.dtype = storedAs(view.dtype, model.inputs[i].dtype);
      check(tprt_session_bind_input(model.session(), static_cast<int32_t>(i), &view));
    }
}

void runOnce(Model &model, const Options &options) {
  if (!options.outputs.empty())
    checkWritable(options.outputs);
  std::vector<NpzArray> arrays = readNpz(options.inputs);
  note("loading " + options.artifact + " on " + std::to_string(model.ranks()) + " ranks");
  model.open();
  bindInputs(model, arrays, options.inputs);
  std::vector<Tensor> outputs;
  model.allocateOutputs(outputs, false);
  if (options.benchWanted)
    return benchRuns(
        model, [&] { model.run(); }, options.repeats);
  model.run();
  std::vector<NpzOutput> results;
  for (size_t i = 0; i < outputs.size(); ++i)
    results.push_back({model.outputs[i].name, outputs[i].view});
  writeNpz(options.outputs, results);
  note("wrote " + options.outputs);
}

void generate(Model &model, const Options &options) {
  std::vector<int64_t> tokens = parseIds(options.promptIds);
  note("loading " + options.artifact + " on " + std::to_string(model.ranks()) + " ranks");
  model.open();
  Decoder decoder(model, static_cast<int64_t>(tokens.size()) + options.maxNewTokens);
  using Clock = std::chrono::steady_clock;
  Clock::time_point start = Clock::now(), first = start;
  int64_t produced = 0;
  while (produced < options.maxNewTokens) {
    decoder.feed(tokens);
    int64_t next = decoder.best();
    if (produced == 0)
      first = Clock::now();
    std::printf("%s%lld", produced ? "," : "", static_cast<long long>(next));
    std::fflush(stdout);
    ++produced;
    if (next == options.eosId)
      break;
    tokens.assign(1, next);
  }
  std::printf("\n");
  double prefill = std::chrono::duration<double>(first - start).count();
  double decode = std::chrono::duration<double>(Clock::now() - first).count();
  char text[128];
  std::snprintf(text, sizeof(text), "prompt %.1f ms, then %.1f tokens/s", prefill * 1e3,
                produced > 1 ? static_cast<double>(produced - 1) / decode : 0.0);
  note(text);
}

void printInfo(const Model &model) {
  std::cout << "target " << model.target() << ", " << model.ranks() << " ranks\ninputs:" << Model::listing(model.inputs)
            << "\noutputs:" << Model::listing(model.outputs) << "\n";
}

void execute(const Options &options) {
  Model model(options.artifact);
  if (options.info)
    return printInfo(model);
  checkLauncher(model.ranks());
  if (options.generate)
    return generate(model, options);
  if (!options.inputs.empty())
    return runOnce(model, options);
  std::vector<BenchItem> items = parseBench(!options.bench.empty()  ? options.bench
                                            : model.numStates() > 0 ? "prefill:256,decode:256"
                                                                    : "prefill:256");
  model.open();
  benchDecoder(model, items, options.repeats);
}

constexpr const char *description =
    "Runs a model that tp-opt has compiled, on all of its ranks.\n\n"
    "  tp-run model.tpx --info                                      what it takes and gives\n"
    "  tp-run model.tpx --inputs=in.npz --outputs=out.npz           one run\n"
    "  tp-run model.tpx --generate --prompt-ids=1,2,3               a language model, greedily\n"
    "  tp-run model.tpx --bench=prefill:256,decode:256              time it; prints JSON\n";

constexpr const char *footer =
    "\nArrays are matched by ONNX input and output names; bf16 travels as uint16 bit patterns.\n"
    "Ranks are threads of this process, one core each.\n\n"
    "Environment:\n"
    "  TPRT_TIMEOUT=SECONDS  end the run when a rank makes no progress for so long (default 60)\n"
    "  TPRT_PROFILE=1        with --bench: add the time per kind of operation\n"
    "  TPRT_CPU=NAME         use the vector code for avx512, avx2 or base\n\n"
    "Exit status: 0, or 1 with a message on stderr; then no output file is left behind.\n";

} // namespace

int main(int argc, char **argv) {
  // A file that grows too large shall be an error message, not a signal.
  std::signal(SIGXFSZ, SIG_IGN);
  Options options;
  CLI::App app(description, "tp-run");
  app.footer(footer);
  app.set_version_flag("--version", std::string("tp-run ") + tprt_version());
  app.add_option("ARTIFACT", options.artifact, "The compiled model, a .tpx folder")->required();
  CLI::Option *info = app.add_flag("--info", options.info, "Print target, ranks, inputs and outputs");
  CLI::Option *inputs = app.add_option("--inputs", options.inputs, "Read the inputs from this .npz file");
  CLI::Option *outputs =
      app.add_option("--outputs", options.outputs, "Write the outputs to this .npz file")->needs(inputs);
  CLI::Option *generated =
      app.add_flag("--generate", options.generate, "Continue --prompt-ids; print the new ids, comma-separated");
  app.add_option("--prompt-ids", options.promptIds, "Token ids to start from, e.g. 1,2,3")->needs(generated);
  app.add_option("--max-new-tokens", options.maxNewTokens, "Stop after so many new tokens")
      ->capture_default_str()
      ->check(CLI::Range(int64_t(1), int64_t(1) << 24))
      ->needs(generated);
  app.add_option("--eos-id", options.eosId, "Stop after this token")->needs(generated);
  CLI::Option *bench =
      app.add_option("--bench", options.bench,
                     "Time phases of a language model: prefill:N (a prompt of N tokens), decode:N (one token after N "
                     "cached ones); or, with --inputs, whole runs")
          ->expected(0, 1)
          ->type_name("[SPEC]");
  app.add_option("--repeat", options.repeats, "Runs per timing (default: about two seconds' worth)")
      ->check(CLI::Range(1, 1000000))
      ->needs(bench);
  generated->excludes(inputs)->excludes(bench)->excludes(info);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    return app.exit(error) == 0 ? 0 : 1;
  }
  options.benchWanted = bench->count() > 0;
  try {
    if (options.generate && options.promptIds.empty())
      throw std::runtime_error("--generate needs --prompt-ids, e.g. --prompt-ids=1,2,3");
    if (!options.info && !options.generate && !options.benchWanted && (inputs->empty() || outputs->empty()))
      throw std::runtime_error(
          "nothing to do: give --inputs and --outputs, --generate, --bench or --info (see --help)");
    execute(options);
    if (std::fflush(stdout) != 0)
      throw std::runtime_error("standard output cannot be written");
    return 0;
  } catch (const std::exception &error) {
    std::fprintf(stderr, "tp-run: error: %s\n", error.what());
    return 1;
  }
}
