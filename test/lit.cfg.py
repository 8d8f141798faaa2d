import os
import shutil
import sys

import lit.formats

config.name = "tp-opt"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["models", "unit", "rules", "variants", "package", "Inputs"]
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
config.substitutions.append(("%python", sys.executable))
config.substitutions.append(("%models", os.path.join(config.test_source_root, "models")))
config.substitutions.append(("%build_lib", os.path.join(config.tpopt_build_dir, "lib")))
config.substitutions.append(("%plugin", os.path.join(config.tpopt_build_dir, "lib", "libTpOptPlugin.so")))
config.substitutions.append(("%mlir-opt", os.path.join(config.llvm_tools_dir, "mlir-opt")))
# Installed tools are not instrumented, so they cannot load plugins that are.
if not config.tpopt_sanitize:
    config.available_features.add("plugins")
# What draws the report's page.
chromium = shutil.which("chromium") or shutil.which("google-chrome")
if chromium:
    config.available_features.add("chromium")
    config.substitutions.append(
        ("%chromium", f"{chromium} --headless --no-sandbox --disable-gpu --enable-logging=stderr --virtual-time-budget=10000")
    )
# The compiler looks for these when it runs, as here.
toolkits = [os.environ[name] for name in ("CUDA_HOME", "CUDA_PATH") if name in os.environ] + ["/usr/local/cuda"]
search = os.pathsep.join([os.path.join(toolkit, "bin") for toolkit in toolkits] + [path])
if shutil.which("ptxas", path=search) and shutil.which("fatbinary", path=search):
    config.available_features.add("cuda")
for name in ("CUDA_HOME", "CUDA_PATH"):
    if name in os.environ:
        config.environment[name] = os.environ[name]
