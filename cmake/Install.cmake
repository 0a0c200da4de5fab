include(CMakePackageConfigHelpers)

# A shared library has what it needs; a static one passes its dependencies on.
get_target_property(type plastic TYPE)
set(PLASTIC_IS_STATIC OFF)
if(type STREQUAL "STATIC_LIBRARY")
  set(PLASTIC_IS_STATIC ON)
endif()

install(TARGETS plastic EXPORT plasticTargets)
install(DIRECTORY include/plastic DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT plasticTargets NAMESPACE plastic:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/plastic)
configure_package_config_file(cmake/plasticConfig.cmake.in plasticConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/plastic)
write_basic_package_version_file(plasticConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/plasticConfig.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/plasticConfigVersion.cmake
              cmake/FindLibcsv.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/plastic)
