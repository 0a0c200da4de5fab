# Options of everything this project compiles; none of them reaches a consumer.
function(plastic_compile_options target)
  # nvcc's own intermediate code is not pedantic. CMake 3.25 does not know its flag for C++20. The
  # host compiler sees pragmas that are for kernels.
  target_compile_options(${target} PRIVATE
    $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wshadow -Wconversion>
    $<$<COMPILE_LANGUAGE:CUDA>:-std=c++20 -Xcompiler=-Wall,-Wextra,-Wshadow,-Wconversion
      -Xcompiler=-Wno-unknown-pragmas>)
  # Files of more than 2 GB, where memory is addressed with 32 bits.
  if(CMAKE_SIZEOF_VOID_P EQUAL 4)
    target_compile_definitions(${target} PRIVATE _FILE_OFFSET_BITS=64)
  endif()
  # A project that includes this one may ask for -Werror, for a compiler that we do not test with.
  if(NOT PLASTIC_WERROR)
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-Wno-error>)
  endif()
  if(PLASTIC_WERROR)
    target_compile_options(${target} PRIVATE
      $<$<COMPILE_LANGUAGE:CXX>:-Werror>
      $<$<COMPILE_LANGUAGE:CUDA>:-Werror=all-warnings -Xcompiler=-Werror>)
  endif()
  if(PLASTIC_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${PLASTIC_SANITIZE} -fno-omit-frame-pointer
                           -fno-sanitize-recover=all)
    target_link_options(${target} PRIVATE -fsanitize=${PLASTIC_SANITIZE})
    get_target_property(type ${target} TYPE)
    # libFuzzer has options of its own.
    if(type STREQUAL EXECUTABLE AND NOT PLASTIC_SANITIZE MATCHES "fuzzer")
      target_sources(${target} PRIVATE ${PROJECT_SOURCE_DIR}/cmake/sanitizer_options.cpp)
    endif()
  endif()
endfunction()
