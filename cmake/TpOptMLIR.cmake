# Finds LLVM/MLIR 22 and defines how the compiler's libraries are built against it.
#
# The compiler links the one shared libMLIR and libLLVM: a static MLIR library
# beside them would register every pass and option twice.
# LLVM's version file accepts only its own minor version, hence no version here.
find_package(LLVM REQUIRED CONFIG HINTS $ENV{LLVM_ROOT} /usr/lib/llvm-22)
if(NOT LLVM_VERSION_MAJOR EQUAL 22)
  message(FATAL_ERROR "tp-opt needs LLVM 22, found ${LLVM_PACKAGE_VERSION} in ${LLVM_DIR}")
endif()
find_package(MLIR REQUIRED CONFIG HINTS ${LLVM_LIBRARY_DIR}/cmake/mlir)
list(APPEND CMAKE_MODULE_PATH ${MLIR_CMAKE_DIR} ${LLVM_CMAKE_DIR})
# LLVM's build functions write into these.
set(LLVM_RUNTIME_OUTPUT_INTDIR ${CMAKE_RUNTIME_OUTPUT_DIRECTORY})
set(LLVM_LIBRARY_OUTPUT_INTDIR ${CMAKE_LIBRARY_OUTPUT_DIRECTORY})
set(LLVM_LINK_LLVM_DYLIB ON)
include(TableGen)
include(AddLLVM)
include(AddMLIR)

message(STATUS "MLIR: ${MLIR_DIR}")

# Seen by mlir-tblgen as well as by the compiler.
include_directories(${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/include ${CMAKE_BINARY_DIR} ${CMAKE_BINARY_DIR}/include)
include_directories(SYSTEM ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})

add_library(tpopt_mlir_headers INTERFACE)
# Installed, TpOptConfig.cmake adds the include directories of the MLIR it finds.
target_include_directories(tpopt_mlir_headers SYSTEM INTERFACE
  $<BUILD_INTERFACE:${MLIR_INCLUDE_DIRS}> $<BUILD_INTERFACE:${LLVM_INCLUDE_DIRS}>)
target_include_directories(tpopt_mlir_headers INTERFACE
  $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/TpOpt>
  $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}> $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include>
  $<BUILD_INTERFACE:${CMAKE_BINARY_DIR}> $<BUILD_INTERFACE:${CMAKE_BINARY_DIR}/include>)
separate_arguments(TPOPT_LLVM_DEFINITIONS NATIVE_COMMAND "${LLVM_DEFINITIONS}")
target_compile_options(tpopt_mlir_headers INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:${TPOPT_LLVM_DEFINITIONS}> $<$<COMPILE_LANGUAGE:CXX>:-Wno-unused-parameter>)
# Debian builds LLVM without RTTI; classes derived from its own need the same.
target_compile_options(tpopt_mlir_headers INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fno-rtti>)

# One precompiled header of the MLIR core for every compiler library.
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/tpopt_pch.cpp CONTENT "// The carrier of the precompiled header.\n")
add_library(tpopt_pch OBJECT ${CMAKE_BINARY_DIR}/tpopt_pch.cpp)
target_link_libraries(tpopt_pch PRIVATE tpopt_mlir_headers)
target_precompile_headers(tpopt_pch PRIVATE ${CMAKE_SOURCE_DIR}/cmake/Pch.h)

# tpopt_reuse_pch(executable): as position-independent as the libraries, or GCC refuses the header.
function(tpopt_reuse_pch name)
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${name} PRIVATE -fPIC)
  target_precompile_headers(${name} REUSE_FROM tpopt_pch)
endfunction()

# tpopt_add_library(name SOURCES a.cpp ... [DEPENDS tablegen_targets ...] [LINK_LIBS libs ...])
# A static compiler library; everything is linked into libTpOpt users once.
function(tpopt_add_library name)
  cmake_parse_arguments(ARG "NO_PCH" "" "SOURCES;DEPENDS;LINK_LIBS" ${ARGN})
  foreach(source ${ARG_SOURCES})
    if(NOT IS_ABSOLUTE ${source} AND NOT EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${source})
      message(WARNING "${name}: ${source} is not there yet; library left out")
      return()
    endif()
  endforeach()
  add_library(${name} STATIC ${ARG_SOURCES} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PUBLIC tpopt_mlir_headers ${ARG_LINK_LIBS})
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
  if(NOT ARG_NO_PCH)
    target_precompile_headers(${name} REUSE_FROM tpopt_pch)
  endif()
  set_property(GLOBAL APPEND PROPERTY TPOPT_LIBRARIES ${name})
endfunction()

# tpopt_tablegen(<td file> <output> <mlir-tblgen args>...): as upstream's
# mlir_tablegen, finished by add_public_tablegen_target(<name>).
macro(tpopt_tablegen td output)
  set(LLVM_TARGET_DEFINITIONS ${td})
  mlir_tablegen(${output} ${ARGN})
endmacro()
