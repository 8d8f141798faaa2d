//===- RunJob.cpp - Run a compiled model once -----------------------------===//

#include "RunJob.h"

#include "Model.h"
#include "Npz.h"

namespace {

void bindInput(Model &model, int32_t index, const std::vector<NpzArray> &arrays) {
  const tprt_tensor_info &input = model.inputs[index];
  for (const NpzArray &array : arrays) {
    if (array.name != input.name)
      continue;
    tprt_view view = array.view;
    view.dtype = storedAs(view.dtype, input.dtype);
    return check(tprt_session_bind_input(model.session(), index, &view));
  }
  throw std::runtime_error("no array for input '" + std::string(input.name) + "'");
}

} // namespace

std::string runJob(const std::string &artifact, const std::string &inputs, const std::string &outputs) {
  try {
    Model model(artifact);
    model.open();
    std::vector<NpzArray> arrays = readNpz(inputs);
    for (size_t i = 0; i < model.inputs.size(); ++i)
      bindInput(model, static_cast<int32_t>(i), arrays);
    std::vector<Tensor> tensors;
    model.allocateOutputs(tensors, false);
    model.run();
    std::vector<NpzOutput> results;
    for (size_t i = 0; i < tensors.size(); ++i)
      results.push_back({model.outputs[i].name, tensors[i].view});
    writeNpz(outputs, results);
    return "";
  } catch (const std::exception &error) {
    return error.what();
  }
}
