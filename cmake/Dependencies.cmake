# System packages first; where one is missing, the pinned release is fetched.
include(FetchContent)

find_package(Threads REQUIRED)

# For the options that take what is there, insist on it or leave it out.
function(plastic_check_choice name)
  if(NOT ${name} MATCHES "^(AUTO|ON|OFF)$")
    message(FATAL_ERROR "${name} is \"${${name}}\"; it must be AUTO, ON or OFF")
  endif()
endfunction()

# plastic_find(NAME url hash args...): find_package(NAME args...), else FetchContent.
macro(plastic_find name url hash)
  find_package(${name} ${ARGN} QUIET)
  if(NOT ${name}_FOUND)
    message(STATUS "${name} not installed: fetching ${url}")
    FetchContent_Declare(${name} URL ${url} URL_HASH SHA256=${hash} DOWNLOAD_EXTRACT_TIMESTAMP TRUE)
    FetchContent_MakeAvailable(${name})
  endif()
endmacro()

if(PLASTIC_ZLIB)
  find_package(ZLIB REQUIRED)
endif()

if(PLASTIC_LZMA)
  find_package(LibLZMA REQUIRED)
endif()

if(PLASTIC_CSV)
  find_package(Libcsv REQUIRED)
endif()

# plastic_find_headers(VARIABLE NAME url hash FILE suffix folder...): sets VARIABLE to the folder of FILE,
# a header of a library that is headers alone; where none has it, the pinned release is fetched.
function(plastic_find_headers variable name url hash file suffix)
  find_path(${variable} ${file} HINTS ${ARGN} PATH_SUFFIXES ${suffix})
  mark_as_advanced(${variable})
  if(NOT ${variable})
    message(STATUS "${name} not installed: fetching ${url}")
    # Its own CMake files, if it has any, are not run.
    FetchContent_Declare(${name} URL ${url} URL_HASH SHA256=${hash} DOWNLOAD_EXTRACT_TIMESTAMP TRUE
                         SOURCE_SUBDIR no-such-folder)
    FetchContent_MakeAvailable(${name})
    set(${variable} ${${name}_SOURCE_DIR} PARENT_SCOPE)
  endif()
endfunction()

# Debian's stb_image is of 2022. The one that is fetched is 2.30, without the faults of earlier ones.
macro(plastic_find_stb variable file)
  plastic_find_headers(${variable} stb
    https://github.com/nothings/stb/archive/5c205738c191bcb0abc65c4febfa9bd25ff35234.tar.gz
    cfeab9f800961882d6d22ddf36e965523b33002f4f937de08321304c9ba72af3 ${file} stb ${PLASTIC_STB})
endmacro()

# The library includes Eigen in sources of its own alone: who links it needs none.
if(PLASTIC_EIGEN)
  find_package(Eigen3 QUIET NO_MODULE)
  if(Eigen3_FOUND AND Eigen3_VERSION VERSION_GREATER_EQUAL 3.4)
    get_target_property(PLASTIC_EIGEN_INCLUDE Eigen3::Eigen INTERFACE_INCLUDE_DIRECTORIES)
  else()
    plastic_find_headers(PLASTIC_EIGEN_INCLUDE eigen
      https://gitlab.com/libeigen/eigen/-/archive/3.4.0/eigen-3.4.0.tar.gz
      8586084f71f9bde545ee7fa6d00288b264a2b7ac3607b974e54d13e7162c1c72
      signature_of_eigen3_matrix_library eigen3)
  endif()
  # For examples of <plastic/eigen.h>.
  add_library(plastic_eigen INTERFACE)
  target_include_directories(plastic_eigen SYSTEM INTERFACE ${PLASTIC_EIGEN_INCLUDE})
endif()

# For plastic_distributed alone, which uses the C interface: the one of C++ is left out of most.
plastic_check_choice(PLASTIC_MPI)
set(PLASTIC_HAS_MPI OFF)
set(MPI_CXX_SKIP_MPICXX ON)
if(PLASTIC_MPI STREQUAL "AUTO")
  if(PROJECT_IS_TOP_LEVEL)
    find_package(MPI QUIET COMPONENTS CXX)
    set(PLASTIC_HAS_MPI ${MPI_CXX_FOUND})
  endif()
elseif(PLASTIC_MPI STREQUAL "ON")
  find_package(MPI REQUIRED COMPONENTS CXX)
  set(PLASTIC_HAS_MPI ON)
endif()

set(PLASTIC_IMAGE_LIBRARIES OFF)
if(PLASTIC_IMAGES STREQUAL "STB")
  plastic_find_stb(PLASTIC_STB_IMAGE_INCLUDE stb_image.h)
  file(STRINGS ${PLASTIC_STB_IMAGE_INCLUDE}/stb_image.h version REGEX "stb_image - v[0-9.]+" LIMIT_COUNT 1)
  string(REGEX MATCH "[0-9]+\\.[0-9]+" version "${version}")
  message(STATUS "Plastic: images by stb_image ${version} (${PLASTIC_STB_IMAGE_INCLUDE}), for your own "
                 "files only; PLASTIC_IMAGES=ON reads those of others")
  if(version VERSION_LESS 2.30)
    message(WARNING "stb_image ${version} writes out of bounds on hostile files: open no image that "
                    "you did not make. PLASTIC_STB names the folder of a newer one.")
  endif()
elseif(PLASTIC_IMAGES MATCHES "^(ON|TRUE|YES|Y|1|on|true|yes)$")
  set(PLASTIC_IMAGE_LIBRARIES ON)
  find_package(PNG REQUIRED)
  # libjpeg-turbo, by the interface that all libjpegs have.
  find_package(JPEG REQUIRED)
elseif(PLASTIC_IMAGES)
  message(FATAL_ERROR "PLASTIC_IMAGES is \"${PLASTIC_IMAGES}\"; it must be ON, STB or OFF")
endif()

# The program draws with it.
if(PLASTIC_BUILD_APPS)
  plastic_find_stb(PLASTIC_STB_WRITE_INCLUDE stb_image_write.h)
endif()

# For the program, never the library. OpenSSL computes the checksums: libcurl brings it anyway.
if(PLASTIC_DOWNLOAD AND PLASTIC_BUILD_APPS)
  find_package(CURL REQUIRED)
  find_package(LibArchive REQUIRED)
  find_package(OpenSSL REQUIRED COMPONENTS Crypto)
endif()

if(PLASTIC_BUILD_APPS OR PLASTIC_BUILD_TESTS OR PLASTIC_BUILD_FUZZERS)
  plastic_find(nlohmann_json https://github.com/nlohmann/json/releases/download/v3.11.2/json.tar.xz
               8c4b26bf4b422252e13f332bc5e388ec0ab5c3443d24399acb675e68278d341f 3.11)
  plastic_find(tomlplusplus
               https://github.com/marzer/tomlplusplus/archive/refs/tags/v3.4.0.tar.gz
               8517f65938a4faae9ccf8ebb36631a38c1cadfb5efa85d9a72e15b9e97d25155)
  # Its headers alone: what its shared library is compiled with, such as bounds, is not ours.
  add_library(plastic_toml INTERFACE)
  target_include_directories(plastic_toml SYSTEM INTERFACE
    $<TARGET_PROPERTY:tomlplusplus::tomlplusplus,INTERFACE_INCLUDE_DIRECTORIES>)
endif()
