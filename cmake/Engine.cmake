include(CheckLinkerFlag)

# What only the engine itself is compiled with. A target's options come after those of build types and
# of projects that include this one, so that they have the last word.

# MSVC's checks at run time, which its build type Debug has, exclude optimization.
if(PLASTIC_OPTIMIZE AND CMAKE_CXX_COMPILER_FRONTEND_VARIANT STREQUAL "MSVC")
  string(REGEX REPLACE "[/-]RTC[1csu]+" "" CMAKE_CXX_FLAGS_DEBUG "${CMAKE_CXX_FLAGS_DEBUG}")
endif()

function(plastic_engine_options target)
  if(CMAKE_CXX_COMPILER_FRONTEND_VARIANT STREQUAL "MSVC")
    return()
  endif()
  set(safe -fno-unsafe-math-optimizations)
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    # clang would take that for a wish for traps. What it has beyond the others below is this.
    set(safe -fno-approx-func)
  endif()
  # First what a project may have taken away: values that are not finite have a meaning here, and
  # errors are exceptions. Then: no errno and no floating-point traps, for both keep loops from being
  # vectorised, and neither changes a result. A strict -std=c++20 would leave out fused products.
  target_compile_options(${target} PRIVATE
    $<$<COMPILE_LANGUAGE:CXX>:-fno-fast-math ${safe} -fno-finite-math-only
      -fsigned-zeros -fno-associative-math -fno-reciprocal-math -fexceptions -frtti
      -fno-math-errno -fno-trapping-math>
    $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-ffp-contract=fast>)
  if(PLASTIC_NATIVE)
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-march=native>)
  endif()
endfunction()

function(plastic_engine_properties target)
  # Several files may name things alike within themselves.
  set_target_properties(${target} PROPERTIES UNITY_BUILD OFF)
  # For shared libraries that a static library is linked into, such as modules of Python.
  if(NOT DEFINED CMAKE_POSITION_INDEPENDENT_CODE)
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  endif()
  if(NOT CMAKE_CXX_COMPILER_FRONTEND_VARIANT STREQUAL "MSVC")
    if(NOT APPLE)
      # Functions are called and inlined as in code that is not position-independent. macOS has nothing
      # else, and clang says there that this has no effect.
      target_compile_options(${target} PRIVATE
        $<$<COMPILE_LANGUAGE:CXX>:-fno-semantic-interposition>)
    endif()
    # A program that is linked with --gc-sections has what it uses, and nothing else.
    target_compile_options(${target} PRIVATE
      $<$<COMPILE_LANGUAGE:CXX>:-ffunction-sections -fdata-sections>)
  endif()
  # What public headers declare is visible (the pragmas there), and nothing else.
  set_target_properties(${target} PROPERTIES
    CXX_VISIBILITY_PRESET hidden
    CUDA_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON)
  if(MINGW AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # It has no such pragma, and g++ 12 reads no pragma that would say so in a header.
    target_compile_options(${target} PUBLIC -Wno-unknown-pragmas)
  endif()
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "SHARED_LIBRARY")
    set_target_properties(${target} PROPERTIES
      DEFINE_SYMBOL ""
      WINDOWS_EXPORT_ALL_SYMBOLS ON
      VERSION ${PROJECT_VERSION}
      SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
    if(UNIX AND NOT APPLE)
      # Its threads wait for loops until the process ends: dlclose() must not take their code away.
      target_link_options(${target} PRIVATE -Wl,-z,nodelete)
    endif()
  endif()
endfunction()

# Programs that link a static library have what they use of it, and nothing else: its functions are in
# sections of their own (plastic_engine_properties). Sets PLASTIC_LINKS_WITH_GC_SECTIONS.
function(plastic_gc_sections target)
  set(PLASTIC_LINKS_WITH_GC_SECTIONS OFF PARENT_SCOPE)
  get_target_property(type ${target} TYPE)
  if(NOT PLASTIC_GC_SECTIONS OR PLASTIC_SANITIZE OR NOT type STREQUAL "STATIC_LIBRARY" OR
     NOT CMAKE_EXECUTABLE_FORMAT STREQUAL "ELF")
    return()
  endif()
  check_linker_flag(CXX LINKER:--gc-sections PLASTIC_HAS_GC_SECTIONS)
  if(PLASTIC_HAS_GC_SECTIONS)
    target_link_options(${target} INTERFACE LINKER:--gc-sections)
    set(PLASTIC_LINKS_WITH_GC_SECTIONS ON PARENT_SCOPE)
  endif()
endfunction()

# Sets `out` to the last level of optimization in a text of flags, such as -O3; empty where none is.
function(plastic_last_level out flags)
  string(REGEX MATCHALL "(^|[ ;:,])-O(fast|[0-9gsz])?" levels "${flags}")
  set(level "")
  if(levels)
    list(GET levels -1 level)
    string(REGEX REPLACE "^[ ;:,]" "" level "${level}")
  endif()
  set(${out} "${level}" PARENT_SCOPE)
endfunction()

# Adds options to a target's C++ files in one configuration, or where there is one alone, "none".
function(plastic_options_in config target option)
  set(where $<COMPILE_LANGUAGE:CXX>)
  if(NOT config STREQUAL "none")
    set(where $<AND:${where},$<CONFIG:${config}>>)
  endif()
  target_compile_options(${target} PRIVATE $<${where}:${option}>)
endfunction()

# Sets the level of optimization of a target. -O2 is the floor: kernels without optimization take ten
# times as long and more. With files in ARGN, the target is not one of kernels, and these alone have
# loops over elements: where a program is to be fast, or small, the rest is compiled for size, which makes
# it half as large and no slower (docs/embedding.md).
function(plastic_optimize target)
  if(NOT PLASTIC_OPTIMIZE)
    return()
  endif()
  if(CMAKE_CXX_COMPILER_FRONTEND_VARIANT STREQUAL "MSVC")
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:/O2>)
    return()
  endif()
  # Those of add_compile_options() come after the flags of the build type.
  get_directory_property(options COMPILE_OPTIONS)
  plastic_last_level(of_options "${options}")
  set(configs ${CMAKE_CONFIGURATION_TYPES})
  if(NOT configs)
    set(configs "${CMAKE_BUILD_TYPE}")
  endif()
  if(configs STREQUAL "")
    set(configs none)
  endif()
  foreach(config IN LISTS configs)
    string(TOUPPER "${config}" upper)
    plastic_last_level(level "${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${upper}}")
    if(level MATCHES "^-O(fast|[3-9])$")
      set(fast -O3)
    else()
      set(fast -O2)
    endif()
    if(of_options)
      set(level ${of_options})
    endif()
    if(ARGN AND level MATCHES "^-O(fast|[2-9sz])$")
      plastic_options_in(${config} ${target} -Os)
      set(option ${fast})
      if(NOT config STREQUAL "none")
        set(option $<$<CONFIG:${config}>:${fast}>)
      endif()
      set_property(SOURCE ${ARGN} TARGET_DIRECTORY ${target} APPEND PROPERTY COMPILE_OPTIONS ${option})
    elseif(NOT level MATCHES "^-O[2-9]$")
      plastic_options_in(${config} ${target} ${fast})
    endif()
    if(NOT ARGN AND NOT level MATCHES "^-O[2-9]$")
      message(STATUS "Plastic: kernels are compiled with ${fast}, where build type and flags say "
                     "\"${level}\" (${config}; PLASTIC_OPTIMIZE=OFF leaves it at that)")
    endif()
  endforeach()
endfunction()

# Says which vectors kernels are compiled for, and why those alone: the compiler is asked, with the flags
# that it will get.
function(plastic_report_vectors why)
  if(CMAKE_CXX_COMPILER_FRONTEND_VARIANT STREQUAL "MSVC")
    return()
  endif()
  get_directory_property(options COMPILE_OPTIONS)
  list(FILTER options EXCLUDE REGEX "\\$<")
  string(TOUPPER "${CMAKE_BUILD_TYPE}" upper)
  separate_arguments(flags UNIX_COMMAND "${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${upper}}")
  list(APPEND flags ${options})
  if(PLASTIC_NATIVE)
    list(APPEND flags -march=native)
  endif()
  file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/empty.cpp "")
  execute_process(
    COMMAND ${CMAKE_CXX_COMPILER} ${flags} -dM -E ${CMAKE_CURRENT_BINARY_DIR}/empty.cpp
    OUTPUT_VARIABLE macros RESULT_VARIABLE failed ERROR_QUIET)
  # As core/cpu/vector.h decides.
  if(failed)
    message(STATUS "Plastic: the compiler does not say which vectors it compiles for")
    return()
  elseif(macros MATCHES "__AVX512F__")
    set(vectors "AVX-512" 64)
  elseif(macros MATCHES "__AVX2__")
    set(vectors "AVX2" 32)
  elseif(macros MATCHES "__AVX__")
    set(vectors "AVX" 32)
  elseif(macros MATCHES "__ARM_NEON")
    set(vectors "NEON" 16)
  elseif(macros MATCHES "__SSE2__")
    set(vectors "SSE2" 16)
  else()
    set(vectors "any processor" 16)
  endif()
  list(GET vectors 0 name)
  list(GET vectors 1 bytes)
  message(STATUS "Plastic: kernels for ${name}, ${bytes}-byte vectors (${why})")
endfunction()
