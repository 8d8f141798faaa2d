//===- RunProgram.cpp - Run an artifact on arrays in memory ---------------===//

#include "RunProgram.h"

#include "Model.h"

std::string runProgram(const std::string &artifact, std::vector<HostArray> &inputs, std::vector<HostArray> &outputs) {
  try {
    Model model(artifact);
    model.open();
    if (model.inputs.size() != inputs.size())
      return "the program has " + std::to_string(model.inputs.size()) + " inputs";
    for (size_t i = 0; i < inputs.size(); ++i) {
      tprt_view view{};
      view.dtype = model.inputs[i].dtype;
      view.rank = static_cast<int32_t>(inputs[i].shape.size());
      int64_t stride = 1;
      for (int32_t dim = view.rank; dim-- > 0;) {
        view.sizes[dim] = inputs[i].shape[dim];
        view.strides[dim] = stride;
        stride *= view.sizes[dim];
      }
      view.data = inputs[i].bytes.data();
      check(tprt_session_bind_input(model.session(), static_cast<int32_t>(i), &view));
    }
    std::vector<Tensor> tensors;
    model.allocateOutputs(tensors, false);
    model.run();
    for (const Tensor &tensor : tensors) {
      HostArray array;
      array.shape.assign(tensor.view.sizes, tensor.view.sizes + tensor.view.rank);
      size_t bytes = static_cast<size_t>(tensor.count()) * tprt_dtype_size(tensor.view.dtype);
      array.bytes.assign(tensor.bytes.data(), bytes);
      outputs.push_back(std::move(array));
    }
    return "";
  } catch (const std::exception &error) {
    return error.what();
  }
}
