# Installs the compiler's libraries and headers as a CMake package:
#   find_package(TpOpt CONFIG REQUIRED)
#   target_link_libraries(mine PRIVATE TpOpt::TpOptPipeline MLIR LLVM)
# The runtime is a package of its own, tprt (runtime/CMakeLists.txt).
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/TpOpt)
set(header_dir ${CMAKE_INSTALL_INCLUDEDIR}/TpOpt)

get_property(libraries GLOBAL PROPERTY TPOPT_LIBRARIES)
install(TARGETS ${libraries} tpopt_mlir_headers EXPORT TpOptTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT TpOptTargets NAMESPACE TpOpt:: DESTINATION ${package_dir})

# Headers, TableGen definitions, and what was generated from them.
foreach(root ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
  install(DIRECTORY ${root}/include/tp-opt ${root}/dialects DESTINATION ${header_dir}
    FILES_MATCHING PATTERN "*.h" PATTERN "*.td" PATTERN "*.inc" PATTERN "CMakeFiles" EXCLUDE)
endforeach()

# The ONNX library is built by this project: no other package would provide it.
install(FILES $<TARGET_FILE:tpopt_onnx> DESTINATION ${CMAKE_INSTALL_LIBDIR}/tp-opt)

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/TpOptConfig.cmake.in ${CMAKE_BINARY_DIR}/cmake/TpOptConfig.cmake
  INSTALL_DESTINATION ${package_dir} PATH_VARS CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/cmake/TpOptConfigVersion.cmake
  VERSION ${PROJECT_VERSION} COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/cmake/TpOptConfig.cmake ${CMAKE_BINARY_DIR}/cmake/TpOptConfigVersion.cmake
  DESTINATION ${package_dir})
