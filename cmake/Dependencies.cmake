# System packages first; where one is missing, the pinned release is fetched.
include(FetchContent)

find_package(Threads REQUIRED)

# plastic_find(NAME url hash args...): find_package(NAME args...), else FetchContent.
macro(plastic_find name url hash)
  find_package(${name} ${ARGN} QUIET)
  if(NOT ${name}_FOUND)
    message(STATUS "${name} not installed: fetching ${url}")
    FetchContent_Declare(${name} URL ${url} URL_HASH SHA256=${hash} DOWNLOAD_EXTRACT_TIMESTAMP TRUE)
    FetchContent_MakeAvailable(${name})
  endif()
endmacro()

# Eigen's own build adds tests and installs; only its headers are wanted.
find_package(Eigen3 3.4 QUIET NO_MODULE)
if(NOT Eigen3_FOUND)
  FetchContent_Declare(eigen
    URL https://gitlab.com/libeigen/eigen/-/archive/3.4.0/eigen-3.4.0.tar.gz
    URL_HASH SHA256=8586084f71f9bde545ee7fa6d00288b264a2b7ac3607b974e54d13e7162c1c72
    DOWNLOAD_EXTRACT_TIMESTAMP TRUE SOURCE_SUBDIR headers-only)
  FetchContent_MakeAvailable(eigen)
  add_library(plastic_eigen INTERFACE)
  target_include_directories(plastic_eigen SYSTEM INTERFACE ${eigen_SOURCE_DIR})
  add_library(Eigen3::Eigen ALIAS plastic_eigen)
endif()

if(PLASTIC_ZLIB)
  find_package(ZLIB REQUIRED)
endif()

if(PLASTIC_LZMA)
  find_package(LibLZMA REQUIRED)
endif()

if(PLASTIC_CSV)
  find_package(Libcsv REQUIRED)
endif()

if(PLASTIC_IMAGES)
  find_package(PNG REQUIRED)
  find_package(TurboJPEG REQUIRED)
endif()

# For the program, never the library. OpenSSL computes the checksums: libcurl brings it anyway.
if(PLASTIC_DOWNLOAD AND PLASTIC_BUILD_APPS)
  find_package(CURL REQUIRED)
  find_package(LibArchive REQUIRED)
  find_package(OpenSSL REQUIRED COMPONENTS Crypto)
endif()

if(PLASTIC_BUILD_APPS OR PLASTIC_BUILD_TESTS)
  plastic_find(nlohmann_json https://github.com/nlohmann/json/releases/download/v3.11.2/json.tar.xz
               8c4b26bf4b422252e13f332bc5e388ec0ab5c3443d24399acb675e68278d341f 3.11)
endif()
