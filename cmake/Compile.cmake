# Options of everything this project compiles; none of them reaches a consumer.
function(plastic_compile_options target)
  # nvcc's own intermediate code is not pedantic. CMake 3.25 does not know its flag for C++20. The
  # host compiler sees pragmas that are for kernels.
  target_compile_options(${target} PRIVATE
    $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wshadow -Wconversion>
    $<$<COMPILE_LANGUAGE:CUDA>:-std=c++20 -Xcompiler=-Wall,-Wextra,-Wshadow,-Wconversion
      -Xcompiler=-Wno-unknown-pragmas>)
  if(PLASTIC_WERROR)
    target_compile_options(${target} PRIVATE
      $<$<COMPILE_LANGUAGE:CXX>:-Werror>
      $<$<COMPILE_LANGUAGE:CUDA>:-Werror=all-warnings -Xcompiler=-Werror>)
  endif()
  if(PLASTIC_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${PLASTIC_SANITIZE} -fno-omit-frame-pointer
                           -fno-sanitize-recover=undefined)
    target_link_options(${target} PRIVATE -fsanitize=${PLASTIC_SANITIZE})
  endif()
endfunction()

# What only the engine itself is compiled with.
function(plastic_engine_options target)
  # No errno and no floating-point traps: both keep loops from being vectorised, and neither changes
  # a result.
  target_compile_options(${target} PRIVATE
    $<$<COMPILE_LANGUAGE:CXX>:-fno-math-errno -fno-trapping-math>)
  if(PLASTIC_NATIVE)
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-march=native>)
  endif()
endfunction()
