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
  # libjpeg-turbo, by the interface that all libjpegs have.
  find_package(JPEG REQUIRED)
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
