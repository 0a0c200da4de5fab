# Kernels, compiled once for each level of vector instructions (core/cpu/level.h).
#
# Two levels have functions of the same names, the standard library's among them, and a linker that is
# given two copies of an inline function keeps either: a program could then run AVX-512 on a processor
# that has none. So the files of each level are linked into one object first, all of whose names are
# then made local except its way in (PLASTIC_AT_LEVEL) and the names of types, which are data.

include(CheckCXXSourceCompiles)

# Adds files of kernels to the library.
function(plastic_kernels)
  target_sources(plastic PRIVATE ${ARGN})
  foreach(source IN LISTS ARGN)
    set_property(GLOBAL APPEND PROPERTY PLASTIC_KERNELS ${CMAKE_CURRENT_SOURCE_DIR}/${source})
    # For Arm, g++ moves loads to the front before it assigns registers, more than there are.
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
      set_property(SOURCE ${CMAKE_CURRENT_SOURCE_DIR}/${source} TARGET_DIRECTORY plastic
                   APPEND PROPERTY COMPILE_OPTIONS -fno-schedule-insns)
    endif()
  endforeach()
endfunction()

# The same for those that the levels with instructions for bf16 have too; all else of these comes from
# the level before.
function(plastic_bf16_kernels)
  plastic_kernels(${ARGN})
  foreach(source IN LISTS ARGN)
    set_property(GLOBAL APPEND PROPERTY PLASTIC_BF16_KERNELS ${CMAKE_CURRENT_SOURCE_DIR}/${source})
  endforeach()
endfunction()

# Sets `out` to why this build has the baseline alone; empty where it has all levels.
function(plastic_why_one_level out)
  set(${out} "" PARENT_SCOPE)
  if(PLASTIC_NATIVE)
    set(${out} "PLASTIC_NATIVE: for this machine's processor" PARENT_SCOPE)
  elseif(PLASTIC_SANITIZE)
    set(${out} "a build with sanitizers" PARENT_SCOPE)
  elseif(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$" OR NOT CMAKE_SIZEOF_VOID_P EQUAL 8
         OR NOT CMAKE_EXECUTABLE_FORMAT STREQUAL "ELF")
    set(${out} "other levels are for x86-64 and ELF" PARENT_SCOPE)
  else()
    execute_process(COMMAND ${CMAKE_LINKER} --help OUTPUT_VARIABLE help ERROR_QUIET)
    if(NOT help MATCHES "force-group-allocation")
      set(${out} "${CMAKE_LINKER} has no --force-group-allocation" PARENT_SCOPE)
    elseif(NOT CMAKE_OBJCOPY OR NOT CMAKE_NM)
      set(${out} "objcopy or nm was not found" PARENT_SCOPE)
    endif()
  endif()
endfunction()

# Compiles the files of a list, PLASTIC_KERNELS or PLASTIC_BF16_KERNELS, at one level, with flags, and
# adds them to the library.
function(plastic_add_level level list)
  set(target plastic_kernels_${level})
  get_property(sources GLOBAL PROPERTY ${list})
  add_library(${target} OBJECT ${sources})
  target_compile_features(${target} PRIVATE cxx_std_20)
  target_include_directories(${target} PRIVATE
    ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR})
  plastic_compile_options(${target})
  plastic_engine_options(${target})
  plastic_engine_properties(${target})
  plastic_optimize(${target})
  target_compile_options(${target} PRIVATE ${ARGN})
  target_compile_definitions(${target} PRIVATE PLASTIC_LEVEL=${level} PLASTIC_HAS_LEVELS)
  # What is linked here must be machine code.
  set_target_properties(${target} PROPERTIES INTERPROCEDURAL_OPTIMIZATION OFF)
  target_compile_options(${target} PRIVATE -fno-lto)
  # Objects that a program has once, such as static ones of inline functions, could not be made local.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE -fno-gnu-unique)
  endif()

  set(object ${CMAKE_CURRENT_BINARY_DIR}/${target}.o)
  # CMake counts precompiled headers among the objects.
  set(objects "$<FILTER:$<TARGET_OBJECTS:${target}>,EXCLUDE,[.][gp]ch$>")
  add_custom_command(OUTPUT ${object}
    COMMAND ${CMAKE_LINKER} -r --force-group-allocation -o ${object} ${objects}
    COMMAND ${CMAKE_OBJCOPY} --wildcard --keep-global-symbol=*_${level}Ev
            --keep-global-symbol=_ZTI* --keep-global-symbol=_ZTS* ${object}
    COMMAND ${CMAKE_COMMAND} -D OBJECT=${object} -D LEVEL=${level} -D NM=${CMAKE_NM}
            -P ${PROJECT_SOURCE_DIR}/cmake/CheckLevel.cmake
    DEPENDS ${target} ${objects} ${PROJECT_SOURCE_DIR}/cmake/CheckLevel.cmake
    COMMENT "Linking the kernels of level ${level}"
    COMMAND_EXPAND_LISTS VERBATIM)
  set_source_files_properties(${object} PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
  target_sources(plastic PRIVATE ${object})
  set_property(GLOBAL APPEND PROPERTY PLASTIC_LEVEL_OBJECTS ${object})
endfunction()

# To be called when all kernels are known.
function(plastic_levels)
  plastic_why_one_level(why)
  if(why)
    plastic_report_vectors("${why}")
    return()
  endif()
  target_compile_definitions(plastic PRIVATE PLASTIC_HAS_LEVELS)
  set_property(GLOBAL PROPERTY PLASTIC_HAS_LEVELS ON)
  plastic_add_level(avx2 PLASTIC_KERNELS -mavx2 -mfma)
  # Whole vectors are for loops written with them; what a compiler makes of others is faster with halves
  # on processors that lower their clock for AVX-512, and no slower elsewhere.
  set(avx512 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx2 -mfma -mprefer-vector-width=256)
  plastic_add_level(avx512 PLASTIC_KERNELS ${avx512})
  set(built "AVX2 and AVX-512")
  set(CMAKE_REQUIRED_FLAGS "-mavx512bf16 -mamx-tile -mamx-bf16")
  check_cxx_source_compiles("#include <immintrin.h>
    int main() { _tile_dpbf16ps(0, 1, 2); }" PLASTIC_COMPILES_BF16)
  # Optimizers compute in f32.
  if(PLASTIC_COMPILES_BF16 AND NOT PLASTIC_OPTIMIZERS_ONLY)
    target_compile_definitions(plastic PRIVATE PLASTIC_HAS_BF16_LEVELS)
    set_property(GLOBAL PROPERTY PLASTIC_HAS_BF16_LEVELS ON)
    plastic_add_level(avx512_bf16 PLASTIC_BF16_KERNELS ${avx512} -mavx512bf16)
    plastic_add_level(amx PLASTIC_BF16_KERNELS ${avx512} -mavx512bf16 -mamx-tile -mamx-bf16)
    target_compile_definitions(plastic_kernels_amx PRIVATE PLASTIC_HAS_TILES)
    set(built "AVX2, AVX-512, AVX-512 BF16 and AMX")
  endif()
  message(STATUS "Plastic: kernels for the build's own flags, ${built}, chosen when a program starts")
endfunction()
