# The single-file libraries of https://github.com/nothings/stb (Debian's libstb-dev): the target
# Stb::Stb.
find_path(STB_INCLUDE_DIR stb_image.h PATH_SUFFIXES stb)
mark_as_advanced(STB_INCLUDE_DIR)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Stb
  REQUIRED_VARS STB_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "install libstb-dev (scripts/setup does), or build with -DPLASTIC_IMAGES=OFF")

if(Stb_FOUND AND NOT TARGET Stb::Stb)
  add_library(Stb::Stb INTERFACE IMPORTED)
  target_include_directories(Stb::Stb SYSTEM INTERFACE "${STB_INCLUDE_DIR}")
endif()
