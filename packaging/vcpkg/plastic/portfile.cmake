# The vcpkg port of the library, from this source tree:
#   vcpkg install plastic --overlay-ports=packaging/vcpkg
cmake_path(SET SOURCE_PATH NORMALIZE "${CURRENT_PORT_DIR}/../../..")

vcpkg_check_features(OUT_FEATURE_OPTIONS FEATURE_OPTIONS
  FEATURES
    eigen PLASTIC_EIGEN
    images PLASTIC_IMAGES
    lzma PLASTIC_LZMA
    zlib PLASTIC_ZLIB)

vcpkg_cmake_configure(
  SOURCE_PATH "${SOURCE_PATH}"
  OPTIONS
    ${FEATURE_OPTIONS}
    -DPLASTIC_BUILD_APPS=OFF
    -DPLASTIC_BUILD_TESTS=OFF
    -DPLASTIC_BUILD_BENCH=OFF
    -DPLASTIC_CSV=OFF
    -DPLASTIC_CUDA=OFF
    -DPLASTIC_DOWNLOAD=OFF
    -DPLASTIC_MPI=OFF
    -DPLASTIC_WERROR=OFF)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH lib/cmake/plastic)
vcpkg_fixup_pkgconfig()
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
