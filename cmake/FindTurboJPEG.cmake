# The TurboJPEG interface of libjpeg-turbo (Debian's libturbojpeg0-dev): the target
# TurboJPEG::TurboJPEG.
find_path(TURBOJPEG_INCLUDE_DIR turbojpeg.h)
find_library(TURBOJPEG_LIBRARY turbojpeg)
mark_as_advanced(TURBOJPEG_INCLUDE_DIR TURBOJPEG_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(TurboJPEG
  REQUIRED_VARS TURBOJPEG_LIBRARY TURBOJPEG_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "install libturbojpeg0-dev (scripts/setup does), or build with -DPLASTIC_IMAGES=OFF")

if(TurboJPEG_FOUND AND NOT TARGET TurboJPEG::TurboJPEG)
  add_library(TurboJPEG::TurboJPEG UNKNOWN IMPORTED)
  set_target_properties(TurboJPEG::TurboJPEG PROPERTIES
    IMPORTED_LOCATION "${TURBOJPEG_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${TURBOJPEG_INCLUDE_DIR}")
endif()
