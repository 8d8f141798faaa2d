# The ONNX C++ library (protobuf classes, operator schemas, version converter), built from its Python source package.
#
# Distributions carry an ONNX that is years old, and its C++ library has no other
# release channel than this package. It takes minutes to build and never changes,
# so it is built once, while configuring, into a prefix that is reused:
#   TPOPT_ONNX_ROOT    a prefix to use, or to build into; default: the user's cache directory
#                      ($XDG_CACHE_HOME or ~/.cache)/tp-opt/onnx-<version>-<compiler>-<protobuf>,
#                      else the build tree
# Provides the imported target `tpopt_onnx`.

set(TPOPT_ONNX_VERSION 1.23.2)
set(TPOPT_ONNX_SHA256 008cb0467b2bbee41448acc7da8b6f4e704624cb0d327a2d5adafc7ce19bc5b8)
set(TPOPT_ONNX_ROOT "" CACHE PATH "Installation prefix of the ONNX C++ library to use or build into")

find_package(Protobuf REQUIRED)

# Sets <out> to a prefix that can be written to, named by all that the binary depends on.
function(_tpopt_onnx_prefix out)
  if(TPOPT_ONNX_ROOT)
    set(${out} "${TPOPT_ONNX_ROOT}" PARENT_SCOPE)
    return()
  endif()
  set(name "onnx-${TPOPT_ONNX_VERSION}-${CMAKE_SYSTEM_PROCESSOR}-${CMAKE_CXX_COMPILER_ID}${CMAKE_CXX_COMPILER_VERSION}-protobuf${Protobuf_VERSION}")
  set(base "${CMAKE_BINARY_DIR}/_deps")
  if(DEFINED ENV{XDG_CACHE_HOME})
    set(cache "$ENV{XDG_CACHE_HOME}/tp-opt")
  else()
    set(cache "$ENV{HOME}/.cache/tp-opt")
  endif()
  execute_process(COMMAND sh -c "mkdir -p '${cache}' && test -w '${cache}'" RESULT_VARIABLE status ERROR_QUIET)
  if(status EQUAL 0)
    set(base "${cache}")
  endif()
  set(${out} "${base}/${name}" PARENT_SCOPE)
endfunction()

function(_tpopt_onnx_run what)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "ONNX: ${what} failed (${status}):\n${output}")
  endif()
endfunction()

# Downloads, checks and unpacks the source package; sets <out> to the source folder.
function(_tpopt_onnx_source work out)
  set(archive "${work}/onnx-${TPOPT_ONNX_VERSION}.tar.gz")
  if(NOT EXISTS "${archive}")
    message(STATUS "ONNX: downloading the source package of ${TPOPT_ONNX_VERSION}")
    # --no-build-isolation keeps pip from fetching the package's build tools just to read its metadata.
    execute_process(COMMAND "${Python3_EXECUTABLE}" -m venv --help RESULT_VARIABLE novenv OUTPUT_QUIET ERROR_QUIET)
    if(NOT novenv EQUAL 0)
      message(FATAL_ERROR "ONNX: python3 has no venv module (Debian: apt install python3-venv)")
    endif()
    _tpopt_onnx_run("making a Python environment" "${Python3_EXECUTABLE}" -m venv "${work}/venv")
    _tpopt_onnx_run("download (pip download onnx==${TPOPT_ONNX_VERSION})"
      "${work}/venv/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps
      --no-binary onnx "onnx==${TPOPT_ONNX_VERSION}" -d "${work}")
  endif()
  file(SHA256 "${archive}" digest)
  if(NOT digest STREQUAL TPOPT_ONNX_SHA256)
    message(FATAL_ERROR "ONNX: ${archive} has SHA-256 ${digest}, expected ${TPOPT_ONNX_SHA256}")
  endif()
  file(ARCHIVE_EXTRACT INPUT "${archive}" DESTINATION "${work}/src")
  set(${out} "${work}/src/onnx-${TPOPT_ONNX_VERSION}" PARENT_SCOPE)
endfunction()

# Sets <out> to a CMake that the ONNX build accepts: this one, or one from PyPI.
function(_tpopt_onnx_cmake work out)
  if(CMAKE_VERSION VERSION_GREATER_EQUAL 3.26)
    set(${out} "${CMAKE_COMMAND}" PARENT_SCOPE)
    return()
  endif()
  if(NOT EXISTS "${work}/venv/bin/cmake")
    message(STATUS "ONNX: needs CMake >= 3.26, fetching one with pip")
    if(NOT EXISTS "${work}/venv")
      _tpopt_onnx_run("making a Python environment" "${Python3_EXECUTABLE}" -m venv "${work}/venv")
    endif()
    _tpopt_onnx_run("pip install cmake" "${work}/venv/bin/python" -m pip install --quiet --disable-pip-version-check "cmake<4")
  endif()
  set(${out} "${work}/venv/bin/cmake" PARENT_SCOPE)
endfunction()

function(_tpopt_onnx_build prefix)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  set(work "${prefix}.build")
  file(MAKE_DIRECTORY "${work}")
  # Two configurations at once (two clones, two presets) must not build into each other.
  file(LOCK "${work}" DIRECTORY GUARD FUNCTION TIMEOUT 3600)
  if(EXISTS "${prefix}/tpopt-complete")
    return()
  endif()
  _tpopt_onnx_source("${work}" source)
  _tpopt_onnx_cmake("${work}" cmake)
  message(STATUS "ONNX: building ${TPOPT_ONNX_VERSION} once into ${prefix} (some minutes)")
  set(options)
  if(CMAKE_MAKE_PROGRAM)
    list(APPEND options "-DCMAKE_MAKE_PROGRAM=${CMAKE_MAKE_PROGRAM}")
  endif()
  # Not CMAKE_CXX_COMPILER_LAUNCHER: that is a list, for precompiled headers, which ONNX has none of.
  if(CCACHE_PROGRAM)
    list(APPEND options "-DCMAKE_C_COMPILER_LAUNCHER=${CCACHE_PROGRAM}" "-DCMAKE_CXX_COMPILER_LAUNCHER=${CCACHE_PROGRAM}")
  endif()
  # -O1: the library is used for schemas and conversion, never on data.
  _tpopt_onnx_run("configuring" "${cmake}" -S "${source}" -B "${work}/build" -G "${CMAKE_GENERATOR}" ${options}
    "-DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER}" -DCMAKE_BUILD_TYPE=Release "-DCMAKE_CXX_FLAGS_RELEASE=-O1 -DNDEBUG"
    "-DCMAKE_INSTALL_PREFIX=${prefix}" -DCMAKE_INSTALL_LIBDIR=lib
    -DONNX_ML=ON -DONNX_USE_PROTOBUF_SHARED_LIBS=ON -DONNX_USE_UNITY_BUILD=ON -DBUILD_SHARED_LIBS=OFF
    -DCMAKE_POSITION_INDEPENDENT_CODE=ON "-DPython3_EXECUTABLE=${Python3_EXECUTABLE}")
  cmake_host_system_information(RESULT cores QUERY NUMBER_OF_LOGICAL_CORES)
  _tpopt_onnx_run("building" "${cmake}" --build "${work}/build" --target install --parallel ${cores})
  file(TOUCH "${prefix}/tpopt-complete")
  file(REMOVE_RECURSE "${work}/build" "${work}/src" "${work}/venv")
endfunction()

_tpopt_onnx_prefix(TPOPT_ONNX_PREFIX)
if(NOT EXISTS "${TPOPT_ONNX_PREFIX}/tpopt-complete")
  _tpopt_onnx_build("${TPOPT_ONNX_PREFIX}")
endif()
message(STATUS "ONNX: ${TPOPT_ONNX_VERSION} in ${TPOPT_ONNX_PREFIX}")

add_library(tpopt_onnx STATIC IMPORTED GLOBAL)
set_target_properties(tpopt_onnx PROPERTIES
  IMPORTED_LOCATION "${TPOPT_ONNX_PREFIX}/lib/libonnx.a"
  INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${TPOPT_ONNX_PREFIX}/include"
  INTERFACE_INCLUDE_DIRECTORIES "${TPOPT_ONNX_PREFIX}/include"
  INTERFACE_COMPILE_DEFINITIONS "ONNX_ML=1;ONNX_NAMESPACE=onnx"
  INTERFACE_LINK_LIBRARIES "protobuf::libprotobuf")
