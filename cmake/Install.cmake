include(CMakePackageConfigHelpers)

# A shared library has what it needs; a static one passes its dependencies on.
get_target_property(type plastic TYPE)
set(PLASTIC_IS_STATIC OFF)
if(type STREQUAL "STATIC_LIBRARY")
  set(PLASTIC_IS_STATIC ON)
endif()

# For programs that are not built by CMake. A static library's dependencies are in Libs and not in
# Libs.private, for there is no shared one beside it that could do without.
set(PLASTIC_PC_REQUIRES "")
set(PLASTIC_PC_CFLAGS "")
set(PLASTIC_PC_LIBS "")
if(PLASTIC_IS_STATIC)
  foreach(row "PLASTIC_ZLIB zlib" "PLASTIC_LZMA liblzma" "PLASTIC_IMAGE_LIBRARIES libpng" "PLASTIC_IMAGE_LIBRARIES libjpeg")
    separate_arguments(row)
    list(GET row 0 option)
    list(GET row 1 package)
    if(${option})
      string(APPEND PLASTIC_PC_REQUIRES "${package} ")
    endif()
  endforeach()
  if(PLASTIC_CSV)
    string(APPEND PLASTIC_PC_LIBS " -lcsv")
  endif()
  if(PLASTIC_HAS_CUDA)
    string(APPEND PLASTIC_PC_LIBS " -L${CUDAToolkit_LIBRARY_DIR} -lcudart_static -ldl -lrt")
  endif()
  string(APPEND PLASTIC_PC_LIBS " -pthread")
  if(PLASTIC_LINKS_WITH_GC_SECTIONS)
    string(APPEND PLASTIC_PC_LIBS " -Wl,--gc-sections")
  endif()
endif()
if(MINGW AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  set(PLASTIC_PC_CFLAGS " -Wno-unknown-pragmas")
endif()
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY
           ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig OUTPUT_VARIABLE PLASTIC_PC_PREFIX)
configure_file(cmake/plastic.pc.in plastic.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/plastic.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

install(TARGETS plastic EXPORT plasticTargets)
install(DIRECTORY include/plastic DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
# Its terms ask for it wherever the library goes.
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(EXPORT plasticTargets NAMESPACE plastic:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/plastic)

# plastic::distributed, which find_package() gives to who names it as a component: nobody else looks for
# MPI. It uses what a shared library hides, so that it is there beside a static one only.
set(PLASTIC_INSTALLS_DISTRIBUTED OFF)
if(TARGET plastic_distributed AND PLASTIC_IS_STATIC)
  set(PLASTIC_INSTALLS_DISTRIBUTED ON)
  install(TARGETS plastic_distributed EXPORT plasticDistributedTargets)
  install(EXPORT plasticDistributedTargets NAMESPACE plastic::
          DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/plastic)
  configure_file(cmake/plastic-distributed.pc.in plastic-distributed.pc @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/plastic-distributed.pc
          DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
elseif(PLASTIC_HAS_MPI)
  message(STATUS "Plastic: plastic::distributed is not installed with a shared library; configure with "
                 "BUILD_SHARED_LIBS=OFF for it")
endif()

configure_package_config_file(cmake/plasticConfig.cmake.in plasticConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/plastic)
write_basic_package_version_file(plasticConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/plasticConfig.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/plasticConfigVersion.cmake
              cmake/FindLibcsv.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/plastic)

if(PROJECT_IS_TOP_LEVEL)
  include(${CMAKE_CURRENT_LIST_DIR}/Package.cmake)
endif()
