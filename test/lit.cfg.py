import os

import lit.formats

config.name = "tp-opt"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["models", "unit", "Inputs"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.tpopt_build_dir, "test")

path = os.pathsep.join(
    [
        os.path.join(config.tpopt_build_dir, "bin"),
        config.llvm_tools_dir,
        config.environment["PATH"],
    ]
)
config.environment["PATH"] = path
config.substitutions.append(("%models", os.path.join(config.test_source_root, "models")))
config.substitutions.append(("%build_lib", os.path.join(config.tpopt_build_dir, "lib")))
config.substitutions.append(("%plugin", os.path.join(config.tpopt_build_dir, "lib", "libTpOptPlugin.so")))
config.substitutions.append(("%mlir-opt", os.path.join(config.llvm_tools_dir, "mlir-opt")))
if config.tpopt_cuda:
    config.available_features.add("cuda")
